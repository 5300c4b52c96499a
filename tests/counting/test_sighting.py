"""Counting by scan: what each code turns out to be, and that a line's count is what was seen on it."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from counting.models import CountEntry, PutAside, Sighting, UnitScan
from counting.opening import BinElsewhere, NotInDraft
from counting.recording import BlindCount, Count, CountedByUnits, CountsRefused, LineClosed, record_counts, set_count
from counting.refreshing import clear_counts, refresh_system
from counting.review import ask_recount, keep_earlier_count, mark_counted, reopen
from counting.rounds import rounds_of
from counting.sighting import (
    LessThanSeen,
    Seen,
    StockMoved,
    TooManyCodes,
    UnitsSeenHere,
    WhichUnits,
    WholePieces,
    all_present,
    count_quantity,
    none_here,
    scan_units,
    take_back,
    take_burst_back,
)
from counting.whole_bins import all_as_expected, bin_is_empty
from ledger.models import Kind
from tests.counting.given import again, given_line, given_person, given_session
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    UserFactory,
    given_stock,
    given_units,
    post_lines,
)
from warehouse.models import ItemReference, Quant, Unit
from warehouse.tags import tag_of

pytestmark = pytest.mark.django_db

GTIN = "80614141123458"


def drill(**details):
    return ItemFactory(tracking="serial", **details)


def tagged(gtin=GTIN, **details):
    item = ItemFactory(tracking="rfid", **details)
    ItemReference.objects.create(item=item, code=gtin)
    return item


@pytest.fixture
def shelf():
    """Drills A1 to A3 in the first bin, B1 and B2 of the same item in the second; a count over both."""
    return Shelf()


class Shelf:
    def __init__(self, policies=None):
        self.location = LocationFactory()
        self.first, self.second = BinFactory(location=self.location), BinFactory(location=self.location)
        self.item = drill()
        given_units(self.first, self.item, ["A1", "A2", "A3"])
        given_units(self.second, self.item, ["B1", "B2"])
        self.session = given_session(self.location, policies=policies)
        self.by = UserFactory()

    def line(self, bin=None, item=None):
        lines = self.session.lines.select_related("session", "quant__item")
        return lines.get(quant__bin=bin or self.first, quant__item=item or self.item)

    def scan(self, *codes, bin=None, minutes_ago=0, client_id=None, by=None, **details):
        return scan_units(
            self.session,
            codes,
            bin=bin or self.first,
            by=by or self.by,
            client_id=client_id or uuid4(),
            age=timedelta(minutes=minutes_ago),
            **details,
        )

    def move(self, code, *, to):
        unit = Unit.objects.get(item=self.item, code=code)
        line = {"bin": unit.quant.bin_id, "to_bin": to.pk, "item": self.item.pk, "quantity": Decimal(1), "unit": code}
        return post_lines(self.location, line, kind=Kind.MOVEMENT)

    def issue(self, code):
        unit = Unit.objects.get(item=self.item, code=code)
        line = {"bin": unit.quant.bin_id, "item": self.item.pk, "quantity": Decimal(-1), "unit": code}
        return post_lines(self.location, line, kind=Kind.ISSUE)

    def recount(self, line):
        mark_counted(self.session, by=self.by, at=timezone.now())
        ask_recount(self.session, [line.pk], by=self.by, at=timezone.now(), why="look again")
        self.session.refresh_from_db()


def seen(burst):
    return {answer.code: answer.seen for answer in burst.answers}


def standing(line):
    line = again(line)
    return sorted(line.sightings.filter(round=line.counted_round or line.round).values_list("code", flat=True))


def test_a_serialized_line_takes_no_typed_quantity_alone_or_in_a_file():
    line = given_line(0, item=drill())
    by = UserFactory()

    with pytest.raises(CountedByUnits):
        set_count(line, Decimal(3), by=by, client_id=uuid4())
    with pytest.raises(CountsRefused) as refused:
        record_counts(line.session, [Count(line.pk, Decimal(3), uuid4())], by=by, at=timezone.now())

    assert [error.code for error in refused.value.errors] == ["line_serialized"]


# What a code turns out to be


def test_a_unit_that_lies_here_is_here_and_counts(shelf):
    burst = shelf.scan("A1", "A3")

    line = shelf.line()
    assert seen(burst) == {"A1": Seen.HERE, "A3": Seen.HERE}
    assert burst.lines == [line.pk]
    assert (line.counted_quantity, line.book_quantity, line.watermark) == (2, 3, line.quant.last_entry)
    assert (line.begun, line.disturbed, line.counted_round, line.counted_by) == (line.watermark, False, 1, shelf.by)
    assert list(line.sightings.values_list("code", "unit_entry")) == [
        (unit.code, unit.last_entry) for unit in Unit.objects.filter(code__in=["A1", "A3"]).order_by("code")
    ]


def test_a_unit_of_another_bin_counts_here_and_the_answer_names_its_bin(shelf):
    [answer] = shelf.scan("B1").answers

    assert (answer.seen, answer.bin) == (Seen.ELSEWHERE, shelf.second.code)
    assert shelf.line().counted_quantity == 1
    assert shelf.line(shelf.second).counted_quantity is None


def test_what_stands_there_already_is_repeated_and_changes_nothing(shelf):
    shelf.scan("A1")
    before = shelf.line()

    burst = shelf.scan("A1", "A1")

    assert seen(burst) == {"A1": Seen.REPEATED}
    assert (shelf.line().counted_quantity, shelf.line().counted_at) == (1, before.counted_at)
    assert UnitScan.objects.count() == 2


def test_a_line_that_the_bin_did_not_have_is_added_for_a_unit_that_is_found(shelf):
    saw = drill()
    given_units(shelf.second, saw, ["S1"])

    [answer] = shelf.scan("S1").answers

    line = shelf.line(item=saw)
    assert (answer.seen, answer.line, line.found, line.counted_quantity) == (Seen.ELSEWHERE, line.pk, True, 1)


def test_a_unit_of_another_item_counts_on_the_line_of_its_own(shelf):
    saw = drill()
    given_units(shelf.first, saw, ["S1"])

    [answer] = shelf.scan("S1", line=shelf.line()).answers

    assert (answer.seen, answer.is_of_another_item, answer.item_name) == (Seen.HERE, True, saw.name)
    assert shelf.line(item=saw).counted_quantity == 1
    assert shelf.line().counted_quantity is None


def test_an_unknown_code_stands_on_the_line_that_was_named_and_elsewhere_it_is_put_aside_once(shelf):
    assert seen(shelf.scan("X1", line=shelf.line())) == {"X1": Seen.UNKNOWN}
    assert seen(shelf.scan("X1")) == seen(shelf.scan("X1")) == {"X1": Seen.PARKED}

    assert shelf.line().counted_quantity == 1
    assert list(shelf.line().sightings.values_list("code", "unit")) == [("X1", None)]
    assert [(kept.code, kept.bin) for kept in PutAside.objects.all()] == [("X1", shelf.first)]
    assert list(UnitScan.objects.values_list("line", flat=True)) == [shelf.line().pk, None, None]


def test_released_detached_and_foreign_units_are_told_apart(shelf):
    shelf.issue("A1")
    adjusted = {"bin": shelf.first.pk, "item": shelf.item.pk, "quantity": Decimal(-1), "unit": "A2"}
    post_lines(shelf.location, adjusted, kind=Kind.QUANTITY_ADJUSTMENT)
    given_units(BinFactory(), shelf.item, ["F1"])

    burst = shelf.scan("A1", "A2", "F1")

    assert list(seen(burst).values()) == [Seen.RELEASED, Seen.FOUND_AGAIN, Seen.OTHER_LOCATION]
    assert shelf.line().counted_quantity == 3


def test_a_code_that_fits_several_items_asks_which_and_nothing_is_kept_until_it_is_answered(shelf):
    saw = drill()
    given_units(shelf.first, saw, ["A1"])
    client_id = uuid4()

    [asked] = shelf.scan("A1", client_id=client_id).answers
    assert (asked.seen, set(asked.fits)) == (Seen.WHICH, {shelf.item.pk, saw.pk})
    assert not UnitScan.objects.exists()

    assert seen(shelf.scan("A1", client_id=client_id, meant=saw.pk)) == {"A1": Seen.HERE}
    assert shelf.line(item=saw).counted_quantity == 1


def test_of_several_items_the_one_of_the_line_is_meant_or_the_one_that_lies_here(shelf):
    saw = drill()
    given_units(shelf.second, saw, ["A1", "B1"])

    shelf.scan("A1")
    shelf.scan("B1", line=shelf.line())

    assert standing(shelf.line()) == ["A1", "B1"]


def test_a_manufacturers_number_and_small_letters_find_the_unit(shelf):
    given = {"bin": shelf.first.pk, "item": shelf.item.pk, "quantity": Decimal(1)}
    post_lines(shelf.location, {**given, "unit": "A4", "manufacturer_number": "MF-77"})

    burst = shelf.scan("MF-77", "a2")

    assert [(answer.unit_code, answer.seen) for answer in burst.answers] == [("A4", Seen.HERE), ("A2", Seen.HERE)]


def test_one_unit_scanned_by_two_of_its_codes_is_one(shelf):
    burst = shelf.scan("A1", "a1")

    assert seen(burst) == {"A1": Seen.HERE, "a1": Seen.REPEATED}
    assert shelf.line().counted_quantity == 1


@pytest.mark.parametrize("spelling", ["(01){gtin}(21)A1", "01{gtin}21A1", "urn:epc:id:sgtin:0614141.812345.A1"])
def test_labels_and_tags_name_item_and_serial_number(shelf, spelling):
    ItemReference.objects.create(item=shelf.item, code=GTIN)
    given_units(shelf.second, drill(), ["A1"])

    assert list(seen(shelf.scan(spelling.format(gtin=GTIN))).values()) == [Seen.HERE]
    assert standing(shelf.line()) == ["A1"]


def test_tags_are_found_by_their_code_and_through_what_stands_in_them(shelf):
    item = tagged()
    first, second = tag_of(GTIN, "1").code, tag_of(GTIN, "2").code
    given_units(shelf.first, item, [first, second])
    other_filter = f"urn:epc:tag:sgtin-96:0.0614141.812345.{2}"

    burst = shelf.scan(first.lower() + "0000", other_filter)

    assert [answer.seen for answer in burst.answers] == [Seen.HERE, Seen.HERE]
    assert standing(shelf.line(item=item)) == sorted([first, second])


def test_unknown_tags_of_an_item_that_is_known_stand_on_its_line_and_those_of_nobody_are_put_aside(shelf):
    item = tagged()
    of_item, of_nobody, no_sgtin = tag_of(GTIN, "9").code, tag_of("04006381333931", "9").code, "E2" * 12

    burst = shelf.scan(of_item, of_nobody, no_sgtin)

    assert list(seen(burst).values()) == [Seen.UNKNOWN, Seen.PARKED, Seen.PARKED]
    assert standing(shelf.line(item=item)) == [of_item]


def test_what_no_label_holds_is_named_and_the_rest_counts(shelf):
    burst = shelf.scan("A1", "a\0b", "x" * 4000, " ", "")

    assert list(seen(burst).values()) == [Seen.HERE, Seen.UNREADABLE, Seen.UNREADABLE]
    assert shelf.line().counted_quantity == 1


def test_a_bin_elsewhere_and_too_many_codes_are_refused(shelf):
    with pytest.raises(BinElsewhere):
        shelf.scan("A1", bin=BinFactory())
    with pytest.raises(TooManyCodes):
        shelf.scan(*map(str, range(10_001)))


def test_a_line_of_another_count_takes_nothing_and_the_count_is_named(shelf):
    elsewhere = BinFactory(location=shelf.location)
    given_units(elsewhere, shelf.item, ["C1"])
    other = given_session(shelf.location, bins=[elsewhere])

    [answer] = shelf.scan("C1", bin=elsewhere).answers

    assert (answer.seen, answer.session) == (Seen.COUNTED_ELSEWHERE, other.number)
    assert not Sighting.objects.exists()
    assert UnitScan.objects.get().line is None


def test_nothing_is_scanned_once_the_count_is_in_review(shelf):
    shelf.scan("A1")
    mark_counted(shelf.session, by=shelf.by, at=timezone.now())

    with pytest.raises(NotInDraft):
        shelf.scan("A2")


# Twice is once


def test_a_request_that_comes_again_is_answered_as_at_first_and_counts_once(shelf):
    request = uuid4()
    first = shelf.scan("A1", "B1", "a1", "X1", client_id=request)

    again_ = shelf.scan("A1", "B1", "a1", "X1", client_id=request)

    assert seen(again_) == seen(first)
    assert shelf.line().counted_quantity == 2
    assert (UnitScan.objects.count(), PutAside.objects.count()) == (4, 1)


def test_a_request_that_comes_again_after_it_was_taken_back_stays_taken_back(shelf):
    request = uuid4()
    shelf.scan("A1", client_id=request)
    take_burst_back(shelf.session, request, by=shelf.by, client_id=uuid4())

    shelf.scan("A1", client_id=request)

    assert shelf.line().counted_quantity is None


# What moves meanwhile


def test_units_that_move_between_two_scans_keep_nobody_waiting(shelf):
    """Of each unit it is known whether it moved before or after it was seen: nothing is left to be accepted."""
    shelf.scan("A1")
    begun = shelf.line().begun
    shelf.move("B1", to=shelf.first)

    shelf.scan("A2")

    line = shelf.line()
    assert (line.disturbed, line.begun, line.book_quantity) == (False, begun, 4)


def test_what_the_page_knew_is_when_the_count_of_the_line_began(shelf):
    known = shelf.line().quant.last_entry
    shelf.move("B1", to=shelf.first)

    shelf.scan("A1", line=shelf.line(), begun=known)

    assert (shelf.line().begun, shelf.line().disturbed) == (known, False)


def test_scans_that_come_late_know_the_book_and_the_units_of_their_own_time(shelf):
    connection_time(shelf, minutes=-30)
    unit = Unit.objects.get(code="B1")
    before = shelf.line()
    shelf.move("B1", to=shelf.first)

    shelf.scan("A1", "B1", minutes_ago=5)

    line = shelf.line()
    assert (line.counted_quantity, line.book_quantity, line.watermark) == (2, 3, before.quant.last_entry)
    assert line.begun == before.quant.last_entry and not line.disturbed
    assert line.sightings.get(unit=unit).unit_entry == unit.last_entry
    assert timezone.now() - line.counted_at >= timedelta(minutes=5)


def test_scans_that_come_late_leave_the_time_and_the_book_of_newer_ones(shelf):
    connection_time(shelf, minutes=-30)
    shelf.scan("A1")
    newest = shelf.line()

    shelf.scan("A2", minutes_ago=5)

    line = shelf.line()
    assert (line.counted_quantity, line.counted_at, line.watermark) == (2, newest.counted_at, newest.watermark)


def connection_time(shelf, *, minutes):
    """The count was opened, and its stock received, so long ago."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE ledger_register SET posted_at = posted_at + %s; "
            "UPDATE counting_countsession SET opened_at = opened_at + %s",
            [timedelta(minutes=minutes)] * 2,
        )
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_what_is_seen_again_after_it_moved_is_here_all_the_same(shelf):
    shelf.scan("A1")
    shelf.move("A1", to=shelf.second)

    shelf.scan("A1")

    sighting = shelf.line().sightings.get()
    assert sighting.unit_entry == Unit.objects.get(code="A1").last_entry


