"""The rounds in which a line was counted: who asked for each and why, what was said, and what the book said then."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Max

from counting.models import CountEntry, CountLine, RecountRequest
from counting.recording import spoken
from counting.sql import explaining as sql


@dataclass
class Round:
    """One round of one line. `counted` is what its entries give in order of time; None: blank, or taken as zero.

    `seen`: how many units of a serialized line were seen, and `seen_at` the last of them.
    """

    number: int
    request: RecountRequest | None = None
    entries: list[CountEntry] = field(default_factory=list)
    book: Decimal | None = None
    seen: int | None = None
    seen_at: datetime | None = None

    @property
    def speaking(self) -> list[CountEntry]:
        return spoken(self.entries)

    @property
    def counted(self) -> Decimal | None:
        if self.seen is not None:
            return Decimal(self.seen)
        return sum((entry.quantity for entry in self.speaking), Decimal(0)) if self.speaking else None

    @property
    def counted_at(self) -> datetime | None:
        if self.seen_at:
            return self.seen_at
        return self.speaking[-1].counted_at if self.speaking else None

    @property
    def discrepancy(self) -> Decimal | None:
        return None if self.book is None or self.counted is None else self.counted - self.book


def rounds_of(line: CountLine) -> list[Round]:
    """Every round that somebody asked for or counted in, the first one first. Three statements, four for units."""
    rounds = {}
    for request in line.recount_requests.select_related("asked_by"):
        rounds[request.round] = Round(request.round, request)
    for entry in line.entries.select_related("by").in_time():
        rounds.setdefault(entry.round, Round(entry.round)).entries.append(entry)
    if line.serialized:
        seen = line.sightings.order_by().values_list("round").annotate(Count("pk"), Max("seen_at"))
        for number, *of_units in seen:
            each = rounds.setdefault(number, Round(number))
            each.seen, each.seen_at = of_units
    told = sorted(rounds.values(), key=lambda each: each.number)
    books = _books_at(line, [each.counted_at for each in told if each.counted_at])
    for each in told:
        each.book = line.book_quantity if each.number == line.counted_round else books.get(each.counted_at)
    return told


def _books_at(line, moments):
    with connection.cursor() as cursor:
        cursor.execute(sql.BOOKS_AT, {"quant": line.quant_id, "moments": moments})
        return dict(cursor.fetchall())
