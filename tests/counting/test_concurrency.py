"""Many people at once, on real threads and connections: nothing is lost or posted twice, nobody waits in a circle."""

import time
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from counting.completing import NotCompletable, ask_to_complete, complete_session, digest
from counting.importing import carry_out, hand_in_counts
from counting.models import (
    CountEntry,
    CountImport,
    CountLine,
    CountSession,
    Sighting,
    Status,
    UnitScan,
    WrongStatus,
)
from counting.opening import AllCountedElsewhere, NotInDraft, Scope, add_found_line, open_session
from counting.recording import Count, LineClosed, add_to_count, count_found, record_counts, set_count
from counting.review import accept, ask_recount, cancel, leave_out, mark_counted, reconsider
from counting.sighting import scan_units
from inventory_site.errors import DomainError
from ledger.models import Kind, Register, WarehouseEntry
from ledger.posting import Line, LocationBusy, PostingRefused, post
from ledger.reversing import SettledByCount, reverse
from tests.at_once import at_once, doing, failures, held, is_held, waits
from tests.counting.given import again, ask, complete, given_line, given_person, given_session
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotItemFactory,
    UserFactory,
    adjust,
    document,
    given_stock,
    given_units,
    move,
)
from tests.laws import assert_reconciled
from warehouse.models import Quant
from warehouse.spreadsheets import SourceFile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


@pytest.fixture(autouse=True)
def laws_hold_afterwards(transactional_db):
    yield
    assert_reconciled()


def given_quants(number, *, quantity=10):
    """Quants of one location, each in a bin of its own."""
    location = LocationFactory()
    item = ItemFactory()
    bins = [BinFactory(location=location) for _ in range(number)]
    lines = [Line(bin=bin.pk, item=item.pk, quantity=Decimal(quantity)) for bin in bins]
    post(document(location), lines)
    return location, list(Quant.objects.filter(location=location).order_by("pk"))


def given_counted(number=1, *, system=10, counted=7):
    """A session in which everything was counted; nothing is asked yet."""
    location, _quants = given_quants(number, quantity=system)
    session = given_session(location)
    by = UserFactory()
    counts = [Count(line, Decimal(counted), uuid4()) for line in session.lines.values_list("pk", flat=True)]
    record_counts(session, counts, by=by, at=timezone.now())
    return session


def quantities(location):
    return list(Quant.objects.filter(location=location).order_by("pk").values_list("quantity", flat=True))


def adjustments_of(session):
    return Register.objects.filter(source=session.number, kind=Kind.QUANTITY_ADJUSTMENT).count()


# Completing


def test_a_session_that_four_workers_complete_at_once_is_posted_once():
    session = given_counted(5)
    ask(session)

    results = at_once(*[lambda: complete_session(session.pk)] * 4)

    assert sorted(results) == ["completed", *["nothing to do"] * 3]
    assert adjustments_of(session) == 1
    assert quantities(session.location) == [7] * 5


def test_a_second_worker_leaves_at_once():
    session = given_counted()
    ask(session)
    with held("warehouse_location", session.location_id):
        first = doing(lambda: complete_session(session.pk))
        waits(first)

        assert complete_session(session.pk) == "nothing to do"

    assert first.wait() == "completed"
    assert adjustments_of(session) == 1


def test_two_reviewers_ask_at_once_and_one_of_them_is_told():
    session = given_counted()
    mark_counted(session, by=UserFactory(), at=timezone.now())
    by, figures = UserFactory(), digest(session)

    results = at_once(*[lambda: ask_to_complete(session, by=by, at=timezone.now(), confirmed=figures)] * 3)

    assert len([each for each in failures(results) if isinstance(each, NotCompletable)]) == 2
    assert complete_session(session.pk) == "completed"


