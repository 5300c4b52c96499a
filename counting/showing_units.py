"""What a counter sees of the units of a line: which are expected and scanned, which are not, and what else was scanned;
in a blind count only what was scanned.

One statement for all serialized lines of a page, and none where there is none; of each pile only its first units.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db import connection
from django.utils.translation import gettext as _

from counting.sql import showing as sql
from inventory_site.templatetags.truecount import quantity, signed
from warehouse.models import UnitState
from warehouse.tags import read_tag

ROWS = 100  # of a pile, on a page with one such line; with several lines they share them
FEWEST = 10
LONGEST_SEARCH = 80
TAIL = 4


@dataclass(frozen=True)
class SeenUnit:
    """One code of a pile. `place` is the bin where the book has it, `there` the location, if it is another one."""

    code: str
    number: str = ""
    seen_at: datetime | None = None
    state: str = ""
    place: str = ""
    there: str = ""
    is_tag: bool = False

    @property
    def head(self):
        """All but the characters that people look at; those of a tag in fours."""
        return in_fours(self.code)[:-TAIL] if self.is_tag else self.code[:-TAIL]

    @property
    def tail(self):
        return self.code[-TAIL:]

    @cached_property
    def serial(self):
        """What people know a tag by; blank where it has no serial number, or the code is one."""
        tag = read_tag(self.code) if self.is_tag else None
        return tag.serial if tag else ""

    @property
    def fours(self):
        return in_fours(self.code)

    @property
    def where(self):
        """Why it is not expected here."""
        if self.there:
            return _("at %s") % self.there
        if self.place:
            return _("from %s") % self.place
        return _("released") if self.state == UnitState.RELEASED else _("written off before")


@dataclass
class Pile:
    """Units of a line that are in the same case: how many there are in all, and those of the page."""

    total: int = 0
    units: list[SeenUnit] = field(default_factory=list)


@dataclass
class Tally:
    """The units of one line. `left` are expected and not scanned, `here` expected and scanned; `more` are booked
    elsewhere or nowhere, `unknown` nobody knows. In a blind count all that was scanned is in `scanned`.

    `generated`: by how much the count of an auto-serialized item is more than the units that there are.
    """

    left: Pile = field(default_factory=Pile)
    here: Pile = field(default_factory=Pile)
    more: Pile = field(default_factory=Pile)
    unknown: Pile = field(default_factory=Pile)
    scanned: Pile = field(default_factory=Pile)
    generated: int = 0
    find: str = ""
    page: int = 1
    rows: int = ROWS

    @property
    def piles(self):
        return [self.left, self.here, self.more, self.unknown, self.scanned]

    @property
    def expected(self):
        return self.left.total + self.here.total

    @property
    def extra(self):
        return self.more.total + self.unknown.total + self.generated

    @property
    def counted(self):
        return self.here.total + self.extra + self.scanned.total

    @property
    def differs(self):
        """Also where as many are missing as are too many."""
        return bool(self.left.total or self.extra)

    @property
    def sum(self):
        """3 / 5, or 7 / 8 + 1 with one that is not expected; +1 where none is."""
        if not self.expected:
            return signed(self.extra)
        more = f" + {quantity(self.extra)}" if self.extra else ""
        return f"{quantity(self.here.total)} / {quantity(self.expected)}{more}"

    @property
    def found(self):
        """How many codes there are to look through; with a search, how many match."""
        return sum(pile.total for pile in self.piles)

    @property
    def listed(self):
        return sum(len(pile.units) for pile in self.piles)

    @property
    def hidden(self):
        return self.found - self.listed

    @cached_property
    def pages(self):
        return max(-(-pile.total // self.rows) for pile in self.piles)

    @property
    def next_page(self):
        return self.page + 1 if self.page < self.pages else None

    @property
    def previous_page(self):
        return self.page - 1 if self.page > 1 else None


def with_tallies(lines: Iterable, *, find: str = "", page: int = 1, rows: int | None = None) -> list:
    """The shown lines, those of serialized items with their units: at most `rows` of each pile of each line. `find` are
    the last characters of a code."""
    lines = list(lines)
    serialized = {shown.pk: shown for shown in lines if shown.item.is_serialized}
    if not serialized:
        return lines
    rows = rows or max(ROWS // len(serialized), FEWEST)
    find = "".join(find.split()).upper()[:LONGEST_SEARCH]
    for shown in serialized.values():
        shown.tally = Tally(find=find, page=page, rows=rows)
    after = (page - 1) * rows
    for line, pile, total, place, *unit in _units_of(list(serialized.values()), find, after, rows):
        told = getattr(serialized[line].tally, pile)
        told.total = total
        if place > after:
            told.units.append(_unit(serialized[line], *unit))
    for shown in serialized.values():
        shown.tally.generated = _generated(shown)
    return lines


def _units_of(lines, find, after, rows):
    piles = sql.PILE_OF_SCANS if lines[0].is_blind else sql.PILES_BY_THE_BOOK
    asked = {
        "lines": [shown.pk for shown in lines],
        "quants": [shown.line.quant_id for shown in lines],
        "rounds": [shown.round_shown for shown in lines],
        "find": find,
        "after": after,
        "rows": rows,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.UNITS_OF_LINES.format(piles=piles), asked)
        return cursor.fetchall()


def _unit(shown, code, number, seen_at, state, place, location, there):
    away = there if location and location != shown.session.location_id else ""
    return SeenUnit(code, number or "", seen_at, state or "", place or "", away, is_tag=shown.tags)


def _generated(shown):
    """A surplus of an auto-serialized item has no units before the count is completed."""
    if not shown.item.auto_serialized or shown.is_blind or shown.is_waiting or shown.tally.find:
        return 0
    return max(int(shown.line.counted_quantity) - shown.tally.counted, 0)


def in_fours(code: str) -> str:
    """3034 257B F719 4E40 0000 1A85: counted from the end, so that the last four stand alone."""
    first = len(code) % TAIL
    return " ".join(filter(None, [code[:first], *(code[at : at + TAIL] for at in range(first, len(code), TAIL))]))
