"""Two ledgers: what a directed location books in its bins, its adjustment bin and the item ledger (SPEC 9 and 10)."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ledger.converting import CannotConvert, IsDirected, convert_location
from ledger.models import ItemLedgerEntry, Kind, Register, StockValue, WarehouseEntry
from ledger.posting import Document, Line, PostingRefused, post
from ledger.reversing import reverse
from ledger.synchronising import synchronise, synchronise_due
from tests.at_once import at_once
from tests.counting.given import given_session
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    given_stock,
    given_units,
    move,
    post_lines,
)
from tests.laws import assert_reconciled
from warehouse.models import BinHold, Item, Quant

pytestmark = pytest.mark.django_db


@pytest.fixture
def directed():
    return LocationFactory(directed=True)


@pytest.fixture
def bin(directed):
    return BinFactory(location=directed, code="P1")


@pytest.fixture
def item():
    return ItemFactory(unit_cost=Decimal(2))


def in_bins(location):
    """(real bins, adjustment bin): how much lies there of everything."""
    quants = Quant.objects.filter(location=location)
    return tuple(sum(quants.filter(virtual=virtual).values_list("quantity", flat=True)) for virtual in (False, True))


def owned_at(location):
    return sum(StockValue.objects.filter(location=location).values_list("quantity", flat=True))


def written_by(register):
    """(item ledger, real bins, adjustment bin): the quantities of its entries."""
    entries = WarehouseEntry.objects.filter(register=register).order_by("pk")
    return (
        [entry.quantity for entry in ItemLedgerEntry.objects.filter(register=register).order_by("pk")],
        [entry.quantity for entry in entries.filter(quant__virtual=False)],
        [entry.quantity for entry in entries.filter(quant__virtual=True)],
    )


def journal(bin, item, quantity, **details):
    """A warehouse item journal."""
    line = {"bin": bin.pk, "item": item.pk, "quantity": Decimal(quantity), **details}
    return post_lines(bin.location, line, kind=Kind.WAREHOUSE_JOURNAL)


def sync(location, **details):
    return synchronise(location, by=None, at=TODAY, request_id=uuid4(), **details)


def convert(location):
    return convert_location(location, by=None, at=TODAY, request_id=uuid4())


# Every row of the table of SPEC 9.3


def test_a_warehouse_item_journal_of_four_in_p1_leaves_minus_four_in_the_adjustment_bin(directed, bin, item):
    register = journal(bin, item, 4)

    assert written_by(register) == ([], [4], [-4])
    assert in_bins(directed) == (4, -4)
    assert_reconciled()


def test_synchronising_then_books_plus_four_and_empties_the_adjustment_bin(directed, bin, item):
    journal(bin, item, 4)

    register = sync(directed)

    assert written_by(register) == ([4], [], [4])
    assert in_bins(directed) == (4, 0)
    assert owned_at(directed) == 4
    assert_reconciled()


def test_a_warehouse_item_journal_of_three_less_leaves_three_and_synchronising_writes_them_off(directed, bin, item):
    given_stock(10, bin=bin, item=item)

    register = journal(bin, item, -3)
    assert written_by(register) == ([], [-3], [3])
    assert in_bins(directed) == (7, 3)

    assert written_by(sync(directed)) == ([-3], [], [-3])
    assert in_bins(directed) == (7, 0)
    assert owned_at(directed) == 7
    assert_reconciled()


def test_an_opening_of_five_waits_in_the_adjustment_bin_to_be_moved(directed, item):
    nowhere = directed.bins.get(kind="implicit")

    register = post_lines(
        directed,
        {"bin": nowhere.pk, "item": item.pk, "quantity": Decimal(5), "unit_cost": Decimal(2)},
        kind=Kind.OPENING,
    )

    assert written_by(register) == ([5], [], [5])
    assert in_bins(directed) == (0, 5)
    assert_reconciled()


def test_an_item_journal_of_five_less_takes_them_out_of_the_adjustment_bin(directed, item):
    nowhere = directed.bins.get(kind="implicit")
    line = {"bin": nowhere.pk, "item": item.pk}
    post_lines(directed, {**line, "quantity": Decimal(8)}, kind=Kind.OPENING)

    register = post_lines(directed, {**line, "quantity": Decimal(-5)}, kind=Kind.ITEM_JOURNAL)

    assert written_by(register) == ([-5], [], [-5])
    assert in_bins(directed) == (0, 3)
    assert_reconciled()


def test_converting_a_location_with_twenty_on_hand_puts_them_into_the_adjustment_bin(item):
    location = LocationFactory()
    quant = given_stock(20, bin=location.bins.get(kind="implicit"), item=item)

    register = convert(location)

    assert written_by(register) == ([], [-20], [20])
    assert in_bins(location) == (0, 20)
    assert owned_at(location) == 20
    assert Quant.objects.get(pk=quant.pk).quantity == 0
    assert_reconciled()


# What is as everywhere, and what is refused


def test_receipts_issues_and_movements_write_what_they_write_everywhere(directed, bin, item):
    quant = given_stock(10, bin=bin, item=item)
    other = BinFactory(location=directed)

    issue = move(quant, -4)
    movement = post_lines(
        directed, {"bin": bin.pk, "to_bin": other.pk, "item": item.pk, "quantity": Decimal(2)}, kind=Kind.MOVEMENT
    )

    assert written_by(issue) == ([-4], [-4], [])
    assert written_by(movement) == ([], [-2, 2], [])
    assert in_bins(directed) == (6, 0)


def test_stock_without_a_bin_is_refused(directed, item):
    nowhere = directed.bins.get(kind="implicit")

    with pytest.raises(PostingRefused) as refused:
        post_lines(directed, {"bin": nowhere.pk, "item": item.pk, "quantity": Decimal(1)})

    assert [error.code for error in refused.value.errors] == ["bin_needed"]


def test_openings_name_no_bin(bin, item):
    with pytest.raises(PostingRefused) as refused:
        post_lines(bin.location, {"bin": bin.pk, "item": item.pk, "quantity": Decimal(1)}, kind=Kind.OPENING)

    assert [error.code for error in refused.value.errors] == ["bin_of_directed"]


def test_taking_more_than_the_bin_holds_is_refused_with_what_it_holds(bin, item):
    given_stock(2, bin=bin, item=item)

    with pytest.raises(PostingRefused) as refused:
        journal(bin, item, -3)

    [error] = refused.value.errors
    assert error.code == "not_enough"
    assert "P1 holds 2" in error.message


def test_goods_that_the_books_do_not_own_yet_cannot_leave(directed, bin, item):
    journal(bin, item, 4)
    quant = Quant.objects.get(bin=bin, item=item)

    with pytest.raises(PostingRefused) as refused:
        move(quant, -1)
    assert [error.code for error in refused.value.errors] == ["synchronise_first"]

    sync(directed)
    move(quant, -1)
    assert_reconciled()


def test_a_manual_adjustment_says_how_much_lies_in_the_bin_and_nothing_to_the_item_ledger(directed, bin, item):
    quant = given_stock(10, bin=bin, item=item)

    register = move(quant, 7, kind=Kind.MANUAL_ADJUSTMENT)

    assert written_by(register) == ([], [-3], [3])
    assert in_bins(directed) == (7, 3)


# Calculate Whse. Adjustment: the tester of SPEC 10


def test_opposite_lots_are_never_netted(directed, bin):
    item = LotItemFactory()
    first, second = LotFactory(item=item, number="A"), LotFactory(item=item, number="B")
    given_stock(10, bin=bin, lot=first)
    journal(bin, item, -3, lot=first.pk)
    journal(bin, item, 5, lot=second.pk)

    register = sync(directed)

    entries = ItemLedgerEntry.objects.filter(register=register)
    assert dict(entries.values_list("lot__number", "quantity")) == {"A": -3, "B": 5}
    assert in_bins(directed) == (12, 0)
    assert_reconciled()


def test_one_item_is_one_net_figure(directed, item):
    more, less, same = (BinFactory(location=directed) for _ in range(3))
    for place in (less, same):
        given_stock(10, bin=place, item=item)
    journal(more, item, 3)
    journal(less, item, -2)
    assert in_bins(directed)[1] == -1

    assert written_by(sync(directed)) == ([1], [], [1])
    assert in_bins(directed)[1] == 0


def test_only_the_lot_that_is_asked_for_is_synchronised(directed, bin):
    item = LotItemFactory()
    first, second = LotFactory(item=item), LotFactory(item=item)
    for lot in (first, second):
        journal(bin, item, 5, lot=lot.pk)

    sync(directed, quants=Quant.objects.filter(lot=first))

    assert dict(ItemLedgerEntry.objects.values_list("lot", "quantity")) == {first.pk: 5}
    assert in_bins(directed)[1] == -5


def test_running_twice_adds_nothing(directed, bin, item):
    journal(bin, item, 4)
    request = uuid4()
    first = synchronise(directed, by=None, at=TODAY, request_id=request)

    assert synchronise(directed, by=None, at=TODAY, request_id=request) == first
    assert sync(directed) is None
    assert owned_at(directed) == 4


def test_what_is_blocked_waits_and_the_rest_is_synchronised(directed, bin, item):
    blocked = ItemFactory()
    journal(bin, item, 4)
    journal(bin, blocked, 2)
    Item.objects.filter(pk=blocked.pk).update(blocked=True)

    register = sync(directed)

    assert written_by(register) == ([4], [], [4])
    assert in_bins(directed)[1] == -2


def test_synchronising_takes_as_many_statements_for_ten_items_as_for_one(directed, bin, django_assert_num_queries):
    journal(bin, ItemFactory(), 1)
    with CaptureQueriesContext(connection) as one:
        sync(directed)
    for _ in range(10):
        journal(bin, ItemFactory(), 1)

    with django_assert_num_queries(len(one)):
        sync(directed)


@pytest.mark.parametrize(("hours", "since", "posted"), [(24, 23, 0), (24, 25, 1), (1, 2, 1), (0, 1000, 0)])
def test_the_schedule_synchronises_each_location_at_its_own_interval(directed, bin, item, hours, since, posted):
    type(directed).objects.filter(pk=directed.pk).update(synchronise_hours=hours)
    journal(bin, item, 1)
    sync(directed)
    journal(bin, item, 1)

    registers = synchronise_due(at=timezone.now() + timedelta(hours=since))

    assert len(registers) == posted
    assert in_bins(directed)[1] == (0 if posted else -1)


# Units


def unit_journal(bin, item, quantity, code):
    return journal(bin, item, quantity, unit=code)


def test_a_unit_that_goes_is_carried_by_the_adjustment_bin_and_written_off_at_its_own_cost(directed, bin):
    item = ItemFactory(tracking="serial")
    _cheap, dear = given_units(bin, item, ["S1"], unit_cost=Decimal(10)) + given_units(
        bin, item, ["S2"], unit_cost=Decimal(30)
    )

    unit_journal(bin, item, -1, "S2")
    dear.refresh_from_db()
    assert (dear.state, dear.quant_id, dear.cost) == ("detached", None, 30)
    assert_reconciled()

    register = sync(directed)
    assert [entry.value_entry.amount for entry in register.item_ledger_entries.all()] == [-30]
    assert [entry.unit for entry in register.warehouse_entries.all()] == [dear]
    assert StockValue.objects.get(item=item).value == 10
    assert_reconciled()


def test_a_unit_that_comes_back_before_synchronising_leaves_nothing_to_tell(directed, bin):
    item = ItemFactory(tracking="serial")
    (unit,) = given_units(bin, item, ["S1"], unit_cost=Decimal(10))
    unit_journal(bin, item, -1, "S1")
    unit_journal(BinFactory(location=directed), item, 1, "S1")

    unit.refresh_from_db()
    assert unit.state == "in_stock"
    assert in_bins(directed) == (1, 0)
    assert sync(directed) is None
    assert_reconciled()


def test_opposite_units_are_two_lines(directed, bin):
    item = ItemFactory(tracking="serial")
    given_units(bin, item, ["S1", "S2"], unit_cost=Decimal(10))
    unit_journal(bin, item, -1, "S1")
    unit_journal(bin, item, -1, "S2")
    sync(directed)
    given_units(bin, item, ["S3"], unit_cost=Decimal(20))
    unit_journal(bin, item, 1, "S1")
    unit_journal(bin, item, -1, "S3")

    register = sync(directed)

    entries = register.item_ledger_entries.order_by("unit__code")
    assert [(entry.unit.code, entry.quantity, entry.value_entry.amount) for entry in entries] == [
        ("S1", 1, 10),
        ("S3", -1, -20),
    ]
    assert_reconciled()


def test_a_unit_that_the_books_still_own_is_not_received_again_anywhere(directed, bin):
    item = ItemFactory(tracking="serial")
    given_units(bin, item, ["S1"], unit_cost=Decimal(10))
    unit_journal(bin, item, -1, "S1")

    for place in (bin, BinFactory()):
        with pytest.raises(PostingRefused) as refused:
            given_units(place, item, ["S1"])
        assert [error.code for error in refused.value.errors] == ["unit_not_synchronised"]

    sync(directed)
    given_units(BinFactory(), item, ["S1"])
    assert_reconciled()


def test_a_unit_that_the_books_do_not_own_yet_does_not_leave(directed, bin):
    item = ItemFactory(tracking="serial")
    given_units(bin, item, ["S1", "S2"], unit_cost=Decimal(10))
    unit_journal(bin, item, -1, "S1")
    sync(directed)
    unit_journal(bin, item, 1, "S1")

    with pytest.raises(PostingRefused) as refused:
        post_lines(directed, {"bin": bin.pk, "item": item.pk, "quantity": Decimal(-1), "unit": "S1"}, kind=Kind.ISSUE)

    assert [error.code for error in refused.value.errors] == ["synchronise_first"]
    assert_reconciled()


# Taking back


def test_a_journal_is_taken_back_out_of_both_bins(directed, bin, item):
    register = journal(bin, item, 4)

    reversal = reverse(register, by=None, at=TODAY)

    assert written_by(reversal) == ([], [-4], [4])
    assert in_bins(directed) == (0, 0)
    assert_reconciled()


def test_a_synchronisation_is_taken_back_out_of_the_item_ledger(directed, bin, item):
    journal(bin, item, 4)
    register = sync(directed)

    assert written_by(reverse(register, by=None, at=TODAY)) == ([-4], [], [-4])

    assert in_bins(directed) == (4, -4)
    assert owned_at(directed) == 0
    assert_reconciled()


def test_a_journal_that_was_synchronised_can_be_taken_back_and_the_next_synchronisation_says_so(directed, bin, item):
    register = journal(bin, item, 4)
    sync(directed)
    reverse(register, by=None, at=TODAY)
    assert in_bins(directed) == (0, 4)

    sync(directed)

    assert owned_at(directed) == 0
    assert_reconciled()


def test_what_an_ordinary_location_adjusted_is_taken_back_from_both_ledgers_after_it_became_directed(item):
    location = LocationFactory()
    quant = given_stock(10, bin=BinFactory(location=location), item=item)
    register = move(quant, 7, kind=Kind.MANUAL_ADJUSTMENT)
    convert(location)

    reversal = reverse(register, by=None, at=TODAY)

    assert written_by(reversal) == ([3], [3], [])
    assert_reconciled()


def test_an_opening_of_a_unit_that_was_written_off_since_is_not_taken_back(directed, bin):
    item = ItemFactory(tracking="serial")
    given_units(bin, item, ["S1"], unit_cost=Decimal(10))
    nowhere = directed.bins.get(kind="implicit")
    line = {"bin": nowhere.pk, "item": item.pk, "quantity": Decimal(1), "unit": "S2", "unit_cost": Decimal(30)}
    register = post_lines(directed, line, kind=Kind.OPENING)
    sync(directed)

    with pytest.raises(PostingRefused) as refused:
        reverse(register, by=None, at=TODAY)

    assert [error.code for error in refused.value.errors] == ["unit_not_owned"]
    assert_reconciled()


def test_a_synchronisation_that_told_of_a_unit_is_not_taken_back_once_the_unit_has_left(directed, bin):
    item = ItemFactory(tracking="serial")
    given_units(bin, item, ["S1"], unit_cost=Decimal(10))
    given_units(bin, item, ["S2"], unit_cost=Decimal(30))
    unit_journal(bin, item, -1, "S2")
    sync(directed)
    unit_journal(bin, item, 1, "S2")
    told = sync(directed)
    leaving = {"bin": bin.pk, "item": item.pk, "quantity": Decimal(-1), "unit": "S2"}
    post_lines(directed, leaving, kind=Kind.ISSUE)

    with pytest.raises(PostingRefused) as refused:
        reverse(told, by=None, at=TODAY)

    assert [error.code for error in refused.value.errors] == ["unit_not_owned"]
    assert_reconciled()


def test_a_write_off_of_a_unit_is_not_taken_back_from_the_books_once_the_unit_was_received_again(directed, bin):
    item = ItemFactory(tracking="serial")
    given_units(bin, item, ["S1"], unit_cost=Decimal(10))
    unit_journal(bin, item, -1, "S1")
    told = sync(directed)
    given_units(BinFactory(), item, ["S1"], unit_cost=Decimal(20))

    with pytest.raises(PostingRefused) as refused:
        reverse(told, by=None, at=TODAY)

    assert [error.code for error in refused.value.errors] == ["unit_not_owned"]
    assert_reconciled()


def test_a_unit_that_was_found_elsewhere_comes_back_when_its_write_off_is_synchronised(directed, bin):
    item = ItemFactory(tracking="serial")
    given_units(bin, item, ["S1"], unit_cost=Decimal(10))
    unit_journal(bin, item, -1, "S1")
    elsewhere = BinFactory(location=LocationFactory(directed=True))
    unit_journal(elsewhere, item, 1, "S1")
    sync(elsewhere.location)
    line = {"bin": elsewhere.pk, "to_bin": bin.pk, "item": item.pk, "quantity": Decimal(1), "unit": "S1"}
    back = {"kind": Kind.LOCATION_TRANSFER, "other_location": directed}

    with pytest.raises(PostingRefused) as refused:
        post_lines(elsewhere.location, line, **back)
    assert [error.code for error in refused.value.errors] == ["unit_not_synchronised"]
    assert_reconciled()

    sync(directed)
    post_lines(elsewhere.location, line, **back)
    assert owned_at(directed) == 1
    assert_reconciled()


# Conversion


def test_what_lies_in_bins_stays_there_and_units_without_a_bin_are_to_be_found(item):
    location = LocationFactory()
    given_stock(10, bin=BinFactory(location=location), item=item)
    drill = ItemFactory(tracking="serial")
    (unit,) = given_units(location.bins.get(kind="implicit"), drill, ["S1"], unit_cost=Decimal(40))

    register = convert(location)

    unit.refresh_from_db()
    assert (unit.state, unit.quant_id, unit.cost) == ("detached", None, 40)
    assert written_by(register) == ([], [-1], [1])
    assert in_bins(location) == (10, 1)
    assert_reconciled()

    unit_journal(BinFactory(location=location), drill, 1, "S1")
    assert in_bins(location) == (11, 0)
    assert_reconciled()


def test_a_location_without_loose_stock_becomes_directed_without_a_document():
    location = LocationFactory()

    assert convert(location) is None

    location.refresh_from_db()
    assert location.directed
    assert location.bins.filter(kind="adjustment").count() == 1
    with pytest.raises(IsDirected):
        convert(location)


def test_every_reason_against_it_is_told_at_once(item):
    quant = given_stock(10, item=item)
    session = given_session(quant.location)
    BinHold.objects.create(bin=quant.bin, item=item, held_by="PK-1")

    with pytest.raises(CannotConvert) as refused:
        convert(quant.location)

    assert len(refused.value.reasons) == 2
    assert session.number in str(refused.value)
    assert "PK-1" in str(refused.value)
    quant.location.refresh_from_db()
    assert not quant.location.directed


def test_a_conversion_that_is_sent_twice_is_one(item):
    location, request = LocationFactory(), uuid4()
    given_stock(20, bin=location.bins.get(kind="implicit"), item=item)

    first = convert_location(location, by=None, at=TODAY, request_id=request)

    assert convert_location(location, by=None, at=TODAY, request_id=request) == first
    assert Register.objects.filter(kind=Kind.CONVERSION).count() == 1


# At the same time


@pytest.mark.django_db(transaction=True)
def test_two_synchronisations_at_once_post_what_waits_once(directed, bin, item):
    journal(bin, item, 4)

    at_once(lambda: sync(directed), lambda: sync(directed))

    assert owned_at(directed) == 4
    assert in_bins(directed) == (4, 0)
    assert_reconciled()


@pytest.mark.django_db(transaction=True)
def test_a_journal_and_a_conversion_at_once_leave_both_ledgers_in_agreement(item):
    location = LocationFactory()
    quant = given_stock(20, bin=BinFactory(location=location), item=item)

    at_once(lambda: convert(location), lambda: move(quant, 15, kind=Kind.MANUAL_ADJUSTMENT))

    owned, waiting = owned_at(location), in_bins(location)[1]
    assert (owned, waiting) in [(15, 0), (20, 5)]
    assert_reconciled()


def test_a_document_that_was_staged_before_a_conversion_is_booked_as_the_location_is_then(directed, bin, item):
    """What was looked up before the lock says nothing about how it is booked."""
    stale = type(directed).objects.get(pk=directed.pk)
    stale.directed = False
    document = Document(kind=Kind.WAREHOUSE_JOURNAL, location=stale, by=None, posting_date=TODAY, request_id=uuid4())

    register = post(document, [Line(bin=bin.pk, item=item.pk, quantity=Decimal(4))])

    assert written_by(register) == ([], [4], [-4])
