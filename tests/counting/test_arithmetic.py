"""What completing posts when stock moves, is corrected or is counted around a count (ARCHITECTURE 5)."""

from decimal import Decimal

import pytest
from django.utils import timezone

from counting.completing import LinesNotReady, complete_session
from counting.explaining import movements
from counting.models import Status
from counting.review import accept, ask_recount, keep_earlier_count, leave_out, mark_counted
from ledger.models import ItemLedgerEntry, Kind, Reason, WarehouseEntry
from ledger.reversing import reverse
from tests.counting.given import add, again, ask, complete, count, given_line, given_session
from tests.factories import TODAY, BinFactory, UserFactory, adjust, given_stock, move, post_lines

pytestmark = pytest.mark.django_db


def on_hand(line):
    line.quant.refresh_from_db()
    return line.quant.quantity


def test_completing_a_count_brings_the_quant_to_what_was_counted():
    line = given_line(10)
    count(line, 7)

    assert complete(line.session) == "completed"

    assert on_hand(line) == 7
    register = line.session.adjustment
    assert (register.kind, register.source) == (Kind.QUANTITY_ADJUSTMENT, line.session.number)
    assert register.item_ledger_entries.get().quantity == -3
    assert register.warehouse_entries.get().effect == "counted"


def test_a_sale_after_the_count_stays_sold():
    line = given_line(10)
    count(line, 8)
    move(line.quant, -3)

    complete(line.session)

    assert on_hand(line) == 5


def test_a_sale_before_the_count_is_in_the_book():
    line = given_line(10)
    move(line.quant, -2)
    line = count(line, 8)

    assert (line.variance, line.since_opened, line.discrepancy) == (-2, -2, 0)
    complete(line.session)
    assert on_hand(line) == 8
    assert line.session.adjustment is None


def test_damage_after_the_count_is_not_written_off_twice():
    damaged = Reason.objects.create(code="test-damaged", name="Damaged", effect="moved")
    line = given_line(10)
    count(line, 9)
    move(line.quant, -2, reason=damaged)

    complete(line.session)

    assert on_hand(line) == 7


def test_a_correction_after_the_count_is_not_posted_again():
    found = Reason.objects.create(code="test-lost", name="Lost", effect="corrected")
    line = given_line(10)
    count(line, 8)
    move(line.quant, -2, reason=found)

    complete(line.session)

    assert on_hand(line) == 8


def test_a_newer_absolute_adjustment_has_settled_the_line():
    line = given_line(10)
    count(line, 8)
    adjust(line.quant, 9)

    complete(line.session)

    assert on_hand(line) == 9
    line = again(line)
    assert line.superseded
    assert line.adjustment == 0


def test_a_newer_look_that_agreed_with_the_book_has_settled_the_line_too():
    line = given_line(10)
    count(line, 8)
    adjust(line.quant, 10)

    complete(line.session)

    assert on_hand(line) == 10
    assert again(line).superseded


def test_a_reversal_after_the_count_of_a_mistake_before_it_is_a_correction():
    line = given_line(10)
    mistake = move(line.quant, 5)
    count(line, 10)
    reverse(mistake, by=None, at=TODAY)

    complete(line.session)

    assert on_hand(line) == 10


def test_a_mistake_and_its_reversal_both_after_the_count_cancel():
    line = given_line(10)
    count(line, 8)
    reverse(move(line.quant, 5), by=None, at=TODAY)

    complete(line.session)

    assert on_hand(line) == 8


def test_a_mistaken_absolute_adjustment_that_was_reversed_settles_nothing():
    line = given_line(10)
    count(line, 8)
    reverse(adjust(line.quant, 3), by=None, at=TODAY)

    complete(line.session)

    assert on_hand(line) == 8


