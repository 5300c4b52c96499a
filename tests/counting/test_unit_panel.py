"""What reviewers, auditors and paper see of units."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.models import CountSession, PutAside, ScanKind, UnitScan
from counting.parked import parked, parked_number
from counting.sheets import ROOM, Blank, draw_sheet, expected_units, with_codes
from tests.counting.given import given_line, given_session
from tests.counting.people import counter, supervisor
from tests.factories import BinFactory, ItemFactory, UserFactory, given_units
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


# On paper


def given_shelf(*codes, tracking="serial", **item):
    """A fresh count over a bin with these units: its only line."""
    bin = BinFactory()
    given_units(bin, ItemFactory(tracking=tracking, **item), codes)
    return given_session(bin.location).lines.select_related("session", "quant__bin", "quant__item").get()


def sheet_of(line, **options):
    lines = with_codes(line.session.lines.in_walking_order().with_names())
    return draw_sheet(line.session, lines, **{"units": expected_units(lines)} | options)


def rows_of(sheet):
    return [row for page in sheet.pages for group in page.groups for row in group.rows]


def printed(client, session, **asked):
    return text_of(client.get(reverse("count-sheet", args=[session.number]), asked))


def test_a_sheet_lists_the_units_that_are_expected_in_a_bin_to_be_ticked():
    line = given_shelf("A10", "A9", "A100")

    row, units = rows_of(sheet_of(line))

    assert (row.line, units.codes, units.beside) == (line, ("A9", "A10", "A100"), 5)


def test_long_codes_stand_beside_fewer_others_and_pages_know_their_room():
    tags = [f"30360242201D8840{number:08}" for number in range(100)]
    line = given_shelf(*tags, tracking="rfid")

    sheet = sheet_of(line, unit_lines=4)

    rows = rows_of(sheet)
    assert {row.beside for row in rows[1:]} == {3}
    assert [code for row in rows for code in row.codes] == tags
    assert (rows[-1].blank, rows[-1].blanks) == (Blank.UNIT, 4)
    assert all(sum(row.height for group in page.groups for row in group.rows) <= ROOM for page in sheet.pages)


def test_more_units_than_anybody_ticks_on_paper_are_numbered_not_listed():
    line = given_shelf(*(f"A{number:03}" for number in range(203)))

    rows = rows_of(sheet_of(line))

    assert sum(len(row.codes) for row in rows) == 200
    assert rows[-1].more == 3


def test_one_line_a_page_keeps_its_units_with_it():
    line = given_shelf("A1")
    sheet = sheet_of(line, per="line", unit_lines=2)

    (page,) = sheet.pages

    assert [bool(row.line) for group in page.groups for row in group.rows] == [True, False, False]


def test_expected_units_are_printed_when_asked_for_and_never_in_a_blind_count():
    line = given_shelf("TX-4711")
    ama = counter(line.quant.location)

    assert "TX-4711" not in printed(ama, line.session)
    assert "TX-4711" in printed(ama, line.session, units="on")

    CountSession.objects.filter(pk=line.session_id).update(blind=True)
    assert "TX-4711" not in printed(ama, line.session, units="on", unit_lines=3)
    assert "Expected serial numbers" not in printed(ama, line.session)
    assert "Blank serial numbers" in printed(ama, line.session)


def test_a_sheet_of_bulk_goods_offers_nothing_about_units():
    line = given_line(10)

    assert "serial numbers" not in printed(counter(line.quant.location), line.session)