# Rounds


def test_a_recount_keeps_the_earlier_count_until_its_first_scan_and_starts_from_nothing(shelf):
    shelf.scan("A1", "A2")
    shelf.recount(shelf.line())
    assert (shelf.line().counted_quantity, standing(shelf.line())) == (2, ["A1", "A2"])

    burst = shelf.scan("A2")

    assert seen(burst) == {"A2": Seen.HERE}
    assert (shelf.line().counted_quantity, shelf.line().recount_asked) == (1, False)
    assert standing(shelf.line()) == ["A2"]
    assert Sighting.objects.count() == 3


def test_every_round_says_how_many_units_were_seen_in_it(shelf):
    shelf.scan("A1", "A2")
    shelf.recount(shelf.line())
    shelf.scan("A2")

    assert [(each.counted, each.book) for each in rounds_of(shelf.line())] == [(2, 3), (1, 3)]


def test_lines_that_are_not_asked_for_again_are_closed(shelf):
    shelf.scan("A1")
    shelf.scan("B1", bin=shelf.second)
    shelf.recount(shelf.line())

    assert seen(shelf.scan("B2", bin=shelf.second)) == {"B2": Seen.CLOSED}
    assert shelf.line(shelf.second).counted_quantity == 1
    with pytest.raises(LineClosed):
        none_here(shelf.line(shelf.second), by=shelf.by, client_id=uuid4())


