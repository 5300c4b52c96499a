"""How people get to the pages of the warehouse, and where they are."""

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from inventory_site.context import NavItem
from warehouse.actions import Action
from warehouse.models import Location

STOCK = NavItem(
    _("Stock"),
    "stock",
    "box",
    permission="warehouse.view_quant",
    order=30,
    under=("/items/", "/units/", "/bins/", "/locations/"),
)

PAGES = (
    ("stock", _("Stock"), "warehouse.view_quant"),
    ("items", _("Items"), "warehouse.view_item"),
    ("units", _("Units"), "warehouse.view_unit"),
    ("bins", _("Bins"), "warehouse.view_bin"),
    ("locations", _("Locations"), "warehouse.view_location"),
)


def sections(request, here):
    """Links between the lists of the warehouse, for components/links.html."""
    return [
        {"url": reverse(name), "label": label, "current": name == here}
        for name, label, permission in PAGES
        if request.user.has_perm(permission)
    ]


def usual_location(request):
    """What the top bar shows."""
    return Location.objects.usual_for(request.user)


def labels(name, **chosen):
    return f"{reverse(name)}?{urlencode(chosen)}"


# Labels are printed of one thing, or of what a list shows: then the filters of the list say of which.
PRINT_LABELS = {
    "bin": Action(
        "labels",
        _("Label"),
        "print",
        lambda bin: labels("bin-labels", location=bin.location.code, bins=bin.code),
        "warehouse.view_bin",
        order=80,
    ),
    "item": Action(
        "labels",
        _("Label"),
        "print",
        lambda item: labels("item-labels", items=item.number),
        "warehouse.view_item",
        order=80,
    ),
    "lot": Action(
        "labels",
        _("Label"),
        "print",
        lambda lot: labels("lot-labels", items=lot.item.number, lots=lot.number),
        "warehouse.view_item",
        order=80,
    ),
    "unit": Action(
        "labels",
        _("Label"),
        "print",
        lambda unit: labels("unit-labels", item=unit.item.number, units=unit.code),
        "warehouse.view_unit",
        order=80,
    ),
    "location": Action(
        "labels",
        _("Bin labels"),
        "print",
        lambda location: labels("bin-labels", location=location.code),
        "warehouse.view_bin",
        order=80,
    ),
}
