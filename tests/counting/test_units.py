"""What becomes of the units of a count: transferred, written off, found again, or left where they are (SPEC 29.5)."""

from decimal import Decimal

import pytest

from counting.models import Verdict
from counting.unit_differences import differences, line_figures, lines_that_hide, summary
from tests.counting.unit_counts import found, given_count, given_shelves, line_in, scan

pytestmark = pytest.mark.django_db


# What differs, while a count is open


def test_units_in_the_wrong_bin_are_transferred_and_those_seen_nowhere_written_off():
    _item, (one, two, three) = given_shelves([1, 2, 3], [4, 5, 6], [7, 8, 9], unit_cost=Decimal(4))
    session = given_count(one, two, three)
    scan(session, one, 1, 5, 9)

    line = line_in(session, one)
    figures = line_figures(session, [line])[line.pk]
    moved = {
        each.code: (each.from_quant.bin, each.to_quant.bin) for each in differences(session, verdicts=["transfer"])
    }

    assert line.variance == 0
    assert found(session) == {"2": "write_off", "3": "write_off", "5": "transfer", "9": "transfer"}
    assert moved == {"5": (two, one), "9": (three, one)}
    assert (figures.adjustment_quantity, figures.stock_transfer_quantity, figures.adjustment) == (2, 2, 0)
    assert (figures.adjustment_cost, figures.adjustment_value, figures.stock_transfer_value) == (4, -8, 8)
    assert lines_that_hide(session) == {line.pk}


def test_differences_come_in_pages_by_verdict_and_line_and_a_summary_tells_how_many_there_are():
    _item, (one, two) = given_shelves([1, 2, 3, 4], [5], unit_cost=Decimal(3))
    session = given_count(one, two)
    scan(session, one, 1, 5)

    assert list(found(session)) == ["5", "2", "3", "4"]
    assert list(found(session, offset=1, limit=2)) == ["2", "3"]
    assert found(session, verdicts=[Verdict.TRANSFER]) == {"5": "transfer"}
    assert found(session, lines=[line_in(session, two).pk]) == {"5": "transfer"}
    missing = summary(session).of(Verdict.WRITE_OFF)
    assert (missing.units, missing.cost, missing.posted) == (3, 9, 3)
    assert (summary(session).units, summary(session).posted, summary(session).cost) == (4, 4, 12)


def test_what_nobody_has_counted_is_not_missing():
    _item, (one, two) = given_shelves([1, 2], [3])
    session = given_count(one, two)
    scan(session, one, 1, 2)

    assert found(session) == {}
    assert summary(session).parts == ()


def test_a_unit_that_was_seen_in_two_bins_is_a_conflict_and_the_later_is_proposed():
    _item, (here, there) = given_shelves(["S1"], ["S2"])
    session = given_count(here, there)
    scan(session, here, "S1")
    scan(session, there, "S2", "S1")

    (conflict,) = differences(session)

    assert (conflict.verdict, conflict.post, conflict.line) == (Verdict.CONFLICT, False, line_in(session, there))
    assert {line.quant.bin for line in conflict.seen_on} == {here, there}
