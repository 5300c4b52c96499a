"""The policies of a count: chosen at the opening, shown in words, and obeyed."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.completing import FiguresChanged, ask_to_complete, complete_session, confirm, digest
from counting.models import CountSession, Deed, Status
from counting.opening import NotInDraft
from counting.policies import PRESETS, Policies, preset_of
from counting.recording import undo_last
from counting.refreshing import clear_counts, refresh_system
from counting.review import (
    NothingCounted,
    accept,
    adjustments,
    ask_recount,
    mark_counted,
    reconsider,
    reopen,
    verify,
)
from counting.uncounted import MovedUncounted
from ledger.models import Reason
from ledger.reversing import reverse as reverse_document
from tests.counting.given import again, complete, count, given_line, given_lines, given_person, given_session, in_review
from tests.counting.people import counter, supervisor
from tests.factories import TODAY, BinFactory, UserFactory, given_stock, move
from tests.laws import assert_reconciled
from tests.pages import HTMX, text_of
from warehouse.models import Quant

pytestmark = pytest.mark.django_db


# At the opening


def open_by_page(location, **fields):
    client = supervisor(location)
    client.post(reverse("count-new"), {"location": location.code, "request_id": str(uuid4()), **fields})
    return CountSession.objects.get()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_count_is_opened_with_the_policies_of_its_preset(preset):
    session = open_by_page(given_stock(5).location, preset=preset.key)

    assert Policies.of(session) == preset.policies


def test_a_count_that_chooses_nothing_is_a_session():
    session = open_by_page(given_stock(5).location)

    assert preset_of(Policies.of(session)) is PRESETS["session"]


def test_each_policy_can_be_chosen_by_itself():
    session = open_by_page(given_stock(5).location, preset="stock_count", guard="block", undecided="leave", blind="on")

    chosen = Policies.of(session)
    assert chosen == Policies(uncounted="zero", guard="block", undecided="leave", blind=True)
    assert preset_of(chosen) is None


def test_a_policy_that_nobody_knows_opens_nothing():
    location = given_stock(5).location

    response = supervisor(location).post(
        reverse("count-new"), {"location": location.code, "request_id": str(uuid4()), "guard": "perhaps"}
    )

    assert response.status_code == 422
    assert response.context["form"].has_error("guard", "invalid_choice")
    assert not CountSession.objects.exists()


def test_the_choice_explains_itself_and_the_preview_says_what_it_comes_to():
    location = given_stock(5).location
    client = supervisor(location)

    page = text_of(client.get(reverse("count-new"), {"location": location.code}))
    preview = client.get(
        reverse("count-new"),
        {"location": location.code, "preset": "stock_count", "guard": "block"},
        headers={**HTMX, "HX-Target": "preview"},
    )

    assert all(str(preset.explanation) in page for preset in PRESETS.values())
    assert "Count them as zero" in text_of(preview)
    assert "No movements from the opening on" in text_of(preview)


def test_the_page_of_a_count_says_its_policies_in_words():
    location = given_stock(5).location
    session = open_by_page(location, preset="order", blind="on")

    page = text_of(supervisor(location).get(session.get_absolute_url()))

    assert "Way of counting Order" in page
    assert "Lines that nobody counts All must be counted" in page
    assert "Movements meanwhile Movements go on" in page
    assert "None: a blind count" in page


# Lines that nobody counts


def reviewer(location=None):
    return given_person("counting.review_countsession", "counting.change_countsession", location=location)


def lines_of(*books, **policies):
    return given_lines(*books, policies=policies)


def end_counting(session, by=None):
    mark_counted(session, by=by or reviewer(), at=timezone.now())


def test_skipped_lines_keep_their_stock():
    counted, left = lines_of(10, 20)
    count(counted, 9)

    assert complete(counted.session) == "completed"

    assert [again(counted).adjustment, again(left).adjustment] == [-1, None]
    assert Quant.objects.get(pk=left.quant_id).quantity == 20


def test_what_nobody_counted_is_taken_as_zero_when_a_supervisor_ends_the_counting():
    counted, left = lines_of(10, 20, uncounted="zero")
    count(counted, 9)
    by = reviewer()

    end_counting(counted.session, by)

    left = again(left)
    assert (left.counted_quantity, left.book_quantity, left.watermark) == (0, 20, left.quant.last_entry)
    assert (left.zeroed, left.counted_by, again(counted).zeroed) == (True, by, False)
    [entry] = left.entries.all()
    assert (entry.kind, entry.quantity, entry.by) == ("zero", 0, by)
    assert left.session.activities.get(deed=Deed.ZEROED).lines == 1
    assert complete(counted.session) == "completed"
    assert Quant.objects.get(pk=left.quant_id).quantity == 0
    assert_reconciled()


def test_a_counter_cannot_take_lines_as_zero():
    line = count(given_line(10, policies={"uncounted": "zero"}), 9)
    client = counter(line.quant.location)

    page = client.get(line.session.get_absolute_url())
    marked = client.post(reverse("count-mark", args=[line.session.number]))

    assert "Mark as counted" not in text_of(page)
    assert marked.status_code == 422
    assert "a supervisor marks it as counted" in text_of(marked)
    assert CountSession.objects.get().status == Status.DRAFT


def test_a_line_that_moved_since_the_opening_is_never_taken_as_zero_and_all_of_them_are_named():
    counted, still, *moved = lines_of(10, 20, 30, 40, uncounted="zero")
    count(counted, 9)
    for line in moved:
        move(line.quant, 1)

    with pytest.raises(MovedUncounted) as refused:
        end_counting(counted.session)

    assert refused.value.bins == [(line.quant.bin.code, 1) for line in moved]
    assert again(still).counted_quantity is None
    assert not counted.session.activities.filter(deed=Deed.ZEROED).exists()
    assert set(counted.session.lines.moved_uncounted()) == set(moved)


def test_a_movement_and_its_reversal_are_a_movement_too():
    counted, moved = lines_of(10, 20, uncounted="zero")
    count(counted, 9)
    reverse_document(move(moved.quant, 1), by=None, at=TODAY)

    with pytest.raises(MovedUncounted):
        end_counting(counted.session)


def test_what_moves_after_a_line_was_taken_as_zero_stays():
    counted, left = lines_of(10, 20, uncounted="zero")
    count(counted, 10)
    end_counting(counted.session)
    move(left.quant, 5)

    assert complete(counted.session) == "completed"

    assert Quant.objects.get(pk=left.quant_id).quantity == 5


def test_ending_a_count_in_which_nobody_counted_anything_takes_nothing_as_zero():
    line = given_line(10, policies={"uncounted": "zero"})

    with pytest.raises(NothingCounted):
        end_counting(line.session)

    assert again(line).counted_quantity is None


def test_back_to_counting_leaves_no_zero_that_looks_like_a_count():
    counted, left = lines_of(10, 20, uncounted="zero")
    count(counted, 9)
    end_counting(counted.session)

    reopen(counted.session, by=reviewer(), at=timezone.now())

    left = again(left)
    assert (left.counted_quantity, left.counted_at, left.counted_by, left.zeroed) == (None, None, None, False)
    assert again(counted).counted_quantity == 9
    assert [(entry.kind, entry.quantity) for entry in left.entries.order_by("id")] == [("zero", 0), ("zero", None)]
    client = supervisor(counted.quant.location)
    history = text_of(client.get(reverse("count-activity", args=[left.session.number])))
    assert "nobody counted it, taken as zero" in history
    assert "not taken as zero any more" in history
    review = reverse("count-review", args=[left.session.number])
    assert "not taken as zero any more" in text_of(client.get(review, {"show": "uncounted", "open": left.pk}))
    end_counting(counted.session)
    assert again(left).zeroed


def test_a_count_that_was_taken_before_the_zero_and_arrives_late_goes_before_it():
    counted, left = lines_of(10, 20, uncounted="zero")
    count(counted, 9)
    end_counting(counted.session)
    reopen(counted.session, by=reviewer(), at=timezone.now())
    left.session.refresh_from_db()

    late = count(left, 18, minutes_ago=1)

    assert (late.counted_quantity, late.zeroed) == (18, False)


def test_such_a_count_stands_also_after_a_recount_of_other_lines():
    """A zero is nobody's word: whoever had counted the line was not asked for another look."""
    counted, left = lines_of(10, 20, uncounted="zero")
    count(counted, 9)
    end_counting(counted.session)
    ask_recount(counted.session, [counted.pk], by=reviewer(), at=timezone.now(), why="Look again")
    count(again(counted), 8)
    end_counting(counted.session)
    reopen(counted.session, by=reviewer(), at=timezone.now())

    late = count(again(left), 18, minutes_ago=1)

    assert (late.counted_quantity, late.zeroed) == (18, False)


