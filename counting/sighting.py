"""Counting by scan: what was seen on a line is its count. What was scanned is kept; what stands on a line follows.

    burst = scan_units(session, ["A100", "A101"], bin=bin, by=user, client_id=uuid4())
    [(answer.code, answer.seen) for answer in burst.answers]  ->  [("A100", Seen.HERE), ("A101", Seen.ELSEWHERE)]

Locks in order, as everywhere: session, location, lines.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from counting.blindness import sees_quantities
from counting.guarding import keep_still
from counting.models import CountLine, CountSession, Guard
from counting.opening import NotInDraft, add_found_lines, check_place
from counting.recording import LATE, BlindCount, CountedByUnits, LineClosed
from counting.sql import recording
from counting.sql import sighting as sql
from inventory_site.errors import DomainError
from warehouse.barcodes import AROUND_A_CODE, FNC1, MAX_LENGTH, Scan, parse
from warehouse.models import Bin, Quant, Tracking, Unit, User
from warehouse.quants import ensure_quants
from warehouse.tags import NoTagHasThis, read_tag, tag_code, tag_of
from warehouse.units import serialized_items_of

MOST_CODES = 10_000
LABELS_BEGIN_WITH = ("(", "]", "01", "http", FNC1)


class TooManyCodes(DomainError):
    code = "too_many_codes"
    text = _("At most %(limit)s codes can be given at once.")


class StockMoved(DomainError):
    code = "stock_moved"
    text = _("Stock has moved here since this page was shown. Look at the list again.")


class UnitsSeenHere(DomainError):
    code = "units_seen_here"
    text = _("%(number)s pieces were scanned here already. Take them back first, if there are none.")


class WhichUnits(DomainError):
    code = "which_units"
    text = _(
        "Pieces of this have manufacturer's numbers, so that a quantity does not say which of them are here: scan them."
    )


class LessThanSeen(DomainError):
    code = "less_than_seen"
    text = _("%(number)s pieces were scanned here already. Take back those that are not here.")


class WholePieces(DomainError):
    code = "whole_pieces"
    text = _("Pieces are counted in whole numbers, none or more.")


class Seen(StrEnum):
    """What a code turned out to be. In a blind count all that stands on a line is RECORDED, and no more is said."""

    HERE = "here"  # booked in this bin
    ELSEWHERE = "elsewhere"  # belongs in another bin of the location
    FOUND_AGAIN = "found_again"  # known, and booked nowhere
    RELEASED = "released"
    OTHER_LOCATION = "other_location"
    UNKNOWN = "unknown"  # on a line of its item, but no unit has this code
    RECORDED = "recorded"

    REPEATED = "repeated"  # stands on the line already
    PARKED = "parked"  # nobody knows of what it is: put aside
    CLOSED = "closed"  # its line is not asked for in this round
    COUNTED_ELSEWHERE = "counted_elsewhere"  # another open count has its line
    WHICH = "which"  # several items fit: ask, and send it again with the answer
    UNREADABLE = "unreadable"


ON_A_LINE = {Seen.HERE, Seen.ELSEWHERE, Seen.FOUND_AGAIN, Seen.RELEASED, Seen.OTHER_LOCATION, Seen.UNKNOWN}
STATES = {"released": Seen.RELEASED, "detached": Seen.FOUND_AGAIN}


class Answer(NamedTuple):
    """What one code turned out to be. `unit_code` is how it stands on the line, `bin` where the unit belongs,
    `session` the count that has its line, `is_of_another_item` than the line that was named.

    A tuple, because a burst makes thousands.
    """

    code: str
    seen: Seen
    unit_code: str = ""
    item: int | None = None
    item_number: str = ""
    item_name: str = ""
    line: int | None = None
    bin: str = ""
    session: str = ""
    is_of_another_item: bool = False
    fits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Burst:
    """What became of the codes of one request, each once, in their order."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def lines(self) -> list[int]:
        """The lines on which something of it stands."""
        return sorted({answer.line for answer in self.answers if answer.line and not answer.session})

    @property
    def new(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.seen in ON_A_LINE or answer.seen == Seen.RECORDED]

    @property
    def repeated(self) -> list[Answer]:
        return self.of(Seen.REPEATED)

    def of(self, *seen: Seen) -> list[Answer]:
        return [answer for answer in self.answers if answer.seen in seen]