def test_a_session_is_completed_or_cancelled_or_recounted_never_two_of_these():
    for _attempt in range(4):
        session = given_counted()
        mark_counted(session, by=UserFactory(), at=timezone.now())
        by, figures, line = UserFactory(), digest(session), session.lines.get().pk

        def ask_and_complete(session=session, by=by, figures=figures):
            ask_to_complete(session, by=by, at=timezone.now(), confirmed=figures)
            return complete_session(session.pk)

        results = at_once(
            ask_and_complete,
            lambda session=session, by=by: cancel(CountSession.objects.get(pk=session.pk), by=by, at=timezone.now()),
            lambda session=session, line=line: ask_recount(
                CountSession.objects.get(pk=session.pk), [line], by=UserFactory(), at=timezone.now(), why="Again"
            ),
            lambda session=session, line=line: leave_out(
                CountSession.objects.get(pk=session.pk), [line], note="Ask", by=UserFactory(), at=timezone.now()
            ),
        )

        session.refresh_from_db()
        assert all(isinstance(each, DomainError) for each in failures(results)), results
        # A recount leaves a draft that can be cancelled; whatever was completed can be neither.
        completed, cancelled = results[0] == "completed", not isinstance(results[1], Exception)
        assert not (completed and cancelled)
        assert session.status == (Status.CANCELLED if cancelled else Status.COMPLETED if completed else session.status)
        assert adjustments_of(session) == (session.adjustment_id is not None)
        if session.is_posting:  # the worker found the session in the hands of one who came too late: beat takes it up
            assert complete_session(session.pk) == "completed"


# Counts while the session is completed


def test_whoever_counts_while_the_session_is_completed_is_in_the_figures_or_is_told():
    session = given_counted(6)
    lines = list(session.lines.select_related("quant"))
    people = UserFactory.create_batch(3)
    by = UserFactory()

    def counter(number):
        taken = []
        for step in range(200):
            line, quantity = lines[(step * 5 + number) % len(lines)], Decimal(step % 9 + number)
            client_id = uuid4()
            try:
                set_count(line, quantity, by=people[number], client_id=client_id)
            except LineClosed:
                return taken
            taken.append(client_id)
        return taken

    def completer():
        time.sleep(0.15)
        mark_counted(session, by=by, at=timezone.now())
        ask_to_complete(session, by=by, at=timezone.now(), confirmed=digest(session))
        return complete_session(session.pk)

    *counters, completed = at_once(*[lambda number=number: counter(number) for number in range(3)], completer)

    assert completed == "completed"
    taken = {client_id for each in counters for client_id in each}
    assert taken == set(CountEntry.objects.filter(by__in=people).values_list("client_id", flat=True))
    for line in session.lines.select_related("quant"):
        last = line.entries.in_time().last()
        assert line.counted_quantity == last.quantity
        assert line.quant.quantity == last.quantity


def test_a_count_that_began_before_the_end_of_counting_is_in_it():
    session = given_counted(1)
    line, by = session.lines.get(), UserFactory()
    with held("counting_countline", line.pk):
        counting = doing(lambda: set_count(line, Decimal(3), by=by, client_id=uuid4()))
        waits(counting)
        marking = doing(lambda: mark_counted(session, by=by, at=timezone.now()))
        waits(marking)

    assert counting.wait() is True
    marking.wait()
    assert again(line).counted_quantity == 3


@pytest.mark.parametrize("age", [timedelta(0), timedelta(minutes=1)])
def test_a_count_that_comes_while_the_session_is_completed_is_refused_and_not_lost_silently(age):
    session = given_counted(1)
    line, by = session.lines.get(), UserFactory()
    ask(session)
    with held("warehouse_location", session.location_id):
        completing = doing(lambda: complete_session(session.pk))
        waits(completing)

        with pytest.raises(LineClosed):
            set_count(line, Decimal(3), by=by, client_id=uuid4(), age=age)
        counts = [Count(line.pk, Decimal(3), uuid4())]
        file = doing(lambda: record_counts(session, counts, by=by, at=timezone.now()))
        waits(file)

    assert completing.wait() == "completed"
    with pytest.raises(NotInDraft):
        file.wait()
    assert again(line).counted_quantity == 7


# Opening


def test_openings_that_overlap_give_each_quant_to_one_of_them():
    location, quants = given_quants(24)
    bins = [quant.bin for quant in quants]
    scopes = [bins[:16], bins[8:], bins[4:20][::-1], bins[::-2]]
    by = UserFactory()

    def opening(scope):
        return lambda: (
            open_session(location, by=by, at=timezone.now(), request_id=uuid4(), scope=Scope(bins=scope)).session
        )

    for _attempt in range(3):
        results = at_once(*map(opening, scopes))

        assert all(isinstance(each, AllCountedElsewhere) for each in failures(results)), results
        opened = [each for each in results if not isinstance(each, Exception)]
        lines = CountLine.objects.filter(session__in=opened).values_list("quant", flat=True)
        assert sorted(lines) == [quant.pk for quant in quants]
        for session in opened:
            cancel(session, by=by, at=timezone.now())


def test_the_same_request_to_open_opens_one_session():
    location, _quants = given_quants(3)
    by, request = UserFactory(), uuid4()

    results = at_once(*[lambda: open_session(location, by=by, at=timezone.now(), request_id=request).session] * 4)

    assert len(set(results)) == 1
    assert CountSession.objects.get().lines.count() == 3


