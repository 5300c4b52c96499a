"""Random documents, posted and compared after each with a ledger in plain Python."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple
from uuid import uuid4

import pytest
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from inventory_site.errors import DomainError
from ledger.models import Effect, ItemLedgerEntry, Kind, Reason, StockValue, WarehouseEntry
from ledger.posting import Line, PostingRefused, TooMuch, post, preview
from ledger.reversing import reverse
from tests.factories import TODAY, BinFactory, ItemFactory, LocationFactory, LotFactory, LotItemFactory, document
from tests.laws import assert_laws_hold, assert_reconciled
from tests.properties import rolled_back
from warehouse.models import ItemVariant, Quant

pytestmark = pytest.mark.django_db

INCOMING = {Kind.RECEIPT, Kind.OPENING}
OUTGOING = {Kind.ISSUE}
# Set out by what they are about, never as single lines
OF_TWO_ENDS = (Kind.REVERSAL, Kind.STOCK_TRANSFER, Kind.CONVERSION, Kind.RECLASSIFICATION)
BETWEEN_BINS = (Kind.MOVEMENT, Kind.LOCATION_TRANSFER)


class Stock(NamedTuple):
    """What can lie in a bin. Its value is kept for item and variant, its books for the lot too."""

    item: int
    variant: int | None
    lot: int | None


class Change(NamedTuple):
    """One warehouse entry: `amount` is the money that a reversal takes back."""

    line: int
    bin: int
    stock: Stock
    quantity: Decimal
    unit_cost: Decimal | None = None
    amount: Decimal | None = None


@dataclass
class Posted:
    """A document in plain Python; `register` is what the product made of it."""

    kind: Kind
    effect: str
    changes: list[Change]
    register: object
    amounts: dict = field(default_factory=dict)  # (line, location) -> money
    reversed: bool = False


class PlainLedger:
    """What posting should do, in the simplest words: dictionaries, exact fractions, one line after the other."""

    def __init__(self, location_of, item_cost):
        self.location_of, self.item_cost = location_of, item_cost
        self.quants = defaultdict(Decimal)  # (bin, stock) -> quantity
        self.owned = defaultdict(Decimal)  # (location, stock) -> quantity
        self.pools = defaultdict(lambda: (Decimal(0), Decimal(0)))  # (location, item, variant) -> quantity, value
        self.documents = []

    def changes_of(self, kind, lines):
        for number, line in enumerate(lines, start=1):
            stock = Stock(line.item, line.variant, line.lot)
            if kind in BETWEEN_BINS:
                yield Change(number, line.bin, stock, -line.quantity, line.unit_cost)
                yield Change(number, line.to_bin, stock, line.quantity, line.unit_cost)
            elif kind == Kind.MANUAL_ADJUSTMENT:
                yield Change(number, line.bin, stock, line.quantity - self.quants[line.bin, stock], line.unit_cost)
            else:
                yield Change(number, line.bin, stock, line.quantity, line.unit_cost)

    def errors_of(self, changes):
        total = by_quant(changes)
        return sorted(
            {
                (change.line, "not_enough")
                for change in changes
                if change.quantity < 0 and self.quants[key(change)] + total[key(change)] < 0
            }
        )

    def post(self, kind, effect, changes, register, *, stays=False, arrives_at=None):
        posted = Posted(kind, effect, changes, register)
        for change in changes:
            self.quants[key(change)] += change.quantity
        if not stays:
            self.book(posted, arrives_at)
        self.documents.append(posted)
        return posted

    def book(self, posted, arrives_at):
        """Item ledger and value: all that comes in first, then all that goes out, at last what arrives elsewhere."""
        real = [change for change in posted.changes if change.quantity]
        arriving = [each for each in real if each.quantity > 0 and self.place(each) == arrives_at]
        incoming = [each for each in real if each.quantity > 0 and self.place(each) != arrives_at]
        outgoing = [each for each in real if each.quantity < 0]
        before = dict(self.pools)
        for change in incoming:
            self.move(posted, change, self.price_of(change, before.get(self.pool(change), (0, 0))))
        for pool, leaving in groupby(sorted(outgoing, key=self.pool_text), key=self.pool):
            self.issue(posted, pool, list(leaving))
        for change in arriving:
            source = next(each for each in outgoing if each.line == change.line)
            self.move(posted, change, -posted.amounts[source.line, self.place(source)])

    def price_of(self, change, pool):
        owned, worth = pool
        if change.amount is not None:
            return change.amount
        if change.unit_cost is not None:
            return money(Fraction(change.quantity) * Fraction(change.unit_cost))
        if owned:
            return money(Fraction(change.quantity) * Fraction(worth) / Fraction(owned))
        return money(Fraction(change.quantity) * Fraction(self.item_cost[change.stock.item]))

    def issue(self, posted, pool, leaving):
        owned, worth = self.pools[pool]
        rest = owned + sum(change.quantity for change in leaving)
        known = all(change.amount is not None for change in leaving)
        if known and rest > 0 and worth + sum(change.amount for change in leaving) >= 0:
            for change in leaving:
                self.move(posted, change, change.amount)
            return
        gone = Decimal(0)
        for change in leaving:
            share_before = money(Fraction(worth) * Fraction(gone) / Fraction(owned))
            gone -= change.quantity
            self.move(posted, change, share_before - money(Fraction(worth) * Fraction(gone) / Fraction(owned)))

    def move(self, posted, change, amount):
        owned, worth = self.pools[self.pool(change)]
        self.pools[self.pool(change)] = owned + change.quantity, worth + amount
        self.owned[self.place(change), change.stock] += change.quantity
        posted.amounts[change.line, self.place(change)] = amount

    def opposite_of(self, posted):
        return [
            change._replace(
                quantity=-change.quantity,
                unit_cost=None,
                amount=-posted.amounts[change.line, self.place(change)]
                if (change.line, self.place(change)) in posted.amounts
                else None,
            )
            for change in posted.changes
        ]

    def is_settled(self, posted):
        later = self.documents[self.documents.index(posted) + 1 :]
        mine = {key(change) for change in posted.changes}
        return any(
            each.effect == Effect.COUNTED and not each.reversed and mine & {key(change) for change in each.changes}
            for each in later
        )

    def place(self, change):
        return self.location_of[change.bin]

    def pool(self, change):
        return self.place(change), change.stock.item, change.stock.variant

    def pool_text(self, change):
        return str(self.pool(change))


def key(change):
    return change.bin, change.stock


def money(amount):
    """To four decimals, halves away from zero."""
    with localcontext(prec=60):
        exact = Decimal(amount.numerator) / Decimal(amount.denominator)
        return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


class World:
    def __init__(self):
        self.here, self.there = LocationFactory(), LocationFactory()
        self.bins = {
            self.here.pk: [BinFactory(location=self.here).pk for _ in range(2)],
            self.there.pk: [BinFactory(location=self.there).pk for _ in range(2)],
        }
        bulk = ItemFactory(unit_cost=Decimal("2.5"))
        lots = LotItemFactory(unit_cost=Decimal("0.333333"))
        variants = ItemFactory(unit_cost=Decimal(0))
        variant = ItemVariant.objects.create(item=variants, code="red", name="Red")
        self.stock = [
            Stock(bulk.pk, None, None),
            Stock(lots.pk, None, LotFactory(item=lots).pk),
            Stock(lots.pk, None, LotFactory(item=lots).pk),
            Stock(variants.pk, None, None),
            Stock(variants.pk, variant.pk, None),
        ]
        self.costs = {item.pk: item.unit_cost for item in (bulk, lots, variants)}
        self.reasons = {
            effect: Reason.objects.create(code=f"oracle-{effect}", name=effect, effect=effect) for effect in Effect
        }
        self.ledger = PlainLedger({bin: place for place, bins in self.bins.items() for bin in bins}, self.costs)

    def bin(self, location, number):
        return self.bins[location.pk][number]


quantities = st.one_of(
    st.integers(1, 12).map(Decimal),
    st.decimals(min_value=Decimal("0.00001"), max_value=Decimal(20), places=5),
)
costs = st.one_of(st.none(), st.sampled_from([Decimal(0), Decimal(1), Decimal("0.1")]), st.decimals(0, 1000, places=6))
line = st.fixed_dictionaries(
    {
        "bin": st.integers(0, 1),
        "stock": st.integers(0, 4),
        "quantity": quantities,
        "cost": costs,
        "all_of_it": st.booleans(),  # take everything that lies there: the last piece takes the rest
    }
)
step = st.one_of(
    st.fixed_dictionaries(
        {
            # A count alone posts stock transfers, from quant to quant: tests/counting/test_misplaced.py
            "kind": st.sampled_from([kind for kind in Kind if kind not in OF_TWO_ENDS]),
            "here": st.booleans(),
            "lines": st.lists(line, min_size=1, max_size=5),
            "reason": st.one_of(st.none(), st.sampled_from(Effect)),
        }
    ),
    st.fixed_dictionaries({"reverse": st.integers(0, 30)}),
    # All of an item that a location owns leaves by one document of many lines: the last piece takes the rest.
    st.fixed_dictionaries({"clear_out": st.integers(0, 4), "here": st.booleans(), "parts": st.integers(1, 3)}),
)


# Much comes in at first, so that later documents find something to move.
beginning = st.fixed_dictionaries(
    {
        "kind": st.just(Kind.RECEIPT),
        "here": st.booleans(),
        "lines": st.lists(line, min_size=3, max_size=6),
        "reason": st.none(),
    }
)


@given(st.tuples(beginning, beginning).map(list), st.lists(step, min_size=1, max_size=12))
def test_posting_does_what_a_plain_ledger_does(first, then):
    with rolled_back():
        world = World()
        for each in [*first, *then]:
            if "reverse" in each:
                reverse_one(world, each["reverse"])
            elif "clear_out" in each:
                clear_out(world, **each)
            else:
                post_one(world, each)
            assert_same_as(world.ledger)
            assert_laws_hold()
        assert_reconciled()


def post_one(world, step):
    kind, ledger = step["kind"], world.ledger
    here, there = (world.here, world.there) if step["here"] else (world.there, world.here)
    lines = unique([line_of(world, kind, here, there, each) for each in step["lines"]], kind)
    other = there if kind == Kind.LOCATION_TRANSFER else None
    reason = world.reasons[step["reason"]] if step["reason"] else None
    paper = document(here, kind, other_location=other, reason=reason)
    changes = list(ledger.changes_of(kind, lines))
    errors = ledger.errors_of(changes)
    if errors:
        with pytest.raises(PostingRefused) as refused:
            post(paper, lines)
        assert [(error.line, error.code) for error in refused.value.errors] == errors
        return
    foreseen = preview(paper, lines)
    register = post(paper, lines)
    assert post(paper, lines) == register
    ledger.post(
        kind, register.effect, changes, register, stays=kind == Kind.MOVEMENT, arrives_at=other.pk if other else None
    )
    assert sorted((before, change) for _quant, before, change in foreseen.quants) == sorted(
        (ledger.quants[quant] - change, change) for quant, change in by_quant(changes).items()
    )


def by_quant(changes):
    moved = defaultdict(Decimal)
    for change in changes:
        moved[key(change)] += change.quantity
    return moved


def clear_out(world, clear_out, here, parts):
    ledger, location = world.ledger, world.here if here else world.there
    item, variant, _lot = world.stock[clear_out]
    lines = []
    for bin in world.bins[location.pk]:
        for stock in world.stock:
            there = ledger.quants[bin, stock]
            if there and (stock.item, stock.variant) == (item, variant):
                piece = (there / parts).quantize(Decimal("0.00001"), ROUND_DOWN)
                pieces = [piece] * (parts - 1) + [there - piece * (parts - 1)]
                lines += [Line(bin=bin, quantity=-each, **stock._asdict()) for each in pieces if each]
    if lines:
        changes = list(ledger.changes_of(Kind.ISSUE, lines))
        register = post(document(location, Kind.ISSUE), lines)
        ledger.post(Kind.ISSUE, register.effect, changes, register)
        assert ledger.pools[location.pk, item, variant] == (0, 0)


def line_of(world, kind, here, there, drawn):
    stock = world.stock[drawn["stock"]]
    bin = world.bin(here, drawn["bin"])
    to_bin = {
        Kind.MOVEMENT: world.bin(here, 1 - drawn["bin"]),
        Kind.LOCATION_TRANSFER: world.bin(there, drawn["bin"]),
    }.get(kind)
    quantity = drawn["quantity"]
    lies_there = world.ledger.quants[bin, stock]
    if drawn["all_of_it"] and lies_there and kind not in INCOMING:
        quantity = Decimal(0) if kind == Kind.MANUAL_ADJUSTMENT else lies_there
    if kind in OUTGOING or (kind == Kind.QUANTITY_ADJUSTMENT and drawn["cost"] is None):
        quantity = -quantity
    return Line(
        bin=bin,
        to_bin=to_bin,
        item=stock.item,
        variant=stock.variant,
        lot=stock.lot,
        quantity=quantity,
        unit_cost=drawn["cost"],
    )


def unique(lines, kind):
    """An absolute quantity is said once for a quant."""
    if kind != Kind.MANUAL_ADJUSTMENT:
        return lines
    return list({(line.bin, line.item, line.variant, line.lot): line for line in lines}.values())


def reverse_one(world, number):
    ledger = world.ledger
    if not ledger.documents:
        return
    posted = ledger.documents[number % len(ledger.documents)]
    changes = ledger.opposite_of(posted)
    refused = (
        "reversal_of_reversal"
        if posted.kind == Kind.REVERSAL
        else "settled_by_count"
        if ledger.is_settled(posted)
        else "posting_refused"
        if ledger.errors_of(changes)
        else None
    )
    if refused and not posted.reversed:
        with pytest.raises(DomainError) as error:
            reverse(posted.register, by=None, at=TODAY)
        assert error.value.code == refused
        return
    register = reverse(posted.register, by=None, at=TODAY)
    if posted.reversed:
        assert register == posted.register.reversals.get()
        return
    assert register.effect == Effect.CORRECTED
    posted.reversed = True
    ledger.post(Kind.REVERSAL, register.effect, changes, register, stays=posted.kind == Kind.MOVEMENT)


def assert_same_as(ledger):
    quants = {
        (bin, Stock(*stock)): quantity
        for bin, *stock, quantity in Quant.objects.values_list("bin", "item", "variant", "lot", "quantity")
    }
    assert not_zero(quants) == not_zero(ledger.quants)
    owned = ItemLedgerEntry.objects.order_by().values_list("location", "item", "variant", "lot")
    assert not_zero({(place, Stock(*stock)): q for place, *stock, q in owned.annotate(Sum("quantity"))}) == not_zero(
        ledger.owned
    )
    pools = StockValue.objects.values_list("location", "item", "variant", "quantity", "value")
    assert {tuple(pool): (q, worth) for *pool, q, worth in pools if q} == {
        pool: (q, worth) for pool, (q, worth) in ledger.pools.items() if q
    }
    if ledger.documents:
        newest = ledger.documents[-1]
        written = WarehouseEntry.objects.filter(register=newest.register).order_by("id")
        assert sorted(written.values_list("line", "quant__bin", "quantity", "effect")) == sorted(
            (change.line, change.bin, change.quantity, newest.effect) for change in newest.changes
        )
        amounts = ItemLedgerEntry.objects.filter(register=newest.register)
        assert {
            (line, place): amount
            for line, place, amount in amounts.values_list("line", "location", "value_entry__amount")
        } == newest.amounts


def not_zero(sums):
    return {key: total for key, total in sums.items() if total}


def given_line(location, **details):
    bin = BinFactory(location=location)
    return {"bin": bin.pk, "item": ItemFactory().pk, "quantity": Decimal(1), **details}


def refusal(location, lines, kind, **details):
    with pytest.raises(PostingRefused) as refused:
        post(document(location, kind, **details), [Line(**line) for line in lines])
    return [(error.line, error.code) for error in refused.value.errors]


@pytest.mark.parametrize("quantity", ["0", "-5"])
@pytest.mark.parametrize("kind", BETWEEN_BINS)
def test_nothing_moves_backwards(kind, quantity):
    here, there = LocationFactory(), LocationFactory()
    other = there if kind == Kind.LOCATION_TRANSFER else None
    to_bin = BinFactory(location=other or here)
    item = ItemFactory()
    post(document(to_bin.location), [Line(bin=to_bin.pk, item=item.pk, quantity=Decimal(10))])
    line = given_line(here, to_bin=to_bin.pk, item=item.pk, quantity=Decimal(quantity))

    assert refusal(here, [line], kind, other_location=other) == [(1, "wrong_sign")]


@pytest.mark.parametrize("other", ["none", "itself"])
def test_a_location_transfer_goes_to_another_location(other):
    here = LocationFactory()
    line = given_line(here, to_bin=BinFactory(location=here).pk)
    post(document(here), [Line(bin=line["bin"], item=line["item"], quantity=Decimal(5))])

    with pytest.raises(DomainError) as refused:
        post(document(here, Kind.LOCATION_TRANSFER, other_location=None if other == "none" else here), [Line(**line)])

    assert refused.value.code == "needs_two_locations"


@pytest.mark.parametrize(
    ("quantity", "cost", "code"),
    [
        ("1e999", None, "quantity_unusable"),
        ("Infinity", None, "quantity_unusable"),
        ("-Infinity", None, "quantity_unusable"),
        ("sNaN", None, "quantity_unusable"),
        ("9999999999999", None, "too_much"),
        ("9999999999999", "999999999999", "too_much"),
        ("1", "1e999", "cost_unusable"),
        ("1", "NaN", "cost_unusable"),
        ("1", "Infinity", "cost_unusable"),
        ("1", "-0.01", "cost_unusable"),
    ],
)
def test_numbers_that_no_ledger_can_hold_are_told_by_line(quantity, cost, code):
    here = LocationFactory()
    line = given_line(here)
    post(document(here), [Line(bin=line["bin"], item=line["item"], quantity=Decimal(1))])
    unit_cost = None if cost is None else Decimal(cost)

    codes = refusal(here, [line | {"quantity": Decimal(quantity), "unit_cost": unit_cost}], Kind.RECEIPT)

    assert (1, code) in codes


def test_numbers_at_the_limit_can_be_posted():
    here = LocationFactory()
    line = given_line(here, quantity=Decimal("9999999999999.99999"), unit_cost=Decimal("0.01"))

    post(document(here), [Line(**line)])

    assert_reconciled()


def test_the_same_request_on_another_paper_returns_what_it_posted_first():
    here = LocationFactory()
    line, request = given_line(here), uuid4()

    first = post(document(here, request_id=request), [Line(**line)])

    assert post(document(here, Kind.ISSUE, request_id=request), [Line(**line)]) == first


def test_lines_that_only_together_are_too_much_are_refused_as_a_document():
    here = LocationFactory()
    line = given_line(here, quantity=Decimal("6e12"), unit_cost=Decimal(0))

    with pytest.raises(TooMuch):
        post(document(here), [Line(**line), Line(**line)])


@pytest.mark.parametrize("effect", Effect)
def test_an_absolute_adjustment_is_a_look_whatever_its_reason(effect):
    reason = Reason.objects.create(code=f"look-{effect}", name="Broken, says somebody", effect=effect)
    here = LocationFactory()

    register = post(document(here, Kind.MANUAL_ADJUSTMENT, reason=reason), [Line(**given_line(here))])

    assert register.effect == Effect.COUNTED
    assert register.warehouse_entries.get().effect == Effect.COUNTED
