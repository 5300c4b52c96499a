"""The main job in a browser, as the people who do it would tell it; on a phone and at a desk."""

import re

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from counting.models import CountSession, Status
from tests.browser.given import BOX_OF_PADLOCKS, PADLOCK, Lindhafen, epoxy_label
from tests.laws import assert_reconciled
from warehouse.models import Quant

pytestmark = pytest.mark.browser


def test_a_warehouse_is_counted_while_it_works_and_put_right(at_work, device, worker):
    lindhafen = Lindhafen()
    lena = at_work(lindhafen.employs("lena", "Supervisor", first_name="Lena", last_name="Okafor"), device).log_in()
    ama = at_work(lindhafen.employs("ama", "Counter", first_name="Ama", last_name="Boateng"), device).comes_in()

    opens_a_count_of_the_first_aisle(lena)
    session = CountSession.objects.get()
    begins_to_count(ama, session)
    issues_padlocks(lena, 2)
    counts_by_scanning(ama)
    issues_padlocks(lena, 3)
    counts_by_typing(ama)
    counts_whole_bins(ama)
    marks_it_counted(ama, session)

    asks_for_a_recount(lena, session)
    counts_again(ama, session)
    decides(lena, session)
    completes(lena, session)
    sees_what_was_posted(lena, session)

    assert_reconciled()
    call_command("reconcile")
    left = Quant.objects.filter(location=lindhafen.location).values_list(
        "bin__code", "item__number", "lot__number", "quantity"
    )
    assert sorted(left.exclude(quantity=0), key=str) == [
        ("A-01-01", "CH-2001", "E25-347", 8),
        ("A-01-01", "CH-2001", "E26-099", 6),
        ("A-01-01", "HW-1001", None, 48),
        ("A-01-02", "HW-1001", None, 10),
        ("A-01-02", "HW-1002", None, 99),
        ("A-01-03", "CH-2001", "E26-081", 18),
        ("A-01-03", "HW-1002", None, 12),
        ("A-01-04", "HW-1002", None, 5),
        ("B-01-01", "HW-1002", None, 7),
    ]

    takes_it_back(lena, session)

    assert_reconciled()


def opens_a_count_of_the_first_aisle(lena):
    page = lena.page
    lena.looks("overview")
    lena.follows("New count")
    lena.reads("about 8 lines", "#preview")
    page.get_by_role("textbox", name="Name").fill("Week 47")
    page.get_by_label("A Fasteners").check()
    lena.reads("about 7 lines", "#preview")
    lena.looks("new-count")
    lena.press("Open the count")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Week 47")
    lena.reads("is open: 7 lines", "#toasts")
    lena.looks("count-open")


def begins_to_count(ama, session):
    ama.page.reload()
    ama.reads("7 lines left")
    ama.looks("my-counts")
    ama.follows("Start")
    stands_at(ama, "A-01-01")
    ama.looks("count-fresh")


def issues_padlocks(lena, quantity):
    page = lena.page
    lena.goes("/stock/issue/")
    page.get_by_label("Item", exact=True).first.fill("HW-1001")
    page.get_by_label("Bin", exact=True).first.fill("A-01-01")
    page.get_by_label("Quantity", exact=True).first.fill(str(quantity))
    lena.looks("issue")
    lena.press("Post issue")
    lena.reads("is posted", "#toasts")
    lena.looks("document-issue")


def counts_by_scanning(ama):
    for boxes in (12, 24, 36, 48):
        ama.scans(BOX_OF_PADLOCKS, f"{boxes} each in A-01-01")
    for pieces in (49, 50, 51):
        ama.scans(PADLOCK, f"{pieces} each in A-01-01")
    ama.looks("count-scanned")
    ama.scans(epoxy_label("E25-347", quantity=8), "8 each in A-01-01")
    # A lot that nobody knows lies there too.
    ama.scans(epoxy_label("E26-099", expiry="290131", quantity=6))
    expect(ama.page.get_by_role("dialog")).to_contain_text("Not expected here")
    expect(ama.page.get_by_label("Lot", exact=True)).to_have_value("E26-099")
    expect(ama.page.get_by_label("Expires")).to_have_value("2029-01-31")
    ama.looks("count-found")
    ama.press("Count it here")
    ama.reads("found here, 6 each", "#said")
    ama.reads("3 of 3 lines", "#bin-progress")


def counts_by_typing(ama):
    page = ama.page
    ama.scans("A-01-02")
    stands_at(ama, "A-01-02")
    hinges, padlocks = line(ama, "Butt hinge"), line(ama, "Padlock")
    opened(padlocks).get_by_text("box of 12").click()
    expect(padlocks.get_by_role("radio", name="box of 12")).to_be_checked()
    padlocks.get_by_role("textbox").fill("1")
    padlocks.get_by_role("textbox").press("Enter")
    expect(padlocks).to_contain_text("1 × 12 = 12 each")
    ama.looks("count-typed")
    ama.press("Undo")
    ama.reads("back to not counted", "#said")
    opened(padlocks).get_by_role("textbox").fill("9")
    padlocks.get_by_role("textbox").press("Tab")
    ama.reads("9 each", "#said")
    opened(hinges).get_by_role("textbox").fill("8 dozen")
    hinges.get_by_role("textbox").press("Enter")
    expect(hinges.get_by_role("alert")).to_contain_text("“dozen” is not a unit of measure of this item.")
    expect(hinges.get_by_role("textbox")).to_be_focused()
    hinges.get_by_role("textbox").fill("8 x 12 + 3")
    hinges.get_by_role("textbox").press("Enter")
    ama.reads("99 each", "#said")
    expect(hinges).to_contain_text("The book says 100. 1 fewer.")
    expect(page.locator("#mark")).to_contain_text("Saved")
    ama.press("Finish bin")


