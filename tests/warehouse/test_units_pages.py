"""Pages of serialized units: where each is, lists of them, finding them, and their labels."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from counting.models import CountSession
from counting.sighting import scan_units
from ledger.models import Kind
from tests.counting.given import given_search, given_session
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    RfidItemFactory,
    SerialItemFactory,
    UserFactory,
    given_stock,
    given_units,
    post_lines,
    put_into_the_missing_bin,
)
from tests.pages import COUNTER, HTMX, SUPERVISOR, is_page, signed_in, text_of
from tests.scanner import scan
from tests.warehouse.test_symbols import photograph
from warehouse import search
from warehouse.labels import PAPERS, labels_of_unit, print_labels
from warehouse.models import ItemReference, Unit
from warehouse.tags import tag_of

pytestmark = pytest.mark.django_db

LOOKS = (*COUNTER, "warehouse.view_unit")
OVERSEES = (*SUPERVISOR, "warehouse.view_unit", "counting.view_countsession")
GTIN = "04006381333931"


@pytest.fixture
def location():
    return LocationFactory(code="LHX", name="Lindhafen")


@pytest.fixture
def bin(location):
    return BinFactory(location=location, code="A-01-03")


@pytest.fixture
def drill():
    return SerialItemFactory(number="PT-3001", name="Cordless drill")


def issue(unit):
    quant = unit.quant
    line = {"bin": quant.bin_id, "item": quant.item_id, "quantity": Decimal(-1), "unit": unit.code}
    register = post_lines(quant.location, line, kind=Kind.ISSUE)
    unit.refresh_from_db()
    return register


def move(unit, to_bin, *, kind=Kind.MOVEMENT, **details):
    quant = unit.quant
    line = {"bin": quant.bin_id, "to_bin": to_bin.pk, "item": quant.item_id, "quantity": Decimal(1), "unit": unit.code}
    register = post_lines(quant.location, line, kind=kind, **details)
    unit.refresh_from_db()
    return register


def page_of(client, unit, **query):
    return client.get(reverse("unit-detail", args=[unit.code], query=query))


def found(client, **query):
    return [unit.code for unit in client.get(reverse("units"), query).context["listing"].rows]


def hits(client, text):
    return [hit for group in search.search(client.person, text) for hit in group.hits]


# The page of a unit


def test_a_unit_says_where_it_is_since_when_and_by_which_document(bin, drill):
    (unit,) = given_units(bin, drill, ["A100"], unit_cost=Decimal("129.5"))
    client = signed_in(*OVERSEES, location=bin.location)

    page = page_of(client, unit)
    says = text_of(page)

    assert "In stock" in says
    assert "A-01-03" in says
    assert f"receipt {unit.entries.get().register.number}" in says
    assert "129.50" in says
    assert is_page(page)
    assert not is_page(client.get(unit.get_absolute_url(), headers=HTMX))


def test_a_unit_that_left_says_by_what_and_keeps_its_history(bin, drill):
    (unit,) = given_units(bin, drill, ["A100"])
    register = issue(unit)

    page = page_of(signed_in(*OVERSEES, location=bin.location), unit)
    says = text_of(page)

    assert "Released" in says
    assert f"issue {register.number}" in says
    assert "Lay in A-01-03" in says
    entries = page.context["tabs"].panel
    assert register.number in entries
    assert unit.entries.earliest("pk").register.number in entries


def test_a_unit_in_the_missing_bin_is_being_searched_for(bin, drill):
    (unit,) = given_units(bin, drill, ["A100"])
    put_into_the_missing_bin(unit)
    client = signed_in(*OVERSEES, location=bin.location)

    assert "Being searched for" in text_of(page_of(client, unit))
    assert found(client, state="missing") == ["A100"]
    assert found(client, state="in_stock") == []


def test_a_unit_that_is_searched_for_leads_to_where_its_finder_says_so(bin, drill):
    lost, kept = given_units(bin, drill, ["A100", "A101"])
    search = given_search(lost)
    client = signed_in(*OVERSEES, location=bin.location)

    assert search.get_absolute_url() in page_of(client, lost).content.decode()
    assert "Found it?" not in text_of(page_of(client, kept))


def test_a_document_is_a_link_to_those_who_may_read_it(bin, drill):
    (unit,) = given_units(bin, drill, ["A100"])
    document = issue(unit).get_absolute_url()

    assert document in page_of(signed_in(*OVERSEES, location=bin.location), unit).content.decode()
    assert document not in page_of(signed_in(*LOOKS, location=bin.location), unit).content.decode()


def test_cost_is_for_those_who_may_see_values(bin, drill):
    (unit,) = given_units(bin, drill, ["A100"], unit_cost=Decimal("129.5"))
    client = signed_in(*LOOKS, location=bin.location)

    assert "129.5" not in text_of(page_of(client, unit))
    assert "129.5" not in text_of(client.get(reverse("units")))
    assert b"129.5" not in b"".join(client.get(reverse("units"), {"as": "csv"}))


def test_a_number_of_several_items_asks_which(bin, drill):
    given_units(bin, drill, ["1001"])
    saw = SerialItemFactory(number="PT-4001", name="Circular saw")
    (other,) = given_units(bin, saw, ["1001"])
    client = signed_in(*LOOKS, location=bin.location)

    asks = client.get(reverse("unit-detail", args=["1001"]))

    assert [unit.item for unit in asks.context["units"]] == [drill, saw]
    assert client.get(other.get_absolute_url()).context["unit"] == other


def test_units_elsewhere_do_not_exist(bin, drill):
    (unit,) = given_units(bin, drill, ["A100"])
    stranger = signed_in(*OVERSEES, location=LocationFactory(code="LH9"))

    assert page_of(stranger, unit).status_code == 404
    assert found(stranger) == []
    assert hits(stranger, "A100") == []


def test_who_had_a_unit_still_sees_it_once_it_is_gone_but_not_where_it_went(bin, drill):
    (unit,) = given_units(bin, drill, ["A100"])
    there = BinFactory(location=LocationFactory(code="LH9"), code="Z-09")
    here, away = (signed_in(*OVERSEES, location=place) for place in (bin.location, there.location))

    move(unit, there, kind=Kind.LOCATION_TRANSFER, other_location=there.location)
    assert (page_of(here, unit).status_code, page_of(away, unit).status_code) == (404, 200)

    issue(unit)
    says = text_of(page_of(here, unit))
    assert "Released" in says
    assert "Z-09" not in says


# During a blind count


def test_a_blind_count_closes_units_to_those_who_count(bin, drill):
    (unit,) = given_units(bin, drill, ["A100"])
    counter = signed_in(*LOOKS, "counting.view_countsession", "counting.change_countsession", location=bin.location)
    bolts = given_stock(5, bin=bin)
    assert page_of(counter, unit).status_code == 200

    given_session(bin.location, policies={"blind": True}, items=[bolts.item])

    assert page_of(counter, unit).status_code == 404
    assert page_of(counter, Unit(code="A999")).status_code == 404
    assert found(counter) == []
    assert hits(counter, "100") == []
    assert b"A100" not in b"".join(counter.get(reverse("units"), {"as": "csv"}))
    assert "A100" not in text_of(counter.get(reverse("unit-labels")))
    assert "A100" not in text_of(counter.get(drill.get_absolute_url(), {"tab": "units"}))
    assert counter.get(bin.get_absolute_url(), {"tab": "units"}).status_code == 404
    CountSession.objects.update(status="cancelled", ended_at=timezone.now())
    assert page_of(counter, unit).status_code == 200


# Lists


def test_items_bins_and_quants_lead_to_their_units(bin, drill):
    given_units(bin, drill, ["A100", "A101"])
    given_units(BinFactory(location=bin.location, code="A-01-04"), drill, ["A102"])
    client = signed_in(*OVERSEES, location=bin.location)

    of_item = client.get(drill.get_absolute_url(), {"tab": "units"})
    of_bin = client.get(bin.get_absolute_url(), {"tab": "units"})
    (row,) = client.get(reverse("stock"), {"bin": "A-01-03"}).context["listing"].rows
    (link,) = [one for one in row.actions if one.label == "Units"]
    of_quant = client.get(link.url)

    assert all(code in text_of(of_item) for code in ("A100", "A101", "A102"))
    assert "A102" not in text_of(of_bin)
    assert [unit.code for unit in of_quant.context["listing"].rows] == ["A100", "A101"]


def test_bulk_items_and_bins_without_units_have_no_such_tab(location):
    quant = given_stock(5, bin=BinFactory(location=location), item=ItemFactory())
    client = signed_in(*OVERSEES, location=location)

    for thing in (quant.item, quant.bin):
        assert client.get(thing.get_absolute_url(), {"tab": "units"}).status_code == 404
    (row,) = client.get(reverse("stock")).context["listing"].rows
    assert "Units" not in [action.label for action in row.actions]


def test_a_list_of_units_is_filtered_by_state_and_by_the_end_of_a_code(bin, drill):
    _first, second, _third = given_units(bin, drill, ["SN-0071", "SN-0171", "SN-0172"])
    issue(second)
    client = signed_in(*LOOKS, location=bin.location)

    assert found(client, q="71") == ["SN-0071", "SN-0171"]
    assert found(client, q="71", state="in_stock") == ["SN-0071"]
    assert found(client, state="released") == ["SN-0171"]
    assert found(client, item="PT-3001", bin="A-01") == ["SN-0071", "SN-0172"]
    assert found(client, item="PT-9999") == []


def test_a_list_of_units_costs_as_many_statements_as_one_unit(bin, drill, django_assert_max_num_queries):
    given_units(bin, drill, [f"A{number}" for number in range(100, 150)])
    client = signed_in(*OVERSEES, location=bin.location)
    client.get(reverse("units"))

    with django_assert_max_num_queries(16):
        client.get(reverse("units"))


# Finding


def test_the_search_finds_a_unit_by_whatever_is_written_on_it(bin, drill):
    ItemReference.objects.create(item=drill, code="4006381333931")
    (unit,) = given_units(bin, drill, ["SN-0071"])
    Unit.objects.filter(pk=unit.pk).update(manufacturer_number="MFR-AAA")
    client = signed_in(*LOOKS, location=bin.location)

    for text in ("SN-0071", "MFR-AAA", f"01{GTIN}21SN-0071"):
        assert search.the_one_meant(search.search(client.person, text)).title == "SN-0071", text
    assert [hit.title for hit in hits(client, "0071")] == ["SN-0071"]
    assert client.get(reverse("search"), {"q": "SN-0071"}).url == unit.get_absolute_url()


def test_the_search_finds_a_tag_in_any_notation(bin):
    item = RfidItemFactory(number="TG-1")
    ItemReference.objects.create(item=item, code=GTIN)
    tag = tag_of(GTIN, "77")
    (unit,) = given_units(bin, item, [tag.code])
    client = signed_in(*LOOKS, location=bin.location)

    for text in (tag.code, tag.code.lower(), "urn:epc:id:sgtin:4006381.033393.77", f"01{GTIN}2177"):
        assert search.the_one_meant(search.search(client.person, text)).url == unit.get_absolute_url(), text


# Labels


@pytest.mark.parametrize("symbology", ["code128", "gs1-128", "qr"])
def test_the_label_of_a_unit_is_scanned_and_found_as_that_unit(bin, drill, symbology):
    ItemReference.objects.create(item=drill, code=GTIN)
    given_units(bin, drill, ["SN-0071"])
    client = signed_in(*LOOKS, location=bin.location)

    (label,) = labels_of_unit(Unit.objects.with_codes().get(), symbology=symbology)
    (said,) = scan(photograph(label.symbol))

    assert label.title == "SN-0071"
    assert search.the_one_meant(search.search(client.person, said)).title == "SN-0071"


def test_the_label_of_a_tag_says_what_stands_on_the_chip(bin):
    (unit,) = given_units(bin, RfidItemFactory(), [tag_of(GTIN, "77").code])
    client = signed_in(*LOOKS, location=bin.location)

    (label,) = labels_of_unit(Unit.objects.with_codes().get(), symbology="code128")
    (said,) = scan(photograph(label.symbol))

    assert (label.title, label.symbol.text) == ("77", unit.code)
    assert search.the_one_meant(search.search(client.person, said)).url == unit.get_absolute_url()


def test_an_item_without_gtin_has_no_gs1_label(bin, drill):
    given_units(bin, drill, ["SN-0071"])
    units = Unit.objects.with_codes()

    refused = print_labels(units, lambda unit: labels_of_unit(unit, symbology="gs1-128"), paper=PAPERS["2x7"])

    assert "no GTIN" in refused.left_out[0]


def test_units_and_their_lists_lead_to_their_labels(bin, drill):
    unit, _other = given_units(bin, drill, ["A100", "A101"])
    given_units(BinFactory(location=bin.location, code="A-01-031"), drill, ["A102"])
    client = signed_in(*LOOKS, location=bin.location)

    def printed(url):
        return [label.title for label in client.get(url).context["printed"].labels]

    (link,) = [one for one in page_of(client, unit).context["actions"] if one.icon == "print"]
    assert printed(link.url) == ["A100"]
    assert printed(client.get(reverse("units"), {"q": "101"}).context["listing"].labels_url) == ["A101"]
    tab = client.get(bin.get_absolute_url(), {"tab": "units"}).content.decode()
    assert f"{reverse('unit-labels')}?place={bin.pk}" in tab
    assert printed(f"{reverse('unit-labels')}?place={bin.pk}") == ["A100", "A101"]


# Its counts


def test_a_unit_shows_every_count_that_it_was_part_of(bin, drill):
    unit, other = given_units(bin, drill, ["A100", "A101"])
    session = given_session(bin.location)
    scan_units(session, ["A100"], bin=bin, by=UserFactory(username="lena"), client_id=uuid4())
    given_search(other, session=session)
    client = signed_in(*OVERSEES, "counting.view_sighting", location=bin.location)

    seen = text_of(page_of(client, unit, tab="counts", item="PT-3001"))
    missing = text_of(page_of(client, other, tab="counts", item="PT-3001"))

    assert session.number in seen
    assert "lena" in seen
    assert "Being searched for" in missing
    assert page_of(signed_in(*LOOKS, location=bin.location), unit, tab="counts").status_code == 404
