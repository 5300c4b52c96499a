"""Journals by their verbs: what lines mean, what is wrong with them, and what posting them writes (SPEC 11 to 14)."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.journal_posting import JournalChanged, check_batch, post_batch, preview_batch
from ledger.journals import LineChanged, LineGone, LineIsMade, add_lines, delete_lines, save_line
from ledger.models import (
    Effect,
    ItemLedgerEntry,
    JournalBatch,
    JournalKind,
    JournalLine,
    Kind,
    Reason,
    Register,
    StockValue,
    WarehouseEntry,
)
from ledger.posting import NothingToPost
from ledger.resolving import JournalRefused, resolve_lines
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    SerialItemFactory,
    UnitOfMeasureFactory,
    given_stock,
    given_units,
)
from tests.ledger.journal_lines import as_typed, given_batch, posted, problems
from warehouse.models import Item, ItemReference, ItemUnit, ItemVariant, Lot, Quant, Unit, UnitState

pytestmark = pytest.mark.django_db


def test_five_in_and_two_out_leave_three_and_both_ledgers_list_them():
    item = ItemFactory()
    bin = BinFactory()
    batch = given_batch(
        {"item": item.number, "bin": bin.code, "quantity": 5},
        {"item": item.number, "bin": bin.code, "quantity": 2, "entry_type": "negative"},
        location=bin.location,
    )

    register = posted(batch)

    assert register.kind == Kind.ITEM_JOURNAL
    assert Quant.objects.get(bin=bin, item=item).quantity == 3
    assert list(register.warehouse_entries.order_by("line").values_list("line", "quantity")) == [(1, 5), (2, -2)]
    assert list(register.item_ledger_entries.order_by("line").values_list("line", "quantity")) == [(1, 5), (2, -2)]


def test_what_was_posted_leaves_the_journal_and_the_document_names_it():
    batch = given_batch({"item": ItemFactory().number, "quantity": 5}, note="Found behind the rack")

    register = posted(batch)

    assert (register.source, register.note) == (batch.number, "Found behind the rack")
    assert not batch.lines.exists()
    assert JournalBatch.objects.get().request_id != batch.request_id


def test_a_journal_posted_twice_is_posted_once():
    batch = given_batch({"item": ItemFactory().number, "quantity": 5})

    first = posted(batch)
    add_lines(batch, [as_typed({"item": ItemFactory().number, "quantity": 1})])
    again = posted(batch)

    assert again == first
    assert Register.objects.count() == 1
    assert batch.lines.count() == 1


def test_a_journal_is_not_posted_by_somebody_who_saw_another_one():
    batch = given_batch({"item": ItemFactory().number, "quantity": 5})

    with pytest.raises(JournalChanged):
        post_batch(batch, by=None, request_id=uuid4())

    assert not Register.objects.exists()


def test_the_reason_of_a_journal_gives_its_entries_their_effect():
    quant = given_stock(5)
    damaged = Reason.objects.create(code="BROKEN", name="Broken", effect=Effect.MOVED)
    line = {"item": quant.item.number, "bin": quant.bin.code, "quantity": 1, "entry_type": "negative"}

    broken = posted(given_batch(line, location=quant.location, reason=damaged))
    corrected = posted(given_batch(line, location=quant.location))

    assert (broken.effect, corrected.effect) == (Effect.MOVED, Effect.CORRECTED)


def test_a_negative_quantity_takes_out_what_the_line_brings_in():
    quant = given_stock(5)

    posted(given_batch({"item": quant.item.number, "bin": quant.bin.code, "quantity": -2}, location=quant.location))

    quant.refresh_from_db()
    assert quant.quantity == 3


def test_more_than_there_is_is_refused_at_its_quantity():
    quant = given_stock(5)
    line = {"item": quant.item.number, "bin": quant.bin.code, "quantity": 6, "entry_type": "negative"}

    with pytest.raises(JournalRefused) as refused:
        posted(given_batch(line, location=quant.location))

    assert problems(refused) == [(1, "quantity", "not_enough")]
    assert "holds 5" in refused.value.errors[0].message


def test_everything_that_is_wrong_with_all_lines_is_told_at_once_at_its_field():
    bin = BinFactory()
    blocked, lotted = ItemFactory(blocked=True), LotItemFactory()
    scarce = given_stock(1, bin=bin)
    batch = given_batch(
        {"quantity": 1},
        {"item": "NOTHING", "bin": bin.code, "quantity": 1},
        {"item": blocked.number, "bin": bin.code, "quantity": 1},
        {"item": lotted.number, "bin": "Z-99"},
        {"item": scarce.item.number, "bin": bin.code, "quantity": 2, "entry_type": "negative"},
        {"item": lotted.number, "bin": bin.code, "lot": "L7", "quantity": 1, "entry_type": "negative"},
        {
            "item": ItemFactory().number,
            "bin": bin.code,
            "lot": "L7",
            "quantity": "0.000001",
            "unit_of_measure": "crate",
        },
        {"item": ItemFactory().number, "bin": bin.code, "variant": "RED", "quantity": -1, "unit_cost": 3},
        location=bin.location,
    )

    with pytest.raises(JournalRefused) as refused:
        posted(batch)

    assert problems(refused) == [
        (1, "bin", "bin_missing"),
        (1, "item", "item_missing"),
        (2, "item", "item_unknown"),
        (3, "item", "item_blocked"),
        (4, "bin", "bin_unknown"),
        (4, "lot", "lot_missing"),
        (4, "quantity", "quantity_missing"),
        (5, "quantity", "not_enough"),
        (6, "lot", "lot_unknown"),
        (7, "lot", "lot_not_expected"),
        (7, "unit_of_measure", "unit_not_of_item"),
        (8, "unit_cost", "cost_not_expected"),
        (8, "variant", "variant_unknown"),
    ]
    assert check_batch(batch, by=None) == refused.value.errors
    assert not Register.objects.filter(kind=Kind.ITEM_JOURNAL).exists()
    assert batch.lines.count() == 8


def test_an_item_is_meant_by_its_number_a_bar_code_or_its_number_with_a_variant():
    bin = BinFactory()
    shirt = ItemFactory(number="SH-1")
    red = ItemVariant.objects.create(item=shirt, code="RED")
    ItemReference.objects.create(item=shirt, variant=red, code="4006381333931")
    batch = given_batch(
        {"item": "sh-1", "bin": bin.code.lower(), "quantity": 1},
        {"item": "SH-1", "variant": "red", "bin": bin.code, "quantity": 10},
        {"item": "SH-1/red", "bin": bin.code, "quantity": 100},
        {"item": "4006381333931", "bin": bin.code, "quantity": 1000},
        location=bin.location,
    )

    posted(batch)

    assert dict(Quant.objects.values_list("variant__code", "quantity")) == {None: 1, "RED": 1110}


def test_a_bar_code_of_two_items_is_refused_and_names_them():
    one, other = ItemFactory(), ItemFactory()
    for item in (one, other):
        ItemReference.objects.create(item=item, code="123")

    (problem,) = resolve_lines(given_batch({"item": "123", "quantity": 1}))

    assert problem.code == "item_ambiguous"
    assert str(one) in problem.message and str(other) in problem.message


def test_quantities_count_in_their_unit_of_measure():
    item = ItemFactory()
    box = UnitOfMeasureFactory(code="box", name="Box")
    ItemUnit.objects.create(item=item, unit_of_measure=box, quantity_per=12)
    batch = given_batch(
        {"item": item.number, "quantity": 2, "unit_of_measure": "BOX"},
        {"item": item.number, "quantity": 1, "unit_of_measure": "box", "entry_type": "negative"},
        {"item": item.number, "quantity": 12, "unit_of_measure": "each"},
    )

    posted(batch)

    assert Quant.objects.get().quantity == 24


def test_a_quantity_that_rounds_to_nothing_in_base_units_is_refused():
    item = ItemFactory()
    crumb = UnitOfMeasureFactory(code="crumb", name="crumb")
    ItemUnit.objects.create(item=item, unit_of_measure=crumb, quantity_per=Decimal("0.00001"))

    (problem,) = resolve_lines(given_batch({"item": item.number, "quantity": "0.4", "unit_of_measure": "crumb"}))

    assert (problem.field, problem.code) == ("quantity", "quantity_too_small")


def test_a_line_of_nothing_writes_nothing_and_alone_it_is_nothing_to_post():
    item = ItemFactory()

    with pytest.raises(NothingToPost):
        posted(given_batch({"item": item.number, "quantity": 0}))
    register = posted(given_batch({"item": item.number, "quantity": 0}, {"item": item.number, "quantity": 4}))

    assert [entry.quantity for entry in register.warehouse_entries.all()] == [4]


def test_a_new_lot_is_made_by_what_comes_in_with_its_date():
    item = LotItemFactory()
    dated = {"item": item.number, "lot": "L1", "expiration_date": "2027-03-01", "quantity": 4}

    posted(given_batch(dated, {"item": item.number, "lot": "l1", "quantity": 1}))

    lot = Lot.objects.get()
    assert (lot.number, str(lot.expiration_date)) == ("L1", "2027-03-01")
    assert Quant.objects.get().quantity == 5


def test_a_date_that_contradicts_the_lot_or_another_line_is_refused():
    lot = LotFactory(expiration_date="2027-01-31")
    item = lot.item
    batch = given_batch(
        {"item": item.number, "lot": lot.number, "expiration_date": "2027-02-28", "quantity": 1},
        {"item": item.number, "lot": "NEW", "expiration_date": "2027-02-28", "quantity": 1},
        {"item": item.number, "lot": "NEW", "expiration_date": "2027-03-31", "quantity": 1},
    )

    found = resolve_lines(batch)

    assert problems(found) == [
        (1, "expiration_date", "expiry_contradicts"),
        (3, "expiration_date", "lot_expires_twice"),
    ]
    assert Lot.objects.count() == 1


def test_checking_a_journal_makes_no_lot():
    batch = given_batch({"item": LotItemFactory().number, "lot": "L1", "quantity": 4})

    assert check_batch(batch, by=None) == ()

    assert not Lot.objects.exists()


def test_units_are_named_one_by_one_or_as_a_range_and_each_is_a_line_of_the_document():
    drill = SerialItemFactory()

    register = posted(given_batch({"item": drill.number, "unit": "SN-08..SN-10, SN-20"}, location=LocationFactory()))

    assert set(Unit.objects.in_stock().values_list("code", flat=True)) == {"SN-08", "SN-09", "SN-10", "SN-20"}
    assert register.warehouse_entries.count() == register.item_ledger_entries.count() == 4


def test_units_that_go_out_are_known_and_lie_there():
    bin, other = BinFactory(), None
    other = BinFactory(location=bin.location)
    drill = SerialItemFactory()
    given_units(bin, drill, ["S1", "S2"])
    given_units(other, drill, ["S3"])
    out = {"item": drill.number, "bin": bin.code, "entry_type": "negative"}
    batch = given_batch(
        {**out, "unit": "S1"},
        {**out, "unit": "S8, S9"},
        {**out, "unit": "S3"},
        {**out, "unit": "S2, S2"},
        {**out, "unit": "S2", "quantity": 2},
        {**out, "quantity": 1},
        location=bin.location,
    )

    found = check_batch(batch, by=None)

    assert problems(found) == [
        (2, "unit", "unit_unknown"),
        (2, "unit", "unit_unknown"),
        (3, "unit", "unit_elsewhere"),
        (4, "unit", "code_twice"),
        (5, "quantity", "other_number"),
        (6, "unit", "unit_missing"),
    ]
    assert Unit.objects.count() == 3


def test_a_unit_that_goes_out_because_it_broke_is_released():
    bin = BinFactory()
    drill = SerialItemFactory()
    given_units(bin, drill, ["S1"])
    broken = Reason.objects.create(code="BROKEN", name="Broken", effect=Effect.MOVED)
    line = {"item": drill.number, "bin": bin.code, "unit": "S1", "entry_type": "negative"}

    posted(given_batch(line, location=bin.location, reason=broken))

    assert Unit.objects.get().state == UnitState.RELEASED


def test_the_only_bin_in_which_an_item_lies_is_proposed():
    quant = given_stock(5)
    BinFactory(location=quant.location)
    spread = given_stock(1, bin=quant.bin)
    given_stock(1, bin=BinFactory(location=quant.location), item=spread.item)

    batch = given_batch({"item": quant.item.number}, {"item": spread.item.number}, location=quant.location)

    assert [line.bin for line in batch.lines.all()] == [quant.bin.code, ""]


def test_stock_without_a_bin_needs_none_where_a_location_has_no_bins():
    item = ItemFactory()

    posted(given_batch({"item": item.number, "quantity": 5}))

    assert Quant.objects.get().bin.kind == "implicit"


def test_what_comes_in_without_a_cost_takes_the_average_and_else_the_cost_on_the_item():
    item = ItemFactory(unit_cost=Decimal("2"))
    location = LocationFactory()

    posted(given_batch({"item": item.number, "quantity": 4}, location=location))
    posted(given_batch({"item": item.number, "quantity": 4, "unit_cost": 4}, location=location))
    posted(given_batch({"item": item.number, "quantity": 1}, location=location))

    assert StockValue.objects.get().value == 8 + 16 + 3


def test_opening_entries_bring_quantity_and_value_and_the_cost_on_the_item():
    item, other = ItemFactory(unit_cost=0), ItemFactory(unit_cost=Decimal("7"))
    batch = given_batch(
        {"item": item.number, "quantity": 30, "unit_cost": "1.5"},
        {"item": item.number, "quantity": 10, "unit_cost": "2.5"},
        {"item": other.number, "quantity": 2},
        kind=JournalKind.OPENING,
    )

    register = posted(batch)

    assert register.kind == Kind.OPENING
    assert dict(StockValue.objects.values_list("item", "value")) == {item.pk: 70, other.pk: 14}
    assert dict(Item.objects.values_list("pk", "unit_cost")) == {item.pk: Decimal("1.75"), other.pk: 7}


def test_opening_entries_carry_lots_and_units_on_their_lines():
    resin, drill = LotItemFactory(), SerialItemFactory()
    batch = given_batch(
        {"item": resin.number, "lot": "L1", "expiration_date": "2027-01-31", "quantity": 5, "unit_cost": 2},
        {"item": drill.number, "lot": "B7", "unit": "S1..S3", "unit_cost": 90},
        kind=JournalKind.OPENING,
    )

    register = posted(batch)

    assert set(Unit.objects.values_list("code", "cost", "lot__number")) == {(f"S{n}", 90, "B7") for n in (1, 2, 3)}
    assert register.item_ledger_entries.value() == 280


def test_opening_entries_only_come_in():
    batch = given_batch({"item": ItemFactory().number, "quantity": -1}, kind=JournalKind.OPENING)

    assert problems(resolve_lines(batch)) == [(1, "quantity", "quantity_negative")]


def test_a_preview_says_what_posting_would_write_and_writes_nothing():
    quant = given_stock(5, unit_cost=Decimal(2))
    line = {"item": quant.item.number, "bin": quant.bin.code, "quantity": 2, "entry_type": "negative"}
    batch = given_batch(line, location=quant.location)

    seen = preview_batch(batch, by=None)

    assert seen.quants == [(quant.pk, 5, -2)]
    assert (seen.owned, seen.value) == (-2, -4)
    assert (WarehouseEntry.objects.count(), ItemLedgerEntry.objects.count(), batch.lines.count()) == (1, 1, 1)


def test_a_line_saved_twice_is_there_once():
    batch = given_batch()
    client_id = uuid4()

    for _ in range(2):
        line = save_line(batch, {"item": "HW-1"}, client_id=client_id, revision=0)

    assert (batch.lines.count(), line.revision) == (1, 1)


def test_two_people_who_change_one_line_do_not_overwrite_each_other():
    batch = given_batch({"item": "HW-1"})
    line = batch.lines.get()
    save_line(batch, {"item": "HW-2"}, client_id=line.client_id, revision=line.revision)

    with pytest.raises(LineChanged):
        save_line(batch, {"item": "HW-3"}, client_id=line.client_id, revision=line.revision)

    assert batch.lines.get().item == "HW-2"


def test_a_line_that_was_posted_or_deleted_meanwhile_is_not_saved_again():
    batch = given_batch({"item": "HW-1"})
    line = batch.lines.get()

    assert delete_lines(batch, [line.pk]) == 1
    with pytest.raises(LineGone):
        save_line(batch, {"item": "HW-2"}, client_id=line.client_id, revision=line.revision)

    assert not batch.lines.exists()


def test_a_calculated_line_is_deleted_and_never_edited():
    batch = given_batch()
    add_lines(batch, [{"item": "HW-1"}], made=True)
    line = batch.lines.get()

    with pytest.raises(LineIsMade):
        save_line(batch, {"item": "HW-2"}, client_id=line.client_id, revision=1)

    assert delete_lines(batch, [line.pk]) == 1


def test_the_number_of_statements_does_not_depend_on_the_number_of_lines():
    def statements(lines):
        bin = BinFactory()
        items = [ItemFactory() for _ in range(lines)]
        batch = given_batch(
            *({"item": item.number, "bin": bin.code, "quantity": 3} for item in items), location=bin.location
        )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            posted(batch)
        return len(queries)

    assert statements(2) == statements(30)


def test_lines_stay_in_the_order_in_which_they_were_typed():
    batch = given_batch({"item": "A"}, {"item": "B"})
    add_lines(batch, [{"item": "C"}])
    delete_lines(batch, [JournalLine.objects.get(item="B").pk])
    save_line(batch, {"item": "D"}, client_id=uuid4(), revision=0)

    assert list(batch.lines.values_list("position", "item")) == [(1, "A"), (3, "C"), (4, "D")]
