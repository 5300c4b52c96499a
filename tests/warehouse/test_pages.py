from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory_site.listing import PAGE_SIZE
from tests.factories import (
    BinFactory,
    CategoryFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    ZoneFactory,
    given_stock,
)
from tests.pages import COUNTER, HTMX, SUPERVISOR, is_page, signed_in, text_of
from warehouse.models import BinHold, ItemReference, ItemUnit, ItemVariant, LocationAssignment, UnitOfMeasure

pytestmark = pytest.mark.django_db


@pytest.fixture
def location():
    return LocationFactory(code="LHX", name="Lindhafen")


def given_padlocks(quantity, *, location, code="A-01-03", **details):
    item = ItemFactory(number="HW-2207", name="Padlock 40 mm")
    return given_stock(quantity, bin=BinFactory(location=location, code=code), item=item, **details)


def addresses(quant):
    return [
        reverse("stock"),
        reverse("items"),
        reverse("bins"),
        reverse("locations"),
        quant.item.get_absolute_url(),
        quant.bin.get_absolute_url(),
        quant.location.get_absolute_url(),
    ]


def test_every_list_and_every_thing_has_a_page_and_a_part_of_it(location):
    quant = given_padlocks(12, location=location)
    client = signed_in(*SUPERVISOR, location=location)

    for address in addresses(quant):
        page, part = client.get(address), client.get(address, headers=HTMX)

        assert (page.status_code, part.status_code) == (200, 200), address
        assert is_page(page), address
        assert not is_page(part), address
        assert "HX-Request" in page["Vary"]


def test_who_may_not_look_gets_403_and_who_is_not_logged_in_goes_to_log_in(location, client):
    quant = given_padlocks(12, location=location)
    nobody = signed_in(location=location)

    for address in addresses(quant):
        assert nobody.get(address).status_code == 403, address
        assert client.get(address).url.startswith(reverse("login")), address


def test_what_lies_at_other_locations_does_not_exist(location):
    elsewhere = given_padlocks(12, location=location, code="E-77")
    here = given_stock(5, bin=BinFactory(location=LocationFactory(code="HX2")), item=elsewhere.item)
    client = signed_in(*SUPERVISOR, location=here.location)

    assert client.get(elsewhere.bin.get_absolute_url()).status_code == 404
    assert client.get(elsewhere.location.get_absolute_url()).status_code == 404
    assert "E-77" not in text_of(client.get(reverse("stock")))
    assert "E-77" not in text_of(client.get(reverse("bins")))
    assert "LHX" not in text_of(client.get(reverse("locations")))
    item = client.get(here.item.get_absolute_url())
    assert item.context["on_hand"] == 5
    assert "E-77" not in text_of(item)


@pytest.mark.parametrize("name", ["stock", "items", "bins"])
def test_a_list_asks_the_database_as_often_for_fifty_rows_as_for_one(name, location):
    client = signed_in(*SUPERVISOR, location=location)
    given_padlocks(1, location=location)
    few = count_queries(client, reverse(name))
    for _number in range(PAGE_SIZE):
        given_stock(1, bin=BinFactory(location=location), lot=LotFactory())

    assert count_queries(client, reverse(name)) == few


def count_queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def found(client, **filters):
    response = client.get(reverse("stock"), filters)
    assert response.status_code == 200
    return {quant.pk for quant in response.context["listing"].rows}


def test_stock_is_found_by_item_place_category_lot_and_expiry(location):
    category = CategoryFactory()
    below = CategoryFactory(parent=category)
    zone = ZoneFactory(location=location, code="A")
    padlock = given_padlocks(12, location=location)
    ItemReference.objects.create(item=padlock.item, code="4006381333931")
    milk = given_stock(
        3,
        bin=BinFactory(location=location, code="D-02-01", name="Cold", zone=zone),
        lot=LotFactory(number="L77", expiration_date=date(2026, 12, 1), item__category=below),
    )
    other = given_stock(1, bin=BinFactory(code="A-01-03"))
    client = signed_in(*COUNTER, location=location)
    LocationAssignment.objects.create(user=client.person, location=other.location)

    assert found(client) == {padlock.pk, milk.pk, other.pk}
    assert found(client, q="padl") == found(client, q="hw-22") == found(client, q="4006381333931") == {padlock.pk}
    assert found(client, location=location.code) == {padlock.pk, milk.pk}
    assert found(client, zone=zone.pk) == found(client, bin="cold") == found(client, lot="l7") == {milk.pk}
    assert found(client, bin="a-01") == {padlock.pk, other.pk}
    assert found(client, category=category.pk) == {milk.pk}
    assert found(client, expires="2026-12-02") == {milk.pk}
    assert found(client, expires="2026-12-01") == set()


def test_empty_places_are_shown_on_request(location):
    empty = given_stock(0, bin=BinFactory(location=location))
    client = signed_in(*COUNTER, location=location)

    assert found(client) == set()
    assert found(client, empty="on") == {empty.pk}


def test_a_filter_that_makes_no_sense_is_left_out(location):
    quant = given_padlocks(1, location=location)
    client = signed_in(*COUNTER, location=location)

    assert found(client, expires="yesterday", zone="x", page="99999999999999999") == {quant.pk}


