"""Stock that a count finds in another bin than the books have it in: moved there, instead of lost here and found there.

Proposed are lines that are short and lines that are over of the same item, variant and lot (sql.MISPLACED). What a
reviewer accepts is posted by completing as one stock transfer; it changes no total and no value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from counting.activity import remember
from counting.models import CountLine, CountSession, Decision, Deed
from counting.review import lock_for_review
from counting.sql import misplaced as sql
from inventory_site.errors import DomainError
from warehouse.models import User

MANY = 500
Pair = tuple[int, int]  # the keys of a line that is short and of one that is over


class NotProposed(DomainError):
    code = "not_proposed"
    text = _("None of these movements is proposed any more: the lines were counted or decided on anew. Look again.")


@dataclass
class Proposal:
    """`quantity` of what is missing at `short` and was found at `over`; exact: it is all of both."""

    short: CountLine
    over: CountLine
    quantity: Decimal
    exact: bool = False
    accepted: bool = False

    @property
    def key(self):
        return f"{self.short.pk}-{self.over.pk}"

    @property
    def value(self):
        return self.quantity * self.short.unit_cost


def proposals(session: CountSession, *, most: int = 100) -> tuple[list[Proposal], int]:
    """What could be moved, exact matches and the largest first; and how many there are in all. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(sql.PROPOSE, {"session": session.pk, "limit": most})
        rows = cursor.fetchall()
    lines = CountLine.objects.with_names().in_bulk([pk for short, over, *_rest in rows for pk in (short, over)])
    found = [Proposal(lines[short], lines[over], quantity, exact) for short, over, quantity, exact, _all in rows]
    return found, rows[0][-1] if rows else 0


def accepted(session: CountSession, *, most: int | None = None) -> list[Proposal]:
    """What reviewers accepted, with what completing would move of it now or, once it is completed, has moved."""
    return _with_lines(_moving(session)[:most])


def movements_at(session: CountSession, lines: Iterable[CountLine]) -> None:
    """Set `moves` on each line: (signed quantity, the bin at the other end) of its accepted movements."""
    by_id = {line.pk: line for line in lines}
    for line in by_id.values():
        line.moves = []
    if not session.misplacements.of(by_id).exists():
        return
    here = [movement for movement in _moving(session) if movement[0] in by_id or movement[1] in by_id]
    for movement in _with_lines(here):
        if movement.short.pk in by_id:
            by_id[movement.short.pk].moves.append((-movement.quantity, movement.over.quant.bin))
        if movement.over.pk in by_id:
            by_id[movement.over.pk].moves.append((movement.quantity, movement.short.quant.bin))


def _moving(session):
    if not session.is_open:
        return list(session.misplacements.moved().values_list("short", "over", "moved"))
    with connection.cursor() as cursor:
        cursor.execute(sql.MOVEMENTS_BETWEEN_LINES, {"session": session.pk})
        return [(short, over, quantity) for _pk, short, over, quantity in cursor.fetchall() if quantity]


def _with_lines(moving):
    lines = CountLine.objects.with_names().in_bulk([pk for short, over, _quantity in moving for pk in (short, over)])
    return [Proposal(lines[short], lines[over], quantity, accepted=True) for short, over, quantity in moving]


@transaction.atomic
def move_misplaced(session: CountSession, pairs: Iterable[Pair] | None, *, by: User, at: datetime) -> int:
    """Accept proposals, all of them or these, and with them both their lines: what does not move is adjusted.

    Returns how many. Raises NotProposed where there is none.
    """
    lock_for_review(session)
    shorts, overs = _both(pairs or ())
    asked = {"session": session.pk, "by": by.pk, "all": pairs is None, "shorts": shorts, "overs": overs}
    with connection.cursor() as cursor:
        cursor.execute(sql.KEEP_TO_WHAT_MOVES, asked)
        cursor.execute(sql.ACCEPT_MOVEMENTS, asked)
        moved = cursor.fetchall()
    if not moved:
        raise NotProposed()
    if len(moved) > MANY:
        transaction.on_commit(_tell_the_planner)
    ends = [pk for pair in moved for pk in pair]
    session.lines.filter(pk__in=ends, decision=Decision.OPEN).update(decision=Decision.ACCEPTED)
    remember(session, Deed.MOVED, by=by, at=at, lines=len(set(ends)))
    return len(moved)


@transaction.atomic
def keep_apart(session: CountSession, pairs: Iterable[Pair], *, by: User, at: datetime) -> int:
    """Take accepted movements back; their lines are to be decided on again, but for ends of other movements."""
    lock_for_review(session)
    shorts, overs = _both(pairs)
    named = Q(pk__in=[])
    for short, over in zip(shorts, overs, strict=True):
        named |= Q(short=short, over=over)
    with connection.cursor() as cursor:
        cursor.execute(sql.KEEP_TO_WHAT_MOVES, {"session": session.pk})
    movements = list(session.misplacements.filter(named).values_list("pk", "short", "over"))
    session.misplacements.filter(pk__in=[pk for pk, *_ends in movements]).delete()
    ends = {end for _pk, *both in movements for end in both}
    still = {end for both in session.misplacements.of(ends).values_list("short", "over") for end in both}
    session.lines.accepted().filter(pk__in=ends - still).update(decision=Decision.OPEN, accepted_quantity=None)
    if movements:
        remember(session, Deed.RECONSIDERED, by=by, at=at, lines=len(ends))
    return len(movements)


def _tell_the_planner():
    """Of a table that was nearly empty before."""
    with connection.cursor() as cursor:
        cursor.execute(sql.ANALYZE_MISPLACEMENTS)


def _both(pairs):
    pairs = list(pairs)
    return [short for short, _over in pairs], [over for _short, over in pairs]
