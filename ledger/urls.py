from django.urls import include, path

urlpatterns = [
    path("stock/import/", include("ledger.import_urls")),
]
