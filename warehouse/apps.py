from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WarehouseConfig(AppConfig):
    name = "warehouse"
    verbose_name = _("Warehouse")

    def ready(self):
        from inventory_site import tabs
        from inventory_site.context import frame, navigation
        from warehouse import actions, search
        from warehouse.navigation import PRINT_LABELS, STOCK
        from warehouse.tabs import TABS

        navigation.add(STOCK)
        frame.location = "warehouse.navigation.usual_location"
        for place, own in TABS.items():
            for tab in own:
                tabs.register(place, tab)
        for place, action in PRINT_LABELS.items():
            actions.register(place, action)
        for source in (
            search.Source("items", _("Items"), search.items, "warehouse.view_item", search.list_of("items"), order=10),
            search.Source("bins", _("Bins"), search.bins, "warehouse.view_bin", search.list_of("bins"), order=20),
            search.Source(
                "lots",
                _("Lots"),
                search.lots,
                "warehouse.view_item",
                search.list_of("stock", by="lot", empty="on"),
                order=30,
            ),
            search.Source("units", _("Units"), search.units, "warehouse.view_unit", search.list_of("units"), order=35),
        ):
            search.register(source)
