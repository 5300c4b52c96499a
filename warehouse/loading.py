"""Write what the files of an import say, set by set: a fixed number of statements, however many rows."""

from collections.abc import Iterable, Mapping

from django.db import connection

from warehouse.matching import MasterData
from warehouse.models import (
    Bin,
    Category,
    Item,
    ItemReference,
    ItemUnit,
    Location,
    LocationAssignment,
    Lot,
    Quant,
    UnitOfMeasure,
    User,
    Zone,
)
from warehouse.quants import ensure_quants
from warehouse.sql import DATE_LOTS, LOAD_STAGED, STAGE_ROWS


def load(model, columns: tuple[str, ...], rows: Iterable[tuple]) -> int:
    """Insert rows in the order of their columns, but for those that are there already; return how many."""
    stage(model, columns, rows)
    with connection.cursor() as cursor:
        cursor.execute(LOAD_STAGED.format(table=model._meta.db_table, columns=", ".join(columns)))
        return cursor.rowcount


def stage(model, columns: tuple[str, ...], rows: Iterable[tuple]) -> None:
    """COPY rows into the temporary table import_stage."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(STAGE_ROWS.format(table=model._meta.db_table, columns=names))
        with cursor.copy(f"COPY import_stage ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def load_quants(keys: Iterable[tuple]) -> int:
    """(bin id, item id, lot id or None): made empty, where nobody named them before."""
    stage(Quant, ("bin_id", "item_id", "variant_id", "lot_id"), ((bin, item, None, lot) for bin, item, lot in keys))
    return ensure_quants("import_stage")


def load_master_data(master: MasterData, *, by: User | None) -> None:
    """Whoever makes a location works there, or could not see what was imported."""
    load_locations(master, by=by)
    load_bins(master)
    load_items(master)


def load_locations(master: MasterData, *, by: User | None) -> None:
    rows = [Location(code=code, name=row.name, active=row.active) for code, row in master.locations.items()]
    Location.objects.bulk_create(rows, ignore_conflicts=True)
    if by and not by.is_superuser:
        made = Location.objects.filter(code__in=master.locations)
        LocationAssignment.objects.bulk_create(
            [LocationAssignment(user=by, location=location) for location in made], ignore_conflicts=True
        )


def load_bins(master: MasterData) -> None:
    locations = dict(Location.objects.values_list("code", "pk"))
    Zone.objects.bulk_create(
        [Zone(location_id=locations[code], code=row.zone, name="") for (code, _zone), row in master.zones.items()],
        ignore_conflicts=True,
    )
    zones = {(pk, code.casefold()): zone for pk, code, zone in Zone.objects.values_list("location", "code", "pk")}
    columns = ("location_id", "code", "name", "zone_id", "kind", "walking_order")
    rows = (
        (pk, row.code, row.name, zones.get((pk, row.zone.casefold())), str(row.kind), row.walking_order)
        for pk, row in ((locations[code], row) for (code, _bin), row in master.bins.items())
    )
    load(Bin, columns, rows)


def load_items(master: MasterData) -> None:
    UnitOfMeasure.objects.bulk_create(
        [UnitOfMeasure(code=name, name=name) for name in master.units.values()], ignore_conflicts=True
    )
    Category.objects.bulk_create([Category(name=name) for name in master.categories.values()], ignore_conflicts=True)
    units = units_by_spelling()
    categories = {name.casefold(): pk for pk, name in Category.objects.order_by("-pk").values_list("pk", "name")}
    columns = ("number", "name", "description", "category_id", "base_unit_id", "tracking", "unit_cost", "blocked")
    rows = (
        (
            row.number,
            row.name,
            row.description,
            categories.get(row.category.casefold()),
            units[row.base_unit.casefold()],
            str(row.tracking),
            row.unit_cost,
            row.blocked,
        )
        for row in master.items.values()
    )
    load(Item, columns, rows)
    load_units_and_codes(master, units)


def units_by_spelling() -> dict[str, int]:
    """By name and, going before it, by code."""
    rows = list(UnitOfMeasure.objects.values_list("pk", "code", "name"))
    return {name.casefold(): pk for pk, _code, name in rows} | {code.casefold(): pk for pk, code, _name in rows}


def load_units_and_codes(master: MasterData, units: Mapping[str, int]) -> None:
    items = ids_of_items(master.items)
    codes = [(items[row.number], None, code) for row in master.items.values() for code in row.codes]
    packs = []
    for row in master.items.values():
        if row.pack:
            name, quantity, code = row.pack
            item, unit = items[row.number], units[name.casefold()]
            packs.append((item, unit, quantity))
            codes += [(item, unit, code)] if code else []
    load(ItemUnit, ("item_id", "unit_of_measure_id", "quantity_per"), packs)
    load(ItemReference, ("item_id", "unit_of_measure_id", "code"), codes)


def ids_of_items(numbers: Iterable[str]) -> dict[str, int]:
    return dict(Item.objects.filter(number__in=numbers).values_list("number", "pk"))


def load_lots(lots: Iterable[tuple]) -> None:
    """(item id, number, expiration date or None). A known lot keeps its date, if it has one."""
    load(Lot, ("item_id", "number", "expiration_date"), lots)
    with connection.cursor() as cursor:
        cursor.execute(DATE_LOTS)
