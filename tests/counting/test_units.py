"""What becomes of the units of a count: transferred, written off, found again, or left where they are (SPEC 29.5)."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from counting.completing import Digest, LinesNotReady, complete_session, confirm, digest
from counting.deciding_units import NoConflict, decide_units, settle_conflict
from counting.models import SearchTask, UnitDifference, Verdict
from counting.reversing import reverse_lines, reverse_session
from counting.review import (
    NothingChosen,
    NotInReview,
    UnitsAreTicked,
    accept,
    ask_recount,
    cancel,
    leave_out,
    mark_counted,
)
from counting.sighting import count_quantity, scan_units
from counting.unit_differences import differences, line_figures, lines_that_hide, read_once, summary
from ledger.models import Kind, WarehouseEntry
from ledger.reversing import reverse
from tests.counting.given import again, ask, complete, count, given_line
from tests.counting.unit_counts import (
    carry,
    found,
    given_count,
    given_review,
    given_shelves,
    issue,
    line_in,
    places,
    scan,
    stamps,
)
from tests.factories import (
    TODAY,
    BinFactory,
    LocationFactory,
    SerialItemFactory,
    UserFactory,
    given_stock,
    given_units,
    post_lines,
)
from tests.laws import assert_reconciled
from warehouse.models import Item, ItemVariant, Unit

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


def test_a_page_that_asks_several_questions_reads_the_units_once():
    item, (one, two) = given_shelves([1, 2, 3], [4])
    session = given_review(given_count(one, two), (one, 1, 4))
    decide_units(session, [(item.pk, "2")], post=False, **stamps())
    line = line_in(session, one)

    def asked():
        return differences(session), summary(session), line_figures(session, [line]), lines_that_hide(session)

    one_by_one = asked()

    with CaptureQueriesContext(connection) as queries, read_once(session):
        at_once = asked()

    assert at_once == one_by_one
    assert sum("counting_sighting" in query["sql"] for query in queries) == 1


def test_units_are_read_once_by_whoever_confirms_and_once_under_the_lock():
    _item, (one, two) = given_shelves([1, 2, 3], [4])
    session = given_review(given_count(one, two), (one, 1, 4), (two,))

    def readings(action):
        with CaptureQueriesContext(connection) as queries:
            action()
        return sum("gathered AS" in query["sql"] for query in queries)

    assert readings(lambda: confirm(session, confirmed=digest(session), **stamps())) == 2  # shown, and confirmed
    assert readings(lambda: complete_session(session.pk)) == 1


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


# Completing


def adjusted(session):
    """{bin: (adjustment, moved)} of the lines that posted something."""
    return {line.quant.bin: (line.adjustment, line.moved) for line in session.lines.adjusted().with_names()}


def test_completing_moves_what_was_seen_elsewhere_and_writes_off_what_was_seen_nowhere():
    item, (one, two, three) = given_shelves([1, 2, 3], [4, 5, 6], [7, 8, 9], unit_cost=Decimal(4))
    session = given_count(one, two, three)
    scan(session, one, 1, 5, 9)

    assert complete(session) == "completed"

    assert places(item) == {one: {"1", "5", "9"}, two: {"4", "6"}, three: {"7", "8"}, "detached": {"2", "3"}}
    assert session.transfer.warehouse_entries.count() == 4
    assert sorted(session.adjustment.item_ledger_entries.values_list("unit__code", "quantity")) == [
        ("2", -1),
        ("3", -1),
    ]
    assert session.adjustment.item_ledger_entries.value() == -8
    assert adjusted(session) == {one: (0, 2), two: (-1, -1), three: (-1, -1)}
    assert session.transfer.pk < session.adjustment.pk
    assert_reconciled()


def test_a_swap_of_two_bins_in_one_count_moves_everything_and_writes_off_nothing():
    item, (one, two) = given_shelves([1, 2, 3], [4, 5, 6])
    session = given_count(one, two)
    scan(session, one, 4, 5, 6)
    scan(session, two, 1, 2, 3)

    complete(session)

    assert places(item) == {one: {"4", "5", "6"}, two: {"1", "2", "3"}}
    assert (session.adjustment, session.transfer.warehouse_entries.count()) == (None, 12)
    assert adjusted(session) == {one: (0, 0), two: (0, 0)}
    assert_reconciled()


def test_zero_variance_can_hide_four_wrong_units_and_is_to_be_decided_on():
    _item, (one,) = given_shelves([1, 2, 3, 4])
    session = given_count(one)
    scan(session, one, 1, 2, 3, 99)

    line = line_in(session, one)

    assert (line.discrepancy, lines_that_hide(session)) == (0, {line.pk})
    assert session.lines.totals(lines_that_hide(session))["undecided_lines"] == 1
    assert found(session) == {"4": "write_off", "99": "unknown"}


def test_a_unit_can_come_from_a_bin_that_is_not_counted():
    item, (one, _two) = given_shelves([1], [2])
    session = given_count(one)
    scan(session, one, 1, 2)

    complete(session)

    assert places(item) == {one: {"1", "2"}}
    assert adjusted(session) == {one: (1, 1)}
    assert_reconciled()


def test_what_a_count_wrote_off_is_found_again_by_a_later_one_at_its_own_cost():
    item, (one, two) = given_shelves([1, 2], [3], unit_cost=Decimal(7))
    first = given_count(one)
    scan(first, one, 1)
    complete(first)
    second = given_count(two)
    scan(second, two, 2, 3)

    assert found(second) == {"2": "found"}
    complete(second)

    assert places(item) == {one: {"1"}, two: {"2", "3"}}
    assert second.adjustment.item_ledger_entries.value() == 7
    assert_reconciled()


def test_released_units_and_those_of_another_location_cannot_be_selected_and_say_the_way_out():
    item, (one,) = given_shelves([1, 2])
    _item, (elsewhere,) = given_shelves([3], item=item)
    issued = issue(one, item, "2")
    session = given_count(one)
    scan(session, one, 1, 2, 3)

    released, away = differences(session)

    assert (released.verdict, away.verdict) == ("released", "other_location")
    assert issued.number in released.why
    assert "transfer" in away.why
    assert (away.from_quant, released.selectable, away.selectable) == (None, False, False)
    complete(session)
    assert (session.adjustment, session.transfer) == (None, None)
    assert places(item) == {one: {"1"}, elsewhere: {"3"}, "released": {"2"}}


def test_a_unit_of_another_location_counts_once_it_was_transferred_here():
    item, (one, two) = given_shelves([1], [2])
    _item, (elsewhere,) = given_shelves([3], item=item)
    session = given_count(one, two)
    scan(session, one, 1, 3)

    carry(elsewhere, one, item, "3", kind=Kind.LOCATION_TRANSFER, other_location=one.location)

    assert found(session) == {}


# Two open counts, and documents meanwhile: the counter-examples by their names


def test_seen_by_a_later_session_and_written_off_by_an_earlier_one():
    item, (one, two) = given_shelves([1, 2], [3])
    earlier, later = given_count(one), given_count(two)
    scan(earlier, one, 1)
    scan(later, two, 2, 3)

    (difference,) = differences(earlier)
    complete(earlier)
    complete(later)

    assert (difference.verdict, difference.selectable) == ("seen_elsewhere", False)
    assert later.number in difference.why
    assert earlier.adjustment is None
    assert places(item) == {one: {"1"}, two: {"2", "3"}}
    assert_reconciled()


def test_written_off_by_an_earlier_session_before_a_later_one_sees_it():
    item, (one, two) = given_shelves([1, 2], [3])
    earlier, later = given_count(one), given_count(two)
    scan(earlier, one, 1)
    complete(earlier)
    scan(later, two, 2, 3)

    complete(later)

    assert places(item) == {one: {"1"}, two: {"2", "3"}}
    assert_reconciled()


def test_moved_in_after_the_scan():
    item, (one, two) = given_shelves([1], [2])
    session = given_count(one, two)
    scan(session, one, 1)
    carry(two, one, item, "2")

    assert found(session) == {}
    complete(session)

    assert places(item) == {one: {"1", "2"}}
    assert_reconciled()


def test_what_was_moved_after_it_was_seen_stays_where_that_put_it():
    item, (one, two, three) = given_shelves([1], [2], [3])
    session = given_count(one)
    scan(session, one, 1, 2)
    carry(two, three, item, "2")

    assert found(session) == {"2": "moved_since"}
    complete(session)

    assert places(item) == {one: {"1"}, three: {"2", "3"}}


def test_a_movement_that_was_taken_back_moves_nothing():
    item, (one, two, three) = given_shelves([1], [2], [3])
    session = given_count(one)
    scan(session, one, 1, 2)
    reverse(carry(two, three, item, "2"), by=None, at=TODAY)

    complete(session)

    assert places(item) == {one: {"1", "2"}, three: {"3"}}
    assert_reconciled()


@pytest.mark.parametrize("first", ["earlier", "later"])
def test_of_two_sightings_in_open_counts_the_later_wins_whichever_count_is_completed_first(first):
    item, (one, two, _three) = given_shelves([1], [2], [3])
    counts = {"earlier": given_count(one), "later": given_count(two)}
    scan(counts["earlier"], one, 1, 3)
    scan(counts["later"], two, 2, 3)

    assert found(counts["earlier"]) == {"3": "seen_later"}
    assert f"complete {counts['later']}" in why(counts["earlier"], "3")
    complete(counts.pop(first))
    if first == "later":
        assert "complete" not in why(counts["earlier"], "3")
    for session in counts.values():
        complete(session)

    assert places(item) == {one: {"1"}, two: {"2", "3"}}
    assert_reconciled()


def why(session, code):
    return next(each.why for each in differences(session) if each.code == code)


def test_what_a_count_of_another_location_saw_later_says_no_bin_of_that_location():
    item, (here,) = given_shelves([1, 2])
    _item, (far,) = given_shelves([3], item=item)
    session, other = given_count(here), given_count(far)
    carry(here, far, item, "2", kind=Kind.LOCATION_TRANSFER, other_location=far.location)
    scan(session, here, 1, 2)
    scan(other, far, 3, 2)

    assert found(session) == {"2": "seen_later"}
    assert why(session, "2").startswith("A count at another location saw it later.")
    assert not {str(far), str(other)} & set(why(session, "2").replace(",", " ").replace(".", " ").split())
    complete(session)
    assert places(item) == {here: {"1"}, far: {"2", "3"}}


def test_what_a_cancelled_count_has_seen_keeps_nothing():
    item, (one, two) = given_shelves([1, 2], [3])
    session, other = given_count(one), given_count(two)
    scan(session, one, 1)
    scan(other, two, 2, 3)
    cancel(other, **stamps())

    complete(session)

    assert places(item) == {one: {"1"}, two: {"3"}, "detached": {"2"}}


def test_units_of_lines_that_nobody_counted_are_written_off_where_the_count_says_so_unless_another_saw_them():
    item, (one, two, three) = given_shelves([1], [2], [3, 4])
    session, other = given_count(two, three, uncounted="zero"), given_count(one)
    scan(session, two, 2)
    scan(other, one, 1, 3)

    while_counting = digest(session)
    ask(session, by=UserFactory(is_superuser=True))
    complete_session(session.pk)
    complete(other)

    session.refresh_from_db()
    assert (while_counting.lines, while_counting.write_offs) == (1, 1)
    assert while_counting == Digest.from_json(session.completion_digest)
    assert places(item) == {one: {"1", "3"}, two: {"2"}, "detached": {"4"}}
    assert_reconciled()


def test_units_that_move_under_the_hands_of_who_scans_them_wait_for_nobody():
    """Unlike quantities, of which nobody could tell which part had moved: a unit that came in since counting began is
    not missing (its entry is newer), one that left is where its document put it, and one that was seen is here. So
    every law holds without a reviewer, who could only say what is known."""
    item, (one, two) = given_shelves([1, 2, 3, 6], [4, 5])
    session = given_count(one)
    scan(session, one, 1, 2)
    carry(two, one, item, "4")  # behind the counter's back
    carry(one, two, item, "2")  # after it was seen
    carry(one, two, item, "3")  # before it could be
    scan(session, one, 6)
    issue(two, item, "5")

    assert not line_in(session, one).disturbed
    assert complete(session) == "completed"

    assert places(item) == {one: {"1", "4", "6"}, two: {"2", "3"}, "released": {"5"}}
    assert session.adjustment is session.transfer is None
    assert_reconciled()


@pytest.mark.parametrize("then", ["nobody looks there", "it is seen there", "somebody looks there and misses it"])
def test_a_unit_that_a_document_moves_between_two_bins_of_a_count_stays_where_that_put_it(then):
    """A movement that is newer than the scan wins; what was seen once in a session is written off nowhere in it."""
    item, (one, two) = given_shelves([1, 2], [3])
    session = given_count(one, two)
    scan(session, one, 1, 2)
    if then == "nobody looks there":
        scan(session, two, 3)
    carry(one, two, item, "2")
    if then != "nobody looks there":
        scan(session, two, 3, *([2] if then == "it is seen there" else []))

    verdict = {} if then == "it is seen there" else {"2": "moved_since"}
    assert found(session) == verdict
    assert complete(session) == "completed"

    assert places(item) == {one: {"1"}, two: {"2", "3"}}
    assert session.adjustment is session.transfer is None


# What reviewers say


def test_an_unticked_unit_is_left_alone_and_can_be_ticked_again():
    item, (one, two) = given_shelves([1, 2, 3], [4, 5])
    session = given_review(given_count(one, two), (one, 1, 4, 5))
    decide_units(session, [(item.pk, "4"), (item.pk, "2"), (item.pk, "3")], post=False, **stamps())
    decide_units(session, [(item.pk, "3")], post=True, **stamps())

    assert {each.code: each.post for each in differences(session)} == {"2": False, "3": True, "4": False, "5": True}
    complete(session)

    assert places(item) == {one: {"1", "2", "5"}, two: {"4"}, "detached": {"3"}}
    assert {each.code: (each.ticked, each.post) for each in differences(session)} == {
        "2": (False, False),
        "3": (True, True),
        "4": (False, False),
        "5": (True, True),
    }
    assert_reconciled()


def test_all_units_are_unticked_at_once_and_only_in_review():
    item, (one, two) = given_shelves([1, 2], [3])
    session = given_count(one, two)
    scan(session, one, 1, 3)

    with pytest.raises(NotInReview):
        decide_units(session, None, post=False, **stamps())
    mark_counted(session, **stamps())
    assert decide_units(session, None, post=False, **stamps()) == 2
    with pytest.raises(NothingChosen):
        decide_units(session, [(item.pk, "1")], post=False, **stamps())
    complete(session)

    assert places(item) == {one: {"1", "2"}, two: {"3"}}
    assert session.adjustment is session.transfer is None


def test_a_unit_seen_in_two_bins_keeps_completing_off_until_somebody_says_where_it_lies():
    item, (one, two, _three) = given_shelves([1], [2], [3])
    session = given_review(given_count(one, two), (one, 1, 3), (two, 2, 3))

    (difference,) = differences(session)
    with pytest.raises(LinesNotReady) as refused:
        ask(session)

    assert (difference.verdict, difference.line) == ("conflict", line_in(session, two))
    assert [(problem["line"], problem["code"]) for problem in refused.value.problems] == [
        (difference.line.pk, "unit_seen_twice")
    ]
    settle_conflict(session, item, "3", line_in(session, one), **stamps())
    assert found(session) == {"3": "transfer"}
    complete(session)
    assert places(item) == {one: {"1", "3"}, two: {"2"}}
    assert_reconciled()


def test_a_conflict_is_settled_where_the_books_have_it_and_only_where_it_was_seen():
    item, (one, two, three) = given_shelves([1], [2], [3])
    session = given_review(given_count(one, two, three), (one, 1, 2), (two, 2), (three, 3))

    with pytest.raises(NoConflict):
        settle_conflict(session, item, "2", line_in(session, three), **stamps())
    with pytest.raises(NoConflict):
        settle_conflict(session, item, "1", line_in(session, one), **stamps())
    settle_conflict(session, item, "2", line_in(session, two), **stamps())
    (difference,) = differences(session)

    assert (difference.settled, difference.post) == (True, False)
    complete(session)
    assert places(item) == {one: {"1"}, two: {"2"}, three: {"3"}}


def test_a_line_that_is_left_out_posts_nothing_but_what_was_seen_there_is_not_written_off_elsewhere():
    item, (one, two) = given_shelves([1, 2], [3, 4])
    session = given_review(given_count(one, two), (one, 1, 3), (two, 2))
    leave_out(session, [line_in(session, two).pk], note="Ask Kofi", **stamps())

    complete(session)

    assert places(item) == {one: {"1", "2", "3"}, two: {"4"}}
    assert adjusted(session) == {one: (1, 1), two: (-1, -1)}
    assert_reconciled()


def test_undecided_lines_are_left_where_the_count_says_so():
    item, (one, two) = given_shelves([1, 2], [3, 4])
    session = given_review(given_count(one, two, undecided="leave"), (one, 1), (two, 3))
    accept(session, [line_in(session, one).pk], **stamps())

    assert (digest(session).lines, digest(session).left) == (1, 1)
    complete(session)

    assert places(item) == {one: {"1"}, two: {"3", "4"}, "detached": {"2"}}


def test_a_line_that_waits_for_another_count_keeps_completing_off():
    _item, (one,) = given_shelves([1, 2])
    session = given_review(given_count(one), (one, 1))
    ask_recount(session, [line_in(session, one).pk], why="Look behind the ladder", **stamps())
    mark_counted(session, **stamps())

    assert [each.post for each in differences(session)] == [False]
    with pytest.raises(LinesNotReady):
        ask(session)


def test_no_part_of_a_line_of_units_is_accepted_by_quantity():
    _item, (one,) = given_shelves([1, 2, 3])
    session = given_review(given_count(one), (one, 1))

    with pytest.raises(UnitsAreTicked):
        accept(session, [line_in(session, one).pk], quantity=Decimal(-1), **stamps())


# What is not lost yet


def test_a_missing_unit_is_searched_for_before_it_is_written_off_and_moved_back_when_it_is_found():
    item, (one, two) = given_shelves([1, 2], [3], unit_cost=Decimal(5), location=LocationFactory(search_days=14))
    session = given_count(one)
    scan(session, one, 1)

    assert found(session) == {"2": "search"}
    complete(session)
    task = SearchTask.objects.get()
    missing = task.unit.quant.bin

    assert (missing.kind, task.state, task.last_bin, task.unit.cost) == ("missing", "open", one, 5)
    assert task.due_on == session.transfer.posting_date + timedelta(days=14)
    assert (session.adjustment, adjusted(session)) == (None, {one: (-1, -1)})
    again = given_count(two)
    scan(again, two, 2, 3)
    complete(again)
    task.refresh_from_db()
    assert places(item) == {one: {"1"}, two: {"2", "3"}}
    assert (task.state, task.ended_by_document) == ("found", again.transfer)
    assert_reconciled()


# Codes that nobody knew


def test_an_unknown_code_is_kept_and_counts_once_the_unit_is_received_there():
    item, (one,) = given_shelves([1])
    session = given_review(given_count(one), (one, 1, 2))

    (difference,) = differences(session)
    assert (difference.verdict, difference.unit, difference.selectable) == ("unknown", None, False)
    given_units(one, item, ["2"])

    assert found(session) == {}
    complete(session)
    assert places(item) == {one: {"1", "2"}}


@pytest.mark.parametrize("kind", [Kind.RECEIPT, Kind.OPENING])
def test_an_unknown_code_that_comes_in_as_another_variant_keeps_nothing_from_being_completed(kind):
    item, bin = SerialItemFactory(), BinFactory()
    red, blue = (ItemVariant.objects.create(item=item, code=code) for code in ("RED", "BLUE"))
    receive = {"bin": bin.pk, "item": item.pk, "quantity": Decimal(1)}
    post_lines(bin.location, receive | {"variant": red.pk, "unit": "R1"}, receive | {"variant": blue.pk, "unit": "B1"})
    session = given_count(bin)
    lines = {line.quant.variant: line for line in session.lines.select_related("quant__variant", "quant__item")}
    said = {"bin": bin, "by": UserFactory()}
    scan_units(session, ["R1", "B2"], line=lines[red], client_id=uuid4(), **said)
    scan_units(session, ["B1"], line=lines[blue], client_id=uuid4(), **said)
    post_lines(bin.location, receive | {"variant": blue.pk, "unit": "B2"}, kind=kind)
    mark_counted(session, **stamps())

    (difference,) = differences(session)
    assert (difference.code, difference.verdict, difference.line) == ("B2", Verdict.OTHER_VARIANT, lines[red])
    assert (difference.selectable, difference.post) == (False, False)
    assert "Have this line counted again" in difference.why
    ask_recount(session, [lines[red].pk], why="Another variant", **stamps())
    session.refresh_from_db()
    scan_units(session, ["R1", "B2"], line=again(lines[red]), client_id=uuid4(), **said)

    assert found(session) == {}
    assert complete(session) == "completed"
    assert places(item) == {bin: {"R1", "B1", "B2"}}
    assert_reconciled()


def test_what_is_of_another_variant_than_its_line_is_written_down_and_left_where_it_is():
    item, bin = SerialItemFactory(), BinFactory()
    red = ItemVariant.objects.create(item=item, code="RED")
    receive = {"bin": bin.pk, "item": item.pk, "quantity": Decimal(1)}
    post_lines(bin.location, receive | {"variant": red.pk, "unit": "R1"})
    session = given_count(bin)
    scan(session, bin, "R1", "B2")
    post_lines(bin.location, receive | {"unit": "B2"})

    assert complete(session) == "completed"

    assert [(each.code, each.verdict, each.posted) for each in session.unit_differences.all()] == [
        ("B2", "other_variant", False)
    ]
    assert session.transfer is session.adjustment is None


def test_units_of_an_auto_serialized_item_are_made_at_average_cost_with_their_codes_or_numbers_of_our_own():
    item, (one,) = given_shelves([1, 2], item=SerialItemFactory(auto_serialized=True), unit_cost=Decimal(6))
    session = given_count(one)
    scan(session, one, 1, 2, "X7")
    count_quantity(line_in(session, one), Decimal(5), by=UserFactory(), client_id=uuid4())

    assert [(each.code, each.quantity, each.cost) for each in differences(session)] == [("", 2, 6), ("X7", 1, 6)]
    complete(session)

    new = Unit.objects.filter(item=item).exclude(code__in=["1", "2", "X7"])
    assert len(new) == 2
    assert {unit.code[:2] for unit in new} == {"N-"}
    assert {unit.cost for unit in Unit.objects.filter(item=item)} == {6}
    assert session.adjustment.item_ledger_entries.value() == 18
    assert line_in(session, one).adjustment == 3
    assert_reconciled()


@pytest.mark.parametrize("where", ["on the same line", "on another line"])
def test_a_number_of_our_own_that_somebody_has_scanned_is_not_given_to_another_unit(where):
    item, (one, two) = given_shelves([1], [2], item=SerialItemFactory(auto_serialized=True))
    session = given_count(one, two)
    scan(session, one if where == "on the same line" else two, 1, next_number())
    count_quantity(line_in(session, one), Decimal(4), by=UserFactory(), client_id=uuid4())

    assert complete(session) == "completed"

    scanned = session.unit_scans.filter(code__startswith="N-", kind="seen").get().code
    assert Unit.objects.filter(item=item, code=scanned).count() == 1
    assert line_in(session, one).sightings.standing().count() == 4
    assert_reconciled()


def next_number():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'N-' || nextval('warehouse_unit_number') + 2")
        return cursor.fetchone()[0]


def test_as_many_new_units_as_only_a_slip_of_the_finger_can_mean_are_not_made():
    _item, (one,) = given_shelves([1], item=SerialItemFactory(auto_serialized=True))
    session = given_count(one)
    count_quantity(line_in(session, one), Decimal(10) ** 11, by=UserFactory(), client_id=uuid4())

    with pytest.raises(LinesNotReady) as refused:
        ask(session)

    assert [problem["code"] for problem in refused.value.problems] == ["too_many_new"]


# Once, and as it was confirmed


def test_completing_twice_is_once():
    _item, (one, two) = given_shelves([1, 2], [3])
    session = given_count(one, two)
    scan(session, one, 1, 3)
    complete(session)

    assert complete_session(session.pk) == "nothing to do"
    assert WarehouseEntry.objects.filter(register__source=session.number).count() == 3
    assert UnitDifference.objects.filter(session=session).count() == 2


def test_a_unit_that_is_issued_after_the_confirmation_sends_the_figures_back():
    item, (one, two) = given_shelves([1, 2], [3])
    session = given_review(given_count(one, two), (one, 1, 3))
    figures = digest(session)
    ask(session)
    issue(one, item, "2")

    went = complete_session(session.pk)

    session.refresh_from_db()
    assert (figures.lines, figures.minus, figures.transfers, figures.moved, figures.write_offs) == (1, -1, 1, 1, 1)
    assert (went, session.completion_problems[0]["code"]) == ("refused", "figures_changed")
    assert UnitDifference.objects.count() == 0


def test_what_is_blocked_is_told_on_every_line_of_it():
    item, (one, two) = given_shelves([1], [2, 3])
    session = given_review(given_count(one, two), (one, 1, 3), (two, 2))
    ask(session)
    Item.objects.filter(pk=item.pk).update(blocked=True)

    assert complete_session(session.pk) == "refused"

    session.refresh_from_db()
    assert [(problem["line"], problem["code"]) for problem in session.completion_problems] == [
        (line_in(session, bin).pk, "item_blocked") for bin in (one, two)
    ]
    assert places(item) == {one: {"1"}, two: {"2", "3"}}


def test_bulk_and_units_share_the_two_documents():
    item, (one, two) = given_shelves([1, 2], [3])
    bulk = given_stock(10, bin=one)
    session = given_count(one, two)
    scan(session, one, 1, 3)
    count(session.lines.get(quant=bulk), 7)

    complete(session)

    assert session.adjustment.warehouse_entries.count() == 2
    assert session.transfer.warehouse_entries.count() == 2
    assert (bulk.entries.first().quantity, places(item)) == (-3, {one: {"1", "3"}, "detached": {"2"}})
    assert_reconciled()


def test_counts_without_units_ask_nothing_about_them():
    line = given_line(10)
    count(line, 7)

    with CaptureQueriesContext(connection) as queries:
        complete(line.session)

    asked = [query["sql"] for query in queries if "counting_sighting" in query["sql"] or "count_unit" in query["sql"]]
    assert asked == []


# Taking it back


def test_taking_a_count_back_restores_its_units():
    item, (one, two, three) = given_shelves([1, 2, 3], [4, 5, 6], [7, 8, 9], unit_cost=Decimal(4))
    session = given_count(one, two, three)
    scan(session, one, 1, 5, 9)
    complete(session)

    reverse_session(session, note="Wrong rack", **stamps())

    assert places(item) == {one: {"1", "2", "3"}, two: {"4", "5", "6"}, three: {"7", "8", "9"}}
    assert_reconciled()


def test_taking_one_line_back_takes_those_back_that_units_came_from_and_no_others():
    item, (one, two, three) = given_shelves([1, 2], [3], [4, 5])
    session = given_count(one, two, three)
    scan(session, one, 1, 3)
    scan(session, three, 4)
    complete(session)

    reverse_lines(session, [line_in(session, two).pk], note="Wrong rack", **stamps())

    assert places(item) == {one: {"1", "2"}, two: {"3"}, three: {"4"}, "detached": {"5"}}
    assert_reconciled()


def test_a_line_whose_units_only_changed_places_can_be_taken_back_too():
    item, (one, two) = given_shelves([1], [2])
    session = given_count(one, two)
    scan(session, one, 2)
    scan(session, two, 1)
    complete(session)

    reverse_lines(session, [line_in(session, one).pk], note="Wrong rack", **stamps())

    assert places(item) == {one: {"1"}, two: {"2"}}
    assert_reconciled()


def test_units_that_a_count_only_swapped_keep_nobody_from_taking_back_what_happened_to_another():
    item, (one, other) = given_shelves([1, 2, 9], [3])
    mistake = issue(one, item, 9)
    session = given_review(given_count(one, other), (one, 1, 3), (other, 2))
    complete(session)

    reverse(mistake, by=None, at=TODAY)

    assert places(item) == {one: {"1", "3", "9"}, other: {"2"}}
    assert_reconciled()


def test_nobody_searches_on_for_a_unit_that_a_reversal_put_back():
    item, (one,) = given_shelves([1, 2], location=LocationFactory(search_days=14))
    session = given_count(one)
    scan(session, one, 1)
    complete(session)

    (reversal,) = reverse_session(session, note="It was there", **stamps())

    task = SearchTask.objects.get()
    assert (task.state, task.ended_by_document) == ("found", reversal)
    assert places(item) == {one: {"1", "2"}}


def test_what_an_ended_count_saw_afterwards_and_moved_nowhere_is_not_written_off():
    item, (here, there) = given_shelves([1, 2], [3])
    first = given_review(given_count(here), (here, 1))
    second = given_review(given_count(there), (there, 3, 2))
    leave_out(second, [line_in(second, there).pk], note="Not now", **stamps())
    complete(second)

    (missing,) = differences(first)
    complete(first)

    assert (missing.verdict, missing.post) == (Verdict.SEEN_ELSEWHERE, False)
    assert missing.why == f"It is not lost: {second} saw it afterwards, in {there}, and moved nothing. Count it there."
    assert places(item) == {here: {"1", "2"}, there: {"3"}}
    assert_reconciled()
