"""Opening stock from files: our samples, those of a system that people come from, and everything that can be wrong."""

import io
import threading
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from openpyxl import Workbook

from ledger.imports import ImportRefused, apply_import, plan_import
from ledger.models import ItemLedgerEntry, Kind, Register, WarehouseEntry
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    RfidItemFactory,
    SerialItemFactory,
    UserFactory,
    given_stock,
    given_units,
)
from warehouse.models import Bin, Item, ItemReference, ItemUnit, Location, Lot, Quant, Unit, UnitOfMeasure, Zone
from warehouse.spreadsheets import SourceFile
from warehouse.tags import tag_of

pytestmark = pytest.mark.django_db

SAMPLES = settings.BASE_DIR / "ledger" / "samples"
OPENBOXES = settings.BASE_DIR.parent / "shared" / "data" / "openboxes"
needs_openboxes = pytest.mark.skipif(
    not OPENBOXES.is_dir(), reason="SKIPPED: the OpenBoxes files are not there (../shared/data/openboxes)."
)


def files_in(folder: Path, *names):
    return [SourceFile(name, (folder / name).read_bytes()) for name in names]


def openboxes(*names):
    return files_in(OPENBOXES, *(f"{name}.csv" for name in names))


def csv_file(*lines, name="stock.csv"):
    return SourceFile(name, "\n".join(lines).encode())


def stock_file(*lines, header="Bin,Item number,Lot,Expiration date,Quantity", name="stock.csv"):
    return csv_file(header, *lines, name=name)


def given_warehouse():
    """One location with two bins, a bulk item and an item that is tracked by lot."""
    location = LocationFactory(code="LH", name="Lindhafen")
    BinFactory(location=location, code="A-1", name="Shelf")
    BinFactory(location=location, code="A-2", name="Shelf")
    ItemFactory(number="BOLT", unit_cost=Decimal("0.5"))
    LotItemFactory(number="GLUE")
    return location


def found(plan):
    return [(error.row, error.column, error.code) for error in plan.errors]


def load(*files, **options):
    return apply_import(plan_import(files, location="LH", **options), by=None, at=TODAY)


def quantities():
    return {(quant.bin.code, quant.item.number, quant.lot and quant.lot.number): quant.quantity
            for quant in Quant.objects.select_related("bin", "item", "lot")}  # fmt: skip


# The files of OpenBoxes, unchanged


@needs_openboxes
def test_the_files_of_openboxes_load_as_they_are():
    files = openboxes("locations", "binLocations", "products", "bostonWarehouseInventory", "mainWarehouseInventory")
    where = {
        "bostonWarehouseInventory.csv": "Boston Warehouse",
        "mainWarehouseInventory.csv": "Main Warehouse",
    }

    plan = plan_import(files, locations=where, create_locations={"Main Warehouse"})
    registers = apply_import(plan, by=None, at=TODAY)

    assert plan.errors == []
    assert [skipped.what for skipped in plan.skipped] == [
        "Toyota USA", "Amazon.com", "Grainger", "Medical Items Depot", "CDW",
    ]  # fmt: skip
    assert [register.kind for register in registers] == [Kind.OPENING, Kind.OPENING]
    assert Location.objects.count() == 14
    assert Bin.objects.filter(kind="storage").count() == 40
    assert Item.objects.filter(tracking="lot").count() == 16
    assert Lot.objects.count() == 18
    assert Quant.objects.count() == 57 + 57
    assert Quant.objects.filter(quantity=0).count() == 23
    assert WarehouseEntry.objects.count() == ItemLedgerEntry.objects.count() == 57 + 57 - 23
    morphine = Quant.objects.get(item__number="QX039", location__name="Boston Warehouse")
    assert (morphine.bin.code, morphine.quantity) == ("BOS-1-1", 3000)
    assert (morphine.lot.number, morphine.lot.expiration_date) == ("37627", date(2025, 1, 31))


