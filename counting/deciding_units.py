"""What reviewers say about units that differ: which to leave alone, and where one lies that was seen in two bins."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import npgettext

from counting.activity import remember
from counting.models import POSTS, CountLine, CountSession, Deed, UnitDecision
from counting.review import NothingChosen, lock_for_review
from counting.sql import units as sql
from counting.unit_differences import params_of
from inventory_site.errors import DomainError
from warehouse.models import Item, User

Key = tuple[int, str]  # of a unit that differs: its item and its code


class NoConflict(DomainError):
    code = "no_conflict"
    text = _("%(unit)s was not seen in that bin, or in no other. Look again: it was counted anew.")


def read_key(text: str) -> Key | None:
    """What `Difference.key` wrote; None where it is none."""
    item, colon, code = text.partition(":")
    return (int(item), code) if colon and code and item.isascii() and item.isdigit() and len(item) < 19 else None


@transaction.atomic
def decide_units(session: CountSession, keys: Iterable[Key] | None, *, post: bool, by: User, at: datetime) -> int:
    """Post what becomes of these units, or leave them alone; None: of all that can be selected. Returns how many.

    A unit that is left alone stays where the books have it. Raises NothingChosen where none of them can be selected.
    """
    lock_for_review(session)
    keys = None if keys is None else list(keys)
    chosen = {
        "all": keys is None,
        "items": [item for item, _code in keys or ()],
        "codes": [code for _item, code in keys or ()],
        "verdicts": [str(verdict) for verdict in POSTS],
        "post": post,
        "by": by.pk,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.DECIDE, params_of(session) | chosen)
        decided = cursor.rowcount
    if not decided:
        raise NothingChosen(_("Choose at least one unit that can be selected."), NothingChosen.code)
    remember(session, Deed.UNITS_TICKED if post else Deed.UNITS_UNTICKED, by=by, at=at, note=_told(keys, decided))
    return decided


@transaction.atomic
def settle_conflict(
    session: CountSession, item: Item, code: str, line: CountLine, *, by: User, at: datetime
) -> UnitDecision:
    """A unit that was seen on several lines lies where this one says, until it is seen on yet another.

    Raises NoConflict where it was not seen there, or nowhere else.
    """
    lock_for_review(session)
    with connection.cursor() as cursor:
        cursor.execute(sql.SEEN_IN_TWO, params_of(session) | {"item": item.pk, "code": code, "line": line.pk})
        if not cursor.fetchone()[0]:
            raise NoConflict(unit=code)
    # By the clock of the database, which the times of sightings are compared with.
    decision, _new = UnitDecision.objects.update_or_create(
        session=session, item=item, code=code, defaults={"post": True, "line": line, "by": by, "at": Now()}
    )
    remember(session, Deed.UNIT_SETTLED, by=by, at=at, lines=1, note=f"{code}: {line.quant.bin}")
    return decision


def _told(keys, decided):
    """For the activities: the codes, as far as anybody would read them."""
    codes = ", ".join(code for _item, code in (keys or ())[:10])
    if keys and len(keys) <= 10 and decided == len(keys):
        return codes
    return npgettext("piece", "%s unit", "%s units", decided) % decided
