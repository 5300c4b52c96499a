"""Lines that nobody counted, when counting ends: left as they are, taken as zero or as expected, or in the way."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext_lazy as _

from counting.activity import remember
from counting.models import CountSession, Deed, Uncounted
from counting.sql import uncounted as sql
from inventory_site.errors import DomainError
from warehouse.models import User


class LinesUncounted(DomainError):
    """`bins` are (code, lines) pairs in walking order; `state` is the filter of the lines that shows them."""

    code = "lines_uncounted"
    text = _("%(lines)s lines of %(session)s are not counted. All must be counted before the review can begin.")
    state = "uncounted"

    def __init__(self, *args, bins=(), **params):
        self.bins = list(bins)
        super().__init__(*args, **params)


class MovedUncounted(LinesUncounted):
    code = "moved_uncounted"
    text = _(
        "Stock has moved since the opening at %(lines)s lines that nobody counted, so they cannot be taken as zero: "
        "count them first."
    )
    state = "moved"


class OnlySupervisorsExpect(DomainError):
    code = "only_supervisors_expect"
    text = _("%(session)s takes lines that nobody counted as the books say, so a supervisor marks it as counted.")


class OnlySupervisorsZero(DomainError):
    code = "only_supervisors_zero"
    text = _("%(session)s takes lines that nobody counted as zero, so a supervisor marks it as counted.")


SPOKEN_FOR = {Uncounted.ZERO: OnlySupervisorsZero, Uncounted.EXPECTED: OnlySupervisorsExpect}


def check_may_end(session: CountSession, by: User) -> None:
    """Only supervisors speak for lines that others did not count; whoever keeps a journal answers for all of it.

    Raises SomebodyElsesJournal, OnlySupervisorsZero, OnlySupervisorsExpect.
    """
    session.check_counter(by)
    refusal = None if session.journal else SPOKEN_FOR.get(session.uncounted)
    if refusal and not by.has_perm("counting.review_countsession"):
        raise refusal(session=session.number)


def may_end(session: CountSession, by: User) -> bool:
    """For a page: whether to offer it."""
    try:
        check_may_end(session, by)
    except DomainError:
        return False
    return True


def settle_uncounted(session: CountSession, *, by: User, at: datetime) -> None:
    """What the policy of the session does with them, in the transaction that ends the counting.

    A line is taken as zero, or as the book says, as of this moment, like a count: what moves later stays moved. One
    where stock has moved since the opening is not taken as zero: whoever passed its place may have passed too early.
    Serialized items are no line of a table: units that nobody scanned there stay as they are.
    Raises LinesUncounted, MovedUncounted.
    """
    if session.uncounted == Uncounted.REQUIRED:
        _refuse(session.lines.uncounted(), session, LinesUncounted)
    elif session.uncounted == Uncounted.ZERO:
        with connection.cursor() as cursor:
            cursor.execute(
                sql.ZERO_UNCOUNTED, {"session": session.pk, "opened_entry": session.opened_entry, "by": by.pk}
            )
            zeroed = cursor.rowcount
        _refuse(session.lines.open_to_zero(), session, MovedUncounted)
        if zeroed:
            remember(session, Deed.ZEROED, by=by, at=at, lines=zeroed)
    elif session.uncounted == Uncounted.EXPECTED:
        with connection.cursor() as cursor:
            cursor.execute(sql.EXPECT_UNCOUNTED, {"session": session.pk, "by": by.pk})
            expected = cursor.rowcount
        if expected:
            remember(session, Deed.EXPECTED, by=by, at=at, lines=expected)


def _refuse(lines, session, error):
    bins = lines.per_bin()
    if bins:
        raise error(lines=sum(number for _bin, number in bins), session=session.number, bins=bins)


def take_zeros_back(session: CountSession, *, by: User) -> None:
    """Where the session goes back to counting, what was taken as zero is blank again: nobody has looked there."""
    if session.uncounted == Uncounted.ZERO:
        with connection.cursor() as cursor:
            cursor.execute(sql.TAKE_ZEROS_BACK, {"session": session.pk, "by": by.pk})


@dataclass(frozen=True)
class Zeros:
    """What ending the counting would take as zero: lines with their units and value; and the lines that moved."""

    lines: int
    units: Decimal
    value: Decimal
    moved: int


def zeros_to_come(session: CountSession) -> Zeros | None:
    """For the warning before; None where lines that nobody counts are not taken as zero."""
    if session.uncounted != Uncounted.ZERO:
        return None
    return Zeros(**session.lines.open_to_zero().zero_totals())
