"""Count sheets: the lines of a count on paper, in walking order, page by page. The physical column stays blank.

    sheet = draw_sheet(session, lines, per=Per.PAGE, blank_lines=5)
    sheet.pages[0].groups[0].rows

What fits on a page is worked out here and not left to the browser, so that "page 2 of 7", the bins of each page and the
bar codes are known beforehand. A sheet is as long as the lines that it is given: callers take one part at a time.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from django.db import models, transaction
from django.db.models import F, Window, prefetch_related_objects
from django.db.models.functions import Length, RowNumber
from django.utils.translation import gettext_lazy as _

from counting.activity import remember
from counting.models import CountLine, CountSession, Deed, Status
from counting.opening import NotInDraft
from warehouse.labels import NARROWEST, gtin_of
from warehouse.models import Bin, Quant, Unit, User
from warehouse.symbols import NotPrintable, Symbol, Symbology, draw, gs1, is_gs1_number

# Millimetres; static/paper.css draws what is counted here.
ROOM = 210  # for rows, between the head and the signatures of a page
HEIGHTS = {2: 12, 3: 15.5, 4: 19, 5: 22.5, 6: 26}  # of a row, by how many lines of text the item takes
BIN_WIDTH, CODE_WIDTH = 27, 33  # between the rules of the columns with bar codes
NAME_FITS, DETAILS_FIT, EXPIRY = 24, 27, 18  # characters: on a line of the item's column, and of an expiration date
SIDE_BY_SIDE = ((14, 5), (25, 3), (40, 2))  # codes of so many characters stand so many in a line, longer ones alone
CODE_LINE, WRITTEN_LINE, AROUND = 4.5, 8, 3  # of codes to tick, of codes to write, and above and below them
LINES_TOGETHER = 6  # of codes, before a page may end
CODES_OF_A_LINE, CODES_AT_ONCE = 200, 5_000  # more of them nobody ticks on paper


class Per(models.TextChoices):
    PAGE = "page", _("as many as fit")
    BIN = "bin", _("one bin a page")
    LINE = "line", _("one line a page")


class Blank(models.TextChoices):
    """Rows in which a counter writes what nobody expected."""

    LOT = "lot"  # another lot of the item above
    UNIT = "unit"  # serial numbers of the item above
    FOUND = "found"  # anything


@dataclass(frozen=True)
class Row:
    """A line to count; below it maybe `codes` to tick; or a blank row, below `quant` if it is about its bin or item.

    `beside`: how many codes, or blanks for codes, stand in a line; `blanks`: how many of these; `more`: units that are
    expected as well, and not printed.
    """

    quant: Quant | None = None
    line: CountLine | None = None
    number: int = 0
    blank: str = ""
    symbol: Symbol | None = None
    name_lines: int = 1
    detail_lines: int = 1
    codes: tuple[str, ...] = ()
    beside: int = 1
    blanks: int = 0
    more: int = 0

    @property
    def size(self):
        return self.name_lines + self.detail_lines

    @property
    def is_of_units(self):
        return bool(self.codes or self.blanks or self.more)

    @property
    def code_lines(self):
        return -(-(len(self.codes) or self.blanks) // self.beside) + bool(self.more)

    @property
    def height(self):
        if not self.is_of_units:
            return HEIGHTS[self.size]
        return self.code_lines * (WRITTEN_LINE if self.blanks else CODE_LINE) + AROUND

    @property
    def written(self):
        """The blanks, to draw one after the other."""
        return range(self.blanks)

    @property
    def bin(self):
        return self.quant and self.quant.bin


@dataclass
class Group:
    """The rows of one bin on one page. `continued`: they began on the page before."""

    bin: Bin | None
    symbol: Symbol | None
    continued: bool = False
    rows: list[Row] = field(default_factory=list)


@dataclass
class Page:
    groups: list[Group] = field(default_factory=list)
    room: float = ROOM

    def add(self, row: Row) -> None:
        """Put the row under its bin, which is named anew where another one stood before."""
        if not self.groups or row.bin is None or self.groups[-1].bin != row.bin:
            self.groups.append(Group(row.bin, row.bin and fitting(row.bin.code, room=BIN_WIDTH)))
        self.groups[-1].rows.append(row)
        self.room -= row.height

    @property
    def bins(self):
        return [group.bin for group in self.groups if group.bin]

    @property
    def lines(self):
        return sum(1 for group in self.groups for row in group.rows if row.line)


@dataclass(frozen=True)
class Sheet:
    pages: list[Page]
    symbol: Symbol  # the number of the count: scanned into the search field, it opens the count

    @property
    def lines(self):
        return sum(page.lines for page in self.pages)


@transaction.atomic
def note_printing(session: CountSession, *, lines: int, by: User, at: datetime, note: str = "") -> None:
    """Remember that sheets were printed: whoever counts from paper counts from what it said then."""
    if session.status != Status.DRAFT:
        raise NotInDraft(session=session.number)
    remember(session, Deed.PRINTED, by=by, at=at, lines=lines, note=note)


def draw_sheet(
    session: CountSession,
    lines: Iterable[CountLine],
    *,
    per: str = Per.PAGE,
    blank_lines: int = 0,
    lot_lines: bool = False,
    unit_lines: int = 0,
    units: dict[int, list[str]] | None = None,
    first: int = 1,
) -> Sheet:
    """`lines` in walking order, with the names and the references of their items; numbered from `first`.

    `units`: the codes that are expected in each quant, to be ticked; None: no list of them.
    """
    rows = list(_rows(lines, first=first, lot_lines=lot_lines, unit_lines=unit_lines, units=units))
    if per == Per.LINE:
        pages = [page for number, some in groupby(rows, key=attrgetter("number")) if number for page in _pages(some)]
    elif per == Per.BIN:
        bins = (list(some) for _bin, some in groupby(rows, key=attrgetter("bin")))
        pages = [page for some in bins for page in _pages_of_bin(some, blank_lines)]
    else:
        pages = _pages([*rows, *[Row(blank=Blank.FOUND)] * blank_lines]) if rows else []
    return Sheet(pages, draw(Symbology.CODE_128, session.number))


def with_codes(lines: Iterable[CountLine]) -> list[CountLine]:
    """The lines with what their bar codes need to know; one statement."""
    lines = list(lines)
    prefetch_related_objects(lines, "quant__item__references")
    return lines


def expected_units(lines: Iterable[CountLine]) -> dict[int, list[str]]:
    """By quant, the codes of the units that lie there now, no more than are printed; one statement."""
    quants = [line.quant_id for line in lines if line.quant.item.is_serialized]
    if not quants:
        return {}
    in_order = (Length("code"), F("code"))
    place = Window(RowNumber(), partition_by="quant", order_by=in_order)
    units = Unit.objects.filter(quant__in=quants).annotate(place=place).filter(place__lte=CODES_OF_A_LINE)
    expected = {quant: [] for quant in quants}
    for quant, code in units.order_by("quant", *in_order).values_list("quant", "code")[:CODES_AT_ONCE]:
        expected[quant].append(code)
    return expected


def _rows(lines, *, first, lot_lines, unit_lines, units) -> Iterator[Row]:
    for _item, some in groupby(enumerate(lines, first), key=lambda numbered: _place(numbered[1].quant)):
        for number, line in some:
            yield Row(line.quant, line, number, symbol=code_of(line.quant), **_lines_of_text(line.quant))
            if line.quant.item.is_serialized:
                yield from _unit_rows(line.quant, number, units, unit_lines)
        if lot_lines and line.quant.lot_id:
            yield Row(line.quant, blank=Blank.LOT)


def _unit_rows(quant, number, units, unit_lines):
    if units is not None:
        codes = units[quant.pk]
        beside = next((beside for fits, beside in SIDE_BY_SIDE if max(map(len, codes), default=0) <= fits), 1)
        for part in _cut(codes, beside * LINES_TOGETHER):
            yield Row(quant, number=number, codes=tuple(part), beside=beside)
        more = int(quant.quantity) - len(codes)
        if more > 0:
            yield Row(quant, number=number, more=more)
    for part in _cut(range(unit_lines), 3 * LINES_TOGETHER):
        yield Row(quant, number=number, blank=Blank.UNIT, blanks=len(part), beside=3)


def _cut(sequence, size):
    return [sequence[start : start + size] for start in range(0, len(sequence), size)]


def _place(quant):
    return quant.bin_id, quant.item_id


def _pages(rows):
    """Rows laid onto pages; a bin that does not end on its page goes on on the next one."""
    pages = [Page()]
    for row in rows:
        if row.height > pages[-1].room:
            before, page = pages[-1].groups[-1].bin, Page()
            pages.append(page)
            page.add(row)
            page.groups[0].continued = bool(row.bin) and row.bin == before
        else:
            pages[-1].add(row)
    return pages


def _pages_of_bin(rows, blank_lines):
    return _pages([*rows, *[Row(rows[-1].quant, blank=Blank.FOUND)] * blank_lines])


# What a row says


def code_of(quant: Quant) -> Symbol:
    """What a scan in this bin takes for this line: GS1 with item and lot, the lot alone, a variant's code, the item."""
    if quant.lot_id:
        return _code_of_lot(quant.lot, gtin_of(quant.item))
    references = quant.item.references.all() if quant.variant_id else ()
    of_variant = [one.code for one in references if one.variant_id == quant.variant_id]
    return fitting([*of_variant, quant.item.number][0], room=CODE_WIDTH)


def _code_of_lot(lot, gtin):
    if gtin and is_gs1_number(lot.number):
        return draw(Symbology.QR, elements=gs1(gtin, lot=lot.number, expiry=lot.expiration_date))
    return fitting(lot.number, room=CODE_WIDTH)


def fitting(content: str, *, room: float) -> Symbol:
    """As Code 128, which every scanner reads, if its bars stay wide enough in `room` millimetres; else as QR code."""
    try:
        symbol = draw(Symbology.CODE_128, content)
    except NotPrintable:
        return draw(Symbology.QR, content)
    return symbol if symbol.width * NARROWEST <= room else draw(Symbology.QR, content)


def _lines_of_text(quant):
    """How many lines the name and the numbers take. A name is cut after two; the longest number and lot take four."""
    kind = quant.item.tracking if quant.item.is_serialized else None
    details = [quant.item.number, *(str(part) for part in (kind, quant.variant, quant.lot) if part)]
    width = sum(_width(text) + 3 for text in details) + (EXPIRY if quant.lot and quant.lot.expiration_date else 0)
    return {
        "name_lines": 1 + (_width(quant.item.name) > NAME_FITS),
        "detail_lines": min(4, -(-width // DETAILS_FIT)),
    }


def _width(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
