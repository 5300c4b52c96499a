from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ledger.models import Effect, ItemLedgerEntry, Kind, Reason, Register, StockValue, ValueEntry, WarehouseEntry
from ledger.posting import Line, NothingToPost, PostingRefused, post, preview
from ledger.reversing import AlreadyReversed, ReversalOfReversal, SettledByCount, reverse
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UserFactory,
    adjust,
    document,
    given_stock,
    move,
    post_lines,
)
from warehouse.models import BinHold, Quant

pytestmark = pytest.mark.django_db


def codes(refused):
    return [(error.line, error.code) for error in refused.value.errors]


def test_a_receipt_raises_the_quant_and_writes_both_ledgers():
    quant = given_stock()

    register = move(quant, 12, unit_cost=Decimal("4.35"))

    assert quant.quantity == 12
    entry = WarehouseEntry.objects.get()
    assert (entry.register, entry.quantity, entry.effect) == (register, 12, Effect.MOVED)
    assert quant.last_entry == entry.pk
    owned = ItemLedgerEntry.objects.get()
    assert (owned.item, owned.location, owned.quantity) == (quant.item, quant.location, 12)
    assert owned.value_entry.amount == Decimal("52.20")


def test_what_goes_out_takes_the_moving_average_and_the_last_piece_takes_the_rest():
    quant = given_stock(1, unit_cost=Decimal("1"))
    move(quant, 2, unit_cost=Decimal("0.5"))

    amounts = [move(quant, -1).item_ledger_entries.get().value_entry.amount for _ in range(3)]

    assert amounts == [Decimal("-0.6667"), Decimal("-0.6667"), Decimal("-0.6666")]
    value = StockValue.objects.get()
    assert (value.quantity, value.value) == (0, 0)


def test_what_comes_in_without_a_cost_takes_the_average_or_else_the_cost_of_the_item():
    item = ItemFactory(unit_cost=Decimal("3"))
    quant = given_stock(2, item=item)
    assert StockValue.objects.get().value == 6

    move(quant, 1, unit_cost=Decimal("6"))
    move(quant, 1)

    assert StockValue.objects.get().value == 16


def test_a_movement_touches_bins_and_not_the_item_ledger():
    quant = given_stock(10)
    other = BinFactory(location=quant.location)
    before = ItemLedgerEntry.objects.count()

    post_lines(
        quant.location,
        {"bin": quant.bin_id, "to_bin": other.pk, "item": quant.item_id, "quantity": Decimal(4)},
        kind=Kind.MOVEMENT,
    )

    assert dict(Quant.objects.values_list("bin", "quantity")) == {quant.bin_id: 6, other.pk: 4}
    assert ItemLedgerEntry.objects.count() == before


def test_a_location_transfer_takes_its_value_along():
    quant = given_stock(3, unit_cost=Decimal("1"))
    there = BinFactory()
    given_stock(1, bin=there, item=quant.item, unit_cost=Decimal("100"))

    post_lines(
        quant.location,
        {"bin": quant.bin_id, "to_bin": there.pk, "item": quant.item_id, "quantity": Decimal(2)},
        kind=Kind.LOCATION_TRANSFER,
        other_location=there.location,
    )

    assert dict(StockValue.objects.values_list("location", "value")) == {quant.location_id: 1, there.location_id: 102}


def test_a_manual_adjustment_says_how_much_there_is():
    quant = given_stock(10)

    register = adjust(quant, 7, note="Looked twice")

    assert quant.quantity == 7
    assert register.effect == Effect.COUNTED
    assert register.warehouse_entries.get().quantity == -3


def test_a_manual_adjustment_without_difference_leaves_evidence_and_no_item_ledger_entry():
    quant = given_stock(10)

    register = adjust(quant, 10)

    assert register.warehouse_entries.get().quantity == 0
    assert not register.item_ledger_entries.exists()


def test_a_reason_tells_loss_from_breakage_but_never_that_nobody_looked():
    lost = Reason.objects.create(code="test-lost", name="Lost", effect=Effect.CORRECTED)
    quant = given_stock(10)

    assert move(quant, -1, reason=lost).effect == Effect.CORRECTED
    assert adjust(quant, 7, reason=lost).effect == Effect.COUNTED


