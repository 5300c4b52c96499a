"""What adjustment bins hold, telling it to the item ledger, and making a location directed."""

from functools import partial
from uuid import uuid4

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from inventory_site.errors import DomainError
from inventory_site.pages import Column, Listing, form_status, redirect_to, refuse, render_page
from inventory_site.visibility import CLOSED, closed_to
from ledger.converting import convert_location
from ledger.filters import AdjustmentBinFilter
from ledger.forms import RequestForm, typed
from ledger.navigation import sections
from ledger.posting import PAGE_WAIT, seen_only
from ledger.synchronising import synchronise, waiting
from ledger.views.documents import shown_of
from ledger.views.entries import SEES_VALUE
from warehouse.models import Location

COLUMNS = [
    Column("item", gettext_lazy("Item"), "item__number", css="item"),
    Column("lot", gettext_lazy("Lot or unit"), sortable=False),
    Column("location", gettext_lazy("Location"), "location__name"),
    Column("quantity", gettext_lazy("In the adjustment bin"), num=True, sortable=False),
]


@login_required
@require_http_methods(["GET"])
@permission_required("ledger.view_warehouseentry", raise_exception=True)
def adjustment_bins(request):
    """How far the books and the bins are apart, item by item: exactly what lies in the adjustment bins."""
    listing = adjustment_listing(request, waiting(), filterset=AdjustmentBinFilter)
    places = Location.objects.visible_to(request.user).filter(pk__in=listing.queryset.order_by().values("location"))
    context = {"listing": listing, "places": places, "sections": sections(request, "adjustment-bins")}
    return render_page(request, "ledger/adjustment_bins.html", context, partial="list")


def adjustment_listing(request, quants, *, filterset=None):
    """Of these quants of adjustment bins what this person may see."""
    quants = quants.visible_to(request.user).exclude(location__in=closed_to(request)).with_names()
    label = gettext_lazy("Adjustment bins")
    return Listing(request, quants, filterset=filterset, columns=COLUMNS, sort="item", label=label)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("ledger.post_journalbatch", raise_exception=True)
def synchronise_location(request, code):
    """First what would be posted, then, by a POST, it is. Twice is once."""
    location = open_location(request, code)

    def post(request_id):
        today = timezone.localdate()
        return synchronise(location, by=request.user, at=today, request_id=request_id, wait=PAGE_WAIT)

    said = _("%(location)s is synchronised.") % {"location": location.name}
    return confirmed(request, location, "ledger/synchronise.html", post, said=said)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("warehouse.change_bin", raise_exception=True)
def direct_location(request, code):
    """First what would move into the adjustment bin, then, by a POST, it does. There is no way back."""
    location = open_location(request, code)

    def post(request_id):
        return convert_location(location, by=request.user, at=timezone.localdate(), request_id=request_id)

    said = _("%(location)s is a directed location now.") % {"location": location.name}
    return confirmed(request, location, "ledger/direct.html", post, said=said)


def open_location(request, code):
    location = get_object_or_404(Location.objects.visible_to(request.user), code=code)
    if location.pk in closed_to(request):
        raise PermissionDenied(CLOSED)
    return location


def confirmed(request, location, template, post, *, said):
    """A page that shows what `post` would write, and does it when it is sent."""
    form = RequestForm(typed(request), initial={"request_id": uuid4()})
    context = {"location": location, "form": form}
    try:
        if form.is_valid():
            return redirect_to(request, post(form.cleaned_data["request_id"]) or location, toast=said)
        look = partial(shown_of, show_values=request.user.has_perm(SEES_VALUE))
        context["seen"] = seen_only(lambda: filter(None, [post(uuid4())]), look)
    except DomainError as error:
        if form.is_bound:
            refuse(form, error)
        context["refused"] = error
    return render_page(request, template, context, partial="form", status=form_status(form))
