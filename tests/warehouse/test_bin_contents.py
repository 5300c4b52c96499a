"""What is settled about items in bins, as far as the database guards it."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, transaction

from tests.factories import BinContentFactory, BinFactory, ItemFactory, LocationFactory
from warehouse.models import BinContent, ItemVariant, Location

pytestmark = pytest.mark.django_db

A_CONSTRAINT = {
    "fixed": {"fixed": False},
    "minimum": {"minimum": -1},
    "maximum": {"maximum": -1},
    "minimum above maximum": {"minimum": 10, "maximum": 9},
    "block": {"block_movement": "sideways"},
}


@pytest.mark.parametrize("settled", A_CONSTRAINT.values(), ids=A_CONSTRAINT)
def test_what_cannot_be_is_refused_by_the_database(settled):
    with pytest.raises(IntegrityError), transaction.atomic():
        BinContentFactory(**settled)


def test_a_content_lies_at_the_location_of_its_bin_whatever_is_said():
    content = BinContentFactory(location=LocationFactory())

    content.refresh_from_db()
    assert content.location == content.bin.location


def test_a_content_stays_about_its_item_and_bin():
    content = BinContentFactory()

    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        BinContent.objects.filter(pk=content.pk).update(bin=BinFactory(location=content.bin.location))


def test_an_item_has_one_default_bin_at_a_location():
    content = BinContentFactory(default=True)
    other = BinFactory(location=content.bin.location)

    with pytest.raises(IntegrityError, match="one_default_bin"), transaction.atomic():
        BinContentFactory(bin=other, item=content.item, default=True)
    BinContentFactory(bin=other, item=content.item)
    BinContentFactory(item=content.item, default=True)  # elsewhere


def test_each_variant_has_a_default_bin_of_its_own():
    content = BinContentFactory(default=True)
    red = ItemVariant.objects.create(item=content.item, code="RED")

    BinContentFactory(bin=BinFactory(location=content.bin.location), item=content.item, variant=red, default=True)


def test_a_second_default_is_refused_in_words():
    first = BinContentFactory(default=True)
    second = BinContent(bin=BinFactory(location=first.bin.location), item=first.item, default=True)

    with pytest.raises(ValidationError) as refused:
        second.full_clean()

    assert refused.value.error_dict["default"][0].code == "second_default"


def test_a_variant_of_another_item_is_no_content():
    stranger = ItemVariant.objects.create(item=ItemFactory(), code="RED")

    with pytest.raises(ValidationError) as refused:
        BinContent(bin=BinFactory(), item=ItemFactory(), variant=stranger, fixed=True).full_clean()

    assert refused.value.error_dict["variant"][0].code == "variant_of_another_item"


def test_a_directed_location_has_no_default_bins():
    with pytest.raises(IntegrityError, match="directed_has_no_default_bins"), transaction.atomic():
        LocationFactory(directed=True, default_bin_selection="fixed")


def test_a_location_that_becomes_directed_drops_its_default_bins():
    east = LocationFactory(default_bin_selection="last_used")

    Location.objects.filter(pk=east.pk).update(directed=True)

    east.refresh_from_db()
    assert east.default_bin_selection == ""