@needs_openboxes
def test_what_the_dry_run_says_is_what_happens():
    files = openboxes("locations", "binLocations", "products", "bostonWarehouseInventory")

    plan = plan_import(files, location="Boston Warehouse")

    assert Location.objects.count() == Quant.objects.count() == 0
    assert +plan.created == {
        "locations": 13, "bins": 26, "units of measure": 1, "categories": 8, "items": 57,
        "lots": 16, "quants": 57, "opening entries": 43,
    }  # fmt: skip
    assert plan.unknown_locations == {"Main Warehouse": 14}
    apply_import(plan, by=None, at=TODAY)
    assert (Quant.objects.count(), WarehouseEntry.objects.count()) == (57, 43)
    assert sum(entry.quantity for entry in WarehouseEntry.objects.all()) == plan.quantity


@needs_openboxes
def test_a_name_that_fits_two_bins_is_an_error_of_its_row():
    files = openboxes("locations", "binLocations", "products", "bostonWarehouseInventory")

    plan = plan_import(files, location="Chicago Warehouse")

    assert len(plan.errors) == 40
    assert found(plan)[0] == (2, "Bin location", "two_bins")
    assert "CHI-1-1-1, CHI-2-1-1" in plan.errors[0].message


# Our own samples


def test_our_samples_load_together_in_any_order():
    files = files_in(SAMPLES, "stock.csv", "items.csv", "bins.csv", "locations.csv")

    plan = plan_import(files)
    apply_import(plan, by=None, at=TODAY)

    assert plan.errors == []
    assert set(Location.objects.values_list("name", flat=True)) == {"Harbour Street", "North Depot", "Trade Counter"}
    assert Zone.objects.count() == 3
    assert Register.objects.count() == 3
    padlock = Item.objects.get(number="HH-2207")
    assert ItemUnit.objects.get(item=padlock).quantity_per == 12
    assert set(padlock.references.values_list("code", "unit_of_measure__code")) == {
        ("2006209122077", None),
        ("12006209122074", "Box"),
    }
    assert Quant.objects.get(bin__kind="implicit", location__code="HARBOUR").item.number == "HT-7001"


# Once


def test_a_file_is_loaded_once():
    given_warehouse()
    file = stock_file("A-1,BOLT,,,5")

    first, second = load(file), load(file)

    assert len(first) == 1
    assert second == []
    assert quantities() == {("A-1", "BOLT", None): 5}


def test_the_second_dry_run_names_the_document_that_loaded_the_file():
    given_warehouse()
    file = stock_file("A-1,BOLT,,,5")
    [register] = load(file)

    plan = plan_import([file], location="LH")

    assert plan.files[0].loaded == [register.number]
    assert plan.nothing_new


def test_another_file_does_not_add_to_stock_that_is_known():
    given_warehouse()
    load(stock_file("A-1,BOLT,,,5"))

    plan = plan_import([stock_file("A-1,BOLT,,,7", "A-2,BOLT,,,1")], location="LH")

    assert [(row, code) for row, _column, code in found(plan)] == [(2, "stock_known")]


