"""One unit: where it is, or since when and by which document it is gone."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from inventory_site.pages import render_page
from inventory_site.tabs import tabs_of
from ledger.models import WarehouseEntry
from ledger.views.entries import SEES_VALUE
from warehouse import actions
from warehouse.models import Unit

ASKED_AT_ONCE = 20


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_unit", raise_exception=True)
def unit_detail(request, code):
    """By its code; where the serial numbers of several items are the same, `?item=` says which, else the page asks."""
    fitting = Unit.objects.open_to(request).with_names().filter(code=code)
    if number := request.GET.get("item", ""):
        fitting = fitting.filter(item__number=number)
    units = list(fitting.order_by("item__number")[:ASKED_AT_ONCE])
    if not units:
        raise Http404(_("There is no such unit at your locations."))
    if len(units) > 1:
        return render_page(request, "ledger/which_unit.html", {"code": code, "units": units}, partial="list")
    unit = units[0]
    context = {
        "unit": unit,
        "newest": newest_entry(request, unit),
        "sees_cost": request.user.has_perm(SEES_VALUE),
        "tabs": tabs_of(request, "unit", unit),
        "actions": actions.links(request, "unit", unit),
    }
    return render_page(request, "ledger/unit.html", context, partial="tabs")


def newest_entry(request, unit):
    """What brought it where it is, or took it away."""
    entries = WarehouseEntry.objects.open_to(request).filter(pk=unit.last_entry)
    return entries.select_related("register__by", "quant__bin__location").first()
