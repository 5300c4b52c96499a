"""The bin for units that are searched for."""

import pytest

from tests.factories import BinFactory, LocationFactory
from warehouse.missing import ensure_missing_bin
from warehouse.models import BinKind

pytestmark = pytest.mark.django_db


def test_a_location_gets_its_missing_bin_once():
    east = LocationFactory()

    first = ensure_missing_bin(east)
    again = ensure_missing_bin(east)

    assert first == again
    assert (first.kind, first.code, first.virtual) == (BinKind.MISSING, "MISSING", False)


def test_each_location_has_a_missing_bin_of_its_own():
    assert ensure_missing_bin(LocationFactory()) != ensure_missing_bin(LocationFactory())


def test_a_bin_that_somebody_named_missing_stays_theirs():
    theirs = BinFactory(code="MISSING")

    ours = ensure_missing_bin(theirs.location)

    assert ours.code == "MISSING-2"
    theirs.refresh_from_db()
    assert theirs.kind == BinKind.STORAGE