def test_a_manual_adjustment_is_refused_when_stock_moved_since_somebody_looked():
    quant = given_stock(10)
    seen = quant.last_entry
    move(quant, -2)

    with pytest.raises(PostingRefused) as refused:
        post_lines(
            quant.location,
            {"bin": quant.bin_id, "item": quant.item_id, "quantity": Decimal(9), "seen_entry": seen},
            kind=Kind.MANUAL_ADJUSTMENT,
        )

    assert codes(refused) == [(1, "moved_meanwhile")]


def test_a_request_is_posted_once():
    quant = given_stock()
    request = uuid4()

    first = move(quant, 5, request_id=request)
    second = move(quant, 5, request_id=request)

    assert first == second
    assert quant.quantity == 5


def test_all_wrong_lines_are_told_at_once_and_nothing_is_written():
    here = BinFactory()
    elsewhere = BinFactory()
    lot_item, bulk = LotItemFactory(), ItemFactory()
    other_lot = LotFactory()
    blocked, serial = ItemFactory(blocked=True), ItemFactory(tracking="serial")
    one = Decimal(1)

    with pytest.raises(PostingRefused) as refused:
        post_lines(
            here.location,
            {"bin": elsewhere.pk, "item": bulk.pk, "quantity": one},
            {"bin": here.pk, "item": lot_item.pk, "quantity": one},
            {"bin": here.pk, "item": lot_item.pk, "lot": other_lot.pk, "quantity": one},
            {"bin": here.pk, "item": bulk.pk, "lot": other_lot.pk, "quantity": one},
            {"bin": here.pk, "item": blocked.pk, "quantity": one},
            {"bin": here.pk, "item": serial.pk, "quantity": one},
            {"bin": here.pk, "item": bulk.pk, "quantity": Decimal("-1")},
            {"bin": here.pk, "item": bulk.pk, "quantity": Decimal("NaN")},
            {"bin": here.pk, "item": bulk.pk, "quantity": Decimal("1e30")},
            {"bin": here.pk, "item": bulk.pk, "quantity": Decimal("0.000001")},
            {"bin": here.pk, "item": bulk.pk, "quantity": one},
        )

    assert codes(refused) == [
        (1, "bin_elsewhere"),
        (2, "lot_missing"),
        (3, "lot_of_another_item"),
        (4, "lot_not_expected"),
        (4, "lot_of_another_item"),
        (5, "item_blocked"),
        (6, "unit_missing"),
        (7, "wrong_sign"),
        (8, "quantity_unusable"),
        (9, "quantity_unusable"),
        (10, "quantity_unusable"),
    ]
    assert not Register.objects.exists()
    assert not Quant.objects.exists()


def test_a_bin_never_holds_less_than_nothing_and_the_refusal_says_what_it_holds():
    quant = given_stock(3)

    with pytest.raises(PostingRefused) as refused:
        move(quant, -5)

    [error] = refused.value.errors
    assert error.code == "not_enough"
    assert "holds 3" in error.message
    assert "5" in error.message


def test_two_lines_that_together_take_too_much_are_both_refused():
    quant = given_stock(3)
    line = {"bin": quant.bin_id, "item": quant.item_id, "quantity": Decimal(-2)}

    with pytest.raises(PostingRefused) as refused:
        post_lines(quant.location, line, line, kind=Kind.ISSUE)

    assert codes(refused) == [(1, "not_enough"), (2, "not_enough")]


def test_a_hold_keeps_others_off_and_lets_its_holder_through():
    quant = given_stock(3)
    BinHold.objects.create(bin=quant.bin, item=quant.item, held_by="SC-0007")

    with pytest.raises(PostingRefused) as refused:
        move(quant, -1)

    assert codes(refused) == [(1, "held")]
    assert "SC-0007" in refused.value.errors[0].message
    assert move(quant, -1, source="SC-0007")


def test_a_document_without_lines_is_refused():
    with pytest.raises(NothingToPost):
        post(document(LocationFactory()), [])


