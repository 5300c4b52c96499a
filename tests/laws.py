"""The laws of ARCHITECTURE 4 in plain Python, on the rows that are there. Independent of ledger.reconciliation."""

from collections import Counter, defaultdict
from decimal import Decimal

from django.db.models import Sum

from counting.models import CountLine, CountSession
from ledger.models import ItemLedgerEntry, Register, StockValue, ValueEntry, WarehouseEntry
from ledger.reconciliation import findings
from warehouse.models import BinHold, Quant


def assert_laws_hold():
    check_quants_are_the_sums_of_their_entries()
    check_both_ledgers_agree()
    check_nothing_is_negative()
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
    """Law 6: one document of a kind at most, and together exactly the adjustments of the lines."""
    for session in CountSession.objects.filter(status="completed"):
        lines = CountLine.objects.filter(session=session)
        assert not lines.filter(open=True).exists()
        said = {pk: change for pk, change in lines.values_list("quant", "adjustment") if change}
        kinds = ("quantity_adjustment", "stock_transfer")
        documents = list(Register.objects.filter(source=session.number, kind__in=kinds).order_by("-pk"))
        assert documents == [document for document in (session.adjustment, session.transfer) if document]
        posted = defaultdict(Decimal)
        for quant, change in WarehouseEntry.objects.filter(register__in=documents).values_list("quant", "quantity"):
            posted[quant] += change
        assert posted == said
        for item, variant, lot, change in moved_by(session.transfer):
            assert change == 0, f"{session} has moved {item} {variant} {lot} out of the books"


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
