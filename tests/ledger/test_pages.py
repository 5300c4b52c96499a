from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory_site.listing import PAGE_SIZE
from ledger.models import Kind, Reason, Register
from tests.factories import BinFactory, ItemFactory, LocationFactory, adjust, given_stock, move, post_lines
from tests.pages import COUNTER, HTMX, SUPERVISOR, is_page, signed_in, text_of
from warehouse.models import LocationAssignment

pytestmark = pytest.mark.django_db


@pytest.fixture
def location():
    return LocationFactory(code="LHX", name="Lindhafen")


@pytest.fixture
def quant(location):
    return given_stock(
        40,
        bin=BinFactory(location=location, code="A-01-03"),
        item=ItemFactory(number="HW-2207", name="Padlock 40 mm"),
        unit_cost=Decimal("4.35"),
    )


def the_document(quant):
    return quant.entries.latest("pk").register


def addresses(quant):
    return [
        reverse("item-ledger"),
        reverse("item-ledger") + f"?item={quant.item.number}",
        reverse("warehouse-ledger"),
        reverse("warehouse-ledger") + f"?quant={quant.pk}",
        reverse("documents"),
        the_document(quant).get_absolute_url(),
        the_document(quant).get_absolute_url() + "?tab=item-entries",
        reverse("document-reverse", args=[the_document(quant).number]),
        quant.item.get_absolute_url() + "?tab=value",
        quant.item.get_absolute_url() + "?tab=item-entries",
        quant.item.get_absolute_url() + "?tab=entries",
        quant.bin.get_absolute_url() + "?tab=entries",
        quant.location.get_absolute_url() + "?tab=value",
        quant.location.get_absolute_url() + "?tab=documents",
    ]


def test_ledgers_documents_and_tabs_are_a_page_and_a_part_of_it(quant):
    client = signed_in(*SUPERVISOR, location=quant.location)

    for address in addresses(quant):
        page, part = client.get(address), client.get(address, headers=HTMX)

        assert (page.status_code, part.status_code) == (200, 200), address
        assert is_page(page), address
        assert not is_page(part), address


def test_who_may_not_look_gets_403_and_who_is_not_logged_in_goes_to_log_in(quant, client):
    nobody = signed_in(location=quant.location)

    for address in addresses(quant)[:8]:
        assert nobody.get(address).status_code == 403, address
        assert client.get(address).url.startswith(reverse("login")), address


def test_entries_and_documents_of_other_locations_do_not_exist(quant):
    stranger = signed_in(*SUPERVISOR, location=LocationFactory())

    assert stranger.get(the_document(quant).get_absolute_url()).status_code == 404
    assert stranger.get(reverse("document-reverse", args=[the_document(quant).number])).status_code == 404
    assert stranger.get(reverse("warehouse-ledger"), {"quant": quant.pk}).status_code == 404
    for name in ("item-ledger", "warehouse-ledger", "documents"):
        assert len(stranger.get(reverse(name)).context["listing"]) == 0


@pytest.mark.parametrize("name", ["item-ledger", "warehouse-ledger", "documents"])
def test_a_list_asks_the_database_as_often_for_fifty_rows_as_for_one(name, quant):
    client = signed_in(*SUPERVISOR, location=quant.location)
    few = count_queries(client, reverse(name))
    for _number in range(PAGE_SIZE):
        move(given_stock(bin=quant.bin), 2, by=client.person)

    assert count_queries(client, reverse(name)) == few


def count_queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def rows(client, name, **filters):
    return client.get(reverse(name), filters).context["listing"].rows


def test_an_entry_tells_what_there_was_after_it(quant):
    move(quant, -12)
    move(quant, 3)
    given_stock(100, bin=BinFactory(location=quant.location), item=quant.item)
    client = signed_in(*SUPERVISOR, location=quant.location)

    in_the_bin = rows(client, "warehouse-ledger", quant=quant.pk)
    at_the_location = rows(client, "item-ledger", item=quant.item.number)

    assert [(entry.quantity, entry.balance) for entry in in_the_bin] == [(3, 31), (-12, 28), (40, 40)]
    assert [(entry.quantity, entry.balance) for entry in at_the_location] == [(100, 131), (3, 31), (-12, 28), (40, 40)]
    assert at_the_location[2].amount == Decimal("-52.2")
    assert at_the_location[2].unit_cost == Decimal("4.35")


def test_entries_are_found_by_item_place_kind_reason_and_day(quant):
    damaged = Reason.objects.get(code="damaged")
    move(quant, -2, reason=damaged, posting_date=timezone.localdate() - timedelta(days=30))
    client = signed_in(*SUPERVISOR, location=quant.location)
    today = timezone.localdate().isoformat()

    for name in ("item-ledger", "warehouse-ledger"):
        assert [entry.quantity for entry in rows(client, name, q="padlock")] == [-2, 40]
        assert rows(client, name, q="hammer") == []
        assert [entry.quantity for entry in rows(client, name, kind="issue")] == [-2]
        assert [entry.quantity for entry in rows(client, name, reason="damaged")] == [-2]
        assert [entry.quantity for entry in rows(client, name, since=today)] == []
        assert [entry.quantity for entry in rows(client, name, until=today, sort="quantity")] == [-2, 40]
    assert [entry.quantity for entry in rows(client, "warehouse-ledger", bin="a-01")] == [-2, 40]
    assert [register.kind for register in rows(client, "documents", kind="issue")] == ["issue"]
    assert len(rows(client, "documents", q=the_document(quant).number)) == 1


