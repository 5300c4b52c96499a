from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = _("Ledger")

    def ready(self):
        from inventory_site import tabs
        from inventory_site.context import navigation
        from ledger.navigation import LEDGER
        from ledger.tabs import ACTIONS, TABS
        from warehouse import actions, search

        navigation.add(LEDGER)
        for place, own in TABS.items():
            for tab in own:
                tabs.register(place, tab)
        for place, own in ACTIONS.items():
            for action in own:
                actions.register(place, action)
        search.register(
            search.Source(
                "documents",
                _("Documents"),
                "ledger.finding.documents",
                "ledger.view_register",
                search.list_of("documents"),
                order=40,
            )
        )
