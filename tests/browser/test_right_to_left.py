"""In a language that runs from right to left every page still fits its window."""

import pytest
from playwright.sync_api import expect

from tests.browser.given import Lindhafen
from tests.counting.given import given_session

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def test_pages_run_from_right_to_left_and_nothing_sticks_out(at_work, settings):
    settings.LANGUAGES = [*settings.LANGUAGES, ("ar", "العربية")]
    lindhafen = Lindhafen()
    here = given_session(lindhafen.location).get_absolute_url()
    lena = at_work(lindhafen.employs("lena", "Supervisor", language="ar")).comes_in()

    for address in ("/", "/counts/", here, f"{here}count/?bin=A-01-01", f"{here}review/", "/stock/", "/profile/"):
        lena.goes(address)
        expect(lena.page.locator("html")).to_have_attribute("dir", "rtl")
        for size in SIZES:
            lena.page.set_viewport_size(size)
            lena.fits()
