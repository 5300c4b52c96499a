"""Read a CSV or XLSX file into rows of text, with the row numbers that people see in their spreadsheet.

Nothing is raised for what is wrong inside a file: it is noted as a RowError, with everything else that is wrong.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from itertools import islice

from django.utils.translation import gettext_lazy as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

MAX_BYTES = 30 * 1024 * 1024
MAX_UNPACKED_BYTES = 400 * 1024 * 1024
MAX_PART_BYTES = 64 * 1024 * 1024  # of what is not read row by row
DENSE_BYTES, MAX_DENSITY = 20 * 1024 * 1024, 150  # what unpacks to more than the first is at most so many times packed
MAX_TAGS_OF_ROW = 200_000
MAX_ROWS = 200_000
MAX_COLUMNS = 100
MAX_FAULTS = 20_000  # of a file that is something else altogether nobody needs to hear more
MAX_BLANK_ROWS = 1000  # a sheet whose empty rows were once formatted has a million of them
DELIMITERS = ",;\t"
DELIMITER_SAID = re.compile(r"sep=(?P<delimiter>[,;\t|])\r?\n")  # Excel's own first line, which it does not show
# What spreadsheet programs evaluate: the four signs, full-width or behind blanks too; tabs and new lines lead there.
EVALUATED = re.compile(r"'*(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="(?P<cells>[A-Z]+(?P<row>\d+):[A-Z]+\d+)"[^<>]*>')

SENTENCES = {
    "file_empty": _("The file is empty."),
    "file_too_large": _("The file is larger than 30 MB. Split it."),
    "file_too_long": _("The file has more than 200,000 rows. Split it."),
    "too_many_faults": _("More than 20,000 cells or rows are wrong. What follows was not read."),
    "file_unreadable": _("This is neither a CSV file nor an Excel workbook (.xlsx)."),
    "file_old_excel": _("This is an old Excel workbook (.xls). Save it as .xlsx or CSV."),
    "broken_quotes": _("From this row on the quotes do not fit: one that opens must close before the next comma."),
    "too_many_columns": _("The file has more than 100 columns."),
    "duplicate_column": _("Two columns are named %(name)s. Rename or remove one of them."),
    "too_many_cells": _("This row has more cells than the header: put text with commas in quotes."),
    "formula": _("This cell holds a formula. Paste its value instead."),
    "merged": _("The cells %(cells)s are merged, so only one of them has a value. Unmerge them and fill in each."),
    "error_value": _("This cell holds the error %(value)s."),
}


@dataclass(frozen=True)
class SourceFile:
    name: str
    content: bytes

    @property
    def digest(self) -> str:
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, order=True)
class RowError:
    """What is wrong with one cell, row or (row 0) file. `blockers` are the numbers of what is in its way."""

    file: str
    row: int
    column: str
    code: str
    message: str
    blockers: tuple[str, ...] = ()

    def __str__(self):
        place = f"{self.file}, row {self.row}" if self.row else self.file
        return f"{place}, {self.column}: {self.message}" if self.column else f"{place}: {self.message}"


@dataclass
class Table:
    """`header` as written; `rows` as (number in the spreadsheet, one text a column), blank rows left out. `delimiter`
    is blank for a workbook, whose numbers have no locale.
    """

    file: SourceFile
    delimiter: str = ""
    header: list[str] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def refuse(self, code: str, *, row: int = 0, column: str = "", message=None, **params) -> None:
        sentence = str(message or SENTENCES[code]) % params if params else str(message or SENTENCES[code])
        self.errors.append(RowError(self.file.name, row, column, code, sentence))


class Unreadable(Exception):
    """Stops reading a file; never leaves this module."""

    def __init__(self, code: str, row: int = 0):
        self.code, self.row = code, row


def squash(text: str) -> str:
    """How names of columns and places are compared: "Lot number", "LotNumber" and "LOT_NUMBER" are one."""
    return "".join(character for character in text.casefold() if character.isalnum())


def guarded(text: str) -> str:
    """The text with an apostrophe in front, where a spreadsheet program would take it for a formula."""
    return f"'{text}" if EVALUATED.match(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and EVALUATED.match(text) else text


def read_table(file: SourceFile) -> Table:
    table = Table(file)
    try:
        fill(table, numbered_rows(table))
    except Unreadable as error:
        table.refuse(error.code, row=error.row)
    return table


def numbered_rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    content = table.file.content
    if not content.strip():
        raise Unreadable("file_empty")
    if len(content) > MAX_BYTES:
        raise Unreadable("file_too_large")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("file_old_excel")
    cells = workbook_rows(table) if content.startswith(b"PK") else csv_rows(table)
    return enumerate(cells, start=1)


def fill(table: Table, rows: Iterable[tuple[int, list[str]]]) -> None:
    blank = 0
    for number, cells in rows:
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            blank += 1
            if blank > MAX_BLANK_ROWS:
                break
        elif not table.header:
            table.header = cells
            check_header(table, row=number)
        else:
            blank = 0
            add_row(table, number, cells)
        if len(table.errors) > MAX_FAULTS:
            raise Unreadable("too_many_faults", row=number)
    if not table.header:
        raise Unreadable("file_empty")


def check_header(table: Table, *, row: int) -> None:
    if len(table.header) > MAX_COLUMNS:
        raise Unreadable("too_many_columns")
    names = [squash(name) for name in table.header]
    for position, name in enumerate(names):
        if name and name in names[:position]:
            table.refuse("duplicate_column", row=row, column=table.header[position], name=table.header[position])


def add_row(table: Table, number: int, cells: list[str]) -> None:
    missing = len(table.header) - len(cells)
    if missing < 0:
        table.refuse("too_many_cells", row=number)
        return
    if len(table.rows) >= MAX_ROWS:
        table.rows.clear()  # it must be split first: what else is wrong with it can wait
        raise Unreadable("file_too_long")
    table.rows.append((number, cells + [""] * missing))


# CSV


def csv_rows(table: Table) -> Iterator[list[str]]:
    text = decoded(table.file.content)
    if "\0" in text:
        raise Unreadable("file_unreadable")
    said = DELIMITER_SAID.match(text)
    text = text[said.end() :] if said else text
    table.delimiter = said["delimiter"] if said else delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=table.delimiter, strict=True)
    row = 1
    try:
        for cells in reader:
            row += 1
            yield [unguarded(cell.strip()) for cell in cells]
    except csv.Error as error:
        raise Unreadable("broken_quotes", row) from error


def decoded(content: bytes) -> str:
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("file_unreadable")


def delimiter_of(text: str) -> str:
    """The one that splits the header into most columns."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter))))