def test_stock_that_arrives_between_the_dry_run_and_the_import_stops_it():
    location = given_warehouse()
    plan = plan_import([stock_file("A-1,BOLT,,,5", "A-2,BOLT,,,1")], location="LH")
    given_stock(3, bin=location.bins.get(code="A-1"), item=Item.objects.get(number="BOLT"))

    with pytest.raises(ImportRefused) as refused:
        apply_import(plan, by=None, at=TODAY)

    assert [(error.row, error.code) for error in refused.value.errors] == [(2, "stock_known")]
    assert quantities() == {("A-1", "BOLT", None): 3}


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once_load_it_once():
    given_warehouse()
    plans = [plan_import([stock_file("A-1,BOLT,,,5", "A-2,GLUE,L1,,2")], location="LH") for _each in range(2)]
    results = []

    def apply(plan):
        results.append(apply_import(plan, by=None, at=TODAY))
        connection.close()

    threads = [threading.Thread(target=apply, args=[plan]) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 2
    assert results[0] == results[1]
    assert quantities() == {("A-1", "BOLT", None): 5, ("A-2", "GLUE", "L1"): 2}


# Rows


def test_opening_stock_is_valued_at_the_cost_of_the_row_else_of_the_item():
    given_warehouse()

    load(stock_file("A-1,BOLT,4,", "A-2,BOLT,2,3.25", header="Bin,Item number,Quantity,Unit cost"))

    amounts = {entry.quantity: entry.value_entry.amount for entry in ItemLedgerEntry.objects.all()}
    assert amounts == {4: Decimal("2"), 2: Decimal("6.5")}


def test_quantity_0_makes_the_lot_and_an_empty_quant_and_no_entry():
    given_warehouse()

    registers = load(stock_file("A-1,GLUE,L1,2027-01-31,0"))

    assert registers == []
    assert quantities() == {("A-1", "GLUE", "L1"): 0}
    assert not WarehouseEntry.objects.exists()


def test_a_blank_bin_is_the_implicit_bin():
    given_warehouse()

    load(stock_file(",BOLT,,,5"))

    assert Quant.objects.get().bin.kind == "implicit"


def test_a_bin_is_named_by_number_before_name_and_in_any_case():
    location = given_warehouse()
    BinFactory(location=location, code="TOP", name="A-1")

    load(stock_file("a-1,BOLT,,,5", "top,BOLT,,,6"))

    assert quantities() == {("A-1", "BOLT", None): 5, ("TOP", "BOLT", None): 6}


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("A-1,NUT,,,5", ("Item number", "unknown_item")),
        ("A-1,,,,5", ("Item number", "required")),
        ("A-9,BOLT,,,5", ("Bin", "unknown_bin")),
        ("Shelf,BOLT,,,5", ("Bin", "two_bins")),
        ("A-1,BOLT,L1,,5", ("Lot", "lot_not_expected")),
        ("A-1,BOLT,,2027-01-31,5", ("Expiration date", "expiry_without_lot")),
        ("A-1,GLUE,,,5", ("Lot", "lot_missing")),
        ("A-1,GLUE,L1,soon,5", ("Expiration date", "not_a_date")),
        ("A-1,GLUE,OLD,2027-01-31,5", ("Expiration date", "lot_expires_otherwise")),
        ("A-1,BOLT,,,", ("Quantity", "quantity_missing")),
        ("A-1,BOLT,,,-1", ("Quantity", "negative")),
        ("A-1,BOLT,,,many", ("Quantity", "not_a_number")),
        ("A-1,BOLT,,,NaN", ("Quantity", "not_a_number")),
        ("A-1,BOLT,,,1e999", ("Quantity", "not_a_number")),
        ("A-1,BOLT,,,0.123456", ("Quantity", "quantity_too_precise")),
        ('A-1,BOLT,,,"1,000"', ("Quantity", "quantity_ambiguous")),
        ("A-1,RUSTY,,,5", ("Item number", "item_blocked")),
        ("A-1,DRILL,,,5", ("Item number", "unit_missing")),
        (f"A-1,{'x' * 41},,,5", ("Item number", "too_long")),
        ("A-1,BOLT,,,5,extra,cells", ("", "too_many_cells")),
    ],
)
def test_a_faulty_row_is_told_with_number_column_and_reason(row, error):
    given_warehouse()
    ItemFactory(number="RUSTY", blocked=True)
    ItemFactory(number="DRILL", tracking="serial")
    LotFactory(item=Item.objects.get(number="GLUE"), number="OLD", expiration_date=date(2026, 1, 31))

    plan = plan_import([stock_file("A-2,BOLT,,,1", row)], location="LH")

    assert (3, *error) in found(plan)
    assert {place for place, _column, _code in found(plan)} == {3}


