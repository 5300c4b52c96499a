"""The page on which a bin is counted, for items that are counted unit by unit."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.models import CountLine, Sighting, UnitScan
from counting.refreshing import refresh_system
from tests.counting.given import given_session
from tests.counting.people import counter, supervisor
from tests.factories import BinFactory, ItemFactory, LocationFactory, given_stock, given_units, post_lines
from tests.pages import HTMX, text_of
from warehouse.models import ItemReference
from warehouse.tags import tag_of

pytestmark = pytest.mark.django_db

GTIN = "04006381333931"


def tags(*serials, gtin=GTIN):
    return [tag_of(gtin, str(serial)).code for serial in serials]


class Count:
    """Five drills by serial number and hinges by quantity in the first bin, one drill in the second; Ama counts."""

    def __init__(self, **policies):
        self.location = LocationFactory(code="LH1", name="Lindhafen")
        self.bin = BinFactory(location=self.location, code="A-01-01", walking_order=1)
        self.next = BinFactory(location=self.location, code="A-01-02", walking_order=2)
        self.drill = ItemFactory(number="EL-7018", name="Cordless drill", tracking="serial")
        given_units(self.bin, self.drill, ["D2201", "D2204", "D2207", "D2209", "D2213"])
        given_units(self.next, self.drill, ["D2198"])
        given_stock(240, bin=self.bin, item=ItemFactory(number="HW-2", name="Hinge"))
        self.session = given_session(self.location, policies=policies)
        self.ama = counter(self.location)

    def line(self, item=None, bin=None):
        return CountLine.objects.get(quant__item=item or self.drill, quant__bin=bin or self.bin, open=True)

    def address(self, name, *args):
        return reverse(name, args=[self.session.number, *args])

    def page(self, client=None, bin="A-01-01"):
        return (client or self.ama).get(self.address("count-entry"), {"bin": bin})

    def post(self, name, *args, client=None, htmx=True, **data):
        data = {"client_id": uuid4(), "bin": "A-01-01", **data}
        return (client or self.ama).post(self.address(name, *args), data, headers=HTMX if htmx else {})

    def scan(self, code, **data):
        return self.post("count-scan", code=code, **data)

    def burst(self, *codes, **data):
        return self.post("count-burst", codes="\n".join(codes), **data)

    def undo(self, client_id):
        return self.post("count-burst-undo", last=client_id)

    def counted(self, **line):
        return self.line(**line).counted_quantity

    def seen(self, **line):
        return set(Sighting.objects.filter(line=self.line(**line)).values_list("code", flat=True))


@pytest.fixture
def shelf():
    return Count()


class Rack(Count):
    """Besides: eight wrenches with tags in the first bin, and one more in the second."""

    def __init__(self, **policies):
        super().__init__(**policies)
        self.wrench = ItemFactory(number="TL-9003", name="Torque wrench", tracking="rfid")
        ItemReference.objects.create(item=self.wrench, code=GTIN)
        self.tags = tags(*range(1, 9))
        given_units(self.bin, self.wrench, self.tags)
        [self.stray] = tags(99)
        given_units(self.next, self.wrench, [self.stray])
        refresh_system(self.session, by=self.ama.person, at=timezone.now())


@pytest.fixture
def rack():
    return Rack()


# The line


def test_a_line_says_what_is_expected_and_what_is_scanned_of_it(shelf):
    shelf.scan("D2201")
    shelf.scan("D2204")

    text = text_of(shelf.page())

    assert "2 of 5 scanned" in text
    assert "2 / 5" in text
    assert "Expected in this bin 3" in text
    assert "Scanned, expected here 2" in text


def test_the_list_ticks_itself(shelf):
    line = shelf.line()

    html = shelf.scan("D2207").content.decode()

    assert f'id="line-{line.pk}"' in html
    assert html.count('aria-checked="true"') == 1
    assert html.index('aria-checked="true" name="code" value="D2207"')


def test_what_is_booked_elsewhere_is_counted_here_and_named_with_its_bin(shelf):
    response = shelf.scan("D2198")

    text = text_of(response)
    assert "A-01-02" in text
    assert "1 more, not expected here" in text
    assert "Found here, booked elsewhere 1" in text
    assert "from A-01-02" in text
    assert "Remove D2198" in response.content.decode()
    assert shelf.seen() == {"D2198"}


def test_where_nothing_is_expected_a_line_says_how_much_was_found(shelf):
    given_units(BinFactory(location=shelf.location), saw := ItemFactory(tracking="serial"), ["S1"])
    shelf.scan("S1")

    text = text_of(shelf.page())

    assert shelf.counted(item=saw) == 1
    assert "1 scanned none is expected here" in text
    assert " +1 " in text
    assert "0 / 0" not in text


def test_four_wrong_units_are_no_match_although_the_number_fits(shelf):
    given_units(shelf.next, shelf.drill, ["D3001", "D3002"])
    shelf.burst("D2201", "D2204", "D2207", "D3001", "D3002", line=shelf.line().pk)

    text = text_of(shelf.page())

    assert shelf.counted() == 5
    assert "3 / 5 + 2" in text


def test_a_code_is_found_by_its_last_characters(shelf):
    response = shelf.ama.get(shelf.address("count-line-units", shelf.line().pk), {"find": "2 13"}, headers=HTMX)

    text = text_of(response)
    assert "D2213" in text.replace(" ", "")
    assert "2201" not in text


def test_a_line_of_many_units_shows_the_first_of_them_and_the_rest_page_by_page(shelf):
    given_units(shelf.bin, shelf.drill, [f"M{number:04}" for number in range(600)])

    page = shelf.page().content.decode()
    second = shelf.ama.get(shelf.address("count-line-units", shelf.line().pk), {"page": 2}, headers=HTMX)

    assert page.count('role="checkbox"') <= 200
    assert "605 codes" in text_of(shelf.page())
    assert "M0150" in second.content.decode()


def test_the_page_takes_no_more_statements_for_more_lines_of_units(shelf):
    shelf.page()
    with CaptureQueriesContext(connection) as one:
        shelf.page()
    for number in range(3):
        item = ItemFactory(tracking="serial")
        given_units(shelf.bin, item, [f"X{number}{n}" for n in range(5)])
    shelf.post("count-burst", codes="X00\nX10\nX20")
    with CaptureQueriesContext(connection) as several:
        shelf.page()

    assert len(several) <= len(one) + 1


# Ticking


def test_ticking_a_box_is_a_scan_and_unticking_takes_it_back(shelf):
    line = shelf.line()

    shelf.post("count-burst", line=line.pk, code="D2201")
    assert shelf.counted() == 1

    text = text_of(shelf.post("count-take-back", line.pk, code="D2201"))

    assert "0 of 5 scanned" in text
    assert shelf.seen() == set()
    assert [scan.kind for scan in UnitScan.objects.order_by("pk")] == ["seen", "back"]


def test_without_script_a_box_answers_with_the_whole_page(shelf):
    response = shelf.post("count-burst", line=shelf.line().pk, code="D2201", htmx=False)

    assert "1 of 5 scanned" in text_of(response)
    assert b"<!doctype html>" in response.content


# Typing


def test_codes_and_ranges_are_typed_into_the_line(shelf):
    response = shelf.post("count-burst", line=shelf.line().pk, codes="D2201..D2204, D2207")

    assert shelf.seen() == {"D2201", "D2202", "D2203", "D2204", "D2207"}
    assert "5 codes" in text_of(response)


def test_a_range_that_makes_no_sense_stands_in_the_line_with_what_was_typed(shelf):
    response = shelf.post("count-burst", line=shelf.line().pk, codes="D2209..D2201")

    assert response.status_code == 422
    assert "A range begins with its smaller number" in text_of(response)
    assert "D2209..D2201</textarea>" in response.content.decode()
    assert shelf.counted() is None


def test_the_quantity_of_the_book_is_taken_as_all_present(shelf):
    response = shelf.post("count-burst", line=shelf.line().pk, codes="5")

    assert "5 of 5 scanned" in text_of(response)
    assert shelf.counted() == 5
    assert set(Sighting.objects.values_list("kind", flat=True)) == {"all"}


def test_another_number_is_a_code(shelf):
    shelf.post("count-burst", line=shelf.line().pk, codes="4")

    assert shelf.seen() == {"4"}


def test_a_number_that_is_a_serial_number_is_a_code_although_the_book_says_as_many(shelf):
    given_units(shelf.next, shelf.drill, ["5"])

    shelf.post("count-burst", line=shelf.line().pk, codes="5")

    assert shelf.seen() == {"5"}


def test_all_present_and_none_here(shelf):
    line = shelf.line()

    assert "5 of 5 scanned" in text_of(shelf.post("count-all-present", line.pk))

    other = shelf.line(bin=shelf.next)
    shelf.post("count-none-here", other.pk, bin="A-01-02")
    assert shelf.counted(bin=shelf.next) == 0


# The banner


@pytest.mark.parametrize(
    ("code", "status", "sound", "words"),
    [
        ("D2201", "matched", "ok", "1 of 5 in A-01-01"),
        ("D2198", "transfer", "elsewhere", "belongs in A-01-02"),
        ("Z9999", "error", "bad", "is unknown"),
    ],
)
def test_a_scan_says_at_once_what_it_is(shelf, code, status, sound, words):
    response = shelf.scan(code)

    html = response.content.decode()
    assert f'data-status="{status}" data-sound="{sound}"' in html
    assert words in text_of(response)


def test_a_repeated_scan_is_gentle(shelf):
    shelf.scan("D2201")

    response = shelf.scan("D2201")

    assert 'data-status="recorded" data-sound="again"' in response.content.decode()
    assert "was scanned already" in text_of(response)
    assert shelf.counted() == 1


def test_a_scan_can_be_undone(shelf):
    client_id = uuid4()
    shelf.scan("D2201", client_id=client_id)
    shelf.scan("D2204")

    response = shelf.undo(client_id)

    assert response.status_code == 200
    assert shelf.seen() == {"D2204"}


def test_undoing_a_repeated_scan_leaves_the_first_one(shelf):
    shelf.scan("D2201")
    repeated = uuid4()

    response = shelf.scan("D2201", client_id=repeated)

    assert "Undo" not in text_of(response)
    shelf.undo(repeated)
    assert shelf.seen() == {"D2201"}


def test_a_scan_that_arrives_twice_is_taken_once(shelf):
    client_id = uuid4()

    first = shelf.scan("D2201", client_id=client_id)
    second = shelf.scan("D2201", client_id=client_id)

    assert first.status_code == second.status_code == 200
    assert UnitScan.objects.count() == 1
    assert "1 of 5" in text_of(second)


def test_the_code_of_the_item_opens_its_line(shelf):
    response = shelf.scan("EL-7018")

    assert "is counted piece by piece: scan each serial number or tag." in text_of(response)
    assert f'id="line-{shelf.line().pk}"' in response.content.decode()
    assert shelf.counted() is None


# Tags, many at once


def test_a_burst_is_one_request_with_one_banner_and_the_lines_that_it_touched(rack):
    rack.burst(*rack.tags[:2])

    response = rack.burst(*rack.tags[:7], rack.stray, *tags(5000, gtin="04012345678901"))

    text = text_of(response)
    assert "9 tags" in text
    assert "5 here" in text
    assert "2 already read" in text
    assert "1 belongs in another bin" in text
    assert "1 unknown" in text
    assert "8 tags read" in text
    assert "7 of 8 expected, 1 more" in text
    assert response.content.decode().count(f'id="line-{rack.line(rack.wrench).pk}"') == 1


def test_a_tag_is_known_by_its_serial_number_and_found_by_its_end(rack):
    [code] = tags("TW-0042")
    given_units(rack.bin, rack.wrench, [code])

    html = rack.page().content.decode()
    found = rack.ama.get(rack.address("count-line-units", rack.line(rack.wrench).pk), {"find": "0042"})

    assert f"<b>TW-0042</b> <small>{' '.join(code[at : at + 4] for at in range(0, len(code), 4))}</small>" in html
    assert "not read" in html
    assert "TW-0042" in text_of(found)
    assert "Expected, not read 1" in text_of(found)


def test_a_tag_without_a_serial_number_stands_in_fours_with_the_last_four_apart(rack):
    given_units(rack.bin, rack.wrench, ["E2801160600002054A3B1C2D"])

    assert "E280 1160 6000 0205 4A3B <b>1C2D</b>" in rack.page().content.decode()


def test_a_burst_that_arrives_twice_is_taken_once(rack):
    client_id = uuid4()
    rack.burst(*rack.tags, client_id=client_id)

    response = rack.burst(*rack.tags, client_id=client_id)

    assert response.status_code == 200
    assert UnitScan.objects.count() == 8
    assert rack.counted(item=rack.wrench) == 8


def test_a_burst_can_be_undone_but_for_what_was_read_before(rack):
    rack.burst(*rack.tags[:3])
    client_id = uuid4()
    rack.burst(*rack.tags, client_id=client_id)

    rack.undo(client_id)

    assert rack.seen(item=rack.wrench) == set(rack.tags[:3])


def test_a_burst_of_thousands_is_answered_with_the_first_of_them(rack):
    many = [f"E2{number:022X}" for number in range(1000)]  # of a scheme that says nothing of the item
    given_units(rack.bin, rack.wrench, many)

    with CaptureQueriesContext(connection) as queries:
        response = rack.burst(*many)

    assert rack.counted(item=rack.wrench) == 1000
    assert len(response.content) < 150_000
    assert len(queries) < 60
    assert "1,000 here" in text_of(response)


def test_a_burst_without_script_is_a_text_with_a_code_on_each_line(rack):
    response = rack.post("count-burst", codes="\r\n".join(rack.tags), htmx=False)

    assert b"<!doctype html>" in response.content
    assert "8 tags read" in text_of(response)


# Blind


@pytest.fixture
def closed():
    return Rack(blind=True)


def test_a_blind_line_shows_what_was_scanned_and_nothing_of_the_book(closed):
    closed.scan("D2201")
    closed.scan("D2198")

    html = closed.page().content.decode()

    assert "2 scanned" in text_of(closed.page())
    for code in ("2204", "2207", "2209", "2213", "A-01-02</", "of 5"):
        assert code not in html.partition('id="lines"')[2]


def test_in_a_blind_count_all_scans_answer_alike(closed):
    said = []
    for code in ("D2201", "D2198", "Z9999"):
        html = closed.scan(code).content.decode()
        banner = html[html.index('<div class="banner"') :]
        said.append(banner[: banner.index("</p>")].replace(code, "CODE"))

    assert said[0] == said[1]
    assert 'data-status="recorded" data-sound="ok"' in said[0]
    assert said[2] == said[0]


def test_in_a_blind_count_a_burst_says_that_it_is_recorded_and_no_more(closed):
    closed.burst(closed.tags[0])

    html = closed.burst(*closed.tags[:5], closed.stray, "D2201", "E2" * 12).content.decode()

    banner = html[html.index('<div class="banner"') :].partition("</p>")[0]
    assert 'data-status="recorded" data-sound="ok"' in banner
    assert banner.endswith("<strong>8 codes:</strong> recorded")


def test_in_a_blind_count_nothing_is_found_by_the_end_of_a_code(closed):
    response = closed.ama.get(closed.address("count-line-units", closed.line().pk), {"find": "2213"}, headers=HTMX)

    assert "D2213" not in response.content.decode().replace("2213", "", 2).replace(" ", "")
    assert "No code ends with 2213" in text_of(response)


def test_in_a_blind_count_a_quantity_is_a_code(closed):
    closed.post("count-burst", line=closed.line().pk, codes="5")

    assert closed.seen() == {"5"}


def test_in_a_blind_count_nobody_is_told_that_all_is_present(closed):
    response = closed.post("count-all-present", closed.line().pk)

    assert response.status_code == 422
    assert "blind" in text_of(response)
    assert "All present" not in text_of(closed.page())


def test_whoever_may_see_quantities_sees_the_list_of_a_blind_count(closed):
    page = closed.page(client=supervisor(closed.location))

    assert "Expected in this bin" in text_of(page)


# Numbers that we give


@pytest.fixture
def own():
    """A bin with 1000, 1001 (AAA), 1002, 1003 (BBB), 1004 of an item to which we give the numbers."""
    shelf = Count()
    shelf.lamp = ItemFactory(number="EL-6210", name="Work light", tracking="serial", auto_serialized=True)
    numbers = {"1001": "AAA", "1003": "BBB"}
    for code in ("1000", "1001", "1002", "1003", "1004"):
        line = {"bin": shelf.bin.pk, "item": shelf.lamp.pk, "quantity": 1, "unit": code}
        post_lines(shelf.location, {**line, "manufacturer_number": numbers.get(code, "")})
    refresh_system(shelf.session, by=shelf.ama.person, at=timezone.now())
    return shelf


def test_a_quantity_is_typed_and_the_units_follow(own):
    line = own.line(own.lamp)

    response = own.post("count-units-quantity", line.pk, quantity="3")

    assert own.counted(item=own.lamp) == 3
    assert own.seen(item=own.lamp) == {"1000", "1001", "1003"}
    assert "3 of 5 scanned" in text_of(response)


def test_one_more_and_one_less(own):
    line = own.line(own.lamp)
    own.post("count-units-quantity", line.pk, quantity="3")

    own.post("count-units-quantity", line.pk, step="1")
    assert own.counted(item=own.lamp) == 4

    own.post("count-units-quantity", line.pk, step="-1")
    assert own.counted(item=own.lamp) == 3


def test_more_than_is_known_gets_new_numbers(own):
    response = own.post("count-units-quantity", own.line(own.lamp).pk, quantity="6")

    assert own.counted(item=own.lamp) == 6
    assert "1 more than is known gets a new number." in text_of(response)


def test_where_nobody_can_say_which_units_it_is_the_list_is_open_with_the_error(own):
    response = own.post("count-units-quantity", own.line(own.lamp).pk, quantity="1")

    html = response.content.decode()
    assert response.status_code == 422
    assert 'role="alert"' in html
    assert html.count('aria-checked="false"') == 5
    assert "open hx-swap-oob" in html


# What belongs to a bin


def test_progress_and_the_end_of_a_bin_count_lines_of_units(shelf):
    response = shelf.post("count-finish")
    assert "Cordless drill" in text_of(response)
    assert "0 of 2 lines are counted" in text_of(response)

    shelf.scan("D2201")

    assert "1 of 2 lines" in text_of(shelf.page())


def test_none_here_at_the_end_of_a_bin_is_a_count_of_no_units(shelf):
    line = shelf.line()

    shelf.post("count-finish", sure="1", **{f"none-{line.pk}": "1"})

    assert shelf.counted() == 0
    assert not line.entries.exists()


def test_an_empty_bin_has_no_units(shelf):
    shelf.post("count-empty")

    assert shelf.counted() == 0
    assert not shelf.line().entries.exists()


def test_a_bin_where_something_was_scanned_is_not_empty(shelf):
    shelf.scan("D2201")

    response = shelf.post("count-empty")

    assert response.status_code == 422
    assert "were scanned here already" in text_of(response)
    assert shelf.counted() == 1


def test_what_was_taken_as_expected_is_undone_for_units_too(shelf):
    seen = [f"{each.pk}:{each.quant.last_entry}" for each in shelf.session.lines.filter(quant__bin=shelf.bin)]
    client_id = uuid4()
    shelf.post("count-as-expected", seen=seen, client_id=client_id)

    lines = list(shelf.session.lines.filter(quant__bin=shelf.bin).values_list("pk", flat=True))
    shelf.post("count-undo", last=client_id, many=1, line=lines)

    assert set(shelf.session.lines.values_list("counted_quantity", flat=True)) == {None}


def test_finishing_names_the_units_that_are_not_scanned(shelf):
    shelf.burst("D2201", "D2204", "D2207")

    text = text_of(shelf.post("count-finish"))

    assert "Cordless drill: 2 not scanned …2209 , …2213" in text


def test_a_code_that_fits_several_items_asks_which(shelf):
    saw = ItemFactory(number="EL-7019", name="Jigsaw", tracking="serial")
    given_units(shelf.next, saw, ["D2201"])
    other = BinFactory(location=shelf.location, code="A-01-03")

    asked = shelf.scan("D2201", bin=other.code)
    assert "Which one is it?" in text_of(asked)
    response = shelf.scan("D2201", bin=other.code, meant=f"{saw.pk}-0-0")

    assert "D2201 belongs in A-01-02" in text_of(response)


def test_all_as_expected_takes_all_units_as_present(shelf):
    line = shelf.line()
    seen = [f"{each.pk}:{each.quant.last_entry}" for each in shelf.session.lines.filter(quant__bin=shelf.bin)]

    shelf.post("count-as-expected", seen=seen)

    assert shelf.counted() == 5
    assert not line.entries.exists()
