"""What the ledger says about a count: what moved before it, under the counter's hands, and what was posted soon after.

A movement that is posted later than it happened looks like a discrepancy, and no arithmetic can know: entries soon
after the count that give exactly the discrepancy are shown to the reviewer, who can ask.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.db import connection

from counting.models import CountLine, CountSession
from counting.sql import explaining as sql
from ledger.models import Effect, WarehouseEntry

POSTED_LATE = timedelta(hours=24)
PER_LINE = 30  # entries that are read for each line on either side of its count


@dataclass(frozen=True)
class Movement:
    """An entry of the line's quant. `explains`: alone or with others it gives exactly the discrepancy."""

    entry: WarehouseEntry
    undone: bool = False
    explains: bool = False

    @property
    def could_be_late(self):
        return self.entry.effect == Effect.MOVED and not self.undone


@dataclass
class Evidence:
    """The movements of one line: `before` and `during` are in the book that it was compared with, `after` are not."""

    before: list[Movement] = field(default_factory=list)
    during: list[Movement] = field(default_factory=list)
    after: list[Movement] = field(default_factory=list)

    @property
    def posted_late(self):
        return [movement for movement in self.after if movement.explains]

    def __bool__(self):
        return bool(self.before or self.during or self.after)


def movements(session: CountSession, lines: Iterable[CountLine]) -> None:
    """Set `evidence` on each line, in two statements for all of them."""
    by_id = {line.pk: line for line in lines}
    for line in by_id.values():
        line.evidence = Evidence()
    for line, movement in _read(session, by_id):
        _side(line, movement.entry).append(movement)
    for line in by_id.values():
        if line.discrepancy:
            line.evidence.after = explained(line.evidence.after, line.discrepancy)


def _read(session, by_id):
    with connection.cursor() as cursor:
        cursor.execute(
            sql.MOVEMENTS,
            {"lines": list(by_id), "opened_at": session.opened_at, "late": POSTED_LATE, "limit": PER_LINE},
        )
        rows = cursor.fetchall()
    own = [register for register in (session.adjustment_id, session.transfer_id) if register]
    found = (
        WarehouseEntry.objects.exclude(register__in=own)
        .select_related("register__by", "register__reason")
        .in_bulk([entry for _line, entry, _undone in rows])
    )
    for line, entry, undone in rows:
        if entry in found:
            yield by_id[line], Movement(found[entry], undone)


def _side(line, entry):
    evidence = line.evidence
    if line.watermark is None or entry.pk <= line.watermark:
        return evidence.during if line.begun is not None and entry.pk > line.begun else evidence.before
    return evidence.after


def explained(after: list[Movement], discrepancy: Decimal) -> list[Movement]:
    """Mark what gives the discrepancy: one entry alone or, failing that, the first few together."""
    late = [movement for movement in after if movement.could_be_late]
    alone = [movement for movement in late if movement.entry.quantity == discrepancy]
    marked = {id(movement) for movement in alone or _first_few(late, discrepancy)}
    return [
        Movement(movement.entry, movement.undone, explains=id(movement) in marked) if marked else movement
        for movement in after
    ]


def _first_few(late, discrepancy):
    total = Decimal(0)
    for number, movement in enumerate(late, start=1):
        total += movement.entry.quantity
        if total == discrepancy:
            return late[:number]
    return []
