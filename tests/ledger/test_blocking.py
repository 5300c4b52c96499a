"""What is blocked is not posted: bins and what lies in them by the way that goods go, the rest both ways."""

from decimal import Decimal

import pytest

from ledger.models import Kind, Register
from ledger.posting import PostingRefused
from ledger.reversing import reverse
from tests.factories import (
    TODAY,
    BinContentFactory,
    BinFactory,
    LotFactory,
    SerialItemFactory,
    UserFactory,
    adjust,
    given_stock,
    given_units,
    move,
    post_lines,
)
from warehouse.models import ItemVariant

pytestmark = pytest.mark.django_db

WAYS = [
    ("inbound", 1, "inbound"),
    ("inbound", -1, None),
    ("outbound", 1, None),
    ("outbound", -1, "outbound"),
    ("all", 1, "inbound"),
    ("all", -1, "outbound"),
    ("", 1, None),
    ("", -1, None),
]


def block(thing, how=True):
    field = "blocked" if isinstance(how, bool) else "block_movement"
    setattr(thing, field, how)
    thing.save(update_fields=[field])


def content_of(quant, how):
    return BinContentFactory(bin=quant.bin, item=quant.item, variant=quant.variant, block_movement=how)


def codes(post, *args, **kwargs):
    """What posting refuses, as (line, code); nothing where it posts."""
    before = Register.objects.count()
    try:
        post(*args, **kwargs)
    except PostingRefused as refused:
        assert Register.objects.count() == before
        return [(error.line, error.code) for error in refused.errors]
    return []


@pytest.mark.parametrize(("how", "quantity", "refused"), WAYS)
def test_a_blocked_bin_lets_goods_through_the_other_way_only(how, quantity, refused):
    quant = given_stock(10)
    block(quant.bin, how)

    assert codes(move, quant, quantity) == ([(1, f"bin_blocked_{refused}")] if refused else [])


@pytest.mark.parametrize(("how", "quantity", "refused"), WAYS)
def test_a_blocked_content_lets_its_goods_through_the_other_way_only(how, quantity, refused):
    quant = given_stock(10)
    content_of(quant, how)

    assert codes(move, quant, quantity) == ([(1, f"content_blocked_{refused}")] if refused else [])


def test_a_blocked_content_is_about_its_item_and_variant_in_its_bin_only():
    quant = given_stock(10)
    content_of(quant, "all")
    red = ItemVariant.objects.create(item=quant.item, code="RED")
    elsewhere = BinFactory(location=quant.location)

    assert not codes(move, given_stock(bin=quant.bin), 1)
    assert not codes(move, given_stock(bin=elsewhere, item=quant.item), 1)
    assert not codes(
        post_lines,
        quant.location,
        {"bin": quant.bin_id, "item": quant.item_id, "variant": red.pk, "quantity": Decimal(1)},
    )


def test_a_blocked_content_is_blocked_in_all_its_lots():
    lot = LotFactory()
    quant = given_stock(10, lot=lot)
    content_of(quant, "outbound")

    assert codes(move, quant, -1) == [(1, "content_blocked_outbound")]


@pytest.mark.parametrize("quantity", [1, -1])
def test_nothing_of_a_blocked_lot_is_posted(quantity):
    quant = given_stock(10, lot=LotFactory())
    block(quant.lot)

    assert codes(move, quant, quantity) == [(1, "lot_blocked")]
    assert not codes(move, given_stock(bin=quant.bin, lot=LotFactory(item=quant.item)), 1)


def test_nothing_of_a_blocked_variant_is_posted():
    quant = given_stock(10)
    red = ItemVariant.objects.create(item=quant.item, code="RED", blocked=True)
    line = {"bin": quant.bin_id, "item": quant.item_id, "quantity": Decimal(1)}

    assert codes(post_lines, quant.location, {**line, "variant": red.pk}, line) == [(1, "variant_blocked")]


def test_a_blocked_unit_and_a_unit_that_was_made_with_a_blocked_lot_are_not_posted():
    bin, drill = BinFactory(), SerialItemFactory()
    lot = LotFactory(item=drill)
    line = {"bin": bin.pk, "item": drill.pk, "quantity": Decimal(1)}
    post_lines(bin.location, {**line, "unit": "A1", "unit_lot": lot.pk})
    block(given_units(bin, drill, ["A2"])[0])
    given_units(bin, drill, ["A3"])
    block(lot)

    gone = [{**line, "quantity": Decimal(-1), "unit": code} for code in ("A1", "A2", "A3")]
    assert codes(post_lines, bin.location, *gone, kind=Kind.ISSUE) == [(1, "lot_blocked"), (2, "unit_blocked")]


def test_a_movement_is_stopped_at_either_end_and_says_which():
    quant = given_stock(10)
    to_bin = BinFactory(location=quant.location, block_movement="inbound")
    block(quant.bin, "outbound")

    with pytest.raises(PostingRefused) as refused:
        line = {"bin": quant.bin_id, "to_bin": to_bin.pk, "item": quant.item_id, "quantity": Decimal(3)}
        post_lines(quant.location, line, kind=Kind.MOVEMENT)

    into, out_of = refused.value.errors
    assert (into.line, into.code, out_of.line, out_of.code) == (1, "bin_blocked_inbound", 1, "bin_blocked_outbound")
    assert str(into.message) == f"Nothing may go into {to_bin}: it is blocked. Choose another bin, or unblock it."
    assert str(out_of.message) == f"Nothing may leave {quant.bin}: it is blocked. Choose another bin, or unblock it."


def test_a_look_that_changes_nothing_needs_no_way():
    quant = given_stock(10)
    block(quant.bin, "all")

    assert not codes(adjust, quant, 10)
    assert codes(adjust, quant, 11) == [(1, "bin_blocked_inbound")]


def test_what_is_taken_back_goes_the_other_way():
    quant = given_stock()
    register = move(quant, 5)
    block(quant.bin, "outbound")

    with pytest.raises(PostingRefused) as refused:
        reverse(register, by=UserFactory(), at=TODAY)

    assert [error.code for error in refused.value.errors] == ["bin_blocked_outbound"]


def test_everything_that_is_in_the_way_is_said_at_once():
    quant = given_stock(10, lot=LotFactory())
    block(quant.bin, "all")
    content_of(quant, "outbound")
    block(quant.lot)
    block(quant.item)

    assert codes(move, quant, -1) == [
        (1, "bin_blocked_outbound"),
        (1, "content_blocked_outbound"),
        (1, "item_blocked"),
        (1, "lot_blocked"),
    ]
