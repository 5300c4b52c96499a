"""Filters of the lists of the warehouse. Only locations of the person are offered; the address is the state."""

import django_filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory_site.controls import Day
from inventory_site.listing import Find, Pick
from inventory_site.visibility import closed_to
from warehouse.models import Bin, BinKind, Category, Item, Location, Tracking, UnitState, Zone


def own_locations(request):
    return Location.objects.visible_to(request.user) if request else Location.objects.none()


class OwnLocation(django_filters.ModelChoiceFilter):
    """A location by its code; people with one location need not choose."""

    def __init__(self, *args, **kwargs):
        defaults = {
            "queryset": own_locations,
            "to_field_name": "code",
            "empty_label": _("All locations"),
            "label": _("Location"),
        }
        super().__init__(*args, **{**defaults, **kwargs})


class DateFilter(django_filters.DateFilter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"widget": Day, **kwargs})


class CategoryFilter(django_filters.ModelChoiceFilter):
    """A category with all below it; `path` leads to the item's category."""

    def __init__(self, *args, path="category", **kwargs):
        self.path = path
        defaults = {
            "queryset": Category.objects.all(),
            "label": _("Category"),
            "empty_label": _("All categories"),
            "method": self.below,
        }
        super().__init__(*args, **{**defaults, **kwargs})

    def below(self, queryset, name, category):
        return queryset.filter(**{f"{self.path}__in": category.with_descendants()})


class PlaceFilters(django_filters.FilterSet):
    """What lists of things in places share: a person with one location is not asked which."""

    without = ()  # filters of a parent class that make no sense here

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in self.without:
            del self.filters[name]
        if "location" in self.filters and own_locations(self.request).count() < 2:
            del self.filters["location"]


class StockFilter(PlaceFilters):
    q = Find(method="find", label=_("Item number, name or bar code"))
    location = OwnLocation()
    zone = django_filters.ModelChoiceFilter(
        queryset=lambda request: Zone.objects.filter(location__in=own_locations(request)).select_related("location"),
        field_name="bin__zone",
        label=_("Zone"),
        empty_label=_("All zones"),
    )
    category = CategoryFilter(path="item__category")
    bin = django_filters.CharFilter(method="in_bin", label=_("Bin"), max_length=100)
    lot = django_filters.CharFilter(method="of_lot", label=_("Lot"), max_length=60)
    expires = DateFilter(method="expiring", label=_("Expires before"))
    empty = Pick(method="with_empty", label=_("Empty places too"))

    def filter_queryset(self, queryset):
        queryset = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("empty"):
            return queryset
        # Whether something is left of what is closed, the list does not tell either.
        closed = closed_to(self.request)
        return queryset.in_stock() | queryset.filter(location__in=closed) if closed else queryset.in_stock()

    def find(self, queryset, name, text):
        return queryset.filter(item__in=Item.objects.matching(text))

    def in_bin(self, queryset, name, text):
        return queryset.filter(bin__in=Bin.objects.filter(Q(code__istartswith=text) | Q(name__icontains=text)))

    def of_lot(self, queryset, name, text):
        return queryset.filter(lot__number__icontains=text)

    def expiring(self, queryset, name, day):
        return queryset.expiring_before(day)

    def with_empty(self, queryset, name, ticked):
        return queryset


class StockOfLotItemFilter(StockFilter):
    without = ("q", "category")


class StockOfItemFilter(StockFilter):
    without = ("q", "category", "lot", "expires")


class StockOfBinFilter(StockFilter):
    without = ("location", "zone", "bin", "category", "expires")


class StockOfLocationFilter(StockFilter):
    without = ("location",)


class ItemFilter(django_filters.FilterSet):
    q = Find(method="find", label=_("Number, name or bar code"))
    category = CategoryFilter()
    tracking = django_filters.ChoiceFilter(choices=Tracking, label=_("Tracking"), empty_label=_("Any tracking"))
    blocked = Pick(method="only_blocked", label=_("Blocked"))

    def find(self, queryset, name, text):
        return queryset.matching(text)

    def only_blocked(self, queryset, name, ticked):
        return queryset.filter(blocked=True)


class BinFilter(PlaceFilters):
    q = Find(method="find", label=_("Number or name"))
    location = OwnLocation()
    zone = django_filters.ModelChoiceFilter(
        queryset=lambda request: Zone.objects.filter(location__in=own_locations(request)).select_related("location"),
        label=_("Zone"),
        empty_label=_("All zones"),
    )
    kind = django_filters.ChoiceFilter(
        choices=[choice for choice in BinKind.choices if choice[0] != BinKind.ADJUSTMENT],
        label=_("Kind"),
        empty_label=_("Any kind"),
    )

    def find(self, queryset, name, text):
        return queryset.matching(text)


class BinOfLocationFilter(BinFilter):
    without = ("location",)


class LocationFilter(django_filters.FilterSet):
    q = Find(method="find", label=_("Code or name"))

    def find(self, queryset, name, text):
        return queryset.matching(text)


class LotFilter(django_filters.FilterSet):
    q = Find(method="find", label=_("Lot number"))

    def find(self, queryset, name, text):
        return queryset.matching(text)


class UnitFilter(PlaceFilters):
    q = Find(method="find", label=_("Last characters of a code"))
    state = django_filters.ChoiceFilter(
        choices=[
            (UnitState.IN_STOCK, _("In stock")),
            ("missing", _("Being searched for")),
            (UnitState.RELEASED, pgettext_lazy("piece", "Released")),
            (UnitState.DETACHED, _("Detached")),
        ],
        widget=forms.RadioSelect,
        method="in_state",
        label=_("State"),
        empty_label=_("All"),
    )
    item = django_filters.CharFilter(field_name="item__number", label=_("Item"), max_length=40)
    location = OwnLocation(field_name="quant__location")
    bin = django_filters.CharFilter(method="in_bin", label=_("Bin"), max_length=100)

    def find(self, queryset, name, text):
        return queryset.matching(text)

    def in_state(self, queryset, name, state):
        return queryset.in_state(state)

    def in_bin(self, queryset, name, text):
        return queryset.filter(quant__bin__in=Bin.objects.filter(Q(code__istartswith=text) | Q(name__icontains=text)))


class UnitOfItemFilter(UnitFilter):
    without = ("item",)


class UnitOfBinFilter(UnitFilter):
    without = ("location", "bin", "state")


class UnitOfQuantFilter(UnitFilter):
    without = ("item", "location", "bin", "state")


# Which labels: what a list shows, or numbers with commas between them


class NumbersFilter(django_filters.BaseInFilter, django_filters.CharFilter):
    """The things with exactly these numbers."""


class ChosenBinsFilter(BinFilter):
    bins = NumbersFilter(field_name="code")


class ChosenItemsFilter(ItemFilter):
    items = NumbersFilter(field_name="number")


class ChosenLotsFilter(LotFilter):
    items = NumbersFilter(field_name="item__number")
    lots = NumbersFilter(field_name="number")


class ChosenUnitsFilter(UnitFilter):
    units = NumbersFilter(field_name="code")
    quant = django_filters.NumberFilter(field_name="quant")
    place = django_filters.NumberFilter(field_name="quant__bin")
