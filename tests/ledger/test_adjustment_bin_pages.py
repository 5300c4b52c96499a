"""The pages of adjustment bins: what waits, telling it to the books, and making a location directed."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse

from ledger.models import Kind, Register
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    SerialItemFactory,
    UserFactory,
    given_stock,
    given_units,
    post_lines,
)
from tests.laws import assert_reconciled
from warehouse.models import Location

pytestmark = pytest.mark.django_db


@pytest.fixture
def east():
    return LocationFactory(directed=True)


@pytest.fixture
def supervisor(client, east):
    person = UserFactory(is_superuser=True)
    client.force_login(person)
    return person


def found(bin, item, quantity, **details):
    line = {"bin": bin.pk, "item": item.pk, "quantity": Decimal(quantity), **details}
    return post_lines(bin.location, line, kind=Kind.WAREHOUSE_JOURNAL)


def test_the_list_says_what_waits_at_each_location(client, supervisor, east):
    bolt, agreed = ItemFactory(number="BOLT"), ItemFactory(number="AGREED")
    found(BinFactory(location=east), bolt, 4)
    given_stock(3, bin=BinFactory(location=east), item=agreed)

    page = client.get(reverse("adjustment-bins")).content.decode()

    assert "BOLT" in page
    assert "−4" in page
    assert "AGREED" not in page
    assert reverse("synchronise", args=[east.code]) in page


def test_a_unit_that_came_and_another_that_went_are_not_nothing(client, supervisor, east):
    drill, shelf = SerialItemFactory(number="DRILL"), BinFactory(location=east)
    lost = BinFactory(location=LocationFactory(directed=True))
    given_units(shelf, drill, ["S1"])
    given_units(lost, drill, ["S2"])
    found(shelf, drill, -1, unit="S1")
    found(lost, drill, -1, unit="S2")

    found(shelf, drill, 1, unit="S2")

    page = client.get(reverse("adjustment-bins"), {"location": east.code}).content.decode()
    assert "DRILL" in page


def test_synchronising_shows_what_it_would_post_and_posts_it_once(client, supervisor, east):
    found(BinFactory(location=east), ItemFactory(number="BOLT"), 4)
    url, request = reverse("synchronise", args=[east.code]), {"request_id": uuid4()}

    assert "BOLT" in client.get(url).content.decode()
    assert not Register.objects.filter(kind=Kind.WAREHOUSE_ADJUSTMENT).exists()
    sent = [client.post(url, request) for _ in range(2)]

    register = Register.objects.get(kind=Kind.WAREHOUSE_ADJUSTMENT)
    assert [response.url for response in sent] == [register.get_absolute_url()] * 2
    assert "Nothing waits" in client.get(url).content.decode()
    assert_reconciled()


def test_a_location_is_made_directed_on_its_page(client, supervisor):
    west = LocationFactory()
    given_stock(20, bin=west.bins.get(kind="implicit"), item=ItemFactory(number="BOLT"))
    url = reverse("direct-location", args=[west.code])
    assert url in client.get(west.get_absolute_url()).content.decode()

    page = client.get(url).content.decode()
    assert "NO-BIN" in page
    assert "+20" in page
    assert not Location.objects.get(pk=west.pk).directed
    client.post(url, {"request_id": uuid4()})

    assert Location.objects.get(pk=west.pk).directed
    assert Register.objects.filter(kind=Kind.CONVERSION).count() == 1
    assert url not in client.get(west.get_absolute_url()).content.decode()
    assert_reconciled()


def test_what_is_directed_already_is_said_so(client, supervisor, east):
    answer = client.post(reverse("direct-location", args=[east.code]), {"request_id": uuid4()})

    assert answer.status_code == 422
    assert "is a directed location already" in answer.content.decode()


def test_the_pages_of_an_item_and_of_a_location_show_how_far_books_and_bins_are_apart(client, supervisor, east):
    bolt, agreed = ItemFactory(number="BOLT"), ItemFactory(number="AGREED")
    found(BinFactory(location=east), bolt, 4)

    pages = [client.get(thing.get_absolute_url(), {"tab": "apart"}).content.decode() for thing in (bolt, east)]

    assert all("−4" in page and "aria-current" in page for page in pages)
    assert "tab=apart" not in client.get(agreed.get_absolute_url()).content.decode()