@transaction.atomic
def scan_units(
    session: CountSession,
    codes: Iterable[str],
    *,
    bin: Bin,
    by: User,
    client_id: UUID,
    line: CountLine | None = None,
    age: timedelta = timedelta(0),
    begun: int | None = None,
    meant: int | None = None,
) -> Burst:
    """Take one code or thousands that were scanned in `bin`. A request that comes again is answered as it was at first.

    Each code counts on the line of its own item in this bin, which is added where there was none. `line` is the one
    that a person has chosen: codes that nobody knows are taken for units of it. `begun` is its quant's newest entry
    that the page knew of, `age` how old the scans are, `meant` the item that an earlier question was answered with.
    Raises NotInDraft, BinElsewhere, NothingIsCountedThere, TooManyCodes.
    """
    check_place(bin, session.location)
    readable, unreadable = _cleaned(codes)
    line = line if line and line.serialized else None
    asked = {
        "session": session.pk,
        "round": _share(session, by),
        "bin": bin.pk,
        "by": by.pk,
        "client_id": client_id,
        "age": age,
        "begun": begun,
        "told": sees_quantities(by, session),
        "meant": meant or (line and line.quant.item_id),
    }
    is_late = age > LATE
    with connection.cursor() as cursor:
        _stage(cursor, readable, asked)
        _find_units(cursor, asked, line)
        _find_lines(cursor, asked, session, is_late=is_late)
        _see(cursor, asked, named=line and line.pk, is_late=is_late)
        cursor.execute(sql.ANSWERS, asked)
        rows = cursor.fetchall()
    quant = line and line.quant_id
    answers = [_answer(row, session.location_id, bin.pk, quant, told=asked["told"]) for row in rows]
    return Burst(answers + [Answer(code=code, seen=Seen.UNREADABLE) for code in unreadable])


def _cleaned(codes):
    """([codes], [what is none]), each once."""
    codes = list(dict.fromkeys(filter(None, (code.strip(AROUND_A_CODE) for code in codes))))
    if len(codes) > MOST_CODES:
        raise TooManyCodes(limit=MOST_CODES)
    readable, unreadable = [], []
    for code in codes:
        (readable if _is_readable(code) else unreadable).append(code)
    return readable, [code[:MAX_LENGTH] for code in unreadable]


def _is_readable(code):
    if len(code) > MAX_LENGTH:
        return False
    return (code.isascii() and code.isprintable()) or all(
        unicodedata.category(each) not in ("Cc", "Cf", "Cs") for each in code if each != FNC1
    )


def _share(session, by):
    """The round of the session, which stays in counting until commit."""
    session.check_counter(by)
    if not CountSession.objects.being_counted().filter(pk=session.pk).share_locked():
        raise NotInDraft(session=session.number)
    return CountSession.objects.values_list("round", flat=True).get(pk=session.pk)


def _keep_posting_off(session):
    """A late scan takes its place among the documents, so none may be under way (see recording)."""
    if session.guard != Guard.NONE:
        keep_still(session)
    else:
        with connection.cursor() as cursor:
            cursor.execute(recording.KEEP_POSTING_OFF, {"session": session.pk})


def _stage(cursor, codes, asked):
    cursor.execute(sql.CREATE_SCANS)
    with cursor.copy(sql.COPY_SCANS) as copy:
        for position, code in enumerate(codes, start=1):
            copy.write_row((position, code, _key(code)))
    cursor.execute(sql.STAGE_SCANS, asked)


def _key(code):
    """What the unit of a code would be stored under. Looking into tags takes long, and most are found without."""
    if code[:4].lower() == "urn:":
        tag = read_tag(code)
        return tag.code if tag else code
    return tag_code(code) or code


def _find_units(cursor, asked, line):
    cursor.execute(sql.FIND_UNITS, asked)
    cursor.execute(sql.NOT_FOUND)
    readings = _read(cursor.fetchall(), line)
    if readings:
        with cursor.copy(sql.COPY_READINGS) as copy:
            for reading in readings:
                copy.write_row(reading)
        cursor.execute(sql.FIND_READ_UNITS, asked)


