from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from ledger import posting
from ledger.models import Kind, Register
from ledger.posting import announce, lock_locations
from tests.factories import BinFactory, ItemFactory, LocationFactory, LotFactory, LotItemFactory, given_stock, move
from tests.pages import COUNTER, HTMX, SUPERVISOR, is_page, signed_in, text_of
from warehouse.models import (
    BinHold,
    ItemReference,
    ItemUnit,
    ItemVariant,
    LocationAssignment,
    Lot,
    Quant,
    UnitOfMeasure,
)

pytestmark = pytest.mark.django_db

PAGES = ["receive", "issue", "move", "transfer"]


@pytest.fixture
def location():
    return LocationFactory(code="LHX", name="Lindhafen")


@pytest.fixture
def padlock():
    return ItemFactory(number="HW-2207", name="Padlock 40 mm")


@pytest.fixture
def rack(location):
    return BinFactory(location=location, code="A-01-03", name="Rack 3")


@pytest.fixture
def counter(location):
    return signed_in(*COUNTER, location=location)


def typed(*lines, location="LHX", request_id=None, **head):
    """What the browser sends; lines are dictionaries."""
    data = {
        "request_id": request_id or uuid4(),
        "location": location,
        "posting_date": timezone.localdate().isoformat(),
        "note": "",
        "lines-TOTAL_FORMS": len(lines),
        "lines-INITIAL_FORMS": 0,
        **head,
    }
    for number, line in enumerate(lines):
        data |= {f"lines-{number}-{name}": value for name, value in line.items()}
    return data


def line(item="HW-2207", bin="A-01-03", quantity="12", **more):
    return {"item": item, "bin": bin, "quantity": quantity, **more}


def send(client, page, *lines, **head):
    return client.post(reverse(page), typed(*lines, **head))


def codes(response):
    """[(line, field, code)] of everything that is wrong with the lines, in order."""
    return [
        (number, field, error.code)
        for number, form in enumerate(response.context["sheet"].lines)
        for field, errors in form.errors.as_data().items()
        for error in errors
    ]


def head_codes(response):
    errors = response.context["sheet"].head.errors.as_data()
    return [(field, error.code) for field, found in errors.items() for error in found]


def the_document(response):
    assert response.status_code == 302, response.context and (codes(response), head_codes(response))
    return Register.objects.get(number=response.url.split("/")[-2])


def test_pages_to_post_are_a_page_and_a_form(counter):
    LocationAssignment.objects.create(user=counter.person, location=LocationFactory())

    for name in PAGES:
        page, part = counter.get(reverse(name)), counter.get(reverse(name), headers=HTMX)

        assert (page.status_code, part.status_code) == (200, 200)
        assert is_page(page)
        assert not is_page(part)
        assert len(page.context["sheet"].lines.forms) == 3


def test_who_may_not_post_gets_403_and_who_is_not_logged_in_goes_to_log_in(location, client):
    nobody = signed_in("warehouse.view_quant", location=location)

    for name in PAGES:
        assert nobody.get(reverse(name)).status_code == 403
        assert send(nobody, name, line()).status_code == 403
        assert client.get(reverse(name)).url.startswith(reverse("login"))


# What can be posted


def test_a_receipt_takes_items_by_number_code_and_name_in_units_of_measure(location, rack, padlock, counter):
    box = UnitOfMeasure.objects.create(code="box", name="box")
    ItemUnit.objects.create(item=padlock, unit_of_measure=box, quantity_per=12)
    ItemReference.objects.create(item=padlock, code="4006381333931")

    document = the_document(
        send(
            counter,
            "receive",
            line("hw-2207", "rack 3", "2", unit="box"),
            line("4006381333931", "a-01-03", "4 box + 3"),
            {},
            line("padlock", "A-01-03", "2 × 5"),
            note="van 7",
        )
    )

    assert (document.kind, document.location, document.note) == ("receipt", location, "van 7")
    assert document.by == counter.person
    assert [entry.quantity for entry in document.warehouse_entries.order_by("id")] == [24, 51, 10]
    assert Quant.objects.get(bin=rack).quantity == 85


