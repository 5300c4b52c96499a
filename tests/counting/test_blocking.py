"""Blocked things in counts (SPEC 23 and 31.18): left out at the opening, in the way if they are blocked afterwards."""

from uuid import uuid4

import pytest
from django.utils import timezone

from counting.blocking import LinesBlocked, Skipped
from counting.completing import LinesNotReady, complete_session
from counting.models import Status
from counting.opening import AllBlocked, add_found_line, open_session
from counting.review import leave_out, mark_counted
from ledger.models import Register
from tests.counting.given import ask, clear, complete, count, given_line, given_session, in_review
from tests.counting.unit_counts import given_shelves, scan
from tests.factories import BinContentFactory, BinFactory, ItemFactory, LotFactory, UserFactory, given_stock
from tests.ledger.test_blocking import block
from warehouse.models import Unit

pytestmark = pytest.mark.django_db


def opened(location):
    return open_session(location, by=UserFactory(), at=timezone.now(), request_id=uuid4())


def refused(session):
    """What is in the way of completing, as codes."""
    with pytest.raises(LinesNotReady) as error:
        ask(session)
    return [problem["code"] for problem in error.value.problems]


def another_line(line):
    """One line more of the session of this one: found, in a bin of its own."""
    found, _added = add_found_line(line.session, bin=BinFactory(location=line.session.location), item=ItemFactory())
    return found


def test_blocked_items_and_lots_have_no_line_and_one_message_says_how_many():
    quant, blocked, lot = given_stock(5), ItemFactory(), LotFactory()
    for bin in (quant.bin, BinFactory(location=quant.location)):
        given_stock(5, bin=bin, item=blocked)
    given_stock(5, bin=quant.bin, lot=lot)
    block(blocked)
    block(lot)

    found = opened(quant.location)

    assert (found.lines, found.skipped) == (1, Skipped(items=1, lots=1))
    assert str(found.skipped) == "1 item, 1 lot"


def test_a_count_of_what_is_blocked_altogether_is_not_opened():
    quant = given_stock(5)
    block(quant.item)

    with pytest.raises(AllBlocked):
        opened(quant.location)


def test_a_line_that_is_blocked_after_the_opening_stops_the_marking_until_it_is_unblocked_or_cleared():
    line = given_line(10)
    other = count(another_line(line), 5)
    count(line, 8)
    block(line.quant.item)

    with pytest.raises(LinesBlocked) as stopped:
        mark_counted(line.session, by=UserFactory(), at=timezone.now())
    assert str(line.quant.bin) in str(stopped.value)
    assert str(other.quant.bin) not in str(stopped.value)

    clear(line)
    mark_counted(line.session, by=UserFactory(), at=timezone.now())


@pytest.mark.parametrize("what", ["item", "lot"])
def test_a_line_that_is_blocked_in_the_review_stops_completing_until_it_is_left_out(what):
    line = count(given_line(10, lot=LotFactory()), 8)
    session = in_review(line.session)
    block(getattr(line.quant, what))
    before = Register.objects.count()

    assert refused(session) == [f"{what}_blocked"]
    assert Register.objects.count() == before

    leave_out(session, [line.pk], by=UserFactory(), at=timezone.now(), note="blocked")
    assert complete(session) == "completed"


@pytest.mark.parametrize(
    ("how", "counted", "problem"),
    [
        ("outbound", 12, None),
        ("outbound", 8, "outbound"),
        ("inbound", 8, None),
        ("inbound", 12, "inbound"),
        ("all", 12, "inbound"),
        ("all", 8, "outbound"),
        ("all", 10, None),
    ],
)
@pytest.mark.parametrize("whole_bin", [True, False], ids=["bin", "content"])
def test_a_blocked_way_stops_the_differences_that_would_go_it(whole_bin, how, counted, problem):
    line = given_line(10)
    if whole_bin:
        block(line.quant.bin, how)
    else:
        BinContentFactory(bin=line.quant.bin, item=line.quant.item, block_movement=how)
    session = count(line, counted).session

    if problem is None:
        assert complete(session) == "completed"
        line.quant.refresh_from_db()
        assert line.quant.quantity == counted
    else:
        assert refused(session) == [f"{'bin' if whole_bin else 'content'}_blocked_{problem}"]
        session.refresh_from_db()
        assert session.completion_asked_at is None
        assert session.status != Status.COMPLETED


def test_what_is_blocked_while_a_worker_is_awaited_goes_back_to_the_review():
    line = count(given_line(10), 8)
    ask(line.session)
    block(line.quant.bin, "outbound")

    assert complete_session(line.session.pk) == "refused"
    line.session.refresh_from_db()
    assert [problem["code"] for problem in line.session.completion_problems] == ["bin_blocked_outbound"]
    assert line.session.status == Status.COUNTED


def test_a_unit_that_was_blocked_before_is_left_alone_and_one_blocked_later_stops_completing():
    _item, [bin] = given_shelves(["A1", "A2", "A3"])
    block(Unit.objects.get(code="A1"))
    session = given_session(bin.location)
    scan(session, bin, "A3")
    session = in_review(session)
    block(Unit.objects.get(code="A2"))

    assert refused(session) == ["unit_blocked"]

    block(Unit.objects.get(code="A2"), False)
    assert complete(session) == "completed"
    assert set(Unit.objects.in_stock().values_list("code", flat=True)) == {"A1", "A3"}
