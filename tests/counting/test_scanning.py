"""What a scan means in the bin A-01-03 of a warehouse, code by code."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from counting.refreshing import refresh_system
from counting.scanning import Kind, ScanTooMuch, UnitNotKnown, understand
from tests.counting.given import given_person, given_session
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UnitOfMeasureFactory,
    given_stock,
    given_units,
    post_lines,
)
from warehouse.barcodes import ScanEmpty, ScanTooLong, ScanUnreadable
from warehouse.models import ItemReference, ItemUnit

pytestmark = pytest.mark.django_db

PADLOCK, BOX, EPOXY, TWO_THINGS = "4006381333931", "14006381333938", "4000000000006", "5012345678900"
DRILL = "80614141123458"
FNC1 = "\x1d"


class Shelf:
    """Padlocks, two lots of epoxy, bolts; LED lights lie elsewhere, drills are counted one by one."""

    def __init__(self):
        self.location = LocationFactory(code="LH1", name="Lindhafen")
        self.bin = BinFactory(location=self.location, code="A-01-03", name="Locks")
        self.other = BinFactory(location=self.location, code="A-01-04", name="Lights")
        self.padlock = ItemFactory(number="HW-2207", name="Padlock")
        self.box = UnitOfMeasureFactory(code="box", name="box")
        ItemUnit.objects.create(item=self.padlock, unit_of_measure=self.box, quantity_per=12)
        ItemReference.objects.create(item=self.padlock, code=PADLOCK)
        ItemReference.objects.create(item=self.padlock, code=BOX, unit_of_measure=self.box)
        self.epoxy = LotItemFactory(number="HW-4105", name="Epoxy")
        ItemReference.objects.create(item=self.epoxy, code=EPOXY)
        self.old = LotFactory(item=self.epoxy, number="E25-347", expiration_date=date(2026, 12, 12))
        self.new = LotFactory(item=self.epoxy, number="E26-081", expiration_date=date(2027, 4, 30))
        self.bolt = ItemFactory(number="HW-6000", name="Bolt")
        self.cheese = ItemFactory(number="CS-1", name="Cheese", base_unit=UnitOfMeasureFactory(code="kg", name="kg"))
        ItemReference.objects.create(item=self.cheese, code="2000000000008")
        self.light = ItemFactory(number="EL-6210", name="Light")
        ItemReference.objects.create(item=self.light, code=TWO_THINGS)
        ItemReference.objects.create(item=self.bolt, code=TWO_THINGS)
        self.drill = ItemFactory(number="EL-7018", name="Drill", tracking="serial")
        for item in (self.padlock, self.bolt, self.cheese):
            given_stock(54, bin=self.bin, item=item)
        for lot in (self.old, self.new):
            given_stock(8, bin=self.bin, lot=lot)
        given_stock(6, bin=self.other, item=self.light)
        self.session = given_session(self.location)
        self.person = given_person(location=self.location)

    def scan(self, code, *, bin=None, meant=""):
        return understand(self.session, code, bin=bin or self.bin, by=self.person, meant=meant)


@pytest.fixture
def shelf():
    return Shelf()


LINES = {
    # code: (item, lot, quantity)
    "an item number": ("HW-2207", "HW-2207", None, 1),
    "an item number in small letters": ("hw-2207", "HW-2207", None, 1),
    "a bar code": (PADLOCK, "HW-2207", None, 1),
    "the same code as a GTIN of 14 digits": ("0" + PADLOCK, "HW-2207", None, 1),
    "a box": (BOX, "HW-2207", None, 12),
    "a box, three of them": (f"01{BOX}{FNC1}373", "HW-2207", None, 36),
    "an element string with a quantity": (f"010{PADLOCK}30144", "HW-2207", None, 144),
    "as it is printed under the bars": (f"(01)0{PADLOCK}(30)5", "HW-2207", None, 5),
    "with what wedges add around it": (f"\x02{PADLOCK}\r\n", "HW-2207", None, 1),
    "a label with lot and expiry": (f"010{EPOXY}1727043010E26-081", "HW-4105", "E26-081", 1),
    "a lot, expiry behind a separator": (f"010{EPOXY}10E25-347{FNC1}17261212", "HW-4105", "E25-347", 1),
    "a lot whose separator was lost": (f"010{EPOXY}10E25-34717261212", "HW-4105", "E25-347", 1),
    "a lot in small letters": (f"010{EPOXY}10e26-081", "HW-4105", "E26-081", 1),
    "the number of a lot alone": ("E26-081", "HW-4105", "E26-081", 1),
    "a label that holds a lot alone": ("(10)E26-081", "HW-4105", "E26-081", 1),
    "a weight, for what is counted by weight": ("0102000000000008" + "3103002500", "CS-1", None, "2.5"),
}


@pytest.mark.parametrize("case", LINES)
def test_a_scan_finds_its_line(shelf, case):
    code, item, lot, quantity = LINES[case]

    meaning = shelf.scan(code)

    assert meaning.kind == Kind.LINE
    assert meaning.line.quant.item.number == item
    assert (meaning.line.quant.lot and meaning.line.quant.lot.number) == lot
    assert meaning.quantity == Decimal(quantity)


OTHERS = {
    "another bin": ("A-01-04", Kind.BIN),
    "a bin in small letters": ("a-01-04", Kind.BIN),
    "a bin by its name": ("Lights", Kind.BIN),
    "this bin once more": ("A-01-03", Kind.BIN),
    "the adjustment bin": ("ADJ", Kind.UNKNOWN),
    "a code of two items": (TWO_THINGS, Kind.WHICH),
    "an item of several lots": ("HW-4105", Kind.WHICH),
    "an item that lies elsewhere": ("EL-6210", Kind.ELSEWHERE),
    "a lot that nobody knows": (f"010{EPOXY}10E27-001", Kind.ELSEWHERE),
    "an item that is counted one by one": ("EL-7018", Kind.SERIALIZED),
    "nothing that we know": ("9999999999994", Kind.UNKNOWN),
    "a text that we do not know": ("hello there", Kind.UNKNOWN),
    "a percent sign": ("%", Kind.UNKNOWN),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_scan_asks_or_says_what_it_is(shelf, case):
    code, kind = OTHERS[case]
    BinFactory(location=shelf.location, code="ADJ", kind="adjustment")

    assert shelf.scan(code).kind == kind


@pytest.mark.parametrize(
    "code", ["D-100", "d-100", "MF-9", f"01{DRILL}21D-100", "urn:epc:id:sgtin:0614141.812345.D-100"]
)
def test_a_code_of_a_unit_is_that_unit(shelf, code):
    ItemReference.objects.create(item=shelf.drill, code=DRILL)
    line = {"bin": shelf.bin.pk, "item": shelf.drill.pk, "quantity": Decimal(1)}
    post_lines(shelf.location, {**line, "unit": "D-100", "manufacturer_number": "MF-9"})

    meaning = shelf.scan(code)

    assert (meaning.kind, [unit.code for unit in meaning.units]) == (Kind.UNIT, ["D-100"])
    assert meaning.item == shelf.drill


def test_a_serial_number_of_two_items_asks_which_unless_one_of_them_lies_here(shelf):
    saw = ItemFactory(tracking="serial")
    for bin, item, codes in (
        (shelf.other, shelf.drill, ["7", "8"]),
        (shelf.other, saw, ["7"]),
        (shelf.bin, saw, ["8"]),
    ):
        given_units(bin, item, codes)

    asked = shelf.scan("7")
    assert (asked.kind, {fit.item for fit in asked.fits}) == (Kind.WHICH, {shelf.drill, saw})
    assert shelf.scan("7", meant=asked.fits[1].key).units[0].item == asked.fits[1].item
    assert (shelf.scan("8").kind, shelf.scan("8").item) == (Kind.UNIT, saw)


def test_tags_and_serial_labels_that_nobody_knows_are_of_units_all_the_same(shelf):
    ItemReference.objects.create(item=shelf.drill, code=DRILL)

    assert shelf.scan("E2" * 12).kind == Kind.UNIT
    assert (shelf.scan(f"01{DRILL}21NEW").kind, shelf.scan(f"01{DRILL}21NEW").item) == (Kind.UNIT, shelf.drill)


def test_the_code_of_a_serialized_item_finds_its_line(shelf):
    given_units(shelf.bin, shelf.drill, ["D-100"])
    refresh_system(shelf.session, by=shelf.person, at=timezone.now())

    meaning = shelf.scan("EL-7018")

    assert (meaning.kind, meaning.line.quant.item) == (Kind.SERIALIZED, shelf.drill)


BROKEN = {
    "nothing": ("", ScanEmpty),
    "blanks": ("  \r\n", ScanEmpty),
    "4,000 characters": ("x" * 4000, ScanTooLong),
    "control characters": ("HW\x072207", ScanUnreadable),
    "a NUL": ("HW\x002207", ScanUnreadable),
    "half a surrogate": ("HW\ud8002207", ScanUnreadable),
    "kilograms of what is counted in pieces": (f"010{PADLOCK}3103002500", UnitNotKnown),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_scan_says_what_is_wrong(shelf, case):
    code, error = BROKEN[case]

    with pytest.raises(error) as raised:
        shelf.scan(code)

    assert raised.value.messages[0]


def test_more_than_a_count_can_hold_is_refused(shelf):
    ItemUnit.objects.filter(item=shelf.padlock).update(quantity_per=Decimal("1e12"))

    with pytest.raises(ScanTooMuch):
        shelf.scan(f"01{BOX}{FNC1}3799999999")


def test_answering_which_item_finds_its_line(shelf):
    asked = shelf.scan(TWO_THINGS)
    bolt = next(fit for fit in asked.fits if fit.item == shelf.bolt)

    meaning = shelf.scan(TWO_THINGS, meant=bolt.key)

    assert (meaning.kind, meaning.line.quant.item) == (Kind.LINE, shelf.bolt)


def test_answering_which_lot_finds_its_line(shelf):
    asked = shelf.scan("HW-4105")
    assert [line.quant.lot for line in asked.lines] == [shelf.old, shelf.new], "The first to expire comes first."

    meaning = shelf.scan("HW-4105", meant=f"{asked.fit.key}/line-{asked.lines[1].pk}")

    assert (meaning.kind, meaning.line.quant.lot) == (Kind.LINE, shelf.new)


def test_an_answer_to_another_question_is_no_answer(shelf):
    assert shelf.scan("HW-4105", meant="1-2-3/line-99").kind == Kind.WHICH


def test_a_code_of_a_bin_and_of_an_item_asks(shelf):
    ItemFactory(number="A-01-04")

    meaning = shelf.scan("A-01-04")

    assert meaning.kind == Kind.WHICH
    assert (meaning.bins, len(meaning.fits)) == ([shelf.other], 1)


def test_a_bins_number_goes_before_another_bins_name(shelf):
    BinFactory(location=shelf.location, code="B-09", name="A-01-04")

    assert shelf.scan("A-01-04").bin == shelf.other


def test_a_bin_of_another_location_is_named_only_to_people_of_both(shelf):
    south = LocationFactory(name="South")
    BinFactory(location=south, code="S-01-01")
    assert shelf.scan("S-01-01").kind == Kind.UNKNOWN

    shelf.person.locations.add(south)

    meaning = shelf.scan("S-01-01")
    assert (meaning.kind, meaning.bin.location) == (Kind.OTHER_LOCATION, south)


def test_an_unexpected_item_says_where_the_book_has_it(shelf):
    meaning = shelf.scan("EL-6210")

    assert [quant.bin for quant in meaning.places] == [shelf.other]


def test_a_new_lot_keeps_what_the_label_says(shelf):
    meaning = shelf.scan(f"010{EPOXY}1728013110E27-001")

    assert (meaning.lot, meaning.expiry, meaning.known_lot) == ("E27-001", date(2028, 1, 31), None)


def test_a_lot_that_lies_elsewhere_decides_how_a_label_without_separators_is_read(shelf):
    LotFactory(item=shelf.epoxy, number="E24-1")
    lost = f"010{EPOXY}10E24-1" + "21777"

    meaning = shelf.scan(lost)

    assert (meaning.kind, meaning.lot) == (Kind.ELSEWHERE, "E24-1")


def test_a_label_that_contradicts_the_book_is_counted_and_told(shelf):
    meaning = shelf.scan(f"010{EPOXY}1730123110E26-081")

    assert meaning.kind == Kind.LINE
    assert meaning.contradicts == date(2027, 4, 30)


def test_a_lot_number_of_two_items_asks():
    lot = LotFactory(number="E26-081")
    twin = LotFactory(number="E26-081")
    bin = given_stock(3, lot=lot, bin=BinFactory()).bin
    given_stock(3, lot=twin, bin=bin)
    session = given_session(bin.location)

    meaning = understand(session, "E26-081", bin=bin, by=given_person(location=bin.location))

    assert meaning.kind == Kind.WHICH
    assert {line.quant.item for line in meaning.lines} == {lot.item, twin.item}


def test_looking_up_costs_the_same_however_much_there_is(shelf):
    def statements(code):
        with CaptureQueriesContext(connection) as queries:
            shelf.scan(code)
        return len(queries)

    before = [statements(code) for code in ("HW-2207", "EL-6210", "nothing")]
    for number in range(30):
        item = ItemFactory()
        ItemReference.objects.create(item=item, code=f"800{number}")
        given_stock(5, bin=shelf.bin, item=item)
        given_stock(5, bin=BinFactory(location=shelf.location), item=shelf.light)
    given_session(shelf.location)

    assert [statements(code) for code in ("HW-2207", "EL-6210", "nothing")] == before
    assert max(before) <= 9
