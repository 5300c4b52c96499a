"""A list as a spreadsheet: the rows that its filters show, in its order, all pages of them.

    FILE = [Field(_("Item"), "item__number"), Field(_("On hand"), "quantity", figure=True)]

    listing = stock_listing(...)
    if file := list_file(request, listing, "stock", FILE, location="location"):
        return file

The address asks by `?as=xlsx` or `?as=csv`; templates/components/pages.html links to both, where `listing.has_file`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from inventory_site.figures import decimal_mark
from inventory_site.visibility import closed_to
from warehouse.exporting import Format, download


@dataclass(frozen=True)
class Field:
    """A column. `figure`: it is blank where quantities are closed to the person; `words`: what values are called."""

    heading: str
    path: str
    figure: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


def list_file(request, listing, name: str, fields: Sequence[Field], *, location: str = ""):
    """The response, if the address asks for a file; else nothing, and the list links to it.

    `location` is the path to the location of a row. Without one, a row is about all that this person sees.
    """
    listing.has_file = True
    format = format_asked(request)
    if format is None:
        return None
    paths = [field.path for field in fields] + ([location] if location else [])
    rows = listing.queryset.order_by(*listing.order).values_list(*paths).iterator()
    return download(name, format, [field.heading for field in fields], written(request, rows, fields, bool(location)))


def format_asked(request) -> Format | None:
    """CSV is written as the Excel of the reader's country reads it."""
    csv = Format.CSV_SEMICOLON if decimal_mark() == "," else Format.CSV
    return {"xlsx": Format.XLSX, "csv": csv}.get(request.GET.get("as", ""))


def written(request, rows: Iterator[tuple], fields: Sequence[Field], by_location: bool) -> Iterator[list]:
    closed = closed_to(request)
    for row in rows:
        hidden = row[-1] in closed if by_location else bool(closed)
        yield [
            None if hidden and field.figure else field.words.get(value, value)
            for field, value in zip(fields, row, strict=False)
        ]
