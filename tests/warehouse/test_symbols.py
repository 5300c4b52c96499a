"""What is drawn is photographed, scanned by a reader that is not ours, and understood by our own parser."""

import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tests.scanner import scan
from warehouse.barcodes import parse
from warehouse.symbols import LotNotInGS1, NotPrintable, Symbology, draw, gs1

GTIN = "09501101530003"
STEPS = re.compile(r"M(\d+) (\d+)h(\d+)")
SCALE = 3


def photograph(symbol):
    """The drawing as an image: three dots a module, bars 40 dots high."""
    up = SCALE if symbol.is_square else 40
    image = Image.new("L", (symbol.width * SCALE, symbol.height * up + 20), 255)
    pen = ImageDraw.Draw(image)
    for x, y, width in (map(int, step) for step in STEPS.findall(symbol.path)):
        pen.rectangle((x * SCALE, y * up + 10, (x + width) * SCALE - 1, (y + 1) * up + 9), fill=0)
    return image


def scanned(symbol):
    (said,) = scan(photograph(symbol))
    return said


printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=24)


@given(st.one_of(printable, st.from_regex(r"[A-Z]{0,2}[0-9]{1,14}[A-Z]?", fullmatch=True)))
@example("99")  # reads like a change of the set
@example("998174")
@example("4006381333931")
@example("A-01-03")
@example("L123456")
@example("12345X1234567")
def test_code_128_says_what_was_put_in(text):
    assert scanned(draw(Symbology.CODE_128, text)) == "]C0" + text


@given(printable)
@example("A-01-03")
@example("Länge ⌀ 7")
def test_a_qr_code_says_what_was_put_in(text):
    assert scanned(draw(Symbology.QR, text)).removeprefix("]Q1") == text


@pytest.mark.parametrize("symbology", [Symbology.GS1_128, Symbology.QR])
def test_a_label_of_a_lot_says_item_lot_and_expiration_date(symbology):
    symbol = draw(symbology, elements=gs1(GTIN, lot="E25-347", expiry=date(2027, 11, 30)))

    said = parse(scanned(symbol))

    assert (said.gtin, said.lot, said.expiry) == (GTIN, "E25-347", date(2027, 11, 30))
    assert symbol.text == f"(01){GTIN}(17)271130(10)E25-347"


def test_gs1_128_begins_with_a_real_fnc1():
    symbol = draw(Symbology.GS1_128, elements=gs1(GTIN))

    # C1 is what scanners say of a Code 128 whose first character is FNC1; FNC1 itself they leave out.
    assert scanned(symbol) == f"]C101{GTIN}"
    assert scanned(draw(Symbology.CODE_128, symbol.content)).startswith("]C0")


@pytest.mark.parametrize("text", ["", "Länge", "a\tb", "٣"])
def test_code_128_refuses_what_it_cannot_hold(text):
    with pytest.raises(NotPrintable) as refused:
        draw(Symbology.CODE_128, text)

    assert refused.value.code == "not_printable"


@pytest.mark.parametrize("lot", ["L" * 21, "A B", "Ä1"])
def test_gs1_refuses_a_lot_that_it_has_no_room_for(lot):
    with pytest.raises(LotNotInGS1):
        gs1(GTIN, lot=lot)