def test_undoing_a_count_after_a_zero_gives_a_blank_line():
    counted, left = lines_of(10, 20, uncounted="zero")
    count(counted, 9)
    end_counting(counted.session)
    reopen(counted.session, by=reviewer(), at=timezone.now())
    count(left, 18)

    undo_last(again(left), by=UserFactory(), client_id=uuid4())

    assert again(left).counted_quantity is None


def test_a_line_taken_as_zero_can_be_counted_again_and_keeps_its_zero_until_then():
    counted, left = lines_of(10, 20, uncounted="zero")
    count(counted, 9)
    end_counting(counted.session)

    ask_recount(counted.session, [left.pk], by=reviewer(), at=timezone.now(), why="Look there")
    assert (again(left).counted_quantity, again(left).zeroed) == (0, True)
    recounted = count(left, 19)

    assert (recounted.counted_quantity, recounted.zeroed, recounted.discrepancy) == (19, False, -1)


def test_the_warning_says_how_many_lines_become_zero_and_what_they_are_worth():
    counted, *left = lines_of(10, 20, 30, uncounted="zero")
    count(counted, 9)
    move(left[1].quant, 1)
    client = supervisor(counted.quant.location)

    page = text_of(client.get(counted.session.get_absolute_url()))
    complete_page = text_of(client.get(reverse("count-complete", args=[counted.session.number])))

    for said in page, complete_page:
        assert "1 line is not counted, and becomes zero when the counting ends. The book has 20 units there" in said
        assert "1 line that is not counted has moved since the opening: it must be counted first." in said


