"""The laws of ARCHITECTURE 4 in plain Python, on the rows that are there. Independent of ledger.reconciliation."""

from collections import Counter, defaultdict
from decimal import Decimal
from itertools import groupby

from django.db.models import F, Sum

from counting.models import CountLine, CountSession, UnitDifference
from ledger.models import ItemLedgerEntry, Register, StockValue, ValueEntry, WarehouseEntry
from ledger.reconciliation import findings
from warehouse.models import BinHold, Quant, Tracking, Unit

SERIALIZED = [Tracking.SERIAL, Tracking.RFID]


def assert_laws_hold():
    check_quants_are_the_sums_of_their_entries()
    check_both_ledgers_agree()
    check_nothing_is_negative()
    check_units_lie_where_their_entries_say()
    check_value_follows_quantity()
    check_completed_sessions_posted_what_their_lines_say()
    check_holds_are_those_of_counts_that_guard()


def assert_reconciled():
    """The laws hold, and the product's own reconciliation says so too."""
    assert_laws_hold()
    assert findings() == []


def check_quants_are_the_sums_of_their_entries():
    """Law 1."""
    quantity, newest = defaultdict(Decimal), {}
    for pk, quant, change in WarehouseEntry.objects.order_by("id").values_list("id", "quant", "quantity"):
        quantity[quant] += change
        newest[quant] = pk
    for pk, on_hand, last_entry in Quant.objects.values_list("id", "quantity", "last_entry"):
        assert (on_hand, last_entry) == (quantity[pk], newest.get(pk, 0))


def check_both_ledgers_agree():
    """Law 2."""
    keys = ("item", "variant", "location", "lot")
    owned, lying = Counter(), Counter()
    for *key, quantity in ItemLedgerEntry.objects.order_by().values_list(*keys, "quantity"):
        owned[tuple(key)] += quantity
    quants = WarehouseEntry.objects.order_by().values_list(*(f"quant__{key}" for key in keys), "quantity")
    for *key, quantity in quants:
        lying[tuple(key)] += quantity
    assert not_zero(owned) == not_zero(lying)


def check_nothing_is_negative():
    """Law 3."""
    assert not Quant.objects.filter(quantity__lt=0, virtual=False).exists()


def check_units_lie_where_their_entries_say():
    """Law 4: each unit by its own entries, and each quant, count of units and value by the units that lie there."""
    check_entries_of_serialized_items_carry_one_unit_each()
    units = Unit.objects.in_bulk()
    for unit, entries in entries_of_units().items():
        check_unit(units[unit], entries)
    for unit in units.values():
        assert unit.last_entry or unit.state == "detached", f"{unit} is {unit.state} without ever having come in"
    check_quants_hold_their_units()
    check_stock_is_worth_its_units()


def check_entries_of_serialized_items_carry_one_unit_each():
    for ledger, item in (WarehouseEntry, "quant__item"), (ItemLedgerEntry, "item"):
        carrying = ledger.objects.order_by().filter(unit__isnull=False)
        assert not carrying.exclude(quantity__in=[1, -1]).exists()
        assert not carrying.exclude(unit__item=F(item)).exists()
        assert not ledger.objects.filter(unit=None, **{f"{item}__tracking__in": SERIALIZED}).exists()
    assert not WarehouseEntry.objects.filter(unit__isnull=False, quant__lot__isnull=False).exists()


def entries_of_units():
    """{unit: its warehouse entries, the oldest first}"""
    entries = defaultdict(list)
    carrying = WarehouseEntry.objects.filter(unit__isnull=False).select_related("quant", "register")
    for entry in carrying.order_by("id"):
        entries[entry.unit_id].append(entry)
    return entries


def check_unit(unit, entries):
    lies, virtual = Counter(), Counter()
    for entry in entries:
        (virtual if entry.quant.virtual else lies)[entry.quant_id] += entry.quantity
    assert all(total in (-1, 0, 1) for total in virtual.values())
    assert not_zero(lies) == ({unit.quant_id: 1} if unit.quant_id else {}), f"{unit} does not lie where it was put"
    real = [entry.pk for entry in entries if not entry.quant.virtual]
    assert unit.last_entry == (real[-1] if real else 0)
    assert unit.state == state_after(entries), f"{unit} is {unit.state}"


def state_after(entries):
    """What its documents make of a unit, one after the other."""
    state, before = "detached", {}
    for _register, of_it in groupby(entries, key=lambda entry: entry.register_id):
        document = [entry for entry in of_it if not entry.quant.virtual]
        before.update({entry.pk: state for entry in document})
        change = sum(entry.quantity for entry in document)
        newest = document[-1] if document else None
        if change == 1:
            assert state != "in_stock", f"{newest.unit} came in twice"
            state = "in_stock"
        elif change == -1:
            assert state == "in_stock", f"{newest.unit} left without being there"
            state = before[newest.undoes_id] if newest.undoes_id else left_by(newest)
    return state


