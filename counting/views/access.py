"""Who may see what of a count. The first line of every view is one of these."""

from django.shortcuts import get_object_or_404

from counting.blindness import sessions_seen_by
from inventory_site.visibility import CLOSED

__all__ = ["CLOSED", "sees_evidence", "sees_evidence_of", "sees_values", "session_for"]


def session_for(request, number):
    """The session, or 404 for people who do not work at its location; `closed`: they are told no quantity of it."""
    sessions = sessions_seen_by(request.user).select_related(
        "location", "opened_by", "marked_by", "ended_by", "completion_asked_by", "adjustment", "transfer"
    )
    return get_object_or_404(sessions, number=number)


def sees_evidence(user):
    """System quantities, discrepancies and movements: for reviewers, and for auditors, who read the ledgers."""
    return user.has_perm("counting.review_countsession") or user.has_perm("ledger.view_warehouseentry")


def sees_evidence_of(user, session):
    """The same, of this count: a blind one is closed to those who count."""
    return sees_evidence(user) and not session.closed


def sees_values(user):
    return user.has_perm("ledger.view_valueentry")
