"""Tags: what an RFID reader sends, hexadecimal or as a URI, and what stands in it.

`read_tag` never looks anything up and never fails: readers sweep up the tags of a whole building, so most of what they
send may be nobody's. epcpy takes SGTINs apart; every other tag is its code and nothing else.
"""

import re
from dataclasses import dataclass
from string import hexdigits

from django.utils.translation import gettext_lazy as _
from epcpy.epc_schemes.sgtin import SGTIN, SGTINFilterValue
from epcpy.utils.common import ConvertException, replace_uri_escapes, revert_uri_escapes

from inventory_site.errors import DomainError
from warehouse.barcodes import STARTS_WITH_A_GTIN, gtin_14

DIGITS_OF_96_BITS = 24
DIGITS_OF_198_BITS = 52  # a tag's memory holds words of 16 bits: 198 are padded to 208
WHOLE_DIGITS_OF_198_BITS = 50  # of which the last two bits are padding already
MOST_DIGITS = 124
LONGEST_URI = 200
HEADERS_OF_SGTINS = HEADER_OF_96_BITS, HEADER_OF_198_BITS = "30", "36"

PURE_IDENTITY = re.compile(r"urn:epc:id:sgtin:.+")
TAG_URI = re.compile(r"urn:epc:tag:(?P<scheme>sgtin-96|sgtin-198):(?P<filter>[0-7])\.(?P<body>.+)")
RAW_URI = re.compile(r"urn:epc:raw:\d+\.x(?P<digits>[0-9a-f]+)", re.IGNORECASE)
OTHER_URI = re.compile(r"urn:epc:[a-z]+:(?!sgtin)[!-~]+", re.IGNORECASE)
WORDS_OF_A_URI = re.compile(r"(urn:epc:[a-z]+:[a-z0-9-]+:)", re.IGNORECASE)
ESCAPE = re.compile(r"%[0-9a-f]{2}")

# What epcpy raises on content that no SGTIN can have; a header that is none of an SGTIN is a LookupError.
NOT_READABLE = (ConvertException, ValueError, LookupError, OverflowError)


class NoTagHasThis(DomainError):
    code = "no_tag_has_this"
    text = _("No tag can be written for %(gtin)s with the serial number %(serial)s.")


@dataclass(frozen=True, slots=True)
class Tag:
    """`code` is what stands on the tag, hexadecimal, in capitals. `gtin` has 14 digits; blank where it is no SGTIN."""

    code: str
    gtin: str = ""
    serial: str = ""


def read_tag(text: str) -> Tag | None:
    """The tag that a reader sent, or None where the text is none.

    Hexadecimal (in any case, with blanks between the words, padded with zeros) or one of the URIs of the EPC standard.
    A URI that says nothing of the tag's filter value is read as the tag that `tag_of` would write.
    """
    if len(text) > LONGEST_URI or not text.isascii():
        return None
    text = text.strip()
    return _in_uri(_in_usual_case(text)) if text[:4].lower() == "urn:" else _in_digits(text)


def tag_code(text: str) -> str | None:
    """What `read_tag` would give as the code of hexadecimal text, without looking into the tag: far quicker."""
    digits = "".join(text.split()).upper()
    if not DIGITS_OF_96_BITS <= len(digits) <= MOST_DIGITS or digits.strip(hexdigits) or not digits.strip("0"):
        return None
    if STARTS_WITH_A_GTIN.match(digits) and gtin_14(digits[2:16]):
        return None  # a label of GS1, all of digits
    return _cut(digits)


def tag_of(gtin: str, serial: str, company_prefix_length: int = 7) -> Tag:
    """The tag to write for a unit: 96 bits where the serial number allows it, else 198. Raises NoTagHasThis."""
    whole = gtin_14(gtin)
    if whole is None:
        raise NoTagHasThis(gtin=gtin, serial=serial)
    try:
        return _encoded(SGTIN.from_gtin_plus_serial(whole, revert_uri_escapes(serial), company_prefix_length))
    except NOT_READABLE as error:
        raise NoTagHasThis(gtin=gtin, serial=serial) from error


def _in_uri(text):
    try:
        if PURE_IDENTITY.fullmatch(text):
            return _encoded(SGTIN(text))
        if tag := TAG_URI.fullmatch(text):
            scheme = SGTIN.BinaryCodingScheme(tag["scheme"])
            return _encoded(SGTIN(f"urn:epc:id:sgtin:{tag['body']}"), scheme, SGTINFilterValue(tag["filter"]))
    except NOT_READABLE:
        return None
    if raw := RAW_URI.fullmatch(text):
        return _in_digits(raw["digits"])
    return Tag(text) if OTHER_URI.fullmatch(text) else None


def _in_usual_case(uri):
    """The standard's own words in small letters, its escapes in capitals; a serial number keeps its case."""
    uri = WORDS_OF_A_URI.sub(lambda found: found[0].lower(), uri, count=1)
    return ESCAPE.sub(lambda found: found[0].upper(), uri)


def _encoded(sgtin, scheme=None, filter_value=SGTINFilterValue.POS_ITEM):
    scheme = scheme or _scheme_for(sgtin)
    sgtin.tag_uri(scheme, filter_value)  # what 96 bits cannot hold is refused here, and nowhere else in epcpy
    return _tag(sgtin.hex(binary_coding_scheme=scheme, filter_value=filter_value), sgtin)


def _scheme_for(sgtin):
    """96 bits hold numbers below 2 ** 38 without zeros in front."""
    serial = sgtin._serial
    fits = serial.isascii() and serial.isdigit() and str(int(serial)) == serial and int(serial) < 2**38
    return SGTIN.BinaryCodingScheme.SGTIN_96 if fits else SGTIN.BinaryCodingScheme.SGTIN_198


def _in_digits(text):
    code = tag_code(text)
    if code is None or code[:2] not in HEADERS_OF_SGTINS:
        return code and Tag(code)
    try:
        return _tag(code, SGTIN.from_hex(code))
    except NOT_READABLE:
        return Tag(code)


def _cut(digits):
    """The digits of an SGTIN itself: readers send the words behind it as well, or leave its own padding out."""
    header = digits[:2]
    if header == HEADER_OF_96_BITS:
        return digits[:DIGITS_OF_96_BITS]
    if header == HEADER_OF_198_BITS and len(digits) >= WHOLE_DIGITS_OF_198_BITS:
        bits = int(digits[:WHOLE_DIGITS_OF_198_BITS], 16) >> 2 << 2
        return f"{bits:X}".ljust(DIGITS_OF_198_BITS, "0")
    return digits


def _tag(digits, sgtin):
    return Tag(digits, sgtin.gtin(), replace_uri_escapes(sgtin._serial))
