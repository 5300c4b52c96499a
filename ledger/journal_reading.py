"""Lines for a journal from a spreadsheet: a file with names over its columns, or a block of cells that was copied."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from inventory_site.errors import LineError, LinesRefused
from inventory_site.fields import UNIT_COST
from inventory_site.figures import decimal_mark
from ledger.journal_forms import MINUS, LineForm
from ledger.models import EntryType
from warehouse.cells import Cells
from warehouse.imports import BIN, ITEM_NUMBER, LOT, SERIALS
from warehouse.spreadsheets import SourceFile, Table, read_table, squash

# The squashed names that the columns of a file may have, beside those that the grid shows.
NAMES = {
    "item": ITEM_NUMBER,
    "variant": ("variant", "variantcode"),
    "entry_type": ("entrytype", "inorout", "type"),
    "bin": (*BIN, "frombin", "frombincode"),
    "new_bin": ("newbin", "newbincode", "tobin", "tobincode"),
    "lot": (*LOT, "lotno"),
    "expiration_date": ("expirationdate", "expirydate", "expiry", "expires"),
    "unit": (*SERIALS, "unit", "units"),
    "new_variant": ("newvariant", "newvariantcode"),
    "new_lot": ("newlot", "newlotno", "newlotnumber"),
    "new_expiration_date": ("newexpirationdate",),
    "new_unit": ("newserialno", "newserialnumber", "newunit"),
    "quantity": ("quantity", "qty", "qtybase"),
    "unit_of_measure": ("unitofmeasure", "unitofmeasurecode", "uom"),
    "unit_cost": ("unitcost", "cost", "unitamount", "costperbaseunit"),
}
WORDS = {
    EntryType.POSITIVE: {"positive", "positiveadjmt", "positiveadjustment", "in", "", "0"},
    EntryType.NEGATIVE: {"negative", "negativeadjmt", "negativeadjustment", "out", "1"},
}
LIMITS = {name: field.max_length for name, field in LineForm.base_fields.items() if hasattr(field, "max_length")}

SENTENCES = {
    "not_an_entry_type": _("“%(value)s” says neither in nor out."),
    "no_columns": _("None of the columns is one of this journal: %(columns)s."),
}


class LinesUnreadable(LinesRefused):
    code, text = "lines_unreadable", _("Nothing was added: rows must be corrected first.")


def read_file(file: SourceFile, *, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a file as lines. Raises LinesUnreadable with everything that is wrong."""
    table = read_table(file)
    found = columns_in(table.header, columns)
    if not found and not table.errors:
        table.refuse("no_columns", row=1, message=SENTENCES["no_columns"], columns=", ".join(named(columns)))
    return lines_of(table, found)


def read_block(text: str, *, columns: Sequence[str], first: str = "") -> list[dict[str, Any]]:
    """Cells as a spreadsheet program copies them. Where the first row names no columns, they are those of the grid from
    `first` on. Raises LinesUnreadable.
    """
    rows = [[cell.strip() for cell in row.split("\t")] for row in text.strip("\r\n").splitlines()]
    header = columns_in(rows[0], columns) if rows else {}
    names_itself = "item" in header and len(header) == sum(map(bool, rows[0]))
    table = Table(SourceFile("", b""), delimiter="\t")
    if names_itself:
        table.header, below = rows[0], list(enumerate(rows[1:], start=2))
        found = header
    else:
        start = columns.index(first) if first in columns else 0
        table.header, below = named(columns[start:]), list(enumerate(rows, start=1))
        found = {name: position for position, name in enumerate(columns[start:])}
    width = len(table.header)
    table.rows = [(number, (row + [""] * width)[:width]) for number, row in below if any(row)]
    for number, row in below:
        if any(row[width:]):
            table.refuse("too_many_cells", row=number)
    return lines_of(table, found, mark=decimal_mark())


def columns_in(header: Sequence[str], columns: Sequence[str]) -> dict[str, int]:
    positions = {squash(name): position for position, name in enumerate(header) if name}
    found = {}
    for name in columns:
        spellings = (squash(str(LineForm.base_fields[name].label)), *NAMES[name])
        position = next((positions[spelling] for spelling in spellings if spelling in positions), None)
        if position is not None:
            found[name] = position
    return found


def named(columns: Sequence[str]) -> list[str]:
    return [str(LineForm.base_fields[name].label) for name in columns]


def lines_of(table: Table, columns: Mapping[str, int], *, mark: str = "") -> list[dict[str, Any]]:
    """`mark`: the decimal mark of whoever wrote it; else its numbers tell."""
    cells = Cells(table, columns)
    if mark:
        cells.marks = dict.fromkeys(columns, mark)
    read = {
        "quantity": signed_number,
        "unit_cost": lambda cells, row, values, name: cells.number(row, values, name, UNIT_COST),
        "entry_type": entry_type,
        "expiration_date": Cells.date,
        "new_expiration_date": Cells.date,
    }
    lines = [
        {
            name: read[name](cells, row, values, name)
            if name in read
            else cells.text(row, values, name, limit=LIMITS[name])
            for name in columns
        }
        for row, values in table.rows
    ]
    if table.errors:
        raise LinesUnreadable(
            [LineError(line=error.row, code=error.code, message=at_column(error)) for error in table.errors]
        )
    return lines


def at_column(error) -> str:
    return f"{error.column}: {error.message}" if error.column else str(error.message)


def signed_number(cells: Cells, row: int, values: list[str], name: str) -> Decimal | None:
    """Cells read numbers of zero or more; a journal has less than nothing too."""
    text = cells.raw(values, name)
    if not text.startswith(MINUS):
        return cells.number(row, values, name)
    position = cells.columns[name]
    number = cells.number(row, [*values[:position], text[1:].strip(), *values[position + 1 :]], name)
    return None if number is None else -number


def entry_type(cells: Cells, row: int, values: list[str], name: str) -> str:
    text = cells.raw(values, name)
    word = squash(text)
    for kind, words in WORDS.items():
        if word in words or word == squash(str(kind.label)):
            return kind
    cells.refuse("not_an_entry_type", row, name, message=SENTENCES["not_an_entry_type"], value=text[:40])
    return EntryType.POSITIVE
