"""Units that a count did not find: who looks for them, until when, and how it ends."""

from django.contrib.auth.decorators import login_required, permission_required
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from counting.filters import SearchFilter
from counting.forms import AssignForm, FoundForm, WriteOffForm
from counting.models import SearchTask
from counting.searching import assign, found, write_off
from inventory_site.errors import DomainError
from inventory_site.pages import Column, Listing, redirect_to, refuse, render_page

UNIT = Column("unit", pgettext_lazy("piece", "Unit"), "unit__code", css="item")
LAST_BIN = Column("bin", gettext_lazy("Last in"), ("last_bin__walking_order", "last_bin__code"))
STATE = Column("state", gettext_lazy("State"), sortable=False)
DUE = Column("due", gettext_lazy("Search until"), "due_on")
WHO = Column("who", gettext_lazy("Assigned to"), "assigned_to__username")
COUNT = Column("count", gettext_lazy("Count"), "session", descending_first=True)

SEES = "counting.view_searchtask"
ASSIGNS = (SEES, "counting.review_countsession")
FINDS = (SEES, "ledger.add_register")
WRITES_OFF = (SEES, "counting.complete_countsession")


@login_required
@require_http_methods(["GET"])
@permission_required(SEES, raise_exception=True)
def searches(request):
    listing = Listing(
        request,
        SearchTask.objects.open_to(request).with_names(),
        filterset=SearchFilter,
        columns=[UNIT, LAST_BIN, STATE, DUE, WHO, COUNT],
        sort="due",
        label=_("Missing units"),
    )
    context = {"listing": listing, "today": timezone.localdate()}
    return render_page(request, "counting/searches.html", context, partial="list")


def search_for(request, pk):
    return get_object_or_404(SearchTask.objects.open_to(request).with_names(), pk=pk)


@login_required
@require_http_methods(["GET"])
@permission_required(SEES, raise_exception=True)
def search_detail(request, pk):
    return search_page(request, search_for(request, pk))


def search_page(request, task, **forms):
    """The page; of the forms on it the one that was sent, with what is wrong with it."""
    context = {
        "task": task,
        "goes_on": SearchTask.objects.going_on().filter(pk=task.pk).exists(),
        "today": timezone.localdate(),
        "found_form": FoundForm(),
        "assign_form": AssignForm(task=task),
        "write_off_form": WriteOffForm(),
        **forms,
    }
    return render_page(request, "counting/search.html", context, partial="search", status=422 if forms else 200)


@login_required
@require_http_methods(["POST"])
@permission_required(FINDS, raise_exception=True)
def search_found(request, pk):
    task = search_for(request, pk)
    form = FoundForm(request.POST, location=task.session.location)
    if form.is_valid():
        said = _("%(unit)s is back in %(bin)s.")
        try:
            found(task, by=request.user, at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            toast = said % {"unit": task.unit, "bin": form.cleaned_data["bin"]}
            return redirect_to(request, reverse("searches"), toast=toast)
    return search_page(request, task, found_form=form)


@login_required
@require_http_methods(["POST"])
@permission_required(ASSIGNS, raise_exception=True)
def search_assign(request, pk):
    task = search_for(request, pk)
    form = AssignForm(request.POST, task=task)
    if form.is_valid():
        person = form.cleaned_data["to"]
        try:
            assign(task, to=person)
        except DomainError as error:
            refuse(form, error)
        else:
            said = _("%(person)s looks for %(unit)s.") if person else _("Nobody in particular looks for %(unit)s.")
            return redirect_to(request, task, toast=said % {"person": person, "unit": task.unit}, level="recorded")
    return search_page(request, task, assign_form=form)


@login_required
@require_http_methods(["POST"])
@permission_required(WRITES_OFF, raise_exception=True)
def search_write_off(request, pk):
    task = search_for(request, pk)
    form = WriteOffForm(request.POST)
    if form.is_valid():
        try:
            register = write_off(task, by=request.user, at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            toast = _("%(unit)s is written off with %(document)s.") % {"unit": task.unit, "document": register}
            return redirect_to(request, reverse("searches"), toast=toast)
    return search_page(request, task, write_off_form=form)
