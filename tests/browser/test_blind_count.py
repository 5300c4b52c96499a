"""A blind count: whoever counts sees no figure but their own; whoever reviews sees all of them."""

import re

import pytest
from playwright.sync_api import expect

from counting.models import CountSession
from tests.browser.given import PADLOCK, Lindhafen
from tests.counting.given import given_session

pytestmark = pytest.mark.browser


def test_a_counter_counts_without_a_figure_and_a_supervisor_judges(at_work, device):
    lindhafen = Lindhafen()
    session = given_session(lindhafen.location, bins=[lindhafen.a0101])
    CountSession.objects.filter(pk=session.pk).update(blind=True)
    ama = at_work(lindhafen.employs("ama", "Counter"), device).comes_in()

    scans_and_types(ama, session)
    sees_no_figure_elsewhere(ama, session)
    writes_a_note(ama, session)
    lena = at_work(lindhafen.employs("lena", "Supervisor"), device).comes_in()
    judges(lena, session)


def scans_and_types(ama, session):
    ama.goes(f"/counts/{session.number}/count/?bin=A-01-01")
    expect(ama.page.get_by_text("as expected")).to_have_count(0)
    ama.reads("BLIND")
    ama.scans(PADLOCK, expecting="1 each in A-01-01")
    ama.looks("blind-count")
    padlock = ama.page.locator(".line", has_text="Padlock")
    field = padlock.get_by_role("textbox")
    field.fill("50")
    field.press("Enter")
    ama.reads("recorded", "#said")
    expect(padlock).to_have_attribute("data-status", "recorded")
    expect(padlock.locator(".qty")).to_have_text("50")
    expect(ama.page.locator("main")).not_to_contain_text(re.compile(r"Book|54|fewer|more\."))


def sees_no_figure_elsewhere(ama, session):
    ama.goes("/stock/")
    ama.reads("A blind count is open here")
    expect(ama.page.locator("#list")).not_to_contain_text("54")
    ama.looks("blind-stock")
    ama.goes(f"/counts/{session.number}/")
    expect(ama.page.locator("#list")).not_to_contain_text("54")
    ama.looks("blind-detail")


def writes_a_note(ama, session):
    ama.follows("All of it, and notes")
    ama.page.get_by_label("Note").fill("The label of A-01-01 has come off.")
    ama.press("Write the note")
    ama.reads("The label of A-01-01 has come off.", "#list")
    ama.looks("activity")


def judges(lena, session):
    lena.goes(f"/counts/{session.number}/count/?bin=A-01-01")
    lena.reads("The book says 54.")
    lena.goes(f"/counts/{session.number}/review/")
    lena.reads("−4")
    lena.goes(f"/counts/{session.number}/activity/?what=noted")
    lena.reads("ama", "#list")
