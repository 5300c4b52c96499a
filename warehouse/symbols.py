"""Bar codes as drawings: Code 128, GS1-128 and QR, each one path in a grid of modules, with its quiet zone.

    draw(Symbology.CODE_128, "A-01-03")                                  a bin or an item
    draw(Symbology.GS1_128, elements=gs1("04012345678901", lot="L1"))    FNC1, then the elements

What is drawn here is what `warehouse.barcodes` reads: a test photographs the drawings and scans them.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import segno
from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError

FNC1 = "\x1d"  # how a scanner sends it, and how `barcodes` reads it
# The bars and spaces of the values 0 to 105 in modules, as the standard (ISO/IEC 15417) has them.
WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 "
)
STOP = "2331112"
TO_C, TO_B, FUNCTION_1, START_B, START_C = 99, 100, 102, 104, 105
QUIET = 10  # modules left white on both sides of the bars
QUIET_AROUND_QR = 4
DIGITS = re.compile(r"[0-9]+")
# What GS1 allows in a lot or serial number: 20 of its 82 characters.
GS1_NUMBER = re.compile(r"[!\"%-?A-Z_a-z]{1,20}")


class NotPrintable(DomainError):
    code, text = "not_printable", _("A bar code cannot hold “%(content)s”. Print it as QR code.")


class LotNotInGS1(DomainError):
    code, text = "lot_not_in_gs1", _("GS1 has no room for the lot “%(lot)s”. Print it as Code 128 or QR code.")


class SerialNotInGS1(DomainError):
    code, text = "serial_not_in_gs1", _("GS1 has no room for the serial number “%(serial)s”. Print it as Code 128.")


class Symbology(models.TextChoices):
    CODE_128 = "code128", "Code 128"
    GS1_128 = "gs1-128", "GS1-128"
    QR = "qr", _("QR code")


@dataclass(frozen=True)
class Symbol:
    """`content` is what a scanner sends, `text` what people read under the bars; `path` fills `width` x `height`."""

    symbology: str
    content: str
    text: str
    width: int
    height: int
    path: str

    @property
    def is_square(self):
        return self.symbology == Symbology.QR


def gs1(gtin: str, *, lot: str = "", serial: str = "", expiry: date | None = None) -> tuple[tuple[str, str], ...]:
    """(application identifier, value) pairs. Lot or serial number, one of them, comes last: what has no fixed length
    needs no FNC1 behind it."""
    for number, refused in ((lot, LotNotInGS1(lot=lot)), (serial, SerialNotInGS1(serial=serial))):
        if number and not is_gs1_number(number):
            raise refused
    elements = [("01", gtin.zfill(14))]
    if expiry:
        elements.append(("17", f"{expiry:%y%m%d}"))
    last = [(identifier, number) for identifier, number in (("10", lot), ("21", serial)) if number]
    return tuple(elements + last)


def is_gs1_number(number: str) -> bool:
    return bool(GS1_NUMBER.fullmatch(number))


def draw(symbology: str, content: str = "", *, elements: tuple[tuple[str, str], ...] = ()) -> Symbol:
    """Draw a text or, given `elements`, a GS1 element string. A QR code holds them without FNC1: they begin with 01."""
    if elements:
        content = "".join(identifier + value for identifier, value in elements)
        text = "".join(f"({identifier}){value}" for identifier, value in elements)
    else:
        text = content
    if symbology == Symbology.QR:
        return Symbol(symbology, content, text, *_qr(content))
    is_gs1 = symbology == Symbology.GS1_128
    return Symbol(symbology, content, text, *_code_128(content, FNC1 + content if is_gs1 else content))


@lru_cache(maxsize=4096)
def _qr(content):
    rows = segno.make(content, error="m", micro=False, encoding=None if content.isascii() else "utf-8").matrix
    size = len(rows) + 2 * QUIET_AROUND_QR
    runs = (
        f"M{run.start() + QUIET_AROUND_QR} {y + QUIET_AROUND_QR}h{len(run[0])}v1h-{len(run[0])}z"
        for y, row in enumerate(rows)
        for run in re.finditer("1+", "".join(map(str, row)))
    )
    return size, size, "".join(runs)


@lru_cache(maxsize=4096)
def _code_128(content, encoded):
    if not content or not all(" " <= character <= "~" for character in content):
        raise NotPrintable(content=content)
    values = values_of(encoded)
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    at, bars = QUIET, []
    widths = "".join(WIDTHS[7 * value :][:6] for value in [*values, check]) + STOP
    for place, width in enumerate(map(int, widths)):
        if place % 2 == 0:
            bars.append(f"M{at} 0h{width}v1h-{width}z")
        at += width
    return at + QUIET, 1, "".join(bars)


def values_of(text: str) -> list[int]:
    """The start, and a value for each character or, in set C, for each two digits. FNC1 stands in both sets alike."""
    in_pairs = _pays_in_pairs(text.removeprefix(FNC1), at_start=True)
    values, position = [START_C if in_pairs else START_B], 0
    while position < len(text):
        character, pair = text[position], text[position : position + 2]
        if character == FNC1:
            values.append(FUNCTION_1)
            position += 1
        elif in_pairs and len(pair) == 2 and DIGITS.fullmatch(pair):
            values.append(int(pair))
            position += 2
        elif in_pairs:
            values.append(TO_B)
            in_pairs = False
        elif _pays_in_pairs(text[position:]):
            values.append(TO_C)
            in_pairs = True
        else:
            values.append(ord(character) - 32)
            position += 1
    return values


def _pays_in_pairs(rest, *, at_start=False):
    """Whether the digits in front are worth a change to set C: an even number of them, four where they end the code."""
    run = DIGITS.match(rest)
    digits = len(run[0]) if run else 0
    if at_start:
        return digits >= 4 or digits == len(rest) == 2
    return digits % 2 == 0 and (digits >= 6 or digits == len(rest) >= 4)
