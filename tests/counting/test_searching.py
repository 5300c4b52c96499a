"""Missing is not lost yet: units that a count did not find are searched for, found, or written off in the end."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from counting.count_files import read_counts
from counting.models import PutAside, SearchState, SearchTask, UnitScan
from counting.opening import NothingIsCountedThere, add_found_line
from counting.review import cancel
from counting.scanning import understand
from counting.scope_files import ListRefused, read_listed
from counting.searching import (
    NoPlaceForIt,
    SearchOver,
    SeenByACount,
    assign,
    follow_units,
    found,
    write_off,
    write_off_overdue,
)
from counting.setting_aside import put_aside
from counting.sighting import scan_units
from counting.tasks import write_off_missing
from inventory_site.settings import CELERY_BEAT_SCHEDULE
from ledger.models import Kind, Register
from ledger.reconciliation import findings
from ledger.reversing import reverse as take_back
from tests.counting.given import complete, given_search, given_session
from tests.counting.unit_counts import scan
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    SerialItemFactory,
    UserFactory,
    given_stock,
    given_units,
    post_lines,
    put_into_the_missing_bin,
)
from tests.pages import signed_in, text_of
from warehouse.models import BinKind, Unit
from warehouse.spreadsheets import SourceFile

pytestmark = pytest.mark.django_db

SEARCHES = ("counting.view_searchtask", "ledger.add_register")
OVERSEES = (*SEARCHES, "counting.review_countsession", "counting.complete_countsession")


@pytest.fixture
def bin():
    return BinFactory()


@pytest.fixture
def drill():
    return SerialItemFactory(number="PT-3001", name="Cordless drill")


@pytest.fixture
def unit(bin, drill):
    (unit,) = given_units(bin, drill, ["A100"])
    return unit


def now(*, days=0):
    return timezone.now() + timedelta(days=days)


def stamps(**details):
    return {"by": UserFactory(), "at": now(), "request_id": uuid4(), **details}


def state_of(unit):
    unit.refresh_from_db()
    return unit.state, unit.quant and unit.quant.bin.kind


def ended(task):
    task.refresh_from_db()
    return task.state, task.ended_by_document


# Found


def test_whoever_finds_a_unit_moves_it_to_where_it_lies(unit):
    task = given_search(unit)
    shelf = BinFactory(location=unit.quant.location)

    register = found(task, bin=shelf, **stamps())

    unit.refresh_from_db()
    assert unit.quant.bin == shelf
    assert (register.kind, register.effect) == (Kind.MOVEMENT, "moved")
    assert ended(task) == (SearchState.FOUND, register)
    assert list(findings()) == []


def test_finding_it_twice_is_finding_it_once(unit):
    task, shelf, request = given_search(unit), BinFactory(location=unit.quant.location), stamps()

    first, again = found(task, bin=shelf, **request), found(task, bin=shelf, **request)

    assert first == again
    with pytest.raises(SearchOver) as refused:
        found(task, bin=shelf, **stamps())
    assert refused.value.code == "search_over"


def test_it_is_found_in_a_real_bin_of_its_location(unit):
    task = given_search(unit)
    unit.refresh_from_db()

    for place in (unit.quant.bin, BinFactory(), BinFactory(location=unit.quant.location, kind=BinKind.ADJUSTMENT)):
        with pytest.raises(NoPlaceForIt):
            found(task, bin=place, **stamps())

    assert state_of(unit) == ("in_stock", "missing")


def test_a_unit_that_something_else_moved_back_is_not_searched_for_any_more(unit, bin):
    """As a later count does, which saw it."""
    task = given_search(unit)
    unit.refresh_from_db()
    line = {"bin": unit.quant.bin_id, "to_bin": bin.pk, "item": unit.item_id, "quantity": 1, "unit": unit.code}

    register = post_lines(bin.location, line, kind=Kind.MOVEMENT)

    assert not SearchTask.objects.going_on().exists()
    assert write_off_overdue(at=now(days=30)) == []
    assert ended(task) == (SearchState.FOUND, register)
    assert state_of(unit) == ("in_stock", "storage")


def test_a_unit_that_is_put_back_and_issued_was_found(unit, bin):
    task = given_search(unit)
    register = found(task, bin=bin, **stamps())
    post_lines(bin.location, {"bin": bin.pk, "item": unit.item_id, "quantity": -1, "unit": "A100"}, kind=Kind.ISSUE)

    follow_units(bin.location, today=timezone.localdate())

    assert ended(task) == (SearchState.FOUND, register)


# Not found


def test_what_nobody_finds_in_time_is_written_off_and_not_a_day_earlier(unit):
    task = given_search(unit, due_on=timezone.localdate())

    assert write_off_overdue(at=now()) == []
    (register,) = write_off_overdue(at=now(days=1))

    assert state_of(unit) == ("detached", None)
    assert (register.kind, register.effect, register.by) == (Kind.QUANTITY_ADJUSTMENT, "counted", None)
    assert ended(task) == (SearchState.WRITTEN_OFF, register)
    assert list(findings()) == []


def test_a_night_that_runs_twice_writes_off_once(unit):
    given_search(unit, due_on=timezone.localdate() - timedelta(days=1))

    once, twice = write_off_missing(), write_off_missing()

    assert (len(once), twice) == (1, [])
    assert Register.objects.filter(kind=Kind.QUANTITY_ADJUSTMENT).count() == 1


@pytest.fixture
def seen_by_a_count(unit, bin):
    """The unit is searched for, and a count that is open has seen it: (its search, the session)."""
    task = given_search(unit, due_on=timezone.localdate() - timedelta(days=1))
    given_units(bin, unit.item, ["A101"])
    session = given_session(bin.location, bins=[bin])
    scan(session, bin, "A100", "A101")
    return task, session


def test_what_an_open_count_has_seen_is_not_written_off(seen_by_a_count, unit, bin):
    task, session = seen_by_a_count

    with pytest.raises(SeenByACount) as refused:
        write_off(task, **stamps())
    assert str(session) in refused.value.messages[0]
    assert write_off_overdue(at=now()) == []
    complete(session)

    assert state_of(unit) == ("in_stock", "storage")
    assert (session.adjustment, ended(task)) == (None, (SearchState.FOUND, session.transfer))


def test_what_a_count_has_seen_that_was_cancelled_is_written_off(seen_by_a_count, unit):
    task, session = seen_by_a_count
    cancel(session, by=UserFactory(), at=now())

    (register,) = write_off_overdue(at=now())

    assert ended(task) == (SearchState.WRITTEN_OFF, register)


def test_one_document_a_location_whatever_the_number_of_units(bin, drill, django_assert_max_num_queries):
    due_on = timezone.localdate() - timedelta(days=1)
    for unit in given_units(bin, drill, [f"A{number}" for number in range(100, 120)]):
        given_search(unit, due_on=due_on)
    elsewhere = given_units(BinFactory(), drill, ["B100"])[0]
    given_search(elsewhere, due_on=due_on)

    elsewhere.refresh_from_db()
    with django_assert_max_num_queries(90):
        documents = write_off_overdue(at=now())

    assert [document.location for document in documents] == [bin.location, elsewhere.quant.location]
    assert Unit.objects.filter(state="detached").count() == 21
    assert SearchTask.objects.filter(state=SearchState.WRITTEN_OFF).count() == 21


def test_a_supervisor_writes_off_at_once(unit):
    task, request = given_search(unit), stamps(note="Stolen")

    register, again = write_off(task, **request), write_off(task, **request)

    assert register == again
    assert register.note == "Stolen"
    assert state_of(unit) == ("detached", None)
    assert ended(task) == (SearchState.WRITTEN_OFF, register)
    with pytest.raises(SearchOver):
        write_off(task, **stamps())


def test_a_write_off_that_is_taken_back_goes_on_as_a_search_with_time_to_search(unit):
    unit.quant.location.search_days = 5
    unit.quant.location.save(update_fields=["search_days"])
    task = given_search(unit, due_on=timezone.localdate() - timedelta(days=1))
    (register,) = write_off_overdue(at=now())

    take_back(register, by=UserFactory(), at=timezone.localdate())

    assert state_of(unit) == ("in_stock", "missing")
    assert list(SearchTask.objects.going_on()) == [task]
    assert write_off_overdue(at=now(days=1)) == []
    task.refresh_from_db()
    assert (task.state, task.due_on) == (SearchState.OPEN, timezone.localdate() + timedelta(days=6))


def test_a_unit_that_goes_missing_again_is_searched_for_anew(unit, bin):
    first = given_search(unit)
    found(first, bin=bin, **stamps())
    unit.refresh_from_db()

    second = given_search(unit, session=first.session)

    assert list(SearchTask.objects.going_on()) == [second]
    follow_units(bin.location, today=timezone.localdate())
    first.refresh_from_db()
    assert first.state == SearchState.FOUND


def test_the_missing_bin_is_no_place_to_count(unit, bin):
    given_search(unit)
    given_stock(5, bin=bin)
    unit.refresh_from_db()
    missing, session = unit.quant.bin, given_session(bin.location, places_that_held_it=True)
    by = UserFactory()
    ways = {
        "opened": lambda: given_session(bin.location, bins=[bin, missing]),
        "scanned": lambda: scan_units(session, ["A100", "N1"], bin=missing, by=by, client_id=uuid4()),
        "found": lambda: add_found_line(session, bin=missing, item=ItemFactory()),
        "gone to": lambda: understand(session, missing.code, bin=bin, by=by),
        "put aside": lambda: put_aside(session, "X1", bin=missing, by=by, at=now(), client_id=uuid4()),
    }

    for way in ways.values():
        with pytest.raises(NothingIsCountedThere):
            way()

    assert {line.quant.bin for line in session.lines.all()} == {bin}
    assert not (UnitScan.objects.exists() or PutAside.objects.exists())


def test_files_do_not_count_in_the_missing_bin(unit, bin):
    given_search(unit)
    session = given_session(bin.location, places_that_held_it=True)
    rows = [["Bin", "Item", "Serial numbers"], ["missing", "PT-3001", "A100"]]
    file = SourceFile("counts.csv", "\n".join(map(",".join, rows)).encode())

    counts = read_counts(file, location=session.location)
    with pytest.raises(ListRefused) as refused:
        read_listed(file, location=session.location)

    assert [(error.row, error.code) for error in counts.table.errors] == [(2, "missing_bin")]
    assert [(error.line, error.code) for error in refused.value.errors] == [(2, "missing_bin")]
    assert counts.rows == []


def test_the_job_is_in_the_schedule():
    assert "counting.tasks.write_off_missing" in [entry["task"] for entry in CELERY_BEAT_SCHEDULE.values()]


# Pages


def test_the_list_says_what_is_missing_until_when_and_who_looks(unit, bin):
    somebody = UserFactory(username="lena", locations=[bin.location])
    task = given_search(unit, assigned_to=somebody)
    late = given_search(given_units(bin, unit.item, ["A101"])[0], due_on=timezone.localdate() - timedelta(days=1))
    client = signed_in(*SEARCHES, location=bin.location)

    page = client.get(reverse("searches"))

    assert list(page.context["listing"].rows) == [late, task]
    assert "Overdue" in text_of(page)
    assert "lena" in text_of(page)
    assert shown(client, stage="overdue") == [late]
    assert shown(client, stage="nobody") == [late]
    assert shown(client, q="100") == [task]
    assert shown(client, stage="ended") == []


def shown(client, **query):
    return list(client.get(reverse("searches"), query).context["listing"].rows)


def test_a_counter_says_where_it_was_found(unit, bin):
    task = given_search(unit)
    shelf = BinFactory(location=bin.location, code="B-02-01")
    client = signed_in(*SEARCHES, location=bin.location)

    wrong = client.post(reverse("search-found", args=[task.pk]), {"found-bin": "Z-99", "found-request_id": uuid4()})
    right = client.post(reverse("search-found", args=[task.pk]), {"found-bin": "B-02-01", "found-request_id": uuid4()})

    assert wrong.status_code == 422
    assert 'value="Z-99"' in wrong.content.decode()
    assert right.status_code == 302
    unit.refresh_from_db()
    assert unit.quant.bin == shelf
    assert "Found" in text_of(client.get(task.get_absolute_url()))
    late = client.post(reverse("search-found", args=[task.pk]), {"found-bin": "B-02-01", "found-request_id": uuid4()})
    assert "not being searched for any more" in text_of(late)


def test_a_supervisor_assigns_and_gives_up(unit, bin):
    task = given_search(unit)
    lena = UserFactory(username="lena", locations=[bin.location])
    client = signed_in(*OVERSEES, location=bin.location)

    client.post(reverse("search-assign", args=[task.pk]), {"assign-to": "lena"})
    task.refresh_from_db()
    blank = client.post(reverse("search-write-off", args=[task.pk]), {"off-request_id": uuid4(), "off-note": ""})
    client.post(reverse("search-write-off", args=[task.pk]), {"off-request_id": uuid4(), "off-note": "Stolen"})

    assert task.assigned_to == lena
    assert blank.status_code == 422
    assert state_of(unit) == ("detached", None)
    with pytest.raises(SearchOver):
        assign(task, to=None)


def test_what_was_written_off_is_taken_back_on_the_page_of_its_document(unit, bin):
    register = write_off(given_search(unit), **stamps())
    client = signed_in("ledger.view_register", "ledger.reverse_register", location=bin.location)

    page = client.get(register.get_absolute_url())
    client.post(reverse("document-reverse", args=[register.number]), {"note": "It was there"})

    assert reverse("document-reverse", args=[register.number]) in page.content.decode()
    assert state_of(unit) == ("in_stock", "missing")


def test_a_blind_count_closes_searches_to_those_who_count(unit, bin):
    task = given_search(unit)
    bolts = given_stock(5, bin=bin)
    counter = signed_in(*SEARCHES, "counting.change_countsession", location=bin.location)
    assert shown(counter) == [task]

    given_session(bin.location, policies={"blind": True}, items=[bolts.item])

    assert shown(counter) == []
    assert counter.get(task.get_absolute_url()).status_code == 404


def test_searches_elsewhere_do_not_exist(unit):
    task = given_search(unit)
    stranger = signed_in(*OVERSEES, location=LocationFactory())

    assert shown(stranger) == []
    assert stranger.get(task.get_absolute_url()).status_code == 404


def test_units_put_into_the_missing_bin_without_a_search_wait_there(unit):
    """Nothing writes off what no count asked to be searched for."""
    put_into_the_missing_bin(unit)

    assert write_off_overdue(at=now(days=400)) == []
