"""Between counting and completing: the steps of a session, decisions about its lines, recounts."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from counting.activity import remember
from counting.blocking import check_blocked
from counting.guarding import follow_status
from counting.models import CountLine, CountSession, Decision, Deed, PutAside, Status, Uncounted
from counting.sql import reviewing as sql
from counting.sql import sighting
from counting.uncounted import check_may_end, settle_uncounted, take_zeros_back
from counting.unit_differences import line_figures
from inventory_site.errors import DomainError
from ledger.models import Reason
from warehouse.models import User


class NothingCounted(DomainError):
    code = "nothing_counted"
    text = _("No line of %(session)s is counted yet. Count at least one, or cancel the session.")


class NotInReview(DomainError):
    code = "not_in_review"
    text = _("%(session)s is not in review, or is being posted. Load the page again to see how it stands.")


class ReasonNeeded(DomainError):
    code = "reason_needed"
    text = _("Say why the line is left out.")


class WhyAgain(DomainError):
    code = "reason_needed"
    text = _("Say why it is to be counted again: whoever counts reads it.")


class ReasonDoesNotFit(DomainError):
    code = "reason_does_not_fit"
    text = _(
        "“%(reason)s” is a reason for stock that is %(direction)s, and %(item)s in %(bin)s is not. Choose another."
    )


class AcceptedTooMuch(DomainError):
    code = "accepted_too_much"
    text = _("Accept between nothing and the whole discrepancy: movements explain the rest.")


class UnitsAreTicked(DomainError):
    code = "units_are_ticked"
    text = _("A part of a serialized item cannot be accepted by quantity: tick or untick its units.")


class NothingChosen(DomainError):
    code = "nothing_chosen"
    text = _("Choose at least one line.")


@transaction.atomic
def mark_counted(session: CountSession, *, by: User, at: datetime) -> None:
    """DRAFT -> COUNTED. What becomes of lines that nobody counted is the policy of the session.

    Raises NothingCounted, LinesBlocked, and what `settle_uncounted` raises.
    """
    check_may_end(session, by)
    session.move_to(Status.COUNTED, marked_at=at, marked_by=by)
    follow_status(session, by=by, at=at)
    if session.uncounted != Uncounted.EXPECTED and not session.lines.counted().exists():
        raise NothingCounted(session=session.number)
    settle_uncounted(session, by=by, at=at)
    check_blocked(session)
    remember(session, Deed.MARKED, by=by, at=at)


@transaction.atomic
def reopen(session: CountSession, *, by: User, at: datetime) -> None:
    """COUNTED -> DRAFT, with every line open for counting; what was counted stays, what was taken as zero does not."""
    session.move_to(Status.DRAFT, completion_problems=[])
    follow_status(session, by=by, at=at)
    take_zeros_back(session, by=by)
    session.lines.exclude(round=session.round).update(round=session.round)
    with connection.cursor() as cursor:
        cursor.execute(sighting.CARRY_SIGHTINGS_OVER, {"session": session.pk})
        cursor.execute(sql.CARRY_COUNTS_OVER, {"session": session.pk})
    remember(session, Deed.REOPENED, by=by, at=at)


@transaction.atomic
def ask_recount(session: CountSession, lines: Iterable[int], *, by: User, at: datetime, why: str) -> int:
    """Open these lines for another round and no others; the earlier counts stay until new ones come.

    From COUNTED, back to DRAFT with the lines asked for. Counters are told who asked, and why. Returns how many lines.
    Raises WhyAgain, NothingChosen.
    """
    if not why.strip():
        raise WhyAgain()
    session.move_to(Status.DRAFT, round=session.round + 1, completion_problems=[])
    follow_status(session, by=by, at=at)
    lines = _forget_movements(session, lines)
    asked = session.lines.open().filter(pk__in=lines)
    number = asked.update(round=session.round, recount_asked=True, decision=Decision.OPEN, accepted_quantity=None)
    with connection.cursor() as cursor:
        asking = {"session": session.pk, "round": session.round, "by": by.pk, "at": at, "why": why.strip()}
        cursor.execute(sql.REMEMBER_REQUESTS, asking)
    # Recounts of an earlier round that nobody has done yet stay asked for.
    session.lines.recount_asked().update(round=session.round)
    if not number:
        raise NothingChosen()
    remember(session, Deed.RECOUNT_ASKED, by=by, at=at, lines=number, note=why.strip())
    return number


@transaction.atomic
def keep_earlier_count(session: CountSession, lines: Iterable[int], *, by: User, at: datetime) -> int:
    """Withdraw the recount of these lines: the count that they had stands."""
    lock_for_review(session)
    kept = session.lines.recount_asked().filter(pk__in=lines).update(recount_asked=False)
    return _remembered(session, Deed.EARLIER_KEPT, kept, by=by, at=at)


@transaction.atomic
def accept(
    session: CountSession,
    lines: Iterable[int],
    *,
    by: User,
    at: datetime,
    reason: Reason | None = None,
    quantity: Decimal | None = None,
) -> int:
    """Accept the discrepancies of these lines, or `quantity` of each; also accepts that a line was disturbed.

    Raises ReasonDoesNotFit, AcceptedTooMuch, UnitsAreTicked.
    """
    lock_for_review(session)
    _check_reasons(session.lines.counted().filter(pk__in=lines), reason)
    if quantity is not None and session.lines.serialized().filter(pk__in=lines).exists():
        raise UnitsAreTicked()
    changes = {"decision": Decision.ACCEPTED, "accepted_quantity": quantity}
    if reason:
        changes["reason"] = reason
    try:
        with transaction.atomic():
            accepted = session.lines.counted().filter(pk__in=lines, recount_asked=False).update(**changes)
    except IntegrityError as error:
        if "line_accepts_part_of_its_discrepancy" not in str(error):
            raise
        raise AcceptedTooMuch() from error
    return _remembered(session, Deed.ACCEPTED, accepted, by=by, at=at, note=reason.name if reason else "")


@transaction.atomic
def leave_out(
    session: CountSession,
    lines: Iterable[int],
    *,
    by: User,
    at: datetime,
    note: str = "",
    reason: Reason | None = None,
) -> int:
    """Post nothing for these lines; `note` or a reason says why."""
    if not (note or reason):
        raise ReasonNeeded()
    lock_for_review(session)
    if reason:
        _check_reasons(session.lines.filter(pk__in=lines), reason)
    lines = _forget_movements(session, lines)
    left = session.lines.filter(pk__in=lines).update(
        decision=Decision.LEFT_OUT, note=note, reason=reason, accepted_quantity=None, recount_asked=False
    )
    why = ". ".join(filter(None, [reason and reason.name, note]))
    return _remembered(session, Deed.LEFT_OUT, left, by=by, at=at, note=why)


@transaction.atomic
def reconsider(session: CountSession, lines: Iterable[int], *, by: User, at: datetime) -> int:
    """Take a decision back."""
    lock_for_review(session)
    lines = _forget_movements(session, lines)
    open_again = session.lines.filter(pk__in=lines).update(decision=Decision.OPEN, accepted_quantity=None)
    return _remembered(session, Deed.RECONSIDERED, open_again, by=by, at=at)


@transaction.atomic
def give_reason(session: CountSession, lines: Iterable[int], *, by: User, at: datetime, reason: Reason | None) -> int:
    lock_for_review(session)
    if reason:
        _check_reasons(session.lines.filter(pk__in=lines), reason)
    given = session.lines.filter(pk__in=lines).update(reason=reason)
    return _remembered(session, Deed.REASON_GIVEN, given, by=by, at=at, note=reason.name if reason else "")


def _forget_movements(session, lines):
    """Lines that are decided on anew are no end of a movement any more, and its other end is decided on anew too.

    Returns the lines as they were before: a queryset of what is to be decided on would find those other ends as well.
    """
    if not session.misplacements.exists():
        return lines
    lines = list(session.lines.filter(pk__in=lines).values_list("pk", flat=True))
    movements = session.misplacements.of(lines)
    ends = Q(misplaced_from__in=movements) | Q(misplaced_to__in=movements)
    session.lines.accepted().filter(ends).exclude(pk__in=lines).update(decision=Decision.OPEN, accepted_quantity=None)
    movements.delete()
    return lines


def _check_reasons(lines, reason):
    """The reason that is given to lines, or the one that they have, is of their direction."""
    wrong = lines.against(reason.direction) if reason else lines.with_reason_against_them()
    first = wrong.with_names().first()
    if first:
        reason = reason or first.reason
        direction = reason.get_direction_display()
        raise ReasonDoesNotFit(reason=reason, direction=direction, item=first.quant.item, bin=first.quant.bin)


def _remembered(session, deed, lines, **details):
    """How many lines a decision was about; one that was about none is no deed."""
    if lines:
        remember(session, deed, lines=lines, **details)
    return lines


@transaction.atomic
def verify(session: CountSession, lines: Iterable[int], *, by: User, at: datetime) -> int:
    """Tick these lines off: somebody has looked at them. A list to work through, without effect on what is posted."""
    _lock_open(session)
    ticked = session.lines.open().filter(pk__in=lines, verified=False).update(verified=True)
    return _remembered(session, Deed.VERIFIED, ticked, by=by, at=at)


@transaction.atomic
def unverify(session: CountSession, lines: Iterable[int], *, by: User, at: datetime) -> int:
    """Take the ticks away."""
    _lock_open(session)
    ticked = session.lines.open().filter(pk__in=lines, verified=True).update(verified=False)
    return _remembered(session, Deed.UNVERIFIED, ticked, by=by, at=at)


def settle(put_aside: PutAside, *, by: User, at: datetime) -> bool:
    """A scan that was put aside is dealt with; True if this did it, False if somebody did before."""
    settled = PutAside.objects.filter(pk=put_aside.pk, settled_at=None).update(settled_by=by, settled_at=at)
    if settled:
        remember(put_aside.session, Deed.SETTLED, by=by, at=at, note=put_aside.code)
    return bool(settled)


@transaction.atomic
def cancel(session: CountSession, *, by: User, at: datetime) -> None:
    """End a session without posting. What was counted is kept."""
    session.move_to(Status.CANCELLED, ended_at=at, ended_by=by)
    follow_status(session, by=by, at=at)
    session.lines.open().update(open=False)
    remember(session, Deed.CANCELLED, by=by, at=at)


def lock_for_review(session: CountSession) -> None:
    """Hold the session in review until commit: no completion starts meanwhile, and two reviewers of the same lines do
    not wait for each other's lines in a circle."""
    in_review = CountSession.objects.in_review().filter(pk=session.pk, completion_asked_at__isnull=True)
    if not in_review.select_for_update(no_key=True).first():
        raise NotInReview(session=session.number)


def _lock_open(session):
    """Like lock_for_review, while it is counted as well."""
    still_open = CountSession.objects.open().filter(pk=session.pk, completion_asked_at__isnull=True)
    if not still_open.select_for_update(no_key=True).first():
        raise NotInReview(session=session.number)


def adjustments(session: CountSession, lines: Iterable[CountLine]) -> None:
    """Set on each line, for a page: `planned` (what completing would post now), `superseded_now`, `corrected`; and
    `units`, the figures of a line that is serialized."""
    by_id = {line.pk: line for line in lines}
    if not by_id:
        return
    with connection.cursor() as cursor:
        shown = {"session": session.pk, "lines": list(by_id), "leave": session.leaves_undecided}
        cursor.execute(sql.ADJUSTMENTS, shown)
        for pk, adjustment, superseded, corrected in cursor.fetchall():
            line = by_id[pk]
            line.planned, line.superseded_now, line.corrected, line.units = adjustment, superseded, corrected, None
    for pk, figures in line_figures(session, by_id.values()).items():
        line = by_id[pk]
        line.planned, line.superseded_now, line.corrected, line.units = figures.adjustment, False, 0, figures
