from django.urls import include, path

from inventory_site import converters  # noqa: F401, makes <code:...> known
from ledger.views import adjustment_bins, documents, entries, inventory, posting, units

urlpatterns = [
    path("ledger/items/", entries.item_ledger, name="item-ledger"),
    path("ledger/warehouse/", entries.warehouse_ledger, name="warehouse-ledger"),
    path("ledger/adjustment-bins/", adjustment_bins.adjustment_bins, name="adjustment-bins"),
    path("ledger/adjustment-bins/<code:code>/", adjustment_bins.synchronise_location, name="synchronise"),
    path("locations/<code:code>/direct/", adjustment_bins.direct_location, name="direct-location"),
    path("units/<code:code>/", units.unit_detail, name="unit-detail"),
    path("documents/", documents.documents, name="documents"),
    path("documents/<str:number>/", documents.document_detail, name="document-detail"),
    path("documents/<str:number>/reverse/", documents.reverse_document, name="document-reverse"),
    path("journals/", include("ledger.journal_urls")),
    path("items/<str:number>/adjust/", inventory.adjust, name="item-adjust"),
    path("stock/import/", include("ledger.import_urls")),
    path("stock/receive/", posting.receive, name="receive"),
    path("stock/issue/", posting.issue, name="issue"),
    path("stock/move/", posting.move, name="move"),
    path("stock/transfer/", posting.transfer, name="transfer"),
    path("stock/<int:pk>/adjust/", posting.adjust, name="adjust"),
]
