"""What a person is told of a counted quantity: all of it, or in a blind count what they said themselves in this round.

Of a count of somebody else they are told who, and when.
"""

from collections.abc import Iterable
from decimal import Decimal

from counting.blindness import is_kept_blind
from counting.models import CountEntry, CountLine
from counting.recording import fold, spoken
from warehouse.models import User


def told(lines: Iterable[CountLine], user: User, *, closed: frozenset[int]) -> list[CountLine]:
    """The lines, each with `told`: its counted quantity as far as this person may know it; at most one statement.

    `closed`: the locations whose quantities are closed to them. A recount is blind to the first result everywhere.
    """
    lines = list(lines)
    own = own_counts([line for line in lines if line.session.location_id in closed], user)
    kept_blind = is_kept_blind(user)
    for line in lines:
        if line.recount_asked and kept_blind:
            line.told = None
        elif line.session.location_id in closed:
            line.told = own.get(line.pk)
        else:
            line.told = line.counted_quantity
    return lines


def own_counts(lines: Iterable[CountLine], user: User) -> dict[int, Decimal]:
    """By line, what this person said of it in its round, where no count of somebody else is part of it."""
    mine = {line.pk: line for line in lines if line.counted_by_id == user.pk and line.counted_quantity is not None}
    if not mine:
        return {}
    said = {}
    for entry in CountEntry.objects.filter(line__in=mine).in_time():
        said.setdefault(entry.line_id, []).append(entry)
    return {
        line: fold(speaking)
        for line, entries in said.items()
        if (speaking := spoken(entry for entry in entries if entry.round == mine[line].round))
        and all(entry.by_id == user.pk for entry in _behind(speaking, entries))
    }


def _behind(speaking, entries):
    """The entries that a figure is made of. What was carried over into a round has the time of what it repeats."""
    earlier = {entry.counted_at for entry in entries if entry.round < speaking[0].round}
    return entries if any(entry.counted_at in earlier for entry in speaking) else speaking
