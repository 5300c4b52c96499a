"""The count page in a browser: a scanner that types, a network that goes, two people on one bin."""

import re

import pytest
from playwright.sync_api import expect

from counting.models import CountEntry, CountLine
from tests.browser.given import BOX_OF_PADLOCKS, PADLOCK, Lindhafen, epoxy_label
from tests.browser.people import FNC1
from tests.counting.given import given_session

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lindhafen():
    return Lindhafen()


@pytest.fixture
def session(lindhafen):
    return given_session(lindhafen.location)


@pytest.fixture
def ama(lindhafen, session, at_work, device):
    person = at_work(lindhafen.employs("ama", "Counter", first_name="Ama", last_name="Boateng"), device).comes_in()
    person.goes(f"/counts/{session.number}/count/?bin=A-01-01")
    return person


def line(person, name):
    return person.page.locator("#lines > .line", has_text=name)


def quantity(person, name):
    """The field of a line, which is opened for it."""
    found = line(person, name)
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found.get_by_role("textbox")


def counted(quant):
    return CountLine.objects.get(quant=quant).counted_quantity


def waits_until_saved(person):
    expect(person.page.locator("#mark")).to_contain_text("Saved")


def test_the_page_is_as_wide_as_its_window_and_axe_finds_nothing(ama):
    ama.looks("count-page")
    ama.scans(PADLOCK, "1 each")
    ama.looks("count-page-scanned")
    ama.press("Finish bin")
    expect(ama.page.get_by_role("dialog")).to_be_visible()
    ama.looks("count-page-finish")


def test_a_scan_is_caught_wherever_the_cursor_is(ama, lindhafen):
    page = ama.page
    for place in (
        page.get_by_label("Scan a bin"),
        quantity(ama, "Padlock"),
        line(ama, "Epoxy").locator("summary"),
        page.get_by_role("button", name="Finish bin"),
        page.locator("body"),
    ):
        place.focus() if place.evaluate("element => element !== document.body") else page.evaluate(
            "document.activeElement.blur()"
        )
        before = CountEntry.objects.count()
        ama.scans(PADLOCK)
        expect(page.locator("#said")).to_contain_text(f"{before + 1} each in A-01-01")

    assert counted(lindhafen.padlocks) == 5
    expect(page.get_by_label("Scan a bin")).to_be_focused()


def test_a_scan_leaves_a_quantity_that_is_being_typed_as_it_was(ama, lindhafen):
    quantity(ama, "Epoxy").fill("7")

    ama.scans(PADLOCK, "1 each in A-01-01")

    assert [entry.quantity for entry in CountEntry.objects.order_by("pk")] == [7, 1]
    assert counted(lindhafen.padlocks) == 1


def test_separators_reach_the_server_and_codes_without_them_do_too(ama):
    ama.scans(epoxy_label("E25-347", quantity=3), "3 each in A-01-01")
    ama.scans(FNC1 + epoxy_label("E25-347"), "4 each in A-01-01")


def test_scans_faster_than_the_server_are_all_counted(ama, lindhafen):
    for _box in range(5):
        ama.scans(BOX_OF_PADLOCKS)

    ama.reads("60 each in A-01-01", "#said")
    assert counted(lindhafen.padlocks) == 60
    assert CountEntry.objects.count() == 5


def test_a_scanned_bin_is_gone_to_before_the_scans_behind_it_are_understood(ama, lindhafen):
    ama.scans("A-01-02")
    ama.scans(PADLOCK)

    ama.reads("1 each in A-01-02", "#said")
    expect(ama.page).to_have_url(re.compile("bin=A-01-02"))
    assert counted(lindhafen.padlocks) is None


def test_what_is_typed_is_saved_on_leaving_the_field(ama, lindhafen):
    field = quantity(ama, "Padlock")
    field.fill("51")
    assert counted(lindhafen.padlocks) is None

    field.blur()

    waits_until_saved(ama)
    expect(line(ama, "Padlock")).to_contain_text("3 fewer")
    assert counted(lindhafen.padlocks) == 51
    assert CountEntry.objects.count() == 1