def test_all_faulty_rows_are_told_at_once_and_nothing_is_written():
    given_warehouse()
    plan = plan_import([stock_file("A-9,NUT,,,x", "A-1,BOLT,,,5", "A-1,GLUE,,,1", "A-8,BOLT,,,2")], location="LH")

    with pytest.raises(ImportRefused):
        apply_import(plan, by=None, at=TODAY)

    assert [(row, code) for row, _column, code in found(plan)] == [
        (2, "not_a_number"),
        (4, "lot_missing"),
        (5, "unknown_bin"),
    ]
    assert not Quant.objects.exists()


def test_a_row_with_a_book_quantity_is_a_count():
    given_warehouse()
    header = "Product code,Bin location,OB QOH,Physical QOH"

    plan = plan_import([stock_file("BOLT,A-1,4,5", "BOLT,A-2,,5", header=header)], location="LH")

    assert found(plan) == [(2, "OB QOH", "is_a_count")]


def test_the_same_item_bin_and_lot_twice_names_the_first_row():
    given_warehouse()
    rows = ["A-1,GLUE,L1,,5", "A-1,GLUE,L2,,5", "a-1,GLUE,L1,,6"]

    plan = plan_import([stock_file(*rows)], location="LH")

    assert [(row, code) for row, _column, code in found(plan)] == [(4, "duplicate_stock")]
    assert "row 2" in plan.errors[0].message


def test_one_lot_with_two_expiration_dates_is_an_error_and_a_blank_date_is_none():
    given_warehouse()
    rows = ["A-1,GLUE,L1,2027-01-31,5", "A-2,GLUE,L1,2027-02-28,5", ",GLUE,L1,,5"]

    plan = plan_import([stock_file(*rows)], location="LH")

    assert found(plan) == [(3, "Expiration date", "lot_expires_twice")]


def test_a_known_lot_without_date_gets_the_one_of_the_file():
    given_warehouse()
    LotFactory(item=Item.objects.get(number="GLUE"), number="L1")

    load(stock_file("A-1,GLUE,L1,2027-01-31,5"))

    assert Lot.objects.get().expiration_date == date(2027, 1, 31)


def test_days_before_months_are_recognised_by_column():
    given_warehouse()

    plan = plan_import([stock_file("A-1,GLUE,L1,05/04/2027,5", "A-2,GLUE,L2,31/12/2027,5")], location="LH")
    apply_import(plan, by=None, at=TODAY)

    assert plan.files[0].dates == "day/month/year"
    assert Lot.objects.get(number="L1").expiration_date == date(2027, 4, 5)


# Files


def test_a_stock_file_needs_a_location_that_is_known():
    given_warehouse()
    file = stock_file("A-1,BOLT,,,5")

    nowhere, unknown = plan_import([file]), plan_import([file], location="Atlantis")

    assert found(nowhere) == [(0, "", "location_missing")]
    assert found(unknown) == [(0, "", "unknown_location")]
    assert unknown.unknown_locations == {"Atlantis": 0}


def test_a_chosen_location_that_nobody_knows_is_made():
    given_warehouse()

    registers = apply_import(
        plan_import([stock_file(",BOLT,,,5")], location="New Depot", create_locations={"New Depot"}), by=None, at=TODAY
    )

    assert registers[0].location.code == "NEW-DEPOT"
    assert Quant.objects.get().location.name == "New Depot"


def test_a_file_nobody_knows_is_refused_by_its_header():
    plan = plan_import([csv_file("Name,Colour", "Sky,blue")])

    assert found(plan) == [(1, "", "unknown_kind")]


def test_a_workbook_loads_like_a_csv_file():
    given_warehouse()
    book, content = Workbook(), io.BytesIO()
    for row in (
        ["Bin", "Item number", "Lot", "Expiration date", "Quantity"],
        ["A-1", "GLUE", "L1", date(2027, 1, 31), 2.5],
    ):
        book.active.append(row)
    book.save(content)

    load(SourceFile("stock.xlsx", content.getvalue()))

    assert quantities() == {("A-1", "GLUE", "L1"): Decimal("2.5")}
    assert Lot.objects.get().expiration_date == date(2027, 1, 31)


