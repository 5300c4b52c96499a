"""The page on which a bin is counted, and everything that it sends."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.models import CountEntry, CountLine, CountSession, PutAside
from counting.review import ask_recount, cancel, mark_counted
from counting.showing import CHANGES, read_again
from counting.walking import progress_in
from tests.counting.given import again, count, given_session
from tests.counting.people import auditor, counter
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UnitOfMeasureFactory,
    UserFactory,
    given_stock,
    move,
)
from tests.pages import HTMX, is_page, text_of
from warehouse.models import ItemReference, ItemUnit, Lot, Quant

pytestmark = pytest.mark.django_db


class Count:
    """Padlocks (54, boxes of 12) and hinges (240) in the first bin, bolts (10) in the second; Ama counts them."""

    def __init__(self):
        self.location = LocationFactory(code="LH1", name="Lindhafen")
        self.bin = BinFactory(location=self.location, code="A-01-01", walking_order=1)
        self.next = BinFactory(location=self.location, code="A-01-02", walking_order=2)
        self.padlock = ItemFactory(number="HW-1", name="Padlock")
        self.box = UnitOfMeasureFactory(code="box", name="box")
        ItemUnit.objects.create(item=self.padlock, unit_of_measure=self.box, quantity_per=12)
        ItemReference.objects.create(item=self.padlock, code="4006381333931")
        self.padlocks = given_stock(54, bin=self.bin, item=self.padlock)
        self.hinges = given_stock(240, bin=self.bin, item=ItemFactory(number="HW-2", name="Hinge"))
        self.bolts = given_stock(10, bin=self.next, item=ItemFactory(number="HW-3", name="Bolt"))
        self.session = given_session(self.location)
        self.ama = counter(self.location)
        self.ama.person.first_name = "Ama"
        self.ama.person.save()

    def line(self, quant=None):
        return CountLine.objects.select_related("quant", "session").get(quant=quant or self.padlocks, open=True)

    def get(self, name="count-entry", *args, client=None, htmx=False, **params):
        address = reverse(name, args=[self.session.number, *args])
        return (client or self.ama).get(address, params, headers=HTMX if htmx else {})

    def post(self, name, *args, client=None, htmx=True, **data):
        address = reverse(name, args=[self.session.number, *args])
        data = {"client_id": uuid4(), "bin": "A-01-01", **data}
        return (client or self.ama).post(address, data, headers=HTMX if htmx else {})

    def say(self, quantity, *, quant=None, **data):
        line = self.line(quant)
        data.setdefault("begun", line.quant.last_entry)
        return self.post("count-set", line.pk, quantity=quantity, **data)


@pytest.fixture
def shelf():
    return Count()


# The page


def test_the_page_begins_in_the_first_bin_with_something_left(shelf):
    assert shelf.get().url.endswith("/count/?bin=A-01-01")

    count(shelf.line(), 54)
    count(shelf.line(shelf.hinges), 240)

    assert shelf.get().url.endswith("/count/?bin=A-01-02")


def test_the_page_shows_the_bin_its_lines_and_the_book_as_it_is_now(shelf):
    move(shelf.padlocks, 6)

    response = shelf.get(bin="A-01-01")

    text = text_of(response)
    assert is_page(response)
    assert "Bin 1 of 2" in text
    assert "0 of 2 lines" in text
    assert "Book 60 each" in text
    assert "Next bin, A-01-02" in response.content.decode()
    assert "54" not in text, "What the system said at the opening belongs to the review."


def test_a_bin_outside_the_count_can_take_what_is_found_there(shelf):
    BinFactory(location=shelf.location, code="Z-09")

    text = text_of(shelf.get(bin="Z-09"))

    assert "Not part of this count" in text
    assert "Nothing is expected here." in text


@pytest.mark.parametrize("code", ["nowhere", "x" * 4000])
def test_a_bin_that_does_not_exist_is_not_found(shelf, code):
    assert shelf.get(bin=code).status_code == 404


def test_the_adjustment_bin_is_no_place(shelf):
    BinFactory(location=shelf.location, code="ADJ", kind="adjustment")

    assert shelf.get(bin="ADJ").status_code == 404


ADDRESSES = {
    "count-entry": "get",
    "count-lines": "get",
    "count-line": "get",
    "count-bins": "get",
    "count-set": "post",
    "count-step": "post",
    "count-clear": "post",
    "count-scan": "post",
    "count-undo": "post",
    "count-found": "post",
    "count-put-aside": "post",
    "count-empty": "post",
    "count-as-expected": "post",
    "count-finish": "post",
}


def ask(shelf, name, *, client):
    line = [shelf.line().pk] if name in ("count-line", "count-set", "count-step", "count-clear") else []
    data = {"code": "HW-1", "quantity": "1", "item": shelf.padlock.pk, "step": "1", "last": uuid4()}
    return getattr(shelf, ADDRESSES[name])(name, *line, client=client, **data)


@pytest.mark.parametrize("name", ADDRESSES)
def test_people_of_other_locations_find_nothing(shelf, name):
    stranger = counter(LocationFactory())

    assert ask(shelf, name, client=stranger).status_code == 404
    assert not CountEntry.objects.exists()


@pytest.mark.parametrize("name", ADDRESSES)
def test_who_may_not_count_is_refused(shelf, name):
    assert ask(shelf, name, client=auditor(shelf.location)).status_code == 403


@pytest.mark.parametrize("name", ADDRESSES)
def test_who_is_not_logged_in_goes_to_log_in(shelf, name, client):
    response = ask(shelf, name, client=client)

    assert response.status_code == 302
    assert response.url.startswith("/login/")


@pytest.mark.parametrize("name", [name for name, verb in ADDRESSES.items() if verb == "post"])
def test_what_our_page_cannot_have_sent_is_a_bad_request(shelf, name):
    line = [shelf.line().pk] if name in ("count-set", "count-step", "count-clear") else []

    assert shelf.post(name, *line, client_id="nonsense").status_code == 400


def test_a_line_of_another_count_is_not_found(shelf):
    other = given_session(given_stock(1).location).lines.get()

    assert shelf.post("count-set", other.pk, quantity="1").status_code == 404


# Typing


def test_typing_sets_the_count_and_answers_with_what_changed(shelf):
    response = shelf.say("51")

    assert response.status_code == 200
    assert not is_page(response)
    assert again(shelf.line()).counted_quantity == 51
    text = text_of(response)
    assert "1 of 2 lines" in text
    assert "The book says 54. 3 fewer." in text
    assert "Saved" in text
    for part in (f"line-{shelf.line().pk}", "bin-progress", "said", "mark"):
        assert f'id="{part}"' in response.content.decode()


def test_without_script_the_answer_is_the_whole_page(shelf):
    response = shelf.say("51", htmx=False)

    assert is_page(response)
    assert "The book says 54. 3 fewer." in text_of(response)
    assert "Undo" in text_of(response)


def test_boxes_and_pieces_are_added_up_and_shown(shelf):
    response = shelf.say("4 + 3", unit=str(shelf.box.pk))

    assert shelf.line().counted_quantity == 51
    assert "4 × 12 + 3 = 51 each" in text_of(response)
    assert 'value="4 + 3"' in response.content.decode()
    assert CountEntry.objects.get().expression == "4 × 12 + 3"


def test_adding_adds(shelf):
    shelf.say("50")

    response = shelf.say("1", mode="add")

    assert shelf.line().counted_quantity == 51
    assert "Typing adds to 51" in text_of(response)


def test_what_cannot_be_read_is_refused_in_the_line_and_kept(shelf):
    response = shelf.say("1,00,000")

    assert response.status_code == 422
    text = response.content.decode()
    assert 'value="1,00,000"' in text
    assert 'aria-invalid="true"' in text
    assert "“1,00,000” is not a quantity" in text_of(response)
    assert "Not saved" in text_of(response)
    assert shelf.line().counted_quantity is None


def test_a_decimal_comma_is_typed_shown_and_read_back_in_german(shelf):
    shelf.ama.defaults |= {"HTTP_X_PAGE_LANGUAGE": "de"}

    response = shelf.say("1.000,5 + 2 × 1,125")

    assert shelf.line().counted_quantity == Decimal("1002.75")
    assert 'value="1002,75"' in response.content.decode()
    assert "1000,5 + 2 × 1,125" in text_of(response)
    assert "1.002,75" in text_of(response)
    assert CountEntry.objects.get().expression == "1000.5 + 2 × 1.125"
    shelf.say("1002,75")
    assert shelf.line().counted_quantity == Decimal("1002.75")


@pytest.mark.parametrize("typed", ["-1", "1e999", "NaN", "x" * 4000, "\0", "9" * 14, "1.000001", "=1+1", "12 crates"])
def test_nonsense_is_refused_in_the_line(shelf, typed):
    response = shelf.say(typed)

    assert response.status_code == 422
    assert not CountEntry.objects.exists()


def test_without_script_a_refusal_is_the_whole_page_with_the_error_in_its_line(shelf):
    response = shelf.say("many", htmx=False)

    assert response.status_code == 422
    assert is_page(response)
    assert "“many” is not a quantity" in text_of(response)


def test_the_same_request_twice_counts_once(shelf):
    once = {"client_id": uuid4()}

    for _again in range(2):
        assert shelf.say("1", mode="add", **once).status_code == 200

    assert shelf.line().counted_quantity == 1
    assert CountEntry.objects.count() == 1


def test_an_emptied_field_makes_the_line_blank_again(shelf):
    shelf.say("51")

    response = shelf.say("")

    assert shelf.line().counted_quantity is None
    assert "not counted any more" in text_of(response)
    assert shelf.say("").status_code == 200, "A blank line stays blank."
    assert CountEntry.objects.count() == 2


def test_one_more_and_one_less_in_the_chosen_unit(shelf):
    line = shelf.line().pk

    shelf.post("count-step", line, step="1", unit=str(shelf.box.pk))
    shelf.post("count-step", line, step="1")
    shelf.post("count-step", line, step="-1")

    assert shelf.line().counted_quantity == 12


def test_one_less_than_nothing_is_refused(shelf):
    response = shelf.post("count-step", shelf.line().pk, step="-1")

    assert response.status_code == 422
    assert "less than nothing" in text_of(response)


def test_more_than_a_count_can_hold_is_refused(shelf):
    shelf.say("9999999999999")

    response = shelf.post("count-step", shelf.line().pk, step="1")

    assert response.status_code == 422
    assert shelf.line().counted_quantity == 9999999999999


def test_clearing_is_not_zero(shelf):
    shelf.say("51")

    response = shelf.post("count-clear", shelf.line().pk)

    assert shelf.line().counted_quantity is None
    assert "0 of 2 lines" in text_of(response)


def test_another_unit_or_mode_shows_the_line_anew(shelf):
    shelf.say("51")

    response = shelf.get("count-line", shelf.line().pk, htmx=True, unit=str(shelf.box.pk), mode="set")

    assert not is_page(response)
    assert 'value="4 + 3"' in response.content.decode()


def test_without_script_another_mode_is_a_link_to_the_page(shelf):
    response = shelf.ama.get(reverse("count-line", args=[shelf.session.number, shelf.line().pk]), {"mode": "add"})

    text = text_of(shelf.ama.get(response.url))
    assert "Typing adds up" in text


# Others


def test_replacing_somebody_elses_count_says_whose_it_was(shelf):
    count(shelf.line(), 51, by=UserFactory(first_name="Kofi", last_name="Mensah"))

    response = shelf.say("49")

    assert shelf.line().counted_quantity == 49
    assert "Kofi Mensah counted 51 at" in text_of(response)
    assert "now 49 by you" in text_of(response)


def test_the_quiet_question_answers_with_what_others_changed_and_nothing_else(shelf):
    page = shelf.get(bin="A-01-01")
    seen = [shown.seen for shown in page.context["lines"]]
    assert shelf.get("count-lines", bin="A-01-01", seen=seen, htmx=True).status_code == 204

    count(shelf.line(), 51)

    response = shelf.get("count-lines", bin="A-01-01", seen=seen, htmx=True)
    assert [shown.line for shown in response.context["lines"]] == [shelf.line()]
    assert "Hinge" not in text_of(response)


def test_the_quiet_question_brings_lines_that_others_found(shelf):
    page = shelf.get(bin="A-01-01")
    bolt = shelf.bolts.item
    shelf.post("count-found", item=bolt.pk, quantity="2")

    seen = [shown.seen for shown in page.context["lines"]]
    response = shelf.get("count-lines", bin="A-01-01", seen=seen, htmx=True)

    assert 'hx-swap-oob="beforeend:#lines"' in response.content.decode()
    assert "Bolt" in text_of(response)


def test_the_quiet_question_never_hides_that_stock_moved(shelf):
    begun = shelf.padlocks.last_entry
    move(shelf.padlocks, -2)

    response = shelf.get("count-lines", bin="A-01-01", seen=[f"{shelf.line().pk}:{begun}:old"], htmx=True)

    assert "Stock moved since you came to this bin: −2 at" in text_of(response)
    shelf.say("52", begun=response.context["lines"][0].begun)
    assert shelf.line().disturbed


# Stock that moves meanwhile


def test_stock_that_moved_while_counting_is_shown_in_the_line(shelf):
    begun = shelf.padlocks.last_entry
    issue = move(shelf.padlocks, -2)

    response = shelf.say("52", begun=begun)

    text = text_of(response)
    assert "Count again" in text
    assert "Stock moved while you counted: −2 at" in text
    assert f"by {issue.number}. Count it again." in text


def test_counting_once_more_settles_it(shelf):
    begun = shelf.padlocks.last_entry
    move(shelf.padlocks, -2)
    disturbed = shelf.say("54", begun=begun).context["lines"][0]

    response = shelf.say("52", begun=disturbed.begun)

    assert not shelf.line().disturbed
    assert "Recorded" in text_of(response)


# Undo


def test_undo_takes_back_what_was_said_last(shelf):
    shelf.say("50")
    last = uuid4()
    shelf.say("51", client_id=last)

    response = shelf.post("count-undo", line=shelf.line().pk, last=last)

    assert shelf.line().counted_quantity == 50
    assert "back to 50" in text_of(response)


def test_undo_twice_is_once(shelf):
    last, undo = uuid4(), uuid4()
    shelf.say("51", client_id=last)

    for _again in range(2):
        shelf.post("count-undo", line=shelf.line().pk, last=last, client_id=undo)

    assert shelf.line().counted_quantity is None
    assert CountEntry.objects.count() == 2


def test_undo_leaves_what_somebody_else_said_since(shelf):
    last = uuid4()
    shelf.say("51", client_id=last)
    count(shelf.line(), 49)

    response = shelf.post("count-undo", line=shelf.line().pk, last=last)

    assert shelf.line().counted_quantity == 49
    assert "Nothing was undone." in text_of(response)


# Scans


def scan(shelf, code, **data):
    return shelf.post("count-scan", code=code, **data)


def test_a_scan_adds_one_and_says_so(shelf):
    scan(shelf, "4006381333931")

    response = scan(shelf, "4006381333931")

    assert shelf.line().counted_quantity == 2
    assert "+1 2 each in A-01-01" in text_of(response)
    assert 'data-sound="ok"' in response.content.decode()


def test_a_scan_sent_twice_counts_once(shelf):
    once = {"client_id": uuid4()}

    for _again in range(2):
        assert scan(shelf, "HW-1", **once).status_code == 200

    assert shelf.line().counted_quantity == 1


def test_a_late_scan_takes_its_place_in_time(shelf):
    CountSession.objects.update(opened_at=timezone.now() - timedelta(hours=1))
    shelf.say("50")

    scan(shelf, "HW-1", age=600_000)

    assert shelf.line().counted_quantity == 50, "What was typed ten minutes later replaced it."


def test_scanning_a_bin_goes_there(shelf):
    response = scan(shelf, "A-01-02")
    assert "bin=A-01-02" in response["HX-Location"]

    assert shelf.post("count-scan", code="A-01-02", htmx=False).url.endswith("?bin=A-01-02")


UNREADABLE = {
    "": "Nothing was scanned",
    "x" * 4000: "200 characters at most",
    "HW\x00-1": "no label",
    "HW\x07-1": "no label",
}


@pytest.mark.parametrize("code", UNREADABLE, ids=["blank", "long", "NUL", "control"])
def test_a_scan_that_cannot_be_read_is_refused_at_the_field(shelf, code):
    response = scan(shelf, code)

    assert response.status_code == 422
    assert 'id="scan-error"' in response.content.decode()
    assert UNREADABLE[code] in text_of(response)


def test_an_unknown_code_can_be_put_aside(shelf):
    response = scan(shelf, "9999999999994")
    assert "9999999999994 is unknown" in text_of(response)
    assert not PutAside.objects.exists(), "Only when somebody asks for it."

    once = {"client_id": uuid4()}
    for _again in range(2):
        shelf.post("count-put-aside", code="9999999999994", **once)

    kept = PutAside.objects.get()
    assert (kept.code, kept.bin, kept.by) == ("9999999999994", shelf.bin, shelf.ama.person)
    assert "9999999999994" in text_of(shelf.get(bin="A-01-01"))


def test_an_item_that_nobody_expects_here_is_asked_about(shelf):
    response = scan(shelf, "HW-3")

    text = text_of(response)
    assert "Not expected here" in text
    assert "The book has it in A-01-02" in text
    assert "It belongs in A-01-02" in text
    assert shelf.session.lines.count() == 3, "Never without asking."


def test_a_found_item_is_counted_here(shelf):
    once = {"client_id": uuid4()}

    for _again in range(2):
        response = shelf.post("count-found", item=shelf.bolts.item_id, code="HW-3", quantity="2", **once)

    line = CountLine.objects.get(quant__bin=shelf.bin, quant__item=shelf.bolts.item)
    assert (line.found, line.counted_quantity, line.book_quantity) == (True, 2, 0)
    assert "found here, 2 each" in text_of(response)


def test_a_found_lot_is_made_with_its_expiration_date(shelf):
    epoxy = LotItemFactory(name="Epoxy")

    shelf.post("count-found", item=epoxy.pk, lot="E27-1", expiry="2028-01-31", quantity="3")

    assert Lot.objects.get(item=epoxy).expiration_date.isoformat() == "2028-01-31"
    assert CountLine.objects.get(quant__item=epoxy).counted_quantity == 3


def test_a_found_item_without_its_lot_is_asked_for_it(shelf):
    epoxy = LotItemFactory(name="Epoxy")

    response = shelf.post("count-found", item=epoxy.pk, quantity="3")

    assert response.status_code == 422
    assert "say which lot" in text_of(response)
    assert shelf.session.lines.count() == 3


def test_a_lot_whose_label_contradicts_the_book_is_not_taken(shelf):
    lot = LotFactory(expiration_date="2027-04-30")

    response = shelf.post("count-found", item=lot.item_id, lot=lot.number, expiry="2030-01-01")

    assert response.status_code == 422
    assert "expires on" in text_of(response)


def test_what_another_count_holds_is_not_taken_over(shelf):
    elsewhere = given_stock(5, bin=shelf.bin, item=ItemFactory())
    other = given_session(shelf.location)

    response = shelf.post("count-found", item=elsewhere.item_id)

    assert response.status_code == 422
    assert other.number in text_of(response)


def test_what_is_refused_leaves_no_lot_and_no_quant_behind(shelf):
    epoxy = LotItemFactory(name="Epoxy")
    cancel(shelf.session, by=UserFactory(), at=timezone.now())

    response = shelf.post("count-found", item=epoxy.pk, lot="E27-1")

    assert response.status_code == 422
    assert not Lot.objects.filter(item=epoxy).exists()
    assert not Quant.objects.filter(item=epoxy).exists()


def test_a_variant_of_another_item_is_a_bad_request(shelf):
    variant = ItemFactory().variants.create(code="RED")

    assert shelf.post("count-found", item=shelf.bolts.item_id, variant=variant.pk).status_code == 400
    assert shelf.session.lines.count() == 3


def test_it_belongs_in_another_bin_leaves_a_note_for_that(shelf):
    response = shelf.post("count-put-aside", code="HW-3", belongs_in=shelf.next.pk)

    assert PutAside.objects.get().belongs_in == shelf.next
    assert "belongs in A-01-02" in text_of(response)


# A whole bin


def test_an_empty_bin_counts_zero_on_every_line(shelf):
    once = {"client_id": uuid4()}

    for _again in range(2):
        response = shelf.post("count-empty", **once)

    assert [line.counted_quantity for line in shelf.session.lines.filter(quant__bin=shelf.bin)] == [0, 0]
    assert shelf.line(shelf.bolts).counted_quantity is None
    assert CountEntry.objects.count() == 2
    assert "2 of 2 lines" in text_of(response)


def test_an_empty_bin_can_be_undone(shelf):
    shelf.say("51")
    request = uuid4()
    shelf.post("count-empty", client_id=request)

    lines = shelf.session.lines.filter(quant__bin=shelf.bin).values_list("pk", flat=True)
    shelf.post("count-undo", line=list(lines), last=request, many="1")

    assert shelf.line().counted_quantity == 51
    assert shelf.line(shelf.hinges).counted_quantity is None


def seen(shelf):
    return [shown.seen for shown in shelf.get(bin="A-01-01").context["lines"]]


def test_all_as_expected_takes_the_book_of_the_lines_that_are_left(shelf):
    shelf.say("51")

    response = shelf.post("count-as-expected", seen=seen(shelf))

    assert shelf.line().counted_quantity == 51
    assert shelf.line(shelf.hinges).counted_quantity == 240
    assert shelf.line(shelf.bolts).counted_quantity is None
    assert "as expected: 1 line counted" in text_of(response)


def test_lines_that_moved_since_they_were_shown_are_shown_again(shelf):
    shown = seen(shelf)
    move(shelf.padlocks, -2)

    response = shelf.post("count-as-expected", seen=shown)

    assert shelf.line().counted_quantity is None
    assert shelf.line(shelf.hinges).counted_quantity == 240
    text = text_of(response)
    assert "Stock moved on 1 line while you looked" in text
    assert "−2 at" in text
    shelf.post("count-as-expected", seen=[line.seen for line in response.context["lines"]])
    assert shelf.line().counted_quantity == 52


def test_what_somebody_counted_meanwhile_is_not_taken_for_expected(shelf):
    shown = seen(shelf)
    count(shelf.line(), 51)

    shelf.post("count-as-expected", seen=shown)

    assert shelf.line().counted_quantity == 51


def test_finishing_names_the_lines_that_are_not_counted(shelf):
    shelf.say("51")

    response = shelf.post("count-finish")

    text = text_of(response)
    assert "Finish A-01-01?" in text
    assert "1 of 2 lines are counted" in text
    assert "Hinge not counted" in text


def test_finishing_a_counted_bin_goes_to_the_next_with_something_left(shelf):
    shelf.post("count-as-expected", seen=seen(shelf))

    assert "bin=A-01-02" in shelf.post("count-finish")["HX-Location"]


def test_finishing_counts_zero_where_nothing_is_and_skips_the_rest(shelf):
    none = f"none-{shelf.line(shelf.hinges).pk}"

    response = shelf.post("count-finish", sure="1", **{none: "1"})

    assert "bin=A-01-02" in response["HX-Location"]
    assert shelf.line(shelf.hinges).counted_quantity == 0
    assert shelf.line().counted_quantity is None


def test_finishing_the_last_bin_says_that_all_is_counted(shelf):
    for quant, quantity in ((shelf.padlocks, 54), (shelf.hinges, 240), (shelf.bolts, 10)):
        count(shelf.line(quant), quantity)

    response = shelf.post("count-finish")

    assert response["HX-Redirect"] == reverse("count-detail", args=[shelf.session.number])


def test_finishing_the_last_bin_with_something_skipped_shows_what_is_left(shelf):
    count(shelf.line(shelf.bolts), 10)

    response = shelf.post("count-finish", sure="1")

    assert response["HX-Redirect"] == reverse("count-bins", args=[shelf.session.number])


def test_the_bins_of_the_count_can_be_looked_through(shelf):
    count(shelf.line(shelf.bolts), 10)

    text = text_of(shelf.get("count-bins", bin="A-01-01", htmx=True))
    assert "1 of 3 lines counted" in text
    assert "A-01-01 2 of 2 left" in text
    assert "A-01-02" not in text

    text = text_of(shelf.get("count-bins", all="1", find="01-02"))
    assert "A-01-02 Done" in text


# Where nothing can be counted


def test_a_count_in_review_is_shown_and_not_touched(shelf):
    shelf.say("51")
    mark_counted(shelf.session, by=UserFactory(), at=timezone.now())

    page = shelf.get(bin="A-01-01")
    assert "is counted" in text_of(page)
    assert b"<form" not in page.content.split(b'id="lines"')[1].split(b"</main>")[0]

    refused = shelf.say("52")
    assert refused.status_code == 422
    assert "is no longer counted" in text_of(refused)
    assert shelf.line().counted_quantity == 51
    for name in ("count-empty", "count-as-expected", "count-put-aside"):
        assert shelf.post(name, code="x", seen=["1:1:1"]).status_code == 422


def test_a_cancelled_count_can_still_be_looked_at(shelf):
    cancel(shelf.session, by=UserFactory(), at=timezone.now())

    assert "is cancelled" in text_of(shelf.get(bin="A-01-01"))


def test_in_a_recount_only_the_lines_asked_for_are_open(shelf):
    shelf.say("51")
    shelf.say("240", quant=shelf.hinges)
    mark_counted(shelf.session, by=UserFactory(), at=timezone.now())
    lena = UserFactory(first_name="Lena")
    ask_recount(shelf.session, [shelf.line().pk], by=lena, at=timezone.now(), why="Look on top too")

    response = shelf.get(bin="A-01-01")

    padlock, hinge = response.context["lines"]
    assert (padlock.is_closed, hinge.is_closed) == (False, True)
    assert padlock.counted is None, "Who counts again does not see the first count."
    assert "Asked by Lena: Look on top too" in text_of(response)
    assert f"{shelf.line().counted_by} counted it first" in text_of(response)
    assert "51" not in text_of(response)
    assert "0 of 1 line" in text_of(response)
    assert shelf.say("239", quant=shelf.hinges).status_code == 422
    assert scan(shelf, "HW-2").status_code == 422
    assert "1 of 1 line" in text_of(shelf.say("50"))


# How much it costs


def test_what_a_save_reads_again_is_what_the_models_say(shelf):
    shelf.say("51")
    stale = CountLine.objects.for_counting().get(pk=shelf.line().pk)
    move(shelf.padlocks, -2)
    shelf.say("49", client_id=uuid4())
    shelf.say("240", quant=shelf.hinges)

    progress = read_again(stale)

    fresh = CountLine.objects.for_counting().get(pk=stale.pk)
    assert progress == progress_in(shelf.session, shelf.bin)
    assert {name: getattr(stale, name) for name in CHANGES} == {name: getattr(fresh, name) for name in CHANGES}
    assert (stale.quant.quantity, stale.quant.last_entry) == (fresh.quant.quantity, fresh.quant.last_entry)


def statements(call):
    with CaptureQueriesContext(connection) as queries:
        response = call()
    assert response.status_code in (200, 204)
    return len([query for query in queries if "SAVEPOINT" not in query["sql"]])


def test_a_page_and_a_save_cost_the_same_however_many_lines_there_are(shelf):
    calls = {
        "page": lambda: shelf.get(bin="A-01-01"),
        "set": lambda: shelf.say("51"),
        "step": lambda: shelf.post("count-step", shelf.line().pk, step="1"),
        "scan": lambda: scan(shelf, "HW-1"),
        "quiet question": lambda: shelf.get("count-lines", bin="A-01-01", seen=["1:1:x"], htmx=True),
        "empty": lambda: shelf.post("count-empty"),
        "bins": lambda: shelf.get("count-bins", htmx=True),
    }
    for call in calls.values():
        call()
    before = {name: statements(call) for name, call in calls.items()}
    for _more in range(20):
        quant = given_stock(5, bin=shelf.bin)
        shelf.post("count-found", item=quant.item_id)

    assert {name: statements(call) for name, call in calls.items()} == before
    assert before["set"] <= 10, "One of them is what the test itself asks."


def test_a_bin_of_many_lines_is_shown_in_pages(shelf):
    for _more in range(101):
        given_stock(5, bin=shelf.bin)
    shelf.session = given_session(shelf.location)

    first, second = (shelf.get(bin="A-01-01", page=page) for page in (1, 2))

    assert (len(first.context["lines"]), len(second.context["lines"])) == (100, 1)
    assert "Lines 1 to 100 of 101" in text_of(first)
