"""Lines that are needed again and again: kept under a code, and brought into a journal when they are needed."""

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from ledger.journals import TYPED, add_lines
from ledger.models import JournalBatch, JournalLine, StandardJournal, StandardJournalLine

# Lots and units are of their day, and what a journal says of them is typed anew.
KEPT = [name for name in TYPED if name in {field.name for field in StandardJournalLine._meta.fields}]


class CodeTaken(DomainError):
    code = "code_taken"
    text = _("%(taken)s has %(lines)s lines already. Say that they are replaced, or choose another code.")


class NoLines(DomainError):
    code, text = "no_lines", _("Choose the lines to save.")


@transaction.atomic
def save_standard(
    batch: JournalBatch,
    *,
    code: str,
    name: str = "",
    lines: Collection[int] | None = None,
    with_quantities: bool,
    with_costs: bool,
    overwrite: bool = False,
) -> StandardJournal:
    """Keep lines of a journal, by their keys or all of them, under a code. The journal stays as it is.

    Raises CodeTaken where the code has lines that nobody said to replace.
    """
    kept = list(JournalLine.objects.filter(batch=batch).filter(**{} if lines is None else {"pk__in": lines}))
    if not kept:
        raise NoLines()
    standard, _created = StandardJournal.objects.select_for_update().get_or_create(kind=batch.kind, code=code)
    if not overwrite and (number := standard.lines.count()):
        raise CodeTaken(taken=standard, lines=number)
    standard.lines.all().delete()
    if name or not standard.name:
        standard.name = name
        standard.save(update_fields=["name"])
    left_out = {"quantity": with_quantities, "unit_cost": with_costs}
    StandardJournalLine.objects.bulk_create(
        StandardJournalLine(
            journal=standard,
            position=position,
            **{field: getattr(line, field) for field in KEPT if left_out.get(field, True)},
        )
        for position, line in enumerate(kept, start=1)
    )
    return standard


def get_standard(batch: JournalBatch, standard: StandardJournal) -> int:
    """Bring its lines behind those of the journal; return how many. A cost that was not saved is that of the day."""
    return add_lines(batch, list(standard.lines.values(*KEPT)))


def delete_standard(standard: StandardJournal) -> None:
    """Journals that got its lines keep them."""
    standard.delete()
