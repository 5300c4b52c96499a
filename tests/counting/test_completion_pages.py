import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from counting.completing import complete_session, confirm, digest, show_step
from counting.models import CountSession, Status
from counting.review import ask_recount, cancel, leave_out
from ledger.models import Register
from tests.counting.given import again, ask, complete, count, given_line, given_lines, in_review
from tests.counting.people import REVIEWS, auditor, counter, supervisor
from tests.factories import LocationFactory, UserFactory, move
from tests.pages import HTMX, is_page, signed_in, text_of

pytestmark = pytest.mark.django_db


def given_counted(*differences, book=10, extra=0):
    lines = given_lines(*[book] * (len(differences) + extra))
    for line, off in zip(lines, differences, strict=False):
        count(line, book + off)
    return lines, address(lines[0].session)


def address(session):
    return reverse("count-complete", args=[session.number])


def figures(client, url):
    """The hidden fields of the page, as a browser would send them."""
    return dict(client.get(url).context["page"].hidden)


def next_step(page):
    """What the one yellow button says."""
    (said,) = re.findall(r'class="button[^"]*\bprimary\b[^>]*>\s*([^<]+)<', page.content.decode())
    return said


def session_now():
    return CountSession.objects.get()


# The question


def test_the_page_states_the_facts_and_what_is_left_out():
    lines, url = given_counted(-3, 4, 0, -1, extra=2)
    in_review(lines[0].session)
    leave_out(lines[0].session, [lines[3].pk], note="Rack was moved", by=UserFactory(), at=timezone.now())

    page = supervisor(lines[0].quant.location).get(url)
    said = text_of(page)

    assert next_step(page) == "Post 2 adjustments"
    assert "Lines adjusted 2" in said
    assert "Found +4 units" in said
    assert "Missing −3 units" in said
    assert "Net value +2.50" in said
    assert "2 lines are not counted, 1 line is left out." in said
    assert "2 lines differ and nobody has decided on them: they are posted as they were counted." in said


def test_the_value_is_for_those_who_may_see_it():
    lines, url = given_counted(-3)
    without = [right for right in REVIEWS if right != "ledger.view_valueentry"]

    assert "Net value" not in text_of(signed_in(*without, location=lines[0].quant.location).get(url))


def test_what_will_be_refused_is_said_before():
    line = given_line(system=10)
    begun = line.quant.last_entry
    move(line.quant, -1)
    count(line, 8, begun=begun)
    in_review(line.session)

    page = supervisor(line.quant.location).get(address(line.session))

    assert "1 line moved while being counted" in text_of(page)
    assert next_step(page) == "Back to the review"


def test_completing_is_for_people_who_may_and_at_their_locations(client):
    (line,), url = given_counted(-3)

    for one in (counter, auditor):
        assert one(line.quant.location).get(url).status_code == 403
        assert one(line.quant.location).post(url).status_code == 403
    assert supervisor(LocationFactory()).get(url).status_code == 404
    assert client.get(url).status_code == 302


def test_there_is_a_page_and_a_part():
    (line,), url = given_counted(-3)
    client = supervisor(line.quant.location)

    assert is_page(client.get(url))
    assert not is_page(client.get(url, headers=HTMX))


# Asking


def test_what_was_confirmed_is_asked_for_and_the_page_shows_the_posting():
    (line,), url = given_counted(-3)
    in_review(line.session)
    client = supervisor(line.quant.location)

    response = client.post(url, figures(client, url))

    session = session_now()
    assert response.url == url
    assert session.is_posting
    assert session.completion_asked_by == client.person
    assert session.completion_digest == digest(session).as_json()
    posting = client.get(url)
    assert "Step 1 of 4" in text_of(posting)
    assert 'hx-trigger="every 1s"' in posting.content.decode()


def test_from_draft_a_warning_and_both_steps_at_once():
    (line, *_rest), url = given_counted(-3, extra=1)
    client = supervisor(line.quant.location)

    assert "This count is still going on." in text_of(client.get(url))
    client.post(url, figures(client, url))

    session = session_now()
    assert (session.status, session.marked_by) == (Status.COUNTED, client.person)
    assert session.is_posting


def test_figures_that_changed_meanwhile_are_shown_again_and_nothing_is_asked():
    (line,), url = given_counted(-3)
    client = supervisor(line.quant.location)
    before = figures(client, url)
    count(line, 6)

    response = client.post(url, before)

    assert response.status_code == 422
    assert "confirm again" in text_of(response)
    assert "Missing −4 units" in text_of(response)
    assert session_now().status == Status.DRAFT
    assert not session_now().is_posting


