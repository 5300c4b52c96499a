"""In a language that runs from right to left every page still fits its window."""

import pytest
from playwright.sync_api import expect

from tests.browser.given import Lindhafen
from tests.counting.given import given_session

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_pages_run_from_right_to_left_and_nothing_sticks_out(at_work, device, settings):
    settings.LANGUAGES = [*settings.LANGUAGES, ("ar", "العربية")]
    lindhafen = Lindhafen()
    session = given_session(lindhafen.location)
    lena = at_work(lindhafen.employs("lena", "Supervisor", language="ar"), device).log_in()
    here = f"/counts/{session.number}/"
    pages = [
        "/",
        "/counts/",
        here,
        f"{here}count/?bin=A-01-01",
        f"{here}review/",
        "/stock/",
        "/search/?q=a",
        "/profile/",
    ]

    for address in pages:
        lena.goes(address)
        expect(lena.page.locator("html")).to_have_attribute("dir", "rtl")
        lena.fits()
