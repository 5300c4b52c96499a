"""Random documents of serialized items, posted and compared after each with units in plain Python."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory_site.errors import DomainError
from ledger.models import Effect, Kind, Reason, WarehouseEntry
from ledger.posting import Line, PostingRefused, post, preview
from ledger.reversing import reverse
from tests.factories import TODAY, BinFactory, ItemFactory, LocationFactory, document
from tests.laws import assert_laws_hold, assert_reconciled
from tests.properties import rolled_back
from warehouse.models import ItemVariant, Quant, Unit

pytestmark = pytest.mark.django_db

INCOMING = (Kind.RECEIPT, Kind.OPENING)
BETWEEN_BINS = (Kind.MOVEMENT, Kind.LOCATION_TRANSFER)
CODES = [f"SN-{number}" for number in range(5)]


class Goods(NamedTuple):
    item: int
    variant: int | None


@dataclass
class Piece:
    """A unit: where it lies (None: nowhere), what it cost, and the entries that carried it."""

    goods: Goods
    bin: int | None = None
    state: str = "detached"
    cost: Decimal = Decimal(0)
    came_in: bool = False


class Change(NamedTuple):
    line: int
    code: str
    goods: Goods
    bin: int
    quantity: int
    unit_cost: Decimal | None = None
    amount: Decimal | None = None  # what a reversal brings back
    back_to: str = ""  # the state that a reversal puts it back into


@dataclass
class Posted:
    kind: Kind
    effect: str
    changes: list[Change]
    register: object
    before: dict = field(default_factory=dict)  # (item, code) -> state before
    amounts: dict = field(default_factory=dict)  # (item, code) -> money
    bulk: set = field(default_factory=set)  # the bins into which goods without units came
    reversed: bool = False

    @property
    def stands(self):
        return self.kind != Kind.REVERSAL and not self.reversed


class PlainUnits:
    """What posting should do with units, one after the other."""

    def __init__(self, location_of, item_cost):
        self.location_of, self.item_cost = location_of, item_cost
        self.pieces = {}  # (item, code) -> Piece
        self.documents = []

    def lying(self, bin, goods):
        return {code for (item, code), piece in self.pieces.items() if (piece.bin, piece.goods) == (bin, goods)}

    def stock(self, location, goods):
        return [
            piece
            for piece in self.pieces.values()
            if piece.bin and piece.goods == goods and self.location_of[piece.bin] == location
        ]

    def average(self, location, goods):
        stock = self.stock(location, goods)
        if not stock:
            return money(self.item_cost[goods.item])
        return money(sum(piece.cost for piece in stock) / len(stock))

    def post(self, kind, effect, changes, register):
        """What leaves leaves first; what comes in costs what it brings, what it cost, the average, what the item costs.

        Movements between bins, of this location or another, carry the cost.
        """
        posted = Posted(kind, effect, changes, register)
        averages = {
            (self.location_of[change.bin], change.goods): self.average(self.location_of[change.bin], change.goods)
            for change in changes
        }
        posted.before = {
            key(change): self.pieces[key(change)].state for change in changes if key(change) in self.pieces
        }
        for change in sorted(changes, key=lambda change: change.quantity):
            piece = self.pieces.setdefault(key(change), Piece(change.goods))
            posted.before.setdefault(key(change), piece.state)
            if change.quantity < 0:
                piece.bin, piece.state = None, self.state_after(effect, change)
                posted.amounts[key(change)] = -piece.cost
                continue
            moves = any(each.quantity < 0 and key(each) == key(change) for each in changes)
            if not moves:
                piece.cost = self.cost_of(change, piece, averages[self.location_of[change.bin], change.goods])
                posted.amounts[key(change)] = piece.cost
            piece.bin, piece.state, piece.came_in = change.bin, "in_stock", True
        self.documents.append(posted)
        return posted

    def state_after(self, effect, change):
        return change.back_to or ("released" if effect == Effect.MOVED else "detached")

    def cost_of(self, change, piece, average):
        if change.amount is not None:
            return change.amount
        if change.unit_cost is not None:
            return money(change.unit_cost)
        return piece.cost if piece.came_in else average


def key(change):
    return change.goods.item, change.code


def money(amount):
    return Decimal(amount).quantize(Decimal("0.0001"), ROUND_HALF_UP)


class World:
    def __init__(self):
        self.here, self.there = LocationFactory(), LocationFactory()
        self.bins = {place.pk: [BinFactory(location=place).pk for _ in range(2)] for place in (self.here, self.there)}
        drill = ItemFactory(tracking="serial", unit_cost=Decimal("9.99"))
        meter = ItemFactory(tracking="serial", unit_cost=Decimal(0))
        red = ItemVariant.objects.create(item=meter, code="red", name="Red")
        tag = ItemFactory(tracking="rfid", unit_cost=Decimal("0.333333"))
        self.goods = [Goods(drill.pk, None), Goods(meter.pk, None), Goods(meter.pk, red.pk), Goods(tag.pk, None)]
        self.tagged = tag.pk
        self.bulk = ItemFactory()
        self.reasons = {
            effect: Reason.objects.create(code=f"units-{effect}", name=effect, effect=effect) for effect in Effect
        }
        self.units = PlainUnits(
            {bin: place for place, bins in self.bins.items() for bin in bins},
            {item.pk: item.unit_cost for item in (drill, meter, tag)},
        )


costs = st.one_of(st.none(), st.sampled_from([Decimal(0), Decimal("0.1")]), st.decimals(0, 1000, places=6))
line = st.fixed_dictionaries(
    {
        "bin": st.integers(0, 1),
        "goods": st.integers(0, 3),
        "code": st.integers(0, 4),
        "cost": costs,
        "right": st.sampled_from([True, True, True, False]),  # a unit that lies there, if any does
        "whole": st.sampled_from([True, True, True, True, True, False]),  # one unit, and not half of one
        "bulk": st.sampled_from([False, False, False, True]),  # goods without units on the same paper
    }
)
step = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from([*INCOMING, Kind.RECEIPT, Kind.ISSUE, Kind.ISSUE, *BETWEEN_BINS]),
            "here": st.booleans(),
            "lines": st.lists(line, min_size=1, max_size=5),
            "reason": st.one_of(st.none(), st.none(), st.sampled_from(Effect)),
        }
    ),
    st.fixed_dictionaries({"reverse": st.integers(0, 30)}),
)
beginning = st.fixed_dictionaries(
    {
        "kind": st.just(Kind.RECEIPT),
        "here": st.booleans(),
        "lines": st.lists(line, min_size=4, max_size=8, unique_by=lambda each: (each["goods"], each["code"])),
        "reason": st.none(),
    }
)


@settings(max_examples=settings.default.max_examples // 2)
@given(st.tuples(beginning, beginning).map(list), st.lists(step, min_size=2, max_size=10))
def test_posting_does_with_units_what_plain_units_do(first, then):
    with rolled_back():
        world = World()
        for each in [*first, *then]:
            if "reverse" in each:
                reverse_one(world, each["reverse"])
            else:
                post_one(world, each)
            assert_same_as(world.units)
            assert_laws_hold()
        assert_reconciled()


def post_one(world, step):
    kind = step["kind"]
    here, there = (world.here, world.there) if step["here"] else (world.there, world.here)
    lines = [line_of(world, kind, here, there, each) for each in step["lines"]]
    other = there if kind == Kind.LOCATION_TRANSFER else None
    paper = document(here, kind, other_location=other, reason=world.reasons.get(step["reason"]))
    errors = errors_of(world.units, kind, lines)
    if errors:
        known = Unit.objects.count()
        # Of a new unit that two lines name in two variants, either may be taken for the wrong one.
        new = [number for number, line in enumerate(lines, start=1) if not is_known(world.units, line)]
        undecided = {(number, "unit_of_another_variant") for number in new}
        with pytest.raises(PostingRefused) as refused:
            post(paper, lines)
        assert {(error.line, error.code) for error in refused.value.errors} - undecided == errors
        assert Unit.objects.count() == known
        return
    foreseen = preview(paper, lines)
    register = post(paper, lines)
    assert post(paper, lines) == register
    assert foreseen.entries == register.warehouse_entries.count()
    changes = [change for number, line in enumerate(lines, start=1) if line.unit for change in changes_of(number, line)]
    posted = world.units.post(kind, register.effect, changes, register)
    posted.bulk = {line.bin for line in lines if not line.unit}


def line_of(world, kind, here, there, drawn):
    bin, goods = world.bins[here.pk][drawn["bin"]], world.goods[drawn["goods"]]
    to_bin = {
        Kind.MOVEMENT: world.bins[here.pk][1 - drawn["bin"]],
        Kind.LOCATION_TRANSFER: world.bins[there.pk][drawn["bin"]],
    }.get(kind)
    if drawn["bulk"] and kind in INCOMING:
        return Line(bin=bin, item=world.bulk.pk, quantity=Decimal(3), unit_cost=drawn["cost"])
    codes = sorted(world.units.lying(bin, goods))
    if drawn["right"] and codes and kind not in INCOMING:
        code = codes[drawn["code"] % len(codes)]
    else:
        code = code_of(world, goods, drawn["code"])
    quantity = Decimal(1) if drawn["whole"] else Decimal("0.5")
    return Line(
        bin=bin,
        to_bin=to_bin,
        item=goods.item,
        variant=goods.variant,
        unit=code,
        quantity=-quantity if kind == Kind.ISSUE else quantity,
        unit_cost=drawn["cost"],
    )


def code_of(world, goods, number):
    return f"30{number:022X}" if goods.item == world.tagged else CODES[number]


def changes_of(number, line):
    change = Change(number, line.unit, Goods(line.item, line.variant), line.bin, int(line.quantity), line.unit_cost)
    if line.to_bin is None:
        return [change]
    return [change._replace(quantity=-1), change._replace(bin=line.to_bin)]


def errors_of(units, kind, lines):
    """Every line and what is wrong with it."""
    errors = set()
    named = [(line.item, line.unit) for line in lines if line.unit and (kind in INCOMING or is_known(units, line))]
    for number, line in enumerate(lines, start=1):
        if line.unit:
            twice = named.count((line.item, line.unit)) > 1
            errors |= {(number, code) for code in wrong_with(units, kind, line, twice=twice)}
    return errors


def is_known(units, line):
    return (line.item, line.unit) in units.pieces


def wrong_with(units, kind, line, *, twice):
    piece = units.pieces.get((line.item, line.unit))
    if piece is None and kind not in INCOMING:
        return {"unit_unknown"}
    wrong = {"unit_twice"} if twice else set()
    if abs(line.quantity) != 1:
        wrong.add("quantity_not_one")
    if piece is None:
        return wrong
    if piece.goods.variant != line.variant:
        wrong.add("unit_of_another_variant")
    if kind in INCOMING:
        return wrong | ({"unit_in_stock"} if piece.state == "in_stock" else set())
    if piece.state == "in_stock":
        return wrong | ({"unit_elsewhere"} if (piece.bin, piece.goods.variant) != (line.bin, line.variant) else set())
    return wrong | {f"unit_{piece.state}"}


def reverse_one(world, number):
    units = world.units
    if not units.documents:
        return
    posted = units.documents[number % len(units.documents)]
    if posted.reversed:
        assert reverse(posted.register, by=None, at=TODAY) == posted.register.reversals.get()
        return
    changes = opposite_of(posted)
    refused = "reversal_of_reversal" if posted.kind == Kind.REVERSAL else refusal_of(units, posted)
    if refused:
        with pytest.raises(DomainError) as error:
            reverse(posted.register, by=None, at=TODAY)
        assert error.value.code == refused
        return
    register = reverse(posted.register, by=None, at=TODAY)
    posted.reversed = True
    units.post(Kind.REVERSAL, register.effect, changes, register)


def opposite_of(posted):
    """The way back; who goes out again becomes what it was before it came in."""
    moves = posted.kind in BETWEEN_BINS
    return [
        change._replace(
            quantity=-change.quantity,
            unit_cost=None,
            amount=None if moves else -posted.amounts[key(change)],
            back_to=posted.before[key(change)],
        )
        for change in posted.changes
    ]


def refusal_of(units, posted):
    """Nothing may have happened since to what it carried that still stands, and nobody may have looked."""
    later = [each for each in units.documents[units.documents.index(posted) + 1 :] if each.stands]
    since = [each for each in later if each.before.keys() & posted.before.keys()]
    looked = [each for each in later if each.bulk & posted.bulk]
    if any(each.effect == Effect.COUNTED for each in since + looked):
        return "settled_by_count"
    return "posting_refused" if since else None


def assert_same_as(units):
    known = {
        (item, code): Piece(Goods(item, variant), bin, state, cost, bool(last_entry))
        for item, variant, code, bin, state, cost, last_entry in Unit.objects.values_list(
            "item", "variant", "code", "quant__bin", "state", "cost", "last_entry"
        )
    }
    assert known == units.pieces
    lying = defaultdict(int)
    for piece in units.pieces.values():
        if piece.bin:
            lying[piece.bin, *piece.goods] += 1
    quants = Quant.objects.filter(item__in=units.item_cost).values_list("bin", "item", "variant", "quantity")
    assert {tuple(key): quantity for *key, quantity in quants if quantity} == lying
    if units.documents:
        newest = units.documents[-1]
        written = WarehouseEntry.objects.filter(register=newest.register, unit__isnull=False)
        assert sorted(written.values_list("line", "unit__code", "quant__bin", "quantity", "effect")) == sorted(
            (change.line, change.code, change.bin, change.quantity, newest.effect) for change in newest.changes
        )
        booked = newest.register.item_ledger_entries.filter(unit__isnull=False)
        if len(newest.changes) == len(newest.before):  # what moves takes its money along
            assert {
                (item, code): amount
                for item, code, amount in booked.values_list("item", "unit__code", "value_entry__amount")
            } == newest.amounts
