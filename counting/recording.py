"""Taking counts: one at a time, or many at once. What was said is kept; what a line shows follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import DataError, IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from counting.models import CountEntry, CountLine, CountSession, EntryKind, Status
from counting.opening import NotInDraft, add_found_line
from counting.sql import recording as sql
from counting.sql import uploading
from inventory_site.errors import DomainError, LineError, LinesRefused
from inventory_site.fields import QUANTITY
from warehouse.lots import ensure_lot
from warehouse.models import Bin, Item, ItemVariant, Tracking, User

LIMIT = Decimal(10) ** (QUANTITY["max_digits"] - QUANTITY["decimal_places"])
LATE = timedelta(seconds=1)  # an entry older than this is put in its place among the others


class LineClosed(DomainError):
    code = "line_closed"
    text = _("This line is closed: %(session)s asks for other lines to be counted again, or is no longer counted.")


class CountedByUnits(DomainError):
    code = "counted_by_units"
    text = _("This is counted piece by piece: scan each serial number or tag, or type them.")


class BelowZero(DomainError):
    code = "below_zero"
    text = _("That would make the count less than nothing. Type what you see instead.")


class TooMuch(DomainError):
    code = "too_much"
    text = _("That would be more than a count can hold. Type what you see instead.")


class QuantityUnusable(DomainError):
    code = "quantity_unusable"
    text = _("Give a quantity with at most 13 digits before and 5 after the point.")


class SaidElsewhere(DomainError):
    code = "said_elsewhere"
    text = _("This was sent for another line already. Load the page again and type what you see.")


class CountedSince(DomainError):
    code = "counted_since"
    text = _("This line was counted again since, so nothing was undone. Look at it and type what is right.")


class NothingToUndo(DomainError):
    code = "nothing_to_undo"
    text = _("There is nothing to undo on this line.")


class BlindCount(DomainError):
    code = "blind_count"
    text = _("This is a blind count: nobody is told what is expected. Count, and type what you see.")


class CountsRefused(LinesRefused):
    code = "counts_refused"
    text = _("No count was taken: some lines must be corrected first.")


SENTENCES = {
    "line_elsewhere": _("This line is not an open line of the session."),
    "line_closed": _("This line is closed: only the lines to be counted again are open."),
    "line_serialized": CountedByUnits.text,
    "line_twice": _("This line is named twice. Say once how much there is."),
    "quantity_unusable": _("Give a quantity with at most 13 digits before and 5 after the point."),
    "quantity_negative": _("There cannot be less than nothing."),
}


@dataclass(frozen=True, slots=True)
class Count:
    """What one line of a file or a bin says. `begun`: the quant's newest entry when the counter began, if known."""

    line: int
    quantity: Decimal | None
    client_id: UUID
    begun: int | None = None


def set_count(line: CountLine, quantity: Decimal, *, by: User, client_id: UUID, **circumstances) -> bool:
    """Say how much lies there in all; see `record`."""
    return record(line, EntryKind.SET, quantity, by=by, client_id=client_id, **circumstances)


def add_to_count(line: CountLine, quantity: Decimal, *, by: User, client_id: UUID, **circumstances) -> bool:
    """Add to what was counted in this round; see `record`."""
    return record(line, EntryKind.ADD, quantity, by=by, client_id=client_id, **circumstances)


def clear_count(line: CountLine, *, by: User, client_id: UUID, **circumstances) -> bool:
    """Make the line blank again, which is not the same as zero; see `record`."""
    return record(line, EntryKind.CLEAR, None, by=by, client_id=client_id, **circumstances)


@transaction.atomic
def count_found(
    session: CountSession,
    quantity: Decimal,
    *,
    bin: Bin,
    item: Item,
    by: User,
    client_id: UUID,
    variant: ItemVariant | None = None,
    lot_number: str = "",
    expiration_date: date | None = None,
) -> CountLine:
    """Count what nobody expected in this bin: its line, and a lot that is new, are made with the count or not at all.

    Raises what `add_found_line` and `record` raise, and ExpiryContradicts.
    """
    lot = ensure_lot(item, lot_number, expiration_date) if lot_number and item.tracking == Tracking.LOT else None
    line, _added = add_found_line(session, bin=bin, item=item, variant=variant, lot=lot)
    add_to_count(line, quantity, by=by, client_id=client_id)
    return line


def record(
    line: CountLine,
    kind: EntryKind,
    quantity: Decimal | None,
    *,
    by: User,
    client_id: UUID,
    begun: int | None = None,
    expression: str = "",
    age: timedelta = timedelta(0),
) -> bool:
    """Take one count; True if it was new, False if this `client_id` was taken before.

    `begun` is the quant's newest entry that the counter's page knew of. `age` is how old the entry is by the device's
    own clock; a late entry takes its place in time among the others. Raises LineClosed, CountedByUnits,
    BelowZero, TooMuch, QuantityUnusable, SaidElsewhere, SomebodyElsesJournal.
    """
    if line.serialized:
        raise CountedByUnits()
    _check_quantity(kind, quantity)
    entry = {
        "session": line.session_id,
        "line": line.pk,
        "kind": str(kind),
        "quantity": quantity,
        "by": by.pk,
        "client_id": client_id,
        "begun": begun,
        "expression": expression[:80],
    }
    try:
        taken = _record_late(line, entry, age, by) if age > LATE else _record_now(entry)
    except DataError as error:
        raise TooMuch() from error
    except IntegrityError as error:
        if "line_count_not_negative" in str(error):
            raise BelowZero() from error
        if "client_id" not in str(error):  # the same entry at the same time on another connection: taken there
            raise
        taken = False
    if not taken:
        _check_repeated(line, by, client_id)
    return taken


