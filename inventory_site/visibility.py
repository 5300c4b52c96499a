"""Quantities that are closed to a person just now. Whoever has a reason to close them says so here (counting does,
while a blind count is open), and every page with figures asks.

    # counting/apps.py, in ready()
    visibility.register(blindness.closed_locations)          # user -> the keys of the locations

A closed quantity is drawn as "–", and nothing else follows from it: no order, no filter, no sum, no colour.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

CLOSED = _("A blind count is open here: until it has ended, its quantities are closed to the people who count.")

reasons = []


def register(closed_locations) -> None:
    reasons.append(closed_locations)


def closed_to(request) -> frozenset[int]:
    """The locations of which this person is told no quantity; found out once for a request."""
    if not hasattr(request, "_closed_locations"):
        request._closed_locations = closed_for(request.user)
    return request._closed_locations


def closed_for(user) -> frozenset[int]:
    """The same where there is no request to remember it."""
    return frozenset().union(*(closed(user) for closed in reasons))


def blanked(request, rows: Iterable, *figures: str, location: str = "location_id") -> list:
    """The rows, without these figures where they are of a closed location."""
    rows, closed = list(rows), closed_to(request)
    for row in rows:
        if closed and getattr(row, location) in closed:
            for figure in figures:
                setattr(row, figure, None)
    return rows


def unless_closed(request, figure, location=None):
    """A figure of one location, or of all that this person sees; None where it, or one of them, is closed."""
    closed = closed_to(request)
    return None if location in closed or (location is None and closed) else figure


def in_open_order(request, columns: Iterable) -> list:
    """The columns of a list, numbers of closed locations being no order."""
    if not closed_to(request):
        return list(columns)
    return [replace(column, sortable=False) if column.num else column for column in columns]
