"""Codes of units as people type or paste them: one a line, with commas, or as ranges."""

import re
import unicodedata

from django.utils.translation import gettext_lazy as _

from inventory_site.errors import LineError, LinesRefused
from warehouse.barcodes import AROUND_A_CODE

MOST_CODES = 10_000
LONGEST_CODE = 80
BETWEEN_CODES = re.compile(r"[,;\t]")
ENDS_WITH_DIGITS = re.compile(r"(?P<prefix>.*?)(?P<digits>[0-9]+)", re.DOTALL)


class CodesRefused(LinesRefused):
    code = "codes_refused"
    text = _("No code was taken: some must be corrected first.")


SENTENCES = {
    "range_unusable": _(
        'Write a range as A100..A120: both ends begin alike and have as many digits. "%(code)s" does not.'
    ),
    "range_backwards": _('A range begins with its smaller number; "%(code)s" does not.'),
    "too_many_codes": _("At most %(limit)s codes can be given at once."),
    "code_too_long": _('A code has at most %(limit)s characters; "%(code)s" has more.'),
    "code_unreadable": _("This line holds characters that no label has."),
}


def expand_codes(text: str) -> list[str]:
    """The codes in the order in which they stand there; "A100..A120" are 21. Raises CodesRefused with every error."""
    codes, errors = [], []
    for line, row in enumerate(text.splitlines(), start=1):
        for piece in filter(None, (code.strip(AROUND_A_CODE) for code in BETWEEN_CODES.split(row))):
            first, dots, last = piece.partition("..")
            found, error = _range(first.strip(), last.strip()) if dots else ([piece], _wrong_with(piece))
            room = MOST_CODES - len(codes)
            if not error and len(found) > room:
                found, error = [], "too_many_codes"
            codes += found
            if error:
                errors.append(_sentence(line, error, piece))
            if error == "too_many_codes":
                raise CodesRefused(errors)
    if errors:
        raise CodesRefused(errors)
    return codes


def _range(first, last):
    """([codes], "") or ([], error); looks before it expands."""
    if error := _wrong_with(first) or _wrong_with(last):
        return [], error
    start, end = ENDS_WITH_DIGITS.fullmatch(first), ENDS_WITH_DIGITS.fullmatch(last)
    if not start or not end or start["prefix"] != end["prefix"] or len(first) != len(last):
        return [], "range_unusable"
    width, low, high = len(start["digits"]), int(start["digits"]), int(end["digits"])
    if high < low:
        return [], "range_backwards"
    if high - low >= MOST_CODES:
        return [], "too_many_codes"
    return [f"{start['prefix']}{number:0{width}}" for number in range(low, high + 1)], ""


def _wrong_with(code):
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in code):
        return "code_unreadable"
    return "code_too_long" if len(code) > LONGEST_CODE else ""


def _sentence(line, error, code):
    params = {"code": code[:LONGEST_CODE], "limit": MOST_CODES if error == "too_many_codes" else LONGEST_CODE}
    return LineError(line=line, code=error, message=str(SENTENCES[error] % params))
