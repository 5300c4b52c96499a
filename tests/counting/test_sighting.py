"""Counting by scan: what each code turns out to be, and that a line's count is what was seen on it."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from counting.recording import Count, CountedByUnits, CountsRefused, record_counts, set_count
from tests.counting.given import given_line
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_serialized_line_takes_no_typed_quantity_alone_or_in_a_file():
    line = given_line(0, item=ItemFactory(tracking="serial"))
    by = UserFactory()

    with pytest.raises(CountedByUnits):
        set_count(line, Decimal(3), by=by, client_id=uuid4())
    with pytest.raises(CountsRefused) as refused:
        record_counts(line.session, [Count(line.pk, Decimal(3), uuid4())], by=by, at=timezone.now())

    assert [error.code for error in refused.value.errors] == ["line_serialized"]