def test_values_are_only_for_those_who_may_see_them(quant):
    rights = set(SUPERVISOR) - {"ledger.view_valueentry"}
    client = signed_in(*rights, location=quant.location)

    for address in addresses(quant)[:8]:
        text = text_of(client.get(address))
        assert "174" not in text, address
        assert "4.35" not in text, address
    assert "174.00" in text_of(signed_in(*SUPERVISOR, location=quant.location).get(addresses(quant)[0]))
    assert client.get(quant.item.get_absolute_url(), {"tab": "value"}).status_code == 404
    # not even by asking for an order
    assert client.get(reverse("item-ledger"), {"sort": "value"}).context["listing"].sort == "-entry"


def test_who_posts_sees_their_own_documents_only(quant):
    client = signed_in(*COUNTER, location=quant.location)
    mine = move(quant, 1, by=client.person)

    assert client.get(mine.get_absolute_url()).status_code == 200
    assert client.get(quant.entries.first().register.get_absolute_url()).status_code == 200
    assert client.get(quant.entries.last().register.get_absolute_url()).status_code == 403


def test_a_transfer_shows_each_side_its_own_entries(quant):
    to_bin = BinFactory()
    line = {"bin": quant.bin_id, "to_bin": to_bin.pk, "item": quant.item_id, "quantity": Decimal(4)}
    register = post_lines(quant.location, line, kind=Kind.LOCATION_TRANSFER, other_location=to_bin.location)
    client = signed_in(*SUPERVISOR, location=to_bin.location)

    page = client.get(register.get_absolute_url())

    assert page.context["movements"]["came"] == 4
    assert page.context["movements"]["went"] is None
    assert "A-01-03" not in text_of(page)
    assert not page.context["can_reverse"]
    assert client.get(reverse("document-reverse", args=[register.number])).status_code == 404


# Reversing


def reversing(register):
    return reverse("document-reverse", args=[register.number])


def test_reversing_first_shows_what_it_would_do_and_then_does_it(quant):
    register = move(quant, -12)
    client = signed_in(*SUPERVISOR, location=quant.location)

    before = client.get(reversing(register))
    [change] = before.context["seen"]["changes"]
    after = client.post(reversing(register), {"note": "typed twice"})

    assert (change["before"], change["change"], change["after"]) == (28, 12, 40)
    reversal = Register.objects.get(reverses=register)
    assert after.url == reversal.get_absolute_url()
    assert (reversal.note, reversal.by) == ("typed twice", client.person)
    quant.refresh_from_db()
    assert quant.quantity == 40
    page = client.get(register.get_absolute_url())
    assert "Taken back" in text_of(page)
    assert not page.context["can_reverse"]


def test_looking_at_a_reversal_posts_nothing(quant):
    register = move(quant, -12)

    signed_in(*SUPERVISOR, location=quant.location).get(reversing(register))

    assert not Register.objects.filter(reverses=register).exists()
    quant.refresh_from_db()
    assert quant.quantity == 28


def test_reversed_twice_is_reversed_once(quant):
    register = move(quant, -12)
    client = signed_in(*SUPERVISOR, location=quant.location)

    first, second = client.post(reversing(register)), client.post(reversing(register))

    assert first.url == second.url
    assert client.get(reversing(register)).url == first.url


def test_what_a_count_has_settled_cannot_be_taken_back(quant):
    register = move(quant, -12)
    looked = adjust(quant, 27)
    client = signed_in(*SUPERVISOR, location=quant.location)

    shown, refused = client.get(reversing(register)), client.post(reversing(register), headers=HTMX)

    assert shown.status_code == 200
    assert looked.number in text_of(shown)
    assert b'<button type="submit" class="button primary"' not in shown.content
    assert refused.status_code == 422
    assert looked.number in text_of(refused)
    assert not is_page(refused)


def test_what_is_not_there_any_more_cannot_be_taken_back(quant):
    register = the_document(quant)
    move(quant, -12)
    client = signed_in(*SUPERVISOR, location=quant.location)

    response = client.post(reversing(register))

    assert response.status_code == 422
    assert "holds 28, which is less than the 40" in text_of(response)


def test_only_who_may_reverse_reverses(quant):
    client = signed_in(*set(SUPERVISOR) - {"ledger.reverse_register"}, location=quant.location)
    register = the_document(quant)

    assert client.post(reversing(register)).status_code == 403
    assert not client.get(register.get_absolute_url()).context["can_reverse"]


def test_a_reversal_is_not_reversed(quant):
    client = signed_in(*SUPERVISOR, location=quant.location)
    reversal = Register.objects.get(number=client.post(reversing(the_document(quant))).url.split("/")[-2])

    assert client.post(reversing(reversal)).status_code == 422
    LocationAssignment.objects.all().delete()
    assert client.get(reversing(reversal)).status_code == 404
