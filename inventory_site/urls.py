from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("counting.urls")),
    path("", include("ledger.urls")),
    path("", include("warehouse.urls")),
]