def test_a_new_lot_is_made_when_it_is_received_and_only_then(location, rack, counter):
    milk = LotItemFactory(number="M-1")

    wrong = send(counter, "issue", line("M-1", lot="L77"))
    right = send(counter, "receive", line("M-1", lot="L77", expiration_date="2027-04-30"))

    assert codes(wrong) == [(0, "lot", "lot_unknown")]
    the_document(right)
    lot = Lot.objects.get(item=milk)
    assert (lot.number, lot.expiration_date) == ("L77", date(2027, 4, 30))


def test_a_label_fills_in_lot_and_expiry(location, rack, counter):
    milk = LotItemFactory(number="M-1")
    ItemReference.objects.create(item=milk, code="04006381333931")

    the_document(send(counter, "receive", line("(01)04006381333931(17)270430(10)L77")))

    lot = Lot.objects.get(item=milk)
    assert (lot.number, lot.expiration_date) == ("L77", date(2027, 4, 30))


def test_a_refused_receipt_leaves_no_lot_behind(location, rack, counter):
    LotItemFactory(number="M-1", blocked=True)

    response = send(counter, "receive", line("M-1", lot="L77"))

    assert codes(response) == [(0, "item", "item_blocked")]
    assert not Lot.objects.exists()


def test_a_label_that_contradicts_the_book_is_an_error_of_its_line(location, rack, counter):
    lot = LotFactory(number="L77", expiration_date=date(2027, 4, 30), item__number="M-1")

    response = send(counter, "receive", line("M-1", lot="L77", expiration_date="2027-05-01"))

    assert codes(response) == [(0, "expiration_date", "expiry_contradicts")]
    lot.refresh_from_db()
    assert lot.expiration_date == date(2027, 4, 30)


def test_a_known_lot_without_a_date_gets_the_date_on_the_label(location, rack, counter):
    lot = LotFactory(number="L77", item__number="M-1")

    the_document(send(counter, "receive", line("M-1", lot="l77", expiration_date="2027-05-01")))

    lot.refresh_from_db()
    assert lot.expiration_date == date(2027, 5, 1)


def test_an_issue_has_a_reason_that_says_what_happened(rack, padlock, counter):
    given_stock(40, bin=rack, item=padlock)

    document = the_document(send(counter, "issue", line(quantity="3"), reason="damaged"))

    assert (document.kind, document.reason.code, document.effect) == ("issue", "damaged", "moved")
    assert Quant.objects.get().quantity == 37
    assert send(counter, "issue", line(), reason="found").status_code == 422  # that is no way for goods to leave


def test_stock_moves_from_bin_to_bin(location, rack, padlock, counter):
    given_stock(40, bin=rack, item=padlock)
    to_bin = BinFactory(location=location, code="B-02-01")

    document = the_document(send(counter, "move", line(quantity="15", to_bin="b-02-01")))

    assert document.kind == Kind.MOVEMENT
    assert {quant.bin: quant.quantity for quant in Quant.objects.all()} == {rack: 25, to_bin: 15}


def test_stock_is_transferred_to_another_location_of_the_same_person(location, rack, padlock, counter):
    given_stock(40, bin=rack, item=padlock)
    there = LocationFactory(code="HX2")
    LocationAssignment.objects.create(user=counter.person, location=there)

    document = the_document(send(counter, "transfer", line(quantity="15", to_bin=""), other_location="HX2"))

    assert (document.location, document.other_location) == (location, there)
    assert Quant.objects.get(location=there).bin.kind == "implicit"


def test_a_transfer_offers_another_location_to_go_to(rack, counter):
    there = LocationFactory(code="HX2")
    LocationAssignment.objects.create(user=counter.person, location=there)

    page = counter.get(reverse("transfer")).content.decode()

    assert '<option value="HX2" selected>' in page


def test_a_transfer_needs_two_locations_of_ones_own(rack, padlock, counter):
    stranger = LocationFactory(code="HX2")

    response = send(counter, "transfer", line(to_bin=""), other_location=stranger.code)

    assert "You work at too few locations" in text_of(counter.get(reverse("transfer")))
    assert head_codes(response) == [("other_location", "invalid_choice")]


def test_variants_are_named_behind_a_slash(location, rack, padlock, counter):
    brass = ItemVariant.objects.create(item=padlock, code="BRASS")

    the_document(send(counter, "receive", line("HW-2207/brass")))

    assert Quant.objects.get().variant == brass


