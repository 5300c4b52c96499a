"""What people type into a quantity field, as a table."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from inventory_site.errors import DomainError
from inventory_site.figures import typed as in_a_field
from warehouse.quantities import QuantityAmbiguous, number_of, parse_quantity

BOX = Decimal(12)
FACTORS = {"each": Decimal(1), "box": BOX, "pallet": Decimal(480)}


@pytest.mark.parametrize(
    ("typed", "quantity", "expression"),
    [
        ("51", "51", "51"),
        ("0", "0", "0"),
        ("007", "7", "7"),
        ("  51 ", "51", "51"),
        ("4x12+3", "51", "4 × 12 + 3"),
        ("4 × 12 + 3", "51", "4 × 12 + 3"),
        ("4*12", "48", "4 × 12"),
        ("4X12", "48", "4 × 12"),
        ("1+2+3", "6", "1 + 2 + 3"),
        ("2x3x4+1", "25", "2 × 3 × 4 + 1"),
        ("2.5", "2.5", "2.5"),
        ("2,5", "2.5", "2.5"),
        (".5", "0.5", "0.5"),
        ("5.", "5", "5"),
        ("0,125", "0.125", "0.125"),
        ("1.125", "1.125", "1.125"),
        ("0.00001", "0.00001", "0.00001"),
        ("1000", "1000", "1000"),
        ("1,000,000", "1000000", "1000000"),
        ("1.000.000", "1000000", "1000000"),
        ("1 000", "1000", "1000"),
        ("12\u202f345,5", "12345.5", "12345.5"),
        ("2 × 1 000 + 3", "2003", "2 × 1000 + 3"),
        ("1,000.5", "1000.5", "1000.5"),
        ("1.000,5", "1000.5", "1000.5"),
        ("9999999999999.99999", "9999999999999.99999", "9999999999999.99999"),
        ("4 box + 3 each", "51", "4 × 12 + 3 × 1"),
        ("4 boxes + 3", "51", "4 × 12 + 3"),
        ("1 pallet + 2 Box", "504", "1 × 480 + 2 × 12"),
    ],
)
def test_a_quantity_is_a_number_or_a_sum_of_products(typed, quantity, expression):
    result = parse_quantity(typed, factors=FACTORS)

    assert (result.quantity, result.expression) == (Decimal(quantity), expression)
    assert result.quantity.as_tuple().exponent == -5


@pytest.mark.parametrize(
    ("typed", "quantity", "expression"),
    [
        ("4", "48", "4 × 12"),
        ("4 + 3", "51", "4 × 12 + 3"),
        ("0 + 3", "3", "0 × 12 + 3"),
        ("2,5", "30", "2.5 × 12"),
        ("4 × 12 + 3", "51", "4 × 12 + 3"),
        ("7 each", "7", "7 × 1"),
    ],
)
def test_with_boxes_chosen_the_first_number_counts_boxes(typed, quantity, expression):
    result = parse_quantity(typed, factors=FACTORS, factor=BOX)

    assert (result.quantity, result.expression) == (Decimal(quantity), expression)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "quantity_blank"),
        ("  ", "quantity_blank"),
        ("NaN", "quantity_unreadable"),
        ("Infinity", "quantity_unreadable"),
        ("1e999", "quantity_unreadable"),
        ("1e5", "quantity_unreadable"),
        ("1f", "quantity_unknown_unit"),
        ("4²", "quantity_unreadable"),
        ("٤", "quantity_unreadable"),
        ("4 3", "quantity_unreadable"),
        ("4 30", "quantity_unreadable"),
        ("1 0000", "quantity_unreadable"),
        ("0 300", "quantity_unreadable"),
        ("4 +", "quantity_unreadable"),
        ("+ 4", "quantity_unreadable"),
        ("4 ++ 3", "quantity_unreadable"),
        ("x12", "quantity_unreadable"),
        ("4 - 3", "quantity_unreadable"),
        ("(4)", "quantity_unreadable"),
        ("1..2", "quantity_unreadable"),
        (".", "quantity_unreadable"),
        ("1,00,000", "quantity_unreadable"),
        ("__import__('os')", "quantity_unreadable"),
        ("=1+1", "quantity_unreadable"),
        ("-1", "quantity_negative"),
        ("\u22121", "quantity_negative"),
        ("10000000000000", "quantity_too_large"),
        ("9999999999999 + 1", "quantity_too_large"),
        ("9999999 x 9999999", "quantity_too_large"),
        ("0.000001", "quantity_too_precise"),
        ("1" * 61, "quantity_too_long"),
        ("1+" * 40 + "1", "quantity_too_long"),
        ("4 crates", "quantity_unknown_unit"),
    ],
)
def test_what_is_no_quantity_is_refused(typed, error):
    with pytest.raises(DomainError) as refused:
        parse_quantity(typed, factors=FACTORS)

    assert refused.value.code == error


def test_with_boxes_chosen_a_product_of_something_else_is_refused():
    with pytest.raises(DomainError) as refused:
        parse_quantity("4 x 10", factor=BOX)

    assert refused.value.code == "quantity_ambiguous"
    assert "40 or 480" in refused.value.messages[0]


@given(st.text(max_size=70) | st.text("0123456789.,x×+ each", max_size=70), st.sampled_from([Decimal(1), BOX]))
def test_nothing_that_can_be_typed_breaks(typed, factor):
    try:
        result = parse_quantity(typed, factors=FACTORS, factor=factor)
    except DomainError as refused:
        assert refused.code.startswith("quantity_")
    else:
        assert 0 <= result.quantity < 10**13


@given(boxes=st.integers(0, 10**6), pieces=st.decimals(0, 10**6, places=5))
def test_the_shown_arithmetic_means_what_was_counted(boxes, pieces):
    typed = parse_quantity(f"{boxes} + {pieces:f}", factor=BOX)

    assert typed.quantity == boxes * BOX + pieces
    assert parse_quantity(typed.expression).quantity == typed.quantity


# The reader's language

LANGUAGES = st.sampled_from([code for code, _name in settings.LANGUAGES])


@pytest.mark.parametrize(
    ("typed", "english", "german"),
    [
        ("1,234", "1234", "1.234"),
        ("1.234", "1.234", "1234"),
        ("3,5", "3.5", "3.5"),
        ("3.5", "3.5", "3.5"),
        ("0.125", "0.125", "0.125"),
        ("0,125", "0.125", "0.125"),
        ("1234,567", "1234.567", "1234.567"),
        ("1.000,5", "1000.5", "1000.5"),
        ("1,000.5", "1000.5", "1000.5"),
        ("1 000,5", "1000.5", "1000.5"),
        ("4 × 12 + 3,5", "51.5", "51.5"),
        ("1.200 × 2", "2.4", "2400"),
    ],
)
def test_what_could_be_thousands_or_decimals_is_read_by_the_language_of_the_page(typed, english, german):
    with override("en"):
        in_english = parse_quantity(typed)
    with override("de"):
        in_german = parse_quantity(typed)

    assert (in_english.quantity, in_german.quantity) == (Decimal(english), Decimal(german))


def test_a_file_has_no_language_so_what_can_be_read_in_two_ways_is_refused():
    with override("de"), pytest.raises(QuantityAmbiguous):
        number_of("1,234")
    with override("de"):
        assert number_of("1.234") == Decimal("1.234")


@given(LANGUAGES, st.decimals(0, 10**12, places=5))
def test_what_a_field_shows_is_read_back_as_the_same_number(language, number):
    with override(language):
        assert parse_quantity(in_a_field(number)).quantity == number


def test_an_arithmetic_is_kept_with_points_whatever_the_language():
    with override("de"):
        assert parse_quantity("2,5 × 4 + 0,5").expression == "2.5 × 4 + 0.5"