def test_zero_is_counted_and_blank_is_skipped():
    emptied = given_stock(5)
    untouched = given_stock(5, bin=emptied.bin)
    session = given_session(emptied.location)
    count(session.lines.get(quant=emptied), 0)

    complete(session)

    emptied.refresh_from_db()
    untouched.refresh_from_db()
    assert (emptied.quantity, untouched.quantity) == (0, 5)
    assert session.lines.get(quant=untouched).adjustment is None


def test_a_count_without_difference_is_evidence_and_posts_nothing():
    line = given_line(10)
    count(line, 10)
    entries = WarehouseEntry.objects.count()

    complete(line.session)

    assert WarehouseEntry.objects.count() == entries
    assert again(line).adjustment == 0
    assert line.session.status == Status.COMPLETED


def test_a_line_that_would_go_below_zero_is_named_and_nothing_is_posted():
    line = given_line(10)
    count(line, 2)
    move(line.quant, -9)
    before = ItemLedgerEntry.objects.count()

    assert complete(line.session) == "refused"

    [problem] = line.session.completion_problems
    assert (problem["line"], problem["code"]) == (line.pk, "below_zero")
    assert ItemLedgerEntry.objects.count() == before
    assert again(line).open
    assert not line.session.is_posting


def test_a_part_of_a_discrepancy_can_be_accepted():
    line = given_line(10)
    count(line, 4)
    mark_counted(line.session, by=UserFactory(), at=timezone.now())
    accept(line.session, [line.pk], quantity=-2, by=UserFactory(), at=timezone.now())

    complete(line.session)

    assert on_hand(line) == 8


@pytest.mark.parametrize(("corrected", "left"), [(-1, 8), (-3, 7), (2, 8)])
def test_an_accepted_part_and_a_later_correction_never_add_up_to_too_much(corrected, left):
    lost = Reason.objects.create(code="test-lost", name="Lost", effect="corrected")
    line = given_line(10)
    count(line, 4)
    mark_counted(line.session, by=UserFactory(), at=timezone.now())
    accept(line.session, [line.pk], quantity=-2, by=UserFactory(), at=timezone.now())
    move(line.quant, corrected, reason=lost)

    complete(line.session)

    assert on_hand(line) == left


def test_a_line_left_out_stays_as_it_is():
    line = given_line(10)
    count(line, 4)
    mark_counted(line.session, by=UserFactory(), at=timezone.now())
    leave_out(line.session, [line.pk], note="Supplier will explain", by=UserFactory(), at=timezone.now())

    complete(line.session)

    assert on_hand(line) == 10


