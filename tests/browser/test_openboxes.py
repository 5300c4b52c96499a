"""Somebody moves here from OpenBoxes: files of that system as they are, and a first count of its Boston warehouse."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from playwright.sync_api import expect

from counting.models import CountSession
from counting.people import apply_groups
from tests.browser.given import lets_in
from tests.factories import UserFactory
from tests.laws import assert_reconciled
from tests.ledger.test_import import OPENBOXES, needs_openboxes
from warehouse.models import Bin, Item, Location, Quant

pytestmark = [pytest.mark.browser, needs_openboxes]

FILES = ("locations.csv", "binLocations.csv", "products.csv", "bostonWarehouseInventory.csv")


def test_boston_is_imported_counted_while_it_works_and_put_right(at_work, worker):
    apply_groups()
    supervisor = UserFactory(username="lena", first_name="Lena", last_name="Okafor")
    supervisor.groups.add(Group.objects.get(name="Supervisor"))
    lets_in(supervisor)
    lena = at_work(supervisor).comes_in()

    hands_in_the_files(lena)
    decides_what_they_leave_open(lena)
    imports_them(lena)
    opens_a_count_of_boston(lena)
    counts_some_of_it(lena)
    completes_it(lena)

    assert_reconciled()
    call_command("reconcile")
    assert stock("QX039") == 2990
    assert stock("TS894") == 500
    assert stock("GM080") == 99 - 10
    assert stock("MC017") == 2280
    assert CountSession.objects.get().lines.filter(counted_quantity=None).exists()


def hands_in_the_files(lena):
    lena.goes("/stock/")
    lena.follows("Import")
    lena.page.get_by_label("Files").set_input_files([OPENBOXES / name for name in FILES])
    lena.looks("import")
    lena.press("Check the files")
    lena.reads("Will be created")
    lena.looks("import-checked")
    assert not Location.objects.exists()


def decides_what_they_leave_open(lena):
    page = lena.page
    # The name of the file says where its stock lies.
    place = page.get_by_label("bostonWarehouseInventory.csv lies at").locator("option:checked")
    expect(place).to_have_text("Boston Warehouse")
    lena.reads("43", figure("Opening entries"))
    page.get_by_label("Main Warehouse (14 bins)").check()
    lena.reads("40", figure("Bins"))
    lena.reads("14", figure("Locations"))
    lena.reads("Toyota USA")
    lena.looks("import-decided")


def imports_them(lena):
    lena.press("Import all of this")
    expect(lena.page.locator("#import")).to_contain_text("Imported.", timeout=30_000)
    lena.looks("import-done")
    assert (Location.objects.count(), Bin.objects.filter(kind="storage").count(), Item.objects.count()) == (14, 40, 57)
    # Whoever made the locations works there.
    lena.goes("/stock/?q=QX039")
    lena.reads("3,000", "#list")
    lena.looks("stock-imported")


def opens_a_count_of_boston(lena):
    lena.goes("/counts/new/")
    lena.page.get_by_label("Location", exact=True).select_option(label="Boston Warehouse BOSW")
    lena.reads("about 43 lines", "#preview")
    lena.press("Open the count")
    lena.reads("is open: 43 lines", "#toasts")


def counts_some_of_it(lena):
    page = lena.page
    lena.follows("Count", exact=True, inside="main")
    plate = page.locator("#plate h1")
    expect(plate).to_contain_text("BOS")
    # A bin by its name, as people there call it; an item by its number; the rest as the book says.
    lena.scans("RACK1-SHELF1")
    expect(plate).to_contain_text("BOS-1-1")
    lena.scans("QX039", "1 Each in BOS-1-1")
    lena.looks("count-boston")
    page.locator(".line[open]").get_by_role("textbox").fill("2990")
    page.locator(".line[open]").get_by_role("textbox").press("Enter")
    lena.reads("2,990 Each", "#said")
    page.get_by_role("button", name="left are as expected").click()
    lena.reads("as expected", "#said")

    lena.scans("COLD ROOM")
    expect(plate).to_contain_text("BOS-COLD")
    lena.scans("GM080", "1 Each in BOS-COLD")
    page.locator(".line[open]").get_by_role("textbox").fill("9 x 11")
    page.locator(".line[open]").get_by_role("textbox").press("Enter")
    lena.reads("99 Each", "#said")
    # While she counts, ten of them leave; that is her own work on another page.
    issues_from_the_cold_room(lena, "GM080", 10)


def issues_from_the_cold_room(lena, item, quantity):
    page = lena.context.new_page()
    page.goto("/stock/issue/")
    page.get_by_label("Location", exact=True).select_option(label="Boston Warehouse BOSW")
    page.get_by_label("Item", exact=True).first.fill(item)
    page.get_by_label("Bin", exact=True).first.fill("COLD ROOM")
    page.get_by_label("Lot", exact=True).first.fill("6758")
    page.get_by_label("Quantity", exact=True).first.fill(str(quantity))
    page.get_by_role("button", name="Post issue").click()
    expect(page.locator("#toasts")).to_contain_text("is posted")
    page.close()


def completes_it(lena):
    session = CountSession.objects.get()
    lena.goes(session.get_absolute_url())
    lena.press("Mark as counted")
    lena.page.get_by_role("dialog").get_by_role("button", name="Mark as counted").click()
    lena.follows("Review", exact=True, inside="main")
    lena.reads("BOS-COLD")
    lena.looks("review-boston")
    lena.follows("Go on to post")
    lena.press("Post 2 adjustments")
    expect(lena.page.locator("#completion")).to_contain_text("On hand now", timeout=30_000)
    lena.looks("completed-boston")


def stock(item):
    return Quant.objects.get(item__number=item, location__code="BOSW").quantity


def figure(label):
    return f"#import .figure:has(:text-is('{label}'))"
