"""The one door into the ledgers: every change of stock is a document that is posted here (ARCHITECTURE 4).

    post(Document(kind=Kind.RECEIPT, location=east, by=user, posting_date=today, request_id=uuid),
         [Line(bin=bin.pk, item=item.pk, lot=lot.pk, quantity=Decimal(12), unit_cost=Decimal("4.35"))])

A document is staged first and the locations are locked second; what depends on stock is read only then, and everything
that is wrong is told at once. The number of statements does not depend on the number of lines.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import DataError, OperationalError, connection, models, transaction
from django.utils.translation import gettext_lazy as _
from psycopg import errors as pg

from inventory_site.errors import DomainError, LinesRefused
from ledger import looks, sql
from ledger.holds import in_the_way, tell_holders
from ledger.models import EFFECT_OF_KIND, Effect, ItemLedgerEntry, Kind, Reason, Register, WarehouseEntry
from ledger.refusals import read_errors
from warehouse.models import Location, User
from warehouse.quants import ensure_quants

PAGE_WAIT = "5s"  # how long a page waits for a location that somebody else posts in

PREFIX = {
    Kind.RECEIPT: "RC",
    Kind.ISSUE: "IS",
    Kind.MOVEMENT: "MV",
    Kind.LOCATION_TRANSFER: "LT",
    Kind.OPENING: "OP",
    Kind.MANUAL_ADJUSTMENT: "MA",
    Kind.QUANTITY_ADJUSTMENT: "QA",
    Kind.STOCK_TRANSFER: "ST",
    Kind.REVERSAL: "RV",
}
SIGN = {Kind.RECEIPT: 1, Kind.ISSUE: -1, Kind.OPENING: 1}
BETWEEN_BINS = {Kind.MOVEMENT, Kind.LOCATION_TRANSFER}
# Whoever says how much there is has looked, whatever the reason was.
ALWAYS_COUNTED = {Kind.MANUAL_ADJUSTMENT, Kind.QUANTITY_ADJUSTMENT, Kind.STOCK_TRANSFER}


@dataclass(frozen=True, kw_only=True)
class Document:
    """What is posted, by whom, and the `request_id` that its origin made before the first try.

    `override` says why it is posted in spite of holds; where it is blank, holds keep it off.
    """

    kind: Kind
    location: Location
    by: User | None
    posting_date: date
    request_id: UUID
    other_location: Location | None = None
    reason: Reason | None = None
    note: str = ""
    source: str = ""
    reverses: Register | None = None
    reversed_lines: tuple[int, ...] | None = None  # None: all that is left of it
    override: str = ""

    @property
    def effect(self) -> Effect:
        if self.reason and self.kind not in ALWAYS_COUNTED:
            return Effect(self.reason.effect)
        return EFFECT_OF_KIND[self.kind]

    @property
    def locations(self) -> list[int]:
        return sorted({place.pk for place in (self.location, self.other_location) if place})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, by primary keys, in base units.

    Receipts, opening: quantity > 0. Issues: < 0. Movements and location transfers: > 0, from `bin` to `to_bin`.
    Manual adjustments: the absolute quantity, with `seen_entry` (the quant's `last_entry` that the person saw) to
    refuse it when stock has moved since. `unit_cost` values what comes in; blank takes the moving average.
    """

    bin: int
    item: int
    quantity: Decimal
    variant: int | None = None
    lot: int | None = None
    to_bin: int | None = None
    unit_cost: Decimal | None = None
    seen_entry: int | None = None


@dataclass(frozen=True)
class Preview:
    """What documents would write.

    `quants`: (quant id, quantity before, change), once for each quant; `books`: (item id, change, amount); of both the
    first thousand. `entries` in the warehouse ledger, `booked` in the item ledger, their sum `owned`, and its `value`.
    """

    quants: list[tuple[int, Decimal, Decimal]]
    books: list[tuple[int, Decimal, Decimal]]
    entries: int
    booked: int
    owned: Decimal
    value: Decimal


class PostingRefused(LinesRefused):
    """Lines are wrong; all of them are in `errors`, with line number, code and sentence. Nothing was written."""

    code = "posting_refused"


