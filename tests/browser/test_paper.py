"""What comes out of the printer: whole pages of the right size, and bar codes by which a scanner finds the thing."""

import re
from datetime import date

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from counting.models import Activity, Deed
from counting.scanning import Kind, understand
from tests.browser.given import Lindhafen
from tests.conftest import eventually
from tests.counting.given import clear, count, given_session
from tests.factories import BinFactory, ItemFactory, LotFactory, given_stock
from tests.scanner import sheets_of
from warehouse.finding import find_bin, find_item, find_lot

pytestmark = pytest.mark.browser

A4, LANDSCAPE = (210, 297), (297, 210)
FURNITURE = ("Home", "Find item", "Skip to content", "Blank lines", "Lines that match")
# Prints are cut where a cell holds more than it shows, or where a sheet holds more than a page.
CUT = """() => [...document.querySelectorAll(".paper, .paper header, .paper header p, .paper td, .paper th, .sticker")]
  .filter((box) => box.scrollHeight > box.clientHeight + 2 || box.scrollWidth > box.clientWidth + 2)
  .map((box) => `${box.className} ${box.textContent.trim().slice(0, 60)}`)"""


@pytest.fixture
def lindhafen():
    """With what is hard to print: long names and numbers, a lot that GS1 has no room for, and more than a page."""
    lindhafen = Lindhafen()
    rack = BinFactory(location=lindhafen.location, code="HALL-7-RACK-17-LEVEL-04", walking_order=999)
    given_stock(5, bin=rack, item=ItemFactory(number="HW-" + "8" * 37, name="Hex bolt, hot-dip galvanized, " * 6))
    given_stock(5, bin=rack, lot=LotFactory(item=lindhafen.epoxy, number="a lot that GS1 has no room for"))
    given_stock(5, bin=rack, lot=LotFactory(number="L-1", expiration_date=date(2027, 1, 31)))
    for number in range(20):
        given_stock(1234, bin=lindhafen.a0104, item=ItemFactory(number=f"99{number:04}", name=f"Washer M{number}"))
        given_stock(5, bin=BinFactory(location=lindhafen.location, code=f"C-{number:02}"), item=lindhafen.hinge)
    for number in range(20):
        hall = BinFactory(location=lindhafen.location, code=f"HALL-8-RACK-17-LEVEL-{number:02}", walking_order=1000)
        given_stock(5, bin=hall, item=lindhafen.hinge)
    return lindhafen


@pytest.fixture
def lena(at_work, lindhafen):
    """The browser's dialog for printing is a counter."""
    lena = at_work(lindhafen.employs("lena", "Supervisor")).comes_in()
    lena.page.add_init_script("window.print = () => sessionStorage.printed = +(sessionStorage.printed ?? 0) + 1")
    return lena


def printed(person, address):
    """The pages that come out of the printer."""
    person.goes(address)
    person.looks(address.split("?")[0].strip("/").replace("/", "-"))
    person.page.emulate_media(media="print")
    assert person.page.evaluate(CUT) == []
    pages = sheets_of(person.page.pdf(prefer_css_page_size=True, print_background=True))
    person.page.emulate_media(media="screen")
    for page in pages:
        assert not [word for word in FURNITURE if word in page.text]
    return pages


