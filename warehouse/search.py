"""One field finds everything: each app says what of its own fits a text.

# counting/apps.py, in ready()
search.register(Source("counts", _("Counts"), "counting.finding.counts", permission="counting.view_countsession"))

# counting/finding.py
def counts(user, scan):
    fitting = CountSession.objects.visible_to(user).matching(scan.text).order_by("-pk")
    return first_of(fitting, hit_of, whole=fitting.filter(number__iexact=scan.text))

A hit has a number, a name and a place, and never a quantity: who counts blind may search too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from inventory_site.visibility import closed_for
from warehouse.barcodes import candidates, parse
from warehouse.models import Bin, Item, ItemReference, Lot, Unit
from warehouse.tags import read_tag

LIMIT = 8


@dataclass(frozen=True)
class Hit:
    """`exact`: the text is the whole number of this thing, and not just a piece of something."""

    title: str
    note: str
    url: str
    exact: bool = False


@dataclass(frozen=True)
class Hits:
    """The first of what fits, what is exactly meant before the rest, and how many there are in all."""

    first: Sequence[Hit]
    total: int


@dataclass(frozen=True)
class Source:
    """`find(user, scan)` returns Hits for what was typed or scanned; `url(text)` leads to the list with all of them."""

    key: str
    label: str
    find: str | Callable
    permission: str | None = None
    url: Callable | None = None
    order: int = 50


@dataclass(frozen=True)
class Group:
    source: Source
    hits: Sequence[Hit]
    total: int
    more_url: str = ""


sources = {}


def register(source):
    sources[source.key] = source


def search(user, text: str) -> list[Group]:
    """What fits, by kind of thing; kinds that this person may not see, or of which nothing fits, are left out.

    Raises what `barcodes.parse` raises where the text is nothing that can be read.
    """
    scan = parse(text)
    allowed = [one for one in sources.values() if not one.permission or user.has_perm(one.permission)]
    groups = [found(one, user, scan) for one in sorted(allowed, key=lambda one: one.order)]
    return [group for group in groups if group.hits]


def found(source, user, scan):
    find = import_string(source.find) if isinstance(source.find, str) else source.find
    hits = find(user, scan)
    more_url = source.url(scan.text) if source.url and hits.total > len(hits.first) else ""
    return Group(source, hits.first, hits.total, more_url)


def the_one_meant(groups: list[Group]) -> Hit | None:
    exact = [hit for group in groups for hit in group.hits if hit.exact]
    return exact[0] if len(exact) == 1 else None


def first_of(fitting, hit_of: Callable, *, whole) -> Hits:
    """Of an ordered queryset, and of the part of it that is exactly meant."""
    exact = list(whole[:LIMIT])
    partly = list(fitting.exclude(pk__in=[thing.pk for thing in exact])[: LIMIT + 1 - len(exact)])
    hits = [*(hit_of(thing, exact=True) for thing in exact), *(hit_of(thing, exact=False) for thing in partly)]
    return Hits(hits[:LIMIT], fitting.count() if len(hits) > LIMIT else len(hits))


def list_of(name: str, *, by: str = "q", **also) -> Callable:
    """The address of a list that finds by `q` or by another name."""
    return lambda text: f"{reverse(name)}?{urlencode({by: text, **also})}"


def items(user, scan):
    """By a piece of number or name; on a label by the bar code, unless it names a known lot or unit, which is meant
    then."""
    known = named(scan)
    fitting = (Item.objects.matching(scan.text) | known).order_by("number")
    says_more = lots_on(scan).exists() or (scan.serial and units_of(user).filter(meant(scan)).exists())
    return first_of(fitting, item_hit, whole=Item.objects.none() if says_more else known)


def named(scan):
    """The items that a scan names: by number or by bar code."""
    by_code = ItemReference.objects.filter(code__in=candidates(scan)).values("item")
    return Item.objects.filter(Q(number__iexact=scan.text) | Q(pk__in=by_code))


def item_hit(item, *, exact):
    return Hit(item.number, item.name, item.get_absolute_url(), exact)


def bins(user, scan):
    fitting = Bin.objects.visible_to(user).real().matching(scan.text).with_names()
    return first_of(fitting.in_walking_order(), bin_hit, whole=fitting.named(scan.text))


def bin_hit(bin, *, exact):
    return Hit(bin.code, f"{bin.location} {bin.name}".strip(), bin.get_absolute_url(), exact)


def lots(user, scan):
    fitting = (Lot.objects.matching(scan.text) | lots_on(scan)).select_related("item").order_by("number", "pk")
    return first_of(fitting, lot_hit, whole=fitting.filter(number__iexact=scan.text) | lots_on(scan))


def lots_on(scan):
    """The lot that a label names beside its item."""
    return Lot.objects.filter(number=scan.lot, item__in=named(scan)) if scan.lot else Lot.objects.none()


def lot_hit(lot, *, exact):
    url = f"{lot.item.get_absolute_url()}?{urlencode({'tab': 'lots', 'q': lot.number})}"
    return Hit(lot.number, _("lot of %(item)s") % {"item": lot.item}, url, exact)


def units(user, scan):
    """By the end of a code; as a whole by code, tag, label, or the manufacturer's number."""
    mine = units_of(user).with_names()
    fitting = mine.matching(scan.text) | mine.filter(meant(scan))
    return first_of(fitting.order_by("code", "pk"), unit_hit, whole=mine.filter(meant(scan)))


def units_of(user):
    """What this person may be told of: see UnitQuerySet.open_to."""
    return Unit.objects.visible_to(user).never_at(closed_for(user))


def meant(scan):
    """A tag is found by what stands on it, else by the item and the serial number in it, as a label is."""
    tag = read_tag(scan.text)
    condition = Q(code=scan.text) | Q(serial_number=scan.text) | Q(manufacturer_number=scan.text)
    if tag:
        condition |= Q(code=tag.code)
    gtin, serial = (tag.gtin, tag.serial) if tag else (scan.gtin, scan.serial)
    if gtin and serial:
        references = ItemReference.objects.filter(code__in=candidates(parse(gtin))).values("item")
        condition |= Q(item__in=references, serial_number=serial)
    return condition


def unit_hit(unit, *, exact):
    return Hit(unit.code, _("unit of %(item)s") % {"item": unit.item}, unit.get_absolute_url(), exact)
