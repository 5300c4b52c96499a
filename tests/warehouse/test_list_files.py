"""Lists as spreadsheets: what the filters show, in the order of the list, with nothing that is closed."""

import csv
import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from counting.models import CountSession
from tests.counting.given import given_session
from tests.factories import BinFactory, ItemFactory, LocationFactory, LotFactory, LotItemFactory, given_stock
from tests.pages import COUNTER, SUPERVISOR, signed_in

pytestmark = pytest.mark.django_db

LISTS = ("stock", "items", "item-ledger", "warehouse-ledger", "documents")


@pytest.fixture
def location():
    """5 bolts and 70 nuts, 8 of a lot of resin."""
    location = LocationFactory(code="LH")
    for number, quantity in {"BOLT": 5, "NUT": 70}.items():
        given_stock(quantity, bin=BinFactory(location=location), item=ItemFactory(number=number, name=f"={number}"))
    given_stock(
        8, bin=BinFactory(location=location), lot=LotFactory(item=LotItemFactory(number="RESIN"), number="00392")
    )
    return location


def rows_of(client, name, **query):
    response = client.get(reverse(name, query={"as": "csv", **query}))
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def test_the_stock_leaves_as_it_is_filtered_and_sorted(location):
    client = signed_in(*SUPERVISOR, location=location)

    everything = rows_of(client, "stock", sort="-quantity")
    bolts = rows_of(client, "stock", q="bolt")

    assert [(row["Item"], row["On hand"]) for row in everything] == [("NUT", "70"), ("RESIN", "8"), ("BOLT", "5")]
    assert [(row["Item"], row["Lot"]) for row in bolts] == [("BOLT", "")]
    assert bolts[0]["Name"] == "'=BOLT"


@pytest.mark.parametrize("name", LISTS)
def test_every_list_links_to_its_files_and_hands_out_all_of_its_rows(location, name):
    client = signed_in(*SUPERVISOR, location=location)

    page = client.get(reverse(name)).content.decode()
    book = load_workbook(io.BytesIO(b"".join(client.get(reverse(name, query={"as": "xlsx"})).streaming_content)))

    assert "as=xlsx" in page
    assert len(list(book.active.iter_rows(min_row=2))) == len(rows_of(client, name)) == 3


def test_a_list_of_several_pages_leaves_whole(location):
    for number in range(60):
        given_stock(1, bin=BinFactory(location=location), item=ItemFactory(number=f"I-{number}"))
    client = signed_in(*SUPERVISOR, location=location)

    assert len(rows_of(client, "stock", page=2)) == 63


def test_nobody_takes_out_the_stock_of_a_location_that_is_not_theirs(location):
    client = signed_in(*SUPERVISOR, location=LocationFactory())

    assert [rows_of(client, name) for name in ("stock", "item-ledger", "warehouse-ledger", "documents")] == [[]] * 4


def test_money_leaves_with_those_who_may_see_it(location):
    sees = signed_in(*SUPERVISOR, location=location)
    counts = signed_in("ledger.view_itemledgerentry", location=location)

    assert rows_of(sees, "item-ledger", sort="entry")[0]["Value"] == "12.5"
    assert "Value" not in rows_of(counts, "item-ledger")[0]


@pytest.mark.parametrize("name", ["stock", "items", "item-ledger", "warehouse-ledger"])
def test_quantities_that_a_blind_count_closes_do_not_leave(location, name):
    CountSession.objects.filter(pk=given_session(location).pk).update(blind=True)
    rights = ("counting.change_countsession", "ledger.view_itemledgerentry", "ledger.view_warehouseentry", *COUNTER)
    client = signed_in(*rights, location=location)

    cells = [cell for row in rows_of(client, name) for cell in row.values()]

    assert not {"5", "70", "8"} & set(cells)


def test_a_german_reader_gets_semicolons(location, settings):
    client = signed_in(*SUPERVISOR, location=location)

    response = client.get(reverse("stock", query={"as": "csv"}), headers={"Accept-Language": "de"})

    assert b";" in b"".join(response.streaming_content).splitlines()[0]
