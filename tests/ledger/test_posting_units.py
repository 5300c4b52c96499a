"""Pages to post: units of serialized items are named by their codes, in place of a quantity."""

from decimal import Decimal

import pytest
from django.urls import reverse

from ledger.models import Kind
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    RfidItemFactory,
    SerialItemFactory,
    given_units,
)
from tests.ledger.test_posting_pages import codes, line, send, the_document, typed
from tests.pages import COUNTER, SUPERVISOR, signed_in, text_of
from warehouse.models import ItemReference, LocationAssignment, Unit
from warehouse.tags import tag_of

pytestmark = pytest.mark.django_db

GTIN = "04006381333931"


@pytest.fixture
def location():
    return LocationFactory(code="LHX", name="Lindhafen")


@pytest.fixture
def rack(location):
    return BinFactory(location=location, code="A-01-03")


@pytest.fixture
def drill():
    return SerialItemFactory(number="PT-3001", name="Cordless drill")


@pytest.fixture
def counter(location):
    return signed_in(*COUNTER, location=location)


def units(codes="", **more):
    return line(item="PT-3001", quantity=more.pop("quantity", ""), codes=codes, **more)


def where():
    return dict(Unit.objects.values_list("code", "quant__bin__code"))


def test_a_receipt_takes_codes_ranges_and_labels_in_place_of_a_quantity(counter, rack, drill):
    ItemReference.objects.create(item=drill, code=GTIN)

    register = the_document(send(counter, "receive", units(f"A100..A102, B7\n01{GTIN}21SN-9", unit_cost="")))

    assert where() == dict.fromkeys(["A100", "A101", "A102", "B7", "SN-9"], "A-01-03")
    assert register.warehouse_entries.count() == 5


def test_units_may_be_made_with_a_lot_and_at_a_cost(location, rack, drill):
    lot = LotFactory(item=drill, number="B-7")
    client = signed_in(*SUPERVISOR, location=location)

    the_document(send(client, "receive", units("A100", lot="B-7", unit_cost="129.50")))

    unit = Unit.objects.get()
    assert (unit.lot, unit.cost, unit.quant.lot) == (lot, Decimal("129.5"), None)


def test_tags_are_taken_in_any_notation(counter, rack):
    ItemReference.objects.create(item=RfidItemFactory(number="TG-1"), code=GTIN)
    first, second = tag_of(GTIN, "77"), tag_of(GTIN, "78")
    tags = f"{first.code.lower()}\nurn:epc:id:sgtin:4006381.033393.78"

    the_document(send(counter, "receive", line(item="TG-1", quantity="", codes=tags)))
    the_document(send(counter, "issue", line(item="TG-1", quantity="", codes="77")))

    assert where() == {first.code: None, second.code: "A-01-03"}


def test_units_are_issued_moved_and_transferred(counter, location, rack, drill):
    BinFactory(location=location, code="A-01-04")
    there = BinFactory(location=LocationFactory(code="LH2"), code="Z-01")
    LocationAssignment.objects.create(user=counter.person, location=there.location)
    given_units(rack, drill, ["A100", "A101", "A102"])

    the_document(send(counter, "issue", units("A100")))
    the_document(send(counter, "move", units("A101", to_bin="A-01-04")))
    the_document(send(counter, "transfer", units("A102", to_bin="Z-01"), other_location="LH2"))

    assert where() == {"A100": None, "A101": "A-01-04", "A102": "Z-01"}


def test_a_unit_is_named_by_the_number_of_its_manufacturer_too(counter, rack, drill):
    (unit,) = given_units(rack, drill, ["A100"])
    Unit.objects.filter(pk=unit.pk).update(manufacturer_number="MFR-AAA")

    the_document(send(counter, "issue", units("MFR-AAA")))

    assert where() == {"A100": None}


def test_all_wrong_codes_are_told_at_once_and_nothing_typed_is_lost(counter, location, rack, drill):
    given_units(rack, drill, ["A100"])
    given_units(BinFactory(location=location, code="A-01-04"), drill, ["A101"])

    refused = send(counter, "issue", units("A100\nA101\nA998, A999"), units("A777"))

    assert refused.status_code == 422
    assert codes(refused) == [
        (0, "codes", "unit_elsewhere"),
        (0, "codes", "unit_unknown"),
        (0, "codes", "unit_unknown"),
        (1, "codes", "unit_unknown"),
    ]
    says = text_of(refused)
    assert all(code in says for code in ("A101", "A998", "A999", "A777"))
    assert "A100\nA101\nA998, A999</textarea>" in refused.content.decode()
    assert where()["A100"] == "A-01-03"