def test_enter_saves_once_and_opens_the_next_line(ama, lindhafen):
    quantity(ama, "Epoxy").fill("8")

    ama.page.keyboard.press("Enter")

    waits_until_saved(ama)
    expect(line(ama, "Padlock").get_by_role("textbox")).to_be_focused()
    assert CountEntry.objects.count() == 1


def test_a_unit_that_is_chosen_after_typing_reads_what_was_typed(ama, lindhafen):
    quantity(ama, "Padlock").press_sequentially("4", delay=60)

    line(ama, "Padlock").get_by_text("Box of 12").click()

    waits_until_saved(ama)
    assert counted(lindhafen.padlocks) == 48
    expect(line(ama, "Padlock")).to_contain_text("4 × 12 = 48 each")


def test_more_and_less_add_up_however_fast(ama, lindhafen):
    more = lambda: line(ama, "Padlock").get_by_role("button", name="One more")  # noqa: E731
    quantity(ama, "Padlock")

    for _press in range(4):
        more().click()
    expect(line(ama, "Padlock").get_by_role("textbox")).to_have_value("4")
    line(ama, "Padlock").get_by_role("button", name="One less").click()

    expect(line(ama, "Padlock").get_by_role("textbox")).to_have_value("3")
    assert counted(lindhafen.padlocks) == 3


def test_a_refusal_stands_in_the_line_with_what_was_typed(ama, lindhafen):
    field = quantity(ama, "Padlock")
    field.fill("1,00,000")
    field.blur()

    expect(line(ama, "Padlock").get_by_role("alert")).to_contain_text("is not a quantity")
    expect(field).to_have_value("1,00,000")
    ama.reads("Not saved", "#mark")
    ama.looks("count-page-refused")
    field.fill("1000")
    field.blur()
    waits_until_saved(ama)
    assert counted(lindhafen.padlocks) == 1000


def test_undo_takes_the_last_thing_back(ama, lindhafen):
    ama.scans(PADLOCK, "1 each")
    ama.scans(PADLOCK, "2 each")

    ama.press("Undo")

    ama.reads("back to 1", "#said")
    assert counted(lindhafen.padlocks) == 1


def test_a_long_scan_is_refused_at_the_field_and_nothing_else_happens(ama):
    field = ama.page.get_by_label("Scan a bin")
    field.evaluate("(field) => { field.value = 'x'.repeat(4000); field.form.requestSubmit(); }")

    ama.reads("200 characters at most", "#scan-error")
    ama.scans(PADLOCK, "1 each")
    expect(ama.page.locator("#scan-error")).to_be_hidden()


def test_nothing_is_lost_while_there_is_no_network(ama, lindhafen):
    page = ama.page
    ama.context.set_offline(True)
    ama.scans(PADLOCK)
    ama.scans(PADLOCK)
    field = quantity(ama, "Epoxy")
    field.fill("8")
    field.blur()

    ama.reads("3 waiting", "#mark")
    ama.reads("Not saved yet.", "#offline")
    expect(line(ama, "Epoxy").locator("summary")).to_contain_text("Not saved yet")
    ama.looks("count-page-offline")
    assert not CountEntry.objects.exists()

    ama.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden(timeout=20_000)
    waits_until_saved(ama)
    assert counted(lindhafen.padlocks) == 2
    assert CountEntry.objects.count() == 3


def test_an_answer_that_got_lost_does_not_count_twice(ama, lindhafen):
    lost = []

    def lose(route):
        if lost:
            route.continue_()
            return
        lost.append(route.fetch())
        route.abort()

    ama.page.route("**/scan/", lose)

    ama.scans(PADLOCK, "1 each in A-01-01")

    assert counted(lindhafen.padlocks) == 1
    assert lost[0].status == 200