def test_going_back_to_the_earlier_count_brings_what_was_seen_then(shelf):
    shelf.scan("A1", "A2")
    shelf.recount(shelf.line())
    mark_counted(shelf.session, by=shelf.by, at=timezone.now())

    keep_earlier_count(shelf.session, [shelf.line().pk], by=shelf.by, at=timezone.now())

    assert standing(shelf.line()) == ["A1", "A2"]


def test_a_count_that_is_opened_again_goes_on_from_what_was_seen(shelf):
    shelf.scan("A1")
    shelf.recount(shelf.line())
    shelf.scan("A1", "A2")
    shelf.scan("B1", bin=shelf.second)
    mark_counted(shelf.session, by=shelf.by, at=timezone.now())
    reopen(shelf.session, by=shelf.by, at=timezone.now())
    shelf.session.refresh_from_db()

    burst = shelf.scan("A2", "A3")

    assert list(seen(burst).values()) == [Seen.REPEATED, Seen.HERE]
    assert shelf.line().counted_quantity == 3


def test_an_old_count_is_carried_over_when_the_count_is_opened_again(shelf):
    shelf.scan("A1", "A2")
    shelf.scan("B1", bin=shelf.second)
    shelf.recount(shelf.line(shelf.second))
    shelf.scan("B2", bin=shelf.second)
    mark_counted(shelf.session, by=shelf.by, at=timezone.now())
    reopen(shelf.session, by=shelf.by, at=timezone.now())
    shelf.session.refresh_from_db()

    shelf.scan("A3")

    assert standing(shelf.line()) == ["A1", "A2", "A3"]
    assert shelf.line().counted_quantity == 3


