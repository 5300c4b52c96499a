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
from typing import Any
from uuid import UUID

from django.db import DataError, OperationalError, connection, models, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy as _
from psycopg import errors as pg

from inventory_site.errors import DomainError, LinesRefused
from ledger import carrying, directing
from ledger.default_bins import follow_default_bins
from ledger.holds import in_the_way, tell_holders
from ledger.models import EFFECT_OF_KIND, Effect, ItemLedgerEntry, Kind, Reason, Register, WarehouseEntry
from ledger.refusals import read_errors
from ledger.sql import checking, locking, staging, writing
from warehouse.models import Location, User
from warehouse.quants import ensure_quants

PAGE_WAIT = "5s"  # how long a page waits for a location that somebody else posts in

OVERRIDES = "ledger.override_hold"  # the right that it takes to post in spite of holds

PREFIX = {
    Kind.RECEIPT: "RC",
    Kind.ISSUE: "IS",
    Kind.MOVEMENT: "MV",
    Kind.LOCATION_TRANSFER: "LT",
    Kind.OPENING: "OP",
    Kind.MANUAL_ADJUSTMENT: "MA",
    Kind.QUANTITY_ADJUSTMENT: "QA",
    Kind.STOCK_TRANSFER: "ST",
    Kind.ITEM_JOURNAL: "IJ",
    Kind.WAREHOUSE_JOURNAL: "WJ",
    Kind.RECLASSIFICATION: "RE",
    Kind.WAREHOUSE_ADJUSTMENT: "WA",
    Kind.CONVERSION: "CV",
    Kind.REVERSAL: "RV",
}
SIGN = {Kind.RECEIPT: 1, Kind.ISSUE: -1, Kind.OPENING: 1}
BETWEEN_BINS = {Kind.MOVEMENT, Kind.LOCATION_TRANSFER}
# What may name the missing bin line by line. Counts put units into it, and documents of their own end a search.
OUT_OF_MISSING = {Kind.MOVEMENT, Kind.QUANTITY_ADJUSTMENT}
# Whoever says how much there is has looked, whatever the reason was.
ALWAYS_COUNTED = {Kind.MANUAL_ADJUSTMENT, Kind.QUANTITY_ADJUSTMENT, Kind.STOCK_TRANSFER}


@dataclass(frozen=True, kw_only=True)
class Document:
    """What is posted, by whom, and the `request_id` that its origin made before the first try.

    `override` says why it is posted in spite of holds, which takes a right of `by`, if that is a person; where it is
    blank, holds keep it off.
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

    Of serialized items each line is one unit, by its code as stored, and the quantity 1 or -1. What comes in may be
    unknown until now, with the manufacturer's number and the lot that it was made with (`unit_lot`; `lot` is blank).
    """

    bin: int
    item: int
    quantity: Decimal
    variant: int | None = None
    lot: int | None = None
    to_bin: int | None = None
    unit_cost: Decimal | None = None
    seen_entry: int | None = None
    unit: str = ""
    manufacturer_number: str = ""
    unit_lot: int | None = None


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


class MayNotOverride(DomainError):
    code = "may_not_override"
    text = _(
        "What is held may be posted in spite of that by supervisors only. Wait until it is done, or ask one of them."
    )


def nothing_more(cursor: CursorWrapper) -> None:
    """The check of documents that have none of their own."""


def post(
    document: Document,
    lines: Iterable[Line] | models.QuerySet,
    *,
    check: Callable[[CursorWrapper], None] = nothing_more,
    wait: str | None = None,
) -> Register:
    """Post a document, once: a request_id that was posted before returns what it posted then.

    `lines` is an iterable of Line, or a queryset of values that never passes through Python: (quant_id, quantity,
    unit_id) or, of a stock transfer, (quant_id, to_quant_id, quantity, unit_id). The unit is NULL where none is meant.
    `check`: see post_staged. `wait` limits the waiting for a location ("5s"). Raises PostingRefused, NothingToPost,
    LocationBusy, MayNotOverride.
    """
    return post_staged(document, lambda cursor: _stage(cursor, document, lines), check=check, wait=wait)


def post_staged(
    document: Document,
    stage: Callable[[CursorWrapper], None],
    *,
    check: Callable[[CursorWrapper], None] = nothing_more,
    wait: str | None = None,
) -> Register:
    """Post what `stage` puts into `posting_stage`, once; `check` adds to `posting_error` what it finds, under lock."""
    with told_who_is_busy(document.locations), transaction.atomic():
        return _once(document, stage, check, wait)


def preview(document: Document, lines: Iterable[Line] | models.QuerySet) -> Preview:
    """Post, look at what was written, and roll it all back. Raises what `post` raises."""
    return seen_only(lambda: [post(document, lines, wait=PAGE_WAIT)])


def seen_only(write: Callable[[], Iterable[Register]], look: Callable[[Preview], Any] = lambda seen: seen) -> Any:
    """Let `write` post documents, look at what they wrote, and roll it all back; return what `look` makes of it."""
    with transaction.atomic():
        savepoint = transaction.savepoint()
        seen = look(_preview_of([register.pk for register in write()]))
        transaction.savepoint_rollback(savepoint)
    return seen


