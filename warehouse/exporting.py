"""Rows out into CSV or XLSX, without ever holding all of them.

    return download("stock", Format.XLSX, [_("Item"), _("On hand")], quants.values_list(...).iterator())

Numbers leave as numbers, dates as dates. A text that a spreadsheet program would evaluate leaves with an apostrophe in
front, which reading takes away again (`guarded`, `unguarded`), so that what comes back is what left.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from tempfile import TemporaryFile

from django.db import models
from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from warehouse.quantities import plain
from warehouse.spreadsheets import guarded

EXACT_DIGITS = 15  # of a number in a workbook; what has more leaves as text
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_AT_ONCE = 500


class Format(models.TextChoices):
    XLSX = "xlsx", _("Excel workbook")
    CSV = "csv", _("CSV with commas")
    CSV_SEMICOLON = "csv-semicolon", _("CSV with semicolons, 2,5 for two and a half")
    CSV_PLAIN = "csv-plain", _("CSV for other programs (no byte order mark)")


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written. Excel takes a file for UTF-8 only where a byte order mark says so."""

    delimiter: str = ","
    decimal: str = "."
    mark: bool = True


DIALECTS = {
    Format.CSV: Dialect(),
    Format.CSV_SEMICOLON: Dialect(delimiter=";", decimal=","),
    Format.CSV_PLAIN: Dialect(mark=False),
}


def download(name: str, format: Format, header: Sequence[str], rows: Iterable[Sequence]):
    """The response that hands out a file. `name` has no ending; values are texts, numbers, dates, truths or None."""
    if format == Format.XLSX:
        file = workbook(name, header, rows)
        return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=WORKBOOK_TYPE)
    response = StreamingHttpResponse(
        csv_lines(header, rows, DIALECTS[Format(format)]), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


class Line:
    """What csv writes to: it keeps nothing."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence], dialect: Dialect) -> Iterator[bytes]:
    writer = csv.writer(Line(), delimiter=dialect.delimiter, lineterminator="\r\n")
    if dialect.mark:
        yield "\ufeff".encode()
    remaining = chain([header], rows)
    while some := list(islice(remaining, ROWS_AT_ONCE)):
        yield "".join(writer.writerow([csv_text(value, dialect) for value in row]) for row in some).encode()


def csv_text(value, dialect: Dialect) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return with_decimal(plain(value), dialect.decimal)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return guarded(str(value))


def with_decimal(text: str, decimal: str) -> str:
    """ "1.125" is 1,1250 with a comma: 1,125 could be read as a thousand."""
    if decimal == ".":
        return text
    whole, point, digits = text.partition(".")
    return f"{whole}{decimal}{digits}{'0' * (len(digits) == 3)}" if point else text


def workbook(name: str, header: Sequence[str], rows: Iterable[Sequence]):
    """A temporary file that holds a workbook of one sheet, from its beginning."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:31])
    sheet.freeze_panes = "A2"
    for position, title in enumerate(header, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = max(12, len(str(title)) + 2)
    sheet.append([title_cell(sheet, title) for title in header])
    for row in rows:
        sheet.append([cell_value(sheet, value) for value in row])
    file = TemporaryFile()  # noqa: SIM115 (the response closes it)
    book.save(file)
    file.seek(0)
    return file


def title_cell(sheet, title) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=shown(str(title)))
    cell.font = Font(bold=True)
    return cell


def cell_value(sheet, value):
    if isinstance(value, Decimal):
        return number_or_text(value)
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None)
    if value is None or isinstance(value, int | date):
        return value
    return shown(str(value))


def number_or_text(value: Decimal) -> Decimal | str:
    return value if len(value.normalize().as_tuple().digits) <= EXACT_DIGITS else plain(value)


def shown(text: str) -> str:
    """As a cell can hold it: XML has no place for most control characters."""
    return guarded(ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
