"""Directed locations and their adjustment bins, as far as the database guards them."""

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from tests.factories import BinFactory, LocationFactory, given_stock
from warehouse.models import Bin, BinKind, Location

pytestmark = pytest.mark.django_db


def test_a_location_is_ordinary_unless_it_is_said_otherwise():
    east = LocationFactory()

    assert not east.directed
    assert not east.bins.filter(kind=BinKind.ADJUSTMENT).exists()


def test_a_directed_location_is_born_with_its_adjustment_bin():
    bin = LocationFactory(directed=True).bins.get(kind=BinKind.ADJUSTMENT)

    assert (bin.code, bin.virtual) == ("ADJUSTMENT", True)


def test_a_location_that_becomes_directed_gets_its_adjustment_bin_once():
    east = LocationFactory()
    for directed in (True, False, True):
        Location.objects.filter(pk=east.pk).update(directed=directed)

    assert east.bins.filter(kind=BinKind.ADJUSTMENT).count() == 1


def test_a_bin_that_somebody_named_adjustment_stays_theirs():
    theirs = BinFactory(code="ADJUSTMENT")

    Location.objects.filter(pk=theirs.location_id).update(directed=True)

    theirs.refresh_from_db()
    assert theirs.kind == BinKind.STORAGE
    assert Bin.objects.get(location=theirs.location_id, kind=BinKind.ADJUSTMENT).code == "ADJUSTMENT-2"


def test_an_adjustment_bin_stays():
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
        LocationFactory(directed=True).bins.filter(kind=BinKind.ADJUSTMENT).delete()


@pytest.mark.parametrize("directed", [True, False])
def test_a_location_with_stock_on_the_books_is_not_switched_by_hand(directed):
    location = given_stock(5, bin=BinFactory(location=LocationFactory(directed=not directed))).location

    with pytest.raises(IntegrityError, match="becomes directed by conversion only"), transaction.atomic():
        Location.objects.filter(pk=location.pk).update(directed=directed)
