"""Each law is broken on purpose, by somebody who got past the database, and found."""

from decimal import Decimal

import pytest

from ledger.models import ItemLedgerEntry, Kind, Register, ValueEntry, WarehouseEntry
from ledger.reconciliation import findings, prove
from ledger.reversing import reverse
from tests.behind import alter, behind_its_back
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    SerialItemFactory,
    adjust,
    given_stock,
    given_units,
    move,
    post_lines,
)
from warehouse.models import BinKind, Item, Unit
from warehouse.quants import ensure_quant

pytestmark = pytest.mark.django_db


def broken_laws(location=None):
    return {finding.law for finding in findings(location)}


def test_all_laws_hold_after_every_kind_of_document():
    east, west = LocationFactory(), LocationFactory()
    shelf, other, far = BinFactory(location=east), BinFactory(location=east), BinFactory(location=west)
    quant = given_stock(20, bin=shelf, lot=LotFactory(), unit_cost=Decimal("1.37"))
    given_units(shelf, SerialItemFactory(), ["A-1", "A-2"])
    goods = {"bin": shelf.pk, "item": quant.item_id, "lot": quant.lot_id, "quantity": Decimal(3)}

    post_lines(east, {**goods, "to_bin": other.pk}, kind=Kind.MOVEMENT)
    post_lines(east, {**goods, "to_bin": far.pk}, kind=Kind.LOCATION_TRANSFER, other_location=west)
    adjust(quant, 11)
    adjust(quant, 11)
    reverse(move(quant, -11), by=None, at=TODAY)

    assert findings() == []


def test_a_law_says_how_many_rows_were_looked_at():
    given_stock(3)
    given_stock()

    proofs = {proof.law: proof for proof in prove()}

    assert sorted(proofs) == [1, 2, 3, 4, 5, 7]
    assert proofs[3].looked_at == 2
    assert proofs[2].looked_at == 1
    assert all(proof.holds for proof in proofs.values())


def test_law_1_a_quant_that_was_changed_by_hand_is_found():
    quant = given_stock(10)

    behind_its_back("warehouse_quant", "UPDATE warehouse_quant SET quantity = 7 WHERE id = %s", quant.pk)

    [finding] = findings()
    assert finding.law == 1
    assert finding.subject == f"{quant.item} in {quant.bin} {quant.location.code}"
    assert "says 7 and" in finding.says
    assert "entries say 10 and" in finding.says


def test_law_1_a_quant_that_does_not_know_its_newest_entry_is_found():
    quant = given_stock(10)

    behind_its_back("warehouse_quant", "UPDATE warehouse_quant SET last_entry = 0 WHERE id = %s", quant.pk)

    assert broken_laws() == {1}


def test_law_1_an_entry_that_vanished_is_found():
    quant = given_stock(10)
    move(quant, 5)

    behind_its_back("ledger_warehouseentry", "DELETE FROM ledger_warehouseentry WHERE quantity = 5")

    assert broken_laws() == {1, 2, 5}


def test_law_2_ledgers_that_disagree_are_found():
    quant = given_stock(10)

    behind_its_back("ledger_itemledgerentry", "UPDATE ledger_itemledgerentry SET quantity = 9")

    assert broken_laws() == {2, 7}
    [finding] = [finding for finding in findings() if finding.law == 2]
    assert finding.subject == f"{quant.item} at {quant.location.code}"
    assert finding.says == "The item ledger says 9, the warehouse ledger 10."


def test_law_2_a_lot_that_was_swapped_in_one_ledger_is_found():
    lot = LotFactory()
    given_stock(10, lot=lot)

    behind_its_back("ledger_itemledgerentry", "UPDATE ledger_itemledgerentry SET lot_id = lot_id + 1")

    [one, other] = findings()
    assert (one.law, other.law) == (2, 2)


def test_law_3_a_negative_quant_and_the_missing_check_are_found():
    quant = given_stock(10)
    alter("warehouse_quant", "DROP CONSTRAINT quant_not_negative")

    behind_its_back("warehouse_quant", "UPDATE warehouse_quant SET quantity = -1 WHERE id = %s", quant.pk)

    assert broken_laws() == {1, 3}
    assert "warehouse_quant quant_not_negative" in {finding.subject for finding in findings()}


