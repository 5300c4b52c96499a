"""Documents that carry units: who may come, go and move, where they are afterwards, and what they cost."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Value
from django.test.utils import CaptureQueriesContext

from ledger.carrying import LawBroken
from ledger.models import ItemLedgerEntry, Kind, Reason, Register, StockValue, WarehouseEntry
from ledger.posting import PostingRefused, post
from ledger.refusals import without_figures
from ledger.reversing import SettledByCount, reverse
from tests.at_once import at_once, doing, held, waits
from tests.behind import behind_its_back
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    RfidItemFactory,
    SerialItemFactory,
    UserFactory,
    document,
    given_units,
    post_lines,
)
from tests.laws import assert_reconciled
from warehouse.models import BinKind, Item, ItemVariant, Quant, Unit, UnitState
from warehouse.quants import ensure_quant
from warehouse.tags import tag_of

pytestmark = pytest.mark.django_db

ONE = Decimal(1)


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


def transfer_to(bin, unit):
    """What a count posts that saw this unit in another bin."""
    quant = ensure_quant(bin=bin, item=unit.item)
    lines = Unit.objects.filter(pk=unit.pk).values_list("quant_id", Value(quant.pk), Value(ONE), "pk")
    register = post(document(bin.location, Kind.STOCK_TRANSFER), lines)
    unit.refresh_from_db()
    return register


def adjust_units(quant, units, quantity):
    """What a count posts that found these units in a quant, or did not find them there."""
    named = Item.objects.filter(quants=quant, serialized_units__in=units)
    lines = named.values(quant_id=F("quants"), quantity=Value(Decimal(quantity)), unit_id=F("serialized_units"))
    return post(document(quant.location, Kind.QUANTITY_ADJUSTMENT), lines)


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


def test_what_comes_in_is_new_or_was_gone_and_never_in_stock():
    bin, other = BinFactory(), BinFactory()
    item = SerialItemFactory()
    gone, _here = given_units(bin, item, ["A-1", "A-2"])
    issue(gone)
    line = {"bin": other.pk, "item": item.pk, "quantity": ONE}

    with pytest.raises(PostingRefused) as refused:
        post_lines(other.location, {**line, "unit": "A-1"}, {**line, "unit": "A-2"}, {**line, "unit": "A-3"})

    assert codes(refused) == [(2, "unit_in_stock")]
    assert f"{bin.code} ({bin.location.name})" in refused.value.errors[0].message
    assert not Unit.objects.filter(code="A-3").exists()
    post_lines(other.location, {**line, "unit": "A-1"}, {**line, "unit": "A-3"}, kind=Kind.OPENING)
    assert where(gone) == (UnitState.IN_STOCK, other)
    assert_reconciled()


def test_a_place_at_a_location_that_is_closed_to_a_person_is_not_named():
    bin, other = BinFactory(), BinFactory()
    item = SerialItemFactory()
    given_units(other, item, ["A-1"])

    with pytest.raises(PostingRefused) as refused:
        post_lines(
            bin.location,
            {"bin": bin.pk, "item": item.pk, "unit": "A-1", "quantity": ONE},
            by=UserFactory(locations=[bin.location]),
        )

    [error] = refused.value.errors
    assert "another location" in error.message
    assert other.code not in error.message


def test_whoever_counts_blind_is_told_no_place_of_a_unit():
    bin, other = BinFactory(code="A-01"), BinFactory(code="B-77")
    item = SerialItemFactory()
    given_units(other, item, ["A-1"])
    line = {"bin": bin.pk, "item": item.pk, "unit": "A-1"}

    for quantity, kind in ((ONE, Kind.RECEIPT), (-ONE, Kind.ISSUE)):
        with pytest.raises(PostingRefused) as refused:
            post_lines(bin.location, {**line, "quantity": quantity}, kind=kind)
        assert "B-77" in str(refused.value)
        assert "B-77" not in str(without_figures(refused.value))


def test_serialized_stock_is_counted_and_not_adjusted_by_hand():
    bin, item = BinFactory(), SerialItemFactory()
    [unit] = given_units(bin, item, ["A-1"])

    for line in ({"unit": unit.code}, {}):
        with pytest.raises(PostingRefused) as refused:
            post_lines(
                bin.location,
                {"bin": bin.pk, "item": item.pk, "quantity": ONE, **line},
                kind=Kind.MANUAL_ADJUSTMENT,
            )
        assert codes(refused) == [(1, "item_serialized")]
        assert "Count" in str(refused.value)


def test_tags_are_units_by_what_they_carry_and_hold_a_serial_number():
    bin, item, other = BinFactory(), RfidItemFactory(), RfidItemFactory()
    tag = tag_of("04006381333931", "1234")

    [unit] = given_units(bin, item, [tag.code])

    assert (unit.kind, unit.code, unit.serial_number) == ("epc", tag.code, "1234")
    line = {"bin": bin.pk, "item": item.pk, "quantity": ONE}
    with pytest.raises(PostingRefused) as refused:
        post_lines(
            bin.location,
            {**line, "item": other.pk, "unit": tag.code},
            {**line, "unit": "TAG"},
            {**line, "unit": tag.code.lower()},
            {**line, "unit": tag_of("04006381333931", "1234", company_prefix_length=8).code},
        )
    assert codes(refused) == [(1, "unit_taken"), (2, "unit_unusable"), (3, "unit_unusable"), (4, "unit_taken")]


def test_units_keep_their_variant_and_are_not_kept_by_lot():
    bin, item = BinFactory(), SerialItemFactory()
    red, blue = (ItemVariant.objects.create(item=item, code=code) for code in ("RED", "BLUE"))
    line = {"bin": bin.pk, "item": item.pk, "unit": "A-1", "variant": red.pk}
    post_lines(bin.location, {**line, "quantity": ONE})

    with pytest.raises(PostingRefused) as refused:
        post_lines(
            bin.location,
            {**line, "variant": blue.pk, "quantity": -ONE},
            {**line, "lot": LotFactory(item=item).pk, "quantity": -ONE},
            {**line, "unit_lot": LotFactory().pk, "quantity": -ONE},
            kind=Kind.ISSUE,
        )

    assert codes(refused) == [
        (1, "unit_elsewhere"),
        (1, "unit_of_another_variant"),
        (2, "lot_not_expected"),
        (3, "lot_of_another_item"),
    ]


def test_a_movement_takes_units_along_and_changes_neither_money_nor_books():
    bin, item = BinFactory(), SerialItemFactory()
    other = BinFactory(location=bin.location)
    first, second = given_units(bin, item, ["A-1", "A-2"], unit_cost=Decimal("7"))
    before = ItemLedgerEntry.objects.count()

    move_to(other, first)

    assert where(first) == (UnitState.IN_STOCK, other)
    assert where(second) == (UnitState.IN_STOCK, bin)
    assert dict(Quant.objects.values_list("bin", "quantity")) == {bin.pk: 1, other.pk: 1}
    assert (first.cost, ItemLedgerEntry.objects.count()) == (7, before)
    assert first.last_entry == WarehouseEntry.objects.latest("pk").pk
    assert_reconciled()


def test_a_location_transfer_takes_units_along_with_what_they_cost():
    bin, far, item = BinFactory(), BinFactory(), SerialItemFactory()
    [cheap] = given_units(bin, item, ["A-1"], unit_cost=Decimal("2"))
    [dear] = given_units(bin, item, ["A-2"], unit_cost=Decimal("90"))

    transfer = post_lines(
        bin.location,
        line_of(dear, quantity=ONE, to_bin=far.pk),
        kind=Kind.LOCATION_TRANSFER,
        other_location=far.location,
    )

    assert where(dear) == (UnitState.IN_STOCK, far)
    assert dict(StockValue.objects.values_list("location", "value")) == {bin.location_id: 2, far.location_id: 90}
    assert_reconciled()
    reverse(transfer, by=None, at=TODAY)
    assert where(dear) == (UnitState.IN_STOCK, bin)
    assert StockValue.objects.get(location=bin.location).value == 92
    assert where(cheap) == (UnitState.IN_STOCK, bin)
    assert_reconciled()


def test_what_comes_in_costs_what_is_said_else_what_it_cost_before_else_the_average_else_what_the_item_costs():
    bin, item = BinFactory(), SerialItemFactory(unit_cost=Decimal("3"))
    [first] = given_units(bin, item, ["A-1"])
    [second] = given_units(bin, item, ["A-2"], unit_cost=Decimal("8"))
    [third] = given_units(bin, item, ["A-3"])
    issue(second)
    given_units(bin, item, ["A-2"])

    costs = [Unit.objects.get(pk=unit.pk).cost for unit in (first, second, third)]

    assert costs == [3, 8, Decimal("5.5")]
    assert StockValue.objects.get().value == Decimal("16.5")
    assert_reconciled()


@pytest.mark.parametrize(("effect", "state"), [("moved", UnitState.RELEASED), ("corrected", UnitState.DETACHED)])
def test_goods_that_really_left_are_released_and_what_never_was_there_is_detached(effect, state):
    reason = Reason.objects.create(code="test-gone", name="Gone", effect=effect)
    [unit] = given_units(BinFactory(), SerialItemFactory(), ["A-1"])

    issue(unit, reason=reason)

    assert where(unit) == (state, None)


def test_nobody_but_a_count_puts_goods_into_the_missing_bin_and_a_movement_takes_them_out():
    bin, item = BinFactory(), SerialItemFactory()
    missing = BinFactory(location=bin.location, kind=BinKind.MISSING)
    [unit] = given_units(bin, item, ["A-1"])
    line = {"bin": missing.pk, "item": item.pk, "quantity": ONE}

    with pytest.raises(PostingRefused) as refused:
        move_to(missing, unit)
    assert codes(refused) == [(1, "missing_bin")]
    with pytest.raises(PostingRefused) as refused:
        post_lines(bin.location, {**line, "unit": "A-2"})
    assert codes(refused) == [(1, "missing_bin")]

    transfer_to(missing, unit)
    with pytest.raises(PostingRefused) as refused:
        issue(unit)
    assert codes(refused) == [(1, "missing_bin")]
    move_to(bin, unit)
    assert where(unit) == (UnitState.IN_STOCK, bin)


def test_a_count_takes_units_from_quant_to_quant_writes_off_and_finds_again():
    bin, item = BinFactory(), SerialItemFactory()
    other = BinFactory(location=bin.location)
    moved, lost = given_units(bin, item, ["A-1", "A-2"], unit_cost=Decimal("4"))

    transfer_to(other, moved)
    write_off = adjust_units(lost.quant, Unit.objects.filter(pk=lost.pk), -1)

    assert where(moved) == (UnitState.IN_STOCK, other)
    assert where(lost) == (UnitState.DETACHED, None)
    assert write_off.item_ledger_entries.get().value_entry.amount == -4
    adjust_units(moved.quant, Unit.objects.filter(pk=lost.pk), 1)
    assert where(lost) == (UnitState.IN_STOCK, other)
    assert StockValue.objects.get().value == 8
    assert_reconciled()


def test_a_count_cannot_bring_back_what_has_left_for_good():
    [unit, other] = given_units(BinFactory(), SerialItemFactory(), ["A-1", "A-2"])
    quant = unit.quant
    issue(unit)

    with pytest.raises(PostingRefused) as refused:
        adjust_units(quant, Unit.objects.filter(item=unit.item), 1)

    assert codes(refused) == [(1, "unit_released"), (2, "unit_in_stock")]
    assert where(other) == (UnitState.IN_STOCK, quant.bin)


def test_a_receipt_that_was_a_mistake_gives_units_the_state_of_before():
    bin, item = BinFactory(), SerialItemFactory()
    line = {"bin": bin.pk, "item": item.pk, "quantity": ONE}
    first = post_lines(bin.location, {**line, "unit": "A-1", "unit_cost": Decimal("5")})
    unit = Unit.objects.get()

    reverse(first, by=None, at=TODAY)
    assert where(unit) == (UnitState.DETACHED, None)

    given_units(bin, item, ["A-1"], unit_cost=Decimal("5"))
    unit.refresh_from_db()
    sale = issue(unit)
    for cost in (7, 9):
        again = post_lines(bin.location, {**line, "unit": "A-1", "unit_cost": Decimal(cost)})
        reverse(again, by=None, at=TODAY)
        assert where(unit) == (UnitState.RELEASED, None)
    assert not StockValue.objects.get().quantity

    reverse(sale, by=None, at=TODAY)
    assert where(unit) == (UnitState.IN_STOCK, bin)
    assert (unit.cost, StockValue.objects.get().value) == (5, 5)
    assert_reconciled()


def test_what_happened_to_a_unit_since_is_taken_back_first():
    bin, item = BinFactory(), SerialItemFactory()
    other = BinFactory(location=bin.location)
    line = {"bin": bin.pk, "item": item.pk, "quantity": ONE}
    receipt = post_lines(bin.location, *({**line, "unit": code} for code in ("A-1", "A-2", "A-3")))
    moved, sold, _still = Unit.objects.order_by("code")
    movement, sale = move_to(other, moved), issue(sold)

    with pytest.raises(PostingRefused) as refused:
        reverse(receipt, by=None, at=TODAY)

    assert codes(refused) == [(1, "unit_moved_since"), (2, "unit_moved_since")]
    told = [error.message for error in refused.value.errors]
    assert movement.number in told[0]
    assert sale.number in told[1]
    for mistake in (movement, sale, receipt):
        reverse(mistake, by=None, at=TODAY)
    assert set(Unit.objects.values_list("state", flat=True)) == {UnitState.DETACHED}
    assert not Quant.objects.exclude(quantity=0).exists()
    assert_reconciled()


def test_what_a_count_said_of_other_units_does_not_keep_a_mistake_from_being_taken_back():
    bin, item = BinFactory(), SerialItemFactory()
    other = BinFactory(location=bin.location)
    kept, _lost, moved = given_units(bin, item, ["A-1", "A-2", "A-3"])
    mistake = post_lines(bin.location, line_of(moved), line_of(kept), kind=Kind.ISSUE)
    receipt = post_lines(bin.location, line_of(moved, quantity=ONE, bin=bin.pk))
    count = transfer_to(other, Unit.objects.get(code="A-2"))

    reverse(receipt, by=None, at=TODAY)
    reverse(mistake, by=None, at=TODAY)

    assert where(moved) == where(kept) == (UnitState.IN_STOCK, bin)
    with pytest.raises(SettledByCount) as refused:
        reverse(Register.objects.earliest("pk"), by=None, at=TODAY)
    assert codes(refused) == [(2, "settled_by_count")]
    assert count.number in str(refused.value)
    assert_reconciled()


def test_thousands_of_units_cost_as_many_statements_as_one():
    bin, item = BinFactory(), SerialItemFactory()
    other = BinFactory(location=bin.location)

    def statements(codes):
        with CaptureQueriesContext(connection) as queries:
            lines = [{"bin": bin.pk, "item": item.pk, "unit": code} for code in codes]
            post_lines(bin.location, *({**line, "quantity": ONE} for line in lines))
            movement = post_lines(
                bin.location, *({**line, "quantity": ONE, "to_bin": other.pk} for line in lines), kind=Kind.MOVEMENT
            )
            reverse(movement, by=None, at=TODAY)
            post_lines(bin.location, *({**line, "quantity": -ONE} for line in lines), kind=Kind.ISSUE)
        return len(queries)

    assert statements(["ONE"]) == statements([f"A{number}" for number in range(1000)])
    assert Unit.objects.filter(state=UnitState.RELEASED).count() == 1001


def test_a_unit_that_is_nowhere_is_received_at_one_of_two_locations_at_once(transactional_db):
    item = SerialItemFactory()
    here, there = BinFactory(), BinFactory()
    [unit] = given_units(here, item, ["A-1"])
    issue(unit)

    def receive(bin):
        try:
            return given_units(bin, item, ["A-1"])
        except PostingRefused as refused:
            return refused.code

    results = at_once(lambda: receive(here), lambda: receive(there))

    assert results.count("posting_refused") == 1
    assert where(unit)[0] == UnitState.IN_STOCK
    assert_reconciled()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE warehouse_unit SET state = 'released', quant_id = NULL",
        "UPDATE warehouse_unit SET last_entry = 0",
        "UPDATE warehouse_unit SET cost = 0",
        "UPDATE warehouse_unit SET code = 'B'",
        "DELETE FROM warehouse_unit",
        "UPDATE warehouse_item SET tracking = 'rfid', auto_serialized = false",
    ],
)
def test_the_database_refuses_to_change_where_units_are(statement):
    given_units(BinFactory(), SerialItemFactory(), ["A-1"])

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_tracking_of_an_item_cannot_change_once_a_unit_of_it_is_known():
    item = SerialItemFactory()
    Unit.objects.create(item=item, kind="serial", code="A-1", serial_number="A-1")

    item.tracking = "bulk"
    with pytest.raises(ValidationError) as refused:
        item.full_clean()

    assert [error.code for error in refused.value.error_dict["tracking"]] == ["tracking_locked"]
    with pytest.raises(DatabaseError), transaction.atomic():
        item.save(update_fields=["tracking"])


def test_the_tracking_of_an_item_changes_after_whoever_posts_just_now(transactional_db):
    item, location = ItemFactory(), LocationFactory()

    with held("warehouse_location", location.pk):
        change = doing(lambda: Item.objects.filter(pk=item.pk).update(tracking="serial"))
        waits(change)

    assert change.wait() == 1


def test_a_document_that_would_break_the_law_of_units_is_not_written():
    bin, item = BinFactory(), SerialItemFactory()
    [unit] = given_units(bin, item, ["A-1"])
    behind_its_back(
        "warehouse_unit", "UPDATE warehouse_unit SET state = 'detached', quant_id = NULL WHERE id = %s", unit.pk
    )

    with pytest.raises(LawBroken):
        given_units(bin, item, ["A-2"])

    assert Register.objects.count() == 1
