"""The tool room of the demonstration: units with serial numbers and tags, what came of them, and where they went."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random

from counting.demo.building import Warehouse, ean_13
from counting.demo.vocabulary import MAKES, TOOL_ROOM, TOOL_ROOM_NAME, UNITS_OF_MEASURE, ZONES, Make
from counting.demo.working import Work, working_days
from ledger.models import Kind
from ledger.posting import Line
from warehouse.loading import load
from warehouse.models import (
    Bin,
    BinKind,
    Category,
    Item,
    ItemReference,
    Location,
    Tracking,
    Unit,
    UnitOfMeasure,
    Zone,
)
from warehouse.tags import tag_of

BINS = 12, 4  # of the tool rooms at the first and the second location
BINS_OF_A_MAKE = 3, 2
SHELVES = 6  # of a rack
SHARE_OF_FIRST = 0.75
FIRST_CODE = 90_000  # beyond the items of the other zones, however many they are
EVERY_THIRD = 3  # carries its manufacturer's number


@dataclass(eq=False)
class Tool:
    """A make as the generator knows it once it is an item. `numbers` go on where the last delivery ended."""

    make: Make
    pk: int
    gtin: str
    numbers: Iterator[int] = field(init=False)

    def __post_init__(self):
        self.numbers = itertools.count(self.make.first)

    def next_units(self, number: int) -> Iterator[tuple[str, str]]:
        """(code, manufacturer's number)"""
        for given in itertools.islice(self.numbers, number):
            serial = self.make.code.format(given)
            code = tag_of(self.gtin, serial).code if self.make.tracking == Tracking.RFID else serial
            marked = self.make.maker_code and given % EVERY_THIRD == 1
            yield code, self.make.maker_code.format(884_000 + 7 * given) if marked else ""


def make_tools() -> list[Tool]:
    parent = Category.objects.create(name=TOOL_ROOM_NAME, parent=None)
    names = dict.fromkeys(make.category for make in MAKES)
    categories = {name: Category.objects.create(name=name, parent=parent).pk for name in names}
    each = UnitOfMeasure.objects.get(code="each", name=UNITS_OF_MEASURE["each"])
    tools = []
    for position, make in enumerate(MAKES, start=FIRST_CODE):
        item = Item.objects.create(
            number=make.number,
            name=make.name,
            category_id=categories[make.category],
            base_unit=each,
            tracking=make.tracking,
            auto_serialized=bool(make.maker_code),
            unit_cost=Decimal(str(make.cost)),
        )
        gtin = ean_13(position)
        ItemReference.objects.create(item=item, code=gtin)
        tools.append(Tool(make, item.pk, gtin))
    return tools


def make_tool_rooms(warehouse: Warehouse) -> None:
    for location, number in zip((warehouse.main, warehouse.second), BINS, strict=True):
        zone = Zone.objects.create(location=location, code=TOOL_ROOM, name=TOOL_ROOM_NAME)
        first = 1_000_000 * (1 + len(ZONES))
        load(
            Bin,
            ("location_id", "zone_id", "code", "name", "kind", "walking_order"),
            (
                (
                    location.pk,
                    zone.pk,
                    f"{TOOL_ROOM}-{1 + position // SHELVES:02}-{1 + position % SHELVES:02}",
                    "",
                    BinKind.STORAGE.value,
                    first + 10 * position,
                )
                for position in range(number)
            ),
        )
        bins = list(Bin.objects.filter(zone=zone).order_by("walking_order").values_list("pk", flat=True))
        warehouse.occupied[location.pk, TOOL_ROOM] = bins


def opening_units(warehouse: Warehouse, tools: list[Tool], location: Location, rng: Random) -> Iterator[Line]:
    """Each make in a few bins side by side, with several makes in each bin."""
    bins = warehouse.occupied[location.pk, TOOL_ROOM]
    is_first = location == warehouse.main
    for position, tool in enumerate(tools):
        at_first = round(tool.make.units * SHARE_OF_FIRST)
        units = tool.next_units(at_first if is_first else tool.make.units - at_first)
        spread = BINS_OF_A_MAKE[0 if is_first else 1]
        for number, unit in enumerate(units):
            bin = bins[(position * spread + number % spread) % len(bins)]
            yield arriving(tool, unit, bin=bin, rng=rng)


def arriving(tool: Tool, unit: tuple[str, str], *, bin: int, rng: Random) -> Line:
    """One unit, which cost a little more or less than usual."""
    code, manufacturer_number = unit
    cost = Decimal(str(tool.make.cost)) * rng.randint(960, 1040) / 1000
    return Line(
        bin=bin,
        item=tool.pk,
        quantity=Decimal(1),
        unit=code,
        manufacturer_number=manufacturer_number,
        unit_cost=cost.quantize(Decimal("0.01")),
    )


def lying(location: Location) -> list[Unit]:
    """The units of a tool room, with where they are."""
    units = Unit.objects.in_stock().filter(quant__location=location, quant__bin__zone__code=TOOL_ROOM)
    return list(units.select_related("quant").order_by("pk"))


def line_of(unit: Unit, quantity: int, **details) -> Line:
    return Line(
        bin=unit.quant.bin_id, item=unit.item_id, variant=unit.variant_id, quantity=Decimal(quantity), unit=unit.code,
        **details,
    )  # fmt: skip


# Weeks


def a_week_in_the_tool_room(work: Work, tools: list[Tool], week: int) -> None:
    day = working_days(work, week)[0]
    if week % 3 == 1:
        deliver(work, work.rng.choice(tools), day)
    hand_out(work, day)
    tidy(work, day)
    if week % 4 == 0:
        lend(work, day)


def deliver(work: Work, tool: Tool, day: date) -> None:
    """To the dock, and from there to a shelf."""
    main = work.warehouse.main
    dock = work.warehouse.docks[main.pk][BinKind.RECEIVING]
    units = list(tool.next_units(work.rng.randint(3, 6)))
    note = f"Delivery note {work.rng.randint(40_000, 69_999)}"
    lines = [arriving(tool, unit, bin=dock, rng=work.rng) for unit in units]
    work.post(Kind.RECEIPT, main, lines, by="jonas", on=day, note=note)
    shelf = work.rng.choice(work.warehouse.occupied[main.pk, TOOL_ROOM])
    put_away = [Line(bin=dock, item=tool.pk, quantity=Decimal(1), unit=code, to_bin=shelf) for code, _number in units]
    work.post(Kind.MOVEMENT, main, put_away, by="tomasz", on=day, note="Put away")


def hand_out(work: Work, day: date) -> None:
    sold = work.rng.sample(lying(work.warehouse.main), 3)
    note = f"Order SO-{work.rng.randint(8000, 8999)}"
    work.post(Kind.ISSUE, work.warehouse.main, [line_of(unit, -1) for unit in sold], by="priya", on=day, note=note)


def tidy(work: Work, day: date) -> None:
    main = work.warehouse.main
    bins = work.warehouse.occupied[main.pk, TOOL_ROOM]
    moved = [
        line_of(unit, 1, to_bin=to)
        for unit in work.rng.sample(lying(main), 4)
        if (to := work.rng.choice(bins)) != unit.quant.bin_id
    ]
    if moved:
        work.post(Kind.MOVEMENT, main, moved, by="tomasz", on=day, note="Tidied up")


def lend(work: Work, day: date) -> None:
    """To the other location, for a while."""
    main, second = work.warehouse.main, work.warehouse.second
    bins = work.warehouse.occupied[second.pk, TOOL_ROOM]
    lent = [line_of(unit, 1, to_bin=work.rng.choice(bins)) for unit in work.rng.sample(lying(main), 3)]
    note = f"Transfer order {work.rng.randint(300, 399)}"
    work.post(Kind.LOCATION_TRANSFER, main, lent, by="supervisor", on=day, note=note, other_location=second)