def test_a_unit_cost_values_what_comes_in(location, rack, padlock):
    supervisor = signed_in(*SUPERVISOR, location=location)

    page = supervisor.get(reverse("receive"))
    document = the_document(send(supervisor, "receive", line(unit_cost="4.35")))

    assert "Cost per base unit" in text_of(page), "Whatever unit of measure the quantity is typed in."
    assert document.item_ledger_entries.get().value_entry.amount == Decimal("52.2")


def test_a_german_page_takes_costs_and_quantities_as_they_are_written_in_german(location, rack, padlock):
    supervisor = signed_in(*SUPERVISOR, location=location)
    supervisor.defaults["HTTP_X_PAGE_LANGUAGE"] = "de"

    document = the_document(send(supervisor, "receive", line(quantity="1.000,5", unit="each", unit_cost="1.200,25")))

    entry = document.item_ledger_entries.get()
    assert entry.quantity == Decimal("1000.5")
    assert entry.value_entry.amount == Decimal("1200850.125")


def test_who_sees_no_values_types_no_costs(rack, padlock, counter):
    page = counter.get(reverse("receive"))
    document = the_document(send(counter, "receive", line(unit_cost="99")))

    assert "Cost" not in text_of(page)
    assert document.item_ledger_entries.get().value_entry.amount == 30  # 12 at the cost on the item


# Once


@pytest.mark.parametrize("name", ["receive", "issue", "move"])
def test_a_form_that_is_sent_twice_is_posted_once(name, location, rack, padlock, counter):
    given_stock(12, bin=rack, item=padlock)
    BinFactory(location=location, code="B-02-01")
    request_id = uuid4()

    first = send(counter, name, line(to_bin="B-02-01"), request_id=request_id)
    second = send(counter, name, line(to_bin="B-02-01"), request_id=request_id)

    assert first.url == second.url
    assert Register.objects.filter(request_id=request_id).count() == 1
    assert "was posted already" in text_of(counter.get(second.url))


def test_every_form_has_a_request_of_its_own(counter):
    first, second = (counter.get(reverse("receive")).context["sheet"].head["request_id"].value() for _time in "ab")

    assert first != second


def test_with_htmx_the_browser_goes_on_to_the_document(rack, padlock, counter):
    response = counter.post(reverse("receive"), typed(line()), headers=HTMX)

    assert response["HX-Redirect"] == Register.objects.get().get_absolute_url()
    page = counter.get(response["HX-Redirect"])
    assert f"{Register.objects.get()} is posted." in text_of(page)


# What is wrong


def test_everything_that_is_wrong_is_said_at_once_and_what_was_typed_stays(location, rack, padlock, counter):
    BinFactory(location=location, code="C-1", name="Rack 3")

    response = send(
        counter,
        "receive",
        line("hammer", quantity="some"),
        line(bin="Z-99"),
        line(bin="rack 3"),
        line(quantity="1,00,000"),
        line(unit="each", quantity="-4"),
        line(bin=""),
        line(lot="L1"),
        line(quantity=""),
    )

    assert response.status_code == 422
    assert codes(response) == [
        (0, "item", "item_unknown"),
        (0, "quantity", "quantity_unreadable"),
        (1, "bin", "bin_unknown"),
        (2, "bin", "bin_ambiguous"),
        (3, "quantity", "quantity_unreadable"),
        (4, "quantity", "quantity_negative"),
        (5, "bin", "bin_missing"),
        (6, "lot", "lot_not_expected"),
        (7, "quantity", "required"),
    ]
    html = response.content.decode()
    assert 'value="Z-99"' in html
    assert 'value="1,00,000"' in html
    assert not Register.objects.exists()


