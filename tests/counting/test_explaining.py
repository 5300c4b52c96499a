from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from counting.explaining import PER_LINE, POSTED_LATE, movements
from ledger.models import Kind, WarehouseEntry
from ledger.reversing import reverse
from tests.counting.given import again, complete, count, given_line, given_lines
from tests.factories import TODAY, adjust, move

pytestmark = pytest.mark.django_db


def explain(*lines):
    lines = [again(line) for line in lines]
    movements(lines[0].session, lines)
    return [line.evidence for line in lines]


def quantities(found):
    return [movement.entry.quantity for movement in found]


def test_what_moved_between_opening_and_count_is_told_apart_from_what_came_after():
    line = given_line(system=10)
    move(line.quant, -2)
    count(line, 8)
    move(line.quant, -3)

    (evidence,) = explain(line)

    assert quantities(evidence.before) == [-2]
    assert quantities(evidence.during) == []
    assert quantities(evidence.after) == [-3]


def test_what_lay_there_before_the_opening_is_no_movement():
    line = given_line(system=10)
    count(line, 9)

    (evidence,) = explain(line)

    assert not evidence


def test_what_moved_under_the_counters_hands_is_named():
    line = given_line(system=10)
    begun = line.quant.last_entry
    move(line.quant, -2)
    line = count(line, 8, begun=begun)

    (evidence,) = explain(line)

    assert line.disturbed
    assert quantities(evidence.during) == [-2]


def test_a_receipt_posted_after_the_count_explains_what_was_found():
    line = given_line(system=10)
    count(line, 15)
    receipt = move(line.quant, 5)
    move(line.quant, -1)

    (evidence,) = explain(line)

    assert [movement.entry.register for movement in evidence.posted_late] == [receipt]


def test_two_issues_explain_together_what_is_missing():
    line = given_line(system=10)
    count(line, 6)
    move(line.quant, -1)
    move(line.quant, -3)
    move(line.quant, -2)

    (evidence,) = explain(line)

    assert quantities(evidence.posted_late) == [-1, -3]


def test_what_gives_another_quantity_explains_nothing():
    line = given_line(system=10)
    count(line, 15)
    move(line.quant, 4)

    (evidence,) = explain(line)

    assert evidence.posted_late == []
    assert quantities(evidence.after) == [4]


def test_a_line_that_matches_needs_no_explanation():
    line = given_line(system=10)
    count(line, 10)
    move(line.quant, 5)

    (evidence,) = explain(line)

    assert evidence.posted_late == []


def test_a_movement_that_was_reversed_explains_nothing():
    line = given_line(system=10)
    count(line, 15)
    reverse(move(line.quant, 5), by=None, at=TODAY)

    (evidence,) = explain(line)

    assert evidence.posted_late == []
    assert [movement.undone for movement in evidence.after] == [True, False]


def test_somebody_elses_look_is_no_late_posting():
    line = given_line(system=10)
    count(line, 15)
    adjust(line.quant, 15)

    (evidence,) = explain(line)

    assert evidence.posted_late == []
    assert quantities(evidence.after) == [5]


def test_what_is_posted_long_after_the_count_is_left_out():
    line = given_line(system=10)
    count(line, 15)
    move(line.quant, 5)
    line.session.lines.update(counted_at=timezone.now() - POSTED_LATE - timedelta(hours=1))

    (evidence,) = explain(line)

    assert evidence.after == []


def test_the_adjustment_of_the_count_itself_explains_nothing():
    line = given_line(system=10)
    count(line, 7)
    complete(line.session)

    (evidence,) = explain(line)

    assert not evidence


def test_a_busy_quant_is_read_only_so_far():
    line = given_line(system=100)
    for _number in range(PER_LINE + 3):
        move(line.quant, -1)
    count(line, 50)

    (evidence,) = explain(line)

    assert len(evidence.before) == PER_LINE
    newest = WarehouseEntry.objects.filter(register__kind=Kind.ISSUE).order_by("-pk")[:PER_LINE]
    assert {movement.entry.pk for movement in evidence.before} == {entry.pk for entry in newest}


def test_many_lines_are_explained_in_two_statements(django_assert_num_queries):
    lines = given_lines(10, 20, 30)
    for line in lines:
        count(line, 5)
        move(line.quant, -1)
    lines = [again(line) for line in lines]

    with django_assert_num_queries(2):
        movements(lines[0].session, lines)

    assert [quantities(line.evidence.after) for line in lines] == [[Decimal(-1)]] * 3
