"""What the ledgers put on the pages of items, bins, locations and documents, and what can be done with stock there."""

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from inventory_site.pages import Column, Listing
from inventory_site.tabs import Tab
from inventory_site.visibility import closed_to
from ledger.filters import (
    DocumentOfLocationFilter,
    EntriesOfDocumentFilter,
    EntriesOfItemFilter,
    MovementsOfBinFilter,
    MovementsOfDocumentFilter,
    MovementsOfItemFilter,
    MovementsOfUnitFilter,
    ValueFilter,
)
from ledger.models import ItemLedgerEntry, Register, StockValue, WarehouseEntry
from ledger.synchronising import waiting
from ledger.views.adjustment_bins import adjustment_listing
from ledger.views.documents import document_listing
from ledger.views.entries import SEES_VALUE, item_entries, warehouse_entries
from warehouse.actions import Action
from warehouse.models import BinKind

ITEM_ENTRIES, WAREHOUSE_ENTRIES = "ledger/tabs/item_entries.html", "ledger/tabs/warehouse_entries.html"
VALUE = Column("value", _("Value"), num=True, descending_first=True)
AVERAGE = Column("average", _("Average cost"), num=True, sortable=False)
OWNED = Column("quantity", _("Quantity"), num=True, descending_first=True)


def entries_of_item(request, item):
    entries = ItemLedgerEntry.objects.open_to(request).filter(item=item)
    return ITEM_ENTRIES, {"listing": item_entries(request, entries, filterset=EntriesOfItemFilter, omit=["item"])}


def movements_of_item(request, item):
    entries = WarehouseEntry.objects.open_to(request).filter(quant__item=item)
    listing = warehouse_entries(request, entries, filterset=MovementsOfItemFilter, omit=["item"])
    return WAREHOUSE_ENTRIES, {"listing": listing}


def movements_of_bin(request, bin):
    entries = WarehouseEntry.objects.open_to(request).filter(quant__bin=bin)
    listing = warehouse_entries(request, entries, filterset=MovementsOfBinFilter, omit=["bin"])
    return WAREHOUSE_ENTRIES, {"listing": listing}


def movements_of_unit(request, unit):
    entries = WarehouseEntry.objects.open_to(request).filter(unit=unit)
    listing = warehouse_entries(request, entries, filterset=MovementsOfUnitFilter, omit=["item", "lot", "balance"])
    return WAREHOUSE_ENTRIES, {"listing": listing}


def movements_of_document(request, register):
    entries = WarehouseEntry.objects.open_to(request).filter(register=register)
    omit = ["posted", "document", "by"]
    listing = warehouse_entries(request, entries, filterset=MovementsOfDocumentFilter, omit=omit, sort="entry")
    return WAREHOUSE_ENTRIES, {"listing": listing}


def entries_of_document(request, register):
    entries = ItemLedgerEntry.objects.open_to(request).filter(register=register)
    omit = ["posted", "document", "by"]
    listing = item_entries(request, entries, filterset=EntriesOfDocumentFilter, omit=omit, sort="entry")
    return ITEM_ENTRIES, {"listing": listing}


def owns_other_than_it_moves(request, register):
    """A movement within a location leaves the item ledger alone."""
    return ItemLedgerEntry.objects.open_to(request).filter(register=register).exists()


def documents_of_location(request, location):
    registers = Register.objects.filter(location=location) | Register.objects.filter(other_location=location)
    listing = document_listing(request, registers, filterset=DocumentOfLocationFilter)
    return "ledger/tabs/documents.html", {"listing": listing}


def value_of_item(request, item):
    """Quantity and value at each location."""
    listing = Listing(
        request,
        StockValue.objects.open_to(request).in_stock().filter(item=item).with_names().with_average(),
        columns=[Column("location", _("Location"), "location__name", css="item"), OWNED, AVERAGE, VALUE],
        sort="location",
        label=_("Value by location"),
    )
    return "ledger/tabs/value.html", {"listing": listing, "of": "item", "total": listing.queryset.total()}


def value_of_location(request, location):
    listing = Listing(
        request,
        StockValue.objects.open_to(request).filter(location=location).in_stock().with_names().with_average(),
        filterset=ValueFilter,
        columns=[Column("item", _("Item"), "item__number", css="item"), OWNED, AVERAGE, VALUE],
        sort="-value",
        label=_("Value by item"),
    )
    return "ledger/tabs/value.html", {"listing": listing, "of": "location", "total": listing.queryset.total()}


def adjustment_bins_of_item(request, item):
    """How far the books and the bins are apart of it, at each location."""
    return "ledger/tabs/adjustment.html", {"listing": adjustment_listing(request, waiting().filter(item=item))}


def adjustment_bin_of_location(request, location):
    listing = adjustment_listing(request, waiting().filter(location=location))
    return "ledger/tabs/adjustment.html", {"listing": listing}


