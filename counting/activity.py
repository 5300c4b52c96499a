"""Remembering what people do to a session, so that anybody can read later who did what, when and why."""

from datetime import datetime

from django.utils import timezone

from counting.models import Activity, CountSession, Deed
from warehouse.models import User


def remember(
    session: CountSession,
    deed: Deed,
    *,
    by: User | None,
    at: datetime | None = None,
    lines: int | None = None,
    note: str = "",
) -> Activity:
    """Write down one deed, in the transaction of the verb that does it. `by` None: a job."""
    return Activity.objects.create(session=session, deed=deed, by=by, at=at or timezone.now(), lines=lines, note=note)
