"""What may lie behind a difference, for the reviewer to ask about: each a sentence, the likeliest first.

Where the same thing is over elsewhere, a neighbouring lot is off by as much, a document moved exactly so much, or the
figure looks like a slip: digits swapped, a pack counted as a piece, the figure of the bin before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum, auto

from django.db import connection
from django.utils.translation import gettext as _

from counting.models import CountLine, CountSession
from counting.sql import explaining as sql
from inventory_site.templatetags.truecount import quantity, signed
from ledger.models import Kind
from warehouse.models import ItemUnit

RECENT = timedelta(days=30)
SHOWN = 3
MOST_PACKS = 3  # so many packs too many or too few are still a pattern
SMALL = 10  # smaller figures are the same by chance


class Rank(IntEnum):
    """The likeliest first."""

    NEIGHBOUR_LOT = auto()
    SAME_ELSEWHERE = auto()
    TWICE = auto()
    NOT_CARRIED_OUT = auto()
    PACKS = auto()
    SWAPPED = auto()
    TENFOLD = auto()
    AS_BEFORE = auto()
    ASIDE = auto()
    ELSEWHERE = auto()


@dataclass(frozen=True, order=True)
class Hint:
    rank: Rank
    text: str


@dataclass(frozen=True)
class Other:
    """Another line of this count, or what another count adjusted, of the same item."""

    bin: str
    lot: str
    off: Decimal
    same_goods: bool
    session: str  # blank: this count


@dataclass(frozen=True)
class Posted:
    """A document that moved exactly as much as is missing (or too much) now."""

    number: str
    kind: str
    quantity: Decimal
    at: datetime


def hints(session: CountSession, lines: Iterable[CountLine], *, now: datetime) -> None:
    """Set `hints` on each line; of units each says for itself where it is. Five statements for all of them, none where
    nothing differs."""
    lines = list(lines)
    for line in lines:
        line.hints = []
    off = {line.pk: line for line in lines if line.discrepancy and not line.serialized} if session.is_open else {}
    if not off:
        return
    others, posted = _others(off, now - RECENT), _posted(off, now - RECENT)
    before, aside, units = _bins_before(off), _put_aside(session, off), _units(off.values())
    for pk, line in off.items():
        found = [
            *_of_others(line, others.get(pk, [])),
            *_of_documents(line, posted.get(pk, [])),
            *_of_slips(line, units.get(line.quant.item_id, [])),
            *(Hint(Rank.AS_BEFORE, _("The same figure as in %s, the bin before.") % bin) for bin in before.get(pk, [])),
            *(Hint(Rank.ASIDE, _("%s was put aside, and belongs here.") % code) for code in aside.get(pk, [])),
        ]
        line.hints = sorted(set(found))[:SHOWN]


# Where else


def _of_others(line: CountLine, others: list[Other]) -> Iterator[Hint]:
    for other in others:
        words = {"off": signed(other.off), "bin": other.bin, "lot": other.lot, "session": other.session}
        exact = other.off == -line.discrepancy
        if not other.same_goods:
            yield Hint(Rank.NEIGHBOUR_LOT, _("%(off)s of %(lot)s in the same bin: another lot or variant?") % words)
        elif other.session:
            rank = Rank.SAME_ELSEWHERE if exact else Rank.ELSEWHERE
            yield Hint(rank, _("%(off)s in %(bin)s, adjusted by %(session)s: it may be the same.") % words)
        else:
            yield Hint(Rank.SAME_ELSEWHERE if exact else Rank.ELSEWHERE, _("%(off)s in %(bin)s.") % words)


# Documents


def _of_documents(line: CountLine, posted: list[Posted]) -> Iterator[Hint]:
    receipts = [each for each in posted if each.kind == Kind.RECEIPT]
    if len(receipts) > 1:
        words = {"numbers": ", ".join(each.number for each in receipts), "n": quantity(receipts[0].quantity)}
        yield Hint(Rank.TWICE, _("%(numbers)s brought %(n)s each: received once, posted twice?") % words)
    for each in posted:
        words = {"number": each.number, "n": quantity(abs(each.quantity))}
        if each.quantity < 0:
            yield Hint(Rank.NOT_CARRIED_OUT, _("%(number)s took %(n)s: still here?") % words)
        elif each.kind != Kind.RECEIPT or len(receipts) == 1:
            yield Hint(Rank.NOT_CARRIED_OUT, _("%(number)s brought %(n)s: did they arrive?") % words)


# Slips


def _of_slips(line: CountLine, units: list[tuple[str, Decimal]]) -> Iterator[Hint]:
    counted, book = line.counted_quantity, line.book_quantity
    words = {"counted": quantity(counted), "book": quantity(book)}
    for name, per in units:
        packs, rest = divmod(abs(line.discrepancy), per)
        words |= {"unit": name, "per": quantity(per), "packs": quantity(packs)}
        if counted and counted * per == book:
            yield Hint(Rank.PACKS, _("%(counted)s × %(unit)s of %(per)s is right: packs counted as pieces?") % words)
        elif book and book * per == counted:
            yield Hint(Rank.PACKS, _("%(book)s × %(per)s: pieces counted as %(unit)s?") % words)
        elif not rest and 0 < packs <= MOST_PACKS:
            yield Hint(Rank.PACKS, _("Exactly %(packs)s × %(unit)s of %(per)s.") % words)
    if are_swapped(counted, book):
        yield Hint(Rank.SWAPPED, _("%(book)s or %(counted)s? Digits may be swapped.") % words)
    if counted and book and (counted * 10 == book or book * 10 == counted):
        yield Hint(Rank.TENFOLD, _("%(book)s or %(counted)s? A digit too many or too few.") % words)


def are_swapped(one: Decimal, other: Decimal) -> bool:
    """Two neighbouring digits stand in the other order: 61 and 16."""
    if one != int(one) or other != int(other):
        return False
    one, other = f"{one:.0f}", f"{other:.0f}"
    width = max(len(one), len(other))
    one, other = one.zfill(width), other.zfill(width)
    differ = [place for place in range(width) if one[place] != other[place]]
    if len(differ) != 2 or differ[1] != differ[0] + 1:
        return False
    first, second = differ
    return one[first] == other[second] and one[second] == other[first]


# What the hints are read from, for all lines at once


def _others(off, since):
    found = {}
    for line, *other in _rows(sql.SAME_ITEM_ELSEWHERE, off, since=since):
        found.setdefault(line, []).append(Other(*other))
    return found


def _posted(off, since):
    found = {}
    for line, *posted in _rows(sql.DOCUMENTS_OF_THAT_MUCH, off, since=since):
        found.setdefault(line, []).append(Posted(*posted))
    return found


def _bins_before(off):
    found = {}
    for line, bin in _rows(sql.SAME_FIGURE_BEFORE, off, small=SMALL):
        found.setdefault(line, []).append(bin)
    return found


def _put_aside(session, off):
    found = {}
    for line, code in _rows(sql.PUT_ASIDE_FOR, off, session=session.pk):
        found.setdefault(line, []).append(code)
    return found


def _rows(statement, off, **details):
    with connection.cursor() as cursor:
        cursor.execute(statement, {"lines": list(off), **details})
        return cursor.fetchall()


def _units(lines):
    units = {}
    of_items = ItemUnit.objects.filter(item__in={line.quant.item_id for line in lines}).exclude(quantity_per=1)
    for item, name, per in of_items.values_list("item", "unit_of_measure__name", "quantity_per"):
        units.setdefault(item, []).append((name, per))
    return units
