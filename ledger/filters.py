"""Filters of the ledgers and of documents. The address is the state."""

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory_site.listing import Find
from ledger.journal_kinds import JOURNALS
from ledger.models import JournalKind, Kind, Reason
from warehouse.filters import DateFilter, OwnLocation, PlaceFilters
from warehouse.models import Bin, Item, Unit


class EntryFilter(PlaceFilters):
    """What both ledgers are filtered by. `to_item`: where an entry says which item it is about."""

    to_item, to_lot = "item", "lot"

    q = Find(method="find", label=_("Item number, name or bar code"))
    location = OwnLocation()
    kind = django_filters.ChoiceFilter(
        choices=Kind, field_name="register__kind", label=_("Document"), empty_label=_("Any document")
    )
    reason = django_filters.ModelChoiceFilter(
        queryset=Reason.objects.all(),
        field_name="register__reason",
        to_field_name="code",
        label=_("Reason"),
        empty_label=_("Any reason"),
    )
    lot = django_filters.CharFilter(method="of_lot", label=_("Lot or unit"), max_length=80)
    since = DateFilter(field_name="register__posting_date", lookup_expr="gte", label=_("From"))
    until = DateFilter(field_name="register__posting_date", lookup_expr="lte", label=_("To"))

    def find(self, queryset, name, text):
        return queryset.filter(**{f"{self.to_item}__in": Item.objects.matching(text)})

    def of_lot(self, queryset, name, text):
        of_lot = Q(**{f"{self.to_lot}__number__icontains": text})
        return queryset.filter(of_lot | Q(unit__in=Unit.objects.filter(code=text)))


class ItemLedgerFilter(EntryFilter):
    pass


class WarehouseLedgerFilter(EntryFilter):
    to_item, to_lot = "quant__item", "quant__lot"

    location = OwnLocation(field_name="quant__location")
    bin = django_filters.CharFilter(method="in_bin", label=_("Bin"), max_length=100)

    def in_bin(self, queryset, name, text):
        return queryset.filter(quant__bin__in=Bin.objects.filter(Q(code__istartswith=text) | Q(name__icontains=text)))


class EntriesOfItemFilter(ItemLedgerFilter):
    without = ("q",)


class MovementsOfItemFilter(WarehouseLedgerFilter):
    without = ("q",)


class MovementsOfQuantFilter(WarehouseLedgerFilter):
    without = ("q", "location", "bin", "lot")


class MovementsOfUnitFilter(WarehouseLedgerFilter):
    without = ("q", "lot")


class MovementsOfBinFilter(WarehouseLedgerFilter):
    without = ("location", "bin")


class EntriesOfDocumentFilter(ItemLedgerFilter):
    without = ("location", "kind", "reason", "since", "until")


class MovementsOfDocumentFilter(WarehouseLedgerFilter):
    without = ("location", "kind", "reason", "since", "until")


class AdjustmentBinFilter(PlaceFilters):
    q = Find(method="find", label=_("Item number, name or bar code"))
    location = OwnLocation()
    lot = django_filters.CharFilter(field_name="lot__number", lookup_expr="icontains", label=_("Lot"), max_length=80)

    def find(self, queryset, name, text):
        return queryset.filter(item__in=Item.objects.matching(text))


class DocumentFilter(PlaceFilters):
    q = Find(method="find", label=_("Number, count or note"))
    location = OwnLocation(method="at_location")
    kind = django_filters.ChoiceFilter(choices=Kind, label=_("Kind"), empty_label=_("Any kind"))
    reason = django_filters.ModelChoiceFilter(
        queryset=Reason.objects.all(), to_field_name="code", label=_("Reason"), empty_label=_("Any reason")
    )
    since = DateFilter(field_name="posting_date", lookup_expr="gte", label=_("From"))
    until = DateFilter(field_name="posting_date", lookup_expr="lte", label=_("To"))

    def find(self, queryset, name, text):
        return queryset.matching(text)

    def at_location(self, queryset, name, location):
        return queryset.filter(Q(location=location) | Q(other_location=location))


class DocumentOfLocationFilter(DocumentFilter):
    without = ("location",)


class ValueFilter(PlaceFilters):
    """What items are worth."""

    q = Find(method="find", label=_("Item number, name or bar code"))

    def find(self, queryset, name, text):
        return queryset.filter(item__in=Item.objects.matching(text))


class JournalFilter(PlaceFilters):
    q = Find(method="find", label=_("Name or note"))
    kind = django_filters.ChoiceFilter(
        choices=[(kind, kind.label) for kind in JournalKind if kind in JOURNALS],
        label=_("Kind"),
        empty_label=_("Any kind"),
    )
    location = OwnLocation()

    def find(self, queryset, name, text):
        return queryset.matching(text)
