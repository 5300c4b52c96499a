"""Doorways from the queue: fetch by id, call the verb, return something printable. All are safe to run twice."""

import structlog
from celery import shared_task
from django.utils import timezone, translation

from counting import importing
from counting.completing import complete_session, left_behind
from counting.reconciliation import prove, remember
from counting.searching import write_off_overdue

log = structlog.get_logger()


@shared_task
def complete(session_id: int, language: str | None = None) -> str:
    """In the language of whoever asked: what is in the way is written down for them."""
    with translation.override(language):
        return complete_session(session_id)


@shared_task
def pick_up_completions() -> list[str]:
    """Completions whose worker died or whose message was lost."""
    return [f"{session}: {complete_session(session.pk)}" for session in left_behind(timezone.now())]


@shared_task
def carry_on_import(import_id: int) -> str:
    return importing.carry_out(import_id, at=timezone.now())


@shared_task
def pick_up_imports() -> list[str]:
    """Imports of counts whose worker died or whose message was lost."""
    now = timezone.now()
    return [f"{waiting}: {importing.carry_out(waiting.pk, at=now)}" for waiting in importing.left_behind(now)]


@shared_task
def write_off_missing() -> list[str]:
    """Units that nobody found in the time that there was to search for them."""
    return [f"{register.location}: {register}" for register in write_off_overdue(at=timezone.now())]


@shared_task
def reconcile_all() -> str:
    """Prove all laws. Says so in the log, as an error where one is broken: somebody has to look."""
    result = remember(list(prove()))
    if result["holds"]:
        log.info("reconciled")
        return "all laws hold"
    log.error("laws_broken", total=result["total"], findings=result["findings"])
    return f"{result['total']} findings"
