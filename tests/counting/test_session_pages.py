from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.models import CountSession, Status
from counting.review import ask_recount, cancel
from tests.counting.given import again, complete, count, given_line, given_lines, given_session, in_review
from tests.counting.people import auditor, counter, supervisor
from tests.factories import BinFactory, LocationFactory, UserFactory, ZoneFactory, given_stock, move
from tests.pages import HTMX, is_page, signed_in, text_of
from warehouse import search

pytestmark = pytest.mark.django_db


def statements(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def post_new(client, location, **fields):
    data = {"location": location.code, "request_id": str(uuid4()), **fields}
    return client.post(reverse("count-new"), data)


# The list


def test_the_list_has_a_page_and_a_part():
    line = given_line(system=10)
    client = supervisor(line.quant.location)

    page, part = client.get(reverse("counts")), client.get(reverse("counts"), headers=HTMX)

    assert is_page(page)
    assert not is_page(part)
    assert line.session.number in text_of(part)


def test_counts_of_other_locations_are_neither_listed_nor_found():
    line = given_line(system=10)
    stranger = supervisor(LocationFactory())

    assert line.session.number not in text_of(stranger.get(reverse("counts")))
    assert stranger.get(line.session.get_absolute_url()).status_code == 404


def test_who_may_not_see_counts_gets_403_and_strangers_log_in(client):
    line = given_line(system=10)
    nobody = signed_in(location=line.quant.location)

    assert nobody.get(reverse("counts")).status_code == 403
    assert nobody.get(line.session.get_absolute_url()).status_code == 403
    assert client.get(reverse("counts")).status_code == 302


def test_the_stages_of_the_list_tell_how_many_there_are():
    location = LocationFactory()
    for _number in range(3):
        given_stock(5, bin=BinFactory(location=location))
    being_counted, to_review, cancelled = (
        given_session(location, items=[quant.item]) for quant in location.quants.filter(quantity=5)
    )
    count(to_review.lines.get(), 4)
    in_review(to_review)
    cancel(cancelled, by=UserFactory(), at=timezone.now())

    response = supervisor(location).get(reverse("counts"), {"stage": "review"})

    assert {link["label"]: link["count"] for link in response.context["stages"]} == {
        "All": 3,
        "Counting": 1,
        "To review": 1,
        "Completed": 0,
        "Cancelled": 1,
    }
    assert [row["session"] for row in response.context["rows"]] == [to_review]
    assert being_counted.number not in text_of(response)


def test_the_list_finds_by_number_and_name():
    line = given_line(system=10)
    client = supervisor(line.quant.location)

    assert line.session.number in text_of(client.get(reverse("counts"), {"q": line.session.number}))
    assert "Nothing matches these filters" in text_of(client.get(reverse("counts"), {"q": "no such count"}))


def test_an_empty_list_says_what_to_do():
    response = supervisor(LocationFactory()).get(reverse("counts"))

    assert "No counts here" in text_of(response)
    assert reverse("count-new") in response.content.decode()


def test_the_list_costs_the_same_for_one_count_and_for_five():
    location = LocationFactory()
    client = supervisor(location)
    given_session(location, items=[given_stock(5, bin=BinFactory(location=location)).item])
    one = statements(client, reverse("counts"))
    for _number in range(4):
        given_session(location, items=[given_stock(5, bin=BinFactory(location=location)).item])

    assert statements(client, reverse("counts")) == one


def test_the_search_field_knows_counts():
    line = given_line(system=10)
    client = supervisor(line.quant.location)

    (group,) = [group for group in search.search(client.person, line.session.number) if group.source.key == "counts"]

    assert [(hit.url, hit.exact) for hit in group.hits] == [(line.session.get_absolute_url(), True)]


# Opening


def test_a_count_is_opened_with_its_scope():
    zone = ZoneFactory()
    inside = given_stock(5, bin=BinFactory(location=zone.location, zone=zone, code="A-01"))
    given_stock(5, bin=BinFactory(location=zone.location))
    client = supervisor(zone.location)

    response = post_new(client, zone.location, name="Week 47", zones=zone.code, bins="a-01")

    session = CountSession.objects.get()
    assert response.url == session.get_absolute_url()
    assert (session.name, session.opened_by) == ("Week 47", client.person)
    assert [line.quant for line in session.lines.all()] == [inside]


def test_bins_are_named_by_their_beginning_and_items_by_number():
    location = LocationFactory()
    wanted = given_stock(5, bin=BinFactory(location=location, code="A-01-01"))
    given_stock(5, bin=BinFactory(location=location, code="A-01-02"))
    given_stock(5, bin=BinFactory(location=location, code="B-01-01"), item=wanted.item)

    post_new(supervisor(location), location, bins="A-01*", items=wanted.item.number)

    assert [line.quant for line in CountSession.objects.get().lines.all()] == [wanted]


def test_the_same_form_sent_twice_opens_one_count():
    location = given_stock(5).location
    client, twice = supervisor(location), {"request_id": str(uuid4())}

    first, second = post_new(client, location, **twice), post_new(client, location, **twice)

    assert first.url == second.url
    assert CountSession.objects.count() == 1


def test_after_opening_it_is_said_what_other_counts_hold():
    held = given_line(system=10)
    location = held.quant.location
    given_stock(5, bin=BinFactory(location=location))

    response = supervisor_follows(location)

    assert f"1 line stays with {held.session.number}." in text_of(response)


def supervisor_follows(location):
    client = supervisor(location)
    return client.post(reverse("count-new"), {"location": location.code, "request_id": str(uuid4())}, follow=True)


def test_nothing_to_count_is_said_in_place():
    location = LocationFactory()

    response = post_new(supervisor(location), location)

    assert response.status_code == 422
    assert response.context["form"].has_error("__all__", "nothing_to_count")
    assert not CountSession.objects.exists()


def test_all_counted_elsewhere_names_the_other_count():
    line = given_line(system=10)

    response = post_new(supervisor(line.quant.location), line.quant.location)

    assert response.status_code == 422
    assert response.context["form"].has_error("__all__", "all_counted_elsewhere")
    assert line.session.number in text_of(response)


def test_every_bin_and_item_that_nobody_knows_is_named_at_once():
    location = given_stock(5).location

    response = post_new(supervisor(location), location, bins="Z-1, Z-2, Y*", items="no such thing")

    assert response.status_code == 422
    said = text_of(response)
    assert all(name in said for name in ("“Z-1”", "“Z-2”", "“Y”", "“no such thing”"))


def test_another_location_cannot_be_chosen():
    elsewhere = given_stock(5).location

    response = post_new(supervisor(LocationFactory()), elsewhere)

    assert response.status_code == 422
    assert response.context["form"].has_error("location", "invalid_choice")


def test_opening_needs_its_right():
    location = LocationFactory()

    assert counter(location).get(reverse("count-new")).status_code == 403
    assert post_new(counter(location), location).status_code == 403


def test_the_preview_says_how_many_lines_and_what_others_hold():
    held = given_line(system=10)
    location = held.quant.location
    given_stock(5, bin=BinFactory(location=location))

    response = supervisor(location).get(
        reverse("count-new"), {"location": location.code}, headers={**HTMX, "HX-Target": "preview"}
    )

    assert not is_page(response)
    assert "This takes 1 line." in text_of(response)
    assert f"1 line stays with {held.session.number}." in text_of(response)


def test_the_address_fills_the_form():
    location = LocationFactory()
    bin = BinFactory(location=location, code="A-01")
    given_stock(3, bin=bin)

    response = supervisor(location).get(reverse("count-new"), {"location": location.code, "bins": "A-01"})

    assert 'value="A-01"' in response.content.decode()
    assert "This takes 1 line." in text_of(response)


# One count


def test_a_count_has_a_page_a_part_and_a_margin():
    line = given_line(system=10)
    count(line, 7)
    client, url = supervisor(line.quant.location), line.session.get_absolute_url()

    page, part = client.get(url), client.get(url, headers=HTMX)
    margin = client.get(url, headers={**HTMX, "HX-Target": "margin"})

    assert is_page(page)
    assert line.quant.item.number in text_of(part)
    assert "Who counts" not in text_of(part)
    assert "Who counts" in text_of(margin)
    assert line.quant.item.number not in text_of(margin)


def test_reviewers_see_what_differs_and_counters_only_what_was_counted():
    line = given_line(system=4321)
    count(line, 4319)
    url = line.session.get_absolute_url()

    reviewer, person = (client(line.quant.location).get(url) for client in (supervisor, counter))

    assert "−2" in text_of(reviewer)
    assert "Differs" in text_of(reviewer)
    assert "4,319" in text_of(person)
    assert not any(word in text_of(person) for word in ("−2", "4,321", "Differs", "Match"))


def test_lines_are_found_by_state_bin_and_zone():
    zone = ZoneFactory()
    first = given_stock(5, bin=BinFactory(location=zone.location, zone=zone, code="A-01"))
    second = given_stock(5, bin=BinFactory(location=zone.location, code="B-01"))
    session = given_session(zone.location)
    count(session.lines.get(quant=second), 4)
    client, url = supervisor(zone.location), session.get_absolute_url()

    def shown(**query):
        return [line.quant for line in client.get(url, query).context["listing"].rows]

    assert shown() == [first, second]
    assert shown(state="off") == [second]
    assert shown(state="uncounted") == [first]
    assert shown(q="b-0") == [second]
    assert shown(zone=zone.pk) == [first]


def test_the_page_costs_the_same_for_two_lines_and_for_six():
    lines = given_lines(5, 6)
    more = given_lines(5, 6, 7, 8, 9, 10)
    for line in lines + more:
        count(line, 4)
        move(line.quant, -1)

    few, many = (
        statements(supervisor(some[0].quant.location), some[0].session.get_absolute_url()) for some in (lines, more)
    )

    assert few == many


def test_a_counter_marks_a_count_as_counted():
    line = count(given_line(system=10), 7)
    client = counter(line.quant.location)

    response = client.post(reverse("count-mark", args=[line.session.number]), follow=True)

    session = CountSession.objects.get()
    assert (session.status, session.marked_by) == (Status.COUNTED, client.person)
    assert "is counted. Next comes the review." in text_of(response)


def test_a_count_of_nothing_cannot_be_marked_and_says_so_on_its_page():
    line = given_line(system=10)

    response = counter(line.quant.location).post(reverse("count-mark", args=[line.session.number]))

    assert response.status_code == 422
    assert "No line of" in text_of(response)
    assert CountSession.objects.get().status == Status.DRAFT


def test_a_step_from_the_wrong_status_is_refused():
    line = count(given_line(system=10), 7)
    client = supervisor(line.quant.location)
    client.post(reverse("count-mark", args=[line.session.number]))

    again = client.post(reverse("count-mark", args=[line.session.number]))

    assert again.status_code == 422
    assert "cannot become" in text_of(again)


def test_a_supervisor_opens_a_count_again_and_cancels_it():
    line = count(given_line(system=10), 7)
    client, number = supervisor(line.quant.location), line.session.number
    in_review(line.session)

    client.post(reverse("count-reopen", args=[number]))
    assert CountSession.objects.get().status == Status.DRAFT

    client.post(reverse("count-cancel", args=[number]))
    assert CountSession.objects.get().status == Status.CANCELLED
    assert client.post(reverse("count-cancel", args=[number])).status_code == 422


def test_steps_need_their_rights_and_a_post():
    line = count(given_line(system=10), 7)
    number, location = line.session.number, line.quant.location

    assert auditor(location).post(reverse("count-mark", args=[number])).status_code == 403
    assert counter(location).post(reverse("count-cancel", args=[number])).status_code == 403
    assert counter(location).post(reverse("count-reopen", args=[number])).status_code == 403
    assert supervisor(location).get(reverse("count-cancel", args=[number])).status_code == 405
    assert supervisor(LocationFactory()).post(reverse("count-cancel", args=[number])).status_code == 404


def test_a_recount_says_that_only_some_lines_are_open():
    line = count(given_line(system=10), 7)
    in_review(line.session)
    ask_recount(line.session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")

    response = counter(line.quant.location).get(line.session.get_absolute_url())

    assert "Round 2." in text_of(response)


def test_a_completed_count_is_evidence_with_its_adjustments_and_its_document():
    line = count(given_line(system=10), 7)
    complete(line.session)
    session = CountSession.objects.get()

    response = supervisor(line.quant.location).get(session.get_absolute_url())

    assert session.adjustment.number in text_of(response)
    assert again(line).adjustment == -3
    assert "Adjusted" in text_of(response)
    assert "Mark as counted" not in text_of(response)


def test_what_happened_is_told_newest_first():
    line = given_line(system=10)
    issue = move(line.quant, -2)
    count(line, 7, by=UserFactory(first_name="Ama", last_name="Boateng"))

    response = supervisor(line.quant.location).get(line.session.get_absolute_url())

    titles = [event.title for event in response.context["page"].events]
    assert titles[0].startswith("Ama Boateng counted 7 in")
    assert issue.number in titles[1]
    assert "opened the count" in titles[2]


# Tabs elsewhere


@pytest.mark.parametrize("place", ["item", "bin"])
def test_items_and_bins_tell_their_counts(place):
    line = count(given_line(system=10), 7)
    thing = getattr(line.quant, place)
    client = signed_in(
        "counting.view_countsession", "warehouse.view_item", "warehouse.view_bin", location=line.quant.location
    )

    response = client.get(thing.get_absolute_url(), {"tab": "counts"})

    assert line.session.number in text_of(response)


def test_a_quantity_adjustment_tells_its_count():
    line = count(given_line(system=10), 7)
    complete(line.session)
    session = CountSession.objects.get()

    response = supervisor(line.quant.location).get(session.adjustment.get_absolute_url(), {"tab": "count"})

    assert response.status_code == 200
    assert session.get_absolute_url() in response.content.decode()