def test_bar_codes_of_all_kinds_become_references():
    header = "ProductCode,Name,UnitOfMeasure,ManufacturerCode,UPC,NDC"

    apply_import(
        plan_import([csv_file(header, "P1,Pill,Each,M-1,614141000036,614141000036", name="products.csv")]),
        by=None,
        at=TODAY,
    )

    assert set(ItemReference.objects.values_list("code", flat=True)) == {"M-1", "614141000036"}


def test_what_is_known_stays_as_it_is():
    given_warehouse()
    UnitOfMeasure.objects.get_or_create(code="each", defaults={"name": "each"})
    header = "Item number,Name,Unit of measure,Tracking"

    plan = plan_import([csv_file(header, "BOLT,Another name,Each,LOT", "NUT,Nut,Each,", name="items.csv")])
    apply_import(plan, by=None, at=TODAY)

    assert plan.existing["items"] == 1
    assert Item.objects.get(number="BOLT").tracking == "bulk"
    assert UnitOfMeasure.objects.count() == 1


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["Item number,Name", "A,Apple", "A,Pear"], (3, "Item number", "duplicate_item")),
        (["Item number,Name", "A,"], (2, "Name", "required")),
        (["Item number,Name,Unit cost", "A,Apple,cheap"], (2, "Unit cost", "not_a_number")),
        (["Item number,Name,Tracking", "A,Apple,batch"], (2, "Tracking", "not_a_choice")),
        (["Item number,Name,Pack unit,Pack quantity", "A,Apple,Box,"], (2, "Pack quantity", "pack_incomplete")),
        (["Code,Name", "X,Here", "X,There"], (3, "Code", "duplicate_location")),
        (["Location,Bin", "LH,B-1", "Lindhafen,b-1"], (3, "Bin", "duplicate_bin")),
        (["Location,Bin,Kind", "LH,B-1,adjustment"], (2, "Kind", "not_a_choice")),
        (["name,locationType,parentLocation", "B-1,Bin Location,"], (2, "parentLocation", "parent_missing")),
    ],
)
def test_faults_in_master_data_are_told_like_those_in_stock(lines, error):
    given_warehouse()

    assert found(plan_import([csv_file(*lines)])) == [error]


# People


def test_a_person_imports_at_their_locations_only():
    given_warehouse()
    person = UserFactory()

    plan = plan_import([stock_file("A-1,BOLT,,,5")], location="LH", by=person)

    assert [code for _row, _column, code in found(plan)] == ["not_your_location"]


def test_whoever_makes_a_location_works_there():
    person = UserFactory()
    ItemFactory(number="BOLT")
    files = [csv_file("Code,Name", "NEW,New Depot", name="locations.csv"), stock_file(",BOLT,,,5")]

    registers = apply_import(plan_import(files, location="NEW", by=person), by=person, at=TODAY)

    assert registers[0].by == person
    assert list(person.locations.values_list("code", flat=True)) == ["NEW"]


# Speed


def test_the_number_of_statements_does_not_grow_with_the_rows(django_assert_max_num_queries):
    location = given_warehouse()
    Bin.objects.bulk_create(Bin(location=location, code=f"B-{number}") for number in range(300))
    rows = [f"B-{number},GLUE,L{number},2027-01-31,{number}" for number in range(300)]

    with django_assert_max_num_queries(70):
        load(stock_file(*rows))

    assert Quant.objects.count() == 300


# The command


def import_stock(*arguments):
    output = io.StringIO()
    call_command("import_stock", *map(str, arguments), stdout=output, stderr=output)
    return output.getvalue()


def test_the_command_prints_the_plan_and_writes_nothing_in_a_dry_run():
    output = import_stock(*SAMPLES.glob("*.csv"), "--dry-run")

    assert "40 items" in output
    assert "56 opening entries" in output
    assert not Item.objects.exists()


