"""What other systems call the things that we know: the products of Odoo, its paths, the warehouses of ERPNext."""

import re
from collections.abc import Iterator

BRACKETED = re.compile(r"\[(?P<number>[^]]+)\](?: .*)?")
COMPANY = re.compile(r" - \w{1,10}$")
ROOTS = {"stock", "bestand", "lager"}  # what Odoo calls the stock of a warehouse as a whole, in English and German


def number_meant(text: str) -> str:
    """ "[HW-1] Padlock", as Odoo writes a product, is HW-1."""
    product = BRACKETED.fullmatch(text)
    return product["number"] if product else text


def without_company(text: str) -> str:
    """ "Stores - WP", as ERPNext writes a warehouse of the company WP, is Stores."""
    return COMPANY.sub("", text)


def places_meant(text: str) -> Iterator[str]:
    """A place as it is written, without the company, and the end of a path: "WH/Stock/Shelf 1" is Shelf 1."""
    yield from dict.fromkeys([text, without_company(text), text.rpartition("/")[2].strip()])


def is_root(text: str) -> bool:
    """ "WH/Stock": the warehouse itself, so stock without a bin."""
    warehouse, _slash, end = text.rpartition("/")
    return bool(warehouse) and "/" not in warehouse and end.casefold() in ROOTS
