"""Everything works by links and forms, where no script runs."""

import pytest
from playwright.sync_api import expect

from counting.completing import complete_session
from counting.models import CountSession
from tests.browser.conftest import DEVICES
from tests.browser.given import PADLOCK, Lindhafen
from tests.laws import assert_reconciled
from warehouse.models import Quant

pytestmark = pytest.mark.browser


def test_a_count_goes_from_opening_to_completion_without_script(at_work):
    lindhafen = Lindhafen()
    lena = at_work(lindhafen.employs("lena", "Supervisor"), DEVICES["phone"], java_script_enabled=False)
    page = lena.page

    log_in(lena)
    lena.follows("New count")
    page.get_by_role("textbox", name="Bins").fill("A-01-01")
    lena.press("Open the count")
    session = CountSession.objects.get()
    lena.follows("Count", exact=True, inside="main")

    # Typed, with a unit of measure; the other line by a scanner, which types into the field and ends with Enter.
    padlocks = page.locator(".line").filter(has_text="Padlock")
    padlocks.locator("summary").click()
    padlocks.get_by_text("box of 12").click()
    padlocks.get_by_role("textbox").fill("4 + 3")
    padlocks.get_by_role("button", name="Save").click()
    lena.reads("51 each", "#said")
    page.get_by_label("Scan a bin, item, lot, serial number or tag").fill(PADLOCK)
    page.keyboard.press("Enter")
    lena.reads("52 each in A-01-01", "#said")
    lena.press("Undo")
    lena.reads("back to 51", "#said")
    lena.press("The 1 left is as expected")
    lena.press("Finish bin")
    lena.reads("It can go to review")
    lena.press("Mark as counted")
    page.get_by_role("dialog").get_by_role("button", name="Mark as counted").click()

    lena.follows("Review", exact=True, inside="main")
    lena.press("Accept HW-1001 in A-01-01")
    lena.reads("Accepted", "tbody.one")
    lena.follows("Go on to post")
    lena.press("Post 1 adjustment")
    lena.reads("Step 1 of 4")
    complete_session(session.pk)
    lena.follows("Load again")

    expect(page.get_by_role("heading", name="1 adjustment posted")).to_be_visible()
    assert Quant.objects.get(pk=lindhafen.padlocks.pk).quantity == 51
    assert_reconciled()


def log_in(person):
    person.page.goto("/")
    person.types_name_and_password()
    person.press("Log in")
