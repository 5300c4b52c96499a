"""Each kind of error that people make is put into a warehouse: its cause is among what a reviewer is told."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.hints import are_swapped, hints
from counting.models import PutAside
from ledger.models import Kind
from ledger.reversing import reverse as undo
from tests.counting.given import again, complete, count, given_line, given_lines, given_session, in_review
from tests.counting.people import supervisor
from tests.counting.unit_counts import given_count, given_review, given_shelves
from tests.factories import (
    TODAY,
    BinFactory,
    LotFactory,
    LotItemFactory,
    UnitOfMeasureFactory,
    UserFactory,
    given_stock,
    move,
    post_lines,
)
from tests.pages import text_of
from warehouse.models import ItemReference, ItemUnit

pytestmark = pytest.mark.django_db


def told(line, *, now=None):
    line = type(line).objects.with_names().get(pk=line.pk)
    hints(line.session, [line], now=now or timezone.now())
    return [hint.text for hint in line.hints]


def given_moved(quant, to, quantity):
    line = {"bin": quant.bin_id, "to_bin": to.pk, "item": quant.item_id, "quantity": Decimal(quantity)}
    return post_lines(quant.location, line, kind=Kind.MOVEMENT)


def test_nothing_is_said_of_a_match_nor_of_a_difference_without_a_pattern():
    match, off = given_lines(10, 10)

    assert told(count(match, 10)) == []
    assert told(count(off, 7)) == []


def test_what_is_over_in_another_bin_of_the_count_is_named():
    here = given_stock(10)
    there = given_stock(10, item=here.item, bin=BinFactory(location=here.location))
    session = given_session(here.location)
    short = count(session.lines.get(quant=here), 6)
    over = count(session.lines.get(quant=there), 13)

    assert told(short) == [f"+3 in {there.bin.code}."]
    assert told(over) == [f"−4 in {here.bin.code}."]


def test_what_another_count_found_lately_elsewhere_is_named_and_what_it_found_long_ago_is_not():
    here = given_stock(10)
    there = given_stock(10, item=here.item, bin=BinFactory(location=here.location))
    earlier = given_session(here.location, bins=[there.bin])
    count(earlier.lines.get(), 14)
    complete(earlier)
    short = count(given_session(here.location, bins=[here.bin]).lines.get(), 6)

    assert told(short) == [f"+4 in {there.bin.code}, adjusted by {earlier.number}: it may be the same."]
    assert told(short, now=timezone.now() + timedelta(days=31)) == []
    undo(earlier.adjustment, by=None, at=TODAY)
    assert told(short) == []


def test_a_neighbouring_lot_that_is_off_by_as_much_is_named():
    item, bin = LotItemFactory(), BinFactory()
    one, other = (given_stock(8, bin=bin, lot=LotFactory(item=item, number=number)) for number in ("K1", "K2"))
    session = given_session(bin.location)
    short = count(session.lines.get(quant=one), 6)
    count(session.lines.get(quant=other), 10)

    assert told(short) == ["+2 of K2 in the same bin: another lot or variant?"]


def test_a_receipt_that_was_posted_twice_is_named():
    quant = given_stock(5)
    first, second = move(quant, 24), move(quant, 24)
    line = count(given_session(quant.location).lines.get(), 29)

    assert told(line) == [f"{first.number}, {second.number} brought 24 each: received once, posted twice?"]


def test_documents_that_moved_exactly_so_much_are_named_unless_they_were_taken_back():
    quant, other = given_stock(30), BinFactory()
    other = BinFactory(location=quant.location)
    away = given_moved(quant, other, 12)
    session = given_session(quant.location)
    still_here = count(session.lines.get(quant=quant), 30)
    never_came = count(session.lines.get(quant__bin=other), 0)

    assert told(still_here)[-1] == f"{away.number} took 12: still here?"
    assert told(never_came)[-1] == f"{away.number} brought 12: did they arrive?"
    undo(away, by=None, at=TODAY)
    assert all(away.number not in text for text in told(still_here))


@pytest.mark.parametrize(
    ("book", "counted", "said"),
    [
        (60, 5, "5 × box of 12 is right: packs counted as pieces?"),
        (5, 60, "5 × 12: pieces counted as box?"),
        (480, 468, "Exactly 1 × box of 12."),
        (480, 504, "Exactly 2 × box of 12."),
    ],
)
def test_packs_and_pieces_that_were_mixed_up_are_named(book, counted, said):
    line = given_line(book)
    box = UnitOfMeasureFactory(code="box", name="box")
    ItemUnit.objects.create(item=line.quant.item, unit_of_measure=box, quantity_per=12)

    assert said in told(count(line, counted))


@pytest.mark.parametrize(("one", "other"), [(61, 16), (120, 210), (102, 120), (10, 1), (1, 10)])
def test_swapped_digits_are_recognised(one, other):
    assert are_swapped(Decimal(one), Decimal(other))


@pytest.mark.parametrize(("one", "other"), [(61, 61), (61, 26), (123, 321), ("6.1", "1.6"), (100, 1)])
def test_other_differences_are_no_swapped_digits(one, other):
    assert not are_swapped(Decimal(one), Decimal(other))


def test_slips_of_the_fingers_are_named():
    swapped, tenfold = given_lines(61, 54)

    assert told(count(swapped, 16)) == ["61 or 16? Digits may be swapped."]
    assert told(count(tenfold, 540)) == ["54 or 540? A digit too many or too few."]


def test_the_figure_of_the_bin_before_is_named_when_the_same_person_said_it():
    first, second, third = given_lines(20, 35, 35)
    ama = UserFactory()
    count(first, 20, by=ama)

    assert told(count(second, 20, by=ama)) == [f"The same figure as in {first.quant.bin.code}, the bin before."]
    assert told(count(third, 20, by=UserFactory())) == []


def test_a_scan_that_was_put_aside_and_belongs_here_is_named():
    line = count(given_line(10), 6)
    ItemReference.objects.create(item=line.quant.item, code="4006381333931")
    scan = PutAside.objects.create(
        session=line.session,
        code="4006381333931",
        belongs_in=line.quant.bin,
        by=UserFactory(),
        at=timezone.now(),
        client_id=uuid4(),
    )

    assert told(line) == [f"{scan.code} was put aside, and belongs here."]


def test_a_reviewer_reads_three_hints_at_most_beside_the_line():
    line = given_line(61)
    box = UnitOfMeasureFactory(code="box", name="box")
    ItemUnit.objects.create(item=line.quant.item, unit_of_measure=box, quantity_per=45)
    move(line.quant, 45)
    line = count(again(line), 61)
    in_review(line.session)

    response = supervisor(line.quant.location).get(reverse("count-review", args=[line.session.number]))

    (row,) = response.context["page"].rows
    assert 1 <= len(row.line.hints) <= 3
    assert "Exactly 1 × box of 45." in text_of(response)


def test_hints_cost_the_same_for_one_line_and_for_many():
    numbers = []
    for lines in (given_lines(10), given_lines(*[10] * 6)):
        lines = [count(line, 7) for line in lines]
        lines = list(lines[0].session.lines.with_names())
        with CaptureQueriesContext(connection) as captured:
            hints(lines[0].session, lines, now=timezone.now())
        numbers.append(len(captured))

    assert numbers == [5, 5]


def test_beside_a_line_of_units_nothing_is_guessed():
    """The list of its units knows where each of them is."""
    _item, (one, two) = given_shelves([1, 2], [3])
    session = given_review(given_count(one, two), (one, 1), (two, 2, 3))
    lines = list(session.lines.with_names())

    hints(session, lines, now=timezone.now())

    assert [line.hints for line in lines] == [[], []]