def left_by(entry):
    return "released" if entry.effect == "moved" else "detached"


def check_quants_hold_their_units():
    lying = Counter(Unit.objects.filter(quant__isnull=False).values_list("quant", flat=True))
    for quant in Quant.objects.filter(item__tracking__in=SERIALIZED, virtual=False):
        assert quant.lot_id is None
        assert quant.quantity == lying.pop(quant.pk, 0)
    assert not lying, "units lie in an adjustment bin, or in a quant of goods without units"
    assert not Unit.objects.filter(quant__isnull=False).exclude(item=F("quant__item")).exists()
    assert not Unit.objects.exclude(item__tracking__in=SERIALIZED).exists()


def check_stock_is_worth_its_units():
    """What lies in bins, and what the item ledger has not heard of yet the other way round."""
    worth = Counter()
    waiting = WarehouseEntry.objects.filter(quant__virtual=True, unit__isnull=False)
    for *key, number, cost in waiting.values_list(
        "quant__item", "quant__variant", "quant__location", "quantity", "unit__cost"
    ):
        worth[tuple(key)] += number * cost
    for *key, cost in Unit.objects.filter(quant__isnull=False).values_list(
        "item", "quant__variant", "quant__location", "cost"
    ):
        worth[tuple(key)] += cost
    stock = StockValue.objects.filter(item__tracking__in=SERIALIZED).values_list("item", "variant", "location", "value")
    assert not_zero({tuple(key): value for *key, value in stock}) == not_zero(worth)


def check_value_follows_quantity():
    """Law 7."""
    entries = ItemLedgerEntry.objects.order_by().values_list(
        "id", "item", "variant", "location", "quantity", "value_entry__amount"
    )
    assert ValueEntry.objects.count() == len(entries)
    quantity, value = Counter(), Counter()
    for pk, *key, change, amount in entries:
        assert amount is not None, f"entry {pk} has no value"
        assert change * amount >= 0, f"entry {pk} moves goods one way and money the other"
        quantity[tuple(key)] += change
        value[tuple(key)] += amount
    stock = {
        tuple(key): (owned, worth)
        for *key, owned, worth in StockValue.objects.values_list("item", "variant", "location", "quantity", "value")
    }
    for key in set(quantity) | set(stock):
        owned, worth = stock.get(key, (0, 0))
        assert (owned, worth) == (quantity[key], value[key])
        assert owned >= 0
        assert worth >= 0
        assert owned != 0 or worth == 0


def check_completed_sessions_posted_what_their_lines_say():
    """Law 6: one document of a kind at most, and together exactly the adjustments of the lines, and what differed."""
    for session in CountSession.objects.filter(status="completed"):
        lines = CountLine.objects.filter(session=session)
        assert not lines.filter(open=True).exists()
        said = {pk: change for pk, change in lines.values_list("quant", "adjustment") if change}
        units = posted_of_units(session)
        assert all(said.get(quant, 0) in (0, change) for quant, change in units.items())
        kinds = ("quantity_adjustment", "stock_transfer")
        documents = list(Register.objects.filter(source=session.number, kind__in=kinds).order_by("-pk"))
        assert documents == [document for document in (session.adjustment, session.transfer) if document]
        posted = Counter()
        entries = WarehouseEntry.objects.filter(register__in=documents, quant__virtual=False)
        for quant, change in entries.values_list("quant", "quantity"):
            posted[quant] += change
        assert not_zero(posted) == not_zero(said | units)
        for item, variant, lot, change in moved_by(session.transfer):
            assert change == 0, f"{session} has moved {item} {variant} {lot} out of the books"


def posted_of_units(session):
    """By how much each quant changed, by what was posted of units. They may come from bins that were not counted."""
    changes = Counter()
    for *ends, verdict in UnitDifference.objects.filter(session=session, posted=True).values_list(
        "from_quant", "to_quant", "verdict"
    ):
        assert [end is not None for end in ends] == [verdict not in ("found", "new"), verdict != "write_off"]
        for quant, change in zip(ends, (-1, 1), strict=True):
            if quant:
                changes[quant] += change
    return changes


def moved_by(transfer):
    keys = ("quant__item", "quant__variant", "quant__lot")
    entries = WarehouseEntry.objects.filter(register=transfer) if transfer else WarehouseEntry.objects.none()
    return entries.order_by().values_list(*keys).annotate(Sum("quantity"))


def check_holds_are_those_of_counts_that_guard():
    """Law 8."""
    guarding = [
        session
        for session in CountSession.objects.filter(status__in=["draft", "counted"])
        if session.guard == "block" or (session.guard == "freeze" and session.status == "counted")
    ]
    keys = ("quant__bin", "quant__item", "session__number")
    guarded = set(CountLine.objects.filter(session__in=guarding).values_list(*keys))
    assert set(BinHold.objects.values_list("bin", "item", "held_by")) == guarded


def not_zero(sums):
    return {key: total for key, total in sums.items() if total}
