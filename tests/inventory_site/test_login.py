"""Logging in, staying logged in, and being logged out."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import UserFactory
from tests.pages import HTMX
from warehouse.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "a sturdy pallet of bricks"
LOGIN = "/login/"


@pytest.fixture
def ama():
    person = UserFactory(username="ama")
    person.set_password(PASSWORD)
    person.save()
    return person


def log_in(name, password, *, address="10.0.0.1", after=""):
    client = Client(REMOTE_ADDR=address)
    client.answer = client.post(f"{LOGIN}?next={after}" if after else LOGIN, {"username": name, "password": password})
    return client


def is_logged_in(client):
    return client.get(reverse("password_change")).status_code == 200


def idle_for(**time):
    """As if nobody had done anything for so long."""
    Session.objects.update(
        expire_date=timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE) - timedelta(**time)
    )
    User.objects.update(last_login=timezone.now() - timedelta(**time))


# Throttling


def test_five_wrong_passwords_lock_a_name_at_an_address_and_nobody_else(ama):
    other = UserFactory(username="tomasz")
    other.set_password(PASSWORD)
    other.save()
    for _try in range(settings.AXES_FAILURE_LIMIT):
        log_in("ama", "wrong")

    locked = log_in("ama", PASSWORD)

    assert locked.answer.status_code == 429
    assert not is_logged_in(locked)
    assert is_logged_in(log_in("ama", PASSWORD, address="10.0.0.2"))
    assert is_logged_in(log_in("tomasz", PASSWORD))


def test_whoever_knows_the_password_starts_anew(ama):
    for _try in range(settings.AXES_FAILURE_LIMIT - 1):
        log_in("ama", "wrong")
    assert is_logged_in(log_in("ama", PASSWORD))

    log_in("ama", "wrong")

    assert is_logged_in(log_in("ama", PASSWORD))


# Being logged out


def test_who_did_nothing_for_a_shift_logs_in_again_and_comes_back_to_where_they_were(ama):
    client = log_in("ama", PASSWORD)
    idle_for(hours=12, seconds=1)

    gone = client.get("/search/?q=padlock")

    assert gone.status_code == 302
    assert gone.url == f"{LOGIN}?next=/search/%3Fq%3Dpadlock"
    assert log_in("ama", PASSWORD, after="/search/%3Fq%3Dpadlock").answer.url == "/search/?q=padlock"


def test_a_part_of_a_page_sends_the_whole_page_to_the_login_and_back(ama):
    client = log_in("ama", PASSWORD)
    idle_for(hours=13)

    gone = client.get("/search/?q=x", headers={**HTMX, "HX-Current-URL": "http://testserver/stock/"}, follow=True)

    assert gone["HX-Redirect"] == f"{LOGIN}?next=%2Fstock%2F"


def test_who_works_stays_logged_in(ama):
    client = log_in("ama", PASSWORD)
    idle_for(hours=11)

    client.get("/")

    assert Session.objects.get().expire_date > timezone.now() + timedelta(hours=11, minutes=59)


def test_what_a_page_asks_by_itself_keeps_nobody_logged_in(ama):
    client = log_in("ama", PASSWORD)
    idle_for(hours=11)

    client.get("/", headers={"X-Quiet": "1"})

    assert Session.objects.get().expire_date < timezone.now() + timedelta(hours=1, minutes=1)


def test_another_password_logs_the_other_devices_out_and_not_this_one(ama):
    here, there = log_in("ama", PASSWORD), log_in("ama", PASSWORD)
    new = "another pallet of bricks"

    here.post(reverse("password_change"), {"old_password": PASSWORD, "new_password1": new, "new_password2": new})

    assert is_logged_in(here)
    assert not is_logged_in(there)


def test_nobody_is_sent_to_another_site_after_logging_in(ama):
    assert log_in("ama", PASSWORD, after="https://example.com/").answer.url == "/"