def test_an_opening_waits_for_a_completion_and_then_has_its_quants():
    session = given_counted(3)
    ask(session)
    by = UserFactory()
    with held("warehouse_quant", session.lines.first().quant_id):
        completing = doing(lambda: complete_session(session.pk))
        waits(completing)
        opening = doing(lambda: open_session(session.location, by=by, at=timezone.now(), request_id=uuid4()))
        waits(opening)

    assert completing.wait() == "completed"
    assert opening.wait().lines == 3


def test_what_four_people_find_at_once_is_one_line():
    session = given_counted(1)
    bin, item = BinFactory(location=session.location), ItemFactory()

    results = at_once(*[lambda: add_found_line(session, bin=bin, item=item)] * 4)

    assert not failures(results)
    assert len({line.pk for line, _added in results}) == 1
    assert sorted(added for _line, added in results) == [False, False, False, True]


# Counting together


def test_files_of_counts_in_opposite_order_wait_for_each_other_and_lose_nothing():
    location, _quants = given_quants(30)
    session = given_session(location)
    lines = list(session.lines.values_list("pk", flat=True))
    people = UserFactory.create_batch(4)

    def file(number):
        order = lines if number % 2 else lines[::-1]
        counts = [Count(line, Decimal(number), uuid4()) for line in order]
        return lambda: record_counts(session, counts, by=people[number], at=timezone.now())

    for _attempt in range(3):
        results = at_once(*[file(number) for number in range(4)])

        assert results == [30] * 4
    assert CountEntry.objects.count() == 3 * 4 * 30
    for line in session.lines.all():
        assert line.counted_quantity == line.entries.in_time().last().quantity


def test_files_single_counts_and_late_ones_together_lose_nothing():
    location, quants = given_quants(8)
    session = given_session(location)
    lines = list(session.lines.order_by("pk"))
    people = UserFactory.create_batch(4)

    def file():
        for _step in range(6):
            counts = [Count(line.pk, Decimal(5), uuid4()) for line in reversed(lines)]
            record_counts(session, counts, by=people[0], at=timezone.now())

    def one_by_one(number, age):
        for step in range(40):
            line = lines[(step * 3 + number) % 8]
            add_to_count(line, Decimal(1), by=people[number], client_id=uuid4(), age=age)

    def stock():
        for step in range(20):
            move(Quant.objects.get(pk=quants[step % 8].pk), -1 if step % 2 else 1)

    results = at_once(
        file,
        stock,
        lambda: one_by_one(1, timedelta(0)),
        lambda: one_by_one(2, timedelta(0)),
        lambda: one_by_one(3, timedelta(seconds=2)),
    )

    assert not failures(results), results
    assert CountEntry.objects.count() == 6 * 8 + 3 * 40
    for line in session.lines.all():
        speaking = []
        for entry in line.entries.in_time():
            speaking = [entry.quantity] if entry.kind == "set" else [*speaking, entry.quantity]
        assert line.counted_quantity == sum(speaking)


def test_the_same_entry_from_four_connections_counts_once():
    line, by, client_id = given_line(10), UserFactory(), uuid4()

    results = at_once(*[lambda: add_to_count(line, Decimal(2), by=by, client_id=client_id)] * 4)

    assert sorted(results) == [False, False, False, True]
    assert again(line).counted_quantity == 2


def test_a_count_is_never_compared_with_half_a_document():
    """Book and watermark come from one version of the quant, whatever is posted meanwhile."""
    line, by = given_line(1000), UserFactory()
    quant = line.quant

    def counter():
        for _step in range(60):
            set_count(line, Decimal(5), by=by, client_id=uuid4())
            seen = again(line)
            entries = WarehouseEntry.objects.filter(quant=quant, id__lte=seen.watermark)
            assert seen.book_quantity == sum(entries.values_list("quantity", flat=True))

    def stock():
        for _step in range(30):
            move(Quant.objects.get(pk=quant.pk), -1)

    assert not failures(at_once(counter, stock, stock))