def test_a_preview_shows_the_entries_and_writes_nothing():
    quant = given_stock(3)
    line = Line(bin=quant.bin_id, item=quant.item_id, quantity=Decimal(-1))

    seen = preview(document(quant.location, Kind.ISSUE), [line])

    assert seen.quants == [(quant.pk, 3, -1)]
    assert seen.books == [(quant.item_id, -1, Decimal("-2.5"))]
    assert Register.objects.count() == 1
    assert Quant.objects.get().quantity == 3


def test_a_reversal_at_once_leaves_no_trace_in_stock_or_value():
    quant = given_stock(10, unit_cost=Decimal("5"))
    mistake = move(quant, 10, unit_cost=Decimal("10"))

    reversal = reverse(mistake, by=None, at=TODAY)

    quant.refresh_from_db()
    assert quant.quantity == 10
    assert StockValue.objects.get().value == 50
    assert reversal.reverses == mistake
    assert reversal.effect == Effect.CORRECTED


def test_a_reversal_never_leaves_value_without_stock_or_below_zero():
    quant = given_stock(10, unit_cost=Decimal("10"))
    first = Register.objects.get()
    move(quant, 10, unit_cost=Decimal("2"))
    move(quant, -5)

    reverse(first, by=None, at=TODAY)

    value = StockValue.objects.get()
    assert (value.quantity, value.value) == (5, 30)


def test_a_document_is_reversed_once_and_a_reversal_never():
    given_stock(10)
    register = Register.objects.get()
    reversal = reverse(register, by=None, at=TODAY)

    assert reverse(register, by=None, at=TODAY) == reversal
    with pytest.raises(ReversalOfReversal):
        reverse(reversal, by=None, at=TODAY)


def test_what_a_later_count_has_settled_cannot_be_reversed():
    quant = given_stock(10)
    mistake = move(quant, 5)
    settled = adjust(quant, 10)

    with pytest.raises(SettledByCount) as refused:
        reverse(mistake, by=None, at=TODAY)

    assert settled.number in str(refused.value)
    reverse(settled, by=None, at=TODAY)
    reverse(mistake, by=None, at=TODAY)
    quant.refresh_from_db()
    assert quant.quantity == 10


def given_receipt(*quantities, unit_cost="2.5"):
    """A document with a line for each, every one in a quant of its own."""
    bin = BinFactory()
    lines = [
        {"bin": bin.pk, "item": ItemFactory().pk, "quantity": Decimal(each), "unit_cost": Decimal(unit_cost)}
        for each in quantities
    ]
    return post_lines(bin.location, *lines), list(Quant.objects.order_by("pk"))


def test_single_lines_of_a_document_are_reversed_and_the_rest_of_it_stays():
    receipt, (first, second, third) = given_receipt(10, 20, 30)

    reversal = reverse(receipt, by=None, at=TODAY, lines=[2])

    assert reversal.reverses == receipt
    assert [Quant.objects.get(pk=quant.pk).quantity for quant in (first, second, third)] == [10, 0, 30]
    [undoing] = reversal.warehouse_entries.all()
    assert (undoing.undoes.register, undoing.undoes.line) == (receipt, 2)
    assert not receipt.is_reversed
    assert reversal.item_ledger_entries.get().value_entry.amount == -50


def test_a_line_is_reversed_once_and_the_whole_document_then_means_the_rest_of_it():
    receipt, quants = given_receipt(10, 20, 30)
    first = reverse(receipt, by=None, at=TODAY, lines=[2])

    assert reverse(receipt, by=None, at=TODAY, lines=[2]) == first
    with pytest.raises(AlreadyReversed):
        reverse(receipt, by=None, at=TODAY, lines=[1, 2])
    rest = reverse(receipt, by=None, at=TODAY)

    assert sorted(rest.warehouse_entries.values_list("line", flat=True)) == [1, 3]
    assert reverse(receipt, by=None, at=TODAY) == rest
    with pytest.raises(AlreadyReversed):
        reverse(receipt, by=None, at=TODAY, lines=[3])
    assert receipt.is_reversed
    assert not any(Quant.objects.get(pk=quant.pk).quantity for quant in quants)
    assert StockValue.objects.filter(value=0).count() == 3


