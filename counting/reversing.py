"""Taking back what a completed count has posted: all of it, or single lines. The count stays as it is, as evidence.

Refused where later activity has made it unsafe (ledger.reversing.reverse): stock that has gone since, or a later look.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from counting.activity import remember
from counting.models import CountLine, CountSession, Deed, Status, UnitDifference
from counting.review import NothingChosen
from counting.searching import follow_units
from counting.sql import misplaced as sql
from inventory_site.errors import DomainError
from ledger.models import Register, WarehouseEntry
from ledger.posting import PAGE_WAIT, Preview, seen_only
from ledger.reversing import reverse
from warehouse.models import User

REVERSES = ("counting.complete_countsession", "ledger.reverse_register")  # the rights that it takes
CLOCKS_DIFFER = timedelta(days=1)  # at most, between a web server and the database


class NothingPosted(DomainError):
    code = "nothing_posted"
    text = _("%(session)s has posted nothing that could be taken back.")


class LinePostedNothing(DomainError):
    code = "line_posted_nothing"
    text = _("Nothing was posted for %(item)s in %(bin)s, so nothing can be taken back.")


class WhyReversed(DomainError):
    code = "reason_needed"
    text = _("Say why it is taken back.")


@transaction.atomic
def reverse_session(session: CountSession, *, by: User, at: datetime, note: str, override: str = "") -> list[Register]:
    """Take back everything that is left of what a count has posted. Twice is once.

    `override` says why, where another count keeps what it is about from moving (ledger.posting.Document).
    Returns the documents that do it. Raises NothingPosted, WhyReversed, and what `ledger.reversing.reverse` raises.
    """
    return _reverse(session, None, by=by, at=at, note=_given(note), override=override)


@transaction.atomic
def reverse_lines(
    session: CountSession, lines: Iterable[int], *, by: User, at: datetime, note: str, override: str = ""
) -> list[Register]:
    """Take back what was posted for these lines. Raises LinePostedNothing and NothingChosen as well."""
    return _reverse(session, sorted(set(lines)), by=by, at=at, note=_given(note), override=override)


def preview_reversal(session: CountSession, lines: Iterable[int] | None = None, *, by: User, at: datetime) -> Preview:
    """What taking it back would write. Raises what the verbs raise."""
    return seen_only(lambda: _reverse(session, lines, by=by, at=at, note=""))


def _given(note):
    if not note.strip():
        raise WhyReversed()
    return note.strip()


def _reverse(session, lines, *, by, at, note, override=""):
    _lock_completed(session)
    known = set(reversals(session))
    said = {"by": by, "at": timezone.localdate(at), "note": note, "override": override}
    documents = [reverse(document, lines=part, wait=PAGE_WAIT, **said) for document, part in _parts(session, lines)]
    if session.lines.serialized().exists():
        follow_units(session.location, today=timezone.localdate(at))
    if not known.issuperset(documents):
        numbers = ", ".join(document.number for document in documents)
        remember(session, Deed.REVERSED, by=by, at=at, lines=lines and len(lines), note=f"{numbers}: {note}")
    return documents


def _lock_completed(session):
    """Two people who take back the same count do it one after the other."""
    completed = CountSession.objects.completed().filter(pk=session.pk)
    if not completed.select_for_update(no_key=True).first() or not documents_of(session):
        raise NothingPosted(session=session.number)


def _parts(session, lines):
    """What to reverse, the newest document first: (document, its lines or None for all that is left)."""
    if lines is None:
        left = [document for document in documents_of(session) if not document.is_reversed]
        return [(document, None) for document in left or documents_of(session)]
    chosen = session.lines.filter(pk__in=lines)
    if not lines or chosen.count() < len(set(lines)):  # one is of another count
        raise NothingChosen()
    written = WarehouseEntry.objects.filter(register__in=documents_of(session))
    nothing = chosen.with_names().filter(~Exists(written.filter(quant=OuterRef("quant")))).first()
    if nothing:
        raise LinePostedNothing(item=nothing.quant.item, bin=nothing.quant.bin)
    entries = written.filter(quant__count_lines__in=tied_to(session, lines))
    parts = {}
    for document, line in entries.values_list("register", "line"):
        parts.setdefault(document, set()).add(line)
    return [(document, parts[document.pk]) for document in documents_of(session) if document.pk in parts]


def tied_to(session: CountSession, lines: Iterable[int]) -> list[int]:
    """These lines, and all that movements tie to them: one end of a movement cannot be taken back without the other."""
    with connection.cursor() as cursor:
        cursor.execute(sql.TIED_BY_MOVEMENTS, {"session": session.pk, "lines": list(lines)})
        return [line for (line,) in cursor.fetchall()]


def documents_of(session: CountSession) -> list[Register]:
    """What a count has posted, the newest first."""
    return [document for document in (session.adjustment, session.transfer) if document]


def reversals(session: CountSession) -> QuerySet:
    """The documents that have taken back what a count has posted, or a part of it."""
    return (
        Register.objects.filter(reverses__in=[document.pk for document in documents_of(session)])
        .select_related("by")
        .order_by("pk")
    )


def is_reversed(session: CountSession) -> bool:
    """Nothing that it has posted is left."""
    documents = documents_of(session)
    return bool(documents) and all(document.is_reversed for document in documents)


def with_reversals(session: CountSession, lines: Iterable[CountLine]) -> None:
    """Set `reversed_by` on each line: the document that took back what was posted for it, or None."""
    documents = [document.pk for document in documents_of(session)]
    quants = [line.quant_id for line in lines]
    undoing = WarehouseEntry.objects.filter(undoes__register__in=documents, quant__in=quants) if documents else []
    by_quant = {entry.quant_id: entry.register for entry in undoing and undoing.select_related("register")}
    for line in lines:
        line.reversed_by = by_quant.get(line.quant_id)


def looks_without_entry(register: Register) -> QuerySet:
    """For ledger.looks: lines of completed counts whose look found nothing to post, at the locations of a document.

    Where something was posted, its entry says so, or was undone with its look: of units too, though their number may be
    what it was.
    """
    swapped = UnitDifference.objects.posted().filter(line=OuterRef("pk"))
    lines = CountLine.objects.filter(
        ~Exists(swapped),
        session__status=Status.COMPLETED,
        session__location__in=[register.location_id, register.other_location_id or register.location_id],
        session__ended_at__gt=register.posted_at - CLOCKS_DIFFER,
        counted_quantity__isnull=False,
        adjustment=0,
        superseded=False,
    )
    return lines.values_list("quant", "watermark", "session__number", "counted_at", "counted_by")
