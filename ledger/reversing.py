"""Taking a document back that was a mistake: its opposite is posted, at the money that it moved."""

from collections.abc import Iterable
from contextlib import contextmanager
from datetime import date
from uuid import NAMESPACE_OID, uuid5

from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from ledger import looks
from ledger.models import Kind, Register
from ledger.posting import PAGE_WAIT, Document, PostingRefused, Preview, post_staged, seen_only
from ledger.sql import reversing as sql
from warehouse.models import User


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
    document = _reversal_of(register, by=by, at=at, note=note, lines=lines, override=override)
    with _told_what_was_settled():
        return post_staged(
            document,
            lambda cursor: _stage(cursor, document),
            check=lambda cursor: _check(cursor, register, document.reversed_lines),
            wait=wait,
        )


def preview_reversal(register: Register, *, by: User | None, at: date, lines: Iterable[int] | None = None) -> Preview:
    """What reversing a document, or these lines of it, would write. Raises what `reverse` raises."""
    return seen_only(lambda: [reverse(register, by=by, at=at, lines=lines, wait=PAGE_WAIT)])


def _reversal_of(register, *, by, at, note, lines, override):
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


@contextmanager
def _told_what_was_settled():
    try:
        yield
    except PostingRefused as error:
        if any(line.code == SettledByCount.code for line in error.errors):
            raise SettledByCount(error.errors) from error
        raise


def _stage(cursor, document):
    lines = document.reversed_lines
    cursor.execute(
        sql.STAGE_REVERSAL, {"register": document.reverses.pk, "lines": None if lines is None else list(lines)}
    )


def _check(cursor, register, lines):
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