def test_what_cannot_be_a_code_of_the_item_is_told_before_anything_is_posted(counter, rack, drill):
    ItemReference.objects.create(item=drill, code=GTIN)

    twice = send(counter, "receive", units(f"A100, A100\n01{'04012345678901'}21X\nA9..A1"))
    other = send(counter, "receive", units("A100, A100\n010401234567890121X"))

    assert codes(twice) == [(0, "codes", "range_backwards")]
    assert codes(other) == [(0, "codes", "code_twice"), (0, "codes", "unit_of_another_item")]
    assert not Unit.objects.exists()


def test_more_wrong_codes_than_anybody_reads_are_counted(counter, rack, drill):
    refused = send(counter, "issue", units("A100..A199"))

    assert len(codes(refused)) == 21
    assert "And 80 more." in text_of(refused)


def test_a_quantity_beside_the_codes_says_the_same(counter, rack, drill):
    wrong = send(counter, "receive", units("A100..A102", quantity="4"))

    assert codes(wrong) == [(0, "quantity", "other_number")]
    the_document(send(counter, "receive", units("A100..A102", quantity="3")))


def test_a_quantity_alone_does_not_say_which_units(counter, rack, drill):
    refused = send(counter, "receive", units(quantity="3"))

    assert codes(refused) == [(0, "codes", "unit_missing")]
    assert 'name="lines-0-codes"' in refused.content.decode()


def test_items_without_units_take_none_and_need_a_quantity(counter, rack):
    ItemFactory(number="HW-2207")

    assert codes(send(counter, "receive", line(codes="A100"))) == [(0, "codes", "unit_not_expected")]
    assert codes(send(counter, "receive", line(quantity=""))) == [(0, "quantity", "required")]


def test_the_row_for_units_comes_as_soon_as_the_item_is_known(counter, drill):
    """The page asks for it when an item was typed; nothing is checked then."""
    page = counter.get(reverse("receive"))
    looked = counter.post(reverse("receive"), {**typed(units(bin="nowhere"), line(item="")), "look": "1"})

    assert 'name="lines-0-codes"' not in page.content.decode()
    assert looked.status_code == 200
    assert 'name="lines-0-codes"' in looked.content.decode()
    assert 'name="lines-1-codes"' not in looked.content.decode()
    assert len(looked.context["sheet"].lines.forms) == 2


def test_a_unit_leads_to_moving_and_issuing_it(location, rack, drill):
    (unit,) = given_units(rack, drill, ["A100"])
    client = signed_in(*COUNTER, "warehouse.view_unit", location=location)

    links = {link.label: link.url for link in client.get(unit.get_absolute_url()).context["actions"]}

    assert "A100</textarea>" in client.get(links["Move"]).content.decode()
    assert "A100</textarea>" in client.get(links["Issue"]).content.decode()


def test_the_document_and_the_ledgers_name_each_unit(location, rack, drill):
    client = signed_in(*SUPERVISOR, location=location)
    register = the_document(send(client, "receive", units("A100, A101")))
    page = Unit.objects.get(code="A100").get_absolute_url()

    for address in (register.get_absolute_url(), reverse("warehouse-ledger"), reverse("item-ledger")):
        assert f'href="{page}"' in client.get(address).content.decode(), address
    of_one = client.get(reverse("warehouse-ledger"), {"lot": "A101"})
    assert [entry.unit.code for entry in of_one.context["listing"].rows] == ["A101"]
    for name in ("warehouse-ledger", "item-ledger"):
        assert b"A100" in b"".join(client.get(reverse(name), {"as": "csv"})), name


def test_units_are_counted_and_not_adjusted(location, rack, drill):
    (unit,) = given_units(rack, drill, ["A100"])
    client = signed_in(*SUPERVISOR, "counting.add_countsession", location=location)

    page = client.get(reverse("adjust", args=[unit.quant_id]))
    sent = client.post(reverse("adjust", args=[unit.quant_id]), {"quantity": "0"})

    assert "Units are counted, not adjusted" in text_of(page)
    assert f"bins={rack.code}" in page.content.decode()
    assert "Units are counted" in text_of(sent)
    (row,) = client.get(reverse("stock")).context["listing"].rows
    assert "Adjust" not in [action.label for action in row.actions]
    assert unit.entries.filter(register__kind=Kind.MANUAL_ADJUSTMENT).count() == 0


def test_many_units_cost_as_many_statements_as_one(counter, rack, drill, django_assert_max_num_queries):
    with django_assert_max_num_queries(75):
        sent = send(counter, "receive", units("A1000..A1499"))

    assert the_document(sent).warehouse_entries.count() == 500
