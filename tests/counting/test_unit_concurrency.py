"""Units and many people at once, on real threads: nothing is seen twice, posted twice, or lost in between."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from counting.completing import complete_session
from counting.models import CountLine, CountSession, PutAside, Sighting, UnitScan
from counting.opening import NotInDraft
from counting.review import mark_counted
from counting.searching import write_off_overdue
from counting.sighting import all_present, count_quantity, none_here, scan_units, take_back
from counting.unit_differences import differences
from ledger.models import Kind
from ledger.posting import Line, PostingRefused, post
from tests.at_once import at_once, doing, failures, held, other_connection, waits
from tests.counting.given import again, ask, given_search, given_session
from tests.factories import BinFactory, LocationFactory, SerialItemFactory, UserFactory, document, given_units
from tests.laws import assert_reconciled
from warehouse.models import Item, Location, Quant, Unit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]

CODES = [f"A{number}" for number in range(100, 150)]


@pytest.fixture(autouse=True)
def laws_hold_afterwards(transactional_db):
    yield
    assert_reconciled()


def given_shelves(*contents):
    """Bins of one location with these units in them: (item, bins)."""
    item, location = SerialItemFactory(), LocationFactory()
    bins = [BinFactory(location=location) for _ in contents]
    for bin, codes in zip(bins, contents, strict=True):
        if codes:
            given_units(bin, item, codes)
    return item, bins


def line_in(session, bin):
    return session.lines.select_related("quant__item", "session").get(quant__bin=bin)


def scan(session, bin, codes, *, client_id=None):
    return scan_units(session, codes, bin=bin, by=UserFactory(), client_id=client_id or uuid4())


def place_of(code):
    unit = Unit.objects.select_related("quant__bin").get(code=code)
    return unit.quant.bin if unit.quant else unit.state


# Scanning


@pytest.mark.parametrize("sent", ["once, and again because the connection was lost", "by two phones"])
def test_two_that_scan_the_same_shelf_into_one_line_see_each_unit_once(sent):
    _item, (bin,) = given_shelves(CODES)
    session = given_session(bin.location)
    requests = [uuid4()] * 2 if sent.startswith("once") else [uuid4(), uuid4()]
    by = UserFactory()

    def phone(codes, client_id):
        return lambda: scan_units(session, codes, bin=bin, by=by, client_id=client_id)

    results = at_once(phone(CODES, requests[0]), phone(CODES[::-1], requests[1]))

    assert failures(results) == []
    line = line_in(session, bin)
    assert (line.counted_quantity, line.sightings.count()) == (50, 50)
    assert UnitScan.objects.filter(session=session).count() == 50 * len(set(requests))


def test_bursts_that_overlap_in_opposite_order_wait_for_each_other_and_nothing_else():
    _item, bins = given_shelves(CODES[:25], CODES[25:])
    session = given_session(bins[0].location)
    by = UserFactory()

    def phone(codes, bin):
        return lambda: scan_units(session, codes, bin=bin, by=by, client_id=uuid4())

    results = at_once(*(phone(codes, bin) for bin in bins for codes in (CODES[:30], CODES[20:][::-1], CODES)))

    assert failures(results) == []
    assert [line_in(session, bin).counted_quantity for bin in bins] == [50, 50]
    assert Sighting.objects.count() == 100


def test_two_phones_that_scan_an_unknown_code_put_it_aside_once():
    _item, (bin,) = given_shelves(CODES)
    session, by = given_session(bin.location), UserFactory()
    with connection.cursor() as cursor:
        cursor.execute("SELECT hashtextextended('parked in ' || %s, 0)", [bin.pk])
        key = cursor.fetchone()[0]
    with other_connection() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [key])
        phones = [doing(lambda: scan_units(session, ["X1"], bin=bin, by=by, client_id=uuid4())) for _ in range(2)]
        for phone in phones:
            waits(phone)
        other.rollback()
    for phone in phones:
        phone.wait()

    assert PutAside.objects.count() == 1
    assert UnitScan.objects.count() == 2


def test_a_unit_that_one_takes_back_while_another_scans_it_is_counted_as_often_as_it_stands_there():
    _item, (bin,) = given_shelves(CODES)
    session = given_session(bin.location)
    scan(session, bin, CODES[:10])
    line = line_in(session, bin)
    by = UserFactory()

    results = at_once(
        lambda: take_back(line, CODES[:5], by=by, client_id=uuid4()),
        lambda: scan_units(session, CODES[:8], bin=bin, by=by, client_id=uuid4()),
        lambda: take_back(line, CODES[3:9], by=by, client_id=uuid4()),
    )

    assert failures(results) == []
    line = again(line)
    assert line.counted_quantity == line.sightings.filter(round=line.round).count()


def test_a_scan_that_comes_while_counting_ends_counts_or_is_refused():
    _item, (bin,) = given_shelves(CODES)
    session = given_session(bin.location)
    scan(session, bin, CODES[:10])
    by = UserFactory()

    scanned, _marked = at_once(
        lambda: scan_units(session, CODES[10:20], bin=bin, by=by, client_id=uuid4()),
        lambda: mark_counted(CountSession.objects.get(pk=session.pk), by=by, at=timezone.now()),
    )

    line = line_in(session, bin)
    assert isinstance(scanned, NotInDraft) or not isinstance(scanned, Exception)
    assert line.counted_quantity == (10 if isinstance(scanned, NotInDraft) else 20)
    assert line.sightings.count() == line.counted_quantity


# Completing


def test_a_scan_that_comes_while_its_count_is_being_posted_is_refused():
    _item, (bin,) = given_shelves(CODES[:3])
    session = given_session(bin.location)
    scan(session, bin, CODES[:2])
    ask(session)

    with held("warehouse_location", bin.location_id):
        completing = doing(lambda: complete_session(session.pk))
        waits(completing)
        with pytest.raises(NotInDraft):
            scan(session, bin, CODES[2:3])

    assert completing.wait() == "completed"
    assert place_of(CODES[2]) == "detached"


def test_what_another_count_sees_while_this_one_is_being_posted_is_not_written_off():
    """The figures are worked out under the lock: the reviewer is asked again."""
    _item, (here, there) = given_shelves(CODES[:3], CODES[3:5])
    session, other = given_session(here.location, bins=[here]), given_session(here.location, bins=[there])
    scan(session, here, CODES[:2])
    ask(session)

    with held("warehouse_location", here.location_id):
        completing = doing(lambda: complete_session(session.pk))
        waits(completing)
        scan(other, there, CODES[2:5])

    assert completing.wait() == "refused"
    assert place_of(CODES[2]) == here
    ask(session)
    assert complete_session(session.pk) == "completed"
    assert place_of(CODES[2]) == here
    ask(other)
    assert complete_session(other.pk) == "completed"
    assert place_of(CODES[2]) == there


@pytest.mark.parametrize("later", ["first", "second"])
def test_two_counts_that_saw_the_same_unit_and_complete_at_once_leave_it_where_it_was_seen_last(later):
    _item, (one, two, home) = given_shelves(CODES[:2], CODES[2:4], [*CODES[4:6]])
    first, second = given_session(one.location, bins=[one]), given_session(one.location, bins=[two])
    scans = [(first, one, [*CODES[:2], CODES[4]]), (second, two, [*CODES[2:4], CODES[4]])]
    for session, bin, codes in scans[:: 1 if later == "second" else -1]:
        scan(session, bin, codes)
    ask(first)
    ask(second)

    results = at_once(lambda: complete_session(first.pk), lambda: complete_session(second.pk))

    assert failures(results) == []
    for session in first, second:  # whose figures changed under its hands is asked again
        session.refresh_from_db()
        if session.status != "completed":
            ask(session)
            assert complete_session(session.pk) == "completed"
    assert place_of(CODES[4]) == (one if later == "first" else two)
    assert place_of(CODES[5]) == home


def test_a_session_of_units_that_four_workers_complete_at_once_is_posted_once():
    _item, (one, _two) = given_shelves(CODES[:20], CODES[20:40])
    session = given_session(one.location)
    scan(session, one, CODES[10:30])
    ask(session)

    results = at_once(*[lambda: complete_session(session.pk)] * 4)

    assert sorted(results) == ["completed"] + ["nothing to do"] * 3
    session.refresh_from_db()
    assert session.transfer.warehouse_entries.count() == 20
    assert session.adjustment.warehouse_entries.count() == 10
    assert session.unit_differences.count() == 20


def test_a_count_does_not_wait_for_searches_of_another_location():
    """Else two counts of two locations, each with the other's searches in sight, would wait for each other."""
    _item, (elsewhere,) = given_shelves(CODES[:1])
    search = given_search(Unit.objects.get(code=CODES[0]))
    put_back(search.unit, elsewhere)
    _item, (here,) = given_shelves(CODES[1:3])
    Location.objects.filter(pk=here.location_id).update(search_days=7)
    session = given_session(here.location)
    scan(session, here, CODES[1:2])
    ask(session)

    with held("counting_searchtask", search.pk):
        assert doing(lambda: complete_session(session.pk)).wait() == "completed"

    search.refresh_from_db()
    assert search.state == "open"  # until somebody has the lock of its location
    write_off_overdue(at=timezone.now())
    search.refresh_from_db()
    assert search.state == "found"


