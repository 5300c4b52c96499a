"""What a page says when there is no network, when something typed could get lost, and which keys it has."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.given import Lindhafen

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_keys_are_listed_nothing_typed_is_lost_and_a_lost_network_is_named(at_work):
    lena = at_work(Lindhafen().employs("lena", "Supervisor"), service_workers="allow").comes_in()
    page = lena.page

    lena.reads("Overview", "h1")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard")
    expect(keys).to_contain_text("Find an item, bin, lot, document or count")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_label("Find an item, bin, lot, document or count")).to_be_focused()

    lena.goes("/stock/")
    page.locator("tbody tr").nth(0).get_by_role("link").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("tbody tr").nth(1).get_by_role("link").first).to_be_focused()

    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    lena.goes("/stock/receive/")
    page.locator("#id_lines-0-item").press_sequentially("HW-1001")
    page.get_by_role("link", name="Counts").first.click()
    expect(page).to_have_url(re.compile("/stock/receive/$"))
    assert asked == ["beforeunload"]
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", name="Stock", exact=True)).to_be_visible()
    assert len(asked) == 1, "Who cancels is not asked again."

    page.evaluate("navigator.serviceWorker.ready")
    lena.context.set_offline(True)
    lena.reads("No connection.", "#unconnected")
    lena.goes("/items/")
    lena.reads("This page needs the network.")
    lena.context.set_offline(False)