def test_scans_from_before_a_recount_that_come_late_belong_to_the_round_before(shelf):
    connection_time(shelf, minutes=-30)
    shelf.scan("A1")
    shelf.recount(shelf.line())

    shelf.scan("A2", minutes_ago=5)

    line = shelf.line()
    assert (line.counted_quantity, line.counted_round, line.recount_asked) == (2, 1, True)
    assert standing(line) == ["A1", "A2"]


def test_clearing_counts_makes_the_line_blank_and_the_scans_are_kept(shelf):
    shelf.scan("A1")

    clear_counts(shelf.session, by=shelf.by, at=timezone.now())
    shelf.scan("A1", "A2")

    assert shelf.line().counted_quantity == 2
    assert UnitScan.objects.count() == 3


def test_clearing_counts_leaves_lines_alone_that_are_closed_in_this_round(shelf):
    shelf.scan("A1", "A2")
    shelf.scan("B1", bin=shelf.second)
    shelf.recount(shelf.line(shelf.second))
    shelf.scan("B1", "B2", bin=shelf.second)

    clear_counts(shelf.session, by=shelf.by, at=timezone.now())

    assert (shelf.line().counted_quantity, standing(shelf.line())) == (2, ["A1", "A2"])
    assert (shelf.line(shelf.second).counted_quantity, standing(shelf.line(shelf.second))) == (None, [])


