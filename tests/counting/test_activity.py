"""Everything that a person does to a count is remembered: who, when, how many lines, and why."""

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from counting.completing import complete_session
from counting.models import Activity, Deed, PutAside
from counting.review import (
    accept,
    ask_recount,
    cancel,
    give_reason,
    keep_earlier_count,
    leave_out,
    mark_counted,
    reconsider,
    reopen,
    settle,
)
from ledger.models import Reason
from tests.counting.given import ask, count, given_line, given_lines, given_person, in_review
from tests.factories import move

pytestmark = pytest.mark.django_db


@pytest.fixture
def lena():
    return given_person()


def signed(person):
    return {"by": person, "at": timezone.now()}


def deeds_of(session):
    return list(session.activities.order_by("pk").values_list("deed", "lines", "note"))


def given_two_that_differ():
    lines = given_lines(10, 10)
    for line in lines:
        count(line, 4)
    return lines[0].session, [line.pk for line in lines]


def test_each_decision_of_a_review_is_remembered_with_who_and_when(lena):
    session, lines = given_two_that_differ()
    lost = Reason.objects.create(code="test-lost", name="Lost", effect="corrected")

    mark_counted(session, **signed(lena))
    accept(session, lines, reason=lost, **signed(lena))
    reconsider(session, lines, **signed(lena))
    give_reason(session, lines[:1], reason=lost, **signed(lena))
    leave_out(session, lines[:1], note="Ask the supplier", **signed(lena))
    ask_recount(session, lines[1:], why="Too far off", **signed(lena))
    mark_counted(session, **signed(lena))
    keep_earlier_count(session, lines[1:], **signed(lena))
    reopen(session, **signed(lena))
    cancel(session, **signed(lena))

    assert deeds_of(session) == [
        ("opened", 2, ""),
        ("marked", None, ""),
        ("accepted", 2, "Lost"),
        ("reconsidered", 2, ""),
        ("reason_given", 1, "Lost"),
        ("left_out", 1, "Ask the supplier"),
        ("recount_asked", 1, "Too far off"),
        ("marked", None, ""),
        ("earlier_kept", 1, ""),
        ("reopened", None, ""),
        ("cancelled", None, ""),
    ]
    assert set(session.activities.exclude(deed=Deed.OPENED).values_list("by", flat=True)) == {lena.pk}


def test_a_decision_about_no_line_is_no_deed(lena):
    session, _lines = given_two_that_differ()
    in_review(session)

    assert accept(session, [], **signed(lena)) == 0

    assert not session.activities.filter(deed=Deed.ACCEPTED).exists()


def test_completing_remembers_who_asked_and_what_was_posted(lena):
    session, _lines = given_two_that_differ()

    ask(session, by=lena)
    complete_session(session.pk)

    session.refresh_from_db()
    asked, completed = session.activities.filter(deed__startswith="comple").order_by("pk")
    assert (asked.deed, asked.by, asked.lines) == (Deed.COMPLETION_ASKED, lena, 2)
    assert (completed.deed, completed.by, completed.lines) == (Deed.COMPLETED, lena, 2)
    assert (completed.at, completed.note) == (session.ended_at, session.adjustment.number)


def test_a_completion_that_was_refused_is_remembered_as_a_deed_of_nobody(lena):
    line = given_line(10)
    count(line, 0)
    ask(line.session, by=lena)
    move(line.quant, -5)

    assert complete_session(line.session_id) == "refused"

    refused = line.session.activities.get(deed=Deed.COMPLETION_REFUSED)
    assert (refused.by, refused.lines) == (None, 1)


def test_settling_a_scan_is_remembered_once(lena):
    session = given_line(10).session
    scan = PutAside.objects.create(session=session, code="XJ-1", client_id=session.request_id, **signed(lena))

    settle(scan, **signed(lena))
    settle(scan, **signed(lena))

    assert session.activities.filter(deed=Deed.SETTLED).values_list("note", flat=True).get() == "XJ-1"


def test_what_was_done_is_never_changed():
    activity = Activity.objects.filter(session=given_line(10).session).get()

    with pytest.raises(DatabaseError), transaction.atomic():
        Activity.objects.filter(pk=activity.pk).update(note="Nobody did this")
