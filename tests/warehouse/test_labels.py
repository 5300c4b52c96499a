"""Labels: which are printed, what stands on them, and that what they say is found again."""

from datetime import date

import pytest
from django.urls import reverse

from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UnitOfMeasureFactory,
)
from tests.pages import COUNTER, is_page, signed_in, text_of
from warehouse.barcodes import parse
from warehouse.finding import find_bin, find_item, find_lot
from warehouse.labels import PAPERS, labels_of_bin, labels_of_item, labels_of_lot, print_labels
from warehouse.models import Bin, Item, ItemReference, ItemUnit, Lot
from warehouse.symbols import Symbology

pytestmark = pytest.mark.django_db

GTIN, BOX = "4006381333931", "14006381333938"
WIDE = PAPERS["2x7"]


@pytest.fixture
def location():
    return LocationFactory(code="LHX", name="Lindhafen")


def given_epoxy():
    """A lot with a GTIN and an expiration date."""
    item = LotItemFactory(number="CH-2001", name="Epoxy resin")
    ItemReference.objects.create(item=item, code=GTIN)
    return LotFactory(item=item, number="E25-347", expiration_date=date(2027, 11, 30))


def codes(things, labels_of):
    return [label.symbol.content for label in print_labels(things, labels_of, paper=WIDE).labels]


def test_the_label_of_a_bin_is_found_as_that_bin(location):
    bin = BinFactory(location=location, code="A-01-03")

    (label,) = labels_of_bin(bin, symbology=Symbology.CODE_128)

    assert find_bin(parse(label.symbol.content).text, location=location) == bin


@pytest.mark.parametrize("symbology", Symbology)
def test_the_label_of_an_item_is_found_as_that_item(symbology):
    item = given_epoxy().item

    (label,) = labels_of_item(item, symbology=symbology)

    assert find_item(label.symbol.content).item == item
    assert label.symbol.content == ("0104006381333931" if symbology == Symbology.GS1_128 else "CH-2001")


@pytest.mark.parametrize("symbology", [Symbology.GS1_128, Symbology.QR])
def test_the_label_of_a_lot_is_found_as_item_and_lot(symbology):
    lot = given_epoxy()

    (label,) = labels_of_lot(lot, symbology=symbology)
    found = find_item(label.symbol.content)

    assert (found.item, found.expiration_date) == (lot.item, lot.expiration_date)
    assert find_lot(found.lot_number, item=found.item) == lot


def test_a_lot_of_an_item_without_gtin_says_its_number_alone():
    lot = LotFactory(number="E25-347")

    (label,) = labels_of_lot(lot, symbology=Symbology.QR)
    refused = print_labels([lot], lambda lot: labels_of_lot(lot, symbology=Symbology.GS1_128), paper=WIDE)

    assert label.symbol.content == "E25-347"
    assert refused.labels == []
    assert "no GTIN" in refused.left_out[0]


def test_each_bar_code_of_an_item_says_what_it_stands_for():
    item = given_epoxy().item
    box = UnitOfMeasureFactory(code="box", name="box")
    ItemUnit.objects.create(item=item, unit_of_measure=box, quantity_per=12)
    ItemReference.objects.create(item=item, code=BOX, unit_of_measure=box)

    one, boxed = labels_of_item(item, symbology=Symbology.GS1_128, codes="each")

    assert (one.symbol.content, boxed.symbol.content) == (f"010{GTIN}", f"01{BOX}")
    assert boxed.lines == ("Epoxy resin", "box of 12 each")


def test_what_is_too_wide_for_the_paper_is_left_out_and_named():
    long, short = ItemFactory(number="N" * 40), ItemFactory(number="HW-1")

    printed = print_labels(
        [long, short], lambda item: labels_of_item(item, symbology=Symbology.CODE_128), paper=PAPERS["roll-62x29"]
    )

    assert [label.title for label in printed.labels] == ["HW-1"]
    assert "wider than the label" in printed.left_out[0]


def test_a_sheet_that_has_been_begun_is_used_up(location):
    bins = [BinFactory(location=location) for _each in range(3)]

    printed = print_labels(bins, lambda bin: labels_of_bin(bin, symbology=Symbology.QR), paper=WIDE, copies=2)
    first, second = printed.sheets(WIDE, start=12)

    assert first[:11] == [None] * 11
    assert [label.title for label in first[11:] + second] == [bin.code for bin in bins for _copy in "12"]


