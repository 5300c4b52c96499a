import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.review import ask_recount
from counting.tasks import reconcile_all
from tests.behind import behind_its_back
from tests.counting.given import ask, complete, count, given_line, given_lines, given_person, given_session, in_review
from tests.counting.people import auditor, counter, supervisor
from tests.factories import BinFactory, LocationFactory, given_stock, move
from tests.pages import is_page, signed_in, text_of

pytestmark = pytest.mark.django_db

HOME = "/"


def test_home_is_for_people_who_are_logged_in(client):
    assert client.get(HOME).status_code == 302
    assert is_page(signed_in().get(HOME))


# Counters


def test_a_counter_goes_on_where_they_stopped():
    first, _second = given_lines(10, 10)
    client = counter(first.quant.location)
    count(first, 7, by=client.person)

    response = client.get(HOME)

    assert f"Resume {first.quant.bin.code}" in text_of(response)
    assert "1 line left" in text_of(response)
    entry = reverse("count-entry", args=[first.session.number])
    assert f"{entry}?bin={first.quant.bin.code}" in response.content.decode()


@pytest.mark.parametrize("address", [HOME, "/counts/"])
def test_the_overview_and_the_list_of_counts_name_what_is_unfinished(address):
    first, second = given_lines(10, 10)
    client = supervisor(first.quant.location)
    count(first, 7, by=client.person)

    response = client.get(address)

    assert "You have an unfinished count." in text_of(response)
    assert f"Resume {first.quant.bin.code}" in text_of(response)
    count(second, 10, by=client.person)
    assert "unfinished" not in text_of(client.get(address))


def test_what_somebody_else_counted_is_not_where_i_stopped():
    first, _second = given_lines(10, 10)
    count(first, 7)

    response = counter(first.quant.location).get(HOME)

    assert "You stopped here" not in text_of(response)
    assert "Resume" in text_of(response)


def test_a_counter_sees_what_is_left_and_never_what_the_book_says():
    line = given_line(system=4321)

    said = text_of(counter(line.quant.location).get(HOME))

    assert line.session.number in said
    assert "1 line left" in said
    assert "4,321" not in said


def test_recounts_come_first():
    location = LocationFactory()
    older, newer = (
        given_session(location, items=[given_stock(5, bin=BinFactory(location=location)).item]) for _number in range(2)
    )
    line = count(newer.lines.get(), 3)
    in_review(newer)
    ask_recount(newer, [line.pk], by=given_person(), at=timezone.now(), why="Look again")

    page = counter(location).get(HOME).context["page"]

    assert [(card["session"], card["stage"]) for card in page.cards] == [(newer, "recount"), (older, "draft")]


def test_a_count_with_nothing_left_is_not_on_the_list():
    line = count(given_line(system=10), 7)

    assert "Nothing to count" in text_of(counter(line.quant.location).get(HOME))


def test_counts_of_other_locations_are_nobodys_business():
    line = given_line(system=10)

    assert line.session.number not in text_of(counter(LocationFactory()).get(HOME))
    assert line.session.number not in text_of(supervisor(LocationFactory()).get(HOME))


def test_the_label_of_a_bin_leads_to_the_count_that_holds_it():
    line = given_line(system=10)

    response = counter(line.quant.location).get(HOME, {"scan": f" {line.quant.bin.code.lower()} "})

    assert response.url == f"{reverse('count-entry', args=[line.session.number])}?bin={line.quant.bin.code}"


def test_a_bin_that_no_count_holds_says_what_to_do():
    bin = BinFactory(code="Z-09")

    said = counter(bin.location).get(HOME, {"scan": "Z-09"})

    assert said.status_code == 422
    assert "No open count holds bin Z-09. Ask a supervisor to open one." in text_of(said)
    assert "No bin is called “nowhere”." in text_of(counter(bin.location).get(HOME, {"scan": "nowhere"}))


def test_a_supervisor_may_open_a_count_of_a_bin_that_none_holds():
    bin = BinFactory(code="Z-09")

    response = supervisor(bin.location).get(HOME, {"scan": "Z-09"})

    assert f"?location={bin.location.code}&amp;bins=Z-09" in response.content.decode()


# Supervisors, auditors


def figure(response, label):
    (found,) = [each for each in response.context["page"].figures if each["label"] == label]
    return found["value"], found["note"]


def test_the_dashboard_tells_what_is_so():
    lines = given_lines(10, 10, 10)
    for line, quantity in zip(lines, [7, 10, 12], strict=True):
        count(line, quantity)
    complete(lines[0].session)
    move(lines[0].quant, 1)
    review = given_session(lines[0].quant.location, items=[lines[0].quant.item])
    count(review.lines.get(), 5)
    in_review(review)
    client = supervisor(lines[0].quant.location)

    response = client.get(HOME)

    assert figure(response, "Line accuracy") == ("33.3 %", "of the 1 last count completed")
    assert figure(response, "To review") == ("1", "1 line differs")
    assert figure(response, "Being counted") == ("0", "0 lines left")
    assert figure(response, "Adjusted value") == ("−2.50", "in 1 count, 30 days")
    # 3 receipts of the given stock, one more, and the adjustment
    assert figure(response, "Documents today")[0] == "5"
    assert review.number in text_of(response)
    assert lines[0].session.number not in [row["session"].number for row in response.context["page"].open_rows]


def test_the_dashboard_shows_what_is_being_posted_and_what_was_refused():
    line = count(given_line(system=10), 7)
    ask(line.session)

    page = supervisor(line.quant.location).get(HOME).context["page"]

    assert page.posting == [line.session]
    assert page.to_review == []


def test_the_dashboard_tells_how_the_last_proof_of_the_books_went():
    line = given_line(10)
    reconcile_all()
    client = supervisor(line.quant.location)

    assert "All laws hold" in text_of(client.get(HOME))

    behind_its_back("warehouse_quant", "UPDATE warehouse_quant SET quantity = 11")
    reconcile_all()

    assert "finding" in text_of(client.get(HOME))


def test_an_empty_warehouse_has_no_figures_out_of_thin_air():
    response = supervisor(LocationFactory()).get(HOME)

    assert figure(response, "Line accuracy") == ("–", "no count is completed yet")
    assert "Nothing is being counted" in text_of(response)
    assert "Nothing to review." in text_of(response)


def test_supervisors_can_look_at_their_own_counts_too():
    line = given_line(system=10)
    client = supervisor(line.quant.location)

    assert "Overview" in text_of(client.get(HOME))
    assert "Standing in front of a bin?" in text_of(client.get(HOME, {"view": "mine"}))


def test_auditors_read_the_dashboard_and_open_nothing():
    line = given_line(system=10)

    response = auditor(line.quant.location).get(HOME)

    assert line.session.number in text_of(response)
    assert reverse("count-new") not in response.content.decode()


@pytest.mark.parametrize("who", [counter, supervisor])
def test_home_costs_the_same_for_one_count_and_for_four(who):
    location = LocationFactory()
    client = who(location)

    def statements():
        client.get(HOME)
        with CaptureQueriesContext(connection) as captured:
            client.get(HOME)
        return len(captured)

    def one_more():
        session = given_session(location, items=[given_stock(5, bin=BinFactory(location=location)).item])
        done = given_session(location, items=[given_stock(5, bin=BinFactory(location=location)).item])
        count(done.lines.get(), 4)
        complete(done)
        return session

    one_more()
    one = statements()
    for _number in range(3):
        one_more()

    assert statements() == one
