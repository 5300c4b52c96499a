"""Weeks of work in the demonstration warehouse: deliveries and put-away, orders, replenishment, transfers, mishaps."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from uuid import NAMESPACE_OID, UUID, uuid5

from counting.demo.building import Place, Warehouse, line_at, lot_number
from ledger.models import Kind, Reason, Register
from ledger.posting import Document, Line, post
from ledger.reversing import reverse
from warehouse.lots import ensure_lot
from warehouse.models import BinKind, Item, Location, Quant, User

WEEKS = 8
SATURDAY = 5


@dataclass
class Work:
    """Where and by whom work is done. Every document has a request id that follows from the seed."""

    warehouse: Warehouse
    people: dict[str, User]
    today: date
    seed: int
    rng: Random
    quants: dict[Place, int] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def request_id(self) -> UUID:
        return uuid5(NAMESPACE_OID, f"demo {self.seed} {next(self.numbers)}")

    def post(self, kind: Kind, location: Location, lines: Iterable[Line], *, by: str, on: date, **details) -> Register:
        document = Document(
            kind=kind, location=location, by=self.people[by], posting_date=on, request_id=self.request_id(), **details
        )
        return post(document, lines)

    def places(self, number: int, *, location: Location | None = None, zone: str | None = None) -> list[Place]:
        """Some of the remembered places, each once."""
        fitting = [
            place
            for place in self.rng.sample(self.warehouse.places, min(len(self.warehouse.places), number * 4))
            if location in (None, place.location) and zone in (None, place.article.zone)
        ]
        return fitting[:number]

    def stocked(self, number: int, **where) -> list[tuple[Place, Decimal]]:
        """Some places with more than one unit in them, and how much that is."""
        places = self.places(number, **where)
        on_hand = dict(Quant.objects.filter(pk__in=[self.quants[p] for p in places]).values_list("pk", "quantity"))
        return [(place, on_hand[self.quants[place]]) for place in places if on_hand[self.quants[place]] > 1]


def find_quants(places: list[Place]) -> dict[Place, int]:
    """The primary keys of the quants that were made for these places."""
    keys = {}
    for start in range(0, len(places), 5000):
        part = places[start : start + 5000]
        found = Quant.objects.filter(bin__in={place.bin for place in part})
        keys |= {
            key: pk for pk, *key in found.values_list("pk", "bin", "item", "variant", "lot") for key in [tuple(key)]
        }
    return {place: keys[place.key] for place in places}


def working_days(work: Work, week: int) -> list[date]:
    """Monday to Friday of the week, counted back from today: week 1 is the oldest."""
    monday = work.today - timedelta(days=work.today.weekday(), weeks=WEEKS - week)
    days = [monday + timedelta(days=day) for day in range(SATURDAY)]
    return [day for day in days if day <= work.today] or [work.today]


def work_a_week(work: Work, week: int) -> None:
    main = work.warehouse.main
    size = max(2, min(40, len(work.warehouse.places) // 60))
    days = working_days(work, week)
    for day in days:
        receive(work, main, day, lines=max(1, size // 4))
        for _ in range(2):
            issue(work, main, day, lines=max(1, size // 3))
        if day.weekday() % 2:
            replenish(work, main, day, lines=max(1, size // 6))
    issue(work, work.warehouse.second, days[0], lines=max(1, size // 4))
    transfer(work, days[len(days) // 2], lines=max(1, size // 5))
    mishaps(work, week, days[-1])


def receive(work: Work, location: Location, day: date, *, lines: int) -> None:
    """A delivery at the dock, then put away; what comes today may still stand there."""
    dock = work.warehouse.docks[location.pk][BinKind.RECEIVING]
    goods = [
        (delivered(work, place, day), delivery_quantity(work, place)) for place in work.places(lines, location=location)
    ]
    if not goods:
        return
    note = f"Delivery note {work.rng.randint(40_000, 69_999)}"
    receipt = [
        line_at(place, quantity, unit_cost=price(work, place))
        for place, quantity in ((at(p, dock), q) for p, q in goods)
    ]
    work.post(Kind.RECEIPT, location, receipt, by="jonas", on=day, note=note)
    if day < work.today:
        put_away = [line_at(at(place, dock), quantity, to_bin=place.bin) for place, quantity in goods]
        work.post(Kind.MOVEMENT, location, put_away, by="tomasz", on=day, note="Put away")


def at(place: Place, bin: int) -> Place:
    return Place(place.location, bin, place.article, place.variant, place.lot)


def delivered(work: Work, place: Place, day: date) -> Place:
    """Goods that are tracked by lot mostly come with a new one."""
    article = place.article
    if not article.family.is_lot or work.rng.random() < 0.3:
        return place
    made = day - timedelta(days=work.rng.randint(1, 9))
    lot = ensure_lot(Item(pk=article.pk), lot_number(article, made), made + timedelta(days=article.family.life))
    return Place(place.location, place.bin, article, place.variant, lot.pk)


def delivery_quantity(work: Work, place: Place) -> Decimal:
    packs = place.article.family.packs
    per = packs[0][1] if packs else 1
    return Decimal(per * work.rng.randint(1, 8) if place.article.cost < 40 else work.rng.randint(1, 6))


def price(work: Work, place: Place) -> Decimal:
    """A little above or below the usual cost."""
    return (place.article.cost * Decimal(work.rng.randint(960, 1060)) / 1000).quantize(Decimal("0.01"))


def issue(work: Work, location: Location, day: date, *, lines: int) -> None:
    goods = [
        line_at(place, -part_of(work, quantity, 0.3)) for place, quantity in work.stocked(lines, location=location)
    ]
    if goods:
        note = f"Order SO-{work.rng.randint(8000, 8999)}"
        work.post(Kind.ISSUE, location, goods, by=work.rng.choice(["priya", "tomasz", "counter"]), on=day, note=note)


def replenish(work: Work, location: Location, day: date, *, lines: int) -> None:
    goods = [
        line_at(place, part_of(work, quantity, 0.5), to_bin=to.bin)
        for (place, quantity), to in zip(
            work.stocked(lines, location=location), work.places(lines, location=location), strict=False
        )
        if to.bin != place.bin and to.article.zone == place.article.zone
    ]
    if goods:
        work.post(Kind.MOVEMENT, location, goods, by="tomasz", on=day, note="Replenishment")


def transfer(work: Work, day: date, *, lines: int) -> None:
    """To the second location, which keeps only some of the zones."""
    main, second = work.warehouse.main, work.warehouse.second
    bins = {zone: pks for (location, zone), pks in work.warehouse.bins.items() if location == second.pk}
    goods = [
        line_at(place, part_of(work, quantity, 0.2), to_bin=work.rng.choice(bins[place.article.zone]))
        for place, quantity in work.stocked(lines, location=main)
        if bins.get(place.article.zone)
    ]
    if goods:
        note = f"Transfer order {work.rng.randint(300, 399)}"
        work.post(Kind.LOCATION_TRANSFER, main, goods, by="supervisor", on=day, note=note, other_location=second)


def mishaps(work: Work, week: int, day: date) -> None:
    """Something breaks every week; now and then somebody counts on the spot, or books a delivery twice."""
    main = work.warehouse.main
    broken = [line_at(place, Decimal(-1)) for place, _quantity in work.stocked(2, location=main)]
    if broken:
        reason = Reason.objects.get(code="damaged")
        work.post(Kind.ISSUE, main, broken, by="supervisor", on=day, reason=reason, note="Fell from the forklift")
    looked = work.stocked(1, location=main)
    if week % 2 and looked:
        [(place, quantity)] = looked
        seen = [line_at(place, quantity - 1)]
        work.post(Kind.MANUAL_ADJUSTMENT, main, seen, by="supervisor", on=day, note="Looked after a complaint")
    if week % 3 == 0:
        twice = [line_at(place, Decimal(2)) for place in work.places(2, location=main)]
        if twice:
            mistake = work.post(Kind.RECEIPT, main, twice, by="jonas", on=day, note="Booked twice")
            reverse(mistake, by=work.people["supervisor"], at=day, note="Booked twice")


def part_of(work: Work, quantity: Decimal, most: float) -> Decimal:
    """A whole number of units, at least one, at most this share of what lies there (rarely all of it)."""
    if work.rng.random() < 0.03:
        return quantity
    return Decimal(max(1, int(float(quantity) * most * work.rng.random())))