# Pages


@pytest.mark.parametrize("name", ["bin-labels", "item-labels", "lot-labels"])
def test_labels_are_pages_for_those_who_may_see_the_things(name, location, client):
    given_epoxy()
    BinFactory(location=location)

    page = signed_in(*COUNTER, location=location).get(reverse(name))

    assert page.status_code == 200
    assert is_page(page)
    assert page.content.count(b'class="barcode') == 1
    assert signed_in(location=location).get(reverse(name)).status_code == 403
    assert client.get(reverse(name)).url.startswith(reverse("login"))


def test_a_bin_of_another_location_gets_no_label(location):
    BinFactory(location=LocationFactory(), code="E-77")
    BinFactory(location=location, code="A-01-03")
    client = signed_in(*COUNTER, location=location)

    page = client.get(reverse("bin-labels"), {"bins": "E-77,A-01-03"})

    assert "A-01-03" in text_of(page)
    assert "E-77" not in text_of(page)


def test_the_filters_of_a_list_say_which_labels(location):
    for code in ("A-01-01", "A-01-02", "B-01-01"):
        BinFactory(location=location, code=code)
    client = signed_in(*COUNTER, location=location)

    listed = client.get(reverse("bins"), {"q": "A-01", "sort": "-code"})
    page = client.get(listed.context["listing"].labels_url)

    assert [label.title for label in page.context["printed"].labels] == ["A-01-01", "A-01-02"]


def test_things_lead_to_their_labels(location):
    lot, bin = given_epoxy(), BinFactory(location=location, code="A-01-03")
    client = signed_in(*COUNTER, location=location)

    for address, title in (
        (bin.get_absolute_url(), "A-01-03"),
        (lot.item.get_absolute_url(), "CH-2001"),
        (location.get_absolute_url(), "A-01-03"),
    ):
        (link,) = [one for one in client.get(address).context["actions"] if one.icon == "print"]
        assert [label.title for label in client.get(link.url).context["printed"].labels] == [title]
    row = client.get(f"{lot.item.get_absolute_url()}?tab=lots")
    assert f"{reverse('lot-labels')}?items=CH-2001&amp;lots=E25-347" in row.content.decode()


def test_nothing_chosen_is_said(location):
    page = signed_in(*COUNTER, location=location).get(reverse("bin-labels"), {"q": "nowhere"})

    assert "Nothing to label" in text_of(page)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"start": 25}, "This paper has 24 labels a sheet."),
        ({"start": "x"}, "Enter a whole number."),
        ({"copies": 500}, "less than or equal to 20"),
        ({"paper": "letter"}, "not one of the available choices"),
        ({"symbology": "gs1-128"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_printed_so_is_said_in_its_place(asked, said, location):
    BinFactory(location=location)

    page = signed_in(*COUNTER, location=location).get(reverse("bin-labels"), asked)

    assert page.status_code == 422
    assert said in text_of(page)


def test_many_labels_come_in_parts_with_as_many_statements(location, django_assert_max_num_queries):
    Bin.objects.bulk_create(Bin(location=location, code=f"A-{n:04}", walking_order=n) for n in range(1000))
    client = signed_in(*COUNTER, location=location)

    with django_assert_max_num_queries(20):
        page = client.get(reverse("bin-labels"), {"part": 3})

    assert "Part 3 of 3: 961–1,000 of 1,000." in text_of(page)
    assert page.context["printed"].labels[0].title == "A-0960"
    assert client.get(page.context["part"].previous_url).context["part"].number == 2


def test_labels_of_many_items_and_lots_cost_as_many_statements_as_one(location, django_assert_max_num_queries):
    items = [LotItemFactory() for _each in range(10)]
    for item in items:
        ItemReference.objects.create(item=item, code=GTIN)
        LotFactory(item=item)

    with django_assert_max_num_queries(7):
        assert len(codes(Item.objects.with_codes(), lambda item: labels_of_item(item, symbology="gs1-128"))) == 10
        assert len(codes(Lot.objects.with_codes(), lambda lot: labels_of_lot(lot, symbology="gs1-128"))) == 10