def test_a_line_of_a_movement_is_reversed_at_both_ends():
    quant = given_stock(10)
    other = BinFactory(location=quant.location)
    line = {"bin": quant.bin_id, "to_bin": other.pk, "item": quant.item_id}
    movement = post_lines(
        quant.location, {**line, "quantity": Decimal(2)}, {**line, "quantity": Decimal(3)}, kind=Kind.MOVEMENT
    )

    reverse(movement, by=None, at=TODAY, lines=[2])

    assert dict(Quant.objects.values_list("bin", "quantity")) == {quant.bin_id: 8, other.pk: 2}


def test_all_lines_that_cannot_be_reversed_are_named_with_what_is_in_the_way():
    receipt, (counted, sold, _free) = given_receipt(10, 20, 30)
    look = adjust(counted, 12)
    sale = move(sold, -5, by=UserFactory(first_name="Ama", last_name="Boateng"))

    with pytest.raises(SettledByCount) as refused:
        reverse(receipt, by=None, at=TODAY)

    assert codes(refused) == [(1, "settled_by_count"), (2, "not_enough")]
    text = str(refused.value)
    assert look.number in text
    assert f"went with {sale.number}" in text
    assert "by Ama Boateng" in text
    assert reverse(receipt, by=None, at=TODAY, lines=[3])


def test_the_database_lets_no_entry_be_undone_twice():
    receipt, _quants = given_receipt(10)
    reversal = reverse(receipt, by=None, at=TODAY)
    undoing = reversal.warehouse_entries.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        WarehouseEntry.objects.create(
            register=reversal, line=9, quant=undoing.quant, quantity=0, effect="corrected", undoes=undoing.undoes
        )


def test_the_number_of_statements_does_not_grow_with_the_lines():
    bin = BinFactory()
    items = ItemFactory.create_batch(40)

    def statements(lines):
        with CaptureQueriesContext(connection) as queries:
            post_lines(bin.location, *({"bin": bin.pk, "item": item.pk, "quantity": Decimal(1)} for item in lines))
        return len(queries)

    assert statements(items[:1]) == statements(items)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_register SET note = 'x'",
        "DELETE FROM ledger_register",
        "UPDATE ledger_warehouseentry SET quantity = 0",
        "DELETE FROM ledger_warehouseentry",
        "UPDATE ledger_itemledgerentry SET quantity = 1",
        "DELETE FROM ledger_itemledgerentry",
        "UPDATE ledger_valueentry SET amount = 1",
        "DELETE FROM ledger_valueentry",
        "UPDATE warehouse_quant SET quantity = 99",
        "UPDATE warehouse_quant SET last_entry = 99",
        "UPDATE warehouse_quant SET bin_id = bin_id",
        "DELETE FROM warehouse_quant",
        "UPDATE ledger_stockvalue SET value = 1",
        "UPDATE warehouse_item SET tracking = 'lot'",
    ],
)
def test_the_database_refuses_to_change_what_was_posted(statement):
    given_stock(5)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_refuses_a_quant_that_is_not_empty_or_twice_there():
    quant = given_stock()

    for quantity in (0, 1):
        with pytest.raises(DatabaseError), transaction.atomic():
            Quant.objects.create(location=quant.location, bin=quant.bin, item=quant.item, quantity=quantity)


def test_warehouse_entries_are_numbered_without_cache():
    # Ids of a location must be in commit order; a cached identity would hand them out in blocks per connection.
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_size FROM pg_sequences WHERE sequencename = 'ledger_warehouseentry_id_seq'")
        assert cursor.fetchone() == (1,)


def test_posted_at_never_runs_backwards_within_a_location():
    quant = given_stock(5)
    later = Register.objects.get().posted_at

    assert move(quant, -1).posted_at >= later


def test_the_laws_of_value_are_in_the_database():
    given_stock(5)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('truecount.posting', 'on', true)")
    for change in ({"quantity": 0}, {"quantity": -1}, {"value": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StockValue.objects.update(**change)
    assert ValueEntry.objects.count() == 1