def test_refreshing_takes_new_stock_in_and_keeps_what_was_seen(shelf):
    shelf.scan("A1")
    given_units(shelf.first, shelf.item, ["A4"])
    given_units(shelf.first, saw := drill(), ["S1"])

    refresh_system(shelf.session, by=shelf.by, at=timezone.now())

    assert (shelf.line().system_quantity, shelf.line().counted_quantity) == (4, 1)
    assert shelf.line(item=saw).serialized


def test_lines_that_nobody_scanned_are_taken_as_zero_where_the_count_says_so_and_back():
    shelf = Shelf(policies={"uncounted": "zero"})
    shelf.scan("A1")
    reviewer = given_person("counting.review_countsession", location=shelf.location)

    mark_counted(shelf.session, by=reviewer, at=timezone.now())
    assert (shelf.line(shelf.second).counted_quantity, shelf.line(shelf.second).zeroed) == (0, True)

    reopen(shelf.session, by=reviewer, at=timezone.now())
    assert shelf.line(shelf.second).counted_quantity is None
    shelf.session.refresh_from_db()
    shelf.scan("B1", bin=shelf.second)
    assert (shelf.line(shelf.second).counted_quantity, shelf.line(shelf.second).zeroed) == (1, False)


# Taking back


def test_a_scan_that_is_taken_back_no_longer_counts_and_is_kept(shelf):
    shelf.scan("A1", "A2")

    assert take_back(shelf.line(), ["A1", "A9"], by=shelf.by, client_id=uuid4()) == 1

    assert (shelf.line().counted_quantity, standing(shelf.line())) == (1, ["A2"])
    assert sorted(UnitScan.objects.filter(kind="back").values_list("code", flat=True)) == ["A1", "A9"]


def test_a_line_whose_only_scan_is_taken_back_is_blank_and_not_empty(shelf):
    shelf.scan("A1")

    take_back(shelf.line(), ["A1"], by=shelf.by, client_id=uuid4())

    assert (shelf.line().counted_quantity, shelf.line().book_quantity, shelf.line().begun) == (None, None, None)


def test_a_burst_is_taken_back_from_all_its_lines_but_not_what_others_saw_before(shelf):
    given_units(shelf.first, saw := drill(), ["S1"])
    shelf.scan("A1")
    burst = uuid4()
    shelf.scan("A1", "A2", "S1", "X1", client_id=burst)

    assert take_burst_back(shelf.session, burst, by=shelf.by, client_id=uuid4()) == 3

    assert standing(shelf.line()) == ["A1"]
    assert shelf.line(item=saw).counted_quantity is None
    assert not PutAside.objects.exists()


def test_a_take_back_that_is_sent_again_leaves_what_was_scanned_in_between(shelf):
    shelf.scan("A1")
    request = uuid4()
    take_back(shelf.line(), ["A1", "A2"], by=shelf.by, client_id=request)
    shelf.scan("A1", "A2")

    assert take_back(shelf.line(), ["A1", "A2"], by=shelf.by, client_id=request) == 0

    assert standing(shelf.line()) == ["A1", "A2"]