# XLSX


def workbook_rows(table: Table) -> Iterator[list[str]]:
    """The first sheet. Formulas are refused rather than trusted to what Excel last computed."""
    content = io.BytesIO(table.file.content)
    try:
        with zipfile.ZipFile(content) as archive:
            refuse_bomb(archive)
        workbook = load_workbook(content, read_only=True, data_only=False)
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1), start=1):
            yield [text_of(table, number, position, cell) for position, cell in enumerate(cells)]
        for row, merged in islice(merged_cells(content, sheet), MAX_FAULTS):
            table.refuse("merged", row=row, cells=merged)
        workbook.close()
    # What openpyxl raises on a broken workbook is not documented: these are what broken archives and XML lead to.
    except (
        zipfile.BadZipFile,
        zlib.error,
        InvalidFileException,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        SyntaxError,
        OSError,
        EOFError,
        NotImplementedError,
        OverflowError,
    ) as error:
        raise Unreadable("file_unreadable") from error


def refuse_bomb(archive: zipfile.ZipFile) -> None:
    """By what unpacking would lead to, before anything is unpacked; an archive cannot unpack to more than it says."""
    members = archive.infolist()
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise Unreadable("file_too_large")
    for member in members:
        rows = member.filename.startswith("xl/worksheets/")  # read row by row; all else is held as a whole
        most = MAX_UNPACKED_BYTES if rows else MAX_PART_BYTES
        dense = member.file_size > DENSE_BYTES and member.file_size > MAX_DENSITY * member.compress_size
        if member.file_size > most or dense:
            raise Unreadable("file_too_large")
        if rows:
            refuse_endless_row(archive, member)


def refuse_endless_row(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """A row is held as a whole, however many cells it has."""
    tags = 0
    with archive.open(member) as part:
        while chunk := part.read(2**20):
            for position, piece in enumerate(chunk.split(b"row>")):
                tags = piece.count(b"<") + (0 if position else tags)
                if tags > MAX_TAGS_OF_ROW:
                    raise Unreadable("too_many_columns")


def merged_cells(content: io.BytesIO, sheet) -> Iterator[tuple[int, str]]:
    """(first row, "A2:A5") of cells that are merged. They stand behind the rows, where reading row by row ends."""
    with zipfile.ZipFile(content) as archive, archive.open(sheet._worksheet_path) as file:
        tail = b""
        while chunk := file.read(2**20):
            seen = tail + chunk
            for found in MERGED.finditer(seen):
                yield int(found["row"]), found["cells"].decode()
            tail = seen[seen.rfind(b"<") :]


def text_of(table: Table, number: int, position: int, cell) -> str:
    value = cell.value
    if value is None:
        return ""
    column = table.header[position] if position < len(table.header) else ""
    if cell.data_type == "f":
        table.refuse("formula", row=number, column=column)
        return ""
    if cell.data_type == "e":
        table.refuse("error_value", row=number, column=column, value=value)
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number_text(value)
    return unguarded(str(value).strip())


def number_text(value: float) -> str:
    """As Excel shows it, with 15 digits: 0.1 + 0.2 is 0.3, and 3000.0 is 3000."""
    return f"{Decimal(f'{value:.15g}'):f}"
