from django.urls import path

from inventory_site import converters  # noqa: F401, makes <code:...> known
from warehouse.views import items, labels, places, profile, search, stock, units

urlpatterns = [
    path("stock/", stock.stock, name="stock"),
    path("items/", items.items, name="items"),
    path("items/suggest/", items.suggest_items, name="suggest-items"),
    path("items/<code:number>/", items.item_detail, name="item-detail"),
    path("units/", units.units, name="units"),
    path("bins/", places.bins, name="bins"),
    path("bins/suggest/", places.suggest_bins, name="suggest-bins"),
    path("bins/<code:location>/<code:code>/", places.bin_detail, name="bin-detail"),
    path("locations/", places.locations, name="locations"),
    path("locations/<code:code>/", places.location_detail, name="location-detail"),
    path("labels/bins/", labels.bin_labels, name="bin-labels"),
    path("labels/items/", labels.item_labels, name="item-labels"),
    path("labels/lots/", labels.lot_labels, name="lot-labels"),
    path("labels/units/", labels.unit_labels, name="unit-labels"),
    path("search/", search.search, name="search"),
    path("profile/", profile.profile, name="profile"),
]
