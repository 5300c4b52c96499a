"""Taking back what a completed count has posted: first what it would do, then, with a reason, it is done."""

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from counting.forms import ReversalForm
from counting.models import Status
from counting.reversing import REVERSES, documents_of, is_reversed, preview_reversal, reverse_lines, reverse_session
from counting.views.access import CLOSED, sees_values, session_for
from inventory_site.asked import whole_number
from inventory_site.errors import DomainError
from inventory_site.pages import form_status, redirect_to, refuse, render_page
from ledger.forms import typed
from ledger.views.documents import SHOWN, shown_of
from ledger.views.overriding import Override

MOST = 1000  # lines in one address


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(REVERSES, raise_exception=True)
def count_reverse(request, number):
    """All that a count has posted, or the lines in the address: `?line=`."""
    session = session_for(request, number)
    if session.closed:
        raise PermissionDenied(CLOSED)
    if session.status != Status.COMPLETED:
        return redirect_to(request, session)
    lines = asked_lines(request)
    form, override = ReversalForm(typed(request)), Override(request)
    if form.is_valid():
        said = {"note": form.cleaned_data["note"], "override": override.reason}
        try:
            documents = taken_back(request, session, lines, said)
        except DomainError as error:
            refuse(form, error)
            override.met(error)
        else:
            numbers = ", ".join(document.number for document in documents)
            return redirect_to(request, session, toast=_("Taken back with %s.") % numbers)
    elif not form.is_bound and lines is None and is_reversed(session):
        return redirect_to(request, session)
    seen = seen_before(request, session, lines)
    if "refused" in seen:
        override.met(seen["refused"])
    context = {
        "session": session,
        "form": form,
        "override": override,
        "lines": lines,
        "documents": documents_of(session),
        **seen,
    }
    return render_page(request, "counting/reverse.html", context, partial="form", status=form_status(form))


def asked_lines(request):
    """The keys of the lines, or None for all of the count."""
    asked = (request.POST if request.method == "POST" else request.GET).getlist("line")[:MOST]
    keys = map(whole_number, asked)
    return [key for key in keys if key is not None] if asked else None


def taken_back(request, session, lines, said):
    stamps = {"by": request.user, "at": timezone.now(), **said}
    return reverse_session(session, **stamps) if lines is None else reverse_lines(session, lines, **stamps)


def seen_before(request, session, lines):
    try:
        seen = preview_reversal(session, lines, by=request.user, at=timezone.now())
    except DomainError as error:
        return {"refused": error, "problems": getattr(error, "errors", ())[:SHOWN]}
    return {"seen": shown_of(seen, show_values=sees_values(request.user))}