def test_a_late_entry_waits_for_a_document_that_is_being_posted_and_was_there_before_it():
    """The document has its posted_at already, but nothing of it can be seen yet."""
    line, by = given_line(10), UserFactory()
    begun = line.quant.last_entry
    quant = Quant.objects.get(pk=line.quant_id)
    with held("warehouse_quant", line.quant_id, strength="SHARE"):
        posting = doing(lambda: move(quant, -2))
        waits(posting)
        time.sleep(1.5)

        arguments = {"by": by, "client_id": uuid4(), "age": timedelta(seconds=1.2), "begun": begun}
        counting = doing(lambda: set_count(line, Decimal(8), **arguments))
        waits(counting)

    posting.wait()
    counting.wait()
    line = again(line)
    assert (line.book_quantity, line.discrepancy) == (8, 0)
    assert line.disturbed


def test_reviewers_who_decide_on_the_same_lines_in_opposite_order_do_not_wait_in_a_circle():
    session = given_counted(120)
    lines = list(session.lines.values_list("pk", flat=True))
    mark_counted(session, by=UserFactory(), at=timezone.now())

    def reviewer(order):
        for _step in range(10):
            accept(session, order, by=UserFactory(), at=timezone.now())
            leave_out(session, order, note="Ask the supplier", by=UserFactory(), at=timezone.now())
            reconsider(session, order, by=UserFactory(), at=timezone.now())

    results = at_once(*[lambda order=order: reviewer(order) for order in (lines, lines[::-1], lines[60:], lines[:60])])

    assert not failures(results), results


# Posting


def test_transfers_in_opposite_directions_wait_for_each_other_and_nothing_is_lost():
    here, there = BinFactory(), BinFactory()
    items = ItemFactory.create_batch(4)
    for bin in here, there:
        post(document(bin.location), [Line(bin=bin.pk, item=item.pk, quantity=Decimal(100)) for item in items])

    def transfers(source, target, order):
        for _step in range(8):
            lines = [Line(bin=source.pk, to_bin=target.pk, item=item.pk, quantity=Decimal(1)) for item in order]
            post(document(source.location, Kind.LOCATION_TRANSFER, other_location=target.location), lines)

    results = at_once(
        lambda: transfers(here, there, items),
        lambda: transfers(there, here, items[::-1]),
        lambda: transfers(here, there, items[::-1]),
        lambda: transfers(there, here, items),
    )

    assert not failures(results), results
    assert sorted(Quant.objects.values_list("quantity", flat=True)) == [100] * 8


def test_new_quants_in_opposite_order_are_made_once():
    bins = [BinFactory(), BinFactory()]
    for _attempt in range(5):
        items = ItemFactory.create_batch(30)

        def receipt(order, bin):
            lines = [Line(bin=bin.pk, item=item.pk, quantity=Decimal(1)) for item in order]
            return lambda: post(document(bin.location), lines)

        def transfer(order):
            lines = [Line(bin=bins[0].pk, to_bin=bins[1].pk, item=item.pk, quantity=Decimal(1)) for item in order]
            paper = document(bins[0].location, Kind.LOCATION_TRANSFER, other_location=bins[1].location)
            return lambda: post(paper, lines)

        post(document(bins[0].location), [Line(bin=bins[0].pk, item=item.pk, quantity=Decimal(2)) for item in items])
        results = at_once(
            receipt(items, bins[1]), receipt(items[::-1], bins[1]), transfer(items[::-1]), transfer(items)
        )

        assert not failures(results), results
        there = Quant.objects.filter(bin=bins[1], item__in=items).values_list("quantity", flat=True)
        assert list(there) == [4] * 30


def test_a_found_line_and_a_receipt_of_the_same_new_thing_do_not_wait_in_a_circle():
    session = given_counted(1)
    bin = BinFactory(location=session.location)
    for _attempt in range(5):
        item = ItemFactory()
        results = at_once(
            lambda item=item: add_found_line(session, bin=bin, item=item),
            lambda item=item: post(document(bin.location), [Line(bin=bin.pk, item=item.pk, quantity=Decimal(1))]),
        )
        assert not failures(results), results
        assert Quant.objects.get(bin=bin, item=item).quantity == 1


def test_the_same_request_from_four_connections_is_posted_once():
    bin, item, request = BinFactory(), ItemFactory(), uuid4()
    line = Line(bin=bin.pk, item=item.pk, quantity=Decimal(5))

    results = at_once(*[lambda: post(document(bin.location, request_id=request), [line])] * 4)

    assert len(set(results)) == 1, results
    assert Quant.objects.get().quantity == 5


def test_a_document_is_reversed_once_by_two_people():
    quant = given_stock(10)
    mistake = move(quant, 5)

    results = at_once(*[lambda: reverse(mistake, by=None, at=TODAY)] * 3)

    assert len(set(results)) == 1, results
    quant.refresh_from_db()
    assert quant.quantity == 10