def test_completing_from_draft_posts_the_zeros_that_the_page_announced():
    counted, left = lines_of(10, 20, uncounted="zero")
    count(counted, 9)
    announced = digest(CountSession.objects.get())
    by = reviewer()

    confirm(CountSession.objects.get(), by=by, at=timezone.now(), confirmed=announced)
    assert complete_session(counted.session_id) == "completed"

    assert (announced.lines, announced.minus) == (2, -21)
    assert Quant.objects.get(pk=left.quant_id).quantity == 0
    assert_reconciled()


def test_where_all_must_be_counted_what_is_not_keeps_the_review_from_beginning():
    counted, *left = lines_of(10, 20, 30, uncounted="required")
    count(counted, 9)
    client = supervisor(counted.quant.location)

    refused = client.post(reverse("count-mark", args=[counted.session.number]))

    assert refused.status_code == 422
    said = text_of(refused)
    assert "2 lines" in said
    assert all(line.quant.bin.code in said for line in left)
    assert "?state=uncounted" in refused.content.decode()
    for line in left:
        count(line, 1)
    assert client.post(reverse("count-mark", args=[counted.session.number])).status_code == 302


def test_where_all_must_be_counted_zero_is_a_count():
    line = count(given_line(10, policies={"uncounted": "required"}), 0)

    end_counting(line.session)

    assert CountSession.objects.get().status == Status.COUNTED


