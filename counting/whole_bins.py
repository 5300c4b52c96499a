"""A whole bin at once, or many of its lines: as the book says, or empty."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4, uuid5

from django.db import transaction

from counting.blindness import sees_quantities
from counting.models import CountEntry, CountSession
from counting.recording import BlindCount, Count, lock_for_counting, record_counts
from counting.sighting import see_all_expected, see_none
from warehouse.models import Bin, User


@transaction.atomic
def all_as_expected(
    session: CountSession, seen: dict[int, int], *, by: User, at: datetime, client_id: UUID | None = None
) -> set[int]:
    """Take the book for lines where nothing moved since they were shown; return the lines that were not taken.

    `seen` maps lines to the newest entry of their quant that the page was made with. Raises BlindCount: whoever takes
    the book for a count would be told it by what they are shown afterwards.
    """
    if session.blind or not sees_quantities(by, session):
        raise BlindCount()
    request = client_id or uuid4()
    lock_for_counting(session, by=by)
    serialized = set(session.lines.serialized().filter(pk__in=seen).values_list("pk", flat=True))
    counts = [Count(line, None, uuid5(request, str(line)), seen[line]) for line in seen.keys() - serialized]
    record_counts(session, counts, by=by, at=at)
    taken = CountEntry.objects.filter(client_id__in=[count.client_id for count in counts])
    left = set(seen) - set(taken.values_list("line", flat=True))
    if serialized:
        left -= see_all_expected(session, {line: seen[line] for line in serialized}, by=by, client_id=request)
    return left


@transaction.atomic
def bin_is_empty(session: CountSession, bin: Bin, *, by: User, at: datetime, client_id: UUID | None = None) -> int:
    """Count zero on every line of the bin that can be counted now; return how many were new. Raises UnitsSeenHere."""
    lock_for_counting(session, by=by)
    lines = session.lines.countable(session).filter(quant__bin=bin).values_list("pk", flat=True)
    return none_of_these(session, lines, by=by, at=at, client_id=client_id)


@transaction.atomic
def none_of_these(
    session: CountSession, lines: Iterable[int], *, by: User, at: datetime, client_id: UUID | None = None
) -> int:
    """Count zero on these lines of the session; return how many were new. Raises UnitsSeenHere."""
    request = client_id or uuid4()
    lock_for_counting(session, by=by)
    lines = dict(session.lines.filter(pk__in=list(lines)).values_list("pk", "serialized"))
    serialized = [line for line, is_serialized in lines.items() if is_serialized]
    counts = [Count(line, Decimal(0), uuid5(request, str(line))) for line in lines.keys() - set(serialized)]
    new = record_counts(session, counts, by=by, at=at)
    return new + (see_none(session, serialized, by=by, client_id=request) if serialized else 0)