def test_a_mistake_is_reversed_or_settled_never_both():
    for _attempt in range(6):
        quant = given_stock(10)
        mistake = move(quant, 5)
        other = Quant.objects.get(pk=quant.pk)

        reversal, look = at_once(
            lambda mistake=mistake: reverse(mistake, by=None, at=TODAY), lambda other=other: adjust(other, 10)
        )

        assert isinstance(look, Register)
        assert isinstance(reversal, Register | SettledByCount)
        quant.refresh_from_db()
        assert quant.quantity == 10


def test_two_people_who_take_the_last_piece_do_not_get_two():
    quant = given_stock(1)
    copies = [Quant.objects.get(pk=quant.pk) for _ in range(3)]

    results = at_once(*[lambda copy=copy: move(copy, -1) for copy in copies])

    assert len(failures(results)) == 2
    assert {each.code for each in failures(results)} == {"posting_refused"}


# Waiting


def given_posting_under_way(bin, *, to_bin=None, source=""):
    """A document that holds its locations and waits; a context."""
    item = ItemFactory()
    quant = given_stock(5, bin=bin, item=item)
    kind = Kind.LOCATION_TRANSFER if to_bin else Kind.ISSUE
    paper = document(bin.location, kind, other_location=to_bin and to_bin.location, source=source)
    quantity = Decimal(1 if to_bin else -1)
    line = Line(bin=bin.pk, to_bin=to_bin and to_bin.pk, item=item.pk, quantity=quantity)
    return held("warehouse_quant", quant.pk), lambda: post(paper, [line])


def test_a_page_that_waits_too_long_is_told_which_document_is_in_the_way():
    bin = BinFactory()
    other = given_stock(5, bin=BinFactory(location=bin.location))
    holding, action = given_posting_under_way(bin, source="SC-0042")
    with holding:
        first = doing(action)
        waits(first)
        began = time.monotonic()

        with pytest.raises(LocationBusy) as busy:
            move_with_wait(other, "300ms")

        assert time.monotonic() - began < 2
        assert "SC-0042" in busy.value.messages[0]
    first.wait()
    move_with_wait(other, "300ms")


@pytest.mark.parametrize("at_target", [False, True])
def test_both_ends_of_a_transfer_are_told_which_document_is_in_the_way(at_target):
    bin, to_bin = BinFactory(), BinFactory()
    mine = given_stock(5, bin=BinFactory(location=(to_bin if at_target else bin).location))
    holding, action = given_posting_under_way(bin, to_bin=to_bin)
    with holding:
        first = doing(action)
        waits(first)

        with pytest.raises(LocationBusy) as busy:
            move_with_wait(mine, "200ms")

    register = first.wait()
    assert register.number in busy.value.messages[0]


def test_whoever_waits_for_a_completion_is_told_its_session():
    session = given_counted(1)
    ask(session)
    other = given_stock(5, bin=BinFactory(location=session.location))
    with held("warehouse_quant", session.lines.get().quant_id):
        completing = doing(lambda: complete_session(session.pk))
        waits(completing)

        with pytest.raises(LocationBusy) as busy:
            move_with_wait(other, "200ms")

    assert session.number in busy.value.messages[0]
    assert completing.wait() == "completed"


def test_other_locations_do_not_wait():
    bin, elsewhere = BinFactory(), given_stock(5)
    holding, action = given_posting_under_way(bin)
    with holding:
        first = doing(action)
        waits(first)

        assert move_with_wait(elsewhere, "200ms")

    first.wait()


def move_with_wait(quant, wait):
    line = Line(bin=quant.bin_id, item=quant.item_id, quantity=Decimal(-1))
    return post(document(quant.location, Kind.ISSUE), [line], wait=wait)


# Order