def _read(unknown, line):
    """(position, item, variant, key, serial) for what codes say of themselves, and for those of the line's item."""
    read = [(position, code, read_tag(code), _label(code)) for position, code in unknown]
    gtins = {(tag and tag.gtin) or (label and label.gtin) for _position, _code, tag, label in read}
    items = serialized_items_of(gtins - {None, ""})
    readings = []
    for position, code, tag, label in read:
        gtin = (tag and tag.gtin) or (label and label.gtin)
        serial = (tag and tag.serial) or (label and label.serial) or ""
        if gtin:
            for item, variant, tracking in items.get(gtin, ()) if serial else ():
                key = _code_of(tracking, tag, gtin, serial)
                readings.append((position, item, variant, key, serial))
        elif line and (tag or line.quant.item.tracking == Tracking.SERIAL):
            key = tag.code if tag and line.quant.item.tracking == Tracking.RFID else code
            readings.append((position, line.quant.item_id, line.quant.variant_id, key, ""))
    return readings


def _label(code) -> Scan | None:
    if not code.startswith(LABELS_BEGIN_WITH):
        return None
    try:
        return parse(code)
    except DomainError:
        return None


def _code_of(tracking, tag, gtin, serial):
    """How a unit that nobody knows yet is called: by its serial number, or by its tag."""
    if tracking == Tracking.SERIAL:
        return serial
    try:
        return (tag or tag_of(gtin, serial)).code
    except NoTagHasThis:
        return serial


def _find_lines(cursor, asked, session, *, is_late):
    """Quants are made before the location is locked: who posts makes them first as well."""
    cursor.execute(sql.FIND_LINES, asked)
    cursor.execute(sql.ANY_WITHOUT_LINE)
    some_have_none = cursor.fetchone()[0]
    if some_have_none:
        ensure_quants("unit_scan_stage", condition=sql.NO_LINE)
        cursor.execute(sql.FIND_LINES, asked)
    if is_late:
        _keep_posting_off(session)
    if some_have_none:
        cursor.execute(sql.QUANTS_WITHOUT_LINE)
        add_found_lines(session, [quant for (quant,) in cursor.fetchall()])
        cursor.execute(sql.FIND_LINES, asked)


def _see(cursor, asked, *, named, is_late):
    cursor.execute(sql.LOCK_LINES)
    cursor.execute(sql.MOMENT, asked)
    asked |= {"moment": cursor.fetchone()[0], "named": named}
    if is_late:
        cursor.execute(sql.ROUNDS_OF_LATE_SCANS, asked)
    cursor.execute(sql.WAS_TAKEN, asked)
    if cursor.fetchone()[0]:
        cursor.execute(sql.MARK_REPLAYED, asked)
    cursor.execute(sql.MARK_REPEATED)
    cursor.execute(sql.SEE.format(newest_entry=sql.NEWEST_ENTRY_THEN if is_late else sql.NEWEST_ENTRY), asked)
    cursor.execute(sql.COUNT_SEEN_LATE if is_late else sql.COUNT_SEEN, asked)
    cursor.execute(sql.PARK, asked)
    cursor.execute(sql.KEEP_SCANS, asked)


def see_staged(cursor, session: CountSession, *, by: User, client_id: UUID) -> datetime:
    """Take what lies in the table of CREATE_SCANS with its units and lines; returns the moment. The session is locked.

    For files of counts, which say themselves of what item a code is, and on what line.
    """
    asked = {"session": session.pk, "round": session.round, "by": by.pk, "client_id": client_id}
    asked |= {"bin": None, "age": timedelta(0), "begun": None}
    _see(cursor, asked, named=None, is_late=False)
    return asked["moment"]


def _answer(row, location, bin, quant, *, told):
    """`bin` is the one that was scanned, `quant` that of the line that was named."""
    code, key, unit, state, item, number, name, line, its_quant, fits, blocked, holder, is_new, *place = row
    its_bin, its_location, bin_code = place
    if fits or item is None:
        seen = Seen.WHICH if fits else Seen.PARKED
        return Answer(code=code, seen=seen, unit_code=key, fits=tuple(fits or ()))
    if blocked:
        seen = Seen.CLOSED if blocked == "closed" else Seen.COUNTED_ELSEWHERE
    elif not is_new:
        seen = Seen.REPEATED
    elif not told:
        seen = Seen.RECORDED
    elif unit is None:
        seen = Seen.UNKNOWN
    elif state in STATES:
        seen = STATES[state]
    elif its_location != location:
        seen = Seen.OTHER_LOCATION
    else:
        seen = Seen.HERE if its_bin == bin else Seen.ELSEWHERE
    return Answer(
        code=code,
        seen=seen,
        unit_code=key,
        item=item,
        item_number=number,
        item_name=name,
        line=line,
        bin=bin_code if seen == Seen.ELSEWHERE else "",
        session=holder or "",
        is_of_another_item=quant is not None and quant != its_quant,
    )


