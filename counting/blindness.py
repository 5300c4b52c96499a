"""Blind counts: while one is open, the people who count are told no quantity of its location, anywhere.

Every page, file, sheet and print that shows a quantity of a count asks `sees_quantities` first, or is given a session
by `sessions_seen_by`, which has the answer with it; pages of the warehouse and of the ledgers ask
`inventory_site.visibility`, which is told by `closed_locations`.

What is left to them is in counting.telling.
"""

from django.db.models import Exists, OuterRef, QuerySet, Value

from counting.models import CountSession
from warehouse.models import User


def is_kept_blind(user: User) -> bool:
    """A person who counts and does not review: blind counts, and the results of earlier rounds, are closed to them.

    Whoever cannot count (an auditor, a planner) or reviews what was counted may see everything that they see otherwise.
    """
    return user.has_perm("counting.change_countsession") and not user.has_perm("counting.review_countsession")


def closed_locations(user: User) -> frozenset[int]:
    """Where a blind count is open that this person may take part in; one statement, and none for most people."""
    if not is_kept_blind(user):
        return frozenset()
    return frozenset(CountSession.objects.visible_to(user).open().blind().values_list("location", flat=True))


def sessions_seen_by(user: User) -> QuerySet:
    """The counts at this person's locations, each with `closed`: its quantities are closed to them."""
    sessions = CountSession.objects.visible_to(user)
    if not is_kept_blind(user):
        return sessions.annotate(closed=Value(False))
    blind = CountSession.objects.open().blind().filter(location=OuterRef("location"))
    return sessions.annotate(closed=Exists(blind))


def sees_quantities(user: User, session: CountSession) -> bool:
    """May this person be told system, book and counted quantities, discrepancies and values of this count?

    For exports, imports (their errors and previews), sheets, labels and every other answer about a count. Where it says
    no, the quantity is left out of the answer altogether: a blank cell or "–", and no column, order, filter, colour or
    status that follows from it. It is no for all counts of a location where a blind one is open.
    """
    return session.location_id not in closed_locations(user)


def sees_earlier_counts(user: User, session: CountSession) -> bool:
    """May this person be told what was counted before a recount was asked? A recount is blind to the first result."""
    return not is_kept_blind(user) and sees_quantities(user, session)
