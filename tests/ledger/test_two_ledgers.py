"""Both ledgers at work: whatever is received, counted, journalled, reclassified, synchronised, converted or taken back,
the laws hold after every step, and the adjustment bin holds exactly what the two ledgers are apart."""

from collections import Counter
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import event, given
from hypothesis import strategies as st

from counting.completing import ask_to_complete, complete_session, digest
from counting.opening import Scope, open_session
from counting.recording import set_count
from counting.review import cancel, mark_counted
from counting.sighting import none_here, scan_units
from inventory_site.errors import DomainError
from ledger.converting import convert_location
from ledger.models import ItemLedgerEntry, JournalKind, Kind, Register, WarehouseEntry
from ledger.posting import Line, post
from ledger.reversing import reverse
from ledger.synchronising import synchronise
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    SerialItemFactory,
    UserFactory,
    document,
)
from tests.laws import assert_laws_hold, assert_reconciled
from tests.ledger.journal_lines import given_batch, posted
from tests.properties import rolled_back
from warehouse.models import ItemVariant, Quant, Unit

pytestmark = pytest.mark.django_db

CODES = ["S1", "S2", "S3"]


class World:
    """A directed location, one that can become directed, and goods of every kind in two bins of each."""

    def __init__(self):
        self.locations = [LocationFactory(directed=True), LocationFactory()]
        self.bins = [[BinFactory(location=location) for _ in range(2)] for location in self.locations]
        bulk, lots, variants = ItemFactory(unit_cost=Decimal("2.5")), LotItemFactory(), ItemFactory()
        self.drill = SerialItemFactory(unit_cost=Decimal(40))
        red, _blue = (ItemVariant.objects.create(item=variants, code=code) for code in ("red", "blue"))
        # (item, variant, lot)
        self.stock = [
            (bulk, None, None),
            (lots, None, LotFactory(item=lots, number="A", expiration_date=None)),
            (lots, None, LotFactory(item=lots, number="B", expiration_date=None)),
            (variants, red, None),
        ]
        self.by = UserFactory()

    def key(self, step):
        item, variant, lot = self.stock[step["stock"]]
        return {"item": item.pk, "variant": variant and variant.pk, "lot": lot and lot.pk}

    def bin(self, step, other=False):
        return self.bins[step["at"]][step["bin"] if not other else 1 - step["bin"]]

    def at(self, step):
        location = self.locations[step["at"]]
        location.refresh_from_db()
        return location


def post_one(world, step, kind, quantity, **more):
    line = Line(bin=world.bin(step).pk, quantity=quantity, **world.key(step), **more)
    post(document(world.at(step), kind), [line])


def receive(world, step):
    post_one(world, step, Kind.RECEIPT, step["quantity"], unit_cost=Decimal(step["cost"]))


def lying_at(world, step):
    """Some of the goods that lie at the location of this step, in an order that does not hang on keys; or nothing."""
    quants = Quant.objects.filter(location=world.locations[step["at"]], virtual=False, quantity__gt=0)
    quants = quants.exclude(item=world.drill).select_related("item", "bin", "lot", "variant")
    lying = list(quants.order_by("item__number", "lot__number", "bin__code"))
    return lying[(2 * step["stock"] + step["bin"]) % len(lying)] if lying else None


def moved(world, step, kind, sign=1, **more):
    quant = lying_at(world, step)
    if quant:
        quantity = sign * min(step["quantity"], quant.quantity)
        key = {"bin": quant.bin_id, "item": quant.item_id, "variant": quant.variant_id, "lot": quant.lot_id}
        if more.get("to_bin") == quant.bin_id:
            more["to_bin"] = next(bin.pk for bin in world.bins[step["at"]] if bin.pk != quant.bin_id)
        other = more.pop("other_location", None)
        post(document(world.at(step), kind, other_location=other), [Line(quantity=quantity, **key, **more)])


def issue(world, step):
    moved(world, step, Kind.ISSUE, -1)


def move(world, step):
    moved(world, step, Kind.MOVEMENT, to_bin=world.bin(step).pk)


def transfer(world, step):
    there = 1 - step["at"]
    moved(world, step, Kind.LOCATION_TRANSFER, to_bin=world.bins[there][0].pk, other_location=world.locations[there])


def journal(world, step):
    """In or out: of the bins at a directed location, of both ledgers elsewhere."""
    kind = Kind.WAREHOUSE_JOURNAL if world.at(step).directed else Kind.ITEM_JOURNAL
    post_one(world, step, kind, step["quantity"] * (1 if step["cost"] else -1))


def opening(world, step):
    nowhere = world.at(step).bins.get(kind="implicit")
    line = Line(bin=nowhere.pk, quantity=step["quantity"], unit_cost=Decimal(step["cost"]), **world.key(step))
    post(document(world.at(step), Kind.OPENING), [line])


def sync(world, step):
    synchronise(world.at(step), by=None, at=TODAY, request_id=uuid4())


def sync_one(world, step):
    item, _variant, lot = world.stock[step["stock"]]
    quants = Quant.objects.filter(item=item, lot=lot)
    synchronise(world.at(step), by=None, at=TODAY, request_id=uuid4(), quants=quants)


def convert(world, step):
    convert_location(world.at(step), by=None, at=TODAY, request_id=uuid4())


