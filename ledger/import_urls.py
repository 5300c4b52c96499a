from django.urls import path

from ledger.views import imports

urlpatterns = [
    path("", imports.import_stock, name="import-stock"),
    path("samples/<str:name>", imports.import_sample, name="import-sample"),
    path("<int:pk>/", imports.import_detail, name="import-detail"),
    path("<int:pk>/apply/", imports.import_apply, name="import-apply"),
    path("<int:pk>/problems.csv", imports.import_problems, name="import-problems"),
]