def test_a_take_back_of_what_was_not_there_does_nothing_when_it_is_sent_again(shelf):
    shelf.scan("A1")
    request = uuid4()
    assert take_back(shelf.line(), ["A2"], by=shelf.by, client_id=request) == 0
    shelf.scan("A2")

    assert take_back(shelf.line(), ["A2"], by=shelf.by, client_id=request) == 0

    assert standing(shelf.line()) == ["A1", "A2"]


def test_what_somebody_scanned_again_stays_when_the_first_burst_is_taken_back(shelf):
    burst = uuid4()
    shelf.scan("A1", "A2", client_id=burst)
    shelf.scan("A1")

    assert take_burst_back(shelf.session, burst, by=shelf.by, client_id=uuid4()) == 1

    assert standing(shelf.line()) == ["A1"]
    assert shelf.line().counted_quantity == 1


def test_a_code_is_gone_when_both_who_scanned_it_have_taken_it_back():
    for order in ((0, 1), (1, 0)):
        shelf, bursts = Shelf(), [uuid4(), uuid4()]
        for burst in bursts:
            shelf.scan("A1", client_id=burst)

        for each in order:
            take_burst_back(shelf.session, bursts[each], by=shelf.by, client_id=uuid4())

        assert shelf.line().counted_quantity is None


def test_a_bin_that_was_said_to_be_empty_is_blank_again_when_that_is_taken_back(shelf):
    request = uuid4()
    bin_is_empty(shelf.session, shelf.first, by=shelf.by, at=timezone.now(), client_id=request)
    assert shelf.line().counted_quantity == 0

    assert take_burst_back(shelf.session, request, by=shelf.by, client_id=uuid4()) == 1

    assert shelf.line().counted_quantity is None


def test_what_was_scanned_since_keeps_a_bin_from_being_blank_again(shelf):
    request = uuid4()
    none_here(shelf.line(), by=shelf.by, client_id=request)
    shelf.scan("A1")

    assert take_burst_back(shelf.session, request, by=shelf.by, client_id=uuid4()) == 0

    assert shelf.line().counted_quantity == 1


def test_a_burst_taken_back_twice_leaves_what_was_scanned_in_between(shelf):
    burst, request = uuid4(), uuid4()
    shelf.scan("A1", client_id=burst)
    take_burst_back(shelf.session, burst, by=shelf.by, client_id=request)
    shelf.scan("A1")

    assert take_burst_back(shelf.session, burst, by=shelf.by, client_id=request) == 0

    assert standing(shelf.line()) == ["A1"]


# All present, none here


def test_all_present_sees_every_unit_that_the_book_has_here(shelf):
    shelf.scan("A1", "B1")
    request = uuid4()

    all_present(shelf.line(), by=shelf.by, client_id=request, seen_entry=shelf.line().quant.last_entry)
    all_present(shelf.line(), by=shelf.by, client_id=request, seen_entry=shelf.line().quant.last_entry)

    assert (shelf.line().counted_quantity, standing(shelf.line())) == (4, ["A1", "A2", "A3", "B1"])
    assert UnitScan.objects.filter(kind="all").count() == 2


def test_all_present_is_refused_where_stock_has_moved_since_it_was_shown(shelf):
    shown = shelf.line().quant.last_entry
    shelf.move("B1", to=shelf.first)

    with pytest.raises(StockMoved):
        all_present(shelf.line(), by=shelf.by, client_id=uuid4(), seen_entry=shown)
    assert not Sighting.objects.exists()


def test_the_book_quantity_is_all_present_and_no_other_quantity_says_which(shelf):
    count_quantity(shelf.line(), Decimal(3), by=shelf.by, client_id=uuid4())
    assert standing(shelf.line()) == ["A1", "A2", "A3"]

    with pytest.raises(CountedByUnits):
        count_quantity(shelf.line(), Decimal(2), by=shelf.by, client_id=uuid4())


def test_the_book_quantity_is_refused_where_something_else_was_seen(shelf):
    shelf.scan("B1")

    with pytest.raises(CountedByUnits):
        count_quantity(shelf.line(), Decimal(3), by=shelf.by, client_id=uuid4())


@pytest.mark.parametrize("quantity", ["1.5", "-1", "NaN", "Infinity"])
def test_pieces_are_whole(shelf, quantity):
    with pytest.raises(WholePieces):
        count_quantity(shelf.line(), Decimal(quantity), by=shelf.by, client_id=uuid4())


