"""What scanners send, as a table; and that nothing they could ever send breaks the page."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inventory_site.errors import DomainError
from warehouse.barcodes import MAX_LENGTH, candidates, parse

GTIN = "09501101530003"
FNC1 = "\x1d"


def meaning(scan):
    """What was found in a scan, without what was not."""
    names = ("gtin", "lot", "expiry", "serial", "quantity", "unit_of_measure")
    return {name: value for name in names if (value := getattr(scan, name)) is not None}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # as printed under the bars
        (f"(01){GTIN}", {"gtin": GTIN}),
        (f"(01){GTIN}(10)AB-123", {"gtin": GTIN, "lot": "AB-123"}),
        (f"(01) {GTIN} (10) AB-123", {"gtin": GTIN, "lot": "AB-123"}),
        (f"(01){GTIN}(17)270430(10)E26-081", {"gtin": GTIN, "expiry": date(2027, 4, 30), "lot": "E26-081"}),
        (f"(01){GTIN}(10)L1(17)270400", {"gtin": GTIN, "lot": "L1", "expiry": date(2027, 4, 30)}),
        (f"(01){GTIN}(10)L1(17)240200", {"gtin": GTIN, "lot": "L1", "expiry": date(2024, 2, 29)}),
        (f"(01){GTIN}(21)S-77", {"gtin": GTIN, "serial": "S-77"}),
        (f"(01){GTIN}(30)12", {"gtin": GTIN, "quantity": Decimal(12)}),
        (f"(02){GTIN}(37)24", {"gtin": GTIN, "quantity": Decimal(24)}),
        (
            f"(01){GTIN}(3103)001250",
            {"gtin": GTIN, "quantity": Decimal("1.250"), "unit_of_measure": "kg"},
        ),
        (
            f"(01){GTIN}(3201)000125",
            {"gtin": GTIN, "quantity": Decimal("12.5"), "unit_of_measure": "lb"},
        ),
        (f"(01){GTIN}(15)261231", {"gtin": GTIN, "expiry": date(2026, 12, 31)}),
        (f"(01){GTIN}(15)261231(17)270131", {"gtin": GTIN, "expiry": date(2027, 1, 31)}),
        (f"(01){GTIN}(7003)2704301200", {"gtin": GTIN, "expiry": date(2027, 4, 30)}),
        ("(10)AB-123", {"lot": "AB-123"}),
        # an impossible date does not hide the rest of the label
        (f"(01){GTIN}(17)000000(10)L1", {"gtin": GTIN, "lot": "L1"}),
        # as scanned: fixed lengths first, then with FNC1 in its spellings
        (f"01{GTIN}1727043010E26-081", {"gtin": GTIN, "expiry": date(2027, 4, 30), "lot": "E26-081"}),
        (f"01{GTIN}10E26-081{FNC1}17270430", {"gtin": GTIN, "expiry": date(2027, 4, 30), "lot": "E26-081"}),
        (f"{FNC1}01{GTIN}10L1{FNC1}21S9", {"gtin": GTIN, "lot": "L1", "serial": "S9"}),
        (f"01{GTIN}10L1{{GS}}21S9", {"gtin": GTIN, "lot": "L1", "serial": "S9"}),
        (f"01{GTIN}10L1<GS>21S9", {"gtin": GTIN, "lot": "L1", "serial": "S9"}),
        (f"01{GTIN}10L1\u241d21S9", {"gtin": GTIN, "lot": "L1", "serial": "S9"}),
        (f"{FNC1}10AB", {"lot": "AB"}),
        # FNC1 was dropped
        (f"01{GTIN}10AB17270430", {"gtin": GTIN, "lot": "AB", "expiry": date(2027, 4, 30)}),
        (f"01{GTIN}10AB1727043021S9", {"gtin": GTIN, "lot": "AB", "expiry": date(2027, 4, 30), "serial": "S9"}),
        (f"01{GTIN}21S917270430", {"gtin": GTIN, "serial": "S9", "expiry": date(2027, 4, 30)}),
        (f"02{GTIN}3724", {"gtin": GTIN, "quantity": Decimal(24)}),
        # symbology identifiers
        (f"]C101{GTIN}10L1{FNC1}3712", {"gtin": GTIN, "lot": "L1", "quantity": Decimal(12)}),
        (f"]d201{GTIN}17270430", {"gtin": GTIN, "expiry": date(2027, 4, 30)}),
        (f"]Q301{GTIN}21S9", {"gtin": GTIN, "serial": "S9"}),
        (f"]e001{GTIN}", {"gtin": GTIN}),
        ("]C110AB", {"lot": "AB"}),
        (
            f"https://id.gs1.org/01/{GTIN}/10/L1/21/S9?17=270430",
            {"gtin": GTIN, "lot": "L1", "serial": "S9", "expiry": date(2027, 4, 30)},
        ),
    ],
)
def test_element_strings_are_read_in_every_form_that_scanners_send(code, expected):
    scan = parse(code)

    assert scan.kind == "gs1"
    assert meaning(scan) == expected


@pytest.mark.parametrize(
    ("code", "gtin"),
    [
        ("96385074", "00000096385074"),
        ("614141000036", "00614141000036"),
        ("9501101530003", GTIN),
        (GTIN, GTIN),
        ("]E09501101530003", GTIN),
        ("02345011", "00023100004501"),  # a UPC-E, which is no EAN-8
    ],
)
def test_a_plain_gtin_is_recognised_and_stays_searchable_as_it_was_scanned(code, gtin):
    scan = parse(code)

    assert (scan.kind, scan.gtin) == ("plain", gtin)
    assert candidates(scan)[0] == code.removeprefix("]E0")


@pytest.mark.parametrize(
    "code",
    [
        "A-01-03",
        "RACK1-SHELF1",
        "10-21",
        "1727043010",
        "HW-2207",
        "00392/174",
        "Küche 3",
        "9501101530004",  # wrong check digit
        "01095011015300041727043010L1",  # wrong check digit inside
        f"(01){GTIN[:-1]}4(10)L1",
        "(A)1",
        "(01)",
        "]",
        "]C1",
        "00000000",
        "http://example.com/",
        "٠١٢٣٤٥٦٥",
    ],
)
def test_anything_else_is_plain_text(code):
    scan = parse(code)

    assert (scan.kind, scan.text, meaning(scan)) == ("plain", code, {})
    assert candidates(scan) == [code]


@pytest.mark.parametrize("wrapped", ["A-01\r\n", "\tA-01", " A-01 \n", "\x02A-01\x03", "\ufeffA-01", "A-01\0"])
def test_what_wedges_add_around_a_code_is_dropped(wrapped):
    assert parse(wrapped).text == "A-01"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("", "scan_empty"),
        (" \r\n", "scan_empty"),
        (FNC1, "scan_empty"),
        ("{GS}", "scan_empty"),
        ("7" * 201, "scan_too_long"),
        ("x" * 4000, "scan_too_long"),
        ("A\x0001", "scan_unreadable"),
        ("A\x1b[31m", "scan_unreadable"),
        ("A\u202eB", "scan_unreadable"),
        ("A\ud800", "scan_unreadable"),
        ("[)>\x1e06\x1dP123\x1e\x04", "scan_unreadable"),
    ],
)
def test_a_scan_that_cannot_be_used_says_why(code, error):
    with pytest.raises(DomainError) as refused:
        parse(code)

    assert refused.value.code == error


def test_a_gtin_matches_references_of_every_width():
    scan = parse("(01)00614141000036(10)L1")

    assert candidates(scan) == [
        "(01)00614141000036(10)L1",
        "00614141000036",
        "0614141000036",
        "614141000036",
    ]


def test_the_gtin_of_a_case_does_not_match_the_piece_inside():
    scan = parse("19501101530000")

    assert candidates(scan) == ["19501101530000"]


def test_where_the_separator_was_lost_the_other_readings_are_kept():
    scan = parse(f"01{GTIN}10AB17270430")

    assert [reading.lot for reading in scan.alternatives] == ["AB17270430"]
    assert scan.alternatives[0].gtin == GTIN


def test_where_separators_are_sent_there_is_one_reading():
    scan = parse(f"01{GTIN}10AB17270430{FNC1}21S9")

    assert (scan.lot, scan.serial, scan.alternatives) == ("AB17270430", "S9", ())


@example("]C1" + "10" * 98)
@example("]C1" + "21" * 95 + '~"')
@example("]Y")
@example("]C1" + "1721" * 49)
@example("(3109)1")
@given(st.text(max_size=MAX_LENGTH + 5) | st.text("()]CdQe0123710{GS}" + FNC1, max_size=MAX_LENGTH))
def test_nothing_that_can_be_scanned_breaks(code):
    try:
        scan = parse(code)
    except DomainError as refused:
        assert refused.code.startswith("scan_")
        return

    assert scan.text in candidates(scan)
    assert all(1 <= len(text) <= MAX_LENGTH for text in candidates(scan))


LOTS = st.text("ABCXYZ-/.", min_size=1, max_size=20)
DATES = st.dates(date(2000, 1, 1), date(2049, 12, 31))


@example(lot="A", expiry=date(2000, 1, 1), serial="A", count=4_373_000)
@given(lot=LOTS, expiry=DATES, serial=LOTS, count=st.integers(1, 99_999_999))
def test_what_a_label_says_comes_back(lot, expiry, serial, count):
    on_label = {"gtin": GTIN, "lot": lot, "expiry": expiry, "serial": serial, "quantity": Decimal(count)}

    printed = parse(f"(01){GTIN}(17){expiry:%y%m%d}(10){lot}(21){serial}(30){count}")
    scanned = parse(f"]C101{GTIN}10{lot}{FNC1}17{expiry:%y%m%d}21{serial}{FNC1}30{count}")
    stripped = parse(f"01{GTIN}17{expiry:%y%m%d}10{lot}21{serial}30{count}")

    assert meaning(printed) == meaning(scanned) == on_label
    assert on_label in [meaning(reading) for reading in (stripped, *stripped.alternatives)]
