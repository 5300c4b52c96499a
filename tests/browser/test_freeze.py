"""A count that stops movements from its review on, as a supervisor sees it: refused, posted anyway, completed."""

from decimal import Decimal
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from counting.models import CountSession, Deed
from counting.recording import set_count
from ledger.models import Register
from tests.browser.given import Lindhafen
from tests.laws import assert_reconciled
from warehouse.models import BinHold

pytestmark = pytest.mark.browser

WHY = "The driver is at the dock"


def test_an_issue_is_refused_by_the_name_of_the_count_and_posted_with_a_reason(at_work, device, worker):
    lindhafen = Lindhafen()
    lena = at_work(lindhafen.employs("lena", "Supervisor", first_name="Lena", last_name="Okafor"), device).comes_in()

    opens_a_stock_count(lena)
    session = CountSession.objects.get()
    counts_the_padlocks(session, by=lena.user)
    ends_the_counting(lena, session)
    is_refused_with_the_name_of_the_count(lena, session)
    posts_anyway(lena, session)
    completes(lena, session)

    lindhafen.padlocks.refresh_from_db()
    assert lindhafen.padlocks.quantity == 51
    assert not BinHold.objects.exists()
    assert_reconciled()


def opens_a_stock_count(lena):
    page = lena.page
    lena.follows("New count")
    page.get_by_role("textbox", name="Bins").fill("A-01-01")
    page.get_by_label("Stock count").check()
    lena.reads("No movements from the review on", "#preview")
    lena.looks("new-stock-count")
    lena.press("Open the count")
    lena.reads("is open: 2 lines", "#toasts")


def counts_the_padlocks(session, *, by):
    """And not the epoxy beside them. How that is done in a browser is told by test_journey."""
    line = session.lines.get(quant__item__number="HW-1001")
    set_count(line, Decimal(54), by=by, client_id=uuid4())


def ends_the_counting(lena, session):
    lena.goes(f"/counts/{session.number}/")
    lena.reads("becomes zero when the counting ends. The book has 8 units there, worth 92.80.")
    lena.looks("count-with-zeros")
    lena.press("Mark as counted")
    lena.page.get_by_role("dialog").get_by_role("button", name="Mark as counted").click()
    lena.reads("is counted", "#toasts")
    lena.reads("Taken as zero")


def is_refused_with_the_name_of_the_count(lena, session):
    page = lena.page
    lena.goes("/stock/issue/")
    page.get_by_label("Item", exact=True).first.fill("HW-1001")
    page.get_by_label("Bin", exact=True).first.fill("A-01-01")
    page.get_by_label("Quantity", exact=True).first.fill("3")
    lena.press("Post issue")
    lena.reads(f"{session.number} holds HW-1001")
    lena.looks("issue-held")
    expect(page.get_by_role("link", name=session.number)).to_have_attribute("href", session.get_absolute_url())


def posts_anyway(lena, session):
    lena.press("Post anyway")
    lena.reads("Say why it is posted in spite of that.")
    lena.page.get_by_label("Why it is posted anyway").fill(WHY)
    lena.press("Post anyway")
    lena.reads("is posted", "#toasts")
    lena.reads(f"{session.number}: {WHY}")
    lena.looks("document-in-spite-of")
    assert Register.objects.get(in_spite_of=session.number).override == WHY
    assert session.activities.filter(deed=Deed.GUARD_OVERRIDDEN).count() == 1


def completes(lena, session):
    lena.goes(f"/counts/{session.number}/complete/")
    lena.reads("was counted by nobody and is taken as zero")
    lena.looks("complete-with-zeros")
    lena.press("Post 1 adjustment")
    lena.reads("1 adjustment posted")
