"""What the warehouse itself puts on the pages of an item, a bin and a location."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inventory_site.pages import Column, Listing
from inventory_site.tabs import Tab
from inventory_site.visibility import unless_closed
from warehouse import actions
from warehouse.filters import (
    BinOfLocationFilter,
    LotFilter,
    StockOfBinFilter,
    StockOfItemFilter,
    StockOfLocationFilter,
    StockOfLotItemFilter,
    UnitOfBinFilter,
    UnitOfItemFilter,
)
from warehouse.models import Bin, Lot, Quant, Tracking, Unit
from warehouse.views.places import CODE, IN_STOCK, KIND, NAME, ZONE, bin_listing
from warehouse.views.stock import ACTIONS, BIN, ITEM, LOCATION, LOT, QUANTITY, stock_listing
from warehouse.views.units import unit_listing

STOCK, UNITS = "warehouse/tabs/stock.html", "warehouse/tabs/units.html"
SEES_UNITS = "warehouse.view_unit"


def stock_of_item(request, item):
    by_lot = is_tracked_by_lot(request, item)
    listing = stock_listing(
        request,
        Quant.objects.visible_to(request.user).filter(item=item),
        filterset=StockOfLotItemFilter if by_lot else StockOfItemFilter,
        columns=[BIN, LOCATION, *([LOT] if by_lot else []), QUANTITY, ACTIONS],
        sort="bin",
    )
    return STOCK, {"listing": listing}


def lots_of_item(request, item):
    listing = Listing(
        request,
        Lot.objects.filter(item=item).with_stock(request.user),
        filterset=LotFilter,
        sort="expires",
        columns=[
            Column("number", _("Lot"), css="item"),
            Column("expires", _("Expires"), "expiration_date"),
            Column("on_hand", _("On hand"), num=True, sortable=False),
            ACTIONS,
        ],
        label=_("Lots"),
    )
    listing.labels_url = listing.leading_to(reverse("lot-labels"), items=item.number)
    for lot in listing.rows:
        lot.item = item
        lot.on_hand = unless_closed(request, lot.on_hand)
    actions.with_actions(request, "lot", listing.rows)
    return "warehouse/tabs/lots.html", {"listing": listing, "item": item}


def codes_of_item(request, item):
    """Units of measure, bar codes and variants: a handful each."""
    return "warehouse/tabs/codes.html", {
        "item": item,
        "units": item.units.select_related("unit_of_measure"),
        "references": item.references.select_related("variant", "unit_of_measure"),
        "variants": item.variants.all(),
    }


def units_of_item(request, item):
    found = Unit.objects.open_to(request).filter(item=item)
    listing = unit_listing(request, found, filterset=UnitOfItemFilter, omit=["item"], item=item.number)
    return UNITS, {"listing": listing}


def units_of_bin(request, bin):
    found = Unit.objects.open_to(request).filter(quant__bin=bin)
    omit = ["state", "bin", "location"]
    return UNITS, {"listing": unit_listing(request, found, filterset=UnitOfBinFilter, omit=omit, place=bin.pk)}


def is_serialized(request, item):
    return item.is_serialized


def holds_units(request, bin):
    return Unit.objects.open_to(request).filter(quant__bin=bin).exists()


def stock_of_bin(request, bin):
    listing = stock_listing(
        request,
        Quant.objects.filter(bin=bin),
        filterset=StockOfBinFilter,
        columns=[ITEM, LOT, QUANTITY, ACTIONS],
        sort="item",
    )
    return STOCK, {"listing": listing}


def stock_of_location(request, location):
    listing = stock_listing(
        request,
        Quant.objects.filter(location=location),
        filterset=StockOfLocationFilter,
        columns=[ITEM, BIN, LOT, QUANTITY, ACTIONS],
        sort="bin",
    )
    return STOCK, {"listing": listing}


def bins_of_location(request, location):
    listing = bin_listing(
        request,
        Bin.objects.filter(location=location),
        columns=[CODE, NAME, ZONE, KIND, IN_STOCK],
        filterset=BinOfLocationFilter,
    )
    listing.labels_url = listing.leading_to(reverse("bin-labels"), location=location.code)
    return "warehouse/tabs/bins.html", {"listing": listing}


def is_tracked_by_lot(request, item):
    return item.tracking == Tracking.LOT


TABS = {
    "item": [
        Tab("stock", _("Stock"), stock_of_item, permission="warehouse.view_quant", order=10),
        Tab("units", _("Units"), units_of_item, permission=SEES_UNITS, when=is_serialized, order=15),
        Tab("lots", _("Lots"), lots_of_item, when=is_tracked_by_lot, order=20),
        Tab("codes", _("Packs and codes"), codes_of_item, order=30),
    ],
    "bin": [
        Tab("stock", _("Stock"), stock_of_bin, permission="warehouse.view_quant", order=10),
        Tab("units", _("Units"), units_of_bin, permission=SEES_UNITS, when=holds_units, order=20),
    ],
    "location": [
        Tab("stock", _("Stock"), stock_of_location, permission="warehouse.view_quant", order=10),
        Tab("bins", _("Bins"), bins_of_location, permission="warehouse.view_bin", order=20),
    ],
}