@pytest.mark.parametrize("wrong", [{}, {"lines": "1"}, {"lines": "x", "plus": "NaN", "minus": "1e999", "value": "-"}])
def test_figures_that_got_lost_are_refused(wrong):
    (line,), url = given_counted(-3)
    in_review(line.session)

    response = supervisor(line.quant.location).post(url, wrong)

    assert response.status_code == 422
    assert not session_now().is_posting


def test_a_count_of_nothing_cannot_be_completed():
    line = given_line(system=10)
    client = supervisor(line.quant.location)

    response = client.post(address(line.session), figures(client, address(line.session)))

    assert response.status_code == 422
    assert "No line of" in text_of(response)


def test_lines_in_the_way_are_named_with_a_link_to_each():
    (line, _other), url = given_counted(-3, -4)
    in_review(line.session)
    ask_recount(line.session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")
    in_review(line.session)
    client = supervisor(line.quant.location)

    response = client.post(url, figures(client, url))

    assert response.status_code == 422
    assert "still to be counted again" in text_of(response)
    assert f"#line-{line.pk}" in response.content.decode()
    assert not session_now().is_posting


def test_asking_twice_asks_once():
    (line,), url = given_counted(-3)
    in_review(line.session)
    client = supervisor(line.quant.location)
    sent = figures(client, url)
    client.post(url, sent)
    asked_at = session_now().completion_asked_at

    assert client.post(url, sent).url == url
    assert session_now().completion_asked_at == asked_at


def test_confirming_refuses_figures_that_do_not_stand():
    (line,), _url = given_counted(-3)
    confirmed = digest(line.session)
    count(line, 6)

    with pytest.raises(Exception) as refused:
        confirm(line.session, by=UserFactory(), at=timezone.now(), confirmed=confirmed)

    assert refused.value.code == "figures_changed"
    assert session_now().status == Status.DRAFT


# Posting


def test_the_posting_page_follows_the_steps():
    (line,), url = given_counted(-3)
    ask(line.session)
    client = supervisor(line.quant.location)
    show_step(line.session, "posting")

    part = client.get(url, headers=HTMX)

    assert not is_page(part)
    assert "Step 3 of 4" in text_of(part)
    assert "Nothing is posted twice." in text_of(part)


def test_a_page_that_waited_sees_the_end():
    (line,), url = given_counted(-3)
    complete(line.session)

    part = supervisor(line.quant.location).get(url, headers=HTMX)

    assert "1 adjustment posted" in text_of(part)
    assert "every 1s" not in part.content.decode()


def test_a_page_that_waited_goes_back_to_the_review_when_it_was_refused():
    (line,), url = given_counted(-9)
    ask(line.session)
    move(line.quant, -8)
    assert complete_session(line.session_id) == "refused"
    client = supervisor(line.quant.location)

    part = client.get(url, headers=HTMX)
    page = client.get(url)

    assert part["HX-Redirect"] == reverse("count-review", args=[line.session.number])
    assert "1 line is in the way" in text_of(page)


# Done


def test_the_last_page_links_the_document_and_shows_the_new_stock():
    (line, *_rest), url = given_counted(-3, 0, extra=1)
    complete(line.session)

    response = supervisor(line.quant.location).get(url)

    register = Register.objects.get(source=line.session.number)
    assert register.get_absolute_url() in response.content.decode()
    (adjusted,) = response.context["page"].adjusted
    assert (adjusted.adjustment, adjusted.quant.quantity) == (-3, Decimal(7))
    said = text_of(response)
    assert "Lines counted 2 of 3" in said
    assert "Matched 1, 50.0 %" in said
    assert "1 line is not counted. The stock there stayed" in said


def test_without_differences_nothing_is_posted_and_the_page_says_so():
    (line,), url = given_counted(0)
    client = supervisor(line.quant.location)
    assert "Complete without adjustments" in text_of(client.get(url))

    complete(line.session)

    assert "Nothing differed, nothing was posted" in text_of(client.get(url))
    assert again(line).adjustment == 0


def test_a_completed_count_cannot_be_asked_for_again():
    (line,), url = given_counted(-3)
    client = supervisor(line.quant.location)
    sent = figures(client, url)
    complete(line.session)

    assert client.post(url, sent).url == url
    assert Register.objects.filter(source=line.session.number).count() == 1


def test_a_cancelled_count_has_nothing_to_complete():
    (line,), url = given_counted(-3)
    cancel(line.session, by=UserFactory(), at=timezone.now())

    response = supervisor(line.quant.location).get(url)

    assert response.url == line.session.get_absolute_url()
