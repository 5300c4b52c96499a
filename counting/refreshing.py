"""Bringing an open count up to date while it is counted: its system quantities, its lines, and blank sheets again."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from counting.activity import remember
from counting.models import CountSession, Deed, Guard, Status
from counting.opening import NotInDraft, Scope, held_by_others, take_snapshot
from counting.sql import opening, recording, sighting
from inventory_site.errors import DomainError
from warehouse.models import Bin, Category, Item, User


class FixedAtOpening(DomainError):
    code = "fixed_at_opening"
    text = _("Nothing else moves what %(session)s counts, so its system quantities are those of the opening.")


@dataclass(frozen=True)
class Refreshed:
    """How many lines have other figures now, how many are new, and what other counts hold of the scope."""

    changed: int
    added: int
    held: dict[str, int]


@transaction.atomic
def refresh_system(session: CountSession, *, by: User, at: datetime) -> Refreshed:
    """Take the book of now for the system quantities and costs, and new stock in the scope for lines.

    What was counted stays as it is: its discrepancy is against the book of its own moment. Raises FixedAtOpening,
    NotInDraft.
    """
    locked = lock_draft(session)
    if locked.guard == Guard.BLOCK:
        raise FixedAtOpening(session=session.number)
    with connection.cursor() as cursor:
        cursor.execute(opening.REFRESH_SYSTEM, {"session": session.pk})
        changed = cursor.rowcount
    scope = scope_of(locked)
    quants = scope and scope.quants(locked.location)
    added = take_snapshot(locked, quants) if scope else 0
    held = held_by_others(locked, quants) if scope else {}
    remember(session, Deed.REFRESHED, by=by, at=at, lines=changed + added)
    return Refreshed(changed, added, held)


@transaction.atomic
def clear_counts(session: CountSession, *, by: User, at: datetime) -> int:
    """Make every line that was counted in this round blank again; what was said is kept. Returns how many lines."""
    lock_draft(session)
    with connection.cursor() as cursor:
        cursor.execute(sighting.CLEAR_SIGHTINGS, {"session": session.pk})
        cursor.execute(recording.CLEAR_COUNTS, {"session": session.pk, "by": by.pk})
        cleared = cursor.rowcount
    if cleared:
        remember(session, Deed.CLEARED, by=by, at=at, lines=cleared)
    return cleared


def lock_draft(session: CountSession) -> CountSession:
    """The session as it is now, kept from everybody else until commit; counters wait. Raises NotInDraft."""
    locked = CountSession.objects.select_for_update(no_key=True, of=["self"]).select_related("location")
    locked = locked.get(pk=session.pk)
    if locked.status != Status.DRAFT:
        raise NotInDraft(session=session.number)
    return locked


def scope_of(session: CountSession) -> Scope | None:
    """The scope of a session, from the words in which it is remembered. None where they name nothing any more, and for
    a spreadsheet, of which too little is remembered to read it again: then new stock is no part of it."""
    words, location = session.scope, session.location
    scope = Scope(
        bins=list(Bin.objects.filter(location=location, code__in=words.get("bins", []))),
        zones=list(location.zones.filter(code__in=words.get("zones", []))),
        category=Category.objects.filter(name=words.get("category")).first(),
        items=list(Item.objects.filter(number__in=words.get("items", []))),
        not_counted_since=date.fromisoformat(words["not_counted_since"]) if "not_counted_since" in words else None,
        places_that_held_it=words.get("places_that_held_it", False),
    )
    is_whole = all(getattr(scope, name) for name in ("bins", "zones", "category", "items") if name in words)
    return scope if is_whole and "listed" not in words else None
