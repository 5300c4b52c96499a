"""Figures without groups, as they stand in fields and sums: with the decimal mark of the reader, or with a point."""

from decimal import Decimal

from django.utils.formats import get_format


def decimal_mark() -> str:
    """That of the active language: 2.5 in English, 2,5 in German."""
    return get_format("DECIMAL_SEPARATOR")


def plain(number: Decimal) -> str:
    """For machines: a point, no exponent, no zeros behind the point: 12, 2.5."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def typed(number: Decimal) -> str:
    """For a field: read back by the same reader it is the same number."""
    return localized(plain(number))


def localized(text: str) -> str:
    """Plain figures and sums of them, "4 × 2.5 + 1", with the reader's decimal mark."""
    return text.replace(".", decimal_mark())
