"""Opening a count: a scope, and one statement that takes the snapshot."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from counting.activity import remember
from counting.blocking import Skipped, skip_blocked
from counting.guarding import follow_status, hold, is_guarding, keep_still
from counting.models import CountLine, CountSession, Deed, Guard, Uncounted
from counting.policies import DEFAULT, Policies
from counting.scope_files import Listed
from counting.sql import opening as sql
from inventory_site.errors import DomainError
from warehouse.models import Bin, BinKind, Category, Item, Location, Lot, Quant, User, Zone
from warehouse.quants import ensure_quant

LARGE = 1_000  # lines from which on a wrong guess of the planner can be felt


class NothingToCount(DomainError):
    code = "nothing_to_count"
    text = _("No stock lies in this scope. Widen it, or tick “places that held it before”.")


class AllCountedElsewhere(DomainError):
    code = "all_counted_elsewhere"
    text = _("All of this is in other open counts already: %(sessions)s. Complete or cancel them first.")


class AllBlocked(DomainError):
    code = "all_blocked"
    text = _("All of this is blocked: %(skipped)s. Unblock some of it, or choose another scope.")


class CountedElsewhere(DomainError):
    code = "counted_elsewhere"
    text = _("%(session)s holds this item in this bin. Count it there.")


class NotInDraft(DomainError):
    code = "not_in_draft"
    text = _("%(session)s is not being counted any more.")


class BinElsewhere(DomainError):
    code = "bin_elsewhere"
    text = _("Bin %(bin)s is not at %(location)s.")


class NothingIsCountedThere(DomainError):
    code = "missing_bin"
    text = _("%(bin)s holds what is being searched for. Count in the bin where you see it.")


class NothingWithoutBin(DomainError):
    code = "nothing_without_bin"
    text = _("At %(location)s everything lies in a bin: say in which one you found it.")


class LotNeeded(DomainError):
    code = "lot_missing"
    text = _("%(item)s is tracked by lot: say which lot.")


class LotNotExpected(DomainError):
    code = "lot_not_expected"
    text = _("%(item)s is not tracked by lot: leave the lot blank.")


@dataclass(frozen=True)
class Scope:
    """Which quants of a location to count. Blank means all; the conditions are joined by "and"."""

    bins: list[Bin] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    category: Category | None = None
    items: list[Item] = field(default_factory=list)
    listed: Listed | None = None
    not_counted_since: date | None = None
    places_that_held_it: bool = False

    def quants(self, location: Location):
        """The quants in scope. Docks and transit are no places to count, unless named; nobody can
        stand before an adjustment bin or the missing bin, which open_session refuses."""
        quants = Quant.objects.filter(location=location).real()
        if self.bins:
            quants = quants.filter(bin__in=self.bins)
        elif not self.listed:
            quants = quants.filter(bin__kind__in=[BinKind.STORAGE, BinKind.IMPLICIT])
        if location.directed:  # nothing is kept there without a bin
            quants = quants.exclude(bin__kind=BinKind.IMPLICIT)
        if self.zones:
            quants = quants.filter(bin__zone__in=self.zones)
        if self.category:
            quants = quants.filter(item__category__in=self.category.with_descendants())
        if self.items:
            quants = quants.filter(item__in=self.items)
        if self.listed:
            quants = quants.filter(pk__in=self.listed.quants()).exclude(bin__kind=BinKind.MISSING)
        if self.not_counted_since:
            counted = CountLine.objects.counted_since(self.not_counted_since, location=location)
            quants = quants.exclude(pk__in=counted.values("quant"))
        return quants if self.places_that_held_it else quants.in_stock()

    def as_json(self) -> dict:
        """What is remembered on the session, in words that stay true when master data is renamed."""
        words = {
            "bins": [bin.code for bin in self.bins],
            "zones": [zone.code for zone in self.zones],
            "category": self.category and self.category.name,
            "items": [item.number for item in self.items],
            "listed": self.listed and self.listed.as_json(),
            "not_counted_since": self.not_counted_since and self.not_counted_since.isoformat(),
            "places_that_held_it": self.places_that_held_it,
        }
        return {key: value for key, value in words.items() if value}


@dataclass(frozen=True)
class Opened:
    """A new session; what other open sessions hold of its scope: their numbers and how many lines each; and what of it
    is blocked."""

    session: CountSession
    lines: int
    held: dict[str, int]
    skipped: Skipped = field(default_factory=Skipped)


@transaction.atomic
def open_session(
    location: Location,
    *,
    by: User,
    at: datetime,
    request_id: UUID,
    scope: Scope | None = None,
    policies: Policies = DEFAULT.policies,
    name: str = "",
    notes: str = "",
) -> Opened:
    """Open a count and take its snapshot. A request_id that was used before returns the session that it opened.

    Raises BlindExpects, NothingIsCountedThere, AllCountedElsewhere, NothingToCount.
    """
    scope = scope or Scope()
    policies.check()
    for bin in scope.bins:
        check_place(bin, location)
    session, created = CountSession.objects.get_or_create(
        request_id=request_id,
        defaults={
            "number": _next_number(),
            "name": name,
            "location": location,
            "scope": scope.as_json(),
            "notes": notes,
            "opened_by": by,
            "opened_at": at,
            **policies.as_fields(),
            "opened_entry": _newest_entry(location) if policies.uncounted == Uncounted.ZERO else None,
        },
    )
    if not created:
        return Opened(session, session.lines.count(), {})
    quants = scope.quants(location)
    keep_still(session)
    lines = take_snapshot(session, quants)
    held = held_by_others(session, quants)
    skipped = skip_blocked(session, quants, by=by, at=at)
    if not lines:
        raise _why_nothing(held, skipped)
    remember(session, Deed.OPENED, by=by, at=at, lines=lines)
    follow_status(session, by=by, at=at)
    if lines >= LARGE:
        transaction.on_commit(tell_the_planner)
    return Opened(session, lines, held, skipped)


def _why_nothing(held, skipped):
    if held:
        return AllCountedElsewhere(sessions=", ".join(held))
    return AllBlocked(skipped=skipped) if skipped else NothingToCount()


def tell_the_planner():
    """Let PostgreSQL know that a session is large and many lines are open. Until it does, it takes a line of it for one
    of a few, and reads all of them through an index where the key of the line would do."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE counting_countline (session_id, open)")