def put_back(unit, bin):
    unit.refresh_from_db()
    line = Line(bin=unit.quant.bin_id, to_bin=bin.pk, item=unit.item_id, unit=unit.code, quantity=Decimal(1))
    post(document(bin.location, Kind.MOVEMENT), [line])


# Stock


def test_a_serial_number_that_two_locations_receive_at_once_comes_in_once():
    item = SerialItemFactory()
    bins = [BinFactory() for _ in range(2)]

    def receive(bin):
        line = Line(bin=bin.pk, item=item.pk, quantity=Decimal(1), unit="N-1")
        paper = document(bin.location)
        return lambda: post(paper, [line])

    results = at_once(*map(receive, bins))

    [refused] = failures(results)
    assert isinstance(refused, PostingRefused)
    assert [error.code for error in refused.errors] == ["unit_in_stock"]
    assert sum(Quant.objects.filter(item=item).values_list("quantity", flat=True)) == 1
    assert Unit.objects.get().quant.quantity == 1


def test_units_that_two_locations_receive_at_once_in_opposite_order_do_not_wait_in_a_circle():
    item = SerialItemFactory()
    bins = [BinFactory() for _ in range(2)]

    def receive(bin, codes):
        lines = [Line(bin=bin.pk, item=item.pk, quantity=Decimal(1), unit=code) for code in codes]
        paper = document(bin.location)
        return lambda: post(paper, lines)

    results = at_once(receive(bins[0], CODES), receive(bins[1], CODES[::-1]))

    [refused] = failures(results)
    assert {error.code for error in refused.errors} == {"unit_in_stock"}
    assert len(refused.errors) == 50
    assert Unit.objects.filter(state="in_stock").count() == 50


