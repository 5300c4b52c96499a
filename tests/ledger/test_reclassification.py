"""Reclassification journals: goods become another lot, variant, unit or date, or go to another bin (SPEC 15)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.journals import add_bin_content
from ledger.models import ItemLedgerEntry, JournalKind, Kind, StockValue, ValueEntry, WarehouseEntry
from ledger.resolving import JournalRefused, resolve_lines
from ledger.reversing import reverse
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    SerialItemFactory,
    given_stock,
    given_units,
    post_lines,
)
from tests.laws import assert_reconciled
from tests.ledger.journal_lines import given_batch, posted, problems
from warehouse.models import ItemVariant, Lot, Quant, Unit

pytestmark = pytest.mark.django_db

SOON, LATER = date(2027, 1, 31), date(2028, 1, 31)


@pytest.fixture
def item():
    return LotItemFactory()


@pytest.fixture
def lot_a(item):
    return LotFactory(item=item, number="A", expiration_date=SOON)


def reclassified(*lines, location, kind=JournalKind.RECLASSIFICATION, **head):
    return posted(given_batch(*lines, location=location, kind=kind, **head))


def wrong(*lines, location, kind=JournalKind.RECLASSIFICATION):
    return problems(resolve_lines(given_batch(*lines, location=location, kind=kind)))


def item_ledger_of(register):
    return [entry.quantity for entry in ItemLedgerEntry.objects.filter(register=register).order_by("pk")]


def by_lot(item):
    """{lot number: how much lies there of it}"""
    quants = Quant.objects.filter(item=item).exclude(quantity=0)
    return dict(quants.values_list("lot__number", "quantity"))


# Lots and dates


def test_four_of_lot_a_become_lot_b_at_the_same_cost(item, lot_a):
    bin = given_stock(10, lot=lot_a, unit_cost=Decimal("2.5")).bin
    worth = StockValue.objects.get(item=item).value

    register = reclassified(
        {"item": item.number, "bin": bin.code, "lot": "A", "new_lot": "B", "new_expiration_date": LATER, "quantity": 4},
        location=bin.location,
    )

    assert register.kind == Kind.RECLASSIFICATION
    assert by_lot(item) == {"A": 6, "B": 4}
    assert item_ledger_of(register) == [-4, 4]
    assert list(ValueEntry.objects.filter(item_ledger_entry__register=register).values_list("amount", flat=True)) in (
        [Decimal(10), Decimal(-10)],
        [Decimal(-10), Decimal(10)],
    )
    assert StockValue.objects.get(item=item).value == worth
    assert Lot.objects.get(number="B").expiration_date == LATER
    assert Lot.objects.get(number="A").expiration_date == SOON
    assert_reconciled()


def test_a_blank_date_means_that_the_new_lot_has_none(item, lot_a):
    bin = given_stock(10, lot=lot_a).bin

    reclassified(
        {"item": item.number, "bin": bin.code, "lot": "A", "new_lot": "B", "quantity": 4}, location=bin.location
    )

    assert Lot.objects.get(number="B").expiration_date is None


def test_several_lots_are_merged_into_one_with_one_date(item, lot_a):
    second = LotFactory(item=item, number="C", expiration_date=LATER)
    bin = given_stock(10, lot=lot_a).bin
    given_stock(5, bin=bin, lot=second)
    line = {"item": item.number, "bin": bin.code, "new_lot": "AC", "new_expiration_date": SOON}

    reclassified({**line, "lot": "A", "quantity": 10}, {**line, "lot": "C", "quantity": 5}, location=bin.location)

    assert by_lot(item) == {"AC": 15}
    assert_reconciled()


def test_one_new_lot_cannot_expire_on_two_days(item, lot_a):
    bin = given_stock(10, lot=lot_a).bin
    line = {"item": item.number, "bin": bin.code, "lot": "A", "new_lot": "B", "quantity": 5}

    found = wrong({**line, "new_expiration_date": SOON}, {**line, "new_expiration_date": LATER}, location=bin.location)

    assert found == [(2, "new_expiration_date", "lot_expires_twice")]


@pytest.mark.parametrize(("typed", "code"), [(LATER, "new_expiry_contradicts"), (None, "new_expiry_contradicts")])
def test_goods_that_join_a_lot_get_its_date(item, lot_a, typed, code):
    LotFactory(item=item, number="B", expiration_date=date(2027, 6, 30))
    bin = given_stock(10, lot=lot_a).bin
    line = {"item": item.number, "bin": bin.code, "lot": "A", "new_lot": "B", "quantity": 5}

    assert wrong({**line, "new_expiration_date": typed}, location=bin.location) == [(1, "new_expiration_date", code)]

    reclassified({**line, "new_expiration_date": date(2027, 6, 30)}, location=bin.location)
    assert by_lot(item) == {"A": 5, "B": 5}


def test_the_date_of_a_lot_changes_as_a_whole(item, lot_a):
    bin = given_stock(10, lot=lot_a).bin
    line = {"item": item.number, "bin": bin.code, "lot": "A", "new_lot": "A", "new_expiration_date": LATER}

    assert wrong({**line, "quantity": 4}, location=bin.location) == [(1, "quantity", "lot_in_part")]

    register = reclassified({**line, "quantity": 10}, location=bin.location)
    lot_a.refresh_from_db()
    assert lot_a.expiration_date == LATER
    assert item_ledger_of(register) == [-10, 10]
    assert by_lot(item) == {"A": 10}
    assert_reconciled()


def test_the_same_lot_with_a_blank_date_expires_no_more(item, lot_a):
    bin = given_stock(10, lot=lot_a).bin

    reclassified(
        {"item": item.number, "bin": bin.code, "lot": "A", "new_lot": "A", "quantity": 10}, location=bin.location
    )

    lot_a.refresh_from_db()
    assert lot_a.expiration_date is None


# Bins, locations, variants


def test_another_bin_alone_is_a_movement_that_the_item_ledger_does_not_hear_of(item, lot_a):
    bin = given_stock(10, lot=lot_a).bin
    other = BinFactory(location=bin.location)

    register = reclassified(
        {"item": item.number, "bin": bin.code, "new_bin": other.code, "lot": "A", "quantity": 5}, location=bin.location
    )

    assert item_ledger_of(register) == []
    assert Quant.objects.get(bin=other).quantity == 5
    lot_a.refresh_from_db()
    assert lot_a.expiration_date == SOON
    assert_reconciled()


def test_another_location_brings_the_money_along():
    item = ItemFactory()
    bin, there = given_stock(10, item=item, unit_cost=Decimal(3)).bin, BinFactory()
    given_stock(10, bin=there, item=item, unit_cost=Decimal(5))

    register = reclassified(
        {"item": item.number, "bin": bin.code, "new_bin": there.code, "quantity": 4},
        location=bin.location,
        to_location=there.location,
    )

    assert item_ledger_of(register) == [-4, 4]
    assert StockValue.objects.get(item=item, location=there.location).value == 62
    assert StockValue.objects.get(item=item, location=bin.location).value == 18
    assert_reconciled()


def test_another_variant_carries_the_cost():
    item = ItemFactory()
    small, large = (ItemVariant.objects.create(item=item, code=code) for code in ("S", "L"))
    bin = BinFactory()
    stock = {"bin": bin.pk, "item": item.pk, "variant": small.pk, "quantity": Decimal(10), "unit_cost": Decimal(3)}
    post_lines(bin.location, stock)

    register = reclassified(
        {"item": item.number, "bin": bin.code, "variant": "S", "new_variant": "L", "quantity": 4},
        location=bin.location,
    )

    assert item_ledger_of(register) == [-4, 4]
    assert dict(StockValue.objects.values_list("variant", "value")) == {small.pk: 18, large.pk: 12}
    assert_reconciled()


# Units


def test_units_get_new_serial_numbers_one_by_one_at_their_own_cost():
    item = SerialItemFactory()
    bin = BinFactory()
    given_units(bin, item, ["S1"], unit_cost=Decimal(10))
    given_units(bin, item, ["S2"], unit_cost=Decimal(30))

    register = reclassified(
        {"item": item.number, "bin": bin.code, "unit": "S1, S2", "new_unit": "T1..T2"}, location=bin.location
    )

    states = {unit.code: (unit.state, unit.cost) for unit in Unit.objects.all()}
    assert (states["T1"], states["T2"]) == (("in_stock", 10), ("in_stock", 30))
    assert {states["S1"][0], states["S2"][0]} == {"released"}
    assert sorted(item_ledger_of(register)) == [-1, -1, 1, 1]
    assert StockValue.objects.get(item=item).value == 40
    assert_reconciled()


def test_as_many_new_codes_as_units_are_needed():
    item, bin = SerialItemFactory(), BinFactory()
    given_units(bin, item, ["S1", "S2"])

    found = wrong({"item": item.number, "bin": bin.code, "unit": "S1, S2", "new_unit": "T1"}, location=bin.location)

    assert found == [(1, "new_unit", "other_number_of_codes")]


def test_a_unit_moves_to_another_bin_as_itself():
    item, bin = SerialItemFactory(), BinFactory()
    (unit,) = given_units(bin, item, ["S1"])
    other = BinFactory(location=bin.location)

    reclassified({"item": item.number, "bin": bin.code, "new_bin": other.code, "unit": "S1"}, location=bin.location)

    unit.refresh_from_db()
    assert (unit.quant.bin, unit.state) == (other, "in_stock")
    assert_reconciled()


# What is wrong, all at once


def test_everything_that_is_wrong_is_said_at_its_field(item, lot_a):
    bin = given_stock(10, lot=lot_a).bin
    bulk = ItemFactory()
    given_stock(10, bin=bin, item=bulk)
    of_lot = {"item": item.number, "bin": bin.code, "lot": "A", "quantity": 1}
    of_bulk = {"item": bulk.number, "bin": bin.code, "quantity": 1}

    assert wrong(
        {**of_lot},
        {**of_lot, "new_bin": "NOWHERE"},
        {**of_lot, "lot": "Z", "new_lot": "B"},
        {**of_bulk, "new_variant": "XL"},
        {**of_bulk, "new_lot": "B"},
        {**of_bulk, "new_unit": "S1"},
        {**of_lot, "new_lot": "B", "quantity": -1},
        location=bin.location,
    ) == [
        (1, "", "nothing_changes"),
        (2, "new_bin", "new_bin_unknown"),
        (3, "lot", "lot_to_change_unknown"),
        (4, "new_variant", "new_variant_unknown"),
        (5, "new_lot", "lot_not_expected"),
        (6, "new_unit", "unit_not_expected"),
        (7, "quantity", "quantity_not_positive"),
    ]
    assert not Lot.objects.filter(number="B").exists()


def test_more_than_there_is_is_refused_when_it_is_posted(item, lot_a):
    bin = given_stock(3, lot=lot_a).bin

    with pytest.raises(JournalRefused) as refused:
        reclassified(
            {"item": item.number, "bin": bin.code, "lot": "A", "new_lot": "B", "quantity": 4}, location=bin.location
        )

    assert [(error.line, error.field, error.code) for error in refused.value.errors] == [(1, "quantity", "not_enough")]


def test_a_bin_that_takes_nothing_in_is_told_at_the_bin_to_go_to(item, lot_a):
    bin = given_stock(10, lot=lot_a).bin
    closed = BinFactory(location=bin.location, block_movement="inbound")
    line = {"item": item.number, "bin": bin.code, "new_bin": closed.code, "lot": "A", "quantity": 1}

    with pytest.raises(JournalRefused) as refused:
        reclassified(line, location=bin.location)

    assert problems(refused) == [(1, "new_bin", "bin_blocked_inbound")]


# At directed locations


def test_a_directed_location_sends_to_the_warehouse_reclassification_journal():
    location = LocationFactory(directed=True)
    quant = given_stock(10, bin=BinFactory(location=location))
    line = {"item": quant.item.number, "bin": quant.bin.code, "new_bin": BinFactory(location=location).code}

    assert wrong({**line, "quantity": 5}, location=location) == [(1, "", "directed_reclassification")]

    register = reclassified({**line, "quantity": 5}, location=location, kind=JournalKind.WAREHOUSE_RECLASSIFICATION)
    entries = WarehouseEntry.objects.filter(register=register)
    assert sorted(entries.values_list("quantity", flat=True)) == [-5, 5]
    assert not entries.filter(quant__virtual=True).exists()
    assert item_ledger_of(register) == []
    assert_reconciled()


def test_another_lot_at_a_directed_location_is_told_to_the_item_ledger(item, lot_a):
    location = LocationFactory(directed=True)
    bin = given_stock(10, bin=BinFactory(location=location), lot=lot_a).bin
    other = BinFactory(location=location)
    line = {"item": item.number, "bin": bin.code, "new_bin": other.code, "lot": "A", "quantity": 5}

    register = reclassified({**line, "new_lot": "B"}, location=location, kind=JournalKind.WAREHOUSE_RECLASSIFICATION)

    assert item_ledger_of(register) == [-5, 5]
    assert by_lot(item) == {"A": 5, "B": 5}
    assert_reconciled()


# Taking back, and speed


def test_a_reclassification_is_taken_back_with_its_money(item, lot_a):
    bin = given_stock(10, lot=lot_a, unit_cost=Decimal("2.5")).bin
    other = BinFactory(location=bin.location)
    line = {"item": item.number, "bin": bin.code, "lot": "A"}
    register = reclassified(
        {**line, "new_lot": "B", "quantity": 4}, {**line, "new_bin": other.code, "quantity": 2}, location=bin.location
    )

    reversal = reverse(register, by=None, at=TODAY)

    assert by_lot(item) == {"A": 10}
    assert sorted(item_ledger_of(reversal)) == [-4, 4]
    assert StockValue.objects.get(item=item).value == 25
    assert_reconciled()


def test_new_serial_numbers_are_taken_back():
    item, bin = SerialItemFactory(), BinFactory()
    (unit,) = given_units(bin, item, ["S1"], unit_cost=Decimal(10))
    register = reclassified(
        {"item": item.number, "bin": bin.code, "unit": "S1", "new_unit": "T1"}, location=bin.location
    )

    reverse(register, by=None, at=TODAY)

    unit.refresh_from_db()
    assert (unit.state, unit.cost) == ("in_stock", 10)
    assert Unit.objects.get(code="T1").quant is None
    assert_reconciled()


def test_a_hundred_lines_take_as_many_statements_as_one(item, lot_a, django_assert_num_queries):
    bin = given_stock(1000, lot=lot_a).bin
    line = {"item": item.number, "bin": bin.code, "lot": "A", "quantity": 1}
    single = given_batch({**line, "new_lot": "B"}, location=bin.location, kind=JournalKind.RECLASSIFICATION)
    many = given_batch(
        *({**line, "new_lot": f"L{number}"} for number in range(100)),
        location=bin.location,
        kind=JournalKind.RECLASSIFICATION,
    )
    with CaptureQueriesContext(connection) as one:
        posted(single)

    with django_assert_num_queries(len(one)):
        posted(many)


# Get Bin Content


def test_the_content_of_a_bin_is_moved_as_a_whole(item, lot_a):
    bin = given_stock(10, lot=lot_a).bin
    drill = SerialItemFactory()
    given_units(bin, drill, ["S1", "S2"])
    given_stock(3, bin=BinFactory(location=bin.location))
    to = BinFactory(location=bin.location)
    batch = given_batch(location=bin.location, kind=JournalKind.RECLASSIFICATION)

    assert add_bin_content(batch, [bin]) == 2
    batch.lines.update(new_bin=to.code)
    posted(batch)

    assert not Quant.objects.filter(bin=bin).exclude(quantity=0).exists()
    assert sorted(Quant.objects.filter(bin=to).values_list("quantity", flat=True)) == [2, 10]
    assert_reconciled()


def test_only_the_items_that_are_asked_for_are_got(item, lot_a):
    bin = given_stock(10, lot=lot_a).bin
    given_stock(3, bin=bin)
    batch = given_batch(location=bin.location, kind=JournalKind.RECLASSIFICATION)

    assert add_bin_content(batch, [bin], [item]) == 1

    line = batch.lines.get()
    assert (line.item, line.lot, line.quantity) == (item.number, "A", 10)
