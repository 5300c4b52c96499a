from django.contrib.auth.decorators import login_required, permission_required
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from inventory_site.pages import Column, Listing, render_page
from inventory_site.tabs import tabs_of
from inventory_site.visibility import closed_to, unless_closed
from warehouse import actions
from warehouse.filters import ItemFilter
from warehouse.list_files import Field, list_file
from warehouse.models import Item, Lot, Quant, Tracking
from warehouse.navigation import sections
from warehouse.views.suggestions import SUGGESTIONS, typed

FILE = [
    Field(_("Item"), "number"),
    Field(_("Name"), "name"),
    Field(_("Category"), "category__name"),
    Field(_("Unit of measure"), "base_unit__code"),
    Field(_("Tracking"), "tracking", words=dict(Tracking.choices)),
    Field(_("Blocked"), "blocked"),
    Field(_("On hand"), "on_hand", figure=True),
]


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_item", raise_exception=True)
def items(request):
    listing = Listing(
        request,
        Item.objects.with_names().with_stock(request.user),
        filterset=ItemFilter,
        sort="number",
        columns=[
            Column("number", _("Number")),
            Column("name", _("Name"), css="item"),
            Column("category", _("Category"), "category__name"),
            Column("tracking", _("Tracking")),
            Column("on_hand", _("On hand"), num=True, sortable=False),
        ],
        label=_("Items"),
    )
    if file := list_file(request, listing, "items", FILE):
        return file
    listing.labels_url = listing.leading_to(reverse("item-labels"))
    for item in listing.rows:
        item.on_hand = unless_closed(request, item.on_hand)
    context = {"listing": listing, "sections": sections(request, "items")}
    return render_page(request, "warehouse/items.html", context, partial="list")


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_item", raise_exception=True)
def item_detail(request, number):
    item = get_object_or_404(Item.objects.with_names(), number=number)
    quants = Quant.objects.visible_to(request.user).real().in_stock().filter(item=item)
    context = {
        "item": item,
        "places": places_with_stock(request, quants),
        "on_hand": unless_closed(request, quants.total()),
        "bins": unless_closed(request, quants.values("bin").distinct().count()),
        "lots": Lot.objects.filter(item=item).count() if item.tracking == "lot" else None,
        "tabs": tabs_of(request, "item", item),
        "actions": actions.links(request, "item", item),
    }
    return render_page(request, "warehouse/item.html", context, partial="tabs")


def places_with_stock(request, quants):
    """What lies at each location; what is closed to this person is not among it."""
    return quants.exclude(location__in=closed_to(request)).per_location()


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_item", raise_exception=True)
def suggest_items(request):
    """Options for a field in which an item is typed."""
    text = typed(request)
    fitting = Item.objects.matching(text).order_by("number")[:SUGGESTIONS] if text else []
    options = [(item.number, item.name) for item in fitting]
    return render(request, "warehouse/suggestions.html", {"options": options})
