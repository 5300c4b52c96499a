"""Calculate Whse. Adjustment (SPEC 10): the item ledger hears what the bins of directed locations have gained and lost.

Each item, variant, lot and unit is a line of its own: what one lot has too much never pays for what another lacks.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from ledger.models import Kind, Register, WarehouseEntry
from ledger.posting import Document, NothingToPost, lock_locations, post_staged, told_who_is_busy
from ledger.sql import directing as sql
from warehouse.models import Location, Quant, Unit, User

SCHEDULE = UUID("5d0e1f6c-6f0b-4a56-9d6a-6d3b8a1f7c52")  # what the requests of the schedule are made of


def synchronise(
    location: Location,
    *,
    by: User | None,
    at: date,
    request_id: UUID,
    quants: QuerySet[Quant] | None = None,
    unit: Unit | None = None,
    wait: str | None = None,
) -> Register | None:
    """Post what waits in the adjustment bin of a location to its item ledger; return the document, None where nothing
    waits. A `request_id` that was posted before returns what it posted.

    `quants` limits it to some items, variants or lots, `unit` to one unit. What is blocked waits on.
    """
    document = Document(
        kind=Kind.WAREHOUSE_ADJUSTMENT,
        location=location,
        by=by,
        posting_date=at,
        request_id=request_id,
        source=location.code,
    )
    quants = waiting_at([location]) if quants is None else waiting_at([location]).filter(pk__in=quants)
    with told_who_is_busy([location.pk]), transaction.atomic(), connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [wait])
        lock_locations([location.pk])  # first: what waits is read under the lock, so that two do not post it twice
        try:
            with transaction.atomic():
                return post_staged(document, lambda cursor: stage(cursor, quants, unit), wait=wait)
        except NothingToPost:
            return None


def waiting_at(locations: Iterable[Location]) -> QuerySet[Quant]:
    """The quants of the adjustment bins of these locations."""
    return Quant.objects.filter(location__in=locations, virtual=True)


def waiting() -> QuerySet[Quant]:
    """The quants of adjustment bins in which something is left to tell: units that come and units that go count both,
    where their sum is nothing.
    """
    units = WarehouseEntry.objects.filter(quant=OuterRef("pk"), unit__isnull=False).order_by().values("unit")
    apart = units.annotate(total=Sum("quantity")).exclude(total=0)
    return Quant.objects.filter(virtual=True).filter(~Q(quantity=0) | Exists(apart))


def stage(cursor, quants: QuerySet[Quant], unit: Unit | None = None) -> None:
    scope, params = quants.order_by().values("pk").query.sql_with_params()
    named = {f"scope_{position}": value for position, value in enumerate(params)}
    statement = sql.STAGE_WAITING.format(quants=scope % tuple(f"%({name})s" for name in named))
    cursor.execute(statement, {"unit": unit and unit.pk, **named})


def synchronise_due(*, at: datetime) -> list[Register]:
    """What the schedule does: each directed location that wants it, when its time has come. Twice in the same hour is
    once."""
    posted = []
    for location in Location.objects.filter(directed=True, synchronise_hours__gt=0):
        since = at - timedelta(hours=location.synchronise_hours)
        if not Register.objects.filter(location=location, kind=Kind.WAREHOUSE_ADJUSTMENT, posted_at__gt=since).exists():
            request = uuid5(SCHEDULE, f"{location.pk} {at:%Y-%m-%dT%H}")
            register = synchronise(location, by=None, at=timezone.localdate(at), request_id=request)
            posted += [register] if register else []
    return posted
