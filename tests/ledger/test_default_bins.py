"""Default bins: which bin becomes one when goods are put away, and where it is proposed."""

from decimal import Decimal

import pytest

from ledger.journals import add_lines, open_batch
from ledger.models import JournalKind, Kind
from ledger.reversing import reverse
from tests.counting.given import complete, count, given_session
from tests.factories import (
    TODAY,
    BinContentFactory,
    BinFactory,
    ItemFactory,
    LocationFactory,
    UserFactory,
    given_stock,
    move,
    post_lines,
)
from tests.ledger.test_posting_pages import line, send, the_document
from tests.pages import COUNTER, signed_in
from warehouse.contents import NoDefaultsThere, StockLiesThere, default_bin, make_default, remove, settle
from warehouse.models import BinContent, ItemVariant, Location

pytestmark = pytest.mark.django_db


def given_location(selection, **details):
    return LocationFactory(default_bin_selection=selection, **details)


def given_bins(location, number=3, **details):
    return [BinFactory(location=location, **details) for _ in range(number)]


def put(bin, item, quantity=1, **details):
    return post_lines(bin.location, {"bin": bin.pk, "item": item.pk, "quantity": Decimal(quantity)}, **details)


def shift(item, bin, to_bin):
    line = {"bin": bin.pk, "to_bin": to_bin.pk, "item": item.pk, "quantity": Decimal(1)}
    return post_lines(bin.location, line, kind=Kind.MOVEMENT)


def settled(item):
    """{bin: what is ticked there}."""
    return {
        content.bin: {name for name in ("fixed", "default", "dedicated") if getattr(content, name)}
        for content in BinContent.objects.filter(item=item)
    }


def test_the_first_bin_that_an_item_is_put_into_becomes_its_default_for_good():
    item, (first, second, _third) = ItemFactory(), given_bins(given_location("fixed"))

    put(first, item)
    put(second, item)

    assert settled(item) == {first: {"fixed", "default"}}


def test_the_last_bin_that_an_item_was_put_into_is_its_default():
    item, (first, second, third) = ItemFactory(), given_bins(given_location("last_used"))

    put(first, item)
    assert settled(item) == {first: {"default"}}
    put(second, item)
    assert settled(item) == {second: {"default"}}
    shift(item, first, third)
    assert settled(item) == {third: {"default"}}


def test_a_former_default_keeps_what_else_is_settled_about_it():
    item, (first, second, _third) = ItemFactory(), given_bins(given_location("last_used"))
    BinContentFactory(bin=first, item=item, default=True)
    BinContentFactory(bin=second, item=item, fixed=False, dedicated=True)

    put(second, item)

    assert settled(item) == {first: {"fixed"}, second: {"default", "dedicated"}}


@pytest.mark.parametrize(("selection", "which"), [("fixed", 0), ("last_used", -1)])
def test_of_one_document_the_first_or_the_last_line_says_which(selection, which):
    bins, items = given_bins(given_location(selection), 4), [ItemFactory(), ItemFactory()]
    lines = [{"bin": bin.pk, "item": item.pk, "quantity": Decimal(1)} for bin in bins for item in items]

    post_lines(bins[0].location, *lines)

    for item in items:
        assert default_bin(item, bins[0].location) == bins[which]


def test_each_variant_has_a_default_of_its_own():
    item, (first, second, _third) = ItemFactory(), given_bins(given_location("fixed"))
    red = ItemVariant.objects.create(item=item, code="RED")

    put(first, item)
    post_lines(second.location, {"bin": second.pk, "item": item.pk, "variant": red.pk, "quantity": Decimal(1)})

    assert default_bin(item, first.location) == first
    assert default_bin(item, first.location, variant=red) == second


def test_docks_and_locations_without_a_selection_make_no_defaults():
    item = ItemFactory()

    put(BinFactory(location=given_location("fixed"), kind="receiving"), item)
    put(BinFactory(), item)

    assert not BinContent.objects.exists()


