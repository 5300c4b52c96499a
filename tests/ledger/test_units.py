"""Documents that carry units: who may come, go and move, where they are afterwards, and what they cost."""

from decimal import Decimal

import pytest

from ledger.models import ItemLedgerEntry, Kind, StockValue, WarehouseEntry
from ledger.posting import PostingRefused
from tests.factories import (
    BinFactory,
    ItemFactory,
    LotFactory,
    SerialItemFactory,
    given_units,
    post_lines,
)
from tests.laws import assert_reconciled
from warehouse.models import Quant, Unit, UnitState

pytestmark = pytest.mark.django_db

ONE = Decimal(1)
TAG = "30340789000C0E42DFDC1C35"


def codes(refused):
    return [(error.line, error.code) for error in refused.value.errors]


def line_of(unit, *, quantity=-ONE, **details):
    """A line about this unit, from where it lies."""
    return {
        "bin": unit.quant and unit.quant.bin_id,
        "item": unit.item_id,
        "unit": unit.code,
        "quantity": quantity,
    } | details


def issue(unit, **details):
    register = post_lines(unit.quant.location, line_of(unit), kind=Kind.ISSUE, **details)
    unit.refresh_from_db()
    return register


def move_to(bin, *units):
    lines = [line_of(unit, quantity=ONE, to_bin=bin.pk) for unit in units]
    register = post_lines(bin.location, *lines, kind=Kind.MOVEMENT)
    for unit in units:
        unit.refresh_from_db()
    return register


def where(unit):
    unit.refresh_from_db()
    return unit.state, unit.quant and unit.quant.bin


def test_a_receipt_makes_units_and_puts_them_into_the_bin():
    bin, item = BinFactory(), SerialItemFactory()
    lot = LotFactory(item=item)
    line = {"bin": bin.pk, "item": item.pk, "quantity": ONE, "unit_cost": Decimal("4.35")}

    post_lines(
        bin.location, {**line, "unit": "A-1", "manufacturer_number": "M77", "unit_lot": lot.pk}, {**line, "unit": "A-2"}
    )

    first, second = Unit.objects.order_by("code")
    assert (first.state, first.quant.bin, first.cost) == (UnitState.IN_STOCK, bin, Decimal("4.35"))
    assert (first.manufacturer_number, first.lot, first.serial_number) == ("M77", lot, "A-1")
    assert Quant.objects.get().quantity == 2
    entries = WarehouseEntry.objects.order_by("pk")
    assert [(entry.unit, entry.quantity) for entry in entries] == [(first, 1), (second, 1)]
    assert [first.last_entry, second.last_entry] == [entry.pk for entry in entries]
    assert set(ItemLedgerEntry.objects.values_list("unit", flat=True)) == {first.pk, second.pk}
    assert_reconciled()


def test_an_issued_unit_is_released_and_takes_exactly_what_it_cost():
    bin, item = BinFactory(), SerialItemFactory()
    [cheap] = given_units(bin, item, ["A-1"], unit_cost=Decimal("2"))
    [dear] = given_units(bin, item, ["A-2"], unit_cost=Decimal("90"))

    issue(dear)

    assert where(dear) == (UnitState.RELEASED, None)
    assert where(cheap) == (UnitState.IN_STOCK, bin)
    assert StockValue.objects.get().value == 2
    issue(cheap)
    assert (StockValue.objects.get().quantity, StockValue.objects.get().value) == (0, 0)
    assert_reconciled()


def test_all_units_that_cannot_go_are_told_at_once():
    bin, other = BinFactory(), BinFactory()
    item, bulk = SerialItemFactory(), ItemFactory()
    issue(given_units(bin, item, ["A-1", "A-2", "A-3"])[2])
    given_units(other, item, ["A-4"])
    line = {"bin": bin.pk, "item": item.pk, "quantity": -ONE}

    with pytest.raises(PostingRefused) as refused:
        post_lines(
            bin.location,
            line,
            {**line, "item": bulk.pk, "unit": "A-1"},
            {**line, "unit": "A-9"},
            {**line, "unit": "A-2"},
            {**line, "unit": "A-2"},
            {**line, "unit": "A-4"},
            {**line, "unit": "A-3"},
            {**line, "unit": "A-1", "quantity": Decimal(-2)},
            {**line, "unit": "A" * 81},
            kind=Kind.ISSUE,
        )

    assert codes(refused) == [
        (1, "unit_missing"),
        (2, "unit_not_expected"),
        (3, "unit_unknown"),
        (4, "unit_twice"),
        (5, "unit_twice"),
        (6, "unit_elsewhere"),
        (7, "unit_released"),
        (8, "quantity_not_one"),
        (9, "unit_unusable"),
    ]
    assert f"{other.code} ({other.location.name})" in refused.value.errors[5].message
    assert "Receive it" in refused.value.errors[6].message
    assert_reconciled()