def _next_number():
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('counting_session_number')")
        return f"SC-{cursor.fetchone()[0]:04}"


def _newest_entry(location):
    """Read before the snapshot: what is posted in between counts as moved since the opening. Within a location ids are
    in the order of commits, so a newer one is later."""
    return Quant.objects.filter(location=location).aggregate(newest=Max("last_entry"))["newest"] or 0


def take_snapshot(session: CountSession, quants) -> int:
    """Lines for these quants, but for what is blocked or an open session has already; returns how many."""
    scope, params = sql.as_named(quants)
    with connection.cursor() as cursor:
        cursor.execute(sql.OPEN_LINES.format(scope=scope), {"session": session.pk, "round": session.round, **params})
        return cursor.rowcount


def held_by_others(session: CountSession, quants) -> dict[str, int]:
    others = CountLine.objects.open().exclude(session=session).filter(quant__in=quants)
    return dict(others.per_session())


@transaction.atomic
def add_found_line(
    session: CountSession, *, bin: Bin, item: Item, variant=None, lot: Lot | None = None
) -> tuple[CountLine, bool]:
    """The line of this item in this bin, and whether it was added: a found item gets an empty quant first.

    What the session guards, it guards there too.
    """
    _check_found(session, bin=bin, item=item, lot=lot)
    quant = ensure_quant(bin=bin, item=item, variant=variant, lot=lot)
    if session.guard != Guard.NONE and not CountSession.objects.being_counted().filter(pk=session.pk).share_locked():
        raise NotInDraft(session=session.number)
    added = bool(add_found_lines(session, [quant.pk]))
    line = CountLine.objects.open().select_related("session").filter(quant=quant).first()
    if line is None:
        raise NotInDraft(session=session.number)
    if line.session_id != session.pk:
        raise CountedElsewhere(session=line.session.number)
    return line, added


def add_found_lines(session: CountSession, quants: list[int]) -> list[int]:
    """Lines for quants of which no open count has one, as long as the session is counted; returns those that are new.

    What the session guards, it guards there too. The caller has locked a session with a guard.
    """
    keep_still(session)
    with connection.cursor() as cursor:
        cursor.execute(sql.ADD_FOUND_LINES, {"session": session.pk, "quants": quants})
        added = [pk for (pk,) in cursor.fetchall()]
    if added and session.guard != Guard.NONE and is_guarding(CountSession.objects.get(pk=session.pk)):
        hold(session.lines.filter(pk__in=added))
    return added


def check_place(bin: Bin, location: Location) -> None:
    """Can things be counted in this bin, in a count of this location? Raises BinElsewhere, NothingIsCountedThere,
    NothingWithoutBin."""
    if bin.location_id != location.pk or bin.virtual:
        raise BinElsewhere(bin=bin.code, location=location.name)
    if bin.kind == BinKind.MISSING:
        raise NothingIsCountedThere(bin=bin.code)
    if location.directed and bin.kind == BinKind.IMPLICIT:
        raise NothingWithoutBin(location=location.name)


def _check_found(session, *, bin, item, lot):
    check_place(bin, session.location)
    if item.tracking == "lot" and lot is None:
        raise LotNeeded(item=item)
    if item.tracking != "lot" and lot is not None:
        raise LotNotExpected(item=item)
