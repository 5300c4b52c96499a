"""Values from the cells of a table: what cannot be read is noted on the table, and the row goes on.

A date such as 05/04/2025 can be read in two orders. Each column has one order: month first, as in the United States,
unless one of its dates can only be read with the day first.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from inventory_site.fields import QUANTITY
from warehouse.quantities import THOUSANDS_OR_DECIMALS, QuantityAmbiguous, QuantityUnreadable, number_of
from warehouse.spreadsheets import Table, squash

ISO_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[T ][\d:.]*Z?)?")
DATE_OF_NUMBERS = re.compile(r"(?P<first>\d{1,2})[/-](?P<second>\d{1,2})[/-](?P<year>\d{4}|\d{2})(?: [\d:.]+)?")
DATE_WITH_POINTS = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4}|\d{2})")
DATES_IN_WORDS = ("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y")
# Numbers that can only be read with this decimal mark: 2,5 and 1.000,5 and 1.000.000 with a comma.
DECIMALS_SHOWN = {
    ",": re.compile(r"\d*,(?:\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}"),
    ".": re.compile(r"\d*\.(?:\d{1,2}|\d{4,})|0\.\d+|\d{4,}\.\d+|\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,}"),
}
YEARS = range(1950, 2201)

YES = {"true", "yes", "y", "1", "x", "t"}
NO = {"false", "no", "n", "0", "f"}

SENTENCES = {
    "required": _("This cell is blank. Fill it in."),
    "too_long": _("This text is longer than %(limit)s characters."),
    "unreadable_text": _("This text holds characters that cannot be shown."),
    "not_a_date": _("“%(value)s” is not a date. Write it as 2025-01-31 or 01/31/2025."),
    "not_yes_or_no": _("“%(value)s” is neither TRUE nor FALSE."),
    "not_a_choice": _("“%(value)s” is not one of: %(choices)s."),
    "not_a_number": _("“%(value)s” is not a number."),
    "negative": _("“%(value)s” is less than zero."),
}


class Cells:
    """The cells of a table by the names of fields; `columns` says in which column each field is."""

    def __init__(self, table: Table, columns: Mapping[str, int]):
        self.table = table
        self.columns = columns
        self.day_first = {
            name: is_day_first(row[1][position] for row in table.rows)
            for name, position in columns.items()
            if "date" in name
        }
        self.marks: dict[str, str] = {}

    def header(self, name: str) -> str:
        return self.table.header[self.columns[name]] if name in self.columns else ""

    def refuse(self, code: str, row: int, name: str = "", message=None, **params) -> None:
        self.table.refuse(code, row=row, column=self.header(name), message=message or SENTENCES[code], **params)

    def raw(self, cells: list[str], name: str) -> str:
        return cells[self.columns[name]] if name in self.columns else ""

    def text(self, row: int, cells: list[str], name: str, *, limit: int, required: bool = False) -> str:
        text = self.raw(cells, name)
        if required and not text:
            self.refuse("required", row, name)
        if len(text) > limit:
            self.refuse("too_long", row, name, limit=limit)
        elif not text.isprintable() and not text.replace("\n", " ").replace("\t", " ").isprintable():
            self.refuse("unreadable_text", row, name)
        return text

    def number(self, row: int, cells: list[str], name: str, options: Mapping[str, int] = QUANTITY) -> Decimal | None:
        """A number of zero or more with the digits of the database field; None where the cell is blank."""
        text = self.raw(cells, name)
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) <= options["max_digits"] - options["decimal_places"]:
            return Decimal(text)
        if text.startswith(("-", "\u2212")):
            self.refuse("negative", row, name, value=text)
            return None
        mark = self.mark(name)
        if mark is None and THOUSANDS_OR_DECIMALS.fullmatch(text):
            one, other = re.sub("[.,]", "", text), re.sub("[.,]", ".", text) + "0"
            self.refuse(
                "quantity_ambiguous", row, name, message=QuantityAmbiguous.text, typed=text, one=one, other=other
            )
            return None
        try:
            return number_of(
                text[:60],
                mark=mark or "",
                decimals=options["decimal_places"],
                digits=options["max_digits"] - options["decimal_places"],
            )
        except QuantityUnreadable:
            self.refuse("not_a_number", row, name, value=text[:40])
        except DomainError as error:
            self.refuse(error.code, row, name, message=error.messages[0])
        return None

    def mark(self, name: str) -> str | None:
        """The decimal mark of a column; None where nothing tells it and a point may as well group thousands."""
        if name not in self.marks:
            position = self.columns[name]
            self.marks[name] = decimal_mark_of((row[1][position] for row in self.table.rows), self.table.delimiter)
        return self.marks[name]

    def date(self, row: int, cells: list[str], name: str) -> date | None:
        text = self.raw(cells, name)
        if not text:
            return None
        found = date_of(text, day_first=self.day_first.get(name))
        if found is None:
            self.refuse("not_a_date", row, name, value=text[:40])
        return found

    def flag(self, row: int, cells: list[str], name: str, *, blank: bool) -> bool:
        text = self.raw(cells, name).casefold()
        if text in YES or text in NO:
            return text in YES
        if text:
            self.refuse("not_yes_or_no", row, name, value=text[:40])
        return blank

    def choice(self, row: int, cells: list[str], name: str, choices: Mapping[str, str], *, blank: str) -> str:
        """`choices` by squashed spelling."""
        text = self.raw(cells, name)
        if not text:
            return blank
        if squash(text) not in choices:
            self.refuse("not_a_choice", row, name, value=text[:40], choices=", ".join(choices))
        return choices.get(squash(text), blank)


def decimal_mark_of(texts: Iterable[str], delimiter: str) -> str | None:
    """What is decimal in a column of numbers, as far as one of them can be read in one way only. Where none tells it, a
    point is; but a file with semicolons may come from where a comma is. The numbers of a workbook have points.
    """
    if not delimiter:
        return ""
    marked = {text for text in texts if "," in text or "." in text}
    shown = {mark for mark, form in DECIMALS_SHOWN.items() if any(map(form.fullmatch, marked))}
    return shown.pop() if len(shown) == 1 else None if delimiter == ";" else ""


def is_day_first(texts: Iterable[str]) -> bool | None:
    """The order of day and month in a column of dates; None where every date can be read in both orders."""
    pairs = [(int(match["first"]), int(match["second"])) for match in map(DATE_OF_NUMBERS.fullmatch, texts) if match]
    if any(second > 12 for _first, second in pairs):
        return False
    if any(first > 12 for first, _second in pairs):
        return True
    return None


def date_of(text: str, *, day_first: bool | None = None) -> date | None:
    match = ISO_DATE.fullmatch(text) or DATE_WITH_POINTS.fullmatch(text)
    if match:
        return a_date(match["year"], match["month"], match["day"])
    match = DATE_OF_NUMBERS.fullmatch(text)
    if match:
        day, month = (match["first"], match["second"]) if day_first else (match["second"], match["first"])
        return a_date(match["year"], month, day)
    for form in DATES_IN_WORDS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 (a date has no time zone)
        except ValueError:
            continue
    return None


def a_date(year: str, month: str, day: str) -> date | None:
    full_year = int(year) if len(year) == 4 else 2000 + int(year)
    try:
        return date(full_year, int(month), int(day)) if full_year in YEARS else None
    except ValueError:
        return None
