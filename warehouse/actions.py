"""What can be done with stock, put on the pages of the warehouse by apps that these pages do not know.

    # ledger/apps.py, in ready()
    actions.register("quant", Action("adjust", _("Adjust"), "edit", lambda quant: reverse("adjust", args=[quant.pk]),
                                     permission="ledger.adjust_register"))

Places: "stock" (the page of all stock; its url takes None), "quant", "unit", "item", "lot", "bin", "location".
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    key: str
    label: str
    icon: str
    url: Callable
    permission: str | None = None
    order: int = 50
    when: Callable | None = None  # when(thing): can it be done with this one at all


@dataclass(frozen=True)
class Link:
    label: str
    icon: str
    url: str


registered = defaultdict(dict)


def register(place, action):
    registered[place][action.key] = action


def allowed(request, place) -> list[Action]:
    actions = [one for one in registered[place].values() if not one.permission or request.user.has_perm(one.permission)]
    return sorted(actions, key=lambda action: action.order)


def links(request, place, thing=None) -> list[Link]:
    return links_for(thing, allowed(request, place))


def with_actions(request, place, things: Iterable):
    """The same things, each with its links in `actions`."""
    actions = allowed(request, place)
    for thing in things:
        thing.actions = links_for(thing, actions)
    return things


def links_for(thing, actions: Iterable[Action]) -> list[Link]:
    fitting = (action for action in actions if action.when is None or action.when(thing))
    return [Link(action.label, action.icon, action.url(thing)) for action in fitting]
