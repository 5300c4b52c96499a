"""Everything is reached, and done, with a keyboard alone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.given import Lindhafen
from tests.browser.people import PASSWORD
from tests.counting.given import given_session

pytestmark = pytest.mark.browser
BY_HAND = 60  # ms between two keys; faster would be a scanner


def test_a_count_is_opened_counted_reviewed_and_confirmed_by_keyboard(at_work):
    lena = at_work(Lindhafen().employs("lena", "Supervisor"))
    page, keys = lena.page, lena.page.keyboard

    page.goto("/")
    keys.type("lena")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    skips_to_the_content(lena)
    goes_by_tab(lena, page.get_by_role("link", name="New count").first)
    goes_by_tab(lena, page.get_by_role("textbox", name="Bins"), then=None)
    keys.type("A-01-01")
    goes_by_tab(lena, page.get_by_role("button", name="Open the count"))
    goes_by_tab(lena, page.get_by_role("main").get_by_role("link", name="Count", exact=True))

    # The cursor waits in the scan field.
    expect(page.get_by_label("Scan a bin, item, lot, serial number or tag")).to_be_focused()
    keys.type("HW-1001", delay=BY_HAND)
    keys.press("Enter")
    lena.reads("1 each in A-01-01", "#said")
    keys.press("ArrowDown")
    keys.type("8", delay=BY_HAND)
    keys.press("Enter")
    lena.reads("8 each", "#said")
    keys.press("Control+Enter")
    lena.reads("It can go to review", "#toasts")

    goes_by_tab(lena, page.get_by_role("button", name="Mark as counted").first)
    goes_by_tab(lena, page.get_by_role("dialog").get_by_role("button", name="Mark as counted"))
    goes_by_tab(lena, page.get_by_role("main").get_by_role("link", name="Review", exact=True))
    goes_by_tab(lena, page.get_by_role("button", name="Accept HW-1001 in A-01-01"))
    lena.reads("Accepted", "tbody.one")
    # The cursor stays in the line that was decided on.
    expect(page.locator("tbody.one").locator("*:focus")).to_have_count(1)
    goes_by_tab(lena, page.get_by_role("link", name="Go on to post"))
    goes_by_tab(lena, page.get_by_role("button", name="Post 1 adjustment"))
    lena.reads("Step 1 of 4")


def test_a_journal_is_filled_in_as_a_spreadsheet_is(at_work):
    lindhafen = Lindhafen()
    lena = at_work(lindhafen.employs("lena", "Supervisor"))
    journal = {"uncounted": "expected", "journal": True}
    session = given_session(lindhafen.location, by=lena.user, policies=journal, bins=[lindhafen.a0101])
    page, keys = lena.page, lena.page.keyboard
    lena.log_in()
    lena.goes(reverse("count-journal", args=[session.number]))
    first, second = page.locator(".grid input[name=quantity]").all()

    goes_by_tab(lena, first, then=None)
    keys.press("Enter")
    expect(second).to_be_focused()
    keys.type("50")
    keys.press("ArrowUp")
    expect(first).to_be_focused()
    keys.type("8 + x")
    keys.press("Enter")
    lena.reads("is not a quantity", ".grid")
    expect(page.locator(".grid input[aria-invalid=true]")).to_have_value("8 + x")
    lena.reads("1 of 2 lines touched", "#touched")

    assert sorted(session.lines.counted().values_list("counted_quantity", flat=True)) == [50]


def skips_to_the_content(lena):
    lena.page.keyboard.press("Tab")
    link = lena.page.get_by_role("link", name="Skip to content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    lena.page.keyboard.press("Enter")
    expect(lena.page.get_by_role("main")).to_be_focused()


# What is wrong with where the cursor is: one must see it, and it must not have jumped back on its way down the page.
AT_THE_CURSOR = """() => {
  const e = document.activeElement, before = window.before;
  window.before = e;
  if (e === document.body) return "";
  const marked = (it) => getComputedStyle(it).outlineStyle !== "none" && getComputedStyle(it).outlineWidth !== "0px";
  const hidden = (it) => it && (getComputedStyle(it).clipPath !== "none" || hidden(it.parentElement));
  const shown = e.closest("label, .scan") ?? e, box = shown.getBoundingClientRect();
  if (!e.checkVisibility() || hidden(e)) return `hidden: ${e.outerHTML.slice(0, 120)}`;
  if (box.bottom < 0 || box.top > innerHeight) return `out of the window: ${e.outerHTML.slice(0, 120)}`;
  if (!marked(e) && !marked(shown) && !e.matches("main, dialog")) return `not marked: ${e.outerHTML.slice(0, 120)}`;
  const later = before?.isConnected && e.compareDocumentPosition(before) & Node.DOCUMENT_POSITION_FOLLOWING;
  return later && before !== document.body ? `jumps back: ${e.outerHTML.slice(0, 120)}` : "";
}"""


def goes_by_tab(lena, place, then="Enter", most=80):
    """Wherever the cursor comes on its way, one sees it; and it goes through the page as a screen reader reads it."""
    expect(place).to_be_visible()
    lena.page.evaluate("window.before = null")
    for _press in range(most):
        lena.page.keyboard.press("Tab")
        assert lena.page.evaluate(AT_THE_CURSOR) == ""
        if place.evaluate("element => element === document.activeElement"):
            return then and lena.page.keyboard.press(then)
    raise AssertionError(f"{place} is not reached by {most} times Tab.")
