from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CountingConfig(AppConfig):
    name = "counting"
    verbose_name = _("Counts")

    def ready(self):
        from counting.blindness import closed_locations
        from counting.guarding import links_of_counts, open_counts_object, remember_override
        from counting.navigation import COUNT_IT, COUNTS, HOME, counts_matching
        from counting.reversing import looks_without_entry
        from counting.tabs import FOUND, REVERSE, TABS
        from inventory_site import tabs, visibility
        from inventory_site.context import navigation
        from ledger import converting, holds, looks
        from warehouse import actions, holders, search

        visibility.register(closed_locations)
        holders.register(links_of_counts)
        holds.on_override(remember_override)
        navigation.add(HOME, COUNTS)
        for place, tab in TABS.items():
            tabs.register(place, tab)
        for place, action in COUNT_IT.items():
            actions.register(place, action)
        actions.register("document", REVERSE)
        actions.register("unit", FOUND)
        looks.register(looks_without_entry)
        converting.object_to_conversion(open_counts_object)
        search.register(
            search.Source(
                "counts",
                _("Counts"),
                counts_matching,
                "counting.view_countsession",
                search.list_of("counts"),
                order=5,
            )
        )