def test_none_here_is_said_and_is_not_the_same_as_blank(shelf):
    request = uuid4()

    count_quantity(shelf.line(), Decimal(0), by=shelf.by, client_id=request)
    none_here(shelf.line(), by=shelf.by, client_id=request)

    assert (shelf.line().counted_quantity, shelf.line().book_quantity) == (0, 3)
    assert list(UnitScan.objects.values_list("kind", "code")) == [("typed", "0")]


def test_none_here_contradicts_what_was_scanned(shelf):
    shelf.scan("A1")

    with pytest.raises(UnitsSeenHere):
        none_here(shelf.line(), by=shelf.by, client_id=uuid4())
    with pytest.raises(UnitsSeenHere):
        bin_is_empty(shelf.session, shelf.first, by=shelf.by, at=timezone.now())


def test_an_empty_bin_has_neither_pieces_nor_units_and_each_says_so(shelf):
    quant = given_stock(7, bin=shelf.first)
    refresh_system(shelf.session, by=shelf.by, at=timezone.now())
    request = uuid4()

    assert bin_is_empty(shelf.session, shelf.first, by=shelf.by, at=timezone.now(), client_id=request) == 2
    assert bin_is_empty(shelf.session, shelf.first, by=shelf.by, at=timezone.now(), client_id=request) == 0

    assert shelf.line().counted_quantity == shelf.line(item=quant.item).counted_quantity == 0


def test_all_as_expected_takes_units_and_quantities_and_leaves_out_what_moved(shelf):
    quant = given_stock(7, bin=shelf.first)
    refresh_system(shelf.session, by=shelf.by, at=timezone.now())
    lines = shelf.session.lines.select_related("quant")
    shown = {line.pk: line.quant.last_entry for line in lines}
    shelf.move("B1", to=BinFactory(location=shelf.location))

    left = all_as_expected(shelf.session, shown, by=shelf.by, at=timezone.now())

    assert left == {shelf.line(shelf.second).pk}
    assert (shelf.line().counted_quantity, shelf.line(item=quant.item).counted_quantity) == (3, 7)
    assert standing(shelf.line()) == ["A1", "A2", "A3"]
    assert CountEntry.objects.count() == 1


# Auto-serialized items


class Bin1000:
    """The worked example: 1000, 1001 (AAA), 1002, 1003 (BBB), 1004."""

    def __init__(self, policies=None):
        self.bin, self.item = BinFactory(), drill(auto_serialized=True)
        numbers = {"1001": "AAA", "1003": "BBB"}
        for code in ("1000", "1001", "1002", "1003", "1004"):
            line = {"bin": self.bin.pk, "item": self.item.pk, "quantity": Decimal(1), "unit": code}
            post_lines(self.bin.location, {**line, "manufacturer_number": numbers.get(code, "")})
        self.session = given_session(self.bin.location, policies=policies)
        self.by = given_person("counting.change_countsession", location=self.bin.location)

    @property
    def line(self):
        return self.session.lines.select_related("session", "quant__item").get()

    def count(self, quantity, client_id=None):
        count_quantity(self.line, Decimal(quantity), by=self.by, client_id=client_id or uuid4())

    def scan(self, *codes):
        return scan_units(self.session, codes, bin=self.bin, by=self.by, client_id=uuid4())


@pytest.mark.parametrize(
    ("quantity", "units"),
    [
        (2, ["1001", "1003"]),
        (3, ["1000", "1001", "1003"]),
        (4, ["1000", "1001", "1002", "1003"]),
        (5, ["1000", "1001", "1002", "1003", "1004"]),
        (6, ["1000", "1001", "1002", "1003", "1004"]),
    ],
)
def test_a_quantity_allots_units_with_manufacturers_numbers_first_and_then_first_in_first_out(quantity, units):
    given = Bin1000()

    given.count(quantity)

    assert standing(given.line) == units
    assert given.line.counted_quantity == quantity


def test_a_quantity_below_those_with_manufacturers_numbers_asks_for_the_units():
    given = Bin1000()

    with pytest.raises(WhichUnits):
        given.count(1)

    assert given.line.counted_quantity is None
    assert seen(given.scan("BBB")) == {"BBB": Seen.HERE}
    given.count(1)
    assert standing(given.line) == ["1003"]


def test_another_quantity_allots_anew_and_keeps_what_was_scanned():
    given = Bin1000()
    given.count(5)
    given.scan("1004")

    given.count(3)

    assert standing(given.line) == ["1001", "1003", "1004"]
    with pytest.raises(LessThanSeen):
        given.scan("1000", "1002"), given.count(2)