def lock_locations(locations: Iterable[int]) -> frozenset[int]:
    """Take the row locks of these locations until commit, in id order; return those that are directed. Only later
    statements may read stock."""
    with connection.cursor() as cursor:
        cursor.execute(locking.LOCK_LOCATIONS, {"locations": sorted(locations)})
        return frozenset(location for location, directed in cursor.fetchall() if directed)


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
            cursor.execute(locking.WHO_POSTS_HERE, {"patterns": patterns})
            row = cursor.fetchone()
        raise LocationBusy(document=row[0] if row else _("Another document")) from error


def announce(document_number: str, locations: Iterable[int]) -> None:
    """Write on the connection what is being posted where, for those who wait (see WHO_POSTS_HERE)."""
    places = "@".join(map(str, sorted(locations)))
    name = f"posting {re.sub(r'[^A-Za-z0-9-]', '', document_number)} @{places}@"
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, true)", [name[:63]])


def _once(document, stage, check, wait):
    posted = Register.objects.filter(request_id=document.request_id).first()
    if posted:
        return posted
    if document.override and document.by and not document.by.has_perm(OVERRIDES):
        raise MayNotOverride()
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [wait])
        cursor.execute(staging.CREATE_STAGE)
        stage(cursor)
        cursor.execute(staging.ANALYZE_STAGE)
        number = _next_number(cursor, document.kind)
        directed = lock_locations(document.locations)
        announce(document.source or number, document.locations)
        # Somebody may have posted the same request while this one waited for the lock.
        posted = Register.objects.filter(request_id=document.request_id).first()
        return posted or _write(cursor, document, number, check, directed)


def _stage(cursor, document, lines):
    if document.kind == Kind.LOCATION_TRANSFER and len(document.locations) < 2:
        raise NeedsTwoLocations()
    if document.kind == Kind.STOCK_TRANSFER:
        source, params = lines.query.sql_with_params()
        cursor.execute(staging.STAGE_PAIRS.format(source=source), params)
        cursor.execute(checking.CHECK_PAIRS)
        return
    if isinstance(lines, models.QuerySet):
        source, params = lines.values_list("quant_id", "quantity", "unit_id").query.sql_with_params()
        cursor.execute(staging.STAGE_QUANTS.format(source=source), params)
        return
    units = []
    with cursor.copy(staging.COPY_LINES) as copy:
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
            if line.unit:
                units.append((number, line.unit, line.manufacturer_number, line.unit_lot))
    if units:
        carrying.name_units(cursor, units)
    stage_lines(cursor, document, with_units=bool(units))


def stage_lines(cursor: CursorWrapper, document: Document, *, with_units: bool) -> None:
    """What is in `posting_line` goes into `posting_stage`, and what is wrong with it whatever lies where into
    `posting_error`. `with_units`: some of the lines name units.
    """
    to_location = document.other_location or document.location
    cursor.execute(
        checking.CHECK_KEYS,
        {
            "location": document.location.pk,
            "to_location": to_location.pk,
            "moves": document.kind in BETWEEN_BINS,
            "out_of_missing": document.kind in OUT_OF_MISSING,
            "in_adjustment_bin": document.kind in directing.IN_ADJUSTMENT_BIN,
        },
    )
    if with_units:
        carrying.stage_units(cursor, document.kind)
    ensure_quants(staging.KEYS, condition=staging.WITHOUT_ERROR)
    cursor.execute(staging.STAGE_LINES)


def _write(cursor, document, number, check, directed):
    """Everything that needs the lock: check, then register, entries, quants, item ledger, value, in this order.

    `directed`: those of its locations whose bins are booked apart from the items.
    """
    directing.place(cursor, document, directed)
    if document.kind == Kind.MANUAL_ADJUSTMENT:
        cursor.execute(checking.CHECK_TARGETS)
        cursor.execute(writing.TURN_TARGETS_INTO_CHANGES)
    has_units = carrying.lock_units(cursor)
    check(cursor)
    cursor.execute(
        checking.CHECK_STOCK,
        {
            "sign": SIGN.get(document.kind, 0),
            "source": document.source,
            "override": bool(document.override),
            "without_unit": carrying.without_unit(document.kind),
        },
    )
    if has_units and not document.reverses:  # whose own check looks at what happened since
        carrying.check_units(cursor, document.kind, mirrored=directing.is_mirrored(document, directed))
    directing.check_owned(cursor, document, directed, has_units=has_units)
    errors = read_errors(cursor, document)
    if errors:
        raise PostingRefused(errors)
    if not _has_lines(cursor):
        raise NothingToPost()
    holders = in_the_way(cursor, document.source) if document.override else []
    register = _write_register(cursor, document, number, holders)
    entries = {"register": register.pk, "effect": register.effect}
    _open_the_door(cursor, "on")
    directing.mirror(cursor, document, directed, has_units=has_units)
    cursor.execute(writing.WRITE_WAREHOUSE_ENTRIES, entries)
    if not directing.changes_bins_only(document, directed):
        if has_units:
            carrying.price_units(cursor)
        cursor.execute(writing.ENSURE_STOCK_VALUES)
        cursor.execute(writing.VALUE_ENTRIES)
        cursor.execute(writing.WRITE_ITEM_LEDGER, entries)
        cursor.execute(writing.WRITE_VALUE)
    if has_units:
        carrying.write_units(cursor, **entries)
        if directed:
            carrying.cost_units(cursor)
    _open_the_door(cursor, "off")
    follow_default_bins(cursor, document)
    tell_holders(register, holders)
    return register


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
    cursor.execute(writing.POSTED_AT, {"locations": document.locations})
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
