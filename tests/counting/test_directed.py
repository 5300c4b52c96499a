"""Counts at a directed location: bins are corrected against the adjustment bin, the item ledger hears of it later
(SPEC 8.4, 8.5 and 9)."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from counting.models import CountSession
from counting.opening import NothingWithoutBin, add_found_line
from counting.reversing import reverse_session
from ledger.models import ItemLedgerEntry, Register, ValueEntry, WarehouseEntry
from ledger.synchronising import synchronise
from tests.at_once import at_once
from tests.counting.given import again, complete, count, given_lines, given_session
from tests.counting.people import supervisor
from tests.counting.unit_counts import scan
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UserFactory,
    given_stock,
    given_units,
)
from tests.laws import assert_reconciled
from tests.pages import text_of
from warehouse.models import Quant

pytestmark = pytest.mark.django_db


@pytest.fixture
def directed():
    return LocationFactory(directed=True)


def given_bins(location, *books, item=None):
    """One item in several bins of this location, so much in each."""
    item = item or ItemFactory()
    return [given_stock(book, bin=BinFactory(location=location), item=item) for book in books]


def entries_of(session):
    """What its adjustment wrote into the bins: (kind of bin, quantity), sorted."""
    entries = WarehouseEntry.objects.filter(register__source=session.number)
    return sorted(entries.values_list("quant__bin__kind", "quantity"))


def in_adjustment_bin(location):
    return sum(Quant.objects.filter(location=location, virtual=True).values_list("quantity", flat=True))


def item_ledger_of(session):
    return ItemLedgerEntry.objects.filter(register__source=session.number)


def test_counting_three_more_and_two_less_leaves_minus_one_in_the_adjustment_bin(directed):
    more, less = given_bins(directed, 10, 10)
    session = given_session(directed)
    count(session.lines.get(quant=more), 13)
    count(session.lines.get(quant=less), 8)

    complete(session)

    assert [again(session.lines.get(quant=quant)).adjustment for quant in (more, less)] == [3, -2]
    assert [Quant.objects.get(pk=quant.pk).quantity for quant in (more, less)] == [13, 8]
    assert in_adjustment_bin(directed) == -1
    assert not item_ledger_of(session).exists()
    assert not ValueEntry.objects.filter(item_ledger_entry__register__source=session.number).exists()
    assert_reconciled()


def test_a_line_found_as_expected_is_a_pair_of_zero_entries(directed):
    (quant,) = given_bins(directed, 10)
    session = given_session(directed)
    count(session.lines.get(), 10)

    complete(session)

    assert entries_of(session) == [("adjustment", 0), ("storage", 0)]
    assert Register.objects.filter(source=session.number).count() == 1
    assert Quant.objects.get(pk=quant.pk).quantity == 10
    assert not item_ledger_of(session).exists()
    assert_reconciled()


def test_three_bins_of_one_item_give_six_entries_two_of_them_zero(directed):
    quants = given_bins(directed, 10, 10, 10)
    session = given_session(directed)
    for quant, counted in zip(quants, (13, 8, 10), strict=True):
        count(session.lines.get(quant=quant), counted)

    complete(session)

    assert entries_of(session) == [
        ("adjustment", -3), ("adjustment", 0), ("adjustment", 2), ("storage", -2), ("storage", 0), ("storage", 3),
    ]  # fmt: skip
    assert in_adjustment_bin(directed) == -1


def test_lines_that_nobody_counted_write_nothing(directed):
    counted, left = given_bins(directed, 10, 10)
    session = given_session(directed)
    count(session.lines.get(quant=counted), 10)

    complete(session)

    assert not WarehouseEntry.objects.filter(register__source=session.number, quant=left).exists()


def test_an_untouched_journal_is_evidence_of_zero(directed):
    given_bins(directed, 10, 5)
    session = given_session(directed, policies={"uncounted": "expected", "journal": True})

    complete(session)

    assert entries_of(session) == [("adjustment", 0), ("adjustment", 0), ("storage", 0), ("storage", 0)]


def test_at_other_locations_nothing_is_written_for_a_line_without_difference():
    (line,) = given_lines(10)
    count(line, 10)

    complete(line.session)

    assert not Register.objects.filter(source=line.session.number).exists()


def test_a_serial_that_is_found_in_another_bin_is_moved_and_the_adjustment_bin_nets_nothing(directed):
    item = ItemFactory(tracking="serial")
    here, there = BinFactory(location=directed), BinFactory(location=directed)
    (_first,) = given_units(here, item, ["S1"])
    (second,) = given_units(there, item, ["S2"])
    session = given_session(directed, items=[item])
    scan(session, here, "S1", "S2")
    scan(session, there)

    complete(session)

    second.refresh_from_db()
    assert second.quant.bin == here
    assert in_adjustment_bin(directed) == 0
    assert not item_ledger_of(session).exists()
    assert_reconciled()


def test_a_serial_that_is_nowhere_waits_in_the_adjustment_bin_at_its_cost(directed):
    item = ItemFactory(tracking="serial")
    (unit,) = given_units(BinFactory(location=directed), item, ["S1"], unit_cost=Decimal(40))
    session = given_session(directed, items=[item])
    scan(session, unit.quant.bin)

    complete(session)

    unit.refresh_from_db()
    assert (unit.state, unit.quant, unit.cost) == ("detached", None, 40)
    assert in_adjustment_bin(directed) == 1
    assert not item_ledger_of(session).exists()
    assert_reconciled()


def test_taking_a_count_back_empties_the_adjustment_bin_again(directed):
    (quant,) = given_bins(directed, 10)
    session = given_session(directed)
    count(session.lines.get(), 7)
    complete(session)
    assert in_adjustment_bin(directed) == 3

    reverse_session(session, by=UserFactory(), at=timezone.now(), note="Counted in the wrong rack")

    assert Quant.objects.get(pk=quant.pk).quantity == 10
    assert in_adjustment_bin(directed) == 0
    assert_reconciled()


def test_nothing_is_found_without_a_bin(directed):
    given_bins(directed, 10)
    session = given_session(directed)

    with pytest.raises(NothingWithoutBin):
        add_found_line(session, bin=directed.bins.get(kind="implicit"), item=ItemFactory())


def test_neither_the_adjustment_bin_nor_stock_without_a_bin_is_counted(directed):
    (_quant,) = given_bins(directed, 10)
    session = given_session(directed)
    count(session.lines.get(), 7)
    complete(session)

    following = given_session(directed, places_that_held_it=True)

    assert [line.quant.bin.kind for line in following.lines.select_related("quant__bin")] == ["storage"]
    assert CountSession.objects.count() == 2


def sync(location):
    return synchronise(location, by=None, at=TODAY, request_id=uuid4())


def test_after_a_count_of_three_bins_synchronising_proposes_one_more_and_the_ledgers_agree(directed):
    """Scenario G of the specification, of an item without lots."""
    quants = given_bins(directed, 10, 10, 10)
    session = given_session(directed)
    for quant, counted in zip(quants, (13, 8, 10), strict=True):
        count(session.lines.get(quant=quant), counted)
    complete(session)
    assert in_adjustment_bin(directed) == -1

    register = sync(directed)

    assert [entry.quantity for entry in register.item_ledger_entries.all()] == [1]
    assert in_adjustment_bin(directed) == 0
    assert sync(directed) is None
    assert_reconciled()


def test_after_a_count_of_two_lots_synchronising_tells_of_each(directed):
    """Scenario G, with lots: three more of X, two less of Y."""
    item = LotItemFactory()
    x, y = LotFactory(item=item, number="X"), LotFactory(item=item, number="Y")
    more, less = (given_stock(10, bin=BinFactory(location=directed), lot=lot) for lot in (x, y))
    session = given_session(directed)
    count(session.lines.get(quant=more), 13)
    count(session.lines.get(quant=less), 8)
    complete(session)

    register = sync(directed)

    told = register.item_ledger_entries.order_by("lot__number").values_list("lot__number", "quantity")
    assert list(told) == [("X", 3), ("Y", -2)]
    assert_reconciled()


@pytest.mark.django_db(transaction=True)
def test_a_synchronisation_beside_a_count_that_completes_tells_of_everything_once(directed):
    (quant,) = given_bins(directed, 10)
    session = given_session(directed)
    count(session.lines.get(quant=quant), 13)

    at_once(lambda: complete(session), lambda: sync(directed))
    sync(directed)

    owned = ItemLedgerEntry.objects.filter(location=directed).values_list("quantity", flat=True)
    assert sorted(owned) == [3, 10]
    assert in_adjustment_bin(directed) == 0
    assert_reconciled()


# Synchronise first


def test_opening_a_count_offers_to_synchronise_what_waits(directed):
    (_quant,) = given_bins(directed, 10)
    session = given_session(directed)
    count(session.lines.get(), 7)
    complete(session)
    client = supervisor(directed)
    offered = text_of(client.get(reverse("count-new"), {"location": directed.code}))
    assert "1 item waits in the adjustment bin" in offered

    synchronise(directed, by=None, at=TODAY, request_id=uuid4())

    assert "in the adjustment bin" not in text_of(client.get(reverse("count-new"), {"location": directed.code}))


def test_the_page_of_a_count_says_when_the_books_hear_of_it(directed):
    given_bins(directed, 10)
    session = given_session(directed)

    assert "Books hear of it when they are synchronised" in text_of(
        supervisor(directed).get(session.get_absolute_url())
    )
