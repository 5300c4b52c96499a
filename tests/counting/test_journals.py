"""A journal: a count that whoever opened it enters alone, beginning with what the books say (SPEC 6)."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.models import CountSession, Deed, SomebodyElsesJournal, Status
from counting.opening import open_session
from counting.policies import PRESETS, BlindExpects, Policies
from counting.recording import Count, record_counts, set_count
from counting.review import mark_counted, reopen
from counting.uncounted import OnlySupervisorsExpect
from ledger.models import ItemLedgerEntry
from tests.counting.given import again, complete, count, given_lines, given_session
from tests.counting.people import counter, supervisor
from tests.factories import BinFactory, ItemFactory, UserFactory, given_stock, given_units, move
from tests.laws import assert_reconciled
from tests.pages import HTMX, text_of
from warehouse.models import Quant

pytestmark = pytest.mark.django_db

JOURNAL = {"uncounted": "expected", "journal": True}


def end(session):
    mark_counted(session, by=session.opened_by, at=timezone.now())


def keeper_of(line):
    return line.session.opened_by


# What nobody touched


def test_a_line_that_nobody_touched_counts_as_found_as_expected_and_posts_nothing():
    touched, left = given_lines(10, 20, policies=JOURNAL)
    count(touched, 12, by=keeper_of(touched))

    assert complete(touched.session) == "completed"

    left = again(left)
    assert (left.counted_quantity, left.book_quantity, left.adjustment) == (20, 20, 0)
    assert left.counted_by == keeper_of(left)
    assert [entry.quantity for entry in ItemLedgerEntry.objects.filter(register__source=left.session.number)] == [2]
    assert left.session.activities.get(deed=Deed.EXPECTED).lines == 1
    assert_reconciled()


@pytest.mark.parametrize(("counted", "posted"), [(12, 2), (7, -3)])
def test_what_is_posted_is_the_difference_to_the_book(counted, posted):
    (line,) = given_lines(10, policies=JOURNAL)
    count(line, counted, by=keeper_of(line))

    complete(line.session)

    assert again(line).adjustment == posted
    assert Quant.objects.get(pk=line.quant_id).quantity == counted


def test_a_journal_in_which_nothing_was_touched_is_a_count_without_difference():
    (line,) = given_lines(10, policies=JOURNAL)

    assert complete(line.session) == "completed"

    assert again(line).adjustment == 0
    assert not ItemLedgerEntry.objects.filter(register__source=line.session.number).exists()


def test_expected_is_what_the_book_says_when_the_counting_ends():
    (line,) = given_lines(10, policies=JOURNAL)
    move(line.quant, -4)
    end(line.session)
    move(line.quant, -1)

    complete(line.session)

    assert (again(line).counted_quantity, again(line).adjustment) == (6, 0)
    assert Quant.objects.get(pk=line.quant_id).quantity == 5


def test_what_was_taken_as_expected_can_be_counted_when_the_journal_is_opened_again():
    (line,) = given_lines(10, policies=JOURNAL)
    end(line.session)
    session = CountSession.objects.get(pk=line.session_id)

    reopen(session, by=UserFactory(), at=timezone.now())
    count(again(line), 9, by=keeper_of(line))

    assert again(line).discrepancy == -1


def test_only_a_supervisor_speaks_for_the_lines_of_others():
    (line,) = given_lines(10, policies={"uncounted": "expected"})

    with pytest.raises(OnlySupervisorsExpect):
        mark_counted(line.session, by=UserFactory(), at=timezone.now())

    assert CountSession.objects.get().status == Status.DRAFT


# One person


@pytest.mark.parametrize("age", [timedelta(0), timedelta(minutes=1)], ids=["now", "late"])
def test_nobody_else_counts_in_a_journal(age):
    (line,) = given_lines(10, policies=JOURNAL)

    with pytest.raises(SomebodyElsesJournal):
        set_count(line, Decimal(9), by=UserFactory(), client_id=uuid4(), age=age)

    assert again(line).counted_quantity is None
    assert not line.entries.exists()


def test_nobody_else_hands_in_a_file_of_counts_for_a_journal():
    (line,) = given_lines(10, policies=JOURNAL)

    with pytest.raises(SomebodyElsesJournal):
        record_counts(line.session, [Count(line.pk, Decimal(9), uuid4())], by=UserFactory(), at=timezone.now())


def test_nobody_else_ends_a_journal():
    (line,) = given_lines(10, policies=JOURNAL)

    with pytest.raises(SomebodyElsesJournal):
        mark_counted(line.session, by=UserFactory(), at=timezone.now())


def test_a_journal_is_no_work_for_others():
    (line,) = given_lines(10, policies=JOURNAL)
    client = counter(line.session.location)

    assert line.session.number not in text_of(client.get(reverse("home")))


# Blind


def test_a_blind_count_expects_nothing():
    location = given_stock(5).location
    for policies in (Policies(blind=True, journal=True), Policies(blind=True, uncounted="expected")):
        with pytest.raises(BlindExpects):
            open_session(location, by=UserFactory(), at=timezone.now(), request_id=uuid4(), policies=policies)
    session = given_session(location, policies=JOURNAL)
    with pytest.raises(IntegrityError, match="session_blind_expects_nothing"), transaction.atomic():
        CountSession.objects.filter(pk=session.pk).update(blind=True)


def test_the_form_says_at_the_box_that_a_journal_cannot_be_blind():
    location = given_stock(5).location
    fields = {"location": location.code, "request_id": str(uuid4()), "preset": "journal", "blind": "on"}

    response = supervisor(location).post(reverse("count-new"), fields)

    assert response.status_code == 422
    assert response.context["form"].has_error("blind", "blind_expects")


def test_the_page_warns_of_what_is_not_touched():
    location = given_stock(5).location
    client = supervisor(location)
    client.post(reverse("count-new"), {"location": location.code, "request_id": str(uuid4()), "preset": "journal"})
    session = CountSession.objects.get()

    page = text_of(client.get(session.get_absolute_url()))

    assert Policies.of(session) == PRESETS["journal"].policies
    assert "1 line is not touched. It counts as found as the books say when the counting ends." in page


# The table


def page_of(line):
    return reverse("count-journal", args=[line.session.number])


def row_of(line):
    return reverse("count-journal-line", args=[line.session.number, line.pk])


def given_keeper(*books):
    """The lines of a journal, and the browser of whoever keeps it."""
    first = given_stock(books[0])
    for book in books[1:]:
        given_stock(book, bin=BinFactory(location=first.location))
    client = supervisor(first.location)
    session = given_session(first.location, by=client.person, policies=JOURNAL)
    return [*session.lines.select_related("quant", "session").order_by("pk")], client


def test_the_table_begins_with_what_the_books_say():
    (line,), client = given_keeper(10)

    page = client.get(page_of(line)).content.decode()

    assert 'name="quantity" inputmode="decimal" autocomplete="off" enterkeyhint="next" value="10"' in page
    assert "Not touched" in page
    assert again(line).counted_quantity is None


def test_a_row_is_saved_by_itself_and_says_the_difference():
    (line, other), client = given_keeper(10, 5)
    fields = {"client_id": str(uuid4()), "begun": line.quant.last_entry, "quantity": "12"}

    answer = client.post(row_of(line), fields, headers=HTMX)

    assert again(line).counted_quantity == 12
    assert "+2" in text_of(answer)
    assert "1 of 2 lines touched" in text_of(answer)
    assert f"line-{other.pk}" not in answer.content.decode()


def test_an_emptied_field_says_again_what_the_books_say():
    (line,), client = given_keeper(10)
    count(line, 12, by=client.person)

    answer = client.post(row_of(line), {"client_id": str(uuid4()), "quantity": " "}, headers=HTMX)

    assert again(line).counted_quantity is None
    assert 'value="10"' in answer.content.decode()


def test_what_cannot_be_read_stays_in_its_row_with_what_is_wrong():
    (line,), client = given_keeper(10)
    for headers in (HTMX, {}):
        answer = client.post(row_of(line), {"client_id": str(uuid4()), "quantity": "ten"}, headers=headers)

        assert answer.status_code == 422
        assert 'value="ten"' in answer.content.decode()
        assert 'aria-invalid="true"' in answer.content.decode()
    assert again(line).counted_quantity is None


def test_without_javascript_one_comes_back_to_the_row():
    (line,), client = given_keeper(10)

    answer = client.post(row_of(line), {"client_id": str(uuid4()), "quantity": "12"})

    assert answer.status_code == 302
    assert answer.url.startswith(page_of(line))
    assert f"line-{line.pk}" in client.get(answer.url).content.decode()


def test_stock_that_moved_since_the_page_was_opened_is_told_in_the_row():
    (line,), client = given_keeper(10)
    begun = line.quant.last_entry
    move(line.quant, -3)

    answer = client.post(row_of(line), {"client_id": str(uuid4()), "begun": begun, "quantity": "10"}, headers=HTMX)

    assert again(line).disturbed
    assert "Stock moved: count again" in text_of(answer)


def test_what_is_in_no_row_is_added_with_its_count():
    (line,), client = given_keeper(10)
    item = ItemFactory()
    found = {"request_id": str(uuid4()), "bin": line.quant.bin.code, "item": item.number, "quantity": "3"}

    assert client.post(page_of(line), found).status_code == 302

    added = line.session.lines.get(quant__item=item)
    assert (added.counted_quantity, added.found) == (3, True)


def test_what_is_wrong_with_it_is_said_at_its_fields():
    (line,), client = given_keeper(10)
    found = {"request_id": str(uuid4()), "bin": "NOWHERE", "item": "NOTHING", "quantity": "3"}

    answer = client.post(page_of(line), found)

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"bin", "item"}


def test_serialized_items_are_scanned_from_their_row():
    (line,), client = given_keeper(10)
    unit = given_units(line.quant.bin, ItemFactory(tracking="serial"), ["S1"])[0]
    session = given_session(unit.quant.location, by=client.person, policies=JOURNAL, items=[unit.item])
    of_unit = session.lines.get(quant=unit.quant)

    page = client.get(reverse("count-journal", args=[session.number])).content.decode()
    end(session)

    assert f"line={of_unit.pk}" in page
    assert again(of_unit).counted_quantity is None


def test_others_are_sent_to_the_page_of_the_count_and_can_save_no_row():
    (line,), _client = given_keeper(10)
    other = supervisor(line.session.location)

    assert other.get(page_of(line)).url == reverse("count-entry", args=[line.session.number])
    assert other.post(row_of(line), {"client_id": str(uuid4()), "quantity": "12"}).status_code == 302
    assert again(line).counted_quantity is None


def test_a_page_of_the_journal_takes_as_many_statements_for_ten_lines_as_for_one(django_assert_num_queries):
    (line, *_), client = given_keeper(*[10] * 10)
    (single, *_), alone = given_keeper(10)
    with CaptureQueriesContext(connection) as one:
        alone.get(page_of(single))

    with django_assert_num_queries(len(one)):
        client.get(page_of(line))