def test_ending_the_counting_costs_as_many_statements_for_two_lines_as_for_thirty():
    costs = []
    for number in 2, 30:
        first, *_rest = lines_of(*[10] * number, uncounted="zero", guard="freeze")
        count(first, 9)
        by = reviewer()
        by.has_perm("counting.review_countsession")
        with CaptureQueriesContext(connection) as captured:
            end_counting(first.session, by)
        costs.append(len(captured))

    assert costs[0] == costs[1]


# Discrepancies that nobody decides


def test_what_nobody_decided_on_is_left_as_it_is_where_the_policy_says_so():
    accepted, undecided, matched, disturbed = lines_of(10, 20, 30, 40, undecided="leave")
    count(accepted, 9)
    count(undecided, 18)
    count(matched, 30)
    begun = disturbed.quant.last_entry
    move(disturbed.quant, 2)
    count(disturbed, 41, begun=begun)
    session = in_review(accepted.session)
    by = reviewer()
    accept(session, [accepted.pk], by=by, at=timezone.now())
    shown = list(session.lines.order_by("pk"))
    adjustments(session, shown)
    announced = digest(session)
    page = supervisor(accepted.quant.location).get(reverse("count-complete", args=[session.number]))

    ask_to_complete(session, by=by, at=timezone.now(), confirmed=announced)
    assert complete_session(session.pk) == "completed"

    lines = [again(line) for line in (accepted, undecided, matched, disturbed)]
    assert [line.adjustment for line in lines] == [-1, None, 0, None] == [line.planned for line in shown]
    assert (announced.lines, announced.minus, announced.left) == (1, -1, 2)
    assert "2 lines that nobody decided on" in text_of(page)
    done = supervisor(accepted.quant.location).get(reverse("count-complete", args=[session.number]))
    assert "2 lines that nobody decided on" in text_of(done)
    assert_reconciled()


def test_a_correction_since_the_count_is_not_corrected_without_a_decision():
    line = given_line(10, policies={"undecided": "leave"})
    count(line, 10)
    wrong = Reason.objects.create(code="wrong", name="The books were wrong", effect="corrected")
    move(line.quant, 3, reason=wrong)
    session = in_review(line.session)

    announced = digest(session)
    assert complete(session) == "completed"

    assert (announced.lines, announced.left, again(line).adjustment) == (0, 1, None)


def test_who_takes_a_decision_back_meanwhile_is_asked_again():
    line, other = lines_of(10, 20, undecided="leave")
    count(line, 9)
    count(other, 19)
    session = in_review(line.session)
    by = reviewer()
    accept(session, [line.pk, other.pk], by=by, at=timezone.now())
    announced = digest(session)
    reconsider(session, [other.pk], by=by, at=timezone.now())

    with pytest.raises(FiguresChanged):
        confirm(session, by=by, at=timezone.now(), confirmed=announced)


# System quantities


def test_a_refresh_takes_the_book_of_now_and_new_stock_and_leaves_counts_alone():
    line = count(given_line(10, policies={"guard": "freeze"}), 9)
    session = line.session
    move(line.quant, 5, unit_cost=Decimal(10))
    new = given_stock(7, item=line.quant.item, bin=BinFactory(location=line.quant.location))

    refreshed = refresh_system(session, by=reviewer(), at=timezone.now())

    line = again(line)
    assert (line.system_quantity, line.unit_cost) == (15, Decimal("5"))
    assert (line.counted_quantity, line.book_quantity, line.discrepancy) == (9, 10, -1)
    assert session.lines.get(quant=new).system_quantity == 7
    assert (refreshed.changed, refreshed.added) == (1, 1)
    assert session.activities.get(deed=Deed.REFRESHED).lines == 2


def test_a_refresh_names_what_others_hold():
    line = given_line(10)
    new = given_stock(7, item=line.quant.item, bin=BinFactory(location=line.quant.location))
    other = given_session(new.location, bins=[new.bin])

    refreshed = refresh_system(line.session, by=reviewer(), at=timezone.now())

    assert (refreshed.added, refreshed.held) == (0, {other.number: 1})


