"""Journals that tests need."""

from decimal import Decimal

from ledger.journal_posting import post_batch
from ledger.journals import add_lines, open_batch
from ledger.models import JournalKind
from tests.factories import TODAY, LocationFactory


def given_batch(*lines, kind=JournalKind.ITEM, location=None, by=None, **head):
    """A journal with these lines, each {column: value}; a quantity may be a plain number."""
    batch = open_batch(kind, name="Week 47", location=location or LocationFactory(), by=by, posting_date=TODAY, **head)
    add_lines(batch, [as_typed(line) for line in lines])
    return batch


def as_typed(line):
    numbers = {name: Decimal(str(line[name])) for name in ("quantity", "unit_cost") if line.get(name) is not None}
    return {**line, **numbers}


def posted(batch, by=None):
    return post_batch(batch, by=by, request_id=batch.request_id)


def problems(refused):
    """[(line, field, code)] of what a journal was refused for."""
    errors = getattr(getattr(refused, "value", refused), "errors", refused)
    return [(error.line, error.field, error.code) for error in errors]