# Otherwise than by scans


@transaction.atomic
def all_present(line: CountLine, *, by: User, client_id: UUID, seen_entry: int) -> None:
    """All that the book expects on this line is here. `seen_entry` is the quant's newest entry that the page was made
    with. Raises BlindCount, StockMoved, LineClosed."""
    session = line.session
    _check_told_the_book(session, by)
    if line.pk not in see_all_expected(session, {line.pk: seen_entry}, by=by, client_id=client_id):
        raise StockMoved()


def _check_told_the_book(session, by):
    """Whoever takes the book for a count would be told it by what they are shown afterwards."""
    if session.blind or not sees_quantities(by, session):
        raise BlindCount()


def see_all_expected(session: CountSession, seen: dict[int, int], *, by: User, client_id: UUID) -> set[int]:
    """`all_present` for many lines; returns those that were taken, because nothing has moved since they were shown."""
    with connection.cursor() as cursor:
        asked = _lock(cursor, session, list(seen), by=by, client_id=client_id)
        cursor.execute(sql.LINES_OF_REQUEST, asked | {"burst": client_id})
        if before := cursor.fetchall():
            return {line for (line,) in before}
        cursor.execute(sql.SEE_ALL_EXPECTED, asked | {"entries": list(seen.values())})
        asked["lines"] = taken = [line for (line,) in cursor.fetchall()]
        cursor.execute(sql.KEEP_SEEN, asked)
        cursor.execute(sql.COUNT_STANDING, asked | {"more": 0, "allots": False})
    return set(taken)


@transaction.atomic
def none_here(line: CountLine, *, by: User, client_id: UUID) -> None:
    """Somebody looked, and there is none. Raises UnitsSeenHere, LineClosed."""
    see_none(line.session, [line.pk], by=by, client_id=client_id)


def see_none(session: CountSession, lines: list[int], *, by: User, client_id: UUID) -> int:
    """`none_here` for many lines; returns how many were new."""
    with connection.cursor() as cursor:
        asked = _lock(cursor, session, lines, by=by, client_id=client_id)
        cursor.execute(sql.KEEP_TYPED, asked | {"quantity": "0"})
        kept = cursor.rowcount
        if kept:
            cursor.execute(sql.SEEN_ON, asked)
            if number := cursor.fetchone()[0]:
                raise UnitsSeenHere(number=number)
            cursor.execute(sql.COUNT_STANDING, asked | {"more": 0, "allots": False})
    return kept


@transaction.atomic
def count_quantity(
    line: CountLine, quantity: Decimal, *, by: User, client_id: UUID, seen_entry: int | None = None
) -> None:
    """Count a serialized line by a quantity, as far as that says which units are here.

    Nothing is always said clearly. Of an auto-serialized item the units are allotted: those that were scanned, those
    with a manufacturer's number, then the others, first in, first out; more than are known get numbers when the count
    is completed. Of another one only the book quantity says which they are, to whoever is told it.
    Raises WholePieces, CountedByUnits, WhichUnits, LessThanSeen, and what `all_present` and `none_here` raise.
    """
    if not quantity.is_finite() or quantity < 0 or quantity != int(quantity):
        raise WholePieces()
    item, session = line.quant.item, line.session
    is_open = sees_quantities(by, session) and not session.blind
    if quantity == 0:
        none_here(line, by=by, client_id=client_id)
    elif item.auto_serialized:
        if not is_open and Unit.objects.of(item).numbered_by_manufacturer().exists():
            raise WhichUnits()  # whatever the quantity: from how many on it is taken would tell how many are expected
        _allot(line, int(quantity), by=by, client_id=client_id, seen_entry=seen_entry)
    elif is_open:
        _count_book(line, quantity, by=by, client_id=client_id, seen_entry=seen_entry)
    else:
        raise CountedByUnits()


