"""Scans that have no place in a count are kept, so that nothing is lost and a reviewer can settle them."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from counting.models import CountSession, PutAside
from counting.opening import NotInDraft, check_place
from warehouse.models import Bin, User


@transaction.atomic
def put_aside(
    session: CountSession,
    code: str,
    *,
    bin: Bin,
    by: User,
    at: datetime,
    client_id: UUID,
    belongs_in: Bin | None = None,
    note: str = "",
) -> PutAside:
    """Keep what was scanned in `bin`; a `client_id` that was used before returns what was kept then."""
    check_place(bin, session.location)
    if not CountSession.objects.being_counted().filter(pk=session.pk).share_locked():
        raise NotInDraft(session=session.number)
    details = {"session": session, "bin": bin, "belongs_in": belongs_in, "code": code[:200], "note": note[:200]}
    kept, _created = PutAside.objects.get_or_create(client_id=client_id, defaults={**details, "by": by, "at": at})
    return kept
