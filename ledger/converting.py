"""Making a location directed (SPEC 9.4): from then on its bins are booked apart from the items.

What lies in its bins stays there; what lies in no bin is put into the adjustment bin, from which counts move it into
real ones. There is no way back once anything was posted.
"""

from collections.abc import Callable, Iterable
from datetime import date
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from ledger.models import JournalLine, Kind, Register
from ledger.posting import PAGE_WAIT, Document, NothingToPost, lock_locations, post_staged, told_who_is_busy
from ledger.sql import directing as sql
from warehouse.models import BinHold, Location, User
from warehouse.quants import ensure_quants

# What apps above have against it: sentences, none if nothing. Registered in ready().
objections: list[Callable[[Location], Iterable[str]]] = []


class CannotConvert(DomainError):
    """`reasons`: all of them, in sentences."""

    code = "cannot_convert"
    text = _("%(location)s cannot become directed yet. %(reasons)s")

    def __init__(self, *args, **params):
        self.reasons = params.get("reasons", ())
        super().__init__(*args, **(params | {"reasons": " ".join(self.reasons)} if params else {}))


class IsDirected(DomainError):
    code, text = "is_directed", _("%(location)s is a directed location already.")


def object_to_conversion(find: Callable[[Location], Iterable[str]]) -> None:
    if find not in objections:
        objections.append(find)


def convert_location(
    location: Location, *, by: User | None, at: date, request_id: UUID, wait: str | None = PAGE_WAIT
) -> Register | None:
    """Make a location directed; return the document that put stock without a bin into the adjustment bin, if any lay
    there. A `request_id` that was posted before returns what it posted.

    Raises CannotConvert with every reason, IsDirected, and what posting raises.
    """
    with told_who_is_busy([location.pk]), transaction.atomic():
        _lock(location, wait)
        posted = Register.objects.filter(request_id=request_id).first()
        if posted:
            return posted
        if location.directed:
            raise IsDirected(location=location.name)
        reasons = [str(reason) for reason in _reasons(location)]
        if reasons:
            raise CannotConvert(location=location.name, reasons=reasons)
        _switch(location)
        document = Document(
            kind=Kind.CONVERSION, location=location, by=by, posting_date=at, request_id=request_id, source=location.code
        )
        try:
            return post_staged(document, lambda cursor: _stage(cursor, location), wait=wait)
        except NothingToPost:
            return None


def _lock(location, wait):
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [wait])
        location.directed = location.pk in lock_locations([location.pk])


def _reasons(location):
    held = BinHold.objects.filter(bin__location=location).values_list("held_by", flat=True).distinct()
    if held:
        yield _("Held by %s: wait until it is done.") % ", ".join(sorted(held))
    journals = JournalLine.objects.filter(batch__location=location).values_list("batch", flat=True).distinct()
    if journals:
        yield _("There are lines in the journals %s: post or delete them first.") % ", ".join(
            f"JB-{pk}" for pk in sorted(journals)
        )
    for find in objections:
        yield from find(location)


def _switch(location):
    """The trigger on locations lets nobody else through, and makes the adjustment bin."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('truecount.posting', 'on', true)")
        location.directed = True
        location.save(update_fields=["directed"])
        cursor.execute("SELECT set_config('truecount.posting', 'off', true)")


def _stage(cursor, location):
    ensure_quants(sql.WITHOUT_BIN_AT.format(location=int(location.pk)))
    cursor.execute(sql.STAGE_CONVERSION, {"location": location.pk})
