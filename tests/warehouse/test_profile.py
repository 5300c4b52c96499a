"""A person's own page."""

import pytest
from django.urls import reverse

from tests.factories import LocationFactory, UserFactory
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ama():
    return signed_in(location=LocationFactory(name="Lindhafen"))


def save(client, **said):
    return client.post(reverse("profile"), {"language": "auto", "time_zone": "auto", **said})


def test_a_person_sees_where_they_work_and_as_what(ama):
    text = text_of(ama.get(reverse("profile")))

    assert "Lindhafen" in text
    assert "An administrator decides on this." in text


def test_language_and_time_zone_are_kept_with_the_person(ama):
    response = save(ama, language="de", time_zone="Europe/Berlin")

    assert response.status_code == 302
    ama.person.refresh_from_db()
    assert (ama.person.language, ama.person.time_zone) == ("de", "Europe/Berlin")
    assert '<html lang="de"' in ama.get(reverse("profile")).content.decode()


def test_what_was_chosen_can_be_left_to_browser_and_site_again(ama):
    save(ama, language="de", time_zone="Europe/Berlin")

    save(ama)

    ama.person.refresh_from_db()
    assert (ama.person.language, ama.person.time_zone) == ("", "")


@pytest.mark.parametrize("said", [{"language": "tlh"}, {"time_zone": "Mars/Olympus"}, {"time_zone": "../etc/passwd"}])
def test_what_nobody_knows_is_refused(ama, said):
    response = save(ama, **said)

    assert response.status_code == 422
    assert "Select a valid choice." in text_of(response)


def test_nothing_else_of_a_person_can_be_changed_here(ama):
    save(ama, username="boss", is_superuser="on", is_staff="on", locations="1")

    ama.person.refresh_from_db()
    assert (ama.person.is_superuser, ama.person.is_staff) == (False, False)
    assert ama.person.username != "boss"


def test_strangers_log_in_first(client):
    UserFactory()

    assert client.get(reverse("profile")).url.startswith("/login/")
