"""The scope of a count from a spreadsheet: each row names a bin, an item, or an item in a bin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from counting.sql import opening as sql
from inventory_site.errors import LineError, LinesRefused
from warehouse.cells import Cells
from warehouse.imports import BIN, ITEM_NUMBER, limit_of
from warehouse.matching import SENTENCES as MATCHING_SENTENCES
from warehouse.matching import Place, Refused
from warehouse.models import Bin, Item, ItemReference, Location
from warehouse.spreadsheets import SourceFile, read_table, squash

REMEMBERED = 100  # rows that stay on the session in words; how many there were always does

SENTENCES = {
    "unknown_kind": _("The first row must name the columns: Bin, Item, or both."),
    "nothing_named": _("This row names neither a bin nor an item."),
    "unknown_bin": _("%(location)s has no bin %(what)s."),
    "missing_bin": _("%(what)s holds what is being searched for: nothing is counted there."),
    "unknown_item": _("There is no item %(item)s."),
    "no_rows": _("No row follows the names of the columns."),
}


class ListRefused(LinesRefused):
    """Rows are wrong; all of them are in `errors`, with the row of the spreadsheet as their line."""

    code, text = "list_refused", _("The spreadsheet cannot be used: rows must be corrected first.")


@dataclass(frozen=True)
class Listed:
    """What a spreadsheet names: keys of bins, of items, and of items in bins, with the words that they stood for."""

    name: str
    bins: dict[int, str]
    items: dict[int, str]
    pairs: dict[tuple[int, int], str]

    def quants(self) -> RawSQL:
        """The keys of all quants that it names, at whatever location."""
        bins, items = [bin for bin, _item in self.pairs], [item for _bin, item in self.pairs]
        return RawSQL(sql.QUANTS_LISTED, [list(self.bins), list(self.items), bins, items])  # noqa: S611 (a constant)

    def as_json(self) -> dict:
        rows = [*self.bins.values(), *self.items.values(), *self.pairs.values()]
        return {"name": self.name, "rows": len(rows), "first": rows[:REMEMBERED]}


@dataclass(frozen=True, slots=True)
class Named:
    row: int
    bin: str
    item: str


def read_listed(file: SourceFile, *, location: Location) -> Listed:
    """Read a whole list; raises ListRefused with every row that is wrong."""
    table = read_table(file)
    cells = Cells(table, columns_of(table.header))
    if table.header and not cells.columns and not table.errors:
        table.refuse("unknown_kind", row=1, message=SENTENCES["unknown_kind"])
    rows = [
        Named(
            row,
            cells.text(row, values, "bin", limit=limit_of(Bin, "name")),
            cells.text(row, values, "item", limit=limit_of(Item, "number")),
        )
        for row, values in table.rows
        if cells.columns
    ]
    if cells.columns and not rows and not table.errors:
        table.refuse("no_rows", row=1, message=SENTENCES["no_rows"])
    listed = followed(file.name, rows, cells, location)
    if table.errors:
        raise ListRefused(
            LineError(error.row, error.code, f"{error.column}: {error.message}" if error.column else error.message)
            for error in sorted(table.errors, key=lambda error: error.row)
        )
    return listed


def columns_of(header: Sequence[str]) -> dict[str, int]:
    names = [squash(name) for name in header]
    known = {"bin": BIN, "item": ITEM_NUMBER}
    found = {field: [names.index(name) for name in spellings if name in names] for field, spellings in known.items()}
    return {field: positions[0] for field, positions in found.items() if positions}


def followed(name: str, rows: Sequence[Named], cells: Cells, location: Location) -> Listed:
    """What the rows mean; what nobody knows is noted on the table."""
    places = Places(location)
    items = items_named({row.item for row in rows if row.item})
    listed = Listed(name, {}, {}, {})
    for row in rows:
        faults = len(cells.table.errors)
        bin = bin_of(row, cells, places)
        item = item_of(row, items, cells)
        if len(cells.table.errors) > faults:
            continue
        if bin and item:
            listed.pairs[bin, item] = f"{row.item} · {row.bin}"
        elif bin:
            listed.bins[bin] = row.bin
        elif item:
            listed.items[item] = row.item
        else:
            cells.refuse("nothing_named", row.row, message=SENTENCES["nothing_named"])
    return listed


class Places:
    """The bins of a location in which things are counted, with their keys."""

    def __init__(self, location: Location):
        self.place = Place(location.code, location.name, location.pk)
        self.keys = dict(Bin.objects.filter(location=location).to_count_in().values_list("code", "pk"))
        self.has_bins = len(self.keys) > 1

    def key_of(self, code: str) -> int:
        """Raises Refused."""
        if code not in self.keys:
            raise Refused("missing_bin", what=code)
        return self.keys[code]


def bin_of(row: Named, cells: Cells, places: Places) -> int | None:
    if not row.bin:
        return None
    try:
        return places.key_of(places.place.bin_named(row.bin))
    except Refused as refused:
        sentence = SENTENCES.get(refused.code) or MATCHING_SENTENCES[refused.code]
        cells.refuse(refused.code, row.row, "bin", message=sentence, **refused.params)
        return None


def item_of(row: Named, items: dict[str, tuple[int, str]], cells: Cells) -> int | None:
    if not row.item:
        return None
    pk, _tracking = items.get(row.item.casefold(), (None, ""))
    if pk is None:
        cells.refuse("unknown_item", row.row, "item", message=SENTENCES["unknown_item"], item=row.item)
    return pk


def items_named(texts: Iterable[str]) -> dict[str, tuple[int, str]]:
    """{text in small letters: (item, tracking)}, by bar code and, going before it, by number."""
    spelled = {spelling for text in texts for spelling in (text, text.upper())}
    by_code = ItemReference.objects.filter(code__in=spelled).values_list("code", "item", "item__tracking")
    by_number = Item.objects.filter(number__in=spelled).values_list("number", "pk", "tracking")
    return {text.casefold(): (pk, tracking) for text, pk, tracking in [*by_code, *by_number]}
