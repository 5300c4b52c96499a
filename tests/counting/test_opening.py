"""What opening a count takes, leaves to others, and refuses."""

from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from counting import opening
from counting.opening import (
    AllCountedElsewhere,
    LotNotExpected,
    NothingToCount,
    Scope,
    add_found_line,
    open_session,
)
from tests.counting.given import given_session
from tests.factories import BinFactory, ItemFactory, LotFactory, UserFactory, ZoneFactory, given_stock, move
from warehouse.quants import ensure_quant

pytestmark = pytest.mark.django_db


def opened(location, *, request_id=None, **scope):
    return open_session(
        location, by=UserFactory(), at=timezone.now(), request_id=request_id or uuid4(), scope=Scope(**scope)
    )


def test_the_snapshot_is_what_lies_there_and_counted_is_blank():
    quant = given_stock(7)

    line = opened(quant.location).session.lines.get()

    assert (line.quant, line.system_quantity, line.counted_quantity) == (quant, 7, None)


def test_empty_places_are_left_out_unless_asked_for():
    quant = given_stock(7)
    emptied = given_stock(3, bin=quant.bin)
    move(emptied, -3)

    assert opened(quant.location, bins=[quant.bin], places_that_held_it=True).lines == 2


def test_a_scope_narrows_by_zone_and_item():
    zone = ZoneFactory()
    inside = given_stock(1, bin=BinFactory(location=zone.location, zone=zone))
    given_stock(1, bin=BinFactory(location=zone.location))
    given_stock(1, bin=inside.bin)

    session = opened(zone.location, zones=[zone], items=[inside.item]).session

    assert [line.quant for line in session.lines.all()] == [inside]


def test_serialized_items_are_counted_with_the_others_and_their_lines_say_so():
    bulk = given_stock(7)
    drill = ItemFactory(tracking="serial")
    ensure_quant(bin=bulk.bin, item=drill)

    session = opened(bulk.location, places_that_held_it=True).session

    assert {line.quant.item: line.serialized for line in session.lines.all()} == {bulk.item: False, drill: True}


def test_a_serialized_item_that_nobody_expected_gets_a_line():
    session = given_session(given_stock(7).location)
    bin, tagged = BinFactory(location=session.location), ItemFactory(tracking="rfid")

    line, added = add_found_line(session, bin=bin, item=tagged)

    assert (added, line.serialized, line.quant.lot) == (True, True, None)
    with pytest.raises(LotNotExpected):
        add_found_line(session, bin=bin, item=tagged, lot=LotFactory(item=tagged))


def test_what_another_open_count_holds_stays_there_and_is_named():
    quant = given_stock(7)
    other = given_session(quant.location)
    mine = given_stock(1, bin=quant.bin)

    result = opened(quant.location)

    assert [line.quant for line in result.session.lines.all()] == [mine]
    assert result.held == {other.number: 1}
    with pytest.raises(AllCountedElsewhere) as refused:
        opened(quant.location)
    assert other.number in refused.value.messages[0]


def test_nothing_in_scope_is_refused():
    with pytest.raises(NothingToCount):
        opened(BinFactory().location)


def test_a_request_opens_one_session():
    quant = given_stock(7)
    request_id = uuid4()

    first = opened(quant.location, request_id=request_id)

    assert opened(quant.location, request_id=request_id).session == first.session


def test_the_planner_hears_of_a_large_session(monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(opening, "LARGE", 2)
    quant = given_stock(7)
    given_stock(1, bin=quant.bin)

    with django_capture_on_commit_callbacks(execute=True):
        opened(quant.location)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stats WHERE tablename = 'counting_countline' AND attname = 'session_id'"
        )
        assert cursor.fetchone() == (1,)
