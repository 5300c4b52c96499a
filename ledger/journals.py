"""Journals are opened, filled, changed and emptied. What their lines mean, ledger.resolving says; posting takes them
out again.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from ledger.journal_kinds import JOURNALS, NeedsDirectedLocation
from ledger.models import EntryType, JournalBatch, JournalKind, JournalLine, Reason
from ledger.sql import journals as sql
from ledger.sql import reclassifying
from warehouse.models import Bin, Item, Location, User

# What a line says, with what it says where nobody typed anything.
TYPED = {
    "entry_type": EntryType.POSITIVE,
    **dict.fromkeys(
        ("item", "variant", "bin", "lot", "unit", "unit_of_measure", "new_bin", "new_variant", "new_lot", "new_unit"),
        "",
    ),
    **dict.fromkeys(("expiration_date", "new_expiration_date", "quantity", "unit_cost")),
}


class LineChanged(DomainError):
    code = "line_changed"
    text = _("Somebody changed line %(line)s meanwhile: it says what is kept now. Type yours again if it is right.")


class LineGone(DomainError):
    code = "line_gone"
    text = _("This line was posted or deleted meanwhile. Load the page again.")


class LineIsMade(DomainError):
    code = "line_made"
    text = _("Line %(line)s was calculated from the adjustment bin. Delete it, and calculate again.")


class StaysAtItsLocation(DomainError):
    code = "stays_at_its_location"
    text = _("What this journal changes stays at %(location)s. For another location post a transfer.")


def open_batch(
    kind: JournalKind,
    *,
    name: str,
    location: Location,
    by: User | None,
    posting_date: date,
    to_location: Location | None = None,
    reason: Reason | None = None,
    note: str = "",
) -> JournalBatch:
    """Raises NeedsDirectedLocation, StaysAtItsLocation."""
    if not JOURNALS[kind].ordinary and not location.directed:
        raise NeedsDirectedLocation(location=location.name)
    if to_location == location:
        to_location = None
    if to_location and (kind != JournalKind.RECLASSIFICATION or location.directed):
        raise StaysAtItsLocation(location=location.name)
    return JournalBatch.objects.create(
        kind=kind,
        name=name,
        location=location,
        to_location=to_location,
        posting_date=posting_date,
        reason=reason,
        note=note,
        created_by=by,
    )


@transaction.atomic
def change_batch(batch: JournalBatch, **head: Any) -> JournalBatch:
    """Another name, posting date, reason or note; the place and the kind of a journal stay."""
    batch = hold_alone(batch)
    for name, value in head.items():
        setattr(batch, name, value)
    batch.save(update_fields=list(head))
    return batch


@transaction.atomic
def delete_batch(batch: JournalBatch) -> None:
    """With all its lines. What was posted from it stays in the register."""
    hold_alone(batch).delete()


@transaction.atomic
def add_lines(batch: JournalBatch, lines: Iterable[Mapping[str, Any]], *, made: bool = False) -> int:
    """Put lines behind those that are there; return how many. Each is {column: value}, what is left out is blank."""
    hold_alone(batch)
    columns = ["batch_id", "position", *TYPED, "made", "client_id", "revision"]
    first = position = next_position(batch)
    with connection.cursor() as cursor, cursor.copy(sql.COPY_LINES.format(columns=", ".join(columns))) as copy:
        for line in lines:
            values = {**TYPED, **line}
            client_id = line.get("client_id") or uuid4()
            copy.write_row((batch.pk, position, *(values[name] for name in TYPED), made, client_id, 1))
            position += 1
    if position > first:
        propose_bins(batch, JournalLine.objects.filter(batch=batch, position__gte=first))
    return position - first


@transaction.atomic
def add_bin_content(batch: JournalBatch, bins: Iterable[Bin], items: Iterable[Item] = ()) -> int:
    """Put a line for all that lies of each item, variant and lot in these bins behind those that are there, to say
    where it goes; return how many. No items: all of them.
    """
    hold_alone(batch)
    asked = {
        "batch": batch.pk,
        "position": next_position(batch),
        "location": batch.location_id,
        "bins": [bin.pk for bin in bins],
        "items": [item.pk for item in items] or None,
    }
    with connection.cursor() as cursor:
        cursor.execute(reclassifying.GET_BIN_CONTENT, asked)
        return cursor.rowcount


@transaction.atomic
def save_line(batch: JournalBatch, typed: Mapping[str, Any], *, client_id: UUID, revision: int) -> JournalLine:
    """Keep a line as it was typed. `revision` is the one that was seen, 0 that of a new line: saved twice, it is there
    once. Raises LineChanged, LineGone, LineIsMade.
    """
    kept = JournalLine.objects.filter(batch=batch, client_id=client_id).first()
    if kept is None and revision == 0:
        add_lines(batch, [{**typed, "client_id": client_id}])
        return JournalLine.objects.get(client_id=client_id)
    if kept is None:
        raise LineGone()
    if all(getattr(kept, name) == value for name, value in typed.items()):
        return kept
    return change_line(kept, typed, revision=revision)


@transaction.atomic
def change_line(line: JournalLine, typed: Mapping[str, Any], *, revision: int) -> JournalLine:
    with connection.cursor() as cursor:
        cursor.execute(sql.HOLD_BATCH, {"batch": line.batch_id})
    if line.made:
        raise LineIsMade(line=line.position)
    same = JournalLine.objects.filter(pk=line.pk, revision=revision)
    if not same.update(revision=revision + 1, **typed):
        raise LineChanged(line=line.position) if JournalLine.objects.filter(pk=line.pk).exists() else LineGone()
    if typed.get("item", line.item) != line.item:
        propose_bins(line.batch, JournalLine.objects.filter(pk=line.pk))
    return JournalLine.objects.get(pk=line.pk)


@transaction.atomic
def delete_lines(batch: JournalBatch, lines: Collection[int]) -> int:
    """By their keys; return how many were there."""
    with connection.cursor() as cursor:
        cursor.execute(sql.HOLD_BATCH, {"batch": batch.pk})
    deleted, _by_model = JournalLine.objects.filter(batch=batch, pk__in=lines).delete()
    return deleted


def propose_bins(batch: JournalBatch, lines) -> None:
    """Where a line names no bin, the one that its item is usually kept in: the only one where some of it lies."""
    if "bin" not in JOURNALS[batch.kind].columns:
        return
    keys = list(lines.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(sql.PROPOSE_BINS, {"location": batch.location_id, "lines": keys})


def next_position(batch: JournalBatch) -> int:
    last = JournalLine.objects.filter(batch=batch).aggregate(last=Max("position"))["last"]
    return (last or 0) + 1


def hold_alone(batch: JournalBatch, *, wait: str | None = None) -> JournalBatch:
    """The journal as it is now; until commit nobody else adds, changes or posts its lines."""
    if wait:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [wait])
    held = JournalBatch.objects.select_for_update(of=["self"]).select_related("location", "to_location", "reason")
    batch = held.filter(pk=batch.pk).first()
    if batch is None:
        raise LineGone()
    return batch