def test_within_a_location_ids_and_times_are_in_the_order_in_which_they_can_be_seen():
    bins = [BinFactory(), BinFactory()]
    item = ItemFactory()
    quants = [given_stock(100, bin=bin, item=item) for bin in bins]
    over = []

    def stock(number):
        try:
            for step in range(15):
                here, there = bins[number % 2], bins[1 - number % 2]
                if step % 3 == 0:
                    line = Line(bin=here.pk, to_bin=there.pk, item=item.pk, quantity=Decimal(1))
                    post(document(here.location, Kind.LOCATION_TRANSFER, other_location=there.location), [line])
                else:
                    post(document(here.location), [Line(bin=here.pk, item=item.pk, quantity=Decimal(1))])
        finally:
            over.append(number)

    def reader():
        """What becomes visible is always newer than all that was visible before; the quant knows its newest entry."""
        seen = {quant.pk: (0, None) for quant in quants}
        known = {quant.pk: set() for quant in quants}
        while len(over) < 4:
            for pk, (newest, latest) in seen.items():
                with connection.cursor() as cursor:
                    cursor.execute(READ_QUANT, [pk])
                    quantity, last_entry, ids, times, total = cursor.fetchone()
                fresh = sorted(set(zip(ids, times, strict=True)) - known[pk])
                assert (quantity, last_entry) == (total, max(ids))
                assert all(entry > newest for entry, _moment in fresh)
                moments = [moment for _entry, moment in fresh]
                assert moments == sorted(moments)
                assert latest is None or not moments or moments[0] >= latest
                known[pk].update(fresh)
                seen[pk] = max([newest, *(entry for entry, _moment in fresh)]), max([*moments, *filter(None, [latest])])

    results = at_once(*[lambda number=number: stock(number) for number in range(4)], reader)

    assert not failures(results), results


READ_QUANT = """
    SELECT q.quantity, q.last_entry, array_agg(e.id ORDER BY e.id), array_agg(r.posted_at ORDER BY e.id),
           sum(e.quantity)
      FROM warehouse_quant q
      JOIN ledger_warehouseentry e ON e.quant_id = q.id
      JOIN ledger_register r ON r.id = e.register_id
     WHERE q.id = %s GROUP BY q.id
"""


@pytest.mark.parametrize(
    ("stopped_at", "holds"),
    [
        ("warehouse_location", ["counting_countsession"]),
        ("counting_countline", ["counting_countsession", "warehouse_location"]),
        ("warehouse_quant", ["counting_countsession", "warehouse_location", "counting_countline"]),
    ],
)
def test_completing_locks_session_location_lines_and_quants_in_this_order(stopped_at, holds):
    # Two lines and quants: it is stopped at the second, and what comes later in the order is still free.
    order = ["counting_countsession", "warehouse_location", "counting_countline", "warehouse_quant"]
    session = given_counted(1)
    ask(session)
    line = session.lines.get()
    rows = dict(zip(order, [session.pk, session.location_id, line.pk, line.quant_id], strict=True))
    with held(stopped_at, rows[stopped_at]):
        completing = doing(lambda: complete_session(session.pk))
        waits(completing)

        free = [table for table in order if table not in holds and table != stopped_at]
        assert [table for table in order if table != stopped_at and is_held(table, rows[table])] == holds
        assert not any(is_held(table, rows[table]) for table in free)

    assert completing.wait() == "completed"


def test_posting_makes_its_quants_before_it_locks_and_touches_stock_after():
    bin, item = BinFactory(), LotItemFactory(tracking="bulk")
    quant = given_stock(5, bin=bin, item=item)
    with held("warehouse_location", bin.location_id):
        posting = doing(lambda: move(quant, -1))
        waits(posting)

        assert not is_held("warehouse_quant", quant.pk)

    posting.wait()


def test_a_late_entry_locks_session_location_line_in_this_order():
    line, by = given_line(10), UserFactory()
    late = {"by": by, "age": timedelta(minutes=1)}
    with held("warehouse_location", line.session.location_id):
        counting = doing(lambda: set_count(line, Decimal(8), client_id=uuid4(), **late))
        waits(counting)

        assert is_held("counting_countsession", line.session_id)
        assert not is_held("counting_countline", line.pk)

    assert counting.wait() is True


def test_a_count_does_not_wait_for_stock_that_is_being_posted():
    line, by = given_line(10), UserFactory()
    quant = Quant.objects.get(pk=line.quant_id)
    other = given_stock(5, bin=quant.bin)
    both = [Line(bin=each.bin_id, item=each.item_id, quantity=Decimal(-1)) for each in (quant, other)]
    with held("warehouse_quant", other.pk):
        posting = doing(lambda: post(document(quant.location, Kind.ISSUE), both))
        waits(posting)

        assert set_count(line, Decimal(10), by=by, client_id=uuid4())

    posting.wait()
    assert complete(line.session) == "completed"
    quant.refresh_from_db()
    assert quant.quantity == 9


def test_what_is_being_posted_cannot_be_cancelled():
    session = given_counted()
    ask(session)

    with pytest.raises(WrongStatus):
        cancel(session, by=UserFactory(), at=timezone.now())

    assert complete_session(session.pk) == "completed"


# Guards


