"""The policies of a count: chosen at the opening, shown in words, and obeyed."""

from uuid import uuid4

import pytest
from django.urls import reverse

from counting.models import CountSession
from counting.policies import PRESETS, Policies, preset_of
from tests.counting.people import supervisor
from tests.factories import given_stock
from tests.pages import HTMX, text_of

pytestmark = pytest.mark.django_db


# At the opening


def open_by_page(location, **fields):
    client = supervisor(location)
    client.post(reverse("count-new"), {"location": location.code, "request_id": str(uuid4()), **fields})
    return CountSession.objects.get()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_count_is_opened_with_the_policies_of_its_preset(preset):
    session = open_by_page(given_stock(5).location, preset=preset.key)

    assert Policies.of(session) == preset.policies


def test_a_count_that_chooses_nothing_is_a_session():
    session = open_by_page(given_stock(5).location)

    assert preset_of(Policies.of(session)) is PRESETS["session"]


def test_each_policy_can_be_chosen_by_itself():
    session = open_by_page(given_stock(5).location, preset="stock_count", guard="block", undecided="leave", blind="on")

    chosen = Policies.of(session)
    assert chosen == Policies(uncounted="zero", guard="block", undecided="leave", blind=True)
    assert preset_of(chosen) is None


def test_a_policy_that_nobody_knows_opens_nothing():
    location = given_stock(5).location

    response = supervisor(location).post(
        reverse("count-new"), {"location": location.code, "request_id": str(uuid4()), "guard": "perhaps"}
    )

    assert response.status_code == 422
    assert response.context["form"].has_error("guard", "invalid_choice")
    assert not CountSession.objects.exists()


def test_the_choice_explains_itself_and_the_preview_says_what_it_comes_to():
    location = given_stock(5).location
    client = supervisor(location)

    page = text_of(client.get(reverse("count-new"), {"location": location.code}))
    preview = client.get(
        reverse("count-new"),
        {"location": location.code, "preset": "stock_count", "guard": "block"},
        headers={**HTMX, "HX-Target": "preview"},
    )

    assert all(str(preset.explanation) in page for preset in PRESETS.values())
    assert "count them as zero" in text_of(preview)
    assert "no movements from the opening on" in text_of(preview)


def test_the_page_of_a_count_says_its_policies_in_words():
    location = given_stock(5).location
    session = open_by_page(location, preset="order", blind="on")

    page = text_of(supervisor(location).get(session.get_absolute_url()))

    assert "Way of counting Order" in page
    assert "Lines that nobody counts all must be counted" in page
    assert "Movements meanwhile movements go on" in page
    assert "none: a blind count" in page
