from django.contrib.auth.decorators import login_required, permission_required
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from inventory_site.pages import Column, Listing, render_page
from inventory_site.tabs import tabs_of
from inventory_site.visibility import blanked, unless_closed
from warehouse import actions
from warehouse.filters import BinFilter, LocationFilter
from warehouse.holders import holders
from warehouse.models import Bin, Location, Quant
from warehouse.navigation import sections
from warehouse.views.suggestions import SUGGESTIONS, typed

CODE = Column("code", _("Bin"), ("walking_order", "code"))
NAME = Column("name", _("Name"), css="item")
LOCATION = Column("location", _("Location"), ("location__name", "walking_order", "code"))
ZONE = Column("zone", _("Zone"), ("zone__code", "walking_order", "code"))
KIND = Column("kind", _("Kind"))
IN_STOCK = Column("quants_in_stock", _("Items and lots in it"), num=True, sortable=False)


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_bin", raise_exception=True)
def bins(request):
    listing = bin_listing(
        request, Bin.objects.visible_to(request.user), columns=[CODE, NAME, LOCATION, ZONE, KIND, IN_STOCK]
    )
    context = {"listing": listing, "sections": sections(request, "bins")}
    return render_page(request, "warehouse/bins.html", context, partial="list")


def bin_listing(request, bins, *, columns, filterset=BinFilter):
    bins = bins.real().with_names().with_size()
    listing = Listing(request, bins, filterset=filterset, columns=columns, sort="code", label=_("Bins"))
    listing.labels_url = listing.leading_to(reverse("bin-labels"))
    blanked(request, listing.rows, "quants_in_stock")
    return listing


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_bin", raise_exception=True)
def bin_detail(request, location, code):
    bin = get_object_or_404(Bin.objects.visible_to(request.user).with_names(), location__code=location, code=code)
    quants = Quant.objects.filter(bin=bin).in_stock()
    context = {
        "bin": bin,
        "items": unless_closed(request, quants.values("item").distinct().count(), bin.location_id),
        "holders": holders(request.user, bin.holds.values_list("held_by", flat=True).distinct()),
        "tabs": tabs_of(request, "bin", bin),
        "actions": actions.links(request, "bin", bin),
    }
    return render_page(request, "warehouse/bin.html", context, partial="tabs")


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_location", raise_exception=True)
def locations(request):
    listing = Listing(
        request,
        Location.objects.visible_to(request.user).with_size(),
        filterset=LocationFilter,
        sort="name",
        columns=[
            Column("name", _("Location"), css="item"),
            Column("code", _("Code")),
            Column("zone_count", _("Zones"), num=True, sortable=False),
            Column("bin_count", _("Bins"), num=True, sortable=False),
        ],
        label=_("Locations"),
    )
    context = {"listing": listing, "sections": sections(request, "locations")}
    return render_page(request, "warehouse/locations.html", context, partial="list")


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_location", raise_exception=True)
def location_detail(request, code):
    location = get_object_or_404(Location.objects.visible_to(request.user).with_size(), code=code)
    quants = Quant.objects.filter(location=location).real().in_stock()
    context = {
        "location": location,
        "quants": unless_closed(request, quants.count(), location.pk),
        "items": unless_closed(request, quants.values("item").distinct().count(), location.pk),
        "people": location.people.filter(is_active=True).order_by("username"),
        "tabs": tabs_of(request, "location", location),
        "actions": actions.links(request, "location", location),
    }
    return render_page(request, "warehouse/location.html", context, partial="tabs")


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_bin", raise_exception=True)
def suggest_bins(request):
    """Options for a field in which a bin of a location is typed."""
    text, location = typed(request), request.GET.get("other_location") or request.GET.get("location", "")
    fitting = Bin.objects.visible_to(request.user).real().matching(text).in_walking_order()
    if location:
        fitting = fitting.filter(location__code=location)
    options = [(bin.code, bin.name) for bin in fitting[:SUGGESTIONS]] if text else []
    return render(request, "warehouse/suggestions.html", {"options": options})
