"""The two ledgers."""

from django.contrib.auth.decorators import login_required, permission_required
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from inventory_site.asked import whole_number
from inventory_site.pages import Column, Listing, render_page
from inventory_site.visibility import blanked, unless_closed
from ledger.filters import EntriesOfItemFilter, ItemLedgerFilter, MovementsOfQuantFilter, WarehouseLedgerFilter
from ledger.models import ItemLedgerEntry, Kind, WarehouseEntry
from ledger.navigation import sections
from warehouse.list_files import Field, list_file
from warehouse.models import Item, Quant

SEES_VALUE = "ledger.view_valueentry"

ENTRY = Column("entry", _("Entry"), "pk", descending_first=True)
POSTED = Column("posted", _("Posted"), "register__posted_at", descending_first=True)
DOCUMENT = Column("document", _("Document"), "register__number")
QUANTITY = Column("quantity", _("Quantity"), num=True)
BALANCE = Column("balance", _("Balance"), num=True, sortable=False)
UNIT_COST = Column("unit_cost", _("Unit cost"), num=True, sortable=False)
VALUE = Column("value", _("Value"), "value_entry__amount", num=True)
BY = Column("by", _("By"), "register__by__username", css="wide-only")
ITEM = Column("item", _("Item"), "item__number", css="item")
LOCATION = Column("location", _("Location"), "location__name")
LOT = Column("lot", _("Lot or unit"), ("lot__number", "unit__code"))
ITEM_OF_QUANT = Column("item", _("Item"), "quant__item__number", css="item")
BIN = Column("bin", _("Bin"), ("quant__location__code", "quant__bin__walking_order", "quant__bin__code"))
DOCUMENT_OF_ENTRY = [
    Field(_("Posted"), "register__posted_at"),
    Field(_("Posting date"), "register__posting_date"),
    Field(_("Document"), "register__number"),
    Field(_("Kind"), "register__kind", words=dict(Kind.choices)),
]
WHO_AND_WHY = [
    Field(_("Reason"), "register__reason__name"),
    Field(_("Note"), "register__note"),
    Field(_("By"), "register__by__username"),
]
ITEM_LEDGER_FILE = [
    Field(_("Entry"), "pk"),
    *DOCUMENT_OF_ENTRY,
    Field(_("Item"), "item__number"),
    Field(_("Name"), "item__name"),
    Field(_("Variant"), "variant__code"),
    Field(_("Lot"), "lot__number"),
    Field(pgettext_lazy("piece", "Unit"), "unit__code"),
    Field(_("Location"), "location__code"),
    Field(_("Quantity"), "quantity", figure=True),
]
WAREHOUSE_LEDGER_FILE = [
    Field(_("Entry"), "pk"),
    *DOCUMENT_OF_ENTRY,
    Field(_("Item"), "quant__item__number"),
    Field(_("Name"), "quant__item__name"),
    Field(_("Variant"), "quant__variant__code"),
    Field(_("Lot"), "quant__lot__number"),
    Field(pgettext_lazy("piece", "Unit"), "unit__code"),
    Field(_("Location"), "quant__location__code"),
    Field(_("Bin"), "quant__bin__code"),
    Field(_("Quantity"), "quantity", figure=True),
    *WHO_AND_WHY,
]
LOT_OF_QUANT = Column("lot", _("Lot or unit"), ("quant__lot__number", "unit__code"))


@login_required
@require_http_methods(["GET"])
@permission_required("ledger.view_itemledgerentry", raise_exception=True)
def item_ledger(request):
    """What the locations own; `?item=` narrows it to one item, with its sums."""
    number = request.GET.get("item")
    item = get_object_or_404(Item.objects.with_names(), number=number) if number else None
    entries = ItemLedgerEntry.objects.open_to(request)
    narrowed = {"filterset": EntriesOfItemFilter, "omit": ["item"]} if item else {}
    listing = item_entries(request, entries.filter(item=item) if item else entries, **narrowed)
    money = [Field(_("Value"), "value_entry__amount", figure=True)] if request.user.has_perm(SEES_VALUE) else []
    fields = [*ITEM_LEDGER_FILE, *money, *WHO_AND_WHY]
    if file := list_file(request, listing, "item-ledger", fields, location="location"):
        return file
    context = {"listing": listing, "sections": sections(request, "item-ledger"), "item": item}
    if item:
        on_hand = Quant.objects.visible_to(request.user).filter(item=item).total()
        context |= {"on_hand": unless_closed(request, on_hand), "sums": listing.queryset.sums()}
    return render_page(request, "ledger/item_ledger.html", context, partial="list")


@login_required
@require_http_methods(["GET"])
@permission_required("ledger.view_warehouseentry", raise_exception=True)
def warehouse_ledger(request):
    """What lay in the bins; `?quant=` narrows it to one item in one bin, with its sums."""
    key = request.GET.get("quant", "")
    entries = WarehouseEntry.objects.open_to(request)
    quant = None
    if key:
        quants = Quant.objects.visible_to(request.user).with_names()
        quant = get_object_or_404(quants, pk=whole_number(key))
        blanked(request, [quant], "quantity")
        entries = entries.filter(quant=quant)
    narrowed = {"filterset": MovementsOfQuantFilter, "omit": ["item", "bin", "lot"]} if quant else {}
    listing = warehouse_entries(request, entries, **narrowed)
    if file := list_file(request, listing, "warehouse-ledger", WAREHOUSE_LEDGER_FILE, location="quant__location"):
        return file
    context = {"listing": listing, "sections": sections(request, "warehouse-ledger"), "quant": quant}
    if quant:
        context["sums"] = listing.queryset.sums()
    return render_page(request, "ledger/warehouse_ledger.html", context, partial="list")


def item_entries(request, entries, *, filterset=ItemLedgerFilter, omit=(), sort="-entry"):
    """A list of item ledger entries, with values for those who may see values; `omit`: keys of columns."""
    entries = entries.with_names().with_balance()
    columns = [ENTRY, POSTED, ITEM, LOCATION, LOT, DOCUMENT, QUANTITY, BALANCE]
    if request.user.has_perm(SEES_VALUE):
        entries = entries.with_value()
        columns += [UNIT_COST, VALUE]
    return entry_listing(request, entries, [*columns, BY], filterset, omit, sort, label=_("Item ledger entries"))


def warehouse_entries(request, entries, *, filterset=WarehouseLedgerFilter, omit=(), sort="-entry"):
    columns = [ENTRY, POSTED, ITEM_OF_QUANT, BIN, LOT_OF_QUANT, DOCUMENT, QUANTITY, BALANCE, BY]
    entries = entries.with_names().with_balance()
    return entry_listing(request, entries, columns, filterset, omit, sort, label=_("Warehouse entries"))


def entry_listing(request, entries, columns, filterset, omit, sort, *, label):
    """`listing.shows` tells the template which cells to draw, `listing.reader` who may open a document: whoever reads
    all of them, and else its author."""
    columns = [column for column in columns if column.key not in omit]
    listing = Listing(request, entries, filterset=filterset, columns=columns, sort=sort, label=label)
    listing.shows = {column.key: True for column in columns}
    listing.reader = {"all": request.user.has_perm("ledger.view_register"), "author": request.user.pk}
    return listing
