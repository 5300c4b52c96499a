"""What machines read on a page is the same in every language: hidden figures, addresses, styles, drawings, times."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.utils import timezone

from counting.review import mark_counted
from tests.counting.given import count
from tests.factories import UserFactory
from tests.urls import ARGUMENTS, address, given_things

pytestmark = pytest.mark.django_db

HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')
ATTRIBUTES = re.compile(r'\s(href|action|hx-get|hx-post|style|viewBox|d|x|y|width|height|datetime|value)="([^"]*)"')
ONCE = ("csrfmiddlewaretoken", "client_id", "request_id", 'name="row"', "-revision")  # another one each time


def machine_words(response):
    html = response.content.decode()
    if not response["Content-Type"].startswith("text/html"):
        return html
    hidden = [field for field in HIDDEN.findall(html) if not any(name in field for name in ONCE)]
    others = [(name, unescape(value)) for name, value in ATTRIBUTES.findall(HIDDEN.sub("", html)) if name != "value"]
    return hidden + others


def test_machines_read_the_same_in_every_language(client):
    things = given_things()
    for quantity, line in zip(("7.25", "1234.5"), things.session.lines.order_by("pk"), strict=False):
        count(line, Decimal(quantity))
    client.force_login(UserFactory(is_superuser=True))

    reads_the_same(client, things, ARGUMENTS.keys() - {"logout", "worker", "offline"})
    mark_counted(things.session, by=None, at=timezone.now())
    reads_the_same(client, things, ["count-detail", "count-review", "count-complete"])


def reads_the_same(client, things, names):
    for name in names:
        english, german = (
            client.get(address(name, things), headers={"Accept-Language": language}) for language in ("en", "de")
        )
        if english.streaming or english.status_code != 200:
            continue
        assert german.status_code == 200, name
        assert machine_words(english) == machine_words(german), name