def _check_quantity(kind, quantity):
    if quantity is None:
        return
    if not quantity.is_finite():
        raise QuantityUnusable()
    if abs(quantity) >= LIMIT:
        raise TooMuch()
    if quantity != round(quantity, QUANTITY["decimal_places"]):
        raise QuantityUnusable()
    if kind == EntryKind.SET and quantity < 0:
        raise BelowZero()


def _check_repeated(line, by, client_id):
    """What was not taken was taken before, for this line; anything else is an error."""
    before = CountEntry.objects.filter(client_id=client_id).first()
    if before is None:
        session = CountSession.objects.get(pk=line.session_id)
        session.check_counter(by)
        raise LineClosed(session=session.number)
    if before.line_id != line.pk:
        raise SaidElsewhere()


def _record_now(entry):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.RECORD, entry)
        return bool(cursor.rowcount)


@transaction.atomic
def _record_late(line, entry, age, by):
    """Locks in order: session, location, line. A document takes its time when it has locked the location, long before
    its entries can be seen: so that none of them is earlier than this entry, no posting may be under way here."""
    if not CountSession.objects.counted_by(by).filter(pk=line.session_id).share_locked():
        return False
    with connection.cursor() as cursor:
        cursor.execute(sql.KEEP_POSTING_OFF, {"session": line.session_id})
        CountLine.objects.open().select_for_update(no_key=True).filter(pk=line.pk).first()
        cursor.execute(sql.RECORD_LATE, entry | {"age": age})
        taken = bool(cursor.rowcount)
        if taken:
            cursor.execute(sql.FOLD, {"line": line.pk})
    return taken


def undo_last(line: CountLine, *, by: User, client_id: UUID, last: UUID | None = None) -> bool:
    """Take back the last entry of this round by another entry: nothing that was said is deleted.

    `last` is the `client_id` of the entry that the person saw last; where another one came since, nothing is undone.
    """
    entries = list(line.entries.filter(round=line.round).said().in_time())
    if any(entry.client_id == client_id for entry in entries):
        return False
    if not entries:
        raise NothingToUndo()
    if last and entries[-1].client_id != last:
        raise CountedSince()
    newest, before = entries[-1], spoken(entries[:-1])
    if not before:
        return clear_count(line, by=by, client_id=client_id)
    if newest.kind == EntryKind.ADD:
        return add_to_count(line, -newest.quantity, by=by, client_id=client_id)
    # Nobody looked again: what moved since that earlier count shows as movement under the counter's hands.
    return set_count(line, fold(before), by=by, client_id=client_id, begun=before[0].begun)


def spoken(entries: Iterable[CountEntry]) -> list[CountEntry]:
    """The entries, in order of their time, that make the count: the last SET or CLEAR and the ADDs after it."""
    speaking = []
    for entry in entries:
        if entry.kind == EntryKind.ZERO:
            continue
        if entry.kind != EntryKind.ADD:
            speaking = []
        if entry.kind != EntryKind.CLEAR:
            speaking.append(entry)
    return speaking


def fold(entries: Iterable[CountEntry]) -> Decimal | None:
    """How much entries in order of their time say; None is blank."""
    return sum((entry.quantity for entry in speaking), Decimal(0)) if (speaking := spoken(entries)) else None


def record_counts(session: CountSession, counts: Iterable[Count], *, by: User, at: datetime) -> int:
    """Take many counts at once, all or none; return how many were new. Raises CountsRefused with every wrong line."""
    return _record_many(session, counts, by=by, at=at)


@transaction.atomic
def _record_many(session, counts, *, by, at):
    locked = lock_for_counting(session, by=by)
    with connection.cursor() as cursor:
        cursor.execute(uploading.CREATE_UPLOAD)
        with cursor.copy(uploading.COPY_UPLOAD) as copy:
            for row, count in enumerate(counts, start=1):
                copy.write_row((row, count.line, count.quantity, count.begun, count.client_id))
    return record_upload(locked, by=by, at=at)


def lock_for_counting(session: CountSession, *, by: User) -> CountSession:
    """The whole session, locked first: two files in opposite order wait for each other's end, not for their lines."""
    locked = CountSession.objects.select_for_update(no_key=True).get(pk=session.pk)
    if locked.status != Status.DRAFT:
        raise NotInDraft(session=session.number)
    locked.check_counter(by)
    return locked


def record_upload(session: CountSession, *, by: User, at: datetime) -> int:
    """Take what lies in the table of uploading.CREATE_UPLOAD, all or none; the caller has locked the session."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE count_upload")
        cursor.execute(uploading.CHECK_UPLOAD, {"session": session.pk, "round": session.round})
        errors = [LineError(line=row, code=code, message=str(SENTENCES[code])) for row, code in cursor.fetchall()]
        if errors:
            raise CountsRefused(errors)
        cursor.execute(uploading.DROP_REPEATS)
        cursor.execute(uploading.RECORD_UPLOAD, {"by": by.pk, "at": at})
        return cursor.rowcount