def test_a_unit_that_is_issued_and_moved_at_once_goes_one_way():
    item, (here, there) = given_shelves(["A1"], [])

    def do(kind, **details):
        line = Line(bin=here.pk, item=item.pk, unit="A1", **details)
        paper = document(here.location, kind)
        return lambda: post(paper, [line])

    results = at_once(do(Kind.ISSUE, quantity=Decimal(-1)), do(Kind.MOVEMENT, quantity=Decimal(1), to_bin=there.pk))

    [refused] = failures(results)
    assert [error.code for error in refused.errors] in (["unit_released"], ["unit_elsewhere"])


def test_what_is_moved_while_a_count_that_missed_it_is_posted_is_not_written_off():
    item, (here, there) = given_shelves(CODES[:3], [])
    session = given_session(here.location, bins=[here])
    scan(session, here, CODES[:2])
    ask(session)
    line = Line(bin=here.pk, to_bin=there.pk, item=item.pk, quantity=Decimal(1), unit=CODES[2])
    paper = document(here.location, Kind.MOVEMENT)

    with held("warehouse_location", here.location_id):
        moving = doing(lambda: post(paper, [line]))
        waits(moving)
        completing = doing(lambda: complete_session(session.pk))
        waits(completing)

    moving.wait()
    assert completing.wait() == "refused"
    assert place_of(CODES[2]) == there
    assert CountLine.objects.get(session=session).open


# What comes in while units are being counted


def when(statement, action):
    """Let somebody else do this just before a statement that begins like that is executed, once."""
    left = [action]

    def wrapper(execute, sql, params, many, context):
        if left and sql.strip().startswith(statement):
            doing(left.pop()).wait()
        return execute(sql, params, many, context)

    return connection.execute_wrapper(wrapper)


@pytest.mark.parametrize("how", ["scanned", "all present", "none here", "by a quantity"])
def test_a_unit_that_comes_in_between_what_was_seen_and_its_count_is_not_missing(how):
    item, (bin,) = given_shelves(CODES[:2])
    Item.objects.filter(pk=item.pk).update(auto_serialized=how == "by a quantity")
    session = given_session(bin.location)
    line, said = line_in(session, bin), {"by": UserFactory(), "client_id": uuid4()}
    counts = {
        "scanned": lambda: scan_units(session, CODES[:2], bin=bin, **said),
        "all present": lambda: all_present(line, seen_entry=line.quant.last_entry, **said),
        "none here": lambda: none_here(line, **said),
        "by a quantity": lambda: count_quantity(line, Decimal(2), **said),
    }

    with when("UPDATE counting_countline", lambda: given_units(bin, item, ["B1"])):
        counts[how]()

    assert "B1" not in {difference.code for difference in differences(session)}
    assert again(line).disturbed == (how == "by a quantity")