def test_the_command_loads_and_says_so_the_second_time():
    first, second = (import_stock(*sorted(SAMPLES.glob("*.csv"))) for _time in range(2))

    assert "Posted as" in first
    assert "imported before" in second
    assert Register.objects.count() == 3


def test_the_command_prints_every_fault_and_fails(tmp_path):
    given_warehouse()
    file = tmp_path / "stock.csv"
    file.write_bytes(stock_file("A-9,BOLT,,,5", "A-1,NUT,,,5").content)

    with pytest.raises(CommandError, match="2 problems"):
        import_stock(file, "--location", "LH")

    assert not Register.objects.exists()


def test_the_command_says_in_words_what_the_books_cannot_hold(tmp_path):
    given_warehouse()
    file = tmp_path / "stock.csv"
    file.write_bytes(stock_file("A-1,BOLT,,,9999999999999", "A-2,BOLT,,,9999999999999").content)

    with pytest.raises(CommandError, match="larger than the books can hold"):
        import_stock(file, "--location", "LH")


# Files of other systems


def test_the_physical_inventory_of_odoo_is_stock_of_the_location_that_is_chosen():
    given_warehouse()
    file = csv_file(
        "Location,Product,Lot/Serial Number,Counted Quantity",
        "WH/Stock/A-1,[BOLT] Bolt M6,,5",
        "WH/Stock,BOLT,,2",
        "WH/Stock/A-2,[GLUE] Glue,G1,3",
    )

    load(file)

    lying = Quant.objects.order_by("quantity").values_list("bin__code", "item__number", "lot__number", "quantity")
    assert list(lying) == [("NO-BIN", "BOLT", None, 2), ("A-2", "GLUE", "G1", 3), ("A-1", "BOLT", None, 5)]


def test_the_stock_reconciliation_of_erpnext_says_where_and_at_what_cost():
    given_warehouse()
    file = csv_file("Item Code,Warehouse,Quantity,Valuation Rate", "BOLT,Lindhafen - LH,5,0.75")

    plan = plan_import([file])

    assert plan.errors == []
    assert (plan.quantity, plan.value) == (5, Decimal("3.75"))


def test_a_warehouse_that_nobody_knows_is_offered_and_made_when_chosen():
    ItemFactory(number="BOLT")
    file = csv_file("Item Code,Warehouse,Quantity,Valuation Rate", "BOLT,Stores - WP,5,0.75")

    before, after = plan_import([file]), plan_import([file], create_locations={"Stores - WP"})

    assert list(before.unknown_locations) == ["Stores - WP"]
    assert [error.code for error in before.errors] == ["unknown_location"]
    assert after.errors == []


def test_the_samples_of_other_systems_fit_our_own():
    master = files_in(SAMPLES, "locations.csv", "bins.csv", "items.csv")
    odoo, erpnext = files_in(SAMPLES / "others", "stock-odoo.csv", "stock-erpnext.csv")

    assert plan_import([*master, odoo], location="Harbour Street").errors == []
    assert plan_import([*master, erpnext]).errors == []


# Units of serialized items


def given_serialized():
    location = given_warehouse()
    SerialItemFactory(number="DRILL", unit_cost=Decimal(100))
    RfidItemFactory(number="CRATE")
    return location


def serials(*lines):
    return stock_file(*lines, header="Bin,Item number,Serial number,Quantity,Unit cost,Lot,Manufacturer number")


def units():
    fields = ("item__number", "code", "quant__bin__code", "manufacturer_number", "lot__number")
    return list(Unit.objects.order_by("code").values_list(*fields))


