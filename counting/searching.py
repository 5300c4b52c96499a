"""Missing is not lost yet: a unit that a count did not find lies in the missing bin of its location until somebody
finds it, or until its time is over and it is written off.

Where a unit is says whether it is searched for; the state of a search follows it. So whatever moves it back, a person,
a later count, a reversal, ends its search.
"""

from datetime import date, datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from counting.models import SearchTask, Sighting
from counting.sql import searching as sql
from inventory_site.errors import DomainError
from inventory_site.fields import QUANTITY
from ledger.models import Kind, Register
from ledger.posting import PAGE_WAIT, Document, Line, lock_locations, post, wait_for_locations
from warehouse.models import Bin, BinKind, Location, Unit, User

NOT_FOUND = _("Not found in the time that there was to search for it")


class SearchOver(DomainError):
    code = "search_over"
    text = _("%(unit)s is not being searched for any more. Load the page again to see what became of it.")


class SeenByACount(DomainError):
    code = "seen_by_a_count"
    text = _("%(unit)s is not lost: %(session)s has seen it. Complete or cancel that count.")


class NoPlaceForIt(DomainError):
    code = "no_place_for_it"
    text = _("Say in which bin of %(location)s it was found.")


def assign(task: SearchTask, *, to: User | None) -> None:
    """Somebody shall look for it; None: nobody in particular."""
    if not SearchTask.objects.going_on().filter(pk=task.pk).exists():
        raise SearchOver(unit=task.unit)
    SearchTask.objects.filter(pk=task.pk).update(assigned_to=to)


@transaction.atomic
def found(task: SearchTask, *, bin: Bin, by: User, at: datetime, request_id: UUID, note: str = "") -> Register:
    """It lies in this bin: it is moved there, which ends the search. Twice is once.

    Raises SearchOver, NoPlaceForIt and what `ledger.posting.post` raises.
    """
    if posted := Register.objects.filter(request_id=request_id).first():
        return posted
    location = _location_of(task)
    if bin.location_id != location.pk or bin.virtual or bin.kind == BinKind.MISSING:
        raise NoPlaceForIt(location=location)
    document = Document(
        kind=Kind.MOVEMENT,
        location=location,
        by=by,
        posting_date=timezone.localdate(at),
        request_id=request_id,
        note=note,
    )
    unit = _still_missing(task)
    line = Line(
        bin=unit.quant.bin_id, to_bin=bin.pk, item=unit.item_id, variant=unit.variant_id, quantity=1, unit=unit.code
    )
    register = post(document, [line], wait=PAGE_WAIT)
    follow_units(location, today=timezone.localdate(at))
    return register


@transaction.atomic
def write_off(task: SearchTask, *, by: User, at: datetime, request_id: UUID, note: str = "") -> Register:
    """Nobody will find it: it leaves the books now. Twice is once.

    Raises SearchOver, SeenByACount and what `post` raises.
    """
    if posted := Register.objects.filter(request_id=request_id).first():
        return posted
    location = _location_of(task)
    wait_for_locations([location.pk])
    unit = _still_missing(task)
    if seen := Sighting.objects.by_open_counts().filter(unit=unit).select_related("line__session").first():
        raise SeenByACount(unit=unit, session=seen.line.session)
    register = _write_off(location, Unit.objects.filter(pk=unit.pk), by=by, at=at, request_id=request_id, note=note)
    follow_units(location, today=timezone.localdate(at))
    return register


def write_off_overdue(*, at: datetime) -> list[Register]:
    """What was due before today leaves the books: one document for each location, once a day. Says which."""
    today = timezone.localdate(at)
    locations = Location.objects.filter(pk__in=SearchTask.objects.to_follow().values("session__location"))
    return [register for location in locations.order_by("pk") if (register := write_off_due(location, today, at=at))]


@transaction.atomic
def write_off_due(location: Location, today: date, *, at: datetime) -> Register | None:
    """What is overdue at one location and no open count has seen: that count would find it again.

    None where that was done today already, or nothing is left to write off.
    """
    request_id = uuid5(NAMESPACE_OID, f"missing units of {location.pk} written off on {today}")
    lock_locations([location.pk])  # first, so that nothing is found between looking and posting
    follow_units(location, today=today)
    seen = Exists(Sighting.objects.by_open_counts().filter(unit=OuterRef("unit")))
    overdue = SearchTask.objects.overdue(today).filter(~seen, session__location=location)
    if Register.objects.filter(request_id=request_id).exists() or not overdue.exists():
        return None
    units = Unit.objects.filter(pk__in=overdue.values("unit"))
    register = _write_off(location, units, by=None, at=at, request_id=request_id, note=str(NOT_FOUND))
    follow_units(location, today=today)
    return register


def follow_units(location: Location, *, today: date) -> None:
    """Under the lock of a location: let its searches know what became of their units. Some are not missing any more,
    some are again."""
    with connection.cursor() as cursor:
        cursor.execute(sql.END_SEARCHES, {"location": location.pk})
        cursor.execute(sql.RESUME_SEARCHES, {"location": location.pk, "today": today})


def _write_off(location, units, *, by, at, request_id, note):
    document = Document(
        kind=Kind.QUANTITY_ADJUSTMENT,
        location=location,
        by=by,
        posting_date=timezone.localdate(at),
        request_id=request_id,
        note=note,
    )
    one = Value(-1, output_field=models.DecimalField(**QUANTITY))
    return post(document, units.annotate(quantity=one, unit_id=F("pk")).order_by("pk"), wait=PAGE_WAIT if by else None)


def _location_of(task):
    return task.session.location


def _still_missing(task):
    unit = Unit.objects.searched_for().select_related("quant").filter(pk=task.unit_id).first()
    if unit is None or not SearchTask.objects.going_on().filter(pk=task.pk).exists():
        raise SearchOver(unit=task.unit)
    return unit
