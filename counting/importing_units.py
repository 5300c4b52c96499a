"""The units that a file of counts names, taken as if they had been scanned on its lines, all at once."""

from datetime import datetime

from counting.models import CountSession
from counting.sighting import see_staged
from counting.sql import importing as sql
from counting.sql import sighting as scans
from warehouse.models import User


def take_units(cursor, session: CountSession, request: str, *, by: User, at: datetime) -> int:
    """What count_outcome says of lines whose units are scanned; how many lines that were. The session is locked."""
    cursor.execute(sql.ANY_UNITS)
    [lines] = cursor.fetchone()
    if not lines:
        return 0
    cursor.execute(scans.CREATE_SCANS)
    cursor.execute(sql.STAGE_CODES)
    cursor.execute(sql.REQUEST_ID, {"request": request})
    [client_id] = cursor.fetchone()
    moment = see_staged(cursor, session, by=by, client_id=client_id)
    said = {"moment": moment, "by": by.pk, "at": at}
    cursor.execute(sql.MARK_BEGUN)
    cursor.execute(sql.FORGET_ALLOTTED)
    cursor.execute(sql.BEGIN_QUANTITIES)
    cursor.execute(sql.SEE_QUANTITIES, said)
    cursor.execute(sql.COUNT_QUANTITIES, said)
    cursor.execute(sql.KEEP_QUANTITIES, said)
    return lines
