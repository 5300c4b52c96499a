"""Count sheets: what stands on which page, whom they tell what, and that a scanner finds each line by its code."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from counting.models import Activity, CountLine, CountSession, Deed
from counting.review import ask_recount, mark_counted
from counting.scanning import Kind, understand
from counting.sheets import Blank, code_of, draw_sheet, with_codes
from counting.views.sheet import AT_ONCE
from tests.counting.given import count, given_session
from tests.counting.people import auditor, counter, supervisor
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UnitOfMeasureFactory,
    UserFactory,
    ZoneFactory,
    given_stock,
    post_lines,
)
from tests.pages import HTMX, is_page, signed_in, text_of
from warehouse.models import Bin, Item, ItemReference, ItemVariant
from warehouse.quants import ensure_quant

pytestmark = pytest.mark.django_db

EPOXY, RED = "4012345678901", "4006381333931"


@pytest.fixture
def location():
    return LocationFactory(code="LH1", name="Lindhafen")


def given_bins(location, *codes, **details):
    return [BinFactory(location=location, code=code, **details) for code in codes]


def given_many(location, bins, lines):
    """So many lines in these bins, each of an item of its own in one of them."""
    unit = UnitOfMeasureFactory()
    items = Item.objects.bulk_create(ItemFactory.build_batch(lines, base_unit=unit))
    stock = [{"bin": bins[n % len(bins)].pk, "item": item.pk} for n, item in enumerate(items)]
    post_lines(location, *({**place, "quantity": Decimal(7)} for place in stock))
    return given_session(location)


def sheet_of(session, **options):
    lines = session.lines.countable(session).in_walking_order().with_names()
    return draw_sheet(session, with_codes(lines), **options)


def codes_by_page(sheet):
    return [[group.bin and group.bin.code for group in page.groups] for page in sheet.pages]


def address(session):
    return reverse("count-sheet", args=[session.number])


# Pages


def test_lines_stand_in_walking_order_and_are_numbered_through(location):
    last, first = given_bins(location, "B-01", "A-01")
    Bin.objects.filter(pk=first.pk).update(walking_order=1)
    Bin.objects.filter(pk=last.pk).update(walking_order=2)
    session = given_many(location, [last, first], 4)

    (page,) = sheet_of(session).pages

    assert [group.bin.code for group in page.groups] == ["A-01", "B-01"]
    assert [row.number for group in page.groups for row in group.rows] == [1, 2, 3, 4]


def test_a_bin_that_does_not_end_on_its_page_goes_on_on_the_next(location):
    session = given_many(location, given_bins(location, "A-01"), 20)

    first, second = sheet_of(session).pages

    assert not first.groups[0].continued
    assert second.groups[0].continued
    assert (first.lines + second.lines, second.groups[0].rows[-1].number) == (20, 20)


def test_one_bin_or_one_line_a_page(location):
    session = given_many(location, given_bins(location, "A-01", "A-02"), 4)

    by_bin, by_line = sheet_of(session, per="bin", blank_lines=1), sheet_of(session, per="line", blank_lines=1)

    assert codes_by_page(by_bin) == [["A-01"], ["A-02"]]
    assert [page.groups[0].rows[-1].blank for page in by_bin.pages] == [Blank.FOUND, Blank.FOUND]
    assert codes_by_page(by_line) == [["A-01"], ["A-01"], ["A-02"], ["A-02"]]


def test_blank_lines_are_for_what_is_found_and_for_other_lots(location):
    (bin,) = given_bins(location, "A-01")
    epoxy = LotItemFactory(number="CH-2001")
    for number in ("E25", "E26"):
        given_stock(8, bin=bin, lot=LotFactory(item=epoxy, number=number))
    given_stock(8, bin=bin, item=ItemFactory(number="HW-1"))

    (page,) = sheet_of(given_session(location), blank_lines=2, lot_lines=True).pages

    rows = [row for group in page.groups for row in group.rows]
    assert [row.blank for row in rows] == ["", "", Blank.LOT, "", Blank.FOUND, Blank.FOUND]
    assert rows[2].quant.item == epoxy


def test_long_names_take_the_room_that_they_need(location):
    (bin,) = given_bins(location, "A-01")
    given_stock(8, bin=bin, item=ItemFactory(number="HW-1", name="Padlock"))
    given_stock(8, bin=bin, item=ItemFactory(number="HW-2", name="Padlock with two keys, hardened, " * 3))
    given_stock(8, bin=bin, lot=LotFactory(item=LotItemFactory(number="N" * 40, name="Glue"), number="L" * 60))

    (page,) = sheet_of(given_session(location)).pages

    rows = page.groups[0].rows
    assert [(row.name_lines, row.detail_lines) for row in rows] == [(1, 1), (2, 1), (1, 4)]


# Codes


def test_a_scanner_finds_each_line_by_the_code_beside_it(location):
    (bin,) = given_bins(location, "A-01-03")
    padlock, hinge = ItemFactory(number="HW-2207"), ItemFactory(number="HW-1002")
    red, blue = (ItemVariant.objects.create(item=hinge, code=code) for code in ("RED", "BLUE"))
    ItemReference.objects.create(item=hinge, variant=red, code=RED)
    epoxy, glue = LotItemFactory(number="CH-2001"), LotItemFactory(number="CH-2002")
    ItemReference.objects.create(item=epoxy, code=EPOXY)
    lots = [
        LotFactory(item=epoxy, number="E25-347", expiration_date=date(2027, 11, 30)),
        LotFactory(item=epoxy, number="E26-081"),
        LotFactory(item=epoxy, number="a lot that GS1 has no room for"),
        LotFactory(item=glue, number="G1"),
    ]
    quants = [given_stock(5, bin=bin, item=padlock), *(given_stock(5, bin=bin, lot=lot) for lot in lots)]
    coloured = ensure_quant(bin=bin, item=hinge, variant=red)
    ensure_quant(bin=bin, item=hinge, variant=blue)
    session = given_session(location, places_that_held_it=True)
    person = UserFactory(locations=[location])

    for quant in [*quants, coloured]:
        meaning = understand(session, code_of(quant).content, bin=bin, by=person)
        assert (meaning.kind, meaning.line.quant) == (Kind.LINE, quant)
    assert understand(session, "A-01-03", bin=bin, by=person).kind == Kind.BIN


def test_the_code_of_a_sheet_opens_its_count_by_the_search_field(location):
    session = given_many(location, given_bins(location, "A-01"), 1)

    found = counter(location).get(reverse("search"), {"q": sheet_of(session).symbol.content})

    assert found.url == session.get_absolute_url()


def test_what_is_too_long_for_bars_becomes_a_qr_code(location):
    (bin,) = given_bins(location, "RACK-17-LEVEL-04-LEFT")
    session = given_many(location, [bin], 1)

    (page,) = sheet_of(session).pages

    assert page.groups[0].symbol.is_square
    assert not page.groups[0].rows[0].symbol.is_square


# Who sees what


def test_a_sheet_is_a_page_and_a_part_of_it_for_those_who_count(location):
    session = given_many(location, given_bins(location, "A-01"), 2)

    page, part = (counter(location).get(address(session), headers=headers) for headers in ({}, HTMX))

    assert (page.status_code, part.status_code) == (200, 200)
    assert (is_page(page), is_page(part)) == (True, False)
    assert "Page 1 of 1" in text_of(page)
    assert counter(LocationFactory()).get(address(session)).status_code == 404
    assert signed_in("warehouse.view_bin", location=location).get(address(session)).status_code == 403


def test_the_system_quantity_is_on_a_sheet_where_it_is_asked_for(location):
    given_stock(1234, bin=given_bins(location, "A-01")[0])
    session = given_session(location)
    client = counter(location)

    blind, told = client.get(address(session)), client.get(address(session), {"system": "on"})

    assert "1,234" not in text_of(blind)
    assert "Blind count." in text_of(blind)
    assert "1,234" in text_of(told)


def test_a_blind_count_has_blind_sheets_for_counters_whatever_they_ask_for(location):
    given_stock(1234, bin=given_bins(location, "A-01")[0])
    session = given_session(location)
    CountSession.objects.update(blind=True)

    asked = counter(location).get(address(session), {"system": "on"})
    reviewed = supervisor(location).get(address(session), {"system": "on"})

    assert "1,234" not in asked.content.decode()
    assert "1234" not in asked.content.decode()
    assert "1,234" in text_of(reviewed)


def test_a_recount_sheet_has_the_lines_that_are_asked_for_again_without_their_first_result(location):
    asked, other = (given_stock(10, bin=bin) for bin in given_bins(location, "A-01", "A-02"))
    session = given_session(location)
    for line in session.lines.all():
        count(line, 777)
    mark_counted(session, by=UserFactory(), at=timezone.now())
    ask_recount(session, [session.lines.get(quant=asked).pk], by=UserFactory(), at=timezone.now(), why="Look again")

    page = supervisor(location).get(address(session), {"system": "on"})

    assert [line.quant for line in page.context["page"].lines] == [asked]
    assert f"Recount sheet {session.number}" in text_of(page)
    assert "777" not in text_of(page)
    assert other.bin.code not in text_of(page)


def test_only_some_zones_or_bins_are_printed(location):
    zone = ZoneFactory(location=location, code="A")
    bins = [*given_bins(location, "A-01", "A-02", zone=zone), *given_bins(location, "B-01")]
    session = given_many(location, bins, 3)
    client = counter(location)

    def printed(**asked):
        lines = client.get(address(session), asked).context["page"].lines
        return [line.quant.bin.code for line in lines]

    assert printed(zones="A") == ["A-01", "A-02"]
    assert printed(bins="A-02, B-01") == ["A-02", "B-01"]
    assert printed(bins="A-*") == ["A-01", "A-02"]


def test_lines_are_sorted_by_item_where_that_is_asked_for(location):
    first, second = given_bins(location, "A-01", "A-02")
    bolt, nut = ItemFactory(number="HW-1"), ItemFactory(number="HW-2")
    for bin, item in ((first, nut), (second, bolt), (first, bolt)):
        given_stock(7, bin=bin, item=item)
    session = given_session(location)

    page = counter(location).get(address(session), {"sort": "item"})

    lines = page.context["page"].lines
    assert [(line.quant.item.number, line.quant.bin.code) for line in lines] == [
        ("HW-1", "A-01"),
        ("HW-1", "A-02"),
        ("HW-2", "A-01"),
    ]
    assert "Sorted by Item" in text_of(page)


def test_the_list_of_a_journal_is_a_physical_inventory_list(location):
    given_stock(7, bin=given_bins(location, "A-01")[0])
    session = given_session(location, policies={"journal": True, "uncounted": "expected"})

    with_quantities = counter(location).get(address(session), {"system": "on"})
    without = counter(location).get(address(session))

    assert f"Physical inventory list {session.number}" in text_of(without)
    assert without.context["page"].shows_system is False
    assert with_quantities.context["page"].shows_system is True


def test_what_is_left_to_count_is_printed_alone(location):
    session = given_many(location, given_bins(location, "A-01", "A-02"), 2)
    count(CountLine.objects.in_walking_order().first(), 5)

    lines = counter(location).get(address(session), {"which": "left"}).context["page"].lines

    assert [line.quant.bin.code for line in lines] == ["A-02"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"bins": "E-77"}, "Lindhafen has no bin “E-77”."),
        ({"blank_lines": "many"}, "Enter a whole number."),
        ({"blank_lines": 31}, "less than or equal to 30"),
        ({"per": "pallet"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_printed_is_said(asked, said, location):
    session = given_many(location, given_bins(location, "A-01"), 1)

    page = counter(location).get(address(session), asked)

    assert page.status_code == 422
    assert said in text_of(page)
    assert "Page 1 of" not in text_of(page)


def test_there_are_no_sheets_of_a_count_that_is_over(location):
    session = given_many(location, given_bins(location, "A-01"), 1)
    count(session.lines.get(), 7)
    mark_counted(session, by=UserFactory(), at=timezone.now())

    page = counter(location).get(address(session))

    assert f"{session.number} is not being counted any more" in text_of(page)
    assert page.context["page"].pages == []


# Printing


def test_printing_is_remembered_and_looking_is_not(location):
    session = given_many(location, given_bins(location, "A-01"), 2)
    client = supervisor(location)

    client.get(address(session), {"system": "on"})
    assert not Activity.objects.filter(deed=Deed.PRINTED).exists()
    answer = client.post(f"{address(session)}?system=on&per=bin")

    printed = Activity.objects.get(deed=Deed.PRINTED)
    assert (printed.by, printed.lines, printed.note) == (client.person, 2, "with the system quantity")
    assert answer.url == f"{address(session)}?system=on&per=bin&print=on"


def test_who_only_reads_does_not_print(location):
    session = given_many(location, given_bins(location, "A-01"), 1)

    assert auditor(location).get(address(session)).status_code == 200
    assert auditor(location).post(address(session)).status_code == 403
    assert counter(LocationFactory()).post(address(session)).status_code == 404


def test_nothing_is_remembered_where_nothing_is_printed(location):
    session = given_many(location, given_bins(location, "A-01"), 1)
    count(session.lines.get(), 7)
    client = counter(location)

    client.post(f"{address(session)}?which=left")
    mark_counted(session, by=UserFactory(), at=timezone.now())
    client.post(address(session))

    assert not Activity.objects.filter(deed=Deed.PRINTED).exists()


# Large counts


def test_a_large_count_is_printed_in_parts_with_few_statements(location, django_assert_max_num_queries):
    session = given_many(location, given_bins(location, "A-01", "A-02", "A-03"), AT_ONCE + 20)
    client = counter(location)

    with django_assert_max_num_queries(20):
        whole = client.get(address(session))
    rest = client.get(whole.context["page"].part.next_url)

    assert f"Part 1 of 2: 1–{AT_ONCE} of {AT_ONCE + 20}." in text_of(whole)
    assert len(whole.context["page"].lines) == AT_ONCE
    assert rest.context["page"].pages[0].groups[0].rows[0].number == AT_ONCE + 1
    assert f"Page {len(rest.context['page'].pages)} of {len(rest.context['page'].pages)}" in text_of(rest)
