"""All that happened to a count, with who and when; and where people write notes about it."""

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from counting.forms import ActivityForm, NoteForm
from counting.history import Viewer, everything
from counting.noting import write_note
from counting.views.access import sees_evidence_of, session_for
from inventory_site.errors import DomainError
from inventory_site.pages import form_status, redirect_to, refuse, render_page
from ledger.forms import typed

LAST_PAGE = 10_000


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("counting.view_countsession", raise_exception=True)
def count_activity(request, number):
    """The list; a POST adds a note to it."""
    session = session_for(request, number)
    may_write = may_write_notes(request.user)
    if request.method == "POST" and not may_write:
        raise PermissionDenied
    note = NoteForm(typed(request))
    if note.is_valid():
        try:
            write_note(session, note.cleaned_data["text"], by=request.user, at=timezone.now())
        except DomainError as error:
            refuse(note, error)
        else:
            return redirect_to(request, "count-activity", session.number, toast=_("Your note is kept."))
    context = {"session": session, "note": note, "may_write": may_write, **listed(request, session)}
    partial = "note" if request.method == "POST" else "list"
    return render_page(request, "counting/activity.html", context, partial=partial, status=form_status(note))


def may_write_notes(user):
    return user.has_perm("counting.change_countsession") or user.has_perm("counting.review_countsession")


def viewer_of(request, session):
    return Viewer(request.user, judged=sees_evidence_of(request.user, session), closed=session.closed)


def listed(request, session):
    """A page of the list, as the address narrows it."""
    viewer = viewer_of(request, session)
    form = ActivityForm(request.GET, session=session, viewer=viewer)
    chosen = form.cleaned_data if form.is_valid() else {}
    asked = request.GET.get("page", "")
    page = min(max(int(asked), 1), LAST_PAGE) if asked.isdecimal() and len(asked) < 6 else 1
    by = chosen.get("by")
    events, more = everything(session, viewer, by=by and by.pk, what=chosen.get("what", ""), page=page)
    return {
        "filters": form,
        "events": events,
        "newer": page - 1 if page > 1 else None,
        "older": page + 1 if more else None,
    }