def test_a_row_brings_one_unit_or_as_many_as_its_cell_names():
    given_serialized()
    tag = tag_of("4006381333931", "77")

    load(
        serials(
            "A-1,DRILL,D100,1,129.5,B-7,MFR-1",
            'A-1,DRILL,"D200..D202, D7",,,,',
            "A-2,CRATE,urn:epc:id:sgtin:4006381.033393.77,1,,,",
            "A-2,BOLT,,12,,,",
        )
    )

    assert units() == [
        ("CRATE", tag.code, "A-2", "", None),
        ("DRILL", "D100", "A-1", "MFR-1", "B-7"),
        *(("DRILL", code, "A-1", "", None) for code in ("D200", "D201", "D202", "D7")),
    ]
    assert quantities() == {("A-1", "DRILL", None): 5, ("A-2", "CRATE", None): 1, ("A-2", "BOLT", None): 12}
    assert Unit.objects.get(code="D100").cost == Decimal("129.5")


def test_the_dry_run_says_how_many_units_there_will_be_and_what_they_are_worth():
    given_serialized()

    plan = plan_import([serials("A-1,DRILL,D100..D102,,,,", "A-1,DRILL,D200,1,50,,")], location="LH")

    assert (plan.created["units"], plan.created["quants"], plan.created["opening entries"]) == (4, 1, 4)
    assert (plan.quantity, plan.value) == (4, 350)


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("A-1,DRILL,,5,,,", ("Item number", "unit_missing")),
        ("A-1,DRILL,D1..D3,5,,,", ("Quantity", "other_number")),
        ("A-1,DRILL,D9..D1,,,,", ("Serial number", "range_backwards")),
        ("A-1,CRATE,D100,1,,,", ("Serial number", "not_a_tag")),
        ("A-1,BOLT,D100,1,,,", ("Serial number", "unit_not_expected")),
        ("A-1,DRILL,D500,1,,,", ("Serial number", "unit_in_file_twice")),
        ("A-1,DRILL,D900,1,,,", ("Serial number", "unit_in_stock")),
        ('A-1,DRILL,"D1,D2",,,,MFR-1', ("Manufacturer number", "manufacturer_of_several")),
    ],
)
def test_what_is_wrong_with_units_is_told_row_by_row(row, error):
    location = given_serialized()
    given_units(BinFactory(location=location, code="B-9"), Item.objects.get(number="DRILL"), ["D900"])

    plan = plan_import([serials("A-2,DRILL,D500,1,,,", row)], location="LH")

    assert found(plan) == [(3, *error)]


def test_what_odoo_calls_lot_or_serial_number_is_the_serial_number_of_what_is_serialized():
    given_serialized()
    file = csv_file(
        "Location,Product,Lot/Serial Number,Counted Quantity",
        "WH/Stock/A-1,[DRILL] Drill,D100,1",
        "WH/Stock/A-1,[DRILL] Drill,D101,1",
        "WH/Stock/A-2,[GLUE] Glue,G1,3",
    )

    load(file)

    assert units() == [("DRILL", "D100", "A-1", "", None), ("DRILL", "D101", "A-1", "", None)]
    assert quantities() == {("A-1", "DRILL", None): 2, ("A-2", "GLUE", "G1"): 3}


def test_the_serial_numbers_of_erpnext_stand_in_one_cell_line_by_line():
    given_serialized()
    file = csv_file("Item Code,Warehouse,Quantity,Valuation Rate,Serial No", 'DRILL,Lindhafen - LH,2,80,"D100', 'D101"')

    load(file)

    assert [code for _item, code, *_rest in units()] == ["D100", "D101"]


def test_what_posting_refuses_is_told_at_its_row():
    """A tag is one everywhere: it cannot come in as another item's."""
    location = given_serialized()
    tag = tag_of("4006381333931", "77").code
    given_units(BinFactory(location=location, code="B-9"), RfidItemFactory(number="PALLET"), [tag])

    with pytest.raises(ImportRefused) as refused:
        load(serials("A-1,DRILL,D1..D3,,,,", f"A-1,CRATE,{tag},1,,,"))

    assert [(error.row, error.code) for error in refused.value.errors] == [(3, "unit_taken")]
