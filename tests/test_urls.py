"""Every address leads somewhere, whoever is asked to go everywhere can get there, and no address fails."""

import pytest

from counting.models import Status
from tests.factories import UserFactory
from tests.urls import ARGUMENTS, address, given_things, names

pytestmark = pytest.mark.django_db


def test_every_address_has_its_arguments_in_the_table():
    assert sorted(set(names()) - ARGUMENTS.keys()) == [], "Add these addresses to tests/urls.py."
    assert sorted(ARGUMENTS.keys() - set(names())) == [], "These addresses are gone: take them out of tests/urls.py."


@pytest.mark.parametrize("status", Status.values)
def test_every_address_answers_in_every_stage_of_a_count(client, status):
    things = given_things().in_stage(status)
    client.force_login(UserFactory(is_superuser=True))

    answers = {name: client.get(address(name, things)).status_code for name in ARGUMENTS}

    assert {name: code for name, code in answers.items() if code not in (200, 302, 405)} == {}