class NothingToPost(DomainError):
    code, text = "nothing_to_post", _("This document has no lines.")


class LocationBusy(DomainError):
    code = "location_busy"
    text = _("%(document)s is being posted at this location just now. Nothing of yours is lost: try again in a moment.")


class NeedsTwoLocations(DomainError):
    code, text = "needs_two_locations", _("A transfer goes to another location. Within one, post a movement.")


class TooMuch(DomainError):
    code, text = "too_much", _("Quantities or values would become larger than the books can hold.")


class CannotReverse(DomainError):
    code = "cannot_reverse"


class ReversalOfReversal(CannotReverse):
    code = "reversal_of_reversal"
    text = _("%(number)s is itself a reversal. Post the document again instead.")


class AlreadyReversed(CannotReverse):
    code = "already_reversed"
    text = _("What you want to take back of %(number)s is taken back already. Load the page again to see by what.")


class SettledByCount(PostingRefused):
    """Lines that a later look has settled, and whatever else is wrong, in `errors`."""

    code = "settled_by_count"
    text = _("Somebody counted since, so the books no longer hold the mistake. Count again, or adjust.")


def post(document: Document, lines: Iterable[Line] | models.QuerySet, *, wait: str | None = None) -> Register:
    """Post a document, once: a request_id that was posted before returns what it posted then.

    `lines` is an iterable of Line, or a queryset of values that never passes through Python: (quant, quantity) or, of
    a stock transfer, (quant, quant to, quantity).
    `wait` limits the waiting for a location ("5s"). Raises PostingRefused, NothingToPost, LocationBusy.
    """
    with told_who_is_busy(document.locations), transaction.atomic():
        return _once(document, lambda cursor: _stage(cursor, document, lines), wait)


def reverse(
    register: Register,
    *,
    by: User | None,
    at: date,
    note: str = "",
    lines: Iterable[int] | None = None,
    override: str = "",
    wait: str | None = None,
) -> Register:
    """Undo a document that was a mistake by posting its opposite, at the money that it moved.

    All of it that nobody has taken back yet, or these `lines`, by their numbers.

    Refused where later activity has made it unsafe, with every line and what is in its way: SettledByCount,
    PostingRefused; and ReversalOfReversal, AlreadyReversed.
    """
    document = reversal_of(register, by=by, at=at, note=note, lines=lines, override=override)
    with told_who_is_busy(document.locations), transaction.atomic():
        return _once(document, lambda cursor: _stage_reversal(cursor, document), wait)


def reversal_of(
    register: Register,
    *,
    by: User | None,
    at: date,
    note: str = "",
    lines: Iterable[int] | None = None,
    override: str = "",
) -> Document:
    chosen = None if lines is None else tuple(sorted(set(lines)))
    request = f"reversal of {register.pk}" + ("" if chosen is None else f": {chosen}")
    return Document(
        kind=Kind.REVERSAL,
        location=register.location,
        other_location=register.other_location,
        by=by,
        posting_date=at,
        note=note,
        source=register.source,
        reverses=register,
        reversed_lines=chosen,
        override=override,
        request_id=uuid5(NAMESPACE_OID, request),
    )


def preview(document: Document, lines: Iterable[Line] | models.QuerySet) -> Preview:
    """Post, look at what was written, and roll it all back. Raises what `post` raises."""
    return _rolled_back(document, lambda cursor: _stage(cursor, document, lines))


def seen_only(write: Callable[[], Iterable[Register]]) -> Preview:
    """Let `write` post documents, look at what they wrote, and roll it all back."""
    with transaction.atomic():
        savepoint = transaction.savepoint()
        seen = _preview_of([register.pk for register in write()])
        transaction.savepoint_rollback(savepoint)
    return seen


def preview_reversal(register: Register, *, by: User | None, at: date, lines: Iterable[int] | None = None) -> Preview:
    """What reversing a document, or these lines of it, would write. Raises what `reverse` raises."""
    document = reversal_of(register, by=by, at=at, lines=lines)
    return _rolled_back(document, lambda cursor: _stage_reversal(cursor, document))