def test_an_opening_that_blocks_waits_for_a_posting_and_has_it_in_its_snapshot():
    location, [quant] = given_quants(1)
    by = UserFactory()
    with held("warehouse_quant", quant.pk):
        posting = doing(lambda: move(Quant.objects.get(pk=quant.pk), -4))
        waits(posting)
        opening = doing(lambda: given_session(location, by=by, policies={"guard": "block"}))
        waits(opening)

    posting.wait()
    session = opening.wait()
    assert session.lines.get().system_quantity == 6
    with pytest.raises(PostingRefused):
        move(Quant.objects.get(), -1)


def test_a_posting_that_waits_while_a_guard_is_set_is_refused():
    session = given_session(given_quants(1)[0], policies={"guard": "freeze"})
    line = session.lines.select_related("quant").get()
    set_count(line, Decimal(10), by=UserFactory(), client_id=uuid4())
    by, posted = UserFactory(), uuid4()
    with held("warehouse_user", by.pk, strength="UPDATE"):
        # Foreign keys are checked at commit: there it waits for whoever holds the reviewer's row.
        marking = doing(lambda: mark_counted(session, by=by, at=timezone.now()))
        waits(marking)
        posting = doing(lambda: move(Quant.objects.get(), -1, request_id=posted))
        waits(posting)

    marking.wait()
    with pytest.raises(PostingRefused) as refused:
        posting.wait()
    assert refused.value.errors[0].blockers == (session.number,)
    assert not Register.objects.filter(request_id=posted).exists()


def test_what_people_take_while_a_count_begins_to_block_is_in_its_snapshot_or_refused():
    location, quants = given_quants(6, quantity=100)
    by = UserFactory()

    def take(number):
        taken = 0
        for step in range(40):
            try:
                move(Quant.objects.get(pk=quants[(step + number) % 6].pk), -1)
            except PostingRefused as refused:
                assert {error.code for error in refused.errors} == {"held"}
                return taken
            taken += 1
        return taken

    def block():
        time.sleep(0.1)
        return given_session(location, by=by, policies={"guard": "block"})

    *taken, session = at_once(*[lambda number=number: take(number) for number in range(3)], block)

    assert not failures([*taken, session])
    lines = session.lines.select_related("quant")
    assert [line.system_quantity for line in lines] == [line.quant.quantity for line in lines]
    assert sum(quantities(location)) == 600 - sum(taken)


def test_a_guard_is_set_released_and_overridden_at_once_without_waiting_in_a_circle():
    for _attempt in range(4):
        session = given_session(given_quants(3)[0], policies={"guard": "freeze"})
        lines = list(session.lines.select_related("quant"))
        for line in lines:
            set_count(line, Decimal(8), by=UserFactory(), client_id=uuid4())
        ask(session)
        by = given_person("ledger.override_hold")

        def override(line, by=by):
            return move(Quant.objects.get(pk=line.quant_id), -1, by=by, override="The truck is leaving")

        results = at_once(
            lambda session=session: complete_session(session.pk),
            *[lambda line=line: override(line) for line in lines],
            lambda session=session: complete_session(session.pk),
        )

        assert not failures(results), results
        while results.count("completed") == 0 and complete_session(session.pk) != "completed":
            ask(session)
        assert quantities(session.location) == [7, 7, 7]


def test_what_several_people_find_in_a_blocked_count_is_held_while_others_post():
    session = given_session(given_quants(2)[0], policies={"guard": "block"})
    bins, item = BinFactory.create_batch(4, location=session.location), ItemFactory()
    person = UserFactory()

    def find(bin):
        return count_found(session, Decimal(2), bin=bin, item=item, by=person, client_id=uuid4())

    def receive(bin):
        try:
            post(document(session.location), [Line(bin=bin.pk, item=item.pk, quantity=Decimal(5))])
        except PostingRefused:
            return "refused"
        return "received"

    results = at_once(*[lambda bin=bin: find(bin) for bin in bins], *[lambda bin=bin: receive(bin) for bin in bins])

    assert not failures(results), results
    for line, went in zip(results[:4], results[4:], strict=True):
        line = again(line)
        assert line.quant.quantity == (5 if went == "received" else 0)
        assert line.system_quantity == line.book_quantity == line.quant.quantity


# Counts from spreadsheets


def given_file(session, quantity):
    rows = [f"{line.pk},{quantity}" for line in session.lines.all()]
    return SourceFile("counts.csv", "\n".join(["Line,Counted", *rows]).encode())