def test_counts_and_what_is_taken_back_move_no_default():
    item, (first, second, _third) = ItemFactory(), given_bins(given_location("last_used"))
    put(second, item, 5)
    issue = put(second, item, -5, kind=Kind.ISSUE)
    put(first, item, 5)

    reverse(issue, by=UserFactory(), at=TODAY)
    session = given_session(first.location, bins=[second])
    count(session.lines.get(), 9)
    complete(session)

    assert default_bin(item, first.location) == first


def test_a_transfer_makes_a_default_where_it_arrives():
    item, there = ItemFactory(), BinFactory(location=given_location("fixed"))
    here = given_stock(5, item=item).bin
    line = {"bin": here.pk, "to_bin": there.pk, "item": item.pk, "quantity": Decimal(1)}

    post_lines(here.location, line, kind=Kind.LOCATION_TRANSFER, other_location=there.location)

    assert settled(item) == {there: {"fixed", "default"}}


def test_a_default_is_changed_in_one_step():
    item, (first, second, _third) = ItemFactory(), given_bins(LocationFactory())
    elsewhere = BinContentFactory(item=item, default=True)
    make_default(first, item)

    make_default(second, item)

    assert settled(item) == {second: {"default"}, elsewhere.bin: {"fixed", "default"}}


def test_a_directed_location_has_and_proposes_no_default():
    directed = BinFactory(location=LocationFactory(directed=True))
    item = ItemFactory()
    kept = BinContentFactory(item=item, default=True)
    Location.objects.filter(pk=kept.location_id).update(directed=True)

    with pytest.raises(NoDefaultsThere):
        make_default(directed, item)
    assert default_bin(item, kept.location) is None


def test_what_settles_nothing_any_more_is_not_kept():
    content = BinContentFactory()

    content.fixed = False
    settle(content)

    assert not BinContent.objects.exists()


def test_a_content_is_removed_when_nothing_lies_there_and_nobody_holds_it():
    quant = given_stock(3)
    content = BinContentFactory(bin=quant.bin, item=quant.item)

    with pytest.raises(StockLiesThere):
        remove(content)
    move(quant, -3)
    remove(content)

    assert not BinContent.objects.exists()


@pytest.fixture
def location():
    return LocationFactory(code="LHX", name="Lindhafen")


@pytest.fixture
def counter(location):
    return signed_in(*COUNTER, location=location)


@pytest.fixture
def washer(location):
    item = ItemFactory(number="HW-1")
    BinContentFactory(bin=BinFactory(location=location, code="A-01"), item=item, default=True)
    BinFactory(location=location, code="B-01")
    return item


def test_the_default_bin_is_proposed_as_soon_as_an_item_is_named(counter, washer):
    page = send(counter, "receive", line(item="HW-1", bin="", quantity=""), look="1")

    assert 'value="A-01"' in page.content.decode()


def test_a_line_that_names_no_bin_means_the_default_bin(counter, washer):
    register = the_document(send(counter, "receive", line(item="HW-1", bin="", quantity="4")))

    assert register.warehouse_entries.get().quant.bin.code == "A-01"


def test_what_lies_elsewhere_is_proposed_to_be_moved_to_its_default_bin(counter, washer):
    page = send(counter, "move", line(item="HW-1", bin="B-01", to_bin="", quantity=""), look="1")

    assert 'value="A-01"' in page.content.decode()


def test_a_journal_line_proposes_the_default_bin_before_the_only_one_with_stock(location, washer):
    given_stock(5, bin=location.bins.get(code="B-01"), item=washer)
    only = given_stock(5, bin=location.bins.get(code="B-01")).item
    batch = open_batch(JournalKind.ITEM, name="Monday", location=location, by=None, posting_date=TODAY)

    add_lines(batch, [{"item": washer.number}, {"item": only.number}])

    assert list(batch.lines.order_by("position").values_list("bin", flat=True)) == ["A-01", "B-01"]
