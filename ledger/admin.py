"""The ledgers to look at. They are written by posting alone; a mistake is reversed from the document's own page."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from inventory_site.admin import PickFilter, ReadOnlyAdmin, SiteAdmin
from ledger.models import (
    ItemLedgerEntry,
    JournalBatch,
    JournalLine,
    Reason,
    Register,
    StandardJournal,
    StockImport,
    StockValue,
    ValueEntry,
    WarehouseEntry,
)


@admin.register(Reason)
class ReasonAdmin(SiteAdmin):
    list_display = ["code", "name", "effect", "direction"]
    list_filter = ["effect", "direction"]
    search_fields = ["code", "name"]

    def get_readonly_fields(self, request, obj=None):
        """Documents carry the effect that their reason had: changing it later would make them look wrong."""
        return ["effect"] if obj and Register.objects.filter(reason=obj).exists() else []


@admin.register(Register)
class RegisterAdmin(ReadOnlyAdmin):
    location_paths = ("location", "other_location")
    list_display = ["number", "kind", "location", "other_location", "posting_date", "posted_at", "by", "source"]
    list_select_related = ["location", "other_location", "by"]
    list_filter = ["kind", "effect", ("location", PickFilter), ("by", PickFilter), "posting_date"]
    search_fields = ["=number", "=source"]
    readonly_fields = ["entries"]

    @admin.display(description=_("entries"))
    def entries(self, register):
        """Links: a document may have a million of them."""
        pages = [
            (_("Warehouse entries"), "admin:ledger_warehouseentry_changelist"),
            (_("Item ledger entries"), "admin:ledger_itemledgerentry_changelist"),
        ]
        links = [
            format_html('<a href="{}?register__id__exact={}">{}</a>', reverse(page), register.pk, label)
            for label, page in pages
        ]
        return format_html("{} · {}", *links)


@admin.register(WarehouseEntry)
class WarehouseEntryAdmin(ReadOnlyAdmin):
    location_paths = ("quant__location",)
    tells_quantities = True
    list_display = ["pk", "register", "line", "item", "lot", "bin", "quantity", "effect"]
    list_select_related = ["register", "quant__item", "quant__lot", "quant__bin"]
    list_filter = ["effect", ("register", PickFilter), ("quant__bin", PickFilter), ("quant__item", PickFilter)]
    search_fields = ["=register__number", "=quant__item__number", "=quant__bin__code"]

    @admin.display(description=_("item"), ordering="quant__item__number")
    def item(self, entry):
        return entry.quant.item

    @admin.display(description=_("lot"))
    def lot(self, entry):
        return entry.quant.lot

    @admin.display(description=_("bin"), ordering="quant__bin__code")
    def bin(self, entry):
        return entry.quant.bin


@admin.register(ItemLedgerEntry)
class ItemLedgerEntryAdmin(ReadOnlyAdmin):
    location_paths = ("location",)
    tells_quantities = True
    list_display = ["pk", "register", "line", "item", "variant", "lot", "location", "quantity", "amount", "effect"]
    list_select_related = ["register", "item", "variant", "lot", "location", "value_entry"]
    list_filter = ["effect", ("register", PickFilter), ("item", PickFilter), ("location", PickFilter)]
    search_fields = ["=register__number", "=item__number"]

    @admin.display(description=_("amount"))
    def amount(self, entry):
        return entry.value_entry.amount


@admin.register(ValueEntry)
class ValueEntryAdmin(ReadOnlyAdmin):
    location_paths = ("item_ledger_entry__location",)
    tells_quantities = True
    list_display = ["pk", "item_ledger_entry", "item", "amount"]
    list_select_related = ["item_ledger_entry__register", "item_ledger_entry__item"]
    search_fields = ["=item_ledger_entry__register__number", "=item_ledger_entry__item__number"]

    @admin.display(description=_("item"))
    def item(self, value):
        return value.item_ledger_entry.item


@admin.register(StockValue)
class StockValueAdmin(ReadOnlyAdmin):
    location_paths = ("location",)
    tells_quantities = True
    list_display = ["item", "variant", "location", "quantity", "value"]
    list_select_related = ["item", "variant", "location"]
    list_filter = [("item", PickFilter), ("location", PickFilter)]
    search_fields = ["=item__number", "item__name"]
    ordering = ["pk"]


@admin.register(StockImport)
class StockImportAdmin(ReadOnlyAdmin):
    list_display = ["number", "status", "requested_by", "requested_at", "applied_at"]
    list_select_related = ["requested_by"]
    list_filter = ["status"]
    search_fields = ["=requested_by__username"]

    def get_queryset(self, request):
        return super().get_queryset(request) & StockImport.objects.visible_to(request.user)


@admin.register(JournalBatch)
class JournalBatchAdmin(ReadOnlyAdmin):
    """Journals are entered and posted on pages of their own."""

    location_paths = ("location",)
    list_display = ["number", "name", "kind", "location", "posting_date", "reason", "created_by"]
    list_select_related = ["location", "reason", "created_by"]
    list_filter = ["kind", ("location", PickFilter)]
    search_fields = ["name", "note"]


@admin.register(JournalLine)
class JournalLineAdmin(ReadOnlyAdmin):
    location_paths = ("batch__location",)
    list_display = ["position", "batch", "entry_type", "item", "variant", "bin", "lot", "quantity", "unit_of_measure"]
    list_select_related = ["batch"]
    list_filter = [("batch", PickFilter)]
    search_fields = ["=item", "=bin", "=lot"]


@admin.register(StandardJournal)
class StandardJournalAdmin(ReadOnlyAdmin):
    list_display = ["code", "name", "kind"]
    list_filter = ["kind"]
    search_fields = ["code", "name"]
