"""Doorways from the queue: fetch by id, call the verb, return something printable. All are safe to run twice."""

from celery import shared_task
from django.utils import timezone

from counting.completing import complete_session, left_behind


@shared_task
def complete(session_id: int) -> str:
    return complete_session(session_id)


@shared_task
def pick_up_completions() -> list[str]:
    """Completions whose worker died or whose message was lost."""
    return [f"{session}: {complete_session(session.pk)}" for session in left_behind(timezone.now())]
