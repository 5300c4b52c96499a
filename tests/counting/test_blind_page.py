"""Counting in a blind count: what one is told, what is refused, and who is told more."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.blindness import closed_locations, sees_earlier_counts, sees_quantities
from counting.models import CountSession
from counting.recording import BlindCount, add_to_count
from counting.review import ask_recount, mark_counted, reopen
from counting.whole_bins import all_as_expected
from tests.counting.given import again, count, given_session
from tests.counting.people import COUNTS, auditor, counter, supervisor
from tests.factories import BinFactory, LocationFactory, given_stock, move
from tests.pages import COUNTER, HTMX, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    """A line of a blind count: 54 by the book."""
    quant = given_stock(54, bin=BinFactory(code="A-01"))
    given_stock(8, bin=quant.bin)
    session = given_session(quant.location)
    CountSession.objects.filter(pk=session.pk).update(blind=True)
    return session.lines.select_related("quant__location", "session").get(quant=quant)


def ends(session):
    CountSession.objects.filter(pk=session.pk).update(status="cancelled", ended_at=timezone.now())


def page(line, client):
    return client.get(reverse("count-entry", args=[line.session.number]), {"bin": "A-01"})


def say(line, client, quantity, name="count-set", **data):
    data = {"client_id": uuid4(), "bin": "A-01", "quantity": quantity, **data}
    return client.post(reverse(name, args=[line.session.number, line.pk]), data, headers=HTMX)


# Who is kept blind


def test_who_counts_and_does_not_review_is_kept_blind_while_a_blind_count_is_open(line):
    location = line.quant.location
    ama, lena, eric = (make(location).person for make in (counter, supervisor, auditor))

    assert closed_locations(ama) == {location.pk}
    assert closed_locations(lena) == closed_locations(eric) == frozenset()
    assert closed_locations(counter(LocationFactory()).person) == frozenset()
    ends(line.session)
    assert closed_locations(ama) == frozenset()


def test_another_count_of_the_location_is_closed_as_well(line):
    ama = counter(line.quant.location).person
    other = given_session(given_stock(3, bin=BinFactory(location=line.quant.location)).location)

    assert not sees_quantities(ama, other)
    assert sees_quantities(ama, given_session(given_stock(3).location))


def test_only_where_figures_are_closed_a_page_says_so(line):
    here, there = line.quant.bin, given_stock(3, bin=BinFactory(code="B-01")).bin
    ama = signed_in(*COUNTS, "warehouse.view_location", location=here.location)
    ama.person.locations.add(there.location)
    sessions = line.session, given_session(there.location)
    pages = [(reverse("count-detail", args=[session.number]), session is line.session) for session in sessions]
    pages += [(reverse("count-activity", args=[session.number]), session is line.session) for session in sessions]
    pages += [(bin.get_absolute_url(), bin == here) for bin in (here, there)]
    pages += [(bin.location.get_absolute_url(), bin == here) for bin in (here, there)]

    said = {url: "A blind count is open here" in text_of(ama.get(url)) for url, _closed in pages}

    assert said == dict(pages)


# What one is told


def test_a_blind_bin_shows_no_book_and_knows_two_states(line):
    html = page(line, counter(line.quant.location)).content.decode()

    assert 'data-status="uncounted"' in html
    assert "Book" not in html
    assert "As expected" not in html
    assert "as expected" not in html
    assert ">BLIND<" in html


def test_whoever_reviews_sees_the_book_of_a_blind_count_but_cannot_take_it_for_a_count(line):
    lena = supervisor(line.quant.location)

    html = page(line, lena).content.decode()

    assert "Book 54" in html
    assert "as expected" not in html
    with pytest.raises(BlindCount):
        all_as_expected(line.session, {line.pk: line.quant.last_entry}, by=lena.person, at=timezone.now())


@pytest.mark.parametrize("said", ["54", "3"])
def test_what_is_right_and_what_is_wrong_get_the_same_answer(line, said):
    response = say(line, counter(line.quant.location), said)

    html = response.content.decode()
    assert response.status_code == 200
    assert again(line).counted_quantity == Decimal(said)
    assert 'data-status="recorded"' in html
    assert not any(f'data-status="{status}"' in html for status in ("matched", "variance", "short", "over"))
    assert "recorded" in text_of(response)


def test_one_sees_what_one_said_oneself(line):
    ama = counter(line.quant.location)
    say(line, ama, "4 + 3")

    html = page(line, ama).content.decode()

    assert '<span class="qty">7</span>' in html


def test_of_the_count_of_somebody_else_one_is_told_who_and_when(line):
    kofi = counter(line.quant.location)
    kofi.person.first_name, kofi.person.last_name = "Kofi", "Mensah"
    kofi.person.save()
    count(line, 51, by=kofi.person)

    response = page(line, counter(line.quant.location))

    assert "Kofi Mensah" in text_of(response)
    assert "51" not in text_of(response)
    assert '<span class="qty">–</span>' in response.content.decode()


def test_what_one_adds_to_the_count_of_somebody_else_does_not_tell_the_sum(line):
    count(line, 51)

    response = say(line, counter(line.quant.location), "3", mode="add")

    assert again(line).counted_quantity == 54
    assert "54" not in text_of(response)
    assert '<span class="qty">–</span>' in response.content.decode()


def test_what_somebody_else_counted_is_not_found_out_by_taking_away(line):
    count(line, 51)

    response = say(line, counter(line.quant.location), "", name="count-step", step="-1")

    assert response.status_code == 422
    assert again(line).counted_quantity == 51


def test_a_sum_of_two_people_stays_closed_when_it_is_carried_into_another_round(line):
    ama = counter(line.quant.location)
    line = count(line, 51)
    add_to_count(line, Decimal(3), by=ama.person, client_id=uuid4())
    lena = {"by": supervisor(line.quant.location).person, "at": timezone.now()}
    mark_counted(line.session, **lena)
    reopen(line.session, **lena)

    response = page(line, ama)

    assert again(line).counted_quantity == 54
    assert "54" not in text_of(response)


def test_stock_that_moved_is_told_without_how_much(line):
    ama = counter(line.quant.location)
    begun = line.quant.last_entry
    move(line.quant, Decimal("-9.125"))

    response = say(line, ama, "45", begun=begun)

    assert again(line).disturbed
    assert "Stock moved while you counted." in text_of(response)
    assert "9.125" not in response.content.decode()


def test_issuing_too_much_does_not_tell_how_much_there_is(line):
    client = signed_in(*COUNTER, "counting.change_countsession", location=line.quant.location)
    sent = {
        "request_id": uuid4(), "location": line.quant.location.code, "posting_date": "2026-11-20",
        "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0",
        "lines-0-item": line.quant.item.number, "lines-0-bin": "A-01", "lines-0-quantity": "900",
    }  # fmt: skip

    response = client.post(reverse("issue"), sent)

    assert response.status_code == 422
    assert "So much does not lie there by the book." in text_of(response)
    assert "54" not in text_of(response)


# Recounts


def test_a_recount_is_blind_to_the_first_result_in_every_count():
    quant = given_stock(54, bin=BinFactory(code="A-01"))
    line = count(given_session(quant.location).lines.get(), 41)
    lena = {"by": supervisor(quant.location).person, "at": timezone.now()}
    mark_counted(line.session, **lena)
    ask_recount(line.session, [line.pk], why="Look again", **lena)
    ama = counter(quant.location)

    pages = [
        page(line, ama),
        ama.get(line.session.get_absolute_url()),
        ama.get(reverse("count-activity", args=[line.session.number])),
        ama.get(quant.bin.get_absolute_url(), {"tab": "counts"}),
    ]

    assert not sees_earlier_counts(ama.person, line.session)
    assert [one.status_code for one in pages] == [200] * 4
    assert [one for one in pages if "41" in text_of(one)] == []
    assert "41" in text_of(supervisor(quant.location).get(line.session.get_absolute_url()))


# What it costs


def statements(client, url):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_a_blind_count_costs_no_statement_more_than_another(line):
    location = line.quant.location
    client = signed_in(*COUNTER, "counting.view_countsession", "counting.change_countsession", location=location)
    urls = [f"{reverse('count-entry', args=[line.session.number])}?bin=A-01", reverse("stock")]
    for url in urls:
        client.get(url)  # what is remembered from now on
    blind = [statements(client, url) for url in urls]

    CountSession.objects.filter(pk=line.session.pk).update(blind=False)

    assert [statements(client, url) for url in urls] == blind


def test_the_stock_list_costs_the_same_for_one_blind_count_and_for_three(line):
    client = signed_in(*COUNTER, "counting.change_countsession", location=line.quant.location)
    client.get(reverse("stock"))
    one = statements(client, reverse("stock"))
    for _more in range(2):
        bin = BinFactory(location=line.quant.location)
        given_stock(5, bin=bin)
        session = given_session(bin.location, bins=[bin])
        CountSession.objects.filter(pk=session.pk).update(blind=True)

    assert statements(client, reverse("stock")) == one