def counts_whole_bins(ama):
    stands_at(ama, "A-01-03")
    ama.press("All as expected")
    ama.reads("2 of 2 lines", "#bin-progress")
    ama.press("Finish bin")
    stands_at(ama, "A-01-04")
    ama.press("Bin is empty")
    ama.looks("count-empty")
    ama.press("Yes, count 0 for all")
    ama.reads("is empty: 1 line counted", "#said")
    ama.press("Finish bin")
    ama.reads("It can go to review", "#toasts")


def marks_it_counted(ama, session):
    ama.looks("count-all-counted")
    ama.press("Mark as counted")
    ama.page.get_by_role("dialog").get_by_role("button", name="Mark as counted").click()
    expect(ama.page.locator(".page-head .chip")).to_contain_text("Counted")


def asks_for_a_recount(lena, session):
    lena.goes("/")
    lena.looks("overview-review")
    lena.page.get_by_role("link", name="Week 47").last.click()
    expect(lena.page).to_have_title(re.compile("Review"))
    lena.reads("A-01-04")
    lena.looks("review")
    lena.press("Recount HW-1002 in A-01-04")
    lena.reads("Say why it is to be counted again")
    lena.looks("review-why-again")
    hinges = row(lena, "HW-1002", "A-01-04")
    hinges.get_by_label("Why it is left out, or to be counted again").fill("Some stand behind the pillar")
    hinges.get_by_role("button", name="Count again").click()
    lena.reads("1 line is out for recount", "#toasts")


def counts_again(ama, session):
    ama.goes("/")
    ama.looks("my-counts-recount")
    ama.follows("Resume A-01-04")
    stands_at(ama, "A-01-04")
    ama.looks("count-recount")
    hinges = line(ama, "Butt hinge")
    expect(opened(hinges)).to_contain_text("Some stand behind the pillar")
    hinges.get_by_role("textbox").fill("5")
    hinges.get_by_role("textbox").press("Enter")
    ama.reads("5 each", "#said")
    ama.press("Finish bin")
    ama.reads("It can go to review", "#toasts")
    marks_it_counted(ama, session)


def decides(lena, session):
    page = lena.page
    lena.goes(f"/counts/{session.number}/review/")
    page.get_by_label("Reason for HW-1001 in A-01-01").select_option(label="Missing")
    lena.press("Accept HW-1001 in A-01-01")
    expect(row(lena, "HW-1001", "A-01-01")).to_contain_text("Accepted")
    lena.press("Accept CH-2001 in A-01-01")
    expect(row(lena, "CH-2001", "A-01-01", "E26-099")).to_contain_text("Accepted")
    padlocks = row(lena, "HW-1001", "A-01-02")
    padlocks.get_by_role("link", name="Details").click()
    padlocks.get_by_label("Why it is left out, or to be counted again").fill("The supplier is asked first")
    lena.looks("review-details")
    padlocks.get_by_role("button", name="Leave out").click()
    expect(row(lena, "HW-1001", "A-01-02")).to_contain_text("The supplier is asked first")
    lena.looks("review-decided")


def completes(lena, session):
    lena.follows("Go on to post")
    lena.reads("Post 3 adjustments?")
    lena.reads("1 line differs and nobody has decided on it")
    lena.looks("complete")
    lena.press("Post 3 adjustments")
    expect(lena.page.locator("#completion")).to_contain_text("On hand now", timeout=30_000)
    lena.looks("completed")
    session.refresh_from_db()
    assert session.status == Status.COMPLETED


def sees_what_was_posted(lena, session):
    page = lena.page
    lena.goes(session.get_absolute_url())
    lena.reads("never change")
    expect(page.get_by_role("link", name="Count", exact=True)).to_have_count(0)
    lena.looks("count-completed")
    lena.follows(session.adjustment.number)
    lena.reads(f"Count {session.number}".split()[1])
    lena.looks("document")
    lena.goes("/stock/?q=HW-1001")
    expect(page.locator("tr").filter(has_text="A-01-01")).to_contain_text("48")
    lena.looks("stock")


def takes_it_back(lena, session):
    lena.goes(session.get_absolute_url())
    lena.follows("Take back")
    lena.reads("3 entries are undone")
    lena.looks("take-back")
    lena.page.get_by_label("Why").fill("Counted before the delivery was put away")
    lena.press(f"Take back {session.adjustment.number}")
    lena.reads("Taken back with", "#toasts")
    lena.reads("Counted before the delivery was put away")
    lena.looks("count-taken-back")
    lena.goes("/stock/?q=HW-1001")
    expect(lena.page.locator("tr").filter(has_text="A-01-01")).to_contain_text("49")


# What they look at


def stands_at(person, bin):
    expect(person.page.locator("#plate h1")).to_contain_text(bin)


def line(person, item):
    return person.page.locator("#lines > .line").filter(has_text=item)


def opened(line):
    if line.get_attribute("open") is None:
        line.locator("summary").click()
    return line


def row(person, item, bin, lot=""):
    """A line of the review."""
    rows = person.page.locator("tbody.one").filter(has=person.page.get_by_text(item, exact=True))
    rows = rows.filter(has_text=re.compile(rf"{bin}\b"))
    return rows.filter(has_text=lot) if lot else rows