def test_a_quantity_that_comes_twice_is_taken_once():
    given = Bin1000()
    request = uuid4()
    given.count(6, client_id=request)
    given.count(3)

    given.count(6, client_id=request)

    assert given.line.counted_quantity == 3


def test_a_piece_that_is_scanned_on_top_adds_to_a_surplus():
    given = Bin1000()
    given.count(6)
    given_units(BinFactory(location=given.bin.location), given.item, ["2000"])

    given.scan("2000")
    assert given.line.counted_quantity == 7
    take_back(given.line, ["2000", "1004"], by=given.by, client_id=uuid4())

    assert given.line.counted_quantity == 5


def test_a_unit_that_was_seen_in_another_bin_is_not_allotted_here():
    given = Bin1000()
    scan_units(
        given.session, ["1001"], bin=BinFactory(location=given.bin.location), by=given.by, client_id=uuid4()
    )  # fmt: skip
    line = given.session.lines.select_related("session", "quant__item").get(quant__bin=given.bin)

    count_quantity(line, Decimal(4), by=given.by, client_id=uuid4())

    assert standing(line) == ["1000", "1002", "1003", "1004"]


def test_a_unit_that_left_before_its_quantity_was_saved_disturbs_the_line():
    given = Bin1000()
    begun = given.line.quant.last_entry
    gone = {"bin": given.bin.pk, "item": given.item.pk, "quantity": Decimal(-1), "unit": "1000"}
    post_lines(given.bin.location, gone, kind=Kind.ISSUE)

    count_quantity(given.line, Decimal(5), by=given.by, client_id=uuid4(), seen_entry=begun)

    assert (given.line.counted_quantity, given.line.begun, given.line.disturbed) == (5, begun, True)


# Blind


def test_a_blind_count_says_recorded_whatever_a_unit_is_and_names_no_bin():
    shelf = Shelf(policies={"blind": True})
    counter = given_person("counting.change_countsession", location=shelf.location)
    shelf.issue("A2")

    burst = shelf.scan("A1", "B1", "A2", "X1", "A1", by=counter, line=shelf.line())

    assert {answer.seen for answer in burst.answers} == {Seen.RECORDED}
    assert {answer.bin for answer in burst.answers} == {""}
    assert seen(shelf.scan("A1", by=counter)) == {"A1": Seen.REPEATED}


def test_a_blind_count_gives_no_hint_of_what_is_expected():
    shelf = Shelf(policies={"blind": True})
    counter = given_person("counting.change_countsession", location=shelf.location)
    line, entry = shelf.line(), shelf.line().quant.last_entry

    with pytest.raises(BlindCount):
        all_present(line, by=counter, client_id=uuid4(), seen_entry=entry)
    for quantity in (2, 3, 4):
        with pytest.raises(CountedByUnits):
            count_quantity(line, Decimal(quantity), by=counter, client_id=uuid4())


def test_a_blind_count_asks_for_units_whatever_quantity_is_typed_if_some_have_manufacturers_numbers():
    given = Bin1000(policies={"blind": True})

    for quantity in (1, 3, 9):
        with pytest.raises(WhichUnits):
            given.count(quantity)

    given.count(0)
    assert given.line.counted_quantity == 0


# How much it takes


def test_a_burst_takes_as_many_statements_as_one_scan(shelf):
    item = tagged()
    tags = [tag_of(GTIN, str(number)).code for number in range(300)]
    given_units(shelf.first, item, tags[:200])
    given_units(shelf.second, item, tags[200:250])
    unknown = [tag_of(GTIN, str(number)).code for number in range(300, 310)]

    few = statements(lambda: shelf.scan(tags[0], tags[200], unknown[0], "X1"))
    many = statements(lambda: shelf.scan(*tags[1:], *unknown[1:], *(f"X{number}" for number in range(2, 90))))

    assert many <= few
    assert shelf.line(item=item).counted_quantity == 310


def statements(action):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        action()
    return len(queries)


def test_a_count_is_the_number_of_what_was_seen_whatever_way_it_came(shelf):
    shelf.scan("A1", "B1", "X1", line=shelf.line())
    take_back(shelf.line(), ["B1"], by=shelf.by, client_id=uuid4())
    all_present(shelf.line(), by=shelf.by, client_id=uuid4(), seen_entry=shelf.line().quant.last_entry)

    for line in shelf.session.lines.counted():
        assert line.counted_quantity == line.sightings.standing().count()
    assert Quant.objects.get(pk=shelf.line().quant_id).quantity == 3


@pytest.mark.parametrize("table", ["counting_countline", "counting_countsession"])
def test_what_a_scan_names_cannot_be_deleted(shelf, table):
    shelf.scan("A1")

    with pytest.raises(DatabaseError, match=table), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")
