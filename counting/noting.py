"""Notes of a count: what people who count and review tell each other. They stay as they were written."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from counting.activity import remember
from counting.models import Activity, CountSession, Deed
from inventory_site.errors import DomainError
from warehouse.models import User

LONGEST = 1000


class NothingWritten(DomainError):
    code = "nothing_written"
    text = _("Write something first.")


class NoteTooLong(DomainError):
    code = "note_too_long"
    text = _("A note has at most %(most)s characters. Say the rest in another one.")


@transaction.atomic
def write_note(session: CountSession, text: str, *, by: User, at: datetime) -> Activity:
    """Add a note, in whatever stage the count is. Raises NothingWritten, NoteTooLong."""
    text = text.strip()
    if not text:
        raise NothingWritten()
    if len(text) > LONGEST:
        raise NoteTooLong(most=LONGEST)
    return remember(session, Deed.NOTED, by=by, at=at, note=text)
