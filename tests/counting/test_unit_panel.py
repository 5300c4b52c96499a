"""What reviewers, auditors and paper see of units."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.models import PutAside, ScanKind, UnitScan
from counting.parked import parked, parked_number
from tests.counting.given import given_line
from tests.counting.people import supervisor
from tests.factories import UserFactory
from tests.pages import text_of

pytestmark = pytest.mark.django_db


def review(session):
    return reverse("count-review", args=[session.number])


# Codes that nobody knows


def given_scans(line, *codes, by, at):
    """One scan a second of codes that nobody knows, as a count keeps them."""
    place = {"session": line.session, "bin": line.quant.bin, "by": by}
    for second, code in enumerate(codes):
        then = at + timedelta(seconds=second)
        UnitScan.objects.create(
            code=code, kind=ScanKind.SEEN, round=1, scanned_at=then, received_at=then, client_id=uuid4(), **place
        )
        if code.startswith("?"):
            PutAside.objects.create(code=code, at=then, client_id=uuid4(), **place)


def test_a_parked_code_is_told_with_what_the_same_person_scanned_before_and_after_it():
    line = given_line(10)
    ama, kofi, now = UserFactory(), UserFactory(), timezone.now()
    given_scans(line, "A1", "?1", "A2", "A3", "?2", "?3", by=ama, at=now)
    given_scans(line, "B1", "?4", by=kofi, at=now)

    beside = {
        each.code: (each.before and each.before.code, each.after and each.after.code) for each in parked(line.session)
    }

    assert beside == {"?1": ("A1", "A2"), "?2": ("A3", "?3"), "?3": ("?2", None), "?4": ("B1", None)}
    assert parked_number(line.session) == 4


def test_the_neighbours_of_all_parked_codes_are_found_by_one_statement():
    line = given_line(10)
    given_scans(line, "A1", *(f"?{number}" for number in range(20)), by=UserFactory(), at=timezone.now())

    with CaptureQueriesContext(connection) as queries:
        found = parked(line.session)

    assert len(found) == 20
    assert len(queries) == 3


def test_the_review_shows_what_was_scanned_around_a_parked_code():
    line = given_line(10)
    given_scans(line, "A1", "?1", "A2", by=UserFactory(), at=timezone.now())

    shown = text_of(supervisor(line.quant.location).get(review(line.session), {"show": "aside"}))

    assert "before: A1" in shown
    assert "after: A2" in shown