def test_what_posting_refuses_stands_at_its_lines(location, rack, padlock, counter):
    given_stock(3, bin=rack, item=padlock)
    held = given_stock(9, bin=rack, item=ItemFactory(number="HW-1"))
    BinHold.objects.create(bin=rack, item=held.item, held_by="SC-0412")

    data = typed(line(quantity="2"), {}, line("HW-1"), line(quantity="2"))
    response, part = counter.post(reverse("issue"), data), counter.post(reverse("issue"), data, headers=HTMX)

    assert (response.status_code, part.status_code) == (422, 422)
    assert not is_page(part)
    assert "SC-0412 holds" in text_of(part)
    assert codes(response) == [
        (0, "quantity", "not_enough"),
        (2, "__all__", "held"),
        (2, "quantity", "not_enough"),
        (3, "quantity", "not_enough"),
    ]
    assert Register.objects.filter(kind="issue").count() == 0


def test_an_item_that_fits_two_is_a_question(rack, counter):
    ItemFactory(number="P-1", name="Padlock brass")
    ItemFactory(number="P-2", name="Padlock steel")

    response = send(counter, "receive", line("padlock"))

    assert codes(response) == [(0, "item", "item_ambiguous")]
    assert "P-1 Padlock brass, P-2 Padlock steel" in text_of(response)


def test_a_unit_of_measure_that_the_item_does_not_have_is_an_error(rack, padlock, counter):
    UnitOfMeasure.objects.create(code="box", name="box")

    assert codes(send(counter, "receive", line(unit="box"))) == [(0, "unit", "unit_not_of_item")]


def test_a_document_without_lines_is_not_posted(rack, padlock, counter):
    response = send(counter, "receive", {}, {})

    assert response.status_code == 422
    assert head_codes(response) == [("__all__", "nothing_to_post")]


def test_the_posting_date_is_today_or_earlier(rack, padlock, counter):
    tomorrow = timezone.localdate() + timedelta(days=1)
    yesterday = timezone.localdate() - timedelta(days=1)

    assert head_codes(send(counter, "receive", line(), posting_date=tomorrow)) == [("posting_date", "future")]
    assert the_document(send(counter, "receive", line(), posting_date=yesterday)).posting_date == yesterday


def test_locations_of_others_are_not_offered_and_not_taken(rack, padlock, counter):
    stranger = LocationFactory(code="HX2", name="Haxby")

    assert "Haxby" not in text_of(counter.get(reverse("receive")))
    assert head_codes(send(counter, "receive", line(), location=stranger.code)) == [("location", "invalid_choice")]


@pytest.mark.parametrize("quantity", ["1e999", "NaN", "٣", "9" * 60, "= 1 + 1", "<b>"])
def test_nonsense_is_refused_politely(quantity, rack, padlock, counter):
    response = send(counter, "receive", line(quantity=quantity), line("x" * 4000), line(bin="\x00"))

    assert response.status_code == 422
    assert {number for number, _field, _code in codes(response)} == {0, 1, 2}


@pytest.mark.parametrize("missing", ["lines-TOTAL_FORMS", "request_id", "location", "posting_date"])
def test_a_mutilated_form_posts_nothing(missing, rack, padlock, counter):
    data = typed(line())
    del data[missing]

    assert counter.post(reverse("receive"), data).status_code == 422
    assert not Register.objects.exists()


# Lines


def test_one_more_line_keeps_what_was_typed_and_checks_nothing_yet(rack, padlock, counter):
    request_id = uuid4()
    data = typed(line("ham", quantity="x"), {}, request_id=request_id) | {"more": "1"}

    response, part = counter.post(reverse("receive"), data), counter.post(reverse("receive"), data, headers=HTMX)

    assert (response.status_code, part.status_code) == (200, 200)
    assert not is_page(part)
    forms = response.context["sheet"].lines.forms
    assert len(forms) == 3
    assert [form["item"].value() for form in forms] == ["ham", "", None]
    assert forms[0]["quantity"].value() == "x"
    assert str(response.context["sheet"].head["request_id"].value()) == str(request_id)
    assert b'class="error"' not in response.content


def test_lines_may_be_blanked_after_another_was_asked_for(rack, padlock, counter):
    page = counter.post(reverse("receive"), typed(line("ham"), line()) | {"more": "1"})
    management = page.context["sheet"].lines.management_form.initial

    data = typed({"item": "", "bin": "", "quantity": ""}, line()) | {
        f"lines-{name}": value for name, value in management.items()
    }

    assert the_document(counter.post(reverse("receive"), data)).warehouse_entries.count() == 1


