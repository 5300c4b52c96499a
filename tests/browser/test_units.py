"""Counting unit by unit in a browser: a scanner of serial numbers, a reader of tags, a network that goes."""

import pytest
from playwright.sync_api import expect

from counting.models import CountLine, Sighting, UnitScan
from tests.browser.given import Lindhafen
from tests.counting.given import given_session
from tests.factories import ItemFactory, given_units
from warehouse.models import ItemReference
from warehouse.tags import tag_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GTIN = "04006381333948"
# What a reader types, key by key, from wherever the cursor stands.
TYPE = """codes => {
  const at = document.activeElement ?? document.body;
  const key = (key) => at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  for (const code of codes) {
    for (const character of code) key(character);
    key("Enter");
  }
}"""


class ToolRoom(Lindhafen):
    """Five drills with serial numbers and 300 wrenches with tags in one bin, one of each in the next."""

    def fill(self):
        super().fill()
        self.drill = ItemFactory(number="EL-7018", name="Cordless drill CD-18", tracking="serial")
        self.wrench = ItemFactory(number="TL-9003", name="Torque wrench", tracking="rfid")
        ItemReference.objects.create(item=self.wrench, code=GTIN)
        self.tags = [tag_of(GTIN, str(serial)).code for serial in range(1, 302)]
        given_units(self.a0104, self.drill, [f"CD18-26-{number}" for number in (2201, 2204, 2207, 2209, 2213)])
        given_units(self.a0104, self.wrench, self.tags[:300])
        given_units(self.a0103, self.drill, ["CD18-26-2198"])
        given_units(self.a0103, self.wrench, self.tags[300:])


@pytest.fixture
def room():
    return ToolRoom()


@pytest.fixture
def session(room):
    return given_session(room.location)


@pytest.fixture
def ama(room, session, at_work, device):
    person = at_work(room.employs("ama", "Counter", first_name="Ama", last_name="Boateng"), device).comes_in()
    person.goes(f"/counts/{session.number}/count/?bin=A-01-04")
    return person


def line(person, name):
    return person.page.locator("#lines > .line", has_text=name)


def reads_tags(person, codes):
    person.page.evaluate(TYPE, codes)


def seen(item):
    return set(Sighting.objects.filter(line__quant__item=item).values_list("code", flat=True))


FALTERS = """async code => {
  const at = document.activeElement;
  for (const [place, key] of [...code, "Enter"].entries()) {
    if (place === 1) await new Promise(resolve => setTimeout(resolve, 60));
    at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}"""


def test_a_scanner_that_falters_says_one_code(ama):
    ama.page.evaluate(FALTERS, "CD18-26-2201")

    ama.reads("1 of 5 in A-01-04")


def test_the_list_ticks_itself_and_every_scan_says_what_it_is(ama, room):
    ama.scans("CD18-26-2201", "1 of 5 in A-01-04")
    ama.scans("CD18-26-2198", "belongs in A-01-03")
    ama.scans("CD18-26-9999", "is unknown")
    ama.scans("CD18-26-2201", "was scanned already")

    drills = line(ama, "Cordless drill")
    expect(drills).to_contain_text("1 of 5 scanned")
    expect(drills.get_by_role("checkbox", name="CD18-26-2201")).to_be_checked()
    expect(drills).to_contain_text("from A-01-03")
    ama.looks("count-page-units")

    drills.get_by_role("checkbox", name="CD18-26-2204").click()
    expect(drills).to_contain_text("2 of 5 scanned")
    drills.get_by_role("button", name="Remove CD18-26-2198").click()
    expect(drills).not_to_contain_text("from A-01-03")
    drills.get_by_label("Serial numbers").fill("CD18-26-2207..CD18-26-2209")
    drills.get_by_label("Serial numbers").press("Enter")
    expect(drills).to_contain_text("4 of 5 scanned")
    ama.press("Undo")
    expect(drills).to_contain_text("2 of 5 scanned")


def test_tags_that_a_reader_types_are_one_request_and_one_answer(ama, room):
    bursts = []
    ama.page.on("request", lambda request: bursts.append(request) if "/units/" in request.url else None)
    line(ama, "Cordless drill").locator("summary").focus()

    reads_tags(ama, [*room.tags[:299], *room.tags[:50], room.tags[300]])

    wrenches = line(ama, "Torque wrench")
    expect(wrenches).to_contain_text("299 of 300 expected, 1 more")
    ama.reads("299 here", "#said")
    assert len(bursts) == 1
    assert seen(room.wrench) == {*room.tags[:299], room.tags[300]}
    ama.looks("count-page-tags")

    reads_tags(ama, room.tags[290:300])
    ama.reads("9 already read", "#said")
    expect(wrenches).to_contain_text("300 of 300 expected")


def test_a_burst_that_finds_no_network_is_sent_again_and_counts_once(room, session, at_work):
    ama = at_work(room.employs("ama", "Counter")).comes_in()
    ama.goes(f"/counts/{session.number}/count/?bin=A-01-04")
    sent = []

    def lose_the_answer(route):
        sent.append(route.request.post_data)
        route.fetch()
        route.abort()

    ama.page.route("**/count/units/", lose_the_answer, times=1)
    reads_tags(ama, room.tags[:20])

    expect(line(ama, "Torque wrench")).to_contain_text("20 tags read")
    expect(ama.page.locator("#offline")).to_be_hidden()
    assert len(sent) == 1
    assert UnitScan.objects.count() == 20
    assert CountLine.objects.get(quant__item=room.wrench, quant__bin=room.a0104).counted_quantity == 20


def test_a_list_is_pasted_into_the_field_for_scans(room, session, at_work):
    ama = at_work(room.employs("ama", "Counter")).comes_in()
    ama.goes(f"/counts/{session.number}/count/?bin=A-01-04")

    ama.page.evaluate(
        """text => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text", text);
          const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
          document.getElementById("scan").dispatchEvent(paste);
        }""",
        "CD18-26-2201\nCD18-26-2204\n",
    )

    expect(line(ama, "Cordless drill")).to_contain_text("2 of 5 scanned")
