from django.urls import include, path

from ledger.views import documents, entries, posting

urlpatterns = [
    path("ledger/items/", entries.item_ledger, name="item-ledger"),
    path("ledger/warehouse/", entries.warehouse_ledger, name="warehouse-ledger"),
    path("documents/", documents.documents, name="documents"),
    path("documents/<str:number>/", documents.document_detail, name="document-detail"),
    path("documents/<str:number>/reverse/", documents.reverse_document, name="document-reverse"),
    path("stock/import/", include("ledger.import_urls")),
    path("stock/receive/", posting.receive, name="receive"),
    path("stock/issue/", posting.issue, name="issue"),
    path("stock/move/", posting.move, name="move"),
    path("stock/transfer/", posting.transfer, name="transfer"),
    path("stock/<int:pk>/adjust/", posting.adjust, name="adjust"),
]
