"""Build the demonstration warehouse: places in walking order, items that a trade would have, lots, opening stock."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from counting.demo.vocabulary import BRANDS, FAMILIES, SHARE_OF_ZONE, UNITS_OF_MEASURE, ZONES, Family
from ledger.posting import Line
from warehouse.loading import load
from warehouse.models import (
    Bin,
    BinKind,
    Category,
    Item,
    ItemReference,
    ItemUnit,
    ItemVariant,
    Location,
    Lot,
    Tracking,
    UnitOfMeasure,
    Zone,
)

QUANTS_IN_A_BIN = (2, 3, 4, 4, 5, 6, 7)
SHELVES, RACKS = 12, 24  # of a rack, of an aisle
SHARE_OF_SECOND_LOCATION = 0.12
MOST_ITEMS = 60_000
REMEMBERED = 20_000  # quants that the weeks of work choose from
COUNTED_PLACES = 60  # bins of a zone that counts choose from
GS1_FOR_EXAMPLES = "952"  # the prefix that GS1 keeps for demonstrations


@dataclass(eq=False)
class Article:
    """An item as the generator knows it, before and after it has a primary key."""

    number: str
    name: str
    zone: str
    family: Family
    cost: Decimal
    lots: list[tuple[str, date]] = field(default_factory=list)
    pk: int | None = None
    variant_pks: list[int] = field(default_factory=list)
    lot_pks: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """A bin that holds (or will hold) one article's lot or variant."""

    location: Location
    bin: int
    article: Article
    variant: int | None
    lot: int | None

    @property
    def key(self):
        return self.bin, self.article.pk, self.variant, self.lot


@dataclass
class Warehouse:
    """What the weeks of work and the counts need to know: everything small, and a sample of what is large."""

    main: Location
    second: Location
    articles: dict[str, list[Article]]
    docks: dict[int, dict[str, int]] = field(default_factory=dict)
    bins: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    occupied: dict[tuple[int, str], list[int]] = field(default_factory=dict)


def build(quants: int, seed: int, today: date) -> Warehouse:
    rng = Random(f"{seed} building")  # noqa: S311
    items = max(24, min(round(quants * 0.34), MOST_ITEMS))
    main, second = make_locations()
    articles = {zone: compose(zone, math.ceil(items * share), rng) for zone, share in SHARE_OF_ZONE.items()}
    load_articles(articles, rng, today)
    warehouse = Warehouse(main, second, articles)
    for location in (main, second):
        warehouse.docks[location.pk] = {
            bin.kind: bin.pk for bin in location.bins.exclude(kind__in=[BinKind.STORAGE, BinKind.IMPLICIT])
        }
        for zone, share in shares(warehouse, location, quants).items():
            warehouse.bins[location.pk, zone] = make_bins(location, zone, share, rng)
    return warehouse


def shares(warehouse: Warehouse, location: Location, quants: int) -> dict[str, int]:
    """How many of all quants lie in each zone of this location."""
    at_second = round(quants * SHARE_OF_SECOND_LOCATION)
    zones, here = (list(ZONES), quants - at_second) if location == warehouse.main else (["A", "C"], at_second)
    whole = sum(SHARE_OF_ZONE[zone] for zone in zones)
    numbers = {zone: round(here * SHARE_OF_ZONE[zone] / whole) for zone in zones}
    numbers[zones[0]] += here - sum(numbers.values())
    return numbers


def make_locations():
    main = Location.objects.create(code="LH1", name="Lindhafen", search_days=7)
    second = Location.objects.create(code="MW2", name="Marschweg")
    for location in (main, second):
        docks = [
            ("RECV-01", "Receiving dock 1", BinKind.RECEIVING),
            ("DISP-01", "Dispatch dock 1", BinKind.DISPATCH),
        ]
        for position, (code, name, kind) in enumerate(docks):
            Bin.objects.create(location=location, code=code, name=name, kind=kind, walking_order=10 * position + 1)
    return main, second


# Items


def compose(zone: str, number: int, rng: Random) -> list[Article]:
    """Articles with names of their own, families in turn; brands, when the plain names are used up."""
    names = [shuffled_names(family, rng) for family in FAMILIES[zone]]
    numbers = {family.prefix: 1000 for family in FAMILIES[zone]}
    articles = []
    for family, source in itertools.cycle(zip(FAMILIES[zone], names, strict=True)):
        if len(articles) == number:
            return articles
        numbers[family.prefix] += rng.randint(1, 4)
        low, high = family.cost
        cost = Decimal(low * (high / low) ** rng.random()).quantize(Decimal("0.01"))
        articles.append(Article(f"{family.prefix}-{numbers[family.prefix]}", next(source), zone, family, cost))
    return articles


