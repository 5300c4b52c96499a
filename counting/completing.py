"""Completing a count: asked for with the figures that the reviewer confirmed, carried out once, by any worker.

The request lives on the session, so that a lost queue, a killed worker or a restarted database loses nothing:
whoever picks the session up does all of it in one transaction, or nothing.
"""

import math
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid5

import structlog
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from counting import blocking
from counting.activity import remember
from counting.guarding import follow_status
from counting.models import CountLine, CountSession, Deed, Status, Uncounted
from counting.posting_units import follow_searches, match_units, prepare_units, unit_problems, write_units_down
from counting.querysets import NO_UNIT, PLACE
from counting.review import mark_counted
from counting.sql import completing as sql
from counting.sql import posting_units as units_sql
from counting.unit_differences import is_set_out, read_once
from counting.unit_differences import params_of as params_of_units
from inventory_site.errors import DomainError
from inventory_site.templatetags.truecount import quantity, signed
from ledger.models import Kind
from ledger.posting import Document, PostingRefused, announce, lock_locations, post
from warehouse.models import User

log = structlog.get_logger()

LEFT_BEHIND = timedelta(minutes=1)

PROBLEMS = {
    "recount_asked": _(
        "%(item)s in %(bin)s is still to be counted again: count it, keep the earlier count, or leave it out."
    ),
    "disturbed": _("%(item)s in %(bin)s: stock moved while it was being counted. Accept the count, or count it again."),
    "reason_does_not_fit": _(
        "%(item)s in %(bin)s was counted again since its reason was given, and the reason is for the opposite. Choose "
        "another, or none."
    ),
    "below_zero": _(
        "%(item)s in %(bin)s: the adjustment of %(adjustment)s would leave less than nothing, the book holds %(book)s "
        "now. Count it again."
    ),
    "unit_seen_twice": _(
        "%(item)s: unit %(unit)s was seen in %(bin)s and in another bin, and lies in one. Say in which, or have both "
        "counted again."
    ),
    "too_many_new": _("%(item)s in %(bin)s: %(number)s units would be made. If there are so many, receive them first."),
    **blocking.SENTENCES,
}


class NotCompletable(DomainError):
    code = "not_completable"
    text = _("%(session)s cannot be completed: it is not in review, or is being posted already.")


class LinesNotReady(DomainError):
    """Some lines cannot be posted as they are; `problems` is a list of dicts with line, code and message."""

    code = "lines_not_ready"
    text = _("Nothing was posted: some lines need another look.")

    def __init__(self, problems):
        self.problems = problems
        super().__init__()

    def __reduce__(self):
        return type(self), (self.problems,)


class FiguresChanged(DomainError):
    code = "figures_changed"
    text = _(
        "Stock moved since the figures were confirmed. Lines to adjust: %(before)s then, %(after)s now. "
        "Look at the figures and confirm again."
    )


class UnitsMoved(FiguresChanged):
    text = _("Units moved since the figures were confirmed. Look at the figures and confirm again.")


WHOLE = {"lines", "transfers", "write_offs", "left"}


@dataclass(frozen=True)
class Digest:
    """What completing posts: lines with an adjustment, units found (+) and missing (-), and their value; how many
    movements between bins, and of how many units; how many serialized units it writes off; and how many lines it
    leaves, as nobody has decided on them."""

    lines: int
    plus: Decimal
    minus: Decimal
    value: Decimal
    transfers: int = 0
    moved: Decimal = Decimal("0.00000")
    write_offs: int = 0
    left: int = 0

    def __add__(self, other: "Digest") -> "Digest":
        return Digest(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})

    def as_json(self) -> dict:
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, words: dict) -> "Digest":
        numbers = {name: Decimal(word) for name, word in words.items()}
        return cls(**{name: int(number) if name in WHOLE else number for name, number in numbers.items()})


def digest(session: CountSession) -> Digest:
    """The figures as they stand now, without locks: what the reviewer confirms."""
    figures = _read_digest(sql.DIGEST, params_of(session))
    if session.lines.serialized().exists():
        statement = units_sql.DIGEST_SET_OUT if is_set_out(session) else units_sql.DIGEST
        figures += _read_digest(statement, params_of_units(session))
    return figures