def test_sheets_reports_and_labels_come_out_whole_and_can_be_scanned(lena, lindhafen):
    session = given_session(lindhafen.location)
    lines = list(session.lines.in_walking_order().with_names())

    # Count sheets
    pages = printed(lena, reverse("count-sheet", args=[session.number]))
    assert {page.size for page in pages} == {A4}
    assert len(pages) == lena.page.locator(".paper").count() > 1
    for number, page in enumerate(pages, 1):
        assert f"Count sheet {session.number}" in page.text
        assert f"Page {number} of {len(pages)}" in page.text
        assert "1,234" not in page.text
    read = "".join(page.text for page in pages).replace(" ", "")
    assert [line.quant.item.number for line in lines if line.quant.item.number not in read] == []
    assert [line.quant.bin.code for line in lines if line.quant.bin.code not in read] == []
    found, bins = set(), set()
    for code in {code for page in pages for code in page.scans()}:
        for bin in {line.quant.bin for line in lines}:
            meaning = understand(session, code, bin=bin, by=lena.user)
            if meaning.kind == Kind.LINE:
                found.add(meaning.line)
            elif meaning.kind == Kind.BIN:
                bins.add(meaning.bin)
    assert found == set(lines)
    assert bins == {line.quant.bin for line in lines}

    # The report
    for line in lines[:30]:
        count(line, 777)
    pages = printed(lena, f"{reverse('count-report', args=[session.number])}?costs=on")
    assert {page.size for page in pages} == {LANDSCAPE}
    for number, page in enumerate(pages, 1):
        assert f"Discrepancy report {session.number}" in page.text
        assert f"{number} / {len(pages)}" in page.text
        assert page.text.count("Unit cost") == 1

    # Labels
    (page,) = printed(lena, f"{reverse('lot-labels')}?items=CH-2001&q=E2")
    assert page.size == A4
    assert {found_lot(code) for code in page.scans()} == {"E25-347 2027-11-30", "E26-081 2028-04-30"}
    assert all(code.startswith("]C101") for code in page.scans())
    (page,) = printed(lena, f"{reverse('bin-labels')}?q=A-01&symbology=qr")
    assert {find_bin(code.removeprefix("]Q1"), location=lindhafen.location).code for code in page.scans()} == {
        f"A-01-0{number}" for number in range(1, 5)
    }
    (page,) = printed(lena, f"{reverse('item-labels')}?q=HW-100&symbology=code128")
    assert {find_item(code).item for code in page.scans()} == {lindhafen.padlock, lindhafen.hinge}
    (page,) = printed(lena, f"{reverse('lot-labels')}?items=CH-2001&lots=E25-347&paper=roll-100x50")
    assert page.size == (100, 50)


def found_lot(code):
    found = find_item(code)
    return f"{find_lot(found.lot_number, item=found.item)} {found.expiration_date}"


def test_a_report_is_signed_under_the_head_of_its_table_however_many_lines_fit(lena, lindhafen, monkeypatch):
    for number in range(40):
        given_stock(5, bin=lindhafen.a0104, item=ItemFactory(number=f"NUT-{number:02}", name="Nut"))
    session = given_session(lindhafen.location)
    lines = list(session.lines.filter(quant__item__name="Nut").in_walking_order())
    for line in lines:
        count(line, 7)

    def ending(total):
        """How many lines the last page has above its signatures."""
        pages = printed(lena, f"{reverse('count-report', args=[session.number])}?costs=on")
        for page in pages:
            assert f"Discrepancy report {session.number}" in page.text
            assert page.text.count("Unit cost") == 1
        assert ["Reviewed by" in page.text for page in pages] == [False] * (len(pages) - 1) + [True]
        assert ["Total" in page.text for page in pages] == [False] * (len(pages) - 1) + [total]
        return pages[-1].text.count("NUT-")

    # As many lines as two pages hold, and one or two less
    full = len(lines) - ending(total=True)
    endings = set()
    for fewer in range(3):
        monkeypatch.setattr("counting.views.report.AT_ONCE", full - fewer)
        endings.add((False, ending(total=False)))
        for line in lines[full - fewer :]:
            clear(line)
        endings.add((True, ending(total=True)))

    assert {(False, 0), (True, 0)} < endings


def test_the_button_remembers_the_printing_and_opens_the_dialog_once(lena, lindhafen):
    session = given_session(lindhafen.location)
    lena.goes(reverse("count-sheet", args=[session.number]))

    lena.page.get_by_label("On a page").select_option("one bin a page")
    expect(lena.page).to_have_url(re.compile("per=bin"))
    with lena.page.expect_navigation():
        lena.press("Print")
    eventually(lambda: lena.page.evaluate("sessionStorage.printed") == "1", "The dialog for printing did not open.")
    lena.page.reload()

    expect(lena.page.get_by_label("On a page")).to_have_value("bin")
    assert lena.page.evaluate("sessionStorage.printed") == "1"
    assert Activity.objects.get(deed=Deed.PRINTED).by == lena.user
