"""Which kind of file somebody handed in, and the master data of its rows: locations, bins, items.

Two dialects are understood: the files that OpenBoxes exports, unchanged, and our own sample spreadsheets. Rows become
records here; warehouse.matching compares them with what is known, warehouse.loading
writes them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from django.utils.translation import gettext_lazy as _

from inventory_site.fields import UNIT_COST
from warehouse.cells import Cells
from warehouse.models import Bin, BinKind, Category, Item, ItemReference, Location, Tracking, UnitOfMeasure, Zone
from warehouse.models.places import MADE_BY_THE_SYSTEM
from warehouse.spreadsheets import Table, squash

ITEM_NUMBER = (
    "productcode",
    "itemnumber",
    "itemno",
    "item",
    "itemcode",
    "sku",
    "productnumber",
    "articlenumber",
    "internalreference",
)
LOCATION = ("location", "warehouse", "locationcode", "warehousename")
BIN = ("bin", "binlocation", "bincode", "binnumber")
LOT = ("lotnumber", "lot", "batch", "batchno", "batchnumber", "lotserialnumber")

SERIALS = ("serialnumber", "serialnumbers", "serialno", "serialnos", "serial", "serials", "epc", "epcs", "tag", "tags")
LOT_OR_SERIAL = "lotserialnumber"  # of Odoo: a lot or a serial number, as the product is tracked


class FileKind(Enum):
    STOCK = "stock"
    PLACES = "places"  # locations and bins in one form, told apart by their type
    ITEMS = "items"
    BINS = "bins"
    LOCATIONS = "locations"


# For each kind: the fields that it must have, and the squashed names that their columns may have.
# The first kind whose fields are all there is what a file is.
KINDS: dict[FileKind, tuple[set[str], dict[str, tuple[str, ...]]]] = {
    FileKind.STOCK: (
        {"item", "quantity"},
        {
            "location": LOCATION,
            "bin": BIN,
            "item": ITEM_NUMBER,
            "lot": LOT,
            "expiration_date": ("expirationdate", "expirydate", "expiry", "expires"),
            "book": ("obqoh", "bookquantity", "book", "qoh", "quantityonhand"),
            "quantity": ("physicalqoh", "quantity", "countedquantity", "physicalquantity", "inventoriedquantity"),
            "unit_cost": ("unitcost", "cost", "valuationrate"),
            "serials": SERIALS,
            "manufacturer_number": ("manufacturernumber", "manufacturersnumber", "manufacturerserialnumber"),
        },
    ),
    FileKind.PLACES: (
        {"name", "type"},
        {
            "code": ("locationnumber",),
            "name": ("name",),
            "active": ("active",),
            "type": ("locationtype",),
            "parent": ("parentlocation",),
        },
    ),
    FileKind.ITEMS: (
        {"number", "name"},
        {
            "number": ITEM_NUMBER,
            "name": ("name", "productname", "itemname"),
            "description": ("description",),
            "category": ("category",),
            "base_unit": ("unitofmeasure", "uom", "baseunit", "baseunitofmeasure"),
            "unit_cost": ("unitcost", "cost", "costperunit"),
            "tracking": ("tracking",),
            "lot_control": ("lotandexpirycontrol",),
            "active": ("active",),
            "code_1": ("barcode", "gtin", "ean"),
            "code_2": ("upc",),
            "code_3": ("ndc",),
            "code_4": ("manufacturercode",),
            "pack_unit": ("packunit",),
            "pack_quantity": ("packquantity",),
            "pack_code": ("packbarcode",),
        },
    ),
    FileKind.BINS: (
        {"location", "code"},
        {
            "location": LOCATION,
            "code": BIN,
            "name": ("name", "binname", "description"),
            "zone": ("zone",),
            "kind": ("kind", "type"),
            "walking_order": ("walkingorder",),
        },
    ),
    FileKind.LOCATIONS: (
        {"code", "name"},
        {"code": ("code", "locationcode", "locationnumber"), "name": ("name",), "active": ("active",)},
    ),
}

# Odoo calls bins locations, by their path; at which of ours they are, the person says.
ODOO = {"location": (), "bin": ("location",), "item": ("product",)}
SKIPPED_TYPES = {"supplier", "donor", "distributor", "consumer", "patient", "customer"}
BIN_TYPES = {"binlocation", "bin", "internal", "internallocation"}
ZONE_TYPES = {"zone"}
BIN_KINDS = {squash(kind.value): kind for kind in BinKind if kind not in MADE_BY_THE_SYSTEM}
TRACKINGS = {kind.value: kind for kind in Tracking}
DEFAULT_UNIT = "Each"

SENTENCES = {
    "unknown_kind": _(
        "The first row names no columns that are known here. Download a sample to see how a file may look."
    ),
    "parent_missing": _("A bin lies at a location: say which one is its parent."),
    "pack_incomplete": _("A pack needs a unit and how many base units it holds."),
}


@dataclass(frozen=True, slots=True)
class LocationRow:
    file: str
    row: int
    code: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class BinRow:
    """A row with a blank code is a zone only."""

    file: str
    row: int
    location: str
    code: str
    name: str
    zone: str = ""
    kind: str = BinKind.STORAGE
    walking_order: int = 0


@dataclass(frozen=True, slots=True)
class ItemRow:
    file: str
    row: int
    number: str
    name: str
    description: str
    category: str
    base_unit: str
    tracking: str
    unit_cost: Decimal
    blocked: bool
    codes: tuple[str, ...] = ()
    pack: tuple[str, Decimal, str] | None = None  # unit of measure, base units in one, bar code


@dataclass(frozen=True, slots=True)
class Skipped:
    file: str
    row: int
    what: str
    why: str


@dataclass
class Records:
    """The rows of all files of master data, in the order of the files."""

    locations: list[LocationRow] = field(default_factory=list)
    bins: list[BinRow] = field(default_factory=list)
    items: list[ItemRow] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, record) -> None:
        lists = {LocationRow: self.locations, BinRow: self.bins, ItemRow: self.items, Skipped: self.skipped}
        lists[type(record)].append(record)


def kind_of(table: Table) -> FileKind | None:
    """What a file is, by its header. None is noted on the table."""
    for kind, (required, _names) in KINDS.items():
        if required <= columns_of(table, kind).keys():
            return kind
    if not table.errors:
        table.refuse("unknown_kind", row=1, message=SENTENCES["unknown_kind"])
    return None


def columns_of(table: Table, kind: FileKind) -> dict[str, int]:
    """{field: position of its column}; where several names are there, the one that is listed first."""
    positions = {squash(name): position for position, name in enumerate(table.header)}
    names = KINDS[kind][1]
    if kind is FileKind.STOCK and "product" in positions and not positions.keys() & set(ITEM_NUMBER):
        names = names | ODOO
    found = {}
    for name, spellings in names.items():
        position = next((positions[spelling] for spelling in spellings if spelling in positions), None)
        if position is not None:
            found[name] = position
    return found


def ignored_columns(table: Table, kind: FileKind) -> list[str]:
    read = set(columns_of(table, kind).values())
    return [name for position, name in enumerate(table.header) if name and position not in read]


def read_records(table: Table, kind: FileKind, records: Records) -> Cells:
    """Add the rows of a file of master data to the records; rows with faults are noted on the table instead."""
    cells = Cells(table, columns_of(table, kind))
    read = READERS[kind]
    for row, values in table.rows:
        faults = len(table.errors)
        record = read(cells, row, values)
        if len(table.errors) == faults:
            records.add(record)
    return cells


def read_place(cells: Cells, row: int, values: list[str]) -> LocationRow | BinRow | Skipped:
    file = cells.table.file.name
    kind = squash(cells.raw(values, "type"))
    name = cells.text(row, values, "name", limit=limit_of(Location, "name"), required=True)
    active = cells.flag(row, values, "active", blank=True)
    if kind in SKIPPED_TYPES:
        why = _("%(type)s: no stock of yours lies there") % {"type": cells.raw(values, "type").lower()}
        return Skipped(file, row, name, str(why))
    if kind not in BIN_TYPES | ZONE_TYPES:
        code = cells.text(row, values, "code", limit=limit_of(Location, "code"))
        return LocationRow(file, row, code, name, active)
    code = cells.text(row, values, "code", limit=limit_of(Bin, "code")) or name
    parent = cells.text(row, values, "parent", limit=limit_of(Location, "name"))
    if not parent:
        cells.refuse("parent_missing", row, "parent", message=SENTENCES["parent_missing"])
    if not active:
        return Skipped(file, row, code, str(_("not active")))
    if kind in ZONE_TYPES:
        return BinRow(file, row, parent, "", name, zone=code)
    return BinRow(file, row, parent, code, name)


def read_location(cells: Cells, row: int, values: list[str]) -> LocationRow:
    return LocationRow(
        cells.table.file.name,
        row,
        cells.text(row, values, "code", limit=limit_of(Location, "code"), required=True),
        cells.text(row, values, "name", limit=limit_of(Location, "name"), required=True),
        cells.flag(row, values, "active", blank=True),
    )


def read_bin(cells: Cells, row: int, values: list[str]) -> BinRow:
    order = cells.number(row, values, "walking_order", {"max_digits": 9, "decimal_places": 0})
    return BinRow(
        cells.table.file.name,
        row,
        cells.text(row, values, "location", limit=limit_of(Location, "name"), required=True),
        cells.text(row, values, "code", limit=limit_of(Bin, "code"), required=True),
        cells.text(row, values, "name", limit=limit_of(Bin, "name")),
        zone=cells.text(row, values, "zone", limit=limit_of(Zone, "code")),
        kind=cells.choice(row, values, "kind", BIN_KINDS, blank=BinKind.STORAGE),
        walking_order=int(order or 0),
    )


def read_item(cells: Cells, row: int, values: list[str]) -> ItemRow:
    lot_control = cells.flag(row, values, "lot_control", blank=False)
    codes = [
        cells.text(row, values, f"code_{number}", limit=limit_of(ItemReference, "code")) for number in (1, 2, 3, 4)
    ]
    return ItemRow(
        cells.table.file.name,
        row,
        number=cells.text(row, values, "number", limit=limit_of(Item, "number"), required=True),
        name=cells.text(row, values, "name", limit=limit_of(Item, "name"), required=True),
        description=cells.text(row, values, "description", limit=2000),
        category=cells.text(row, values, "category", limit=limit_of(Category, "name")),
        base_unit=cells.text(row, values, "base_unit", limit=limit_of(UnitOfMeasure, "code")) or DEFAULT_UNIT,
        tracking=cells.choice(row, values, "tracking", TRACKINGS, blank=Tracking.LOT if lot_control else Tracking.BULK),
        unit_cost=cells.number(row, values, "unit_cost", UNIT_COST) or Decimal(0),
        blocked=not cells.flag(row, values, "active", blank=True),
        codes=tuple(dict.fromkeys(filter(None, codes))),
        pack=read_pack(cells, row, values),
    )


def read_pack(cells: Cells, row: int, values: list[str]) -> tuple[str, Decimal, str] | None:
    unit = cells.text(row, values, "pack_unit", limit=limit_of(UnitOfMeasure, "code"))
    quantity = cells.number(row, values, "pack_quantity")
    code = cells.text(row, values, "pack_code", limit=limit_of(ItemReference, "code"))
    if not unit and quantity is None and not code:
        return None
    if not unit or not quantity:
        cells.refuse("pack_incomplete", row, "pack_quantity" if unit else "pack_unit", SENTENCES["pack_incomplete"])
        return None
    return unit, quantity, code


def limit_of(model, name: str) -> int:
    return model._meta.get_field(name).max_length


READERS: Mapping[FileKind, Callable] = {
    FileKind.PLACES: read_place,
    FileKind.LOCATIONS: read_location,
    FileKind.BINS: read_bin,
    FileKind.ITEMS: read_item,
}
