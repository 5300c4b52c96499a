"""Languages and their figures: chosen by the page, the person or the browser; nothing machines read changes."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from counting import tasks
from counting.completing import Digest
from counting.forms import ConfirmForm, hidden_figures, signed_quantity, written
from inventory_site.middleware import speak
from inventory_site.templatetags import truecount
from tests.counting.given import ask, count, given_line
from tests.factories import UserFactory
from tests.pages import signed_in

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de-DE,de;q=0.9"}


def language_of(response):
    return response.headers["Content-Language"]


def test_a_browser_says_which_language_it_wants():
    client = signed_in()

    assert language_of(client.get("/", headers=GERMAN)) == "de"
    assert language_of(client.get("/", headers={"Accept-Language": "fr"})) == "en"
    assert '<html lang="de"' in client.get("/login/", headers=GERMAN, follow=True).content.decode()


def test_what_a_person_has_chosen_goes_before_the_browser():
    client = signed_in()
    client.person.language = "de"
    client.person.save()

    response = client.get("/")

    assert language_of(response) == "de"
    assert '<html lang="de"' in response.content.decode()


def test_a_page_that_stands_open_keeps_its_language():
    client = signed_in()
    client.person.language = "en"
    client.person.save()

    assert language_of(client.get("/", headers={"X-Page-Language": "de"})) == "de"
    assert language_of(client.get("/", headers={"X-Page-Language": "../../etc"})) == "en"


def test_times_are_those_of_the_person(rf):
    at = datetime(2025, 1, 15, 23, 30, tzinfo=UTC)
    request = rf.get("/")
    request.user, request.LANGUAGE_CODE = UserFactory(time_zone="Asia/Tokyo", language="de"), "en"

    response = speak(lambda request: HttpResponse(truecount.full_moment(at)))(request)

    assert "16. Jan 2025, 08:30" in response.content.decode()
    assert truecount.full_moment(at) == "15 Jan 2025, 23:30"


def test_figures_and_dates_are_written_as_the_reader_writes_them():
    with override("de"):
        assert truecount.quantity(Decimal("1234.50")) == "1.234,5"
        assert truecount.signed(Decimal("-3.25")) == "−3,25"
        assert truecount.signed(Decimal("1000")) == "+1.000"
        assert truecount.money(Decimal("1234.5"), "€") == "€1.234,50"
        assert truecount.percent(Decimal("97.46")) == "97,5 %"
        assert truecount.arithmetic("4 × 2.5 + 1") == "4 × 2,5 + 1"
    with override("en"):
        assert truecount.quantity(Decimal("1234.50")) == "1,234.5"
        assert truecount.percent(Decimal("97.46")) == "97.5 %"


def test_a_sign_stays_before_its_number_where_words_run_from_right_to_left():
    with override("ar"):
        assert truecount.signed(Decimal(-3)) == "\u200e−3"
        assert truecount.signed_money(Decimal("2.5"), "€").startswith("\u200e+€2")


@given(st.sampled_from(["en", "de"]), st.decimals(-(10**9), 10**9, places=5))
def test_a_difference_in_a_field_is_read_back_as_the_same_difference(language, difference):
    with override(language):
        assert signed_quantity(written(difference)) == difference


def test_hidden_figures_are_the_same_in_every_language():
    digest = Digest(lines=1234, plus=Decimal("1234.5"), minus=Decimal("-3.25"), value=Decimal("-1.234"))

    with override("de"):
        sent = dict(hidden_figures(digest))
        form = ConfirmForm(sent)

        assert form.is_valid()
        assert form.digest().as_json() == digest.as_json()
    assert sent == dict(hidden_figures(digest))


# Pages that stand alone


def test_without_a_network_the_service_worker_has_a_page_in_every_language(client):
    offline, worker = client.get("/offline/"), client.get("/worker.js")

    assert worker["Content-Type"].startswith("text/javascript")
    assert "/offline/" in worker.content.decode()
    assert [f'lang="{code}"' in offline.content.decode() for code, _name in settings.LANGUAGES] == [True, True]
    assert client.get("/worker.js").content == worker.content, "Another version would be installed anew."
    assert "csrf" not in offline.content.decode().lower()


# Jobs


def test_what_is_in_the_way_of_a_job_is_written_down_in_the_language_of_whoever_asked():
    line = given_line(system=10)
    count(line, 8)
    ask(line.session)
    line.quant.item.blocked = True
    line.quant.item.save(update_fields=["blocked"])

    tasks.complete(line.session.pk, "de")

    line.session.refresh_from_db()
    [problem] = line.session.completion_problems
    assert "Der Artikel ist gesperrt." in problem["message"]