def waits_somewhere(request, item):
    """Only where something waits: most items know no directed location."""
    return waiting().visible_to(request.user).filter(item=item).exclude(location__in=closed_to(request)).exists()


def is_directed(request, location):
    return location.directed


SEES_BINS = "ledger.view_warehouseentry"
TABS = {
    "item": [
        Tab(
            "apart", _("Adjustment bins"), adjustment_bins_of_item, permission=SEES_BINS, when=waits_somewhere, order=36
        ),
        Tab("value", _("Value"), value_of_item, permission=SEES_VALUE, order=35),
        Tab("item-entries", _("Item ledger"), entries_of_item, permission="ledger.view_itemledgerentry", order=40),
        Tab("entries", _("Warehouse entries"), movements_of_item, permission="ledger.view_warehouseentry", order=45),
    ],
    "bin": [Tab("entries", _("Entries"), movements_of_bin, permission="ledger.view_warehouseentry", order=40)],
    # Whoever may see a unit may see where it has been.
    "unit": [Tab("entries", _("Entries"), movements_of_unit, order=10)],
    "location": [
        Tab(
            "apart", _("Adjustment bins"), adjustment_bin_of_location, permission=SEES_BINS, when=is_directed, order=36
        ),
        Tab("value", _("Value"), value_of_location, permission=SEES_VALUE, order=35),
        Tab("documents", _("Documents"), documents_of_location, permission="ledger.view_register", order=40),
    ],
    # Whoever may see a document may see what it moved.
    "document": [
        Tab("entries", _("Warehouse entries"), movements_of_document, order=10),
        Tab(
            "item-entries",
            _("Item ledger entries"),
            entries_of_document,
            permission="ledger.view_itemledgerentry",
            when=owns_other_than_it_moves,
            order=20,
        ),
    ],
}


def page(name, **parameters):
    return f"{reverse(name)}?{urlencode(parameters)}" if parameters else reverse(name)


def with_unit(name, unit):
    return page(name, quant=unit.quant_id, unit=unit.code)


def is_here(unit):
    return unit.quant_id is not None


def is_on_its_shelf(unit):
    """What is being searched for is found first: it is moved out of the missing bin."""
    return is_here(unit) and unit.quant.bin.kind != BinKind.MISSING


POSTS = "ledger.add_register"
ACTIONS = {
    "stock": [
        Action("receive", _("Receive"), "receive", lambda nothing: page("receive"), POSTS, order=10),
        Action("issue", _("Issue"), "issue", lambda nothing: page("issue"), POSTS, order=20),
        Action("move", _("Move"), "move", lambda nothing: page("move"), POSTS, order=30),
        Action("transfer", _("Transfer"), "transfer", lambda nothing: page("transfer"), POSTS, order=40),
        Action("import", _("Import"), "upload", lambda nothing: page("import-stock"), "ledger.import_stock", order=50),
    ],
    "quant": [
        Action("move", _("Move"), "move", lambda quant: page("move", quant=quant.pk), POSTS, order=10),
        Action("issue", _("Issue"), "issue", lambda quant: page("issue", quant=quant.pk), POSTS, order=20),
        Action(
            "adjust",
            _("Adjust"),
            "edit",
            lambda quant: reverse("adjust", args=[quant.pk]),
            "ledger.adjust_register",
            when=lambda quant: not quant.item.is_serialized,
            order=30,
        ),
        Action(
            "units",
            _("Units"),
            "box",
            lambda quant: page("units", quant=quant.pk),
            "warehouse.view_unit",
            when=lambda quant: quant.item.is_serialized,
            order=5,
        ),
        Action(
            "entries",
            _("Entries"),
            "book",
            lambda quant: page("warehouse-ledger", quant=quant.pk),
            "ledger.view_warehouseentry",
            order=40,
        ),
    ],
    "unit": [
        Action("move", _("Move"), "move", lambda unit: with_unit("move", unit), POSTS, when=is_here, order=10),
        Action(
            "issue", _("Issue"), "issue", lambda unit: with_unit("issue", unit), POSTS, when=is_on_its_shelf, order=20
        ),
    ],
    "location": [
        Action(
            "synchronise",
            _("Synchronise"),
            "scale",
            lambda location: reverse("synchronise", args=[location.code]),
            "ledger.post_journalbatch",
            when=lambda location: location.directed,
        ),
        Action(
            "direct",
            _("Make it directed"),
            "rack",
            lambda location: reverse("direct-location", args=[location.code]),
            "warehouse.change_bin",
            when=lambda location: not location.directed,
            order=90,
        ),
    ],
    "item": [
        Action(
            "ledger",
            _("Ledger"),
            "book",
            lambda item: page("item-ledger", item=item.number),
            "ledger.view_itemledgerentry",
        ),
        Action(
            "adjust",
            _("Adjust inventory"),
            "edit",
            lambda item: reverse("item-adjust", args=[item.number]),
            "ledger.post_journalbatch",
            when=lambda item: not item.is_serialized,
            order=60,
        ),
    ],
}
