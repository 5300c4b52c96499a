"""What lies where."""

from django.contrib.auth.decorators import login_required, permission_required
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from inventory_site.pages import Column, Listing, render_page
from inventory_site.visibility import blanked, in_open_order
from warehouse import actions
from warehouse.filters import StockFilter
from warehouse.list_files import Field, list_file
from warehouse.models import Quant
from warehouse.navigation import sections

# No more keys than people notice: each further text costs comparisons in a sort of all rows.
ITEM = Column("item", _("Item"), ("item__number", "bin__walking_order", "bin__code"), css="item")
BIN = Column("bin", _("Bin"), ("bin__walking_order", "bin__code", "item__number"))
LOT = Column("lot", _("Lot, expires"), ("lot__expiration_date", "lot__number"))
QUANTITY = Column("quantity", _("On hand"), num=True, descending_first=True)
LOCATION = Column("location", _("Location"), ("location__name", "bin__walking_order", "bin__code"))
ACTIONS = Column("", "")
FILE = [
    Field(_("Location"), "location__code"),
    Field(_("Bin"), "bin__code"),
    Field(_("Item"), "item__number"),
    Field(_("Name"), "item__name"),
    Field(_("Variant"), "variant__code"),
    Field(_("Lot"), "lot__number"),
    Field(_("Expires"), "lot__expiration_date"),
    Field(_("Unit"), "item__base_unit__code"),
    Field(_("On hand"), "quantity", figure=True),
]


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_quant", raise_exception=True)
def stock(request):
    listing = stock_listing(
        request,
        Quant.objects.visible_to(request.user),
        columns=[ITEM, BIN, LOCATION, LOT, QUANTITY, ACTIONS],
        sort="item",
    )
    if file := list_file(request, listing, "stock", FILE, location="location"):
        return file
    context = {"listing": listing, "sections": sections(request, "stock"), "actions": actions.links(request, "stock")}
    return render_page(request, "warehouse/stock.html", context, partial="list")


def stock_listing(request, quants, *, columns, sort, filterset=StockFilter):
    """A list of quants; each row carries what this person can do with it, `listing.shows` which cells are drawn."""
    quants = quants.real().with_names()
    columns = in_open_order(request, columns)
    listing = Listing(request, quants, filterset=filterset, columns=columns, sort=sort, label=_("Stock"))
    listing.shows = {column.key: True for column in columns}
    blanked(request, listing.rows, "quantity")
    actions.with_actions(request, "quant", listing.rows)
    return listing