def reclassify(world, step):
    """Into the other lot or another variant, and maybe into the other bin."""
    location, quant = world.at(step), lying_at(world, step)
    if quant is None or quant.bin.kind != "storage":
        return
    kind = JournalKind.WAREHOUSE_RECLASSIFICATION if location.directed else JournalKind.RECLASSIFICATION
    line = {"item": quant.item.number, "bin": quant.bin.code, "quantity": min(step["quantity"], quant.quantity)}
    if quant.lot:
        line |= {"lot": quant.lot.number, "new_lot": "B" if quant.lot.number == "A" else "A"}
    if quant.item == world.stock[3][0]:
        line |= {"variant": "red" if quant.variant else "blue", "new_variant": "blue" if quant.variant else "red"}
    if step["cost"] or not quant.lot:
        line["new_bin"] = next(bin.code for bin in world.bins[step["at"]] if bin.pk != quant.bin_id)
    posted(given_batch(line, location=location, kind=kind))


def count(world, step):
    """A bin is counted: everything in it is as many as the step says, units are those that it says."""
    location, bin = world.at(step), world.bin(step)
    request = {"at": timezone.now(), "request_id": uuid4(), "scope": Scope(bins=[bin], places_that_held_it=True)}
    session = open_session(location, by=world.by, **request).session
    try:
        lines = session.lines.select_related("quant__item", "session")
        for line in lines.order_by("quant__item__number", "quant__lot__number"):
            said = {"by": world.by, "client_id": uuid4()}
            if not line.serialized:
                set_count(line, step["quantity"], **said)
            elif step["cost"]:
                scan_units(session, CODES[: step["cost"]], bin=bin, line=line, **said)
            else:
                none_here(line, **said)
        mark_counted(session, by=world.by, at=timezone.now())
        ask_to_complete(session, by=world.by, at=timezone.now(), confirmed=digest(session))
        complete_session(session.pk)
    finally:
        session.refresh_from_db()
        if session.is_open and not session.is_posting:
            cancel(session, by=world.by, at=timezone.now())


def units(world, step):
    """A unit that is in stock leaves by issue or journal, or goes to another bin; one that is not comes in."""
    code = CODES[int(step["quantity"]) % len(CODES)]
    unit = Unit.objects.filter(code=code, quant__isnull=False).select_related("quant").first()
    location = world.at(step)
    of_journal = Kind.WAREHOUSE_JOURNAL if location.directed else Kind.ITEM_JOURNAL
    line = {"item": world.drill.pk, "unit": code, "quantity": Decimal(1), "bin": world.bin(step).pk}
    if unit is None:
        kind = of_journal if step["cost"] % 2 else Kind.RECEIPT
    elif unit.quant.location_id != location.pk:
        return
    else:
        line["bin"] = unit.quant.bin_id
        kind = [Kind.ISSUE, of_journal, of_journal, Kind.MOVEMENT][step["cost"]]
        if kind == Kind.MOVEMENT:
            line["to_bin"] = next(bin.pk for bin in world.bins[step["at"]] if bin.pk != unit.quant.bin_id)
        else:
            line["quantity"] = Decimal(-1)
    post(document(location, kind), [Line(**line)])


def take_back(world, step):
    registers = Register.objects.exclude(kind=Kind.REVERSAL).order_by("-pk")[:6]
    if registers:
        reverse(registers[step["stock"] % len(registers)], by=None, at=TODAY)


STEPS = {
    each.__name__: each
    for each in (
        receive, issue, move, transfer, journal, opening, sync, sync_one, convert, reclassify, count, units, take_back,
    )
}  # fmt: skip

step = st.fixed_dictionaries(
    {
        "do": st.sampled_from([*STEPS, "journal", "count", "count", "units", "units", "sync", "reclassify"]),
        "at": st.integers(0, 1),
        "bin": st.integers(0, 1),
        "stock": st.integers(0, 3),
        "quantity": st.integers(1, 6).map(Decimal),
        "cost": st.integers(0, 3),
    }
)


@given(st.lists(step, min_size=4, max_size=14))
def test_the_laws_hold_and_the_adjustment_bin_is_what_the_ledgers_are_apart(steps):
    with rolled_back():
        world = World()
        for position, each in enumerate([STOCKED, *steps]):
            try:
                with transaction.atomic():
                    STEPS[each["do"]](world, each)
                event(f"{each['do']}: done")
            except DomainError as refused:
                assert position, f"The first delivery is refused: {refused}"
                event(f"{each['do']}: refused")
            assert_laws_hold()
            assert_adjustment_bins_hold_the_difference()
        assert_reconciled()


STOCKED = {"do": "receive", "at": 0, "bin": 0, "stock": 1, "quantity": Decimal(6), "cost": 2}


def assert_adjustment_bins_hold_the_difference():
    owned = sums(ItemLedgerEntry.objects.all(), "item", "variant", "location", "lot")
    lying = sums(WarehouseEntry.objects.filter(quant__virtual=False), *QUANT)
    waiting = sums(WarehouseEntry.objects.filter(quant__virtual=True), *QUANT)
    assert {key: owned[key] - lying[key] for key in owned | lying if owned[key] != lying[key]} == {
        key: quantity for key, quantity in waiting.items() if quantity
    }


QUANT = ("quant__item", "quant__variant", "quant__location", "quant__lot")


def sums(entries, *key):
    total = Counter()
    for *fields, quantity in entries.order_by().values_list(*key, "quantity"):
        total[tuple(fields)] += quantity
    return total