def _count_book(line, quantity, *, seen_entry, **said):
    book = Quant.objects.get(pk=line.quant_id)
    strangers = line.sightings.filter(round=line.round).exclude(unit__quant=book.pk).exists()
    if quantity != book.quantity or strangers:
        raise CountedByUnits()
    all_present(line, seen_entry=book.last_entry if seen_entry is None else seen_entry, **said)


def _allot(line, quantity, *, seen_entry, **said):
    """Where something moved since the page was shown, nobody knows whether it was counted: the line is disturbed."""
    with connection.cursor() as cursor:
        asked = _lock(cursor, line.session, [line.pk], **said)
        if seen_entry is not None:
            asked["entries_then"] = [seen_entry]
        cursor.execute(sql.WAS_TAKEN, asked)
        if cursor.fetchone()[0]:
            return
        asked |= {"line": line.pk}
        cursor.execute(sql.FORGET_ALLOTTED, asked)
        cursor.execute(sql.SEEN_ON, asked)
        seen = cursor.fetchone()[0]
        cursor.execute(sql.ALLOTTABLE, asked)
        known, numbered = cursor.fetchone()
        to_allot = quantity - seen
        if to_allot < 0:
            raise LessThanSeen(number=seen)
        if 0 < to_allot < numbered:
            raise WhichUnits()
        cursor.execute(sql.ALLOT, asked | {"number": min(to_allot, known)})
        cursor.execute(sql.KEEP_TYPED, asked | {"quantity": str(quantity)})
        cursor.execute(sql.KEEP_SEEN, asked)
        cursor.execute(sql.COUNT_STANDING, asked | {"more": max(to_allot - known, 0), "allots": True})


def _lock(cursor, session, lines, *, by, client_id):
    """Session and lines, and the moment. Raises NotInDraft, LineClosed."""
    _share(session, by)
    asked = {"session": session.pk, "lines": lines, "by": by.pk, "client_id": client_id, "age": timedelta(0)}
    cursor.execute(sql.LOCK_THESE, asked)
    if cursor.rowcount < len(lines):
        raise LineClosed(session=session.number)
    locked = cursor.fetchall()
    asked |= {"locked": [line for line, _entry in locked], "entries_then": [entry for _line, entry in locked]}
    cursor.execute(sql.MOMENT, asked)
    return asked | {"moment": cursor.fetchone()[0]}


# Taking back


@transaction.atomic
def take_back(line: CountLine, codes: Iterable[str], *, by: User, client_id: UUID) -> int:
    """Take these codes, as they stand on the line, from it; returns how many were there. The scans are kept.

    Sent twice it is done once: what was scanned in between stays. A line on which nothing is left is blank again.
    Raises NotInDraft, LineClosed.
    """
    with connection.cursor() as cursor:
        asked = _lock(cursor, line.session, [line.pk], by=by, client_id=client_id) | {"codes": list(codes)}
        cursor.execute(sql.WAS_TAKEN, asked)
        if cursor.fetchone()[0]:
            return 0
        cursor.execute(sql.TAKE_BACK.format(which=sql.THESE_CODES), asked)
        taken = cursor.fetchone()[0]
        cursor.execute(sql.KEEP_ASKED_BACK, asked)
        return taken


@transaction.atomic
def take_burst_back(session: CountSession, burst: UUID, *, by: User, client_id: UUID) -> int:
    """Take back all that one request brought, on whatever lines, and what it has put aside; not what has been
    scanned again since. Lines that it said to be empty are blank again. Returns how much of all that there was."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LINES_OF_REQUEST, {"session": session.pk, "burst": burst})
        lines = [line for (line,) in cursor.fetchall()]
        asked = _lock(cursor, session, lines, by=by, client_id=client_id) | {"burst": burst}
        cursor.execute(sql.LEAVE_TO_LATER, asked)
        cursor.execute(sql.TAKE_BACK.format(which=sql.OF_REQUEST), asked)
        taken = cursor.fetchone()[0]
        cursor.execute(sql.KEEP_REPEATS_BACK, asked)
        cursor.execute(sql.UNSAY_NONE, asked)
        taken += cursor.rowcount
        cursor.execute(sql.UNPARK, asked)
        return taken + cursor.rowcount
