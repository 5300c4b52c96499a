"""Doorways from the queue: fetch by id, call the verb, return something printable. All are safe to run twice."""

from celery import shared_task
from django.utils import timezone, translation

from ledger.importing import carry_out, left_behind
from ledger.synchronising import synchronise_due


@shared_task
def apply_stock_import(import_id: int, language: str | None = None) -> str:
    """In the language of whoever asked: what is wrong is written down for them."""
    with translation.override(language):
        return carry_out(import_id, at=timezone.now())


@shared_task
def pick_up_imports() -> list[str]:
    """Imports whose worker died or whose message was lost."""
    now = timezone.now()
    return [f"{stock_import}: {carry_out(stock_import.pk, at=now)}" for stock_import in left_behind(now)]


@shared_task
def synchronise_locations() -> list[str]:
    """Each directed location at the intervals that it asks for."""
    return [f"{register.location}: {register}" for register in synchronise_due(at=timezone.now())]
