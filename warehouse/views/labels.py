"""Sheets of labels for bins, items, lots and units. Which ones: the filters of lists, or numbers in the address."""

from functools import partial

from django.contrib.auth.decorators import login_required, permission_required
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from inventory_site.pages import form_status, render_page
from inventory_site.parts import Part
from warehouse.filters import ChosenBinsFilter, ChosenItemsFilter, ChosenLotsFilter, ChosenUnitsFilter
from warehouse.forms import BinLabelForm, ItemLabelForm, LotLabelForm, UnitLabelForm
from warehouse.labels import Printed, labels_of_bin, labels_of_item, labels_of_lot, labels_of_unit, print_labels
from warehouse.models import Bin, Item, Lot, Unit

AT_ONCE = 480  # bins, items, lots or units a print: 20 sheets of 24 labels, which a browser lays out in a moment
NAMED = 5  # so many of those that cannot be printed are named


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_bin", raise_exception=True)
def bin_labels(request):
    bins = (
        Bin.objects.visible_to(request.user).labelled().with_names().order_by("location__code", "walking_order", "code")
    )
    page = {"title": _("Labels of bins"), "back": _("Bins"), "back_url": "bins"}
    return labels_page(request, bins, ChosenBinsFilter, BinLabelForm, labels_of_bin, page)


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_item", raise_exception=True)
def item_labels(request):
    items = Item.objects.with_codes().order_by("number")
    page = {"title": _("Labels of items"), "back": _("Items"), "back_url": "items"}
    return labels_page(request, items, ChosenItemsFilter, ItemLabelForm, labels_of_item, page)


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_item", raise_exception=True)
def lot_labels(request):
    lots = Lot.objects.with_codes().order_by("item__number", "expiration_date", "number")
    page = {"title": _("Labels of lots"), "back": _("Items"), "back_url": "items"}
    return labels_page(request, lots, ChosenLotsFilter, LotLabelForm, labels_of_lot, page)


@login_required
@require_http_methods(["GET"])
@permission_required("warehouse.view_unit", raise_exception=True)
def unit_labels(request):
    units = Unit.objects.open_to(request).with_codes().order_by("item__number", "code")
    page = {"title": _("Labels of units"), "back": _("Units"), "back_url": "units"}
    return labels_page(request, units, ChosenUnitsFilter, UnitLabelForm, labels_of_unit, page)


def labels_page(request, things, filterset, form_class, labels_of, page):
    things = filterset(request.GET, queryset=things, request=request).qs
    part = Part(request, total=things.order_by().count(), size=AT_ONCE)
    form = form_class(request.GET)
    printed, paper, sheets = Printed(), None, []
    if form.is_valid():
        paper, copies, start, how = form.printing()
        printed = print_labels(things[part.slice], partial(labels_of, **how), paper=paper, copies=copies)
        sheets = printed.sheets(paper, start=start)
    context = {
        **page,
        "form": form,
        "kept": [(name, value) for name, value in request.GET.items() if name not in form.fields and name != "part"],
        "part": part,
        "paper": paper,
        "printed": printed,
        "left_out": printed.left_out[:NAMED],
        "more_left_out": max(0, len(printed.left_out) - NAMED),
        "sheets": sheets,
    }
    return render_page(request, "warehouse/labels.html", context, partial="labels", status=form_status(form))
