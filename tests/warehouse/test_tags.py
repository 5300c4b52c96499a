"""What readers send, read; and that nothing they could ever send breaks a count."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warehouse.tags import NoTagHasThis, Tag, read_tag, tag_of

GTIN = "80614141123458"
OF_96_BITS = "3034257BF7194E4000001A85"
OF_198_BITS = "3634257BF7194E5BB6CB8A0000000000000000000000000000"

SERIAL_CHARACTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCXYZ_abcxyz"
MISREAD = re.compile(r"""(^|["%&/<>?])[/<>?]""")
READ_AS_HEXADECIMAL = "0123456789abcdefABCDEF"

gtins = st.integers(min_value=1, max_value=10**13 - 1).map(lambda number: with_check_digit(f"{number:013}"))
# epcpy misreads an escape with a letter in it (%2F) in front of the others; such a tag is read as a code alone.
serials = st.text(SERIAL_CHARACTERS, min_size=1, max_size=20).filter(lambda serial: not MISREAD.search(serial))


def with_check_digit(digits):
    odd, even = digits[::2], digits[1::2]
    return digits + str(-(3 * sum(map(int, odd)) + sum(map(int, even))) % 10)


@pytest.mark.parametrize(
    "text",
    [
        OF_96_BITS,
        OF_96_BITS.lower(),
        "3034 257B F719 4E40 0000 1A85",
        f"  {OF_96_BITS}\r\n",
        OF_96_BITS + "0" * 8,
        OF_96_BITS + "0" * 28,
        "urn:epc:tag:sgtin-96:1.0614141.812345.6789",
        "URN:EPC:TAG:SGTIN-96:1.0614141.812345.6789",
        "urn:epc:id:sgtin:0614141.812345.6789",
        f"urn:epc:raw:96.x{OF_96_BITS}",
    ],
)
def test_a_tag_of_96_bits_is_read_in_every_spelling(text):
    assert read_tag(text) == Tag(OF_96_BITS, GTIN, "6789")


@pytest.mark.parametrize("length", [50, 52, 56, 64])
def test_a_tag_of_198_bits_is_the_same_however_far_it_is_padded(length):
    whole = tag_of(GTIN, "A-1").code

    assert read_tag(whole[:50].ljust(length, "0")) == Tag(whole, GTIN, "A-1")
    assert len(whole) == 52


def test_words_that_a_reader_sends_behind_a_tag_are_no_part_of_it():
    assert read_tag(OF_96_BITS + "5F0A") == Tag(OF_96_BITS, GTIN, "6789")


def test_a_serial_number_that_96_bits_cannot_hold_makes_a_longer_tag():
    assert len(tag_of(GTIN, str(2**38 - 1)).code) == 24
    assert len(tag_of(GTIN, str(2**38)).code) == 52
    assert len(tag_of(GTIN, "007").code) == 52
    assert read_tag("urn:epc:id:sgtin:0614141.812345.a%2fB") == tag_of(GTIN, "a/B")


@given(gtin=gtins, serial=st.one_of(serials, st.integers(0, 2**38 - 1).map(str)), prefix=st.integers(6, 12))
def test_what_is_written_on_a_tag_is_read_from_it(gtin, serial, prefix):
    tag = tag_of(gtin, serial, prefix)

    assert (tag.gtin, tag.serial) == (gtin, serial)
    assert read_tag(tag.code) == tag
    assert read_tag(tag.code.lower() + "0000") == tag


@pytest.mark.parametrize(
    "text", ["3114257BF4499602D2000000", "E280116060000207", "e28011606000020794713ccf", "0" * 23 + "1"]
)
def test_other_tags_are_their_code_and_nothing_else(text):
    tag = read_tag(text)

    assert tag == (Tag(text.upper()) if len(text) >= 24 else None)


@pytest.mark.parametrize(
    "text",
    ["307C257BF7194E4000001A85", "3034FFFFFFFFFFFFFFFFFFFF", "36" + "0" * 50],
)
def test_a_tag_that_says_it_is_an_sgtin_and_is_none_stays_a_code(text):
    assert read_tag(text) == Tag(text)


def test_a_uri_of_another_scheme_stays_a_code():
    assert read_tag("urn:epc:id:sscc:0614141.1234567890") == Tag("urn:epc:id:sscc:0614141.1234567890")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A-01-03",
        "4006381333931",
        OF_96_BITS[:-1],
        OF_96_BITS[:-1] + "G",
        "0" * 24,
        "F" * 125,
        "0109501101530003" + "21123456",
        "(01)09501101530003(21)123456",
        "urn:epc:id:sgtin:",
        "urn:epc:id:sgtin:0614141.812345",
        "urn:epc:id:sgtin:0614141.812345." + "9" * 21,
        "urn:epc:id:sgtin:٠٦١٤١٤١.812345.1",
        "urn:epc:tag:sgtin-96:1.0614141.812345.A1",
        "urn:epc:tag:sgtin-96:9.0614141.812345.1",
        "urn:",
        "urn:epc:raw:96.x12",
        "x" * 5000,
    ],
)
def test_what_is_no_tag_is_none(text):
    assert read_tag(text) is None


@given(
    text=st.one_of(
        st.text(), st.text(READ_AS_HEXADECIMAL, min_size=20, max_size=130), st.text().map("urn:epc:".__add__)
    )
)
@example(text="30" + "F" * 22)
@example(text="36" + "7F" * 25)
@example(text="urn:epc:id:sgtin:0614141.812345.%2F2F")
@example(text="urn:epc:tag:sgtin-198:1.0614141.812345.%ff")
def test_nothing_that_a_reader_sends_fails(text):
    tag = read_tag(text)

    assert tag is None or (tag.code and read_tag(tag.code) == tag)


@pytest.mark.parametrize(
    ("gtin", "serial"), [("80614141123457", "1"), ("", "1"), (GTIN, ""), (GTIN, "9" * 21), (GTIN, "ä"), (GTIN, "a b")]
)
def test_no_tag_is_written_for_what_none_can_hold(gtin, serial):
    with pytest.raises(NoTagHasThis):
        tag_of(gtin, serial)
