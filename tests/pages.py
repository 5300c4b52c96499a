"""What tests of pages need: people who are logged in, and what htmx says of itself."""

import re
from html import unescape

from django.test import Client

from tests.counting.given import given_person

HTMX = {"HX-Request": "true"}
COUNTER = (
    "warehouse.view_quant",
    "warehouse.view_item",
    "warehouse.view_bin",
    "warehouse.view_location",
    "ledger.add_register",
)
SUPERVISOR = (
    *COUNTER,
    "ledger.view_register",
    "ledger.view_warehouseentry",
    "ledger.view_itemledgerentry",
    "ledger.view_valueentry",
    "ledger.adjust_register",
    "ledger.reverse_register",
)


def signed_in(*permissions, location=None):
    """A client of a person with these rights at this location; `client.person` is who that is."""
    client = Client()
    client.person = given_person(*permissions, location=location)
    client.force_login(client.person)
    return client


def text_of(response):
    """What a person reads, with single blanks."""
    html = re.sub(r"<(script|style|template)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def is_page(response):
    return b"<!doctype html>" in response.content
