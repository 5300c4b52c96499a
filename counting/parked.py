"""Codes that have no place in a count yet: scans that were put aside, and codes on a line that no unit has.

Each is told with what the same person scanned just before and just after: who looks for the thing knows where to look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Exists, F, OuterRef

from counting.models import CountLine, CountSession, PutAside, Sighting
from counting.sql import parked as sql
from warehouse.models import Bin, Unit, User

MOST = 200


@dataclass(frozen=True)
class Neighbour:
    """A scan of the same person; `item` is the name of what it was, where it was known."""

    code: str
    item: str
    at: datetime


@dataclass
class Parked:
    """`aside`: the scan that was put aside, which a reviewer settles; `line`: the line on which the code stands."""

    code: str
    bin: Bin | None
    by: User
    at: datetime
    aside: PutAside | None = None
    line: CountLine | None = None
    before: Neighbour | None = None
    after: Neighbour | None = None

    @property
    def is_settled(self):
        return bool(self.aside and self.aside.settled_at)


def unknown_codes(session: CountSession):
    """Codes on lines of this count that no unit has, and that completing makes no unit of: they must be received."""
    known = Unit.objects.filter(item=OuterRef("line__quant__item"), code=OuterRef("code"))
    sightings = Sighting.objects.standing().filter(line__session=session, line__serialized=True, unit=None)
    return sightings.filter(~Exists(known), line__quant__item__auto_serialized=False)


def parked_number(session: CountSession) -> int:
    """How many wait for somebody."""
    waiting = session.put_aside.filter(settled_at=None).count()
    return waiting + unknown_codes(session).count()


def parked(session: CountSession) -> list[Parked]:
    """What waits first, then what was settled; the newest first. At most MOST of each kind."""
    names = ("bin", "belongs_in", "by", "settled_by")
    scans = session.put_aside.select_related(*names).order_by(F("settled_at").asc(nulls_first=True), "-at")
    asides = [Parked(scan.code, scan.bin, scan.by, scan.at, aside=scan) for scan in scans[:MOST]]
    on_lines = [
        Parked(seen.code, seen.line.quant.bin, seen.by, seen.seen_at, line=seen.line)
        for seen in unknown_codes(session)
        .select_related("line__session", "line__quant__bin", "line__quant__item", "by")
        .order_by("-seen_at", "-pk")[:MOST]
    ]
    found = [*on_lines, *asides]
    _set_neighbours(session, found)
    return sorted(found, key=lambda each: each.is_settled)


def _set_neighbours(session: CountSession, found: Iterable[Parked]) -> None:
    asked = {
        "session": session.pk,
        "codes": [each.code for each in found],
        "people": [each.by.pk for each in found],
        "moments": [each.at for each in found],
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.NEIGHBOURS, asked)
        for place, is_before, code, item, at in cursor.fetchall():
            setattr(found[place - 1], "before" if is_before else "after", Neighbour(code, item, at))
