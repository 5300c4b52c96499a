"""A count in German: on a phone with a decimal comma, through a dead zone, to the review."""

from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from counting.models import CountLine
from counting.review import mark_counted
from tests.browser.conftest import DEVICES
from tests.browser.given import Lindhafen
from tests.browser.people import PASSWORD
from tests.counting.given import given_session

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_decimal_comma_means_the_same_from_the_rack_to_the_review(at_work):
    lindhafen = Lindhafen()
    session = given_session(lindhafen.location)
    ama = at_work(lindhafen.employs("ama", "Counter"), DEVICES["phone"], locale="de-DE")
    logs_in(ama)

    ama.goes(f"/counts/{session.number}/count/?bin=A-01-01")
    types(ama, "Epoxy", "2,5 × 4 + 1.000,25")
    ama.reads("Gesichert", "#mark")
    expect(ama.page.locator(".line", has_text="Epoxy").get_by_role("textbox")).to_have_value("1010,25")
    ama.reads("1.010,25", "#lines")
    ama.looks("count-page-german")

    ama.context.set_offline(True)
    types(ama, "Padlock", "49,5")
    ama.reads("Keine Verbindung: 1 warten", "#offline")
    choose_english(ama)
    ama.context.set_offline(False)
    ama.reads("Gesichert", "#mark")
    assert counted(session, lindhafen.padlock) == Decimal("49.5")

    mark_counted(session, by=ama.user, at=timezone.now())
    lena = at_work(lindhafen.employs("lena", "Supervisor", language="de")).comes_in()
    lena.goes(f"/counts/{session.number}/review/")
    field = lena.page.get_by_label("Korrektur für HW-1001 in A-01-01")
    expect(field).to_have_value("−4,5")
    lena.page.get_by_label("Korrektur für CH-2001 in A-01-01").press("Enter")
    expect(field).to_be_focused()
    field.fill("−1,25")
    lena.press("HW-1001 in A-01-01 annehmen")
    lena.reads("−1,25", "main")
    lena.looks("review-german")
    assert session.lines.get(quant=lindhafen.padlocks).accepted_quantity == Decimal("-1.25")


def logs_in(person):
    person.page.goto("/")
    person.page.get_by_label("Benutzername").fill(person.user.username)
    person.page.get_by_label("Passwort").fill(PASSWORD)
    person.press("Anmelden")
    expect(person.page.get_by_role("heading", name="Meine Zählungen")).to_be_visible()


def types(person, item, quantity):
    line = person.page.locator("#lines > .line", has_text=item)
    if line.get_attribute("open") is None:
        line.locator("summary").click()
    line.get_by_role("textbox").fill(quantity)
    line.get_by_role("textbox").blur()


def choose_english(person):
    """On another device, while this page stands open."""
    person.user.language = "en"
    person.user.save(update_fields=["language"])


def counted(session, item):
    return CountLine.objects.get(session=session, quant__item=item, quant__bin__code="A-01-01").counted_quantity
