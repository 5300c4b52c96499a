"""One field finds everything: each app says what of its own fits a text.

# counting/apps.py, in ready()
search.register(Source("counts", _("Counts"), "counting.finding.counts", permission="counting.view_countsession"))

# counting/finding.py
def counts(user, text):
    sessions = CountSession.objects.visible_to(user).filter(number__iexact=text)
    return [Hit(session.number, session.name, session.get_absolute_url(), exact=True) for session in sessions]
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from warehouse.models import Bin, Item, Lot

LIMIT = 20


@dataclass(frozen=True)
class Hit:
    """`exact`: the text is the whole number of this thing, and not just a piece of something."""

    title: str
    note: str
    url: str
    exact: bool = False


@dataclass(frozen=True)
class Source:
    """`find(user, text)` returns at most LIMIT hits or a few more; `url(text)` leads to the list with all of them."""

    key: str
    label: str
    find: str | Callable
    permission: str | None = None
    url: Callable | None = None
    order: int = 50


@dataclass(frozen=True)
class Group:
    source: Source
    hits: list[Hit] = field(default_factory=list)
    more_url: str = ""


sources = {}


def register(source):
    sources[source.key] = source


def search(user, text: str) -> list[Group]:
    """What fits, by kind of thing; kinds that this person may not see, or of which nothing fits, are left out."""
    allowed = [one for one in sources.values() if not one.permission or user.has_perm(one.permission)]
    groups = (found(one, user, text) for one in sorted(allowed, key=lambda one: one.order))
    return [group for group in groups if group.hits]


def found(source, user, text):
    find = import_string(source.find) if isinstance(source.find, str) else source.find
    hits = list(find(user, text))
    more_url = source.url(text) if source.url and len(hits) > LIMIT else ""
    return Group(source, sorted(hits[:LIMIT], key=lambda hit: not hit.exact), more_url)


def the_one_meant(groups: list[Group]) -> Hit | None:
    exact = [hit for group in groups for hit in group.hits if hit.exact]
    return exact[0] if len(exact) == 1 else None


def list_of(name: str) -> Callable:
    """The address of a list that finds by `q`."""
    return lambda text: f"{reverse(name)}?{urlencode({'q': text})}"


def items(user, text):
    known = Item.objects.filter(number__iexact=text) | Item.objects.filter(references__code=text)
    exact = {item.pk: item for item in known.distinct()[:LIMIT]}
    partly = Item.objects.matching(text).exclude(pk__in=exact).order_by("number")[: LIMIT + 1 - len(exact)]
    return [
        Hit(item.number, item.name, item.get_absolute_url(), exact=item.pk in exact)
        for item in [*exact.values(), *partly]
    ]


def bins(user, text):
    fitting = Bin.objects.visible_to(user).real().matching(text).with_names()
    whole = list(fitting.named(text)[:LIMIT])
    partly = fitting.exclude(pk__in=[bin.pk for bin in whole]).in_walking_order()[: LIMIT + 1 - len(whole)]
    return [
        Hit(bin.code, f"{bin.location} {bin.name}".strip(), bin.get_absolute_url(), exact=bin in whole)
        for bin in [*whole, *partly]
    ]


def lots(user, text):
    fitting = Lot.objects.matching(text).select_related("item").order_by("number", "pk")[: LIMIT + 1]
    return [
        Hit(
            lot.number,
            _("lot of %(item)s") % {"item": lot.item},
            f"{lot.item.get_absolute_url()}?{urlencode({'tab': 'lots', 'q': lot.number})}",
            exact=lot.number.casefold() == text.casefold(),
        )
        for lot in fitting
    ]
