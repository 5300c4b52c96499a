"""From an empty warehouse to posted adjustments, as a warehouse person would tell it."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from counting.completing import ask_to_complete, complete_session, digest
from counting.models import Status
from counting.opening import Scope, add_found_line, open_session
from counting.reconciliation import prove
from counting.recording import add_to_count, set_count
from counting.review import accept, ask_recount, leave_out, mark_counted
from counting.whole_bins import all_as_expected, bin_is_empty
from ledger.models import Kind, StockValue
from ledger.posting import Line, post
from tests.factories import BinFactory, ItemFactory, LocationFactory, LotFactory, UserFactory, document
from warehouse.lots import ensure_lot
from warehouse.models import Quant

pytestmark = pytest.mark.django_db


def test_a_warehouse_is_filled_counted_while_it_works_and_put_right():
    # Lindhafen has two bins. Padlocks and two lots of epoxy arrive.
    lindhafen = LocationFactory(name="Lindhafen")
    upper, lower = BinFactory(location=lindhafen), BinFactory(location=lindhafen)
    padlock = ItemFactory(name="Padlock")
    old = LotFactory(number="E25-347")
    epoxy = old.item
    new = LotFactory(item=epoxy, number="E26-081")
    ama, lena = UserFactory(username="ama"), UserFactory(username="lena")

    def posted(kind, *lines, **details):
        return post(document(lindhafen, kind, by=lena, **details), [Line(**line) for line in lines])

    posted(
        Kind.RECEIPT,
        {"bin": upper.pk, "item": padlock.pk, "quantity": Decimal(54), "unit_cost": Decimal("4.35")},
        {"bin": upper.pk, "item": epoxy.pk, "lot": old.pk, "quantity": Decimal(8), "unit_cost": Decimal("11.60")},
        {"bin": lower.pk, "item": epoxy.pk, "lot": new.pk, "quantity": Decimal(18), "unit_cost": Decimal("11.60")},
        {"bin": lower.pk, "item": padlock.pk, "quantity": Decimal(10), "unit_cost": Decimal("4.35")},
    )

    # Lena opens a count of all of it. Two padlocks are sold before Ama gets there.
    session = open_session(lindhafen, by=lena, at=timezone.now(), request_id=uuid4(), scope=Scope()).session
    lines = {(line.quant.bin, line.quant.item, line.quant.lot): line for line in session.lines.with_names()}
    assert len(lines) == 4
    posted(Kind.ISSUE, {"bin": upper.pk, "item": padlock.pk, "quantity": Decimal(-2)})

    # Ama counts the upper bin: four boxes of 12 and three single padlocks, where the book says 52.
    padlocks = lines[upper, padlock, None]
    set_count(padlocks, Decimal(48), by=ama, client_id=uuid4())
    add_to_count(padlocks, Decimal(3), by=ama, client_id=uuid4())
    # The old epoxy is as expected; and a lot lies there that nobody knows.
    line = lines[upper, epoxy, old]
    assert not all_as_expected(session, {line.pk: line.quant.last_entry}, by=ama, at=timezone.now())
    unknown = ensure_lot(epoxy, "E26-099")
    found, added = add_found_line(session, bin=upper, item=epoxy, lot=unknown)
    assert added
    set_count(found, Decimal(6), by=ama, client_id=uuid4())
    # The lower bin is empty, she says. It was the wrong bin; but first, three more padlocks leave the upper one.
    assert bin_is_empty(session, lower, by=ama, at=timezone.now()) == 2
    posted(Kind.ISSUE, {"bin": upper.pk, "item": padlock.pk, "quantity": Decimal(-3)})
    mark_counted(session, by=ama, at=timezone.now())

    # Lena does not believe in an empty bin and asks for it again. Ama finds the epoxy; the padlocks are a riddle.
    below = [lines[lower, epoxy, new], lines[lower, padlock, None]]
    assert ask_recount(session, [line.pk for line in below], by=lena, at=timezone.now(), why="Look again") == 2
    set_count(below[0], Decimal(18), by=ama, client_id=uuid4())
    set_count(below[1], Decimal(4), by=ama, client_id=uuid4())
    mark_counted(session, by=ama, at=timezone.now())
    leave_out(session, [below[1].pk], note="The supplier is asked first", by=lena, at=timezone.now())
    accept(session, [padlocks.pk, found.pk], by=lena, at=timezone.now())

    # She confirms the figures, and a worker posts them.
    figures = digest(session)
    assert (figures.lines, figures.plus, figures.minus) == (2, 6, -1)
    ask_to_complete(session, by=lena, at=timezone.now(), confirmed=figures)
    assert complete_session(session.pk) == "completed"
    assert complete_session(session.pk) == "nothing to do"

    # 54 received, 2 and 3 sold, 1 missing: 48. The lot that was found is there. What was left out is as it was.
    stock = {(quant.bin, quant.item, quant.lot): quant.quantity for quant in Quant.objects.select_related()}
    assert stock[upper, padlock, None] == 48
    assert stock[upper, epoxy, old] == 8
    assert stock[upper, epoxy, unknown] == 6
    assert stock[lower, epoxy, new] == 18
    assert stock[lower, padlock, None] == 10
    assert StockValue.objects.get(item=padlock).value == 58 * Decimal("4.35")
    session.refresh_from_db()
    assert session.status == Status.COMPLETED
    assert session.adjustment.warehouse_entries.count() == 2
    assert all(proof.holds for proof in prove())