def test_law_3_an_adjustment_bin_may_be_negative():
    location = LocationFactory()
    quant = ensure_quant(bin=BinFactory(location=location, kind=BinKind.ADJUSTMENT), item=ItemFactory())

    behind_its_back("warehouse_quant", "UPDATE warehouse_quant SET quantity = -1 WHERE id = %s", quant.pk)

    assert broken_laws() == {1}


def test_law_4_a_quantity_of_a_serialized_item_without_units_is_found():
    quant = given_stock(10)

    behind_its_back("warehouse_item", "UPDATE warehouse_item SET tracking = 'serial' WHERE id = %s", quant.item_id)

    assert broken_laws() == {4}
    assert "The quant says 10, and 0 units lie in it." in {finding.says for finding in findings()}


def given_two_units():
    bin, item = BinFactory(), SerialItemFactory()
    return given_units(bin, item, ["A-1", "A-2"], unit_cost=Decimal("4"))


def test_law_4_a_unit_that_vanished_from_its_quant_is_found():
    unit, _other = given_two_units()

    behind_its_back(
        "warehouse_unit", "UPDATE warehouse_unit SET state = 'released', quant_id = NULL WHERE id = %s", unit.pk
    )

    assert {finding.says for finding in findings()} == {
        "The quant says 2, and 1 units lie in it.",
        f"The unit is released in quant None since entry {unit.last_entry}; its entries say 1 in {{{unit.quant_id}}} "
        f"since {unit.last_entry}.",
        "The stock is worth 8, its units have cost 4.",
    }
    assert broken_laws() == broken_laws(unit.quant.location) == {4}
    assert findings(LocationFactory()) == []


def test_law_4_units_that_changed_places_are_found_though_every_quantity_is_right():
    [one] = given_units(BinFactory(), SerialItemFactory(), ["A-1"])
    [other] = given_units(BinFactory(location=one.quant.location), one.item, ["A-2"])

    behind_its_back(
        "warehouse_unit", "UPDATE warehouse_unit SET quant_id = %s - quant_id", one.quant_id + other.quant_id
    )

    assert [(finding.law, finding.subject) for finding in findings()] == [
        (4, f"{one.item} A-1"),
        (4, f"{one.item} A-2"),
    ]


def test_law_4_a_unit_in_a_quant_of_another_item_is_found():
    unit, _other = given_two_units()
    behind_its_back(
        "warehouse_unit", "UPDATE warehouse_unit SET item_id = %s WHERE id = %s", SerialItemFactory().pk, unit.pk
    )

    assert broken_laws() == {4}


def test_law_4_a_unit_in_an_adjustment_bin_is_found():
    unit, _other = given_two_units()
    quant = ensure_quant(bin=BinFactory(location=unit.quant.location, kind=BinKind.ADJUSTMENT), item=unit.item)

    behind_its_back("warehouse_unit", "UPDATE warehouse_unit SET quant_id = %s WHERE id = %s", quant.pk, unit.pk)

    assert "The quant says 0, and 1 units lie in it." in {finding.says for finding in findings()}


def test_law_4_a_unit_that_does_not_know_its_newest_entry_is_found():
    unit, _other = given_two_units()

    behind_its_back("warehouse_unit", "UPDATE warehouse_unit SET last_entry = 0 WHERE id = %s", unit.pk)

    [finding] = findings()
    assert (finding.law, finding.subject) == (4, f"{unit.item} A-1")


def test_law_4_a_unit_whose_cost_was_rewritten_is_found():
    unit, _other = given_two_units()

    behind_its_back("warehouse_unit", "UPDATE warehouse_unit SET cost = 5 WHERE id = %s", unit.pk)

    [finding] = findings()
    assert (finding.law, finding.says) == (4, "The stock is worth 8, its units have cost 9.")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("ledger_warehouseentry", "In the warehouse ledger it says 1, of unit None."),
        ("ledger_itemledgerentry", "In the item ledger it says 1, of unit None."),
    ],
)
def test_law_4_an_entry_that_lost_its_unit_is_found(table, says):
    unit, _other = given_two_units()

    behind_its_back(table, f"UPDATE {table} SET unit_id = NULL WHERE unit_id = %s", unit.pk)

    assert broken_laws() == {4}
    assert says in {finding.says for finding in findings()}


