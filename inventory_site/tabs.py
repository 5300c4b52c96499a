"""Tabs on the page of an item, a bin, a location or a document, put there by apps that the page does not know.

    # ledger/apps.py, in ready()
    tabs.register("item", Tab("entries", _("Entries"), "ledger.pages.item_entries",
                              permission="ledger.view_itemledgerentry"))

    # ledger/pages.py: a tab is a template and its context; it may hold a Listing
    def item_entries(request, item):
        return "ledger/tabs/item_entries.html", {"listing": Listing(request, ItemLedgerEntry.objects.of(item), ...)}

    # warehouse/pages.py
    tabs = tabs_of(request, "item", item)
    return render_page(request, "warehouse/item.html", {"item": item, "tabs": tabs}, partial="tabs")

    {% partialdef tabs inline %}{% include "components/tabs.html" with tabs=tabs only %}{% endpartialdef %}

The address says which: `?tab=entries`; without it the first. A tab whose permission is missing is not there.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.http import Http404
from django.template.loader import render_to_string
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Tab:
    """`view(request, object)` returns (template, context); `count(request, object)` the number beside the label."""

    key: str
    label: str
    view: str | Callable
    permission: str | None = None
    count: str | Callable | None = None
    order: int = 50
    when: Callable | None = None  # when(request, object): is there such a tab here at all


registered = defaultdict(dict)


def register(place, tab):
    registered[place][tab.key] = tab


def tabs_of(request, place, thing, **extra):
    return Tabs(request, place, thing, **extra)


class Tabs:
    def __init__(self, request, place, thing, label=""):
        self.request, self.thing, self.label = request, thing, label
        self.all = sorted((tab for tab in registered[place].values() if self.shows(tab)), key=lambda tab: tab.order)

    def __bool__(self):
        return bool(self.all)

    def shows(self, tab):
        allowed = not tab.permission or self.request.user.has_perm(tab.permission)
        return allowed and (tab.when is None or tab.when(self.request, self.thing))

    @cached_property
    def chosen(self):
        asked = self.request.GET.get("tab")
        if not asked:
            return self.all[0] if self.all else None
        for tab in self.all:
            if tab.key == asked:
                return tab
        raise Http404(f"There is no tab {asked[:40]!r} here.")

    @cached_property
    def heads(self):
        return [
            {
                "key": tab.key,
                "label": tab.label,
                "url": f"{self.request.path}?tab={tab.key}",
                "chosen": tab is self.chosen,
                "count": called(tab.count, self.request, self.thing) if tab.count else None,
            }
            for tab in self.all
        ]

    @cached_property
    def panel(self):
        """The chosen tab, rendered with everything a page has (tokens, permissions, request)."""
        if self.chosen is None:
            return ""
        template, context = called(self.chosen.view, self.request, self.thing)
        return render_to_string(template, context, self.request)


def called(view, *args):
    return (import_string(view) if isinstance(view, str) else view)(*args)