def shuffled_names(family: Family, rng: Random) -> Iterator[str]:
    names = [family.name.format(*chosen) for chosen in itertools.product(*family.words)]
    rng.shuffle(names)
    yield from names
    for series in itertools.count(1):
        for brand in BRANDS:
            for name in names:
                yield f"{name}, {brand}" if series == 1 else f"{name}, {brand} series {series}"


def load_articles(articles: dict[str, list[Article]], rng: Random, today: date) -> None:
    everything = [article for of_zone in articles.values() for article in of_zone]
    units = load_units()
    categories = load_categories()
    load(
        Item,
        ("number", "name", "description", "category_id", "base_unit_id", "tracking", "unit_cost", "blocked"),
        (
            (
                article.number,
                article.name,
                "",
                categories[article.zone, article.family.category],
                units[article.family.unit],
                (Tracking.LOT if article.family.is_lot else Tracking.BULK).value,
                article.cost,
                False,
            )
            for article in everything
        ),
    )
    pks = dict(Item.objects.values_list("number", "pk"))
    for article in everything:
        article.pk = pks[article.number]
    load_packs_and_codes(everything, units)
    load_variants(everything)
    load_first_lots(everything, rng, today)


def load_units():
    UnitOfMeasure.objects.bulk_create(
        [UnitOfMeasure(code=code, name=name) for code, name in UNITS_OF_MEASURE.items()], ignore_conflicts=True
    )
    return dict(UnitOfMeasure.objects.values_list("code", "pk"))


def load_categories():
    """(zone, name): primary key. Categories are a tree of two levels, the first named like the zones."""
    tree = {}
    for zone, name in ZONES.items():
        parent, _ = Category.objects.get_or_create(name=name, parent=None)
        for child in dict.fromkeys(family.category for family in FAMILIES[zone]):
            tree[zone, child] = Category.objects.get_or_create(name=child, parent=parent)[0].pk
    return tree


def load_packs_and_codes(everything, units):
    packs = [(article, units[unit], per) for article in everything for unit, per in article.family.packs]
    load(ItemUnit, ("item_id", "unit_of_measure_id", "quantity_per"), ((a.pk, unit, per) for a, unit, per in packs))
    load(
        ItemReference,
        ("item_id", "unit_of_measure_id", "code"),
        itertools.chain(
            ((article.pk, None, ean_13(position)) for position, article in enumerate(everything)),
            (
                (a.pk, unit, code)
                for (a, unit, _per), code in zip(packs, codes_of_packs(packs, everything), strict=True)
            ),
        ),
    )


def codes_of_packs(packs, everything):
    """A GTIN-14 of a pack is the code of the item with another first digit."""
    positions = {article.pk: position for position, article in enumerate(everything)}
    seen = {}
    for article, _unit, _per in packs:
        seen[article.pk] = seen.get(article.pk, 0) + 1
        yield with_check_digit(f"{seen[article.pk]}{ean_13(positions[article.pk])[:12]}")


def ean_13(position: int) -> str:
    return with_check_digit(f"{GS1_FOR_EXAMPLES}{1_000_000 + position:09}")


def with_check_digit(digits: str) -> str:
    weighted = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-weighted % 10}"


def load_variants(everything):
    having = [article for article in everything if article.family.variants]
    columns = ("item_id", "code", "name")
    load(ItemVariant, columns, ((a.pk, name.upper()[:20], name) for a in having for name in a.family.variants))
    by_item = {}
    for item, pk in ItemVariant.objects.order_by("item", "code").values_list("item", "pk"):
        by_item.setdefault(item, []).append(pk)
    for article in having:
        article.variant_pks = by_item[article.pk]


def load_first_lots(everything, rng, today):
    tracked = [article for article in everything if article.family.is_lot]
    for article in tracked:
        article.lots = first_lots(article, rng, today)
    load(
        Lot,
        ("item_id", "number", "expiration_date"),
        ((article.pk, number, expires) for article in tracked for number, expires in article.lots),
    )
    pks = {(item, number): pk for item, number, pk in Lot.objects.values_list("item", "number", "pk").iterator()}
    for article in tracked:
        article.lot_pks = [pks[article.pk, number] for number, _expires in article.lots]


