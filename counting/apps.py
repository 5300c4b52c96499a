from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CountingConfig(AppConfig):
    name = "counting"

    def ready(self):
        from counting.navigation import COUNT_IT, COUNTS, HOME, counts_matching
        from counting.tabs import TABS
        from inventory_site import tabs
        from inventory_site.context import navigation
        from warehouse import actions, search

        navigation.add(HOME, COUNTS)
        for place, tab in TABS.items():
            tabs.register(place, tab)
        for place, action in COUNT_IT.items():
            actions.register(place, action)
        search.register(search.Source("counts", _("Counts"), counts_matching, "counting.view_countsession", order=5))