def test_a_scope_whose_words_name_nothing_any_more_takes_no_new_lines():
    quant = given_stock(10)
    session = given_session(quant.location, bins=[quant.bin])
    given_stock(5, bin=BinFactory(location=quant.location))
    quant.bin.code = "RENAMED"
    quant.bin.save(update_fields=["code"])

    assert refresh_system(session, by=reviewer(), at=timezone.now()).added == 0


@pytest.mark.parametrize("policy", ["block", "freeze"])
def test_the_page_refreshes_only_what_can_have_moved(policy):
    line = given_line(10, policies={"guard": policy})
    client = supervisor(line.quant.location)

    offered = "Refresh system quantities" in text_of(client.get(line.session.get_absolute_url()))
    response = client.post(reverse("count-refresh", args=[line.session.number]))

    assert offered == (policy == "freeze")
    assert response.status_code == (302 if policy == "freeze" else 422)


def test_nothing_is_refreshed_or_cleared_once_it_is_in_review():
    line = count(given_line(10), 9)
    session = in_review(line.session)

    for verb in refresh_system, clear_counts:
        with pytest.raises(NotInDraft):
            verb(session, by=reviewer(), at=timezone.now())


def test_refreshing_and_clearing_cost_as_many_statements_for_two_lines_as_for_thirty():
    costs = []
    for number in 2, 30:
        first, *_rest = lines = lines_of(*[10] * number)
        for line in lines:
            count(line, 9)
            move(line.quant, 1)
        by = reviewer()
        with CaptureQueriesContext(connection) as captured:
            assert refresh_system(first.session, by=by, at=timezone.now()).changed == number
            assert clear_counts(first.session, by=by, at=timezone.now()) == number
        costs.append(len(captured))

    assert costs[0] == costs[1]


# Clearing and ticking off


def test_clearing_makes_all_lines_blank_and_keeps_what_was_said():
    first, second, blank = lines_of(10, 20, 30)
    count(first, 9)
    count(second, 19)

    assert clear_counts(first.session, by=reviewer(), at=timezone.now()) == 2

    for line in first, second:
        assert again(line).counted_quantity is None
        assert [entry.kind for entry in line.entries.in_time()] == ["set", "clear"]
    assert not blank.entries.exists()
    assert first.session.activities.get(deed=Deed.CLEARED).lines == 2


def test_clearing_in_a_recount_leaves_the_other_lines_alone():
    first, second = lines_of(10, 20)
    count(first, 9)
    count(second, 19)
    session = in_review(first.session)
    ask_recount(session, [first.pk], by=reviewer(), at=timezone.now(), why="Look again")
    count(first, 8)

    clear_counts(session, by=reviewer(), at=timezone.now())

    assert (again(first).counted_quantity, again(first).recount_asked) == (None, True)
    assert again(second).counted_quantity == 19


def test_counters_neither_clear_nor_refresh():
    line = given_line(10)
    client = counter(line.quant.location)

    assert client.post(reverse("count-refresh", args=[line.session.number])).status_code == 403
    assert client.post(reverse("count-clear-counts", args=[line.session.number])).status_code == 403


def test_lines_are_ticked_off_until_somebody_counts_them_again():
    first, second = lines_of(10, 20)
    count(first, 9)
    count(second, 19)
    session = in_review(first.session)
    client = supervisor(first.quant.location)
    review = reverse("count-review", args=[session.number])

    client.post(review, {"do": "verify", "all": "1"})
    assert session.lines.filter(verified=True).count() == 2
    client.post(review, {"do": "unverify", "line": [first.pk]})

    assert "Not verified 1" in text_of(client.get(review))
    assert [line.pk for line in session.lines.unverified()] == [first.pk]
    reopen(session, by=reviewer(), at=timezone.now())
    count(second, 18)
    assert not again(second).verified
    assert session.activities.get(deed=Deed.VERIFIED).lines == 2


def test_ticks_change_nothing_that_is_posted():
    line = count(given_line(10), 9)
    session = in_review(line.session)
    before = digest(session)

    verify(session, [line.pk], by=reviewer(), at=timezone.now())

    assert digest(session) == before
    assert complete(session) == "completed"
