"""What people type into a quantity field: "51", "4 x 12 + 3", "4 + 3" boxes and pieces, "2,5".

Whatever can only be read in one way is read so, in every language: "2,5", "1,000,000", "1.000,5", "1 000". What could
be thousands or decimals, "1,234", is read as people write it who read this page: their language says what decimal is.
A file may be anybody's: there "1,234" is refused, because one of its two meanings is wrong by a factor of a thousand.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from inventory_site.fields import QUANTITY
from inventory_site.figures import decimal_mark, plain, typed

DECIMALS = QUANTITY["decimal_places"]
DIGITS = QUANTITY["max_digits"] - DECIMALS
QUANTUM = Decimal(1).scaleb(-DECIMALS)
MAX_LENGTH = 60

TOKEN = re.compile(
    r"""\s*(?: (?P<number>[1-9][0-9]{0,2}(?:[ \u00a0\u2009\u202f][0-9]{3})+(?:[.,][0-9]+)?(?![0-9.,]) | [0-9.,]+)
            | (?P<times>[x*\u00d7](?![^\W\d_]))
            | (?P<plus>\+)
            | (?P<word>[^\W\d_]+)(?=[\s+]|$) )""",
    re.IGNORECASE | re.VERBOSE,
)
PLAIN = re.compile(r"\d+|\d*[.,]\d+|\d+[.,]")
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?")
THOUSANDS_OR_DECIMALS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
SPACES = re.compile(r"[ \u00a0\u2009\u202f]")


class QuantityBlank(DomainError):
    code, text = "quantity_blank", _("Type a quantity. Nothing there is 0, not counted is blank.")


class QuantityTooLong(DomainError):
    code, text = "quantity_too_long", _("A quantity has %(limit)s characters at most.")


class QuantityUnreadable(DomainError):
    code, text = "quantity_unreadable", _("“%(typed)s” is not a quantity. Type a number, or a sum such as 4 × 12 + 3.")


class QuantityNegative(DomainError):
    code, text = "quantity_negative", _("A quantity is zero or more.")


class QuantityTooLarge(DomainError):
    code, text = "quantity_too_large", _("A number here has at most %(digits)s digits before the point.")


class QuantityTooPrecise(DomainError):
    code, text = "quantity_too_precise", _("A number here has at most %(decimals)s decimals.")


class QuantityAmbiguous(DomainError):
    code, text = "quantity_ambiguous", _("“%(typed)s” can mean %(one)s or %(other)s. Type one of them.")


class UnknownUnit(DomainError):
    code, text = "quantity_unknown_unit", _("“%(typed)s” is not a unit of measure of this item.")


@dataclass(frozen=True)
class Typed:
    """A quantity in base units, and the arithmetic that led to it, to be shown: "4 × 12 + 3"."""

    quantity: Decimal
    expression: str


def parse_quantity(
    text: str,
    *,
    factors: Mapping[str, Decimal] | None = None,
    factor: Decimal = Decimal(1),
    mark: str | None = None,
) -> Typed:
    """Read a sum of products. The first number counts in the chosen unit of measure (`factor` base units), the others
    in base units. `factors` are units of measure that may be named behind a number: "4 box + 3". `mark` is the decimal
    mark of whoever wrote it, as a rule the reader's.
    """
    named = {name.casefold(): per for name, per in (factors or {}).items()}
    terms = terms_of(text, named, decimal_mark() if mark is None else mark)
    apply_factor(terms[0], factor)
    with localcontext(prec=80):
        quantity = sum(product(numbers) for numbers, _unit in terms).quantize(QUANTUM, ROUND_HALF_UP)
    if quantity >= 10**DIGITS:
        raise QuantityTooLarge(digits=DIGITS)
    return Typed(quantity, " + ".join(" × ".join(map(plain, numbers)) for numbers, _unit in terms))


def terms_of(text: str, factors: Mapping[str, Decimal], mark: str) -> list[tuple[list[Decimal], str | None]]:
    """[([4, 12], "box"), ([3], None)]: the numbers of each product, with the factor of a named unit of measure."""
    tokens = tokens_of(text)
    terms, wants_number = [([], None)], True
    for kind, token in tokens:
        numbers, unit = terms[-1]
        if wants_number != (kind == "number") or (unit and kind != "plus"):
            raise QuantityUnreadable(typed=text)
        if kind == "number":
            numbers.append(number_of(token, mark=mark))
        elif kind == "plus":
            terms.append(([], None))
        elif kind == "word":
            terms[-1] = ([*numbers, factor_named(token, factors)], token)
        wants_number = kind in ("times", "plus")
    if wants_number:
        raise QuantityUnreadable(typed=text)
    return terms


def tokens_of(text: str) -> list[tuple[str, str]]:
    stripped = text.strip()
    if not stripped:
        raise QuantityBlank()
    if len(stripped) > MAX_LENGTH:
        raise QuantityTooLong(limit=MAX_LENGTH)
    if re.match(r"[-\u2212]\s*[\d.,]", stripped):
        raise QuantityNegative()
    tokens, position = [], 0
    while position < len(stripped):
        token = TOKEN.match(stripped, position)
        if not token or (token["word"] and not token["word"].isalpha()):
            raise QuantityUnreadable(typed=stripped)
        tokens.append((token.lastgroup, token[token.lastgroup]))
        position = token.end()
    return tokens


def number_of(text: str, *, mark: str = "", decimals: int = DECIMALS, digits: int = DIGITS) -> Decimal:
    """One number without a sign, as people and spreadsheets write it; `mark` is what is decimal for its writer.

    Without one a point is decimal, and a comma that could group thousands is refused.
    """
    text = SPACES.sub("", text)
    if THOUSANDS_OR_DECIMALS.fullmatch(text):
        number = thousands_or_decimals(text, mark)
    elif PLAIN.fullmatch(text):
        number = Decimal(text.replace(",", "."))
    elif GROUPED.fullmatch(text):
        number = Decimal(without_groups(text))
    else:
        raise QuantityUnreadable(typed=text)
    if -number.as_tuple().exponent > decimals:
        raise QuantityTooPrecise(decimals=decimals)
    if number >= 10**digits:
        raise QuantityTooLarge(digits=digits)
    return number


def thousands_or_decimals(text: str, mark: str) -> Decimal:
    if not mark and "," in text:
        raise QuantityAmbiguous(typed=text, one=text.replace(",", ""), other=text.replace(",", ".") + "0")
    grouped = mark not in text
    return Decimal(re.sub("[.,]", "" if grouped else ".", text))


def without_groups(text: str) -> str:
    """ "1,000,000" and "1.000,5": the separator that comes first groups, the other one is decimal."""
    grouping = "," if "." not in text or -1 < text.find(",") < text.find(".") else "."
    return text.replace(grouping, "").replace(",", ".")


def factor_named(word: str, factors: Mapping[str, Decimal]) -> Decimal:
    name = word.casefold()
    for spelling in (name, name.removesuffix("s"), name.removesuffix("es")):
        if spelling in factors:
            return Decimal(factors[spelling])
    raise UnknownUnit(typed=word)


def apply_factor(term: tuple[list[Decimal], str | None], factor: Decimal) -> None:
    """Bring the first term to base units, unless it says itself what it is in.

    With boxes of 12 chosen, "4 x 12" spells out what a box holds. "4 x 10" could be 40 pieces or 40 boxes.
    """
    numbers, unit = term
    if factor == 1 or unit:
        return
    if len(numbers) == 1:
        numbers.append(Decimal(factor))
    elif factor not in numbers[1:]:
        pieces = product(numbers)
        raise QuantityAmbiguous(typed=" × ".join(map(typed, numbers)), one=typed(pieces), other=typed(pieces * factor))


def product(numbers: list[Decimal]) -> Decimal:
    result = Decimal(1)
    for number in numbers:
        result *= number
    return result
