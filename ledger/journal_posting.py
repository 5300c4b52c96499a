"""A journal becomes a document: checked as a whole, looked at before, and posted once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from ledger.journal_kinds import JOURNALS, NeedsDirectedLocation
from ledger.journals import hold_alone
from ledger.models import JournalBatch, Register
from ledger.posting import (
    PAGE_WAIT,
    Document,
    PostingRefused,
    Preview,
    post_staged,
    seen_only,
    stage_lines,
    told_who_is_busy,
)
from ledger.refusals import INTO_BLOCKED, OUT_OF_BLOCKED
from ledger.resolving import JournalRefused, LineProblem, resolve
from ledger.sql import journals as sql
from warehouse.models import User

# The field that an error of posting is about; others are about the line as a whole.
FIELD_OF = {
    **dict.fromkeys(("not_enough", "quantity_unusable", "too_much", "wrong_sign"), "quantity"),
    **dict.fromkeys(("held", "bin_elsewhere", "adjustment_bin", "missing_bin"), "bin"),
    **dict.fromkeys((*OUT_OF_BLOCKED, *INTO_BLOCKED), "bin"),
    **dict.fromkeys(("lot_missing", "lot_not_expected", "lot_of_another_item", "lot_blocked"), "lot"),
    **dict.fromkeys(("item_blocked", "item_unknown", "item_serialized"), "item"),
    **dict.fromkeys(("variant_of_another_item", "variant_blocked"), "variant"),
    **dict.fromkeys(
        ("unit_missing", "unit_not_expected", "unit_unusable", "unit_unknown", "unit_taken", "unit_of_another_variant",
         "unit_twice", "unit_elsewhere", "unit_released", "unit_detached", "unit_in_stock", "unit_blocked"),
        "unit",
    ),
    "cost_unusable": "unit_cost",
}  # fmt: skip


class JournalChanged(DomainError):
    code = "journal_changed"
    text = _("%(journal)s was posted meanwhile by somebody else. Load the page again to see what is in it now.")


class LocationChanged(DomainError):
    code = "location_changed"
    text = _("%(location)s became a directed location meanwhile. Load the page again.")


def post_batch(
    batch: JournalBatch, *, by: User | None, request_id: UUID, override: str = "", wait: str | None = PAGE_WAIT
) -> Register:
    """Post all lines as one document, once; they leave the journal. `request_id` is the batch's as it was seen.

    Raises JournalRefused with all that is wrong, and what `post` raises.
    """
    with told_who_is_busy([batch.location_id]), transaction.atomic():
        batch = hold_alone(batch, wait=wait)
        posted = Register.objects.filter(request_id=request_id).first()
        if posted:
            return posted
        if batch.request_id != request_id:
            raise JournalChanged(journal=batch.number)
        register = post_lines(batch, by=by, override=override, wait=wait)
        batch.lines.all().delete()
        batch.request_id = uuid4()
        batch.save(update_fields=["request_id"])
    return register


def preview_batch(
    batch: JournalBatch, *, by: User | None, look: Callable[[Preview], Any] = lambda seen: seen
) -> Preview | Any:
    """What posting would write; nothing is. `look` sees it while quants that are new are still there.

    Raises what `post_batch` raises.
    """
    return seen_only(lambda: [post_lines(batch, by=by, override="", wait=PAGE_WAIT)], look)


def check_batch(batch: JournalBatch, *, by: User | None) -> tuple[LineProblem, ...]:
    """All that keeps the lines from being posted as things stand."""
    try:
        preview_batch(batch, by=by)
    except JournalRefused as refused:
        return refused.errors
    return ()


def document_of(batch: JournalBatch, *, by: User | None, override: str) -> Document:
    return Document(
        kind=JOURNALS[batch.kind].register_at(batch.location),
        location=batch.location,
        other_location=batch.to_location,
        by=by,
        posting_date=batch.posting_date,
        reason=batch.reason,
        note=batch.note or batch.name,
        source=batch.number,
        request_id=batch.request_id,
        override=override,
    )


def post_lines(batch, *, by, override, wait) -> Register:
    journal = JOURNALS[batch.kind]
    if not journal.ordinary and not batch.location.directed:
        raise NeedsDirectedLocation(location=batch.location.name)
    document = document_of(batch, by=by, override=override)
    found, positions = [], []

    def stage(cursor):
        found.extend(resolve(cursor, batch))
        cursor.execute(sql.MAKE_LOTS)
        cursor.execute(sql.DATE_LOTS)
        cursor.execute(sql.FIND_LOTS)
        cursor.execute(sql.POSITIONS)
        positions.extend(cursor.fetchone()[0] or ())
        cursor.execute(journal.stage)
        cursor.execute("SELECT EXISTS (SELECT 1 FROM journal_unit)")
        stage_lines(cursor, document, with_units=cursor.fetchone()[0])
        cursor.execute(sql.REFUSE)

    def check(cursor):
        cursor.execute(sql.IS_DIRECTED, {"location": batch.location_id})
        if cursor.fetchone()[0] != batch.location.directed:
            raise LocationChanged(location=batch.location.name)

    try:
        with transaction.atomic():
            register = post_staged(document, stage, check=check, wait=wait)
            with connection.cursor() as cursor:
                for statement in journal.after:
                    cursor.execute(statement)
    except PostingRefused as refused:
        raise JournalRefused(
            sorted([*found, *at_their_lines(refused.errors, positions, journal)], key=by_line)
        ) from refused
    return register


def by_line(problem: LineProblem) -> tuple:
    return problem.line, problem.field, problem.code


def at_their_lines(errors, positions, journal):
    """What posting refused, at the lines of the journal and their fields; a line of many units says the same once.
    Where goods go from one bin to another, what may not come in is said of the other."""
    fields = FIELD_OF | (dict.fromkeys(INTO_BLOCKED, "new_bin") if "new_bin" in journal.columns else {})
    told = [
        LineProblem(
            line=positions[error.line - 1],
            code=error.code,
            message=str(error.message),
            blockers=error.blockers,
            field=fields.get(error.code, ""),
        )
        for error in errors
        if error.line
    ]
    return dict.fromkeys(told)