def test_a_link_from_stock_fills_in_the_first_line(location, rack, counter):
    quant = given_stock(3, bin=rack, lot=LotFactory(number="L77", item__number="M-1"))
    elsewhere = given_stock(3)

    forms = counter.get(reverse("move"), {"quant": quant.pk}).context["sheet"].lines.forms

    assert len(forms) == 3
    assert [forms[0][name].value() for name in ("item", "bin", "lot")] == ["M-1", "A-01-03", "L77"]
    assert counter.get(reverse("move"), {"quant": elsewhere.pk}).status_code == 404
    assert counter.get(reverse("move"), {"quant": "x"}).status_code == 404


# Adjusting


@pytest.fixture
def quant(rack, padlock):
    return given_stock(40, bin=rack, item=padlock)


@pytest.fixture
def supervisor(location):
    return signed_in(*SUPERVISOR, location=location)


def say(client, quant, quantity, *, note="looked twice", seen=None, request_id=None, **options):
    data = {
        "quantity": quantity,
        "note": note,
        "seen_entry": quant.last_entry if seen is None else seen,
        "request_id": request_id or uuid4(),
    }
    return client.post(reverse("adjust", args=[quant.pk]), data, **options)


def test_an_adjustment_says_how_much_there_is(quant, supervisor):
    page = supervisor.get(reverse("adjust", args=[quant.pk]))
    response = say(supervisor, quant, "3 × 12 + 1")

    assert "The book says 40 each" in text_of(page)
    document = the_document(response)
    assert (document.kind, document.effect, document.note) == ("manual_adjustment", "counted", "looked twice")
    quant.refresh_from_db()
    assert quant.quantity == 37


def test_an_adjustment_of_a_book_that_moved_on_is_refused_once_and_shows_the_new_book(quant, supervisor):
    seen = quant.last_entry
    move(quant, -4)

    refused = say(supervisor, quant, "37", seen=seen)
    form = refused.context["form"]

    assert refused.status_code == 422
    assert not is_page(say(supervisor, quant, "37", seen=seen, headers=HTMX))
    assert [error.code for error in form.line_errors] == ["moved_meanwhile"]
    assert "The book says 36 each" in text_of(refused)
    assert form["seen_entry"].value() == quant.last_entry
    assert form["quantity"].value() == "37"
    again = say(supervisor, quant, "37", seen=form["seen_entry"].value())
    assert the_document(again).warehouse_entries.get().quantity == 1


def test_an_adjustment_needs_a_quantity_and_a_note(quant, supervisor):
    response = say(supervisor, quant, "", note="")

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"quantity", "note"}


def test_an_adjustment_that_is_sent_twice_is_posted_once(quant, supervisor):
    request_id, seen = uuid4(), quant.last_entry

    first = say(supervisor, quant, "37", request_id=request_id, seen=seen)
    second = say(supervisor, quant, "37", request_id=request_id, seen=seen)

    assert first.url == second.url
    assert Register.objects.filter(kind="manual_adjustment").count() == 1


def test_only_who_may_adjust_adjusts_and_only_at_their_locations(quant, counter):
    stranger = signed_in(*SUPERVISOR, location=LocationFactory())

    assert say(counter, quant, "37").status_code == 403
    assert say(stranger, quant, "37").status_code == 404
    assert stranger.get(reverse("adjust", args=[quant.pk])).status_code == 404


# Waiting


@pytest.mark.django_db(transaction=True)
def test_a_page_that_cannot_post_now_says_who_is_posting(monkeypatch, location, rack, padlock, counter):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    monkeypatch.setattr(posting, "PAGE_WAIT", "50ms")
    monkeypatch.setattr("ledger.entering.PAGE_WAIT", "50ms")

    def send_it():
        try:
            return send(counter, "receive", line())
        finally:
            connection.close()

    with transaction.atomic():
        lock_locations([location.pk])
        announce("SC-0412", [location.pk])
        with ThreadPoolExecutor(1) as threads:
            response = threads.submit(send_it).result(30)

    assert response.status_code == 422
    assert head_codes(response) == [("__all__", "location_busy")]
    assert "SC-0412 is being posted" in text_of(response)
    assert 'value="HW-2207"' in response.content.decode()
