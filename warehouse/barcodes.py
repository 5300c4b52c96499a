"""What a scanner or a keyboard wedge sent: GS1 element strings, GTINs, or plain text such as a bin code.

`parse` never looks anything up and never guesses away what was scanned: the text stays searchable, whatever else it
might be. Element strings are read by biip; when a scanner dropped the separators (FNC1), the other ways to read the
code are kept in `Scan.alternatives`, because only the known lots of the item can tell which one is meant.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import islice

from biip import BiipException, ParseConfig
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString
from biip.gtin import Gtin
from biip.upc import Upc
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError

MAX_LENGTH = 200
MAX_READINGS = 8
FNC1 = "\x1d"

# What wedges add before and after a code. FNC1 is kept: in front it says that element strings follow.
AROUND_A_CODE = " \t\r\n\v\f\0\x02\x03\u00a0\u200b\ufeff"
# What wedges and scanner settings send in place of FNC1.
FNC1_SPELLINGS = re.compile(r"<GS>|\{GS\}|\u241d", re.IGNORECASE)
SYMBOLOGY = re.compile(r"\](?P<name>[A-Za-z][0-9A-Za-z])(?=.)", re.DOTALL)
SYMBOLOGIES_OF_GS1 = ("C1", "e0", "e1", "e2", "d2", "Q3", "J1")
ELEMENT_IN_PARENTHESES = re.compile(r"\((\d{2,4})\)([^(]+)")
STARTS_WITH_A_GTIN = re.compile(r"0[12]\d{14}")
LENGTHS_OF_GTIN = (8, 12, 13, 14)

DATES = ("11", "13", "15", "17")
NUMBERS_OF_PIECES = {"37": "30"}
# Others are not looked for behind a lot or serial: almost any digits would do.
MAY_FOLLOW_A_LOST_SEPARATOR = (*DATES, "10", "21", "30", "37", "310", "320")
LONGEST_BEFORE_A_LOST_SEPARATOR = 30

# biip's own errors; and what its dates and numbers raise on nonsense that its patterns let through.
NOT_READABLE = (BiipException, ValueError, ArithmeticError, LookupError, AssertionError)
# An impossible date must not hide the item and the lot on the same label.
LENIENT_DATES = ParseConfig(gs1_element_strings_verify_date=False)


class ScanEmpty(DomainError):
    code, text = "scan_empty", _("Nothing was scanned.")


class ScanTooLong(DomainError):
    code, text = "scan_too_long", _("A scan has %(limit)s characters at most, this one has %(length)s. Scan once more.")


class ScanUnreadable(DomainError):
    code, text = "scan_unreadable", _("The scan holds characters that no label has. Scan once more.")


@dataclass(frozen=True)
class Scan:
    """One scan. `gtin` always has 14 digits. `quantity` is pieces, unless `unit_of_measure` says "kg" or "lb"."""

    raw: str
    text: str
    kind: str = "plain"
    gtin: str | None = None
    lot: str | None = None
    expiry: date | None = None
    serial: str | None = None
    quantity: Decimal | None = None
    unit_of_measure: str | None = None
    alternatives: tuple["Scan", ...] = field(default=(), repr=False)


def parse(code: str) -> Scan:
    """Read a scan; raises ScanEmpty, ScanTooLong or ScanUnreadable, and nothing else."""
    cleaned = clean(code)
    symbology = SYMBOLOGY.match(cleaned)
    content = FNC1_SPELLINGS.sub(FNC1, cleaned[symbology.end() :] if symbology else cleaned)
    is_gs1 = content.startswith(FNC1) or (symbology and symbology["name"] in SYMBOLOGIES_OF_GS1)

    text = content.replace(FNC1, "").strip()
    if not text:
        raise ScanEmpty()
    found = [scan_of(elements, raw=code, text=text) for elements in element_strings(content, is_gs1=bool(is_gs1))]
    if found:
        return replace(found[0], alternatives=tuple(found[1:]))
    return Scan(raw=code, text=text, gtin=gtin_14(text))


def candidates(scan: Scan) -> list[str]:
    """What to look references, items and bins up by, the likeliest first; a GTIN in every width it is stored in."""
    found = [scan.text]
    if scan.gtin:
        found += [scan.gtin[-width:] for width in (14, 13, 12, 8) if not scan.gtin[:-width].strip("0")]
        # Spreadsheets drop leading zeros.
        found.append(scan.gtin.lstrip("0"))
    return list(dict.fromkeys(found))


def clean(code: str) -> str:
    """The code without what wedges add around it; FNC1 is the one control character that a label can hold."""
    if len(code) > MAX_LENGTH:
        raise ScanTooLong(limit=MAX_LENGTH, length=len(code))
    text = code.strip(AROUND_A_CODE)
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text if character != FNC1):
        raise ScanUnreadable()
    return text


def gtin_14(text: str) -> str | None:
    """The 14 digits of a GTIN-8, 12, 13 or 14, or of a UPC-E; None where the check digit does not fit."""
    if not (text.isascii() and text.isdigit() and len(text) in LENGTHS_OF_GTIN and text.strip("0")):
        return None
    for read in (lambda: Gtin.parse(text), lambda: Gtin.parse(Upc.parse(text).as_upc_a())):
        try:
            return read().as_gtin_14()
        except NOT_READABLE:
            continue
    return None


def is_misread(text: str) -> bool:
    """As many digits as a GTIN has, but not the right last one."""
    return text.isascii() and text.isdigit() and len(text) in LENGTHS_OF_GTIN and not gtin_14(text)


def element_strings(text: str, *, is_gs1: bool) -> list[list[GS1ElementString]]:
    """All ways to read the text as GS1 elements, the likeliest first; none if it is no GS1.

    Without a sign of GS1 (a symbology identifier, parentheses, FNC1) only a code that starts with a GTIN counts:
    "10-21" is a bin.
    """
    if not text.isascii():
        return []
    if text.lower().startswith(("http://", "https://")):
        found = [in_digital_link(text)]
    elif text.startswith("("):
        found = [in_parentheses(text)]
    elif is_gs1 or FNC1 in text or STARTS_WITH_A_GTIN.match(text):
        found = in_one_string(text.strip(FNC1))
    else:
        found = []
    return [elements for elements in found if elements and not has_wrong_gtin(elements)]


def has_wrong_gtin(elements: list[GS1ElementString]) -> bool:
    return any(element.gtin_error for element in elements)


def in_digital_link(text: str) -> list[GS1ElementString]:
    try:
        return list(GS1DigitalLinkURI.parse(text, config=LENIENT_DATES).element_strings)
    except NOT_READABLE:
        return []


def in_parentheses(text: str) -> list[GS1ElementString]:
    """As printed under the bars, with or without blanks between the elements."""
    pairs = ELEMENT_IN_PARENTHESES.findall(text)
    if "".join(f"({identifier}){value}" for identifier, value in pairs) != text:
        return []
    elements = [whole_element(identifier + value.strip(f" {FNC1}")) for identifier, value in pairs]
    return elements if all(elements) else []


def whole_element(text: str) -> GS1ElementString | None:
    try:
        element = GS1ElementString.parse(text, config=LENIENT_DATES)
    except NOT_READABLE:
        return None
    return element if element.value else None


def in_one_string(text: str) -> list[list[GS1ElementString]]:
    """With a date first: a lot whose end happens to be a date with its identifier is rarer than a lost separator.
    Then fewest elements first: the fewest lost separators.
    """
    steps: dict[int, list] = {}
    explore(text, 0, steps, separated=FNC1 in text)
    found = [elements for elements in islice(paths(steps, 0, len(text)), 100) if not repeats(elements)]
    return sorted(found, key=lambda elements: (not any(map(has_date, elements)), len(elements)))[:MAX_READINGS]


def repeats(elements: list[GS1ElementString]) -> bool:
    """No label says the same twice: a second lot, or a second number of pieces, is a piece of the first one."""
    said = {NUMBERS_OF_PIECES.get(element.ai.ai, element.ai.ai) for element in elements}
    return len(said) < len(elements)


def explore(text: str, position: int, steps: dict[int, list], *, separated: bool) -> bool:
    """Note in `steps`, for each position, the elements after which the rest of the text can be read to its end.

    Each position is looked at once, so that a hostile code costs no more than a long one.
    """
    if position == len(text):
        return True
    if position not in steps:
        steps[position] = []
        for element, following in elements_at(text, position, separated=separated):
            if explore(text, following, steps, separated=separated):
                steps[position].append((element, following))
    return bool(steps[position])


def paths(steps: dict[int, list], position: int, end: int) -> Iterator[list[GS1ElementString]]:
    if position == end:
        yield []
    for element, following in steps.get(position, ()):
        for rest in paths(steps, following, end):
            yield [element, *rest]


def elements_at(text: str, position: int, *, separated: bool) -> Iterator[tuple[GS1ElementString, int]]:
    """The elements that may start here, the longest first, each with the position behind it and its separators."""
    rest = text[position:]
    try:
        first = GS1ElementString.extract(rest, config=LENIENT_DATES)
    except NOT_READABLE:
        return
    variable = first.ai.separator_required
    for end in ends_of_variable_length(rest, separated=separated) if variable else [len(first)]:
        if element := whole_element(rest[:end]):
            yield element, len(text) - len(rest[end:].lstrip(FNC1))


def ends_of_variable_length(rest: str, *, separated: bool) -> Iterator[int]:
    """At FNC1 or at the end of the text; where the scanner sends no FNC1, also where the next element may start."""
    yield rest.find(FNC1) if FNC1 in rest else len(rest)
    if not separated:
        for end in range(min(len(rest) - 1, LONGEST_BEFORE_A_LOST_SEPARATOR), 2, -1):
            if rest.startswith(MAY_FOLLOW_A_LOST_SEPARATOR, end) and not is_impossible_date(rest[end : end + 8]):
                yield end


def is_impossible_date(text: str) -> bool:
    if not text.startswith(DATES):
        return False
    element = whole_element(text)
    return element is None or not has_date(element)


def has_date(element: GS1ElementString) -> bool:
    return element.date is not None


def scan_of(elements: list[GS1ElementString], *, raw: str, text: str) -> Scan:
    by_identifier = {element.ai.ai: element for element in reversed(elements)}
    trade_item = by_identifier.get("01") or by_identifier.get("02")
    quantity, unit_of_measure = quantity_of(elements, by_identifier)
    return Scan(
        raw=raw,
        text=text,
        kind="gs1",
        gtin=trade_item.gtin.as_gtin_14() if trade_item and trade_item.gtin else None,
        lot=value_of(by_identifier, "10"),
        expiry=expiry_of(by_identifier),
        serial=value_of(by_identifier, "21"),
        quantity=quantity,
        unit_of_measure=unit_of_measure,
    )


def value_of(by_identifier: dict[str, GS1ElementString], identifier: str) -> str | None:
    element = by_identifier.get(identifier)
    return element.value if element else None


def expiry_of(by_identifier: dict[str, GS1ElementString]) -> date | None:
    """The expiration date; food often carries only "best before"."""
    dates = (by_identifier[identifier].date for identifier in ("17", "7003", "15") if identifier in by_identifier)
    return next((found for found in dates if found), None)


def quantity_of(
    elements: list[GS1ElementString], by_identifier: dict[str, GS1ElementString]
) -> tuple[Decimal | None, str | None]:
    """The count (30, 37), else the net weight (310n in kilograms, 320n in pounds) and its unit of measure."""
    count = value_of(by_identifier, "30") or value_of(by_identifier, "37")
    if count:
        return Decimal(count), None
    for element in elements:
        unit_of_measure = {"310": "kg", "320": "lb"}.get(element.ai.ai[:3])
        if unit_of_measure:
            return element.decimal, unit_of_measure
    return None, None
