"""What a file of counts says: our own export, a count sheet of another system, or a list that somebody made.

A row without a count says nothing, whatever else stands in it: blank is not counted, never zero. Rows with the number
of a line are held against that line later; the others name a bin and an item (and a lot), which are looked up here.

Serialized items are counted by the codes of their units: one row may name many, and many rows may name one line. The
count beside codes is not read, but that 0 of a unit says that it was not seen.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from counting.exporting import Version
from counting.scope_files import SENTENCES as SCOPE_SENTENCES
from counting.scope_files import Places, items_named
from warehouse.cells import Cells
from warehouse.codes import CodesRefused, expand_codes
from warehouse.dialects import number_meant
from warehouse.imports import BIN, ITEM_NUMBER, LOCATION, LOT, limit_of
from warehouse.matching import SENTENCES as MATCHING_SENTENCES
from warehouse.matching import Refused
from warehouse.models import Bin, ItemVariant, Location, Lot, Tracking
from warehouse.models.places import IMPLICIT_CODE
from warehouse.spreadsheets import SourceFile, Table, read_table, squash
from warehouse.tags import read_tag, tag_code

# The squashed names that each column may have; where several are there, the one that is listed first.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "line": ("line", "lineid", "countline"),
    "version": ("version",),
    "bin": BIN,
    "place": LOCATION,
    "item": (*ITEM_NUMBER, "product"),
    "variant": ("variant", "variantcode"),
    "lot": LOT,
    "codes": (
        "serialnumbers",
        "serialnumber",
        "serialno",
        "serialnos",
        "serials",
        "serial",
        "epc",
        "epcs",
        "tags",
        "tag",
    ),
    "expiration_date": ("expirationdate", "expirydate", "expiry", "expires"),
    "quantity": (
        "counted",
        "countedquantity",
        "physicalqoh",
        "physicalquantity",
        "physicalcount",
        "inventoriedquantity",
        "quantity",
    ),
}
LONGEST_PRODUCT = 300  # Odoo writes number and name into one cell
KEY = re.compile(r"\d{1,18}")
ZERO = re.compile(r"0+(?:[.,]0*)?")

SENTENCES = {
    "unknown_kind": _(
        "The first row must name the columns: Counted (or Serial numbers) and Line, as in the export, or Counted, Item "
        "and Bin."
    ),
    "not_a_line": _("“%(value)s” is not the number of a line. Leave this column as it was exported."),
    "not_a_version": _("“%(value)s” is not a version. Leave this column as it was exported."),
    "item_missing": _("A count needs an item."),
    "bin_missing": _("A count needs a bin. Stock without a bin lies in %(implicit)s."),
    "unknown_bin": SCOPE_SENTENCES["unknown_bin"],
    "missing_bin": SCOPE_SENTENCES["missing_bin"],
    "unknown_item": _("There is no item %(item)s."),
    "unknown_variant": _("%(item)s has no variant %(variant)s."),
    "lot_missing": _("%(item)s is tracked by lot: fill in the lot."),
    "lot_not_expected": _("%(item)s is not tracked by lot: leave the lot blank."),
    "location_elsewhere": _("This count is at %(location)s, not at %(value)s."),
}


@dataclass(slots=True)
class CountRow:
    """One count, or units that were seen: then `quantity` is how many. Keys are looked up where no line is given."""

    row: int
    line: int | None
    version: Version | None
    bin: str
    item: str
    variant: str
    lot: str
    expires: date | None
    quantity: Decimal
    codes: list[str]
    bin_key: int | None = None
    item_key: int | None = None
    variant_key: int | None = None
    serialized: bool = False

    def as_tuple(self) -> tuple:
        """In the order of sql.importing.COPY_FILE."""
        version = self.version
        seen = (version.round, version.begun, version.counted) if version else (None, None, None)
        texts = (self.bin, self.item, self.variant, self.lot, self.expires)
        keys = (self.bin_key, self.item_key, self.variant_key)
        return (self.row, self.line, *seen, *texts, *keys, self.quantity, self.codes, self.serialized)


@dataclass
class CountFile:
    table: Table
    columns: dict[str, int] = field(default_factory=dict)
    rows: list[CountRow] = field(default_factory=list)
    blank: int = 0  # rows that hold no count
    ignored: list[str] = field(default_factory=list)


def read_counts(file: SourceFile, *, location: Location) -> CountFile:
    """Everything that can be read; what is wrong is noted on the table."""
    table = read_table(file)
    cells = Cells(table, columns_of(table.header))
    counts = CountFile(table, dict(cells.columns), ignored=not_read(table, cells))
    if table.header and not is_a_count(cells):
        if not table.errors:
            table.refuse("unknown_kind", row=1, message=SENTENCES["unknown_kind"])
        return counts
    said = [(row, values) for row, values in table.rows if says_something(cells, values)]
    counts.blank = len(table.rows) - len(said)
    counts.rows = list(without_faults(said, cells))
    look_up([row for row in counts.rows if row.line is None], cells, location)
    faulty = {error.row for error in table.errors}
    unseen = {row.row for row in counts.rows if row.serialized and row.lot}
    counts.blank += len(unseen)
    counts.rows = [row for row in counts.rows if row.row not in faulty | unseen]
    return counts


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """{field: position of its column}. A location alone is where things lie: others have no bins, or call them so."""
    positions = {squash(name): position for position, name in reversed(list(enumerate(header)))}
    found = {}
    for name, spellings in COLUMNS.items():
        position = next((positions[spelling] for spelling in spellings if spelling in positions), None)
        if position is not None:
            found[name] = position
    if "place" in found and "bin" not in found:
        found["bin"] = found.pop("place")
    return found


def is_a_count(cells: Cells) -> bool:
    return all(names & cells.columns.keys() for names in ({"quantity", "codes"}, {"line", "item"}))


def says_something(cells: Cells, values: list[str]) -> bool:
    """A unit with the count 0 was looked for and not seen."""
    quantity, code = cells.raw(values, "quantity"), cells.raw(values, "codes")
    return bool(quantity or code) and not (code and ZERO.fullmatch(quantity))


def not_read(table: Table, cells: Cells) -> list[str]:
    read = set(cells.columns.values())
    return [name for position, name in enumerate(table.header) if name and position not in read]


def without_faults(said: Iterable[tuple[int, list[str]]], cells: Cells) -> Iterator[CountRow]:
    for row, values in said:
        faults = len(cells.table.errors)
        count = read_row(cells, row, values)
        if len(cells.table.errors) == faults:
            yield count


def read_row(cells: Cells, row: int, values: list[str]) -> CountRow:
    line = read_key(cells, row, values)
    codes = read_codes(cells, row, values)
    quantity = Decimal(len(codes)) if codes else cells.number(row, values, "quantity")
    return CountRow(
        row,
        line,
        read_version(cells, row, values) if line is not None else None,
        cells.text(row, values, "bin", limit=limit_of(Bin, "name")),
        cells.text(row, values, "item", limit=LONGEST_PRODUCT),
        cells.text(row, values, "variant", limit=limit_of(ItemVariant, "code")),
        cells.text(row, values, "lot", limit=limit_of(Lot, "number")),
        cells.date(row, values, "expiration_date") if line is None else None,
        quantity,
        codes,
    )


def read_codes(cells: Cells, row: int, values: list[str], name: str = "codes") -> list[str]:
    """Each once, in the order of the cell."""
    try:
        return list(dict.fromkeys(map(stored_as, expand_codes(cells.raw(values, name)))))
    except CodesRefused as refused:
        for error in refused.errors:
            cells.refuse(error.code, row, name, message=error.message)
        return []


def stored_as(code: str) -> str:
    """Tags are stored in one spelling of many."""
    tag = read_tag(code) if code[:4].lower() == "urn:" else None
    return tag.code if tag else tag_code(code) or code


def read_key(cells: Cells, row: int, values: list[str]) -> int | None:
    text = cells.raw(values, "line")
    if not text:
        return None
    if not KEY.fullmatch(text):
        cells.refuse("not_a_line", row, "line", message=SENTENCES["not_a_line"], value=text[:40])
        return None
    return int(text)


def read_version(cells: Cells, row: int, values: list[str]) -> Version | None:
    text = cells.raw(values, "version")
    version = Version.read(text)
    if text and not version:
        cells.refuse("not_a_version", row, "version", message=SENTENCES["not_a_version"], value=text[:40])
    return version


# Rows without the number of a line


def look_up(rows: Sequence[CountRow], cells: Cells, location: Location) -> None:
    """Fill in the keys; what nobody knows is noted on the table."""
    if not rows:
        return
    places = Places(location)
    items = items_named({text for row in rows for text, _variant in readings(row)})
    variants = variants_of({pk for pk, _tracking in items.values()})
    raw = dict(cells.table.rows)
    for row in rows:
        if look_up_item(row, cells, items, variants):
            if row.serialized:
                take_lot_for_code(row, cells, raw[row.row])
            look_up_bin(row, cells, places)
            check_place(row, cells.raw(raw[row.row], "place"), cells, places)


def readings(row: CountRow) -> Iterator[tuple[str, str]]:
    """What an item may be called, with its variant: HW-1, HW-1/RED, and [HW-1] Padlock as Odoo writes it."""
    yield row.item, row.variant
    yield number_meant(row.item), row.variant
    number, slash, variant = row.item.rpartition("/")
    if slash and not row.variant:
        yield number, variant


def look_up_item(row: CountRow, cells: Cells, items: Mapping, variants: Mapping) -> bool:
    if not row.item:
        cells.refuse("item_missing", row.row, "item", message=SENTENCES["item_missing"])
        return False
    known = [(text, variant) for text, variant in readings(row) if text.casefold() in items]
    if not known:
        cells.refuse("unknown_item", row.row, "item", message=SENTENCES["unknown_item"], item=row.item)
        return False
    row.item, row.variant = known[0]
    row.item_key, tracking = items[row.item.casefold()]
    row.serialized = tracking in (Tracking.SERIAL, Tracking.RFID)
    row.variant_key = variants.get((row.item_key, row.variant.casefold()))
    broken = {
        ("unknown_variant", "variant"): row.variant and row.variant_key is None,
        ("lot_missing", "lot"): tracking == Tracking.LOT and not row.lot,
        ("lot_not_expected", "lot"): tracking == Tracking.BULK and row.lot,
    }
    faults = [fault for fault, so in broken.items() if so]
    for code, name in faults:
        cells.refuse(code, row.row, name, message=SENTENCES[code], item=row.item, variant=row.variant)
    return not faults


def take_lot_for_code(row: CountRow, cells: Cells, values: list[str]) -> None:
    """Others have one column for lots and serial numbers. What it names stays a lot where the count is 0: not seen."""
    if row.lot and not row.codes and row.quantity:
        row.codes = read_codes(cells, row.row, values, "lot")
        row.quantity = Decimal(len(row.codes))
    if row.codes:
        row.lot = ""


def variants_of(items: Iterable[int]) -> dict[tuple[int, str], int]:
    rows = ItemVariant.objects.filter(item__in=items).values_list("item", "code", "pk")
    return {(item, code.casefold()): pk for item, code, pk in rows}


def look_up_bin(row: CountRow, cells: Cells, places: Places) -> None:
    if not row.bin and places.has_bins:
        cells.refuse("bin_missing", row.row, "bin", message=SENTENCES["bin_missing"], implicit=IMPLICIT_CODE)
        return
    try:
        row.bin_key = places.key_of(places.place.bin_meant(row.bin))
    except Refused as refused:
        sentence = SENTENCES.get(refused.code) or MATCHING_SENTENCES[refused.code]
        cells.refuse(refused.code, row.row, "bin", message=sentence, **refused.params)


def check_place(row: CountRow, text: str, cells: Cells, places: Places) -> None:
    if text and not places.place.is_called(text):
        names = {"location": places.place.name, "value": text[:40]}
        cells.refuse("location_elsewhere", row.row, "place", message=SENTENCES["location_elsewhere"], **names)
