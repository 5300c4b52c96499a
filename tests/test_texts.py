"""Every text is said in every language, with everything that is put into it. After a change: make texts, translate."""

import re

import pytest
from django.conf import settings

from inventory_site import texts

PUT_IN = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+")


@pytest.fixture(scope="module", params=texts.catalogues(), ids=lambda path: path.parent.parent.name)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def catalogue(path):
    """As it would be if the texts were collected now."""
    return [message for message in texts.brought_up_to_date(path) if message.id]


def forms_of(message):
    """(what is said in English, what is said for it), singular and plural apart."""
    return zip(message.id, message.string, strict=True) if message.pluralizable else [(message.id, message.string)]


def put_in(text):
    return set(PUT_IN.findall(text))


def test_every_text_is_translated(catalogue):
    assert [message.id for message in catalogue if not texts.translated(message)] == []


def test_no_translation_is_a_guess(catalogue):
    assert [message.id for message in catalogue if message.fuzzy] == []


def test_nothing_that_is_put_into_a_text_gets_lost(catalogue):
    known = {message.id: set().union(*(put_in(said) for said, _other in forms_of(message))) for message in catalogue}

    lost = [(said, other) for message in catalogue for said, other in forms_of(message) if put_in(said) - put_in(other)]
    invented = [
        other for message in catalogue for _said, other in forms_of(message) if put_in(other) - known[message.id]
    ]

    assert (lost, invented) == ([], [])


def test_what_is_compiled_is_what_is_written(path):
    assert texts.compiled(texts.read(path)) == path.with_suffix(".mo").read_bytes(), "Run make texts."


def test_no_text_stands_inside_a_formatted_string():
    """Before Python 3.12 such a text is not collected."""
    ours = [path for top, path in texts.sources() if path.suffix == ".py" and top == settings.BASE_DIR]

    assert [path.name for path in ours if re.search(r"\{(_|n?p?gettext)\(", path.read_text())] == []
