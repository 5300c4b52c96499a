"""The units of a count that is completed: set out in a table of this transaction, written down, posted from there."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from counting.models import CountSession
from counting.searching import follow_units
from counting.sql import posting_units as sql
from counting.unit_differences import is_set_out, params_of, set_out
from ledger.models import Register
from warehouse.missing import ensure_missing_bin
from warehouse.quants import ensure_quants
from warehouse.units import ensure_units

MOST_NEW = 10_000  # units that one line can make


def prepare_units(session: CountSession) -> None:
    """Before anything is locked: make the units that are new, and the places of what will be searched for.

    Who posts names these first and locks then; to make them under the lock would be to wait for each other.
    """
    searches = session.location.search_days > 0
    if not searches and not session.lines.auto_serialized().exists():
        return
    if searches:
        ensure_missing_bin(session.location)
    set_out(session)
    with connection.cursor() as cursor:
        cursor.execute(sql.NUMBER_SURPLUS, {"most": MOST_NEW})
        surplus = cursor.rowcount
        while surplus and cursor.rowcount:
            cursor.execute(sql.NUMBER_AGAIN)
        ensure_units("count_unit", condition=sql.TO_BE_MADE)
        ensure_quants("count_unit", condition=sql.TO_BE_SEARCHED)
        if surplus:
            cursor.execute(sql.SEE_SURPLUS)


def match_units(session: CountSession) -> bool:
    """Under the lock, while the lines are open: what becomes of each unit. False where it was not prepared for that."""
    set_out(session)
    with connection.cursor() as cursor:
        cursor.execute(sql.UNPREPARED)
        (unprepared,) = cursor.fetchone()
    return not unprepared


def write_units_down(session: CountSession) -> None:
    """Keep what was matched, as evidence and as what is posted, and close the lines with it."""
    with connection.cursor() as cursor:
        cursor.execute(sql.WRITE_DOWN, {"session": session.pk})
        cursor.execute(sql.CLOSE_LINES, params_of(session))


def follow_searches(session: CountSession, transfer: Register | None) -> None:
    """Begin a search for each unit that the count has put into the missing bin; those that it took out are found."""
    if transfer:
        due_on = transfer.posting_date + timedelta(days=session.location.search_days)
        with connection.cursor() as cursor:
            cursor.execute(sql.BEGIN_SEARCHES, {"session": session.pk, "at": transfer.posted_at, "due_on": due_on})
    follow_units(session.location, today=timezone.localdate(session.completion_asked_at))


def unit_problems(session: CountSession, *, set_out: bool = False) -> list[tuple[int, str, str, int]]:
    """(line, code of the problem, code of the unit, how many units) of what cannot be posted as it is: as things stand,
    or as they were set out under the lock."""
    with connection.cursor() as cursor:
        statement = sql.PROBLEMS_SET_OUT if set_out or is_set_out(session) else sql.PROBLEMS_NOW
        cursor.execute(statement, params_of(session) | {"most": MOST_NEW})
        return cursor.fetchall()
