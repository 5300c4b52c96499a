"""The rows of stock files, and what can be wrong with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from inventory_site.fields import UNIT_COST
from inventory_site.templatetags.truecount import quantity as written
from warehouse.cells import Cells
from warehouse.codes import CodesRefused, expand_codes
from warehouse.dialects import number_meant
from warehouse.imports import LOT_OR_SERIAL, limit_of
from warehouse.matching import MasterData, Place, Refused, row_error
from warehouse.models import Bin, Item, Lot, Quant, Tracking, Unit
from warehouse.spreadsheets import RowError, squash
from warehouse.tags import read_tag

SENTENCES = {
    "is_a_count": _(
        "The book says %(book)s here, so this is a count, not opening stock. Open a count at this location instead."
    ),
    "quantity_missing": _("The quantity is blank. Type 0 where the place is empty."),
    "unknown_item": _("There is no item %(item)s. Import the items first, or together with the stock."),
    "item_blocked": _("%(item)s is blocked: nothing of it can be posted."),
    "unit_missing": _("%(item)s is tracked by units: fill in the serial number or the tag of each."),
    "unit_not_expected": _("%(item)s is not tracked by units: leave the serial number blank."),
    "other_number": _("The row names %(units)s units, and its quantity is %(quantity)s."),
    "not_a_tag": _("“%(unit)s” is no tag: an EPC is hexadecimal, or a URI."),
    "unit_in_file_twice": _("%(item)s: unit %(unit)s stands in row %(first)s of %(file)s already."),
    "unit_in_stock": _("%(item)s: unit %(unit)s is in stock already."),
    "manufacturer_of_several": _("A manufacturer's number belongs to one unit: give each a row of its own."),
    "lot_missing": _("%(item)s is tracked by lot: fill in the lot."),
    "lot_not_expected": _("%(item)s is not tracked by lot: leave the lot blank."),
    "expiry_without_lot": _("%(item)s is not tracked by lot, so it has no expiration date."),
    "lot_expires_otherwise": _("Lot %(lot)s of %(item)s expires on %(known)s, not on %(given)s."),
    "lot_expires_twice": _("Lot %(lot)s of %(item)s expires on %(known)s in row %(first)s of %(file)s."),
    "duplicate_stock": _("The same item, bin and lot stand in row %(first)s of %(file)s already."),
    "stock_known": _(
        "%(bin)s has entries of %(item)s already, the book says %(book)s. Count it or adjust it: opening stock is "
        "loaded once."
    ),
}
# The field that an error is about; planning puts the name of its column in the file there instead.
FIELDS = {
    "unknown_item": "item",
    "item_blocked": "item",
    "unit_missing": "item",
    "unit_not_expected": "serials",
    "other_number": "quantity",
    "not_a_tag": "serials",
    "unit_in_file_twice": "serials",
    "unit_in_stock": "serials",
    "manufacturer_of_several": "manufacturer_number",
    "lot_missing": "lot",
    "lot_not_expected": "lot",
    "expiry_without_lot": "expiration_date",
    "lot_expires_otherwise": "expiration_date",
    "lot_expires_twice": "expiration_date",
}


@dataclass(frozen=True, slots=True)
class StockRow:
    """A row as it was read. `serials` names units; where the file has one column for lots and serial numbers, as Odoo
    has, `lot_or_serial` says so and `lot` holds what stands there. The quantity may be blank beside serial numbers.
    """

    file: str
    row: int
    location: str
    bin: str
    item: str
    lot: str
    expiration_date: date | None
    quantity: Decimal | None
    unit_cost: Decimal | None
    serials: str = ""
    manufacturer_number: str = ""
    lot_or_serial: bool = False


@dataclass(frozen=True, slots=True)
class StockLine:
    """A row whose location and bin were found; blank lot: none. Units have a lot of their own, and their quant none."""

    row: StockRow
    location: str
    bin: str
    units: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.location, self.bin, self.row.item, "" if self.units else self.row.lot

    @property
    def lot_key(self) -> tuple[str, str]:
        return self.row.item, self.row.lot


def read_stock(cells: Cells, *, location: str) -> list[StockRow]:
    """The rows without faults; `location` is where rows lie that do not say it themselves."""
    rows = []
    for row, values in cells.table.rows:
        faults = len(cells.table.errors)
        record = read_row(cells, row, values, location)
        if len(cells.table.errors) == faults:
            rows.append(record)
    return rows


def read_row(cells: Cells, row: int, values: list[str], location: str) -> StockRow:
    book = cells.raw(values, "book")
    if book:
        cells.refuse("is_a_count", row, "book", message=SENTENCES["is_a_count"], book=book[:20])
    quantity = cells.number(row, values, "quantity")
    serials = cells.raw(values, "serials")
    lot_or_serial = squash(cells.header("lot")) == LOT_OR_SERIAL and "serials" not in cells.columns
    if not (cells.raw(values, "quantity") or serials):
        cells.refuse("quantity_missing", row, "quantity", message=SENTENCES["quantity_missing"])
    return StockRow(
        cells.table.file.name,
        row,
        cells.raw(values, "location") or location,
        cells.text(row, values, "bin", limit=limit_of(Bin, "name")),
        read_item(cells, row, values),
        cells.text(row, values, "lot", limit=limit_of(Lot, "number")),
        cells.date(row, values, "expiration_date"),
        quantity,
        cells.number(row, values, "unit_cost", UNIT_COST),
        serials,
        cells.text(row, values, "manufacturer_number", limit=limit_of(Unit, "manufacturer_number")),
        lot_or_serial,
    )


def read_item(cells: Cells, row: int, values: list[str]) -> str:
    written = cells.raw(values, "item")
    meant = number_meant(written)
    if meant != written:
        return meant
    return cells.text(row, values, "item", limit=limit_of(Item, "number"), required=True)


def stock_error(row: StockRow, code: str, **params) -> RowError:
    return RowError(row.file, row.row, FIELDS.get(code, ""), code, str(SENTENCES[code] % params))


@dataclass
class KnownItem:
    tracking: str
    unit_cost: Decimal
    blocked: bool

    @property
    def is_serialized(self):
        return self.tracking in (Tracking.SERIAL, Tracking.RFID)


def known_items(rows: Iterable[StockRow], master: MasterData) -> dict[str, KnownItem]:
    """The items of the rows, as they are or as the same import makes them."""
    numbers = {row.item for row in rows}
    fields = ("number", "tracking", "unit_cost", "blocked")
    found = Item.objects.filter(number__in=numbers).values_list(*fields)
    made = (
        (row.number, KnownItem(row.tracking, row.unit_cost, row.blocked))
        for row in master.items.values()
        if row.number in numbers
    )
    return {number: KnownItem(*rest) for number, *rest in found} | dict(made)


def find_place(row: StockRow, master: MasterData) -> tuple[Place, str]:
    """The location and the code of the bin. Raises Refused."""
    place = master.places.find(row.location)
    if place is None:
        raise Refused("unknown_location", what=row.location)
    return place, place.bin_meant(row.bin)


def check_stock(rows: Sequence[StockRow], master: MasterData, errors: list[RowError]) -> list[StockLine]:
    """The lines that can be loaded as far as the files tell; what is wrong with the others is added to `errors`."""
    items = known_items(rows, master)
    lines, first, named = [], {}, {}
    for row in rows:
        try:
            place, bin_code = find_place(row, master)
        except Refused as refused:
            errors.append(row_error(row, refused.code, **refused.params))
            continue
        item = items.get(row.item)
        if item and item.is_serialized:
            line, faults = check_units(row, place.code, bin_code, item, named)
        else:
            line, faults = StockLine(row, place.code, bin_code), list(item_faults(row, item))
            if line.key in first:
                faults.append(stock_error(row, "duplicate_stock", first=first[line.key].row, file=first[line.key].file))
            first.setdefault(line.key, row)
        errors += faults
        if not faults:
            lines.append(line)
    check_lots(lines, errors)
    return lines


def item_faults(row: StockRow, item: KnownItem | None) -> Iterable[RowError]:
    if item is None:
        yield stock_error(row, "unknown_item", item=row.item)
        return
    tracked_by_lot = item.tracking == Tracking.LOT
    faults = {
        "item_blocked": item.blocked,
        "unit_not_expected": row.serials,
        "lot_missing": tracked_by_lot and not row.lot,
        "lot_not_expected": item.tracking == Tracking.BULK and row.lot,
        "expiry_without_lot": item.tracking == Tracking.BULK and not row.lot and row.expiration_date,
    }
    for code, broken in faults.items():
        if broken:
            yield stock_error(row, code, item=row.item)


def check_units(
    row: StockRow, location: str, bin: str, item: KnownItem, named: dict[tuple[str, str], StockRow]
) -> tuple[StockLine, list[RowError]]:
    """The line with its units, and what is wrong with them; `named` remembers in which row each was named."""
    said, lot = (row.lot, "") if row.lot_or_serial else (row.serials, row.lot)
    is_empty = row.quantity is not None and not row.quantity
    units, faults = ([], []) if is_empty else codes_in(row, said, item.tracking)
    if not faults:
        faults = [*number_faults(row, units), *repeated(row, units, named)]
    if item.blocked:
        faults.append(stock_error(row, "item_blocked", item=row.item))
    row = replace(row, lot=lot, quantity=Decimal(len(units)))
    return StockLine(row, location, bin, tuple(units)), faults


def number_faults(row: StockRow, units: Sequence[str]) -> Iterable[RowError]:
    if row.quantity and not units:
        yield stock_error(row, "unit_missing", item=row.item)
    elif row.quantity is not None and row.quantity != len(units):
        yield stock_error(row, "other_number", units=len(units), quantity=written(row.quantity))
    if row.manufacturer_number and len(units) > 1:
        yield stock_error(row, "manufacturer_of_several")


def repeated(row: StockRow, units: Iterable[str], named: dict[tuple[str, str], StockRow]) -> Iterable[RowError]:
    for code in units:
        if earlier := named.get((row.item, code)):
            where = {"first": earlier.row, "file": earlier.file}
            yield stock_error(row, "unit_in_file_twice", item=row.item, unit=code, **where)
        named.setdefault((row.item, code), row)


def codes_in(row: StockRow, said: str, tracking: str) -> tuple[list[str], list[RowError]]:
    """The codes in a cell, as units are stored by them."""
    try:
        codes = expand_codes(said)
    except CodesRefused as refused:
        return [], [RowError(row.file, row.row, "serials", error.code, str(error.message)) for error in refused.errors]
    if tracking == Tracking.SERIAL:
        return codes, []
    tags = [(code, read_tag(code)) for code in codes]
    wrong = [stock_error(row, "not_a_tag", unit=code) for code, tag in tags if tag is None]
    return [tag.code for _code, tag in tags if tag], wrong


def check_lots(lines: Iterable[StockLine], errors: list[RowError]) -> None:
    """One lot has one expiration date, in the files and in what is known."""
    known = expiration_dates(lines)
    first: dict[tuple[str, str], StockRow] = {}
    for line in lines:
        row, given = line.row, line.row.expiration_date
        if not row.lot or given is None:
            continue
        names = {"lot": row.lot, "item": row.item}
        earlier = first.setdefault(line.lot_key, row)
        if known.get(line.lot_key) not in (None, given):
            errors.append(stock_error(row, "lot_expires_otherwise", known=known[line.lot_key], given=given, **names))
        elif earlier.expiration_date != given:
            where = {"first": earlier.row, "file": earlier.file}
            errors.append(stock_error(row, "lot_expires_twice", known=earlier.expiration_date, **where, **names))


def expiration_dates(lines: Iterable[StockLine]) -> dict[tuple[str, str], date | None]:
    """Of all known lots of the items of these lines."""
    numbers = {line.row.item for line in lines if line.row.lot}
    lots = Lot.objects.filter(item__number__in=numbers)
    return {
        (item, lot): expires for item, lot, expires in lots.values_list("item__number", "number", "expiration_date")
    }


def known_quants(lines: Iterable[StockLine]) -> dict[tuple[str, str, str, str], tuple[Decimal, int]]:
    """{(location, bin, item, lot): (quantity, newest entry)} of the quants that are there already."""
    quants = Quant.objects.filter(
        location__code__in={line.location for line in lines},
        item__number__in={line.row.item for line in lines},
        variant=None,
    )
    names = ("location__code", "bin__code", "item__number", "lot__number", "quantity", "last_entry")
    return {
        (location, bin_code, item, lot or ""): (quantity, last_entry)
        for location, bin_code, item, lot, quantity, last_entry in quants.values_list(*names)
    }


def check_untouched(lines: Iterable[StockLine], quants: dict, errors: list[RowError]) -> None:
    for line in lines:
        quantity, last_entry = quants.get(line.key, (None, 0))
        if last_entry:
            errors.append(
                stock_error(line.row, "stock_known", bin=line.bin, item=line.row.item, book=written(quantity))
            )


def check_absent(lines: Iterable[StockLine], errors: list[RowError]) -> None:
    """What is loaded is not in stock yet, wherever."""
    named = {(line.row.item, code): line.row for line in lines for code in line.units}
    codes = {code for _item, code in named}
    known = Unit.objects.in_stock().filter(code__in=codes).values_list("item__number", "code")
    for item, code in known:
        if row := named.get((item, code)):
            errors.append(stock_error(row, "unit_in_stock", item=item, unit=code))
