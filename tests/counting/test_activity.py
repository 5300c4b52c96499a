"""Everything that a person does to a count is remembered: who, when, how many lines, and why."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.completing import complete_session
from counting.deciding_units import decide_units, settle_conflict
from counting.history import DECISIONS
from counting.models import Activity, Deed, PutAside, ScanKind, UnitScan
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
from counting.setting_aside import put_aside
from ledger.models import Reason
from tests.counting.given import ask, count, given_line, given_lines, given_person, in_review
from tests.counting.people import auditor, counter, supervisor
from tests.counting.unit_counts import given_count, given_review, given_shelves, line_in
from tests.factories import move
from tests.pages import HTMX, text_of

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


def test_what_is_said_about_units_is_remembered_and_told_to_those_alone_who_see_the_evidence(lena):
    item, (here, there, _elsewhere) = given_shelves([1, 2, 3], [4], [5])
    session = given_review(given_count(here, there), (here, 1, 5), (there, 4, 5))
    decide_units(session, [(item.pk, "2"), (item.pk, "3")], post=False, **signed(lena))
    decide_units(session, None, post=True, **signed(lena))
    settle_conflict(session, item, "5", line_in(session, here), **signed(lena))

    assert deeds_of(session)[-3:] == [
        (Deed.UNITS_UNTICKED, None, "2, 3"),
        (Deed.UNITS_TICKED, None, "2 units"),
        (Deed.UNIT_SETTLED, 1, f"5: {here}"),
    ]
    assert {Deed.UNITS_UNTICKED, Deed.UNITS_TICKED, Deed.UNIT_SETTLED} <= DECISIONS


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


# The page of all that happened


def activity(client, session, **asked):
    return client.get(reverse("count-activity", args=[session.number]), asked)


def write(client, session, text):
    return client.post(reverse("count-activity", args=[session.number]), {"text": text})


def test_the_page_lists_deeds_counts_and_scans_in_one_order_of_time():
    line = given_line(10)
    ama = counter(line.quant.location)
    count(line, 7, by=ama.person)
    put_aside(line.session, "XJ-1", bin=line.quant.bin, client_id=line.session.request_id, **signed(ama.person))
    mark_counted(line.session, **signed(ama.person))

    events = activity(auditor(line.quant.location), line.session).context["events"]

    assert [event.what for event in events] == [
        "marked it as counted", "put a scan aside", "counted", "opened the count",
    ]  # fmt: skip
    assert events[2].note.endswith(": 7")


def test_the_page_is_narrowed_by_person_and_by_deed_and_read_page_by_page():
    line = given_line(10)
    ama, kofi = counter(line.quant.location), counter(line.quant.location)
    for number in range(55):
        count(line, number, by=ama.person)
    count(line, 8, by=kofi.person)

    assert {event.by for event in activity(ama, line.session, by=kofi.person.pk).context["events"]} == {kofi.person}
    assert len(activity(ama, line.session, what="opened").context["events"]) == 1
    first = activity(ama, line.session, what="counted")
    second = activity(ama, line.session, what="counted", page=2)
    assert (len(first.context["events"]), first.context["older"]) == (50, 2)
    assert (len(second.context["events"]), second.context["older"]) == (6, None)


def scan(line, *codes, by, kind=ScanKind.SEEN, at=None):
    """A burst of a reader, as it is kept."""
    at = at or timezone.now().replace(second=7)
    place = {"session": line.session, "line": line, "bin": line.quant.bin, "round": line.round}
    stamps = {"scanned_at": at, "received_at": at, "by": by, "client_id": uuid4()}
    UnitScan.objects.bulk_create([UnitScan(code=code, kind=kind, **place, **stamps) for code in codes])


def test_scans_of_a_minute_are_told_as_one_burst_with_how_many_codes_it_had():
    line = given_line(10)
    ama, bin, now = counter(line.quant.location), line.quant.bin, timezone.now().replace(second=7)
    scan(line, *(f"A{number}" for number in range(120)), by=ama.person, at=now - timedelta(minutes=5))
    scan(line, "B1", "B2", by=ama.person, at=now)
    scan(line, "B3", by=ama.person, at=now + timedelta(seconds=20))
    scan(line, "B3", by=ama.person, kind=ScanKind.TAKEN_BACK, at=now + timedelta(seconds=30))

    events = activity(ama, line.session, what="scanned").context["events"]

    assert [(event.by, event.what, event.note) for event in events] == [
        (ama.person, "took scans back", f"1 code in {bin}"),
        (ama.person, "scanned units", f"3 codes in {bin}"),
        (ama.person, "scanned units", f"120 codes in {bin}"),
    ]
    assert f"3 codes in {bin}" in text_of(ama.get(line.session.get_absolute_url()))


def test_bursts_are_read_page_by_page_among_all_the_rest_at_the_same_cost():
    line = given_line(10)
    ama, now = counter(line.quant.location), timezone.now().replace(second=7)
    for number in range(60):
        scan(line, f"A{number}", by=ama.person, at=now - timedelta(minutes=number))

    with CaptureQueriesContext(connection) as queries:
        first = activity(ama, line.session)
    second = activity(ama, line.session, page=2)

    assert (len(first.context["events"]), len(second.context["events"])) == (50, 11)
    assert len(queries) < 25
    assert ama.person in first.context["filters"].fields["by"].queryset


def test_a_blind_count_tells_how_many_codes_one_scanned_oneself_and_of_others_only_that_they_did():
    line = given_line(10, policies={"blind": True})
    ama, kofi = counter(line.quant.location), counter(line.quant.location)
    scan(line, "A1", "A2", "A3", by=ama.person)
    scan(line, "A1", "A2", by=ama.person, kind=ScanKind.ALLOTTED)

    def notes(client):
        return {event.what: event.note for event in activity(client, line.session, what="scanned").context["events"]}

    bin = line.quant.bin
    assert notes(ama) == {"scanned units": f"3 codes in {bin}", "counted units by quantity": f"in {bin}"}
    assert set(notes(kofi).values()) == {f"in {bin}"}
    assert notes(supervisor(line.quant.location))["counted units by quantity"] == f"2 codes in {bin}"


def test_decisions_of_a_review_are_not_told_to_counters():
    session, lines = given_two_that_differ()
    lena = supervisor(session.location)
    mark_counted(session, **signed(lena.person))
    accept(session, lines, **signed(lena.person))

    assert "Accepted discrepancies" in text_of(activity(lena, session))
    assert "ccepted" not in text_of(activity(counter(session.location), session))


def test_whoever_counts_or_reviews_writes_notes_that_everybody_there_reads():
    session = given_line(10).session
    ama, eric = counter(session.location), auditor(session.location)

    assert write(ama, session, "Rack 3 is wet.").status_code == 302
    assert write(ama, session, "  ").status_code == 422
    assert write(ama, session, "x" * 1001).status_code == 422
    assert write(eric, session, "I only read.").status_code == 403
    assert write(counter(given_line(1).quant.location), session, "From elsewhere").status_code == 404

    assert "Rack 3 is wet." in text_of(activity(eric, session))
    assert session.activities.get(deed=Deed.NOTED).by == ama.person


def test_a_note_is_text_and_nothing_else():
    session = given_line(10).session
    ama = counter(session.location)
    write(ama, session, "<script>alert(1)</script>")

    assert "<script>alert(1)" not in activity(ama, session).content.decode()


def test_who_counts_where_is_asked_again_alone_and_costs_the_same_for_everybody_who_looks():
    line = given_line(10)
    ama = counter(line.quant.location)
    count(line, 7, by=ama.person)
    asked = {**HTMX, "HX-Target": "who"}

    first = ama.get(line.session.get_absolute_url(), headers=asked)

    assert line.quant.bin.code in text_of(first)
    with CaptureQueriesContext(connection) as queries:
        ama.get(line.session.get_absolute_url(), headers=asked)
    assert not [query for query in queries if "counting_countline" in query["sql"]]


def test_every_deed_is_remembered_by_some_verb():
    modules = (path for path in (settings.BASE_DIR / "counting").rglob("*.py") if path.name != "history.py")
    verbs = "".join(module.read_text() for module in modules)

    assert [deed.name for deed in Deed if not re.search(rf"\bDeed\.{deed.name}\b", verbs)] == []
