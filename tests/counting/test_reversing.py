"""What a completed count has posted is taken back, as a whole or line by line, until later activity makes it unsafe."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.models import Deed
from counting.reversing import (
    LinePostedNothing,
    NothingPosted,
    WhyReversed,
    is_reversed,
    preview_reversal,
    reverse_lines,
    reverse_session,
)
from counting.review import NothingChosen, accept, cancel, leave_out
from ledger.models import Register, StockValue, WarehouseEntry
from ledger.posting import PostingRefused
from ledger.reversing import AlreadyReversed, SettledByCount
from ledger.reversing import reverse as reverse_document
from tests.at_once import at_once, failures
from tests.counting.given import again, complete, count, given_lines, given_session, in_review
from tests.counting.people import REVERSES, auditor, supervisor
from tests.factories import TODAY, LocationFactory, UserFactory, adjust, given_stock, move
from tests.laws import assert_reconciled
from tests.pages import HTMX, is_page, signed_in, text_of
from warehouse.models import Quant

pytestmark = pytest.mark.django_db


def given_completed(*differences, book=10):
    """A completed session whose lines were off by so much, and the lines."""
    lines = given_lines(*[book] * len(differences))
    for line, off in zip(lines, differences, strict=True):
        count(line, book + off)
    session = lines[0].session
    complete(session)
    return session, [again(line) for line in lines]


def stock():
    return list(Quant.objects.order_by("pk").values_list("quantity", flat=True))


def values():
    return list(StockValue.objects.order_by("pk").values_list("quantity", "value"))


def stamps(note="Counted in the wrong rack", by=None):
    return {"by": by or UserFactory(), "at": timezone.now(), "note": note}


# The verbs


def test_a_reversed_count_leaves_stock_and_value_exactly_as_they_were():
    lines = given_lines(10, 7, 3, unit_cost="3.3333")
    before = stock(), values()
    for line, counted in zip(lines, (8, 9, 3), strict=True):
        count(line, counted)
    session = lines[0].session
    complete(session)
    lena = UserFactory()

    [reversal] = reverse_session(session, **stamps(by=lena))

    assert (stock(), values()) == before
    assert (reversal.reverses, reversal.by, reversal.note) == (session.adjustment, lena, "Counted in the wrong rack")
    session.refresh_from_db()
    assert session.status == "completed"
    assert [again(line).adjustment for line in lines] == [-2, 2, 0]
    assert is_reversed(session)
    deed = session.activities.get(deed=Deed.REVERSED)
    assert (deed.by, reversal.number in deed.note) == (lena, True)
    assert_reconciled()


def test_a_count_is_reversed_once():
    session, _lines = given_completed(-3)

    first = reverse_session(session, **stamps())
    second = reverse_session(session, **stamps())

    assert first == second
    assert session.activities.filter(deed=Deed.REVERSED).count() == 1
    assert stock() == [10]


def test_single_lines_are_reversed_and_later_the_rest():
    session, (first, second, third) = given_completed(-3, 4, -5)

    reverse_lines(session, [second.pk], **stamps())
    assert stock() == [7, 10, 5]
    assert not is_reversed(session)
    with pytest.raises(AlreadyReversed):
        reverse_lines(session, [first.pk, second.pk], **stamps())
    reverse_session(session, **stamps())

    assert stock() == [10, 10, 10]
    assert is_reversed(session)
    with pytest.raises(AlreadyReversed):
        reverse_lines(session, [third.pk], **stamps())
    assert_reconciled()


def test_only_what_was_posted_can_be_reversed_and_only_with_a_reason():
    session, (off, match) = given_completed(-3, 0)
    nothing_posted, _lines = given_completed(0)
    still_open = given_session(given_stock(5).location)

    for attempt, error in [
        (lambda: reverse_session(session, **stamps(note=" ")), WhyReversed),
        (lambda: reverse_lines(session, [off.pk], **stamps(note="")), WhyReversed),
        (lambda: reverse_lines(session, [off.pk, match.pk], **stamps()), LinePostedNothing),
        (lambda: reverse_lines(session, [], **stamps()), NothingChosen),
        (lambda: reverse_session(nothing_posted, **stamps()), NothingPosted),
        (lambda: reverse_session(still_open, **stamps()), NothingPosted),
    ]:
        with pytest.raises(error):
            attempt()
    assert not Register.objects.filter(kind="reversal").exists()


def test_stock_that_has_gone_and_later_looks_stand_in_the_way_and_all_of_them_are_named():
    session, (gone, looked, free) = given_completed(4, 4, 4)
    sale = move(gone.quant, -12)
    look = adjust(looked.quant, 13)

    with pytest.raises(SettledByCount) as refused:
        reverse_session(session, **stamps())

    assert {error.code for error in refused.value.errors} == {"not_enough", "settled_by_count"}
    assert sale.number in str(refused.value)
    assert look.number in str(refused.value)
    reverse_lines(session, [free.pk], **stamps())
    with pytest.raises(PostingRefused):
        reverse_lines(session, [gone.pk], **stamps())
    assert_reconciled()


def given_later_count(line, counted, *, by=None):
    later = given_session(line.quant.location, items=[line.quant.item])
    return count(later.lines.get(quant=line.quant), counted, by=by)


def test_a_later_count_without_difference_stands_in_the_way_though_it_left_no_entry():
    session, (line,) = given_completed(-3)
    later = given_later_count(line, 7, by=UserFactory(first_name="Ama", last_name="Boateng"))
    complete(later.session)
    assert later.session.adjustment is None

    with pytest.raises(SettledByCount) as refused:
        reverse_session(session, **stamps())

    assert later.session.number in str(refused.value)
    assert "by Ama Boateng" in str(refused.value)


def test_it_stands_in_the_way_of_taking_back_any_document():
    receipt = move(given_stock(10), 5)
    quant = Quant.objects.get()
    session = given_session(quant.location)
    count(session.lines.get(), 15)
    complete(session)

    with pytest.raises(SettledByCount):
        reverse_document(receipt, by=None, at=TODAY)
    movement_after = move(quant, -2)
    assert reverse_document(movement_after, by=None, at=TODAY)


@pytest.mark.parametrize("how", ["left out", "open", "cancelled", "reversed"])
def test_a_later_count_that_settled_nothing_does_not(how):
    session, (line,) = given_completed(-3)
    later = given_later_count(line, 6 if how == "reversed" else 5)
    if how == "left out":
        in_review(later.session)
        leave_out(later.session, [later.pk], by=UserFactory(), at=timezone.now(), note="Supplier will explain")
        count(given_lines(3)[0], 3)
        complete(later.session)
    if how == "cancelled":
        cancel(later.session, by=UserFactory(), at=timezone.now())
    if how == "reversed":
        complete(later.session)
        reverse_session(later.session, **stamps())

    reverse_session(session, **stamps())

    assert stock()[0] == 10


def test_an_open_count_knows_what_was_reversed_after_it_looked_and_what_before():
    session, (line, other) = given_completed(-3, -3)
    looked = given_later_count(line, 9)
    reverse_session(session, **stamps())
    looked_after = given_later_count(other, 9)

    complete(looked.session)
    complete(looked_after.session)

    assert stock() == [9, 9]
    assert_reconciled()


def test_a_line_that_was_accepted_in_part_is_reversed_by_that_part():
    lines = given_lines(10)
    session = count(lines[0], 4).session
    in_review(session)
    accept(session, [lines[0].pk], by=UserFactory(), at=timezone.now(), quantity=Decimal(-2))
    complete(session)
    assert stock() == [8]

    reverse_lines(session, [lines[0].pk], **stamps())

    assert stock() == [10]


def test_a_preview_writes_nothing_and_tells_both_ledgers_and_the_money():
    session, (line, _other) = given_completed(-3, 4)
    entries = WarehouseEntry.objects.count()

    seen = preview_reversal(session, by=UserFactory(), at=timezone.now())
    part = preview_reversal(session, [line.pk], by=UserFactory(), at=timezone.now())

    assert [(before, change) for _quant, before, change in seen.quants] == [(7, 3), (14, -4)]
    assert (seen.entries, seen.booked, seen.owned, seen.value) == (2, 2, -1, Decimal("-2.5"))
    assert (part.owned, part.value) == (3, Decimal("7.5"))
    assert WarehouseEntry.objects.count() == entries
    assert not session.activities.filter(deed=Deed.REVERSED).exists()


def test_reversing_costs_the_same_for_one_line_and_for_many():
    numbers = []
    for differences in ([-1], [-1, 2, -3, 4, -5, 6]):
        session, _lines = given_completed(*differences)
        with CaptureQueriesContext(connection) as captured:
            reverse_session(session, **stamps())
        numbers.append(len(captured))

    assert numbers[0] == numbers[1]


@pytest.mark.django_db(transaction=True)
def test_two_people_reverse_at_once_and_it_is_done_once():
    session, (first, second) = given_completed(-3, 4)
    lena, tomasz = UserFactory(), UserFactory()

    same = at_once(*[lambda who=who: reverse_lines(session, [first.pk], **stamps(by=who)) for who in (lena, tomasz)])
    mixed = at_once(
        lambda: reverse_session(session, **stamps(by=lena)),
        lambda: reverse_lines(session, [second.pk], **stamps(by=tomasz)),
    )

    assert failures(same) == []
    assert same[0] == same[1]
    assert len(failures(mixed)) <= 1
    assert stock() == [10, 10]
    assert session.activities.filter(deed=Deed.REVERSED).count() == 2
    assert_reconciled()


# The pages


def address(session):
    return reverse("count-reverse", args=[session.number])


def lead(location):
    return signed_in(*REVERSES, location=location)


def test_a_reversal_is_previewed_then_done_with_a_reason_and_shown_on_the_count():
    session, _lines = given_completed(-3, 0)
    client = lead(session.location)

    preview = client.get(address(session))
    refused = client.post(address(session), {"note": ""}, headers=HTMX)
    done = client.post(address(session), {"note": "Wrong rack"})

    assert is_page(preview)
    seen = text_of(preview)
    for part in ("Take back what", "+3", "+7.50", session.adjustment.number):
        assert part in seen
    assert refused.status_code == 422
    assert not is_page(refused)
    assert done.url == session.get_absolute_url()
    reversal = Register.objects.get(kind="reversal")
    page = text_of(client.get(done.url))
    assert "Taken back." in page
    assert f"taken back with {reversal.number}" in page
    assert "“Wrong rack”" in page
    review = client.get(reverse("count-review", args=[session.number]))
    assert f"taken back with {reversal.number}" in text_of(review)
    assert "Take back chosen" not in text_of(review)
    assert client.get(address(session)).url == session.get_absolute_url()


def test_chosen_lines_are_taken_back_from_the_evidence():
    session, (first, second) = given_completed(-3, -4)
    client = lead(session.location)
    evidence = client.get(reverse("count-review", args=[session.number]))
    assert evidence.content.decode().count('form="take-back"') == 2

    preview = client.get(address(session), {"line": [second.pk]})
    client.post(address(session), {"line": [second.pk], "note": "Miscounted"})

    assert "Take back 1 line of" in text_of(preview)
    assert f'name="line" value="{second.pk}"' in preview.content.decode()
    assert stock() == [7, 10]
    assert "Taken back in part." in text_of(client.get(session.get_absolute_url()))
    evidence = client.get(reverse("count-review", args=[session.number])).content.decode()
    assert f'value="{first.pk}" form="take-back"' in evidence
    assert f'value="{second.pk}" form="take-back"' not in evidence


def test_what_is_in_the_way_is_shown_before_and_after():
    session, (line,) = given_completed(4)
    sale = move(line.quant, -12)
    client = lead(session.location)

    shown, refused = client.get(address(session)), client.post(address(session), {"note": "x"}, headers=HTMX)

    assert sale.number in text_of(shown)
    assert b'<button type="submit" class="button primary"' not in shown.content
    assert refused.status_code == 422
    assert sale.number in text_of(refused)
    assert client.get(address(session), {"line": ["999999999"]}).status_code == 200


def test_who_may_not_reverse_and_who_does_not_work_there():
    session, _lines = given_completed(-3)

    assert supervisor(session.location).get(address(session)).status_code == 403
    assert auditor(session.location).post(address(session), {"note": "x"}).status_code == 403
    assert lead(LocationFactory()).get(address(session)).status_code == 404
    assert "Take back" not in text_of(supervisor(session.location).get(session.get_absolute_url()))


def test_the_document_of_a_count_is_taken_back_with_its_count():
    session, _lines = given_completed(-3)
    client = lead(session.location)

    page = client.get(session.adjustment.get_absolute_url())

    assert address(session) in page.content.decode()
    assert not page.context["can_reverse"]
    assert client.get(reverse("document-reverse", args=[session.adjustment.number])).url == address(session)


def test_a_count_that_is_not_completed_has_nothing_to_take_back():
    session = given_session(given_stock(5).location)

    assert lead(session.location).get(address(session)).url == session.get_absolute_url()


@pytest.mark.parametrize("whole", [True, False])
def test_what_another_count_keeps_from_moving_is_taken_back_by_who_may_and_says_why(whole):
    session, (line,) = given_completed(-3)
    guarding = given_session(session.location, policies={"guard": "block"})
    asked = {} if whole else {"line": [line.pk]}
    anyway = {**asked, "note": "Wrong rack", "anyway": "1", "override": "The auditor waits"}
    may = signed_in(*REVERSES, "ledger.override_hold", location=session.location)

    refused = lead(session.location).post(address(session), anyway)
    shown, without_reason = may.get(address(session), asked), may.post(address(session), anyway | {"override": ""})
    assert stock() == [7]
    done = may.post(address(session), anyway)

    assert refused.status_code == without_reason.status_code == 422
    for page in (shown, refused):
        assert f'href="{guarding.get_absolute_url()}"' in page.content.decode()
    assert "Reverse anyway" in text_of(shown)
    assert 'name="note"' in shown.content.decode()
    assert "Reverse anyway" not in text_of(refused)
    assert "Say why it is posted in spite of that." in text_of(without_reason)
    assert done.url == session.get_absolute_url()
    assert stock() == [10]
    reversal = Register.objects.get(kind="reversal")
    assert (reversal.in_spite_of, reversal.override) == (guarding.number, "The auditor waits")
    assert guarding.activities.get(deed=Deed.GUARD_OVERRIDDEN).by == may.person


@pytest.mark.parametrize("with_one_of_ours", [True, False])
def test_lines_of_another_count_are_not_taken_back_with_this_one(with_one_of_ours):
    session, (line,) = given_completed(-2)
    _other, (theirs,) = given_completed(-1)

    lines = [theirs.pk, line.pk] if with_one_of_ours else [theirs.pk]
    with pytest.raises(NothingChosen):
        reverse_lines(session, lines, **stamps())

    assert not Register.objects.filter(reverses__isnull=False).exists()