def test_a_file_that_two_workers_import_is_counted_once():
    location, _quants = given_quants(3)
    session, by = given_session(location), UserFactory()
    imports = [hand_in_counts(session, given_file(session, 7), by=by, at=timezone.now()) for _twice in range(2)]
    CountImport.objects.update(status="asked", asked_at=timezone.now())

    went = at_once(*(lambda pk=each.pk: carry_out(pk, at=timezone.now()) for each in imports * 2))

    assert sorted(went) == ["imported", "imported", "nothing to do", "nothing to do"]
    assert CountEntry.objects.count() == 3
    assert set(session.lines.values_list("counted_quantity", flat=True)) == {7}


def test_a_count_that_is_saved_while_a_file_is_imported_is_not_lost():
    """Whichever comes first: the file finds the count and asks, or the count comes after the file and stands."""
    for _turn in range(4):
        location, _quants = given_quants(2)
        session, by = given_session(location), UserFactory()
        handed_in = hand_in_counts(session, given_file(session, 7), by=by, at=timezone.now())
        CountImport.objects.filter(pk=handed_in.pk).update(status="asked", asked_at=timezone.now())
        line = session.lines.select_related("session", "quant").first()

        at_once(
            lambda pk=handed_in.pk: carry_out(pk, at=timezone.now()),
            lambda line=line: set_count(line, Decimal(8), by=UserFactory(), client_id=uuid4()),
        )

        handed_in.refresh_from_db()
        assert again(line).counted_quantity == 8
        assert handed_in.status == "applied" or handed_in.rows.undecided().get().line == line.pk


def test_an_import_that_meets_a_long_posting_goes_on_waiting():
    location, _quants = given_quants(1)
    session, bin = given_session(location, policies={"guard": "block"}), BinFactory(location=location)
    found = SourceFile("found.csv", f"Bin,Item,Counted\n{bin.code},{ItemFactory().number},1".encode())
    handed_in = hand_in_counts(session, found, by=UserFactory(is_superuser=True), at=timezone.now())
    CountImport.objects.update(status="asked", asked_at=timezone.now())

    with held("warehouse_location", location.pk):
        went = carry_out(handed_in.pk, at=timezone.now())

    assert went == "busy"
    assert carry_out(handed_in.pk, at=timezone.now()) == "imported"


# Scanning


def test_two_phones_that_scan_into_one_line_at_once_lose_nothing_and_count_nothing_twice():
    bin, item = BinFactory(), ItemFactory(tracking="serial")
    codes = [f"A{number:02}" for number in range(40)]
    given_units(bin, item, codes)
    session, by = given_session(bin.location), UserFactory()

    def phone(own):
        def scan():
            return [scan_units(session, [code], bin=bin, by=by, client_id=uuid4()) for code in own]

        return scan

    results = at_once(phone(codes[:25]), phone(list(reversed(codes[15:]))))

    assert not failures(results)
    assert session.lines.get().counted_quantity == Sighting.objects.count() == 40
    assert sum(len(burst.new) for bursts in results for burst in bursts) == 40
    assert UnitScan.objects.count() == 50


def test_a_request_that_is_sent_again_while_it_is_still_under_way_counts_once():
    bin, item = BinFactory(), ItemFactory(tracking="serial")
    given_units(bin, item, ["A1", "A2"])
    session, by, request = given_session(bin.location), UserFactory(), uuid4()

    def scan():
        return scan_units(session, ["A1", "A2", "X1"], bin=bin, by=by, client_id=request)

    results = at_once(scan, scan, scan)

    assert not failures(results)
    assert {tuple(answer.seen for answer in burst.answers) for burst in results} == {("here", "here", "parked")}
    assert (session.lines.get().counted_quantity, UnitScan.objects.count()) == (2, 3)
    assert session.put_aside.count() == 1


def test_bursts_that_meet_documents_on_new_quants_wait_for_each_other_and_not_in_a_circle():
    first, item = BinFactory(), ItemFactory(tracking="serial")
    second = BinFactory(location=first.location)
    codes = [f"A{number:02}" for number in range(10)]
    given_units(first, item, codes)
    session, by = given_session(first.location), UserFactory()

    def scan():
        return scan_units(session, codes, bin=second, by=by, client_id=uuid4(), age=timedelta(seconds=5))

    def move():
        line = {"bin": first.pk, "to_bin": second.pk, "item": item.pk, "quantity": Decimal(1)}
        return [
            post(document(first.location, Kind.MOVEMENT), [Line(**line, unit=code)]) for code in codes
        ]  # fmt: skip

    assert not failures(at_once(scan, move, scan))
    assert session.lines.get(quant__bin=second).counted_quantity == 10
