"""The list of counts, and opening one."""

from functools import partial
from uuid import uuid4

from django.contrib.auth.decorators import login_required, permission_required
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from counting.blindness import closed_locations
from counting.figures import progress_of, stage_of
from counting.filters import STAGES, SessionFilter
from counting.forms import ScopeForm
from counting.models import CountLine, CountSession, SearchTask
from counting.opening import open_session
from counting.policies import in_words
from counting.views.access import sees_evidence, sees_values
from counting.walking import where_stopped
from inventory_site.errors import DomainError
from inventory_site.pages import Column, Listing, form_status, redirect_to, refuse, render_page
from inventory_site.templatetags.truecount import quantity
from inventory_site.visibility import closed_to
from ledger.synchronising import waiting

COLUMNS = [
    Column("number", gettext_lazy("Count"), "pk", descending_first=True),
    Column("location", gettext_lazy("Location"), ("location__name", "-pk")),
    Column("status", gettext_lazy("Status"), sortable=False),
    Column("counted", gettext_lazy("Counted"), sortable=False, width="18%"),
    Column("found", gettext_lazy("Adjusted"), num=True, sortable=False),
    Column("opened", gettext_lazy("Opened"), "opened_at", descending_first=True),
    Column("ended", gettext_lazy("Ended"), "ended_at", descending_first=True),
]


@login_required
@require_http_methods(["GET"])
@permission_required("counting.view_countsession", raise_exception=True)
def counts(request):
    visible = CountSession.objects.visible_to(request.user)
    listing = Listing(
        request,
        visible.with_names(),
        columns=COLUMNS,
        sort="-number",
        filterset=SessionFilter,
        label=gettext_lazy("Counts"),
    )
    judged = sees_evidence(request.user) and not closed_to(request)
    context = {
        "listing": listing,
        "rows": with_figures(listing.rows),
        "stages": stage_links(request, visible),
        "stopped": where_stopped(request.user),
        "judged": judged,
        "show_values": judged and sees_values(request.user),
        "searches": partial(searches_going_on, request),  # for the page, not for its part
    }
    return render_page(request, "counting/sessions.html", context, partial="list")


def searches_going_on(request):
    may = request.user.has_perm("counting.view_searchtask")
    return SearchTask.objects.open_to(request).going_on().count() if may else 0


def with_figures(sessions):
    """Each session with how far it is and the word for it."""
    progress = progress_of(sessions)
    return [
        {"session": session, "progress": progress[session.pk], "stage": stage_of(session, progress[session.pk])}
        for session in sessions
    ]


def stage_links(request, visible):
    numbers, asked = visible.stages(), request.GET.get("stage", "")
    chosen = asked if asked in numbers else ""
    return [
        {"url": stage_url(request, stage), "label": label, "current": stage == chosen, "count": numbers[stage]}
        for stage, label in STAGES
    ]


def stage_url(request, stage):
    query = QueryDict(mutable=True)
    query.update({name: request.GET[name] for name in ("q", "mine", "sort") if request.GET.get(name)})
    if stage:
        query["stage"] = stage
    return f"{reverse('counts')}?{query.urlencode()}" if query else reverse("counts")


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("counting.add_countsession", raise_exception=True)
def count_new(request):
    if request.method == "GET":
        return scope_page(request)
    form = ScopeForm(request.POST, request.FILES, user=request.user)
    if form.is_valid():
        try:
            opened = open_session(
                form.cleaned_data["location"],
                by=request.user,
                at=timezone.now(),
                request_id=form.cleaned_data["request_id"],
                scope=form.scope(),
                policies=form.policies(),
                name=form.cleaned_data["name"],
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect_to(request, opened.session, toast=said_of(opened))
    return render_page(request, "counting/new.html", {"form": form}, partial="form", status=form_status(form))


def scope_page(request):
    """The form as the address fills it; for htmx what it would count, or itself with another location's zones."""
    asked = request.GET
    initial = {
        name: asked.getlist(name) if name == "zones" else asked[name] for name in ScopeForm.base_fields if name in asked
    }
    form = ScopeForm(initial=initial, user=request.user)
    if "location" not in initial:
        usual = form.fields["location"].queryset.usual_for(request.user)
        initial["location"] = usual.code if usual else ""
        form = ScopeForm(initial=initial, user=request.user)
    context = {"form": form, "preview": preview_of(as_sent(initial), request.user) if initial.get("location") else None}
    only_preview = request.htmx.target == "preview"
    return render_page(request, "counting/new.html", context, partial="preview" if only_preview else "form")


def as_sent(initial):
    """Initial values as a form would send them."""
    data = QueryDict(mutable=True)
    for name, value in {"request_id": uuid4(), **initial}.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def preview_of(data, user):
    """What opening would take: how many lines, and which other counts hold some of them."""
    form = ScopeForm(data, user=user)
    if not form.is_valid():
        return {"errors": [error for errors in form.errors.values() for error in errors]}
    location = form.cleaned_data["location"]
    quants = form.scope().quants(location)
    held = dict(CountLine.objects.open().filter(quant__in=quants).per_session())
    return {
        "lines": quants.count() - sum(held.values()),
        "held": held,
        "policies": in_words(form.policies()),
        "location": location,
        "waiting": not_synchronised(location, user),
    }


def not_synchronised(location, user):
    """How many items the books of a directed location have to hear of; not told where quantities are closed."""
    if not location.directed or location.pk in closed_locations(user):
        return 0
    return waiting().filter(location=location).values("item").distinct().count()


def said_of(opened):
    said = ngettext("%(number)s is open: %(lines)s line.", "%(number)s is open: %(lines)s lines.", opened.lines) % {
        "number": opened.session.number,
        "lines": quantity(opened.lines),
    }
    skipped = [_("Blocked, and left out: %s.") % opened.skipped] if opened.skipped else []
    return " ".join([said, *(stays(number, lines) for number, lines in opened.held.items()), *skipped])


def stays(number, lines):
    return ngettext("%(lines)s line stays with %(number)s.", "%(lines)s lines stay with %(number)s.", lines) % {
        "lines": quantity(lines),
        "number": number,
    }