def test_the_page_of_an_item_sums_up_and_has_its_tabs(location):
    quant = given_padlocks(12, location=location)
    item = quant.item
    box = UnitOfMeasure.objects.create(code="box", name="box")
    ItemUnit.objects.create(item=item, unit_of_measure=box, quantity_per=12)
    ItemReference.objects.create(item=item, code="4006381333931")
    ItemVariant.objects.create(item=item, code="BRASS", name="brass")
    client = signed_in(*SUPERVISOR, location=location)

    page = client.get(item.get_absolute_url())
    codes = text_of(client.get(item.get_absolute_url(), {"tab": "codes"}))

    assert page.context["on_hand"] == 12
    tabs = [tab["key"] for tab in page.context["tabs"].heads]
    assert tabs[:5] == ["stock", "codes", "value", "item-entries", "entries"]
    assert "12 each" in codes
    assert "4006381333931" in codes
    assert "brass" in codes
    assert client.get(item.get_absolute_url(), {"tab": "lots"}).status_code == 404


def test_lots_tell_when_they_expire_and_how_much_is_left(location):
    lot = LotFactory(number="L77", expiration_date=timezone.localdate() + timedelta(days=400))
    given_stock(3, bin=BinFactory(location=location), lot=lot)
    given_stock(4, bin=BinFactory(), lot=lot)
    client = signed_in(*COUNTER, location=location)

    response = client.get(lot.item.get_absolute_url(), {"tab": "lots"})

    assert "3 each" in text_of(response).split("L77")[1]


def test_a_bin_tells_who_holds_it(location):
    quant = given_padlocks(12, location=location)
    BinHold.objects.create(bin=quant.bin, item=quant.item, held_by="SC-0412")
    client = signed_in(*COUNTER, location=location)

    assert "until it is done: SC-0412" in text_of(client.get(quant.bin.get_absolute_url()))


def test_slashes_in_numbers_travel_in_addresses(location):
    quant = given_stock(1, bin=BinFactory(location=location, code="A/1"), item=ItemFactory(number="M8/40"))
    client = signed_in(*COUNTER, location=location)

    assert client.get(quant.item.get_absolute_url()).context["item"] == quant.item
    assert client.get(quant.bin.get_absolute_url()).context["bin"] == quant.bin


def test_counters_see_no_values(location):
    quant = given_padlocks(12, location=location, unit_cost=77)
    client = signed_in(*COUNTER, location=location)

    for address in addresses(quant):
        assert "924" not in text_of(client.get(address))
    assert client.get(quant.item.get_absolute_url(), {"tab": "value"}).status_code == 404


# Find


def search(client, text, **options):
    return client.get(reverse("search"), {"q": text}, **options)


def test_a_whole_number_leads_straight_to_what_it_names(location):
    quant = given_padlocks(12, location=location)
    client = signed_in(*SUPERVISOR, location=location)

    assert search(client, "hw-2207").url == quant.item.get_absolute_url()
    assert search(client, "a-01-03").url == quant.bin.get_absolute_url()
    document = quant.entries.get().register
    assert search(client, document.number).url == document.get_absolute_url()


def test_pieces_are_listed_by_kind_and_only_what_one_may_see(location):
    given_padlocks(12, location=location)
    BinFactory(code="HW-2207-BIN")
    client = signed_in("warehouse.view_item", location=location)

    response = search(client, "hw-2")

    assert [group.source.key for group in response.context["groups"]] == ["items"]
    assert "Padlock 40 mm" in text_of(response)
    assert not is_page(search(client, "hw-2", headers=HTMX))


def test_nothing_found_says_so_and_nothing_asked_says_nothing(location):
    client = signed_in(*COUNTER, location=location)

    assert "Nothing fits" in text_of(search(client, "zzz"))
    assert "Nothing fits" not in text_of(search(client, ""))


def test_two_things_of_one_number_are_both_offered(location):
    ItemFactory(number="A-01-03")
    given_padlocks(12, location=location)
    client = signed_in(*COUNTER, location=location)

    assert [group.source.key for group in search(client, "A-01-03").context["groups"]] == ["items", "bins"]


def test_each_kind_says_how_many_there_are_and_leads_to_all_of_them(location):
    for number in range(11):
        BinFactory(location=location, code=f"R-{number:02}")
    client = signed_in(*COUNTER, location=location)

    response = search(client, "R-0")
    (group,) = response.context["groups"]

    assert (len(group.hits), group.total) == (8, 10)
    assert f'href="{reverse("bins")}?q=R-0"' in response.content.decode()
    assert "All 10 Bins" in text_of(response)


def test_a_label_leads_to_the_lot_that_it_names_and_else_to_its_item(location):
    epoxy = LotItemFactory(number="CH-2001")
    lot = LotFactory(item=epoxy, number="E25-347")
    ItemReference.objects.create(item=epoxy, code="4012345678901")
    client = signed_in(*COUNTER, location=location)

    assert search(client, "010401234567890110E25-347").url.endswith(f"?tab=lots&q={lot.number}")
    assert search(client, "010401234567890110NEW").url == epoxy.get_absolute_url()
    assert search(client, "04012345678901").url == epoxy.get_absolute_url()


def test_a_search_says_no_quantity(location):
    quant = given_padlocks(777, location=location)
    client = signed_in(*SUPERVISOR, location=location)

    assert "777" not in text_of(search(client, quant.item.number[:4], headers=HTMX))


def test_what_no_label_has_is_refused_at_the_field(location):
    response = search(signed_in(*COUNTER, location=location), "\u202e\u0007")

    assert response.status_code == 422
    assert "The scan holds characters that no label has." in text_of(response)


def test_fields_suggest_what_fits(location):
    quant = given_padlocks(12, location=location)
    elsewhere = BinFactory(code="A-01-99")
    client = signed_in(*COUNTER, location=location)

    items = client.get(reverse("suggest-items"), {"lines-0-item": "padl"}).content.decode()
    bins = client.get(reverse("suggest-bins"), {"lines-0-bin": "a-01", "location": "LHX"}).content.decode()

    assert '<option value="HW-2207">' in items
    assert quant.bin.code in bins
    assert elsewhere.code not in bins
