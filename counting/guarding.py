"""Guards: what a count counts is kept from moving, from its opening on (BLOCK) or from its review on (FREEZE).

A guard is a hold on each item and bin of the lines, in the name of the session. Holds are set and released in the
transaction of the step that begins or ends the guard, under the lock of the location: a posting takes that lock before
it looks for holds, so it is either in the snapshot or refused.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from counting.activity import remember
from counting.models import CountSession, Deed, Guard, Status
from counting.sql import opening as sql
from ledger.models import Register
from ledger.posting import wait_for_locations
from warehouse.models import BinHold, Location, User

GUARDING = {
    Guard.NONE: set(),
    Guard.FREEZE: {Status.COUNTED},
    Guard.BLOCK: {Status.DRAFT, Status.COUNTED},
}


def is_guarding(session: CountSession) -> bool:
    return session.status in GUARDING[session.guard]


def keep_still(session: CountSession) -> None:
    """Take the lock of the location, before the lines or quants of a session with a guard are read. Locks in order:
    the caller has the session. Raises LocationBusy."""
    if session.guard != Guard.NONE:
        wait_for_locations([session.location_id])


def follow_status(session: CountSession, *, by: User, at: datetime) -> None:
    """Set or release the holds of a session whose status has just changed; before any line of it is touched, for the
    location is locked before lines are. Raises LocationBusy."""
    if session.guard == Guard.NONE:
        return
    keep_still(session)
    if not is_guarding(session):
        BinHold.objects.filter(held_by=session.number).delete()
    elif held := hold(session.lines.all()):
        remember(session, Deed.GUARD_SET, by=by, at=at, lines=held)


def hold(lines) -> int:
    """Hold the item and bin of each of these lines of a session; returns how many were not held before."""
    keys, params = lines.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql.HOLD_LINES.format(lines=keys), params)
        return cursor.rowcount


def links_of_counts(user: User, numbers: Iterable[str]) -> dict[str, str]:
    """For pages that name who holds a bin: the counts that this person may see."""
    if not user.has_perm("counting.view_countsession"):
        return {}
    seen = CountSession.objects.visible_to(user).filter(number__in=numbers).values_list("number", flat=True)
    return {number: reverse("count-detail", args=[number]) for number in seen}


def open_counts_object(location: Location) -> list[str]:
    """To making it directed: what they have shown to those who count would mean something else."""
    sessions = CountSession.objects.open().filter(location=location).order_by("pk")
    numbers = ", ".join(sessions.values_list("number", flat=True))
    return [_("Open counts: %s. Complete or cancel them first.") % numbers] if numbers else []


def remember_override(held_by: str, register: Register, lines: int) -> None:
    """Somebody posted in spite of a guard: the count remembers who, when, which document and why."""
    session = CountSession.objects.filter(number=held_by).first()
    if session:
        note = f"{register.number}: {register.override}"
        remember(session, Deed.GUARD_OVERRIDDEN, by=register.by, at=register.posted_at, lines=lines, note=note)