def test_a_recount_keeps_the_earlier_count_until_a_new_one_comes():
    line = given_line(10)
    count(line, 4)
    mark_counted(line.session, by=UserFactory(), at=timezone.now())

    ask_recount(line.session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")

    line = again(line)
    assert (line.counted_quantity, line.recount_asked, line.round) == (4, True, 2)
    line = add(line, 9)
    assert (line.counted_quantity, line.recount_asked) == (9, False)
    complete(line.session)
    assert on_hand(line) == 9


def test_completing_names_lines_that_wait_for_a_recount():
    first = given_stock(10)
    second = given_stock(10, bin=first.bin)
    session = given_session(first.location)
    for line in session.lines.all():
        count(line, 4)
    mark_counted(session, by=UserFactory(), at=timezone.now())
    line = session.lines.get(quant=second)
    ask_recount(session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")
    mark_counted(session, by=UserFactory(), at=timezone.now())

    with pytest.raises(LinesNotReady) as refused:
        ask(session)

    assert [problem["code"] for problem in refused.value.problems] == ["recount_asked"]
    keep_earlier_count(session, [line.pk], by=UserFactory(), at=timezone.now())
    assert complete(session) == "completed"
    second.refresh_from_db()
    assert second.quantity == 4


def test_stock_that_moved_under_the_counters_hands_waits_for_another_look():
    line = given_line(10)
    seen = line.quant.last_entry
    move(line.quant, -1)
    line = count(line, 9, begun=seen)
    assert line.disturbed
    mark_counted(line.session, by=UserFactory(), at=timezone.now())

    with pytest.raises(LinesNotReady) as refused:
        ask(line.session)

    assert [problem["code"] for problem in refused.value.problems] == ["disturbed"]
    accept(line.session, [line.pk], by=UserFactory(), at=timezone.now())
    assert complete(line.session) == "completed"


def test_figures_that_changed_since_they_were_confirmed_are_asked_again():
    line = given_line(10)
    count(line, 8)
    ask(line.session)
    lost = Reason.objects.create(code="test-lost", name="Lost", effect="corrected")
    move(line.quant, -1, reason=lost)
    assert complete_session(line.session.pk) == "refused"

    line.session.refresh_from_db()
    assert [problem["code"] for problem in line.session.completion_problems] == ["figures_changed"]
    assert complete(line.session) == "completed"
    assert on_hand(line) == 8


def test_a_mistake_that_was_reversed_before_the_count_is_over():
    line = given_line(10)
    reverse(move(line.quant, 5), by=None, at=TODAY)
    count(line, 9)

    complete(line.session)

    assert on_hand(line) == 9


def test_a_movement_posted_by_mistake_and_reversed_after_both_bins_were_counted_corrects_both():
    here = given_stock(10)
    there = given_stock(0, bin=BinFactory(location=here.location), item=here.item)
    mistake = post_lines(
        here.location,
        {"bin": here.bin_id, "to_bin": there.bin_id, "item": here.item_id, "quantity": Decimal(4)},
        kind=Kind.MOVEMENT,
    )
    session = given_session(here.location, places_that_held_it=True)
    for line in session.lines.select_related("quant"):
        count(line, 10 if line.quant == here else 0)
    reverse(mistake, by=None, at=TODAY)

    complete(session)

    assert [type(here).objects.get(pk=quant.pk).quantity for quant in (here, there)] == [10, 0]
    assert session.adjustment is None


def test_a_correction_by_mistake_after_the_count_is_overruled_by_the_count():
    wrong = Reason.objects.create(code="test-wrong", name="Wrong", effect="corrected")
    line = given_line(10)
    count(line, 10)
    move(line.quant, 3, reason=wrong)

    complete(line.session)

    assert on_hand(line) == 10


def test_two_looks_after_the_count_settle_it_even_if_one_of_them_was_a_mistake():
    line = given_line(10)
    count(line, 8)
    adjust(line.quant, 9)
    reverse(adjust(line.quant, 2), by=None, at=TODAY)

    complete(line.session)

    assert on_hand(line) == 9
    assert again(line).superseded


def test_what_is_posted_later_than_it_happened_is_wrong_by_so_much_and_shown_to_the_reviewer():
    line = given_line(10)
    line = count(line, 8)  # two were taken, and the paper waits
    late = move(line.quant, -2)

    movements(line.session, [line])

    assert [movement.entry.register for movement in line.evidence.posted_late] == [late]
    complete(line.session)
    assert on_hand(line) == 6


def test_a_count_completed_long_after_knows_every_document_since():
    lost = Reason.objects.create(code="test-lost", name="Lost", effect="corrected")
    line = given_line(100)
    mistake = move(line.quant, 7)
    count(line, 90)
    for _step in range(3):
        move(line.quant, -5)
        reverse(move(line.quant, -1), by=None, at=TODAY)
        move(line.quant, 2)
    move(line.quant, -4, reason=lost)
    reverse(mistake, by=None, at=TODAY)

    complete(line.session)

    assert on_hand(line) == 90 - 3 * 5 + 3 * 2


def test_a_bar_code_typed_as_a_quantity_is_handed_back_and_can_be_counted_again():
    line = given_line(10, unit_cost=Decimal(100))
    count(line, "4006381333931")

    assert complete(line.session) == "refused"

    [problem] = line.session.completion_problems
    assert problem["code"] == "too_much"
    ask_recount(line.session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")
    count(line, 9)
    assert complete(line.session) == "completed"
    assert on_hand(line) == 9
