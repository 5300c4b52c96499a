"""Codes as people type them: lists and ranges, and what is wrong with them, all at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.codes import MOST_CODES, CodesRefused, expand_codes


def errors_of(text):
    with pytest.raises(CodesRefused) as refused:
        expand_codes(text)
    return [(error.line, error.code) for error in refused.value.errors]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", []),
        (" \n,;\n", []),
        ("A1", ["A1"]),
        ("A1, A2;A3\tA4\n A5 \r\n", ["A1", "A2", "A3", "A4", "A5"]),
        ("A098..A101", ["A098", "A099", "A100", "A101"]),
        ("7 .. 9", ["7", "8", "9"]),
        ("B1-09..B1-10, C", ["B1-09", "B1-10", "C"]),
        ("A1..A1", ["A1"]),
        ("A1\nA1", ["A1", "A1"]),
    ],
)
def test_lists_and_ranges_are_read_in_their_order(text, codes):
    assert expand_codes(text) == codes


@given(
    prefix=st.text("AB-/9.", max_size=5).filter(lambda text: ".." not in text),
    start=st.integers(0, 10**6),
    length=st.integers(0, 200),
)
def test_a_range_is_every_number_between_its_ends(prefix, start, length):
    prefix = prefix.rstrip(".")
    codes = [f"{prefix}{number:08}" for number in range(start, start + length + 1)]

    assert expand_codes(f"{codes[0]}..{codes[-1]}") == codes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A1..B9", "range_unusable"),
        ("A8..A12", "range_unusable"),
        ("A..B", "range_unusable"),
        ("..", "range_unusable"),
        ("A1..", "range_unusable"),
        ("A1..A2..A3", "range_unusable"),
        ("A9..A1", "range_backwards"),
        ("A00000..A10000", "too_many_codes"),
        ("0" * 5000 + ".." + "9" * 5000, "code_too_long"),
        ("x" * 81, "code_too_long"),
        ("a\0b", "code_unreadable"),
    ],
)
def test_what_is_no_list_of_codes_is_refused(text, code):
    assert errors_of(text) == [(1, code)]


def test_everything_that_is_wrong_is_said_at_once():
    assert errors_of("A1\nA9..A1\nok, A1..B2\n\n" + "x" * 81) == [
        (2, "range_backwards"),
        (3, "range_unusable"),
        (5, "code_too_long"),
    ]


def test_ranges_together_are_not_more_than_can_be_taken_at_once():
    assert len(expand_codes("A00001..A10000")) == MOST_CODES
    assert errors_of("A00001..A10000\nB1") == [(2, "too_many_codes")]