def _read_digest(statement, params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        lines, plus, minus, value, left, transfers, moved, *write_offs = cursor.fetchone()
    # One way of writing, so that figures compare equal however they were added up.
    plus, minus, value, moved = (Decimal(number).quantize(Decimal("0.00001")) for number in (plus, minus, value, moved))
    written_off = int(write_offs[0]) if write_offs else 0
    return Digest(lines, plus, minus, value, transfers=transfers, moved=moved, write_offs=written_off, left=left)


def params_of(session: CountSession) -> dict:
    """What the statements about adjustments ask of a session."""
    takes_zeros = session.status == Status.DRAFT and session.uncounted == Uncounted.ZERO
    return {
        "session": session.pk,
        "leave": session.leaves_undecided,
        "zero_up_to": session.opened_entry if takes_zeros else None,
    }


@transaction.atomic
def confirm(session: CountSession, *, by: User, at: datetime, confirmed: Digest) -> None:
    """What a person does with the figures in sight: mark as counted where counting still goes on, and ask to complete.

    Raises FiguresChanged where they are not the figures any more, and what `mark_counted` and `ask_to_complete` raise.
    """
    if session.status == Status.DRAFT:
        mark_counted(session, by=by, at=at)
    with read_once(session):
        now = digest(session)
        if now != confirmed:
            raise FiguresChanged(before=confirmed.lines, after=now.lines)
        ask_to_complete(session, by=by, at=at, confirmed=now)


@transaction.atomic
def ask_to_complete(session: CountSession, *, by: User, at: datetime, confirmed: Digest) -> None:
    """Ask for completion with the figures that were confirmed; a worker is told at commit.

    Raises NotCompletable, or LinesNotReady with every line that needs another look.
    """
    asked = CountSession.objects.in_review().filter(pk=session.pk, completion_asked_at__isnull=True)
    if not asked.update(
        completion_asked_at=at,
        completion_asked_by=by,
        completion_digest=confirmed.as_json(),
        completion_problems=[],
    ):
        raise NotCompletable(session=session.number)
    session.refresh_from_db()
    problems = _line_problems(session)
    if session.lines.serialized().exists():
        problems += _unit_problems(session)
    if problems:
        raise LinesNotReady(problems)
    remember(session, Deed.COMPLETION_ASKED, by=by, at=at, lines=confirmed.lines)
    show_step(session, "waiting")
    transaction.on_commit(lambda: send_to_worker(session.pk))


def send_to_worker(session_id: int) -> None:
    """Tell a worker. Without a broker the request stays on the session, and beat picks it up."""
    from counting.tasks import complete  # tasks import this module

    try:
        complete.delay(session_id, get_language())
    except (OSError, complete.OperationalError) as error:
        log.warning("completion_not_queued", session=session_id, error=str(error))


def complete_session(session_id: int) -> str:
    """Carry out a request to complete: COMPLETED with its adjustment posted, or back in review with problems.

    Safe to call at any time, any number of times, by any number of workers. Returns what happened, in a word.
    """
    try:
        with transaction.atomic():
            session = _take(session_id)
            if session is None:
                return "nothing to do"
            _complete(session)
    except DomainError as error:
        return _hand_back(session, error)
    show_step(session, "done")
    return "completed"


def _take(session_id):
    """The session, locked, if its completion is asked for and no other worker has it."""
    asked = CountSession.objects.asked_to_complete().filter(pk=session_id)
    # Without the key: a note that somebody writes at this moment is no other worker.
    return asked.select_for_update(skip_locked=True, no_key=True, of=["self"]).select_related("location").first()


def _complete(session):
    show_step(session, "checking")
    has_units = session.lines.serialized().exists()
    if has_units:
        prepare_units(session)
    lock_locations([session.location_id])
    announce(session.number, [session.location_id])
    figures = _settle(session, has_units)
    show_step(session, "posting")
    transfer = _post(session, Kind.STOCK_TRANSFER, _transfers(session, has_units)) if figures.transfers else None
    adjusts = figures.lines or _is_evidence(session)
    adjustment = _post(session, Kind.QUANTITY_ADJUSTMENT, _adjustments(session, has_units)) if adjusts else None
    if has_units:
        follow_searches(session, transfer)
    posted = [register for register in (transfer, adjustment) if register]
    session.move_to(
        Status.COMPLETED,
        adjustment=adjustment,
        transfer=transfer,
        ended_at=posted[-1].posted_at if posted else session.completion_asked_at,
        ended_by=session.completion_asked_by,
    )
    follow_status(session, by=session.ended_by, at=session.ended_at)
    remember(
        session,
        Deed.COMPLETED,
        by=session.ended_by,
        at=session.ended_at,
        lines=figures.lines,
        note=", ".join(register.number for register in posted),
    )


def _settle(session, has_units):
    """Close the lines with what is posted for them, if nothing is in the way and it is what was confirmed."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SETTLE_MOVEMENTS, params_of(session))
        cursor.execute(sql.NOTE_WHAT_MOVES, params_of(session))
        cursor.execute(sql.CLOSE_LINES_AT_REST, params_of(session))
        cursor.execute(sql.CLOSE_LINES_THAT_MOVED, params_of(session))
    if has_units and not match_units(session):
        raise UnitsMoved()
    problems = _line_problems(session) + (_unit_problems(session, set_out=True) if has_units else [])
    if problems:
        raise LinesNotReady(problems)
    figures = _read_digest(sql.DIGEST_OF_CLOSED, params_of(session))
    if has_units:
        figures += _read_digest(units_sql.DIGEST_SET_OUT, params_of(session))
    if figures != Digest.from_json(session.completion_digest):
        raise FiguresChanged(before=session.completion_digest["lines"], after=figures.lines)
    if has_units:
        write_units_down(session)
    return figures


def _transfers(session, has_units):
    movements = session.misplacements.as_transfers()
    return movements.union(session.unit_differences.as_transfers(), all=True) if has_units else movements


def _is_evidence(session):
    """Where bins are booked apart from the items, a line that was found as expected is an entry of nothing."""
    return session.location.directed and session.lines.to_adjust(with_zeros=True).exists()


def _adjustments(session, has_units):
    lines = session.lines.as_adjustments(with_zeros=session.location.directed)
    return lines.union(session.unit_differences.as_adjustments(), all=True) if has_units else lines


def _post(session, kind, lines):
    document = Document(
        kind=kind,
        location=session.location,
        by=session.completion_asked_by,
        posting_date=timezone.localdate(session.completion_asked_at),
        source=session.number,
        note=session.name,
        request_id=uuid5(session.request_id, str(kind.value).replace("_", " ")),
    )
    try:
        return post(document, lines)
    except PostingRefused as refused:
        raise LinesNotReady(_named(session, kind, refused.errors)) from refused


def _named(session, kind, errors):
    """Problems of count lines: posting numbers what it was given in the order of the quants, and then of the units."""
    if kind == Kind.STOCK_TRANSFER:
        moved = session.misplacements.moved().values_list("short__quant", "over__quant", NO_UNIT, "short")
        of_units = session.unit_differences.moved().values_list("from_quant", "to_quant", "unit", "line")
    else:
        moved = session.lines.to_adjust(with_zeros=session.location.directed).values_list("quant", NO_UNIT, "pk")
        of_units = session.unit_differences.changed().values_list(PLACE, "unit", "line")
    rows = [*moved, *of_units]
    lines = [line for *_key, line in sorted(rows, key=lambda row: [key or math.inf for key in row[:-1]])]
    return [
        {
            "line": lines[error.line - 1],
            "code": error.code,
            "message": str(error.message),
            "blockers": list(error.blockers),
        }
        for error in errors
    ]


def _line_problems(session):
    with connection.cursor() as cursor:
        cursor.execute(sql.PROBLEM_LINES, params_of(session))
        rows = cursor.fetchall()
    names = CountLine.objects.with_names().in_bulk([line for line, *_rest in rows])
    return [
        {
            "line": line,
            "code": code,
            "message": str(PROBLEMS[code])
            % {
                "item": names[line].quant.item,
                "bin": names[line].quant.bin,
                "book": quantity(book),
                "adjustment": signed(adjustment),
            },
        }
        for line, code, book, adjustment in rows
    ]


def _unit_problems(session, *, set_out=False):
    rows = unit_problems(session, set_out=set_out)
    names = CountLine.objects.with_names().in_bulk([line for line, *_rest in rows])
    return [
        {
            "line": line,
            "code": code,
            "message": str(PROBLEMS[code])
            % {
                "item": names[line].quant.item,
                "bin": names[line].quant.bin,
                "unit": unit,
                "number": quantity(number),
            },
        }
        for line, code, unit, number in rows
    ]


def _hand_back(session, error):
    """The second small transaction: say on the session what is in the way, and open it for review again."""
    problems = getattr(error, "problems", None) or [{"line": None, "code": error.code, "message": str(error)}]
    asked = CountSession.objects.asked_to_complete().filter(
        pk=session.pk, completion_asked_at=session.completion_asked_at
    )
    with transaction.atomic():
        if asked.update(completion_asked_at=None, completion_asked_by=None, completion_problems=problems):
            remember(session, Deed.COMPLETION_REFUSED, by=None, lines=len(problems), note=" ".join(error.messages))
    show_step(session, "refused")
    log.info("completion_refused", session=session.number, problems=len(problems))
    return "refused"


def left_behind(at: datetime):
    """The sessions whose completion was asked for more than a minute ago and did not come about."""
    return CountSession.objects.asked_to_complete().filter(completion_asked_at__lt=at - LEFT_BEHIND)


def show_step(session: CountSession, step: str) -> None:
    """Progress for the page that waits. A convenience: the session itself is the truth, so nobody waits for Redis."""
    cache.set(f"completion-step:{session.pk}", step, timeout=3600)


def step_of(session: CountSession) -> str:
    return cache.get(f"completion-step:{session.pk}") or "waiting"