def _rolled_back(document, stage):
    with told_who_is_busy(document.locations):
        return seen_only(lambda: [_once(document, stage, PAGE_WAIT)])


def lock_locations(locations: Iterable[int]) -> None:
    """Take the row locks of these locations until commit, in id order. Only later statements may read stock."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_LOCATIONS, {"locations": sorted(locations)})


def wait_for_locations(locations: Iterable[int], *, wait: str = PAGE_WAIT) -> None:
    """What `lock_locations` does, for a page: it waits so long, then says which document is being posted."""
    locations = list(locations)
    with told_who_is_busy(locations), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [wait])
        lock_locations(locations)


@contextmanager
def told_who_is_busy(locations: Iterable[int]) -> Iterator[None]:
    """Turn a lock that came too late into a sentence that names the document being posted, and an overflow into one."""
    try:
        yield
    except DataError as error:
        if isinstance(error.__cause__, pg.NumericValueOutOfRange):
            raise TooMuch() from error
        raise
    except OperationalError as error:
        if not isinstance(error.__cause__, pg.LockNotAvailable):
            raise
        with connection.cursor() as cursor:
            patterns = [f"posting %@{location}@%" for location in locations]
            cursor.execute(sql.WHO_POSTS_HERE, {"patterns": patterns})
            row = cursor.fetchone()
        raise LocationBusy(document=row[0] if row else _("Another document")) from error


def announce(document_number: str, locations: Iterable[int]) -> None:
    """Write on the connection what is being posted where, for those who wait (see WHO_POSTS_HERE)."""
    places = "@".join(map(str, sorted(locations)))
    name = f"posting {re.sub(r'[^A-Za-z0-9-]', '', document_number)} @{places}@"
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, true)", [name[:63]])


def _once(document, stage, wait):
    posted = Register.objects.filter(request_id=document.request_id).first()
    if posted:
        return posted
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [wait])
        cursor.execute(sql.CREATE_STAGE)
        stage(cursor)
        cursor.execute(sql.ANALYZE_STAGE)
        number = _next_number(cursor, document.kind)
        lock_locations(document.locations)
        announce(document.source or number, document.locations)
        # Somebody may have posted the same request while this one waited for the lock.
        posted = Register.objects.filter(request_id=document.request_id).first()
        return posted or _write(cursor, document, number)


def _stage(cursor, document, lines):
    if document.kind == Kind.LOCATION_TRANSFER and len(document.locations) < 2:
        raise NeedsTwoLocations()
    if document.kind == Kind.STOCK_TRANSFER:
        source, params = lines.query.sql_with_params()
        cursor.execute(sql.STAGE_PAIRS.format(source=source), params)
        cursor.execute(sql.CHECK_PAIRS)
        return
    if isinstance(lines, models.QuerySet):
        source, params = lines.values_list("quant_id", "quantity").query.sql_with_params()
        cursor.execute(sql.STAGE_QUANTS.format(source=source), params)
        return
    with cursor.copy(sql.COPY_LINES) as copy:
        for number, line in enumerate(lines, start=1):
            copy.write_row(
                (
                    number,
                    line.bin,
                    line.to_bin,
                    line.item,
                    line.variant,
                    line.lot,
                    line.quantity,
                    line.unit_cost,
                    line.seen_entry,
                )
            )
    to_location = document.other_location or document.location
    cursor.execute(
        sql.CHECK_KEYS,
        {
            "location": document.location.pk,
            "to_location": to_location.pk,
            "moves": document.kind in BETWEEN_BINS,
        },
    )
    ensure_quants(sql.KEYS, condition=sql.WITHOUT_ERROR)
    cursor.execute(sql.STAGE_LINES)


def _stage_reversal(cursor, document):
    lines = document.reversed_lines
    cursor.execute(
        sql.STAGE_REVERSAL, {"register": document.reverses.pk, "lines": None if lines is None else list(lines)}
    )


def _write(cursor, document, number):
    """Everything that needs the lock: check, then register, entries, quants, item ledger, value, in this order."""
    if document.kind == Kind.MANUAL_ADJUSTMENT:
        cursor.execute(sql.CHECK_TARGETS)
        cursor.execute(sql.TURN_TARGETS_INTO_CHANGES)
    if document.reverses:
        _check_reversal(cursor, document.reverses, document.reversed_lines)
    cursor.execute(
        sql.CHECK_STOCK,
        {"sign": SIGN.get(document.kind, 0), "source": document.source, "override": bool(document.override)},
    )
    errors = read_errors(cursor, source=document.source, reversed_register=document.reverses)
    if errors:
        raise (SettledByCount if any(error.code == SettledByCount.code for error in errors) else PostingRefused)(errors)
    if not _has_lines(cursor):
        raise NothingToPost()
    holders = in_the_way(cursor, document.source) if document.override else []
    register = _write_register(cursor, document, number, holders)
    entries = {"register": register.pk, "effect": register.effect}
    _open_the_door(cursor, "on")
    cursor.execute(sql.WRITE_WAREHOUSE_ENTRIES, entries)
    if not _stays_at_its_location(document):
        cursor.execute(sql.ENSURE_STOCK_VALUES)
        arrives_at = document.other_location.pk if document.kind == Kind.LOCATION_TRANSFER else None
        cursor.execute(sql.VALUE_ENTRIES, {"arrives_at": arrives_at})
        cursor.execute(sql.WRITE_ITEM_LEDGER, entries)
        cursor.execute(sql.WRITE_VALUE)
    _open_the_door(cursor, "off")
    tell_holders(register, holders)
    return register


def _stays_at_its_location(document):
    original = document.reverses or document
    return original.kind in (Kind.MOVEMENT, Kind.STOCK_TRANSFER)


def _open_the_door(cursor, state):
    """The triggers on quants and values let nobody through but us."""
    cursor.execute("SELECT set_config('truecount.posting', %s, true)", [state])


def _has_lines(cursor):
    cursor.execute("SELECT EXISTS (SELECT 1 FROM posting_stage)")
    return cursor.fetchone()[0]


def _next_number(cursor, kind):
    cursor.execute("SELECT nextval('ledger_document_number')")
    return f"{PREFIX[kind]}-{cursor.fetchone()[0]}"


def _write_register(cursor, document, number, holders):
    cursor.execute(sql.POSTED_AT, {"locations": document.locations})
    return Register.objects.create(
        number=number,
        kind=document.kind,
        effect=document.effect,
        location=document.location,
        other_location=document.other_location,
        posting_date=document.posting_date,
        posted_at=cursor.fetchone()[0],
        by=document.by,
        reason=document.reason,
        note=document.note,
        source=document.source,
        request_id=document.request_id,
        reverses=document.reverses,
        in_spite_of=", ".join(held_by for held_by, _lines in holders)[:100],
        override=document.override if holders else "",
    )


def _check_reversal(cursor, register, lines):
    if register.kind == Kind.REVERSAL:
        raise ReversalOfReversal(number=register.number)
    cursor.execute("SELECT count(DISTINCT line) FROM posting_stage")
    (staged,) = cursor.fetchone()
    if staged < (1 if lines is None else len(lines)):
        raise AlreadyReversed(number=register.number)
    cursor.execute(sql.CREATE_LOOKS)
    for find in looks.registered:
        source, params = find(register).query.sql_with_params()
        cursor.execute(sql.STAGE_LOOKS.format(source=source), params)
    cursor.execute(sql.CHECK_REVERSAL, {"register": register.pk})


def _preview_of(registers):
    entries = WarehouseEntry.objects.filter(register__in=registers)
    quants = entries.order_by("quant").values_list("quant", "quant__quantity").annotate(change=models.Sum("quantity"))
    booked = ItemLedgerEntry.objects.filter(register__in=registers)
    sums = booked.aggregate(
        booked=models.Count("pk"),
        owned=models.Sum("quantity", default=0),
        value=models.Sum("value_entry__amount", default=0),
    )
    books = booked.order_by("id").values_list("item", "quantity", "value_entry__amount")
    return Preview(
        quants=[(quant, after - change, change) for quant, after, change in quants[:1000]],
        books=list(books[:1000]),
        entries=entries.count(),
        **sums,
    )
