"""The lines of a count as they leave: for whom, with what, and in whose headings."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from counting.exporting import CODES_IN_A_CELL, Layout, Version, Which, export_lines
from counting.models import CountSession, Sighting
from counting.review import ask_recount, mark_counted
from tests.counting.given import count, given_line, given_lines, given_session
from tests.counting.people import auditor, counter, supervisor
from tests.counting.unit_counts import given_count, given_shelves, scan
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    SerialItemFactory,
    UserFactory,
    given_stock,
    move,
)

pytestmark = pytest.mark.django_db


def exported(session, by, layout=Layout.TRUECOUNT, which=Which.ALL):
    export = export_lines(session, layout=layout, which=which, by=by, at=timezone.now())
    return [dict(zip(export.header, row, strict=True)) for row in export.rows]


def table(response):
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def given_blind(session):
    CountSession.objects.filter(pk=session.pk).update(blind=True)
    session.refresh_from_db()


@pytest.fixture
def shelf():
    """54 padlocks, and 8 of a lot of resin that expires, in one bin; padlocks are counted 51."""
    location = LocationFactory(code="LH", name="Lindhafen")
    bin = BinFactory(location=location, code="A-1", name="Rack 1")
    lot = LotFactory(item=LotItemFactory(number="RESIN"), number="00392", expiration_date=date(2027, 1, 31))
    given_stock(54, bin=bin, item=ItemFactory(number="PADLOCK", name="Padlock"), unit_cost=Decimal("2.5"))
    given_stock(8, bin=bin, lot=lot)
    session = given_session(location)
    count(session.lines.get(quant__item__number="PADLOCK"), 51)
    return session


def test_a_reviewer_takes_lines_out_with_their_keys_and_all_quantities(shelf):
    reviewer = supervisor(shelf.location).person

    padlock, resin = exported(shelf, reviewer)

    line = shelf.lines.get(quant__item__number="PADLOCK")
    assert padlock["Line"] == line.pk
    assert (padlock["Bin"], padlock["Item"], padlock["Counted"], padlock["Book quantity"]) == ("A-1", "PADLOCK", 51, 54)
    assert (padlock["Discrepancy"], padlock["Unit cost"]) == (-3, Decimal("2.5"))
    assert (resin["Lot"], resin["Expires"], resin["Counted"]) == ("00392", date(2027, 1, 31), None)


def test_a_counter_gets_what_was_counted_and_nothing_of_the_books(shelf):
    padlock = exported(shelf, counter(shelf.location).person)[0]

    assert padlock["Counted"] == 51
    assert not {"System quantity", "Book quantity", "Discrepancy", "Unit cost"} & padlock.keys()


@pytest.mark.parametrize("layout", Layout.values)
def test_a_blind_count_tells_a_counter_their_own_counts_only(shelf, layout):
    given_blind(shelf)
    person = counter(shelf.location).person
    count(shelf.lines.get(quant__item__number="RESIN"), 7, by=person)

    cells = [str(cell) for row in exported(shelf, person, layout) for cell in row.values()]

    assert "7.00000" in cells
    assert not {"51.00000", "54.00000", "8.00000", "51", "54", "8"} & set(cells)


def test_a_line_that_is_out_for_recount_leaves_blank(shelf):
    mark_counted(shelf, by=UserFactory(), at=timezone.now())
    ask_recount(
        shelf,
        [shelf.lines.get(quant__item__number="PADLOCK").pk],
        by=UserFactory(),
        at=timezone.now(),
        why="Look again",
    )

    padlock = exported(shelf, supervisor(shelf.location).person)[0]

    assert padlock["Counted"] is None


@pytest.mark.parametrize(("which", "items"), [("all", 2), ("left", 1), ("counted", 1)])
def test_lines_can_be_chosen_by_what_is_still_to_be_counted(shelf, which, items):
    assert len(exported(shelf, UserFactory(), which=which)) == items


def test_the_version_tells_counts_and_movements_apart():
    line = given_line(10)

    def version():
        return Version.read(exported(line.session, UserFactory())[0]["Version"])

    fresh = version()
    count(line, 8)
    counted = version()
    move(line.quant, 2)
    moved = version()

    assert (fresh.round, fresh.counted) == (1, 0)
    assert counted.counted > 0
    assert counted.begun == fresh.begun < moved.begun
    assert moved.counted == counted.counted


@pytest.mark.parametrize("text", ["", "12", "r1m2", "r1m2c3 ", "r1m2c" + "9" * 30, "v1"])
def test_what_is_no_version_is_not_taken_for_one(text):
    assert Version.read(text) is None


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (
            Layout.OPENBOXES,
            [
                "Product code,Product name,Lot number,Expiration date,Bin location,OB QOH,Physical QOH,Comment",
                "PADLOCK,Padlock,,,Rack 1,54,51,",
            ],
        ),
        (Layout.ODOO, ["Location,Product,Lot/Serial Number,Counted Quantity", "Rack 1,PADLOCK,,51"]),
        (Layout.ERPNEXT, ["Item Code,Warehouse,Quantity,Valuation Rate,Batch No", "PADLOCK,Rack 1,51,2.5,"]),
    ],
)
def test_a_count_goes_back_in_the_headings_of_the_system_that_it_came_from(shelf, layout, expected):
    client = supervisor(shelf.location)

    response = client.post(
        reverse("count-export", args=[shelf.number]), {"layout": layout, "which": "all", "format": "csv-plain"}
    )

    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[:2] == expected
    assert response["Content-Disposition"] == f'attachment; filename="{shelf.number}-{layout}.csv"'


def test_what_nobody_counted_goes_back_to_no_system_as_a_zero(shelf):
    rows = exported(shelf, supervisor(shelf.location).person, Layout.ODOO)

    assert [row["Product"] for row in rows] == ["PADLOCK"]


def test_bins_of_one_name_leave_by_their_numbers():
    lines = given_lines(1, 2)
    session = lines[0].session
    session.location.bins.filter(kind="storage").update(name="Shelf")

    places = [row["Bin location"] for row in exported(session, UserFactory(), Layout.OPENBOXES)]

    assert places == [line.quant.bin.code for line in lines]


def test_the_session_remembers_who_took_its_lines_out(shelf):
    client = counter(shelf.location)

    client.post(reverse("count-export", args=[shelf.number]), {"layout": "odoo", "which": "all", "format": "xlsx"})

    deed = shelf.activities.get(deed="exported")
    assert (deed.by, deed.lines, deed.note) == (client.person, 1, "Odoo")


def test_the_page_offers_the_export_and_looking_at_it_is_no_deed(shelf):
    client = counter(shelf.location)

    page = client.get(reverse("count-detail", args=[shelf.number])).content.decode()
    form = client.get(reverse("count-export", args=[shelf.number]))

    assert reverse("count-export", args=[shelf.number]) in page
    assert form.status_code == 200
    assert not shelf.activities.filter(deed="exported").exists()


def test_a_choice_that_is_none_is_refused(shelf):
    client = counter(shelf.location)

    response = client.post(
        reverse("count-export", args=[shelf.number]), {"layout": "sap", "which": "all", "format": "xlsx"}
    )

    assert response.status_code == 422


def test_strangers_find_no_export(shelf):
    client = counter(LocationFactory())

    assert client.post(reverse("count-export", args=[shelf.number])).status_code == 404


def test_an_auditor_may_take_lines_out(shelf):
    client = auditor(shelf.location)

    response = client.post(
        reverse("count-export", args=[shelf.number]), {"layout": "truecount", "which": "all", "format": "csv"}
    )

    assert [row["Book quantity"] for row in table(response)] == ["54", ""]


def test_an_export_takes_as_many_statements_for_many_lines_as_for_few(shelf, django_assert_max_num_queries):
    many = given_lines(*range(1, 41))[0].session

    for session in (shelf, many):
        reviewer = supervisor(session.location).person
        with django_assert_max_num_queries(12):
            exported(session, reviewer)


# Units


@pytest.fixture
def tools():
    """Bin A-1 with drills D1, D2 and D3; D1 and D3 were scanned, and D9, which nobody knows."""
    _item, [bin] = given_shelves(["D1", "D2", "D3"], item=SerialItemFactory(number="DRILL"))
    session = given_count(bin)
    scan(session, bin, "D3", "D1", "D9")
    return session


def test_units_leave_by_their_codes_beside_those_of_the_books(tools):
    [drill] = exported(tools, supervisor(tools.location).person)

    assert (drill["Counted"], drill["Serial numbers"], drill["Units in the books"]) == (3, "D1, D3, D9", "D1, D2, D3")


def test_a_count_without_units_has_no_columns_for_them(shelf):
    [padlock, _resin] = exported(shelf, supervisor(shelf.location).person)

    assert not {"Serial numbers", "Units in the books"} & padlock.keys()


def test_a_blind_count_tells_a_counter_the_codes_that_they_scanned_alone(tools):
    given_blind(tools)
    person, other = (counter(tools.location).person for _ in range(2))
    Sighting.objects.filter(line__session=tools, code="D3").update(by=person)

    [mine], [theirs] = exported(tools, person), exported(tools, other)

    assert (mine["Counted"], mine["Serial numbers"]) == (1, "D3")
    assert (theirs["Counted"], theirs["Serial numbers"]) == (None, None)
    assert "Units in the books" not in mine


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("odoo", [{"Lot/Serial Number": code, "Counted Quantity": 1} for code in ("D1", "D3", "D9")]),
        ("erpnext", [{"Serial No": "D1\nD3\nD9", "Quantity": 3}]),
    ],
)
def test_units_go_back_as_other_systems_name_them(tools, layout, expected):
    rows = exported(tools, supervisor(tools.location).person, layout=layout)

    assert [{name: row[name] for name in expected[0]} for row in rows] == expected


def test_more_codes_than_a_cell_holds_take_several_rows():
    codes = [f"N{number:04}" for number in range(CODES_IN_A_CELL + 2)]
    _item, [bin] = given_shelves(codes)
    session = given_count(bin)
    scan(session, bin, *codes)

    first, second = exported(session, supervisor(session.location).person)

    assert first["Line"] == second["Line"]
    assert second["Serial numbers"] == ", ".join(codes[CODES_IN_A_CELL:])