def first_lots(article: Article, rng: Random, today: date) -> list[tuple[str, date]]:
    """Made at different times, so that some are about to expire."""
    life = article.family.life
    ages = sorted((rng.randint(10, round(life * 0.97)) for _ in range(rng.choice((1, 2, 2, 3)))), reverse=True)
    return list({lot_number(article, made): (lot_number(article, made), made + timedelta(life))
                 for made in (today - timedelta(age) for age in ages)}.values())  # fmt: skip


def lot_number(article: Article, made: date) -> str:
    """As printed on such labels: a letter, the year and the day of it."""
    return f"{article.name[0]}{made:%y%j}"


# Places and what lies there


def opening_lines(warehouse: Warehouse, location: Location, quants: int, rng: Random) -> Iterator[Line]:
    """Lay the quants out over the zones of a location. Lazily: the lines go straight into the posting."""
    every = max(1, quants // REMEMBERED)
    for zone, share in shares(warehouse, location, quants).items():
        for number, place in enumerate(layout(warehouse, location, zone, share, rng)):
            if number % every == 0:
                warehouse.places.append(place)
            yield line_at(place, opening_quantity(place.article, rng))


def make_bins(location: Location, zone: str, quants: int, rng: Random) -> list[int]:
    """Bins named aisle, rack and shelf, as many as the quants will need and some more; in walking order."""
    number = math.ceil(quants / (sum(QUANTS_IN_A_BIN) / len(QUANTS_IN_A_BIN)) * 1.12) + 2
    aisles = math.ceil(number / (RACKS * SHELVES))
    first = 1_000_000 * (1 + list(ZONES).index(zone))
    row = Zone.objects.create(location=location, code=zone, name=ZONES[zone])
    codes = itertools.islice(
        (
            f"{zone if aisles == 1 else f'{zone}{aisle}'}-{rack:02}-{shelf:02}"
            for aisle in range(1, aisles + 1)
            for rack in range(1, RACKS + 1)
            for shelf in range(1, SHELVES + 1)
        ),
        number,
    )
    load(
        Bin,
        ("location_id", "zone_id", "code", "name", "kind", "walking_order"),
        (
            (location.pk, row.pk, code, "", BinKind.STORAGE.value, first + 10 * position)
            for position, code in enumerate(codes)
        ),
    )
    in_order = Bin.objects.filter(zone=row).order_by("walking_order").values_list("pk", flat=True)
    return [pk for pk in in_order if rng.random() > 0.06]  # some stay empty


def layout(warehouse, location, zone, quants, rng) -> Iterator[Place]:
    """Fill bin after bin with article after article, each in a few places side by side; again when all have some."""
    stream = spread(warehouse.articles[zone], rng)
    waiting = None
    occupied = warehouse.occupied.setdefault((location.pk, zone), [])
    laid = 0
    for bin in itertools.cycle(warehouse.bins[location.pk, zone]):
        here = set()
        for _ in range(rng.choice(QUANTS_IN_A_BIN)):
            article, variant, lot = waiting or next(stream)
            waiting = None
            if (article.pk, variant, lot) in here:
                waiting = article, variant, lot
                break
            if laid == quants:
                return
            here.add((article.pk, variant, lot))
            laid += 1
            yield Place(location, bin, article, variant, lot)
        if here and len(occupied) < COUNTED_PLACES:
            occupied.append(bin)


def spread(articles: list[Article], rng: Random) -> Iterator[tuple[Article, int | None, int | None]]:
    for article in itertools.cycle(articles):
        for _ in range(rng.choice((1, 1, 2, 3))):
            variants, lots = article.variant_pks or [None], article.lot_pks or [None]
            yield article, rng.choice(variants), rng.choice(lots)


def opening_quantity(article: Article, rng: Random) -> Decimal:
    """Much of what is cheap, little of what is dear; often whole packs."""
    usual = min(900, max(2, 260 / float(article.cost)))
    if article.family.unit in ("kg", "m"):
        return Decimal(rng.randint(8, max(9, round(usual * 4)))) * Decimal("0.25")
    quantity = max(1, round(usual * rng.lognormvariate(0, 0.6)))
    if article.family.packs and rng.random() < 0.5:
        per = article.family.packs[0][1]
        quantity = max(1, round(quantity / per)) * per
    return Decimal(quantity)


def line_at(place: Place, quantity: Decimal, **details) -> Line:
    return Line(
        bin=place.bin, item=place.article.pk, variant=place.variant, lot=place.lot, quantity=quantity, **details
    )