def test_a_question_is_answered_before_the_scans_behind_it(ama, lindhafen):
    page = ama.page
    ama.scans("HW-1002")
    expect(page.get_by_role("dialog")).to_contain_text("Not expected here")
    ama.scans(PADLOCK)
    ama.reads("1 waiting", "#mark")
    ama.looks("count-page-elsewhere")

    page.get_by_role("dialog").get_by_role("button", name="Put it aside").click()

    ama.reads("1 each in A-01-01", "#said")
    assert counted(lindhafen.padlocks) == 1


def test_unknown_codes_are_put_aside_on_request(ama, session):
    ama.scans("9999999999994", "is unknown")

    ama.press("Put aside")

    ama.reads("is put aside", "#said")
    assert session.put_aside.get().code == "9999999999994"


def test_two_people_on_one_line_see_each_others_counts(ama, lindhafen, session, at_work):
    kofi = at_work(lindhafen.employs("kofi", "Counter", first_name="Kofi", last_name="Mensah")).comes_in()
    kofi.goes(f"/counts/{session.number}/count/?bin=A-01-01")
    stays_on_the_page(ama)
    quantity(ama, "Padlock").fill("51")
    ama.page.keyboard.press("Enter")
    waits_until_saved(ama)

    quantity(kofi, "Padlock").fill("49")
    kofi.page.keyboard.press("Enter")

    kofi.reads("Ama Boateng counted 51 at", "#said")
    kofi.reads("now 49 by you", "#said")
    lets_15_seconds_go_by(ama)
    expect(line(ama, "Padlock").locator("summary")).to_contain_text("49")


def test_the_quiet_question_leaves_alone_what_somebody_types(ama, lindhafen, session, at_work):
    kofi = at_work(lindhafen.employs("kofi", "Counter")).comes_in()
    kofi.goes(f"/counts/{session.number}/count/?bin=A-01-01")
    stays_on_the_page(kofi)
    field = quantity(kofi, "Padlock")
    field.fill("4")
    quantity(ama, "Padlock").fill("51")
    ama.page.keyboard.press("Enter")
    waits_until_saved(ama)

    lets_15_seconds_go_by(kofi)

    expect(field).to_have_value("4")
    expect(field).to_be_focused()
    expect(line(kofi, "Padlock").locator(".qty")).to_have_text("–")


def stays_on_the_page(person):
    """With a clock that can be put forward."""
    person.page.clock.install()
    person.page.reload()


def lets_15_seconds_go_by(person):
    with person.page.expect_response(re.compile("/count/lines/")):
        person.page.clock.fast_forward(15_000)


def test_the_keyboard_goes_from_line_to_line(ama):
    page = ama.page
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("s")
    expect(page.get_by_label("Scan a bin")).to_be_focused()
    quantity(ama, "Epoxy").focus()
    page.keyboard.press("ArrowDown")
    expect(line(ama, "Padlock").get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Finish A-01-01?")


def test_without_script_a_bin_is_counted_by_its_buttons(lindhafen, session, at_work, device, client, live_server):
    kofi = at_work(lindhafen.employs("kofi", "Counter"), device, java_script_enabled=False)
    client.force_login(kofi.user)
    cookie = client.cookies["sessionid"].value
    kofi.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    kofi.goes(f"/counts/{session.number}/count/?bin=A-01-01")
    quantity(kofi, "Padlock").fill("4 + 3")
    line(kofi, "Padlock").get_by_text("Box of 12").click()
    line(kofi, "Padlock").get_by_role("button", name="Save").click()
    expect(line(kofi, "Padlock")).to_contain_text("4 × 12 + 3 = 51 each")
    line(kofi, "Padlock").get_by_role("button", name="One more").click()
    kofi.reads("63 each", "#said")

    kofi.page.get_by_label("Scan a bin").fill("A-01-02")
    kofi.page.keyboard.press("Enter")

    expect(kofi.page).to_have_url(re.compile("bin=A-01-02"))
    assert counted(lindhafen.padlocks) == 63
