"""Serialized units: all of them, those of an item, and those in a place."""

from django.contrib.auth.decorators import login_required, permission_required
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from inventory_site.asked import whole_number
from inventory_site.pages import Column, Listing, render_page
from inventory_site.visibility import blanked
from warehouse.filters import UnitFilter, UnitOfQuantFilter
from warehouse.list_files import Field, list_file
from warehouse.models import Quant, Unit, UnitState
from warehouse.navigation import sections

SEES_COST = "ledger.view_valueentry"

CODE = Column("code", pgettext_lazy("piece", "Unit"), css="item")
ITEM = Column("item", _("Item"), ("item__number", "code"))
STATE = Column("state", _("State"), ("state", "code"))
BIN = Column("bin", _("Bin"), ("quant__bin__walking_order", "quant__bin__code", "code"))
LOCATION = Column("location", _("Location"), ("quant__location__name", "code"))
LOT = Column("lot", _("Lot"), ("lot__number", "code"))
COST = Column("cost", _("Cost"), num=True, descending_first=True)
FILE = [
    Field(_("Item"), "item__number"),
    Field(_("Name"), "item__name"),
    Field(_("Variant"), "variant__code"),
    Field(pgettext_lazy("piece", "Unit"), "code"),
    Field(_("Serial number"), "serial_number"),
    Field(_("Manufacturer's number"), "manufacturer_number"),
    Field(_("Lot"), "lot__number"),
    Field(_("State"), "state", words=dict(UnitState.choices)),
    Field(_("Location"), "quant__location__code"),
    Field(_("Bin"), "quant__bin__code"),
]


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_unit", raise_exception=True)
def units(request):
    """All units; `?quant=` narrows them to those of one item in one bin."""
    key, quant = request.GET.get("quant", ""), None
    found = Unit.objects.open_to(request)
    if key:
        quant = get_object_or_404(Quant.objects.visible_to(request.user).with_names(), pk=whole_number(key))
        blanked(request, [quant], "quantity")
        found = found.filter(quant=quant)
    narrowed = {"filterset": UnitOfQuantFilter, "omit": ["item", "bin", "location", "state"]} if quant else {}
    listing = unit_listing(request, found, **narrowed)
    cost = [Field(_("Cost"), "cost", figure=True)] if request.user.has_perm(SEES_COST) else []
    if file := list_file(request, listing, "units", [*FILE, *cost], location="quant__location"):
        return file
    context = {"listing": listing, "sections": sections(request, "units"), "quant": quant}
    return render_page(request, "warehouse/units.html", context, partial="list")


def unit_listing(request, found, *, filterset=UnitFilter, omit=(), **chosen):
    """A list of units; `omit`: keys of columns, `chosen`: what the address of their labels has to say besides."""
    columns = [CODE, ITEM, STATE, BIN, LOCATION, LOT]
    if request.user.has_perm(SEES_COST):
        columns.append(COST)
    columns = [column for column in columns if column.key not in omit]
    listing = Listing(request, found.with_names(), filterset=filterset, columns=columns, sort="code", label=_("Units"))
    listing.shows = {column.key: True for column in columns}
    listing.labels_url = listing.leading_to(reverse("unit-labels"), **chosen)
    return listing