def test_law_4_an_entry_of_a_quantity_that_carries_a_unit_is_found():
    unit, _other = given_two_units()
    given_stock(1)

    behind_its_back(
        "ledger_itemledgerentry", "UPDATE ledger_itemledgerentry SET unit_id = %s WHERE unit_id IS NULL", unit.pk
    )

    [finding] = findings()
    assert (finding.law, finding.says) == (4, f"In the item ledger it says 1, of unit {unit.pk}.")


@pytest.mark.parametrize(
    ("table", "name", "change"),
    [
        ("warehouse_unit", "unit_in_stock_lies_somewhere", "DROP CONSTRAINT unit_in_stock_lies_somewhere"),
        *(
            (model._meta.db_table, trigger.get_pgid(model), f"DISABLE TRIGGER {trigger.get_pgid(model)}")
            for model in (Unit, Item)
            for trigger in model._meta.triggers
        ),
    ],
)
def test_law_4_a_guard_of_units_that_is_gone_is_found(table, name, change):
    alter(table, change)

    [finding] = findings()
    assert (finding.law, finding.subject) == (4, f"{table} {name}")


@pytest.mark.parametrize(("model", "law"), [(Register, 5), (WarehouseEntry, 5), (ItemLedgerEntry, 5), (ValueEntry, 5)])
@pytest.mark.parametrize("switch", ["DISABLE TRIGGER USER", "ENABLE REPLICA TRIGGER {}"])
def test_law_5_a_trigger_that_is_switched_off_is_found(model, law, switch):
    table = model._meta.db_table
    trigger = model._meta.triggers[0].get_pgid(model)

    alter(table, switch.format(trigger))

    [finding] = findings()
    assert (finding.law, finding.subject) == (law, f"{table} {trigger}")


def test_law_5_a_trigger_that_was_dropped_is_found():
    trigger = WarehouseEntry._meta.triggers[0].get_pgid(WarehouseEntry)

    behind_its_back("ledger_warehouseentry", f"DROP TRIGGER {trigger} ON ledger_warehouseentry")

    assert broken_laws() == {5}


def test_law_5_an_effect_that_was_rewritten_is_found():
    given_stock(10)

    behind_its_back("ledger_warehouseentry", "UPDATE ledger_warehouseentry SET effect = 'counted'")

    [finding] = findings()
    assert (finding.law, finding.subject) == (5, Register.objects.get().number)
    assert finding.says == "It is moved; its 1 warehouse entries and what follows say counted, moved."


def test_law_5_a_document_that_vanished_is_found():
    given_stock(10)

    behind_its_back("ledger_register", "DELETE FROM ledger_register")

    assert broken_laws() == {5}


def test_law_7_an_item_ledger_entry_without_value_is_found():
    given_stock(10, unit_cost=2)

    behind_its_back("ledger_valueentry", "DELETE FROM ledger_valueentry")

    assert [finding.law for finding in findings()] == [7, 7]


def test_law_7_money_that_does_not_add_up_is_found():
    given_stock(10, unit_cost=2)

    behind_its_back("ledger_stockvalue", "UPDATE ledger_stockvalue SET value = 21")

    [finding] = findings()
    assert finding.law == 7
    assert finding.says == "The stock says 10 worth 21, the entries say 10 worth 20."


def test_one_location_is_proved_alone():
    here, there = given_stock(10), given_stock(10)

    behind_its_back("warehouse_quant", "UPDATE warehouse_quant SET quantity = 7 WHERE id = %s", there.pk)

    assert findings(here.location) == []
    assert broken_laws(there.location) == {1}


def test_of_many_findings_the_first_are_named_and_all_are_counted():
    location = LocationFactory()
    for _ in range(21):
        given_stock(1, bin=BinFactory(location=location))

    behind_its_back("warehouse_quant", "UPDATE warehouse_quant SET quantity = 2")

    [proof] = [proof for proof in prove() if proof.law == 1]
    assert (proof.total, len(proof.findings)) == (21, 20)
