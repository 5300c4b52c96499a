"""What was said about a line, in whatever order it arrived, against the same in plain Python."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from counting import recording
from counting.models import CountEntry
from counting.opening import open_session
from counting.recording import BelowZero, Count, record, record_counts, undo_last
from counting.review import ask_recount, keep_earlier_count, mark_counted, reopen
from counting.sql import recording as sql
from inventory_site.errors import DomainError
from ledger.models import WarehouseEntry
from tests.counting.given import add, again, clear, complete, count, given_line, given_session
from tests.factories import UserFactory, given_stock, move
from tests.laws import assert_laws_hold
from tests.properties import rolled_back

pytestmark = pytest.mark.django_db

COLUMNS = "counted_quantity", "book_quantity", "watermark", "begun", "disturbed", "counted_at", "counted_by_id"


@dataclass(frozen=True)
class Fold:
    """What the entries of a line and the ledger give, without SQL."""

    counted_quantity: Decimal | None = None
    book_quantity: Decimal | None = None
    watermark: int | None = None
    begun: int | None = None
    disturbed: bool = False
    counted_at: datetime | None = None
    counted_by_id: int | None = None

    @classmethod
    def of(cls, line):
        spoken = []
        for entry in sorted(line.entries.filter(round=line.round), key=lambda entry: (entry.counted_at, entry.pk)):
            if entry.kind != "add":
                spoken = []
            if entry.kind != "clear":
                spoken.append(entry)
        if not spoken:
            return cls()
        moment = spoken[-1].counted_at
        booked = WarehouseEntry.objects.filter(quant=line.quant_id).select_related("register")
        before = [entry for entry in booked if entry.register.posted_at <= moment]
        watermark = max((entry.pk for entry in before), default=0)
        return cls(
            counted_quantity=sum(entry.quantity for entry in spoken),
            book_quantity=sum((entry.quantity for entry in before), Decimal(0)),
            watermark=watermark,
            begun=spoken[0].begun,
            disturbed=spoken[0].begun != watermark,
            counted_at=moment,
            counted_by_id=spoken[-1].by_id,
        )


def shown(line):
    """What the line says; who counted a blank line, and when, does not matter."""
    line = again(line)
    if line.counted_quantity is None:
        return Fold(begun=line.begun, disturbed=line.disturbed, book_quantity=line.book_quantity)
    return Fold(**{column: getattr(line, column) for column in COLUMNS})


def folded_again(line):
    """What the statement for late entries makes of the line as it is."""
    with rolled_back():
        with connection.cursor() as cursor:
            cursor.execute(sql.FOLD, {"line": line.pk})
        return shown(line)


@pytest.fixture(autouse=True, scope="module")
def late_at_once():
    """An entry is late after a second. So long no test can wait between all its postings and counts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "LATE", timedelta(0))
        yield


quantities = st.sampled_from([Decimal(number) for number in ("0", "1", "2", "5", "0.5", "12.34567")])
says = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["set", "set", "add", "add", "clear"]),
        "quantity": quantities,
        "negative": st.sampled_from([False, False, False, True]),
        "how_late": st.one_of(st.none(), st.floats(0, 1.2)),  # None: live; 1: as old as the session; more: older
        "page": st.sampled_from(["none", "now", "older"]),
        "person": st.integers(0, 1),
        "repeats": st.booleans(),
    }
)
steps = st.lists(st.one_of(says, says, st.sampled_from([-2, -1, 1, 3]), st.just("twice")), min_size=2, max_size=14)


@given(steps)
def test_a_line_is_what_its_entries_say_in_whatever_order_they_arrive(steps):
    with rolled_back():
        story = Story()
        for step in steps:
            if step == "twice":
                story.say_again_what_was_said()
            elif isinstance(step, int):
                story.move(step)
            else:
                story.say(**step)
            assert story.entries_kept() == story.said
            assert shown(story.line) == Fold.of(story.line)
            assert folded_again(story.line) == Fold.of(story.line)
        assert_laws_hold()


class Story:
    def __init__(self):
        self.line = given_line(10)
        self.opened = self.line.session.opened_at
        self.people = [UserFactory(), UserFactory()]
        self.said = {}  # client id -> kind, quantity
        self.arguments = {}
        self.seen = [self.line.quant.last_entry]

    def move(self, quantity):
        self.line.quant.refresh_from_db()
        if self.line.quant.quantity + quantity >= 0:
            move(self.line.quant, quantity)
            self.seen.append(self.line.quant.last_entry)

    def say(self, *, kind, quantity, negative, how_late, page, person, repeats):
        client_id = uuid4()
        quantity = None if kind == "clear" else -quantity if negative and kind == "add" else quantity
        begun = {"none": None, "now": self.seen[-1], "older": self.seen[0]}[page]
        age = (timezone.now() - self.opened) * how_late if how_late is not None else timedelta(0)
        arguments = {"by": self.people[person], "client_id": client_id, "begun": begun}
        before = shown(self.line)
        try:
            with transaction.atomic():
                assert record(self.line, kind, quantity, age=age, **arguments)
        except BelowZero:
            assert shown(self.line) == before
            assert any(said is not None and said < 0 for _kind, said in [*self.said.values(), (kind, quantity)])
            return
        self.said[client_id] = (kind, quantity)
        self.arguments[client_id] = kind, quantity, arguments
        self.check_time(client_id, age)
        if repeats:
            self.say_again_what_was_said()

    def check_time(self, client_id, age):
        entry = CountEntry.objects.get(client_id=client_id)
        assert self.opened <= entry.counted_at <= timezone.now()
        if age:
            assert entry.counted_at <= max(self.opened, entry.received_at - age)

    def say_again_what_was_said(self):
        for client_id, (kind, quantity, arguments) in list(self.arguments.items())[:2]:
            for age in timedelta(0), timedelta(minutes=1):
                assert not record(self.line, kind, quantity, age=age, **arguments), client_id

    def entries_kept(self):
        return {
            client_id: (kind, quantity)
            for client_id, kind, quantity in self.line.entries.values_list("client_id", "kind", "quantity")
        }


@given(
    st.lists(st.tuples(st.sampled_from(["set", "add", "clear"]), quantities), min_size=2, max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_does_not_matter(said, random):
    with rolled_back():
        one, other = given_line_of_an_hour_ago(), given_line_of_an_hour_ago()
        entries = [(number, kind, quantity, uuid4(), uuid4()) for number, (kind, quantity) in enumerate(said)]
        mixed = random.sample(entries, len(entries))

        for line, order in (one, entries), (other, mixed):
            for number, kind, quantity, *ids in order:
                age = timedelta(seconds=10 * (len(entries) - number))
                quantity = None if kind == "clear" else quantity
                client_id = ids[line is other]
                record(line, kind, quantity, by=UserFactory(), client_id=client_id, age=age)

        assert shown(one).counted_quantity == shown(other).counted_quantity


def given_line_of_an_hour_ago():
    quant = given_stock(10)
    opened = timezone.now() - timedelta(hours=1)
    return open_session(quant.location, by=UserFactory(), at=opened, request_id=uuid4()).session.lines.get()


def an_instant():
    """A moment with some quiet around it, so that what is said to have been then is neither earlier nor later."""
    time.sleep(0.03)
    moment = timezone.now()
    time.sleep(0.1)
    return moment


def since(moment):
    return timezone.now() - moment


def test_an_entry_of_before_the_opening_counts_from_the_opening():
    line = given_line(10)

    line = count(line, 7, minutes_ago=60 * 24)

    assert line.counted_at == line.session.opened_at
    assert (line.counted_quantity, line.book_quantity) == (7, 10)


def test_no_entry_is_of_the_future_whatever_the_clock_of_the_web_server_says():
    quant = given_stock(10)
    opened = timezone.now() + timedelta(minutes=5)
    line = open_session(quant.location, by=UserFactory(), at=opened, request_id=uuid4()).session.lines.get()

    record(line, "set", Decimal(8), by=UserFactory(), client_id=uuid4(), age=timedelta(minutes=1))

    assert again(line).counted_at <= timezone.now()


def test_a_late_count_is_compared_with_the_book_of_its_time():
    line = given_line(10)
    moment = an_instant()
    move(line.quant, -3)

    record(line, "set", Decimal(10), by=UserFactory(), client_id=uuid4(), age=since(moment))

    line = again(line)
    assert (line.book_quantity, line.discrepancy, line.disturbed) == (10, 0, False)
    complete(line.session)
    line.quant.refresh_from_db()
    assert line.quant.quantity == 7


def test_a_late_clear_does_not_wipe_out_what_was_counted_after_it():
    line = given_line(10)
    moment = an_instant()
    count(line, 8)

    record(line, "clear", None, by=UserFactory(), client_id=uuid4(), age=since(moment))

    assert again(line).counted_quantity == 8


# Undoing


def test_an_undone_mistake_brings_the_earlier_count_back_but_not_the_stock_of_then():
    line = given_line(10)
    count(line, 5)
    move(line.quant, -2)
    count(line, 99, begun=line.quant.last_entry)

    undo_last(line, by=UserFactory(), client_id=uuid4())

    line = again(line)
    assert line.counted_quantity == 5
    assert line.disturbed


def test_an_undone_mistake_brings_back_a_count_that_was_disturbed_as_disturbed():
    line = given_line(10)
    count(line, 5)
    move(line.quant, -2)
    add(line, 1, begun=line.quant.last_entry)
    count(line, 99, begun=line.quant.last_entry)

    undo_last(line, by=UserFactory(), client_id=uuid4())

    line = again(line)
    assert line.counted_quantity == 6
    assert line.disturbed


def test_an_undone_clear_is_disturbed_where_stock_moved_since_the_count():
    line = given_line(10)
    count(line, 8)
    move(line.quant, -2)
    clear(line)

    undo_last(line, by=UserFactory(), client_id=uuid4())

    line = again(line)
    assert line.counted_quantity == 8
    assert line.disturbed


# Rounds


def given_another_round_for_all(system=10, counted=7):
    """A line that was counted in the first round, in a session that was reopened after a recount of another line."""
    first = given_stock(system)
    given_stock(system, bin=first.bin)
    session = given_session(first.location)
    line, other = session.lines.order_by("pk")
    line.session = session
    count(line, counted)
    count(other, counted)
    mark_counted(session, by=UserFactory(), at=timezone.now())
    ask_recount(session, [other.pk], by=UserFactory(), at=timezone.now(), why="Look again")
    count(other, counted)
    mark_counted(session, by=UserFactory(), at=timezone.now())
    reopen(session, by=UserFactory(), at=timezone.now())
    return again(line)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(milliseconds=1)])
def test_what_is_added_after_reopening_is_added_to_what_was_counted(age):
    line = given_another_round_for_all(counted=7)

    record(line, "add", Decimal(2), by=UserFactory(), client_id=uuid4(), age=age)

    assert again(line).counted_quantity == 9


def test_an_addition_after_reopening_can_be_undone_without_losing_what_was_counted():
    line = given_another_round_for_all(counted=7)
    add(line, 2)

    undo_last(line, by=UserFactory(), client_id=uuid4())

    assert again(line).counted_quantity == 7


def test_a_line_whose_earlier_count_was_kept_goes_on_from_there():
    line = count(given_line(10), 7)
    session = line.session
    mark_counted(session, by=UserFactory(), at=timezone.now())
    ask_recount(session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")
    mark_counted(session, by=UserFactory(), at=timezone.now())
    keep_earlier_count(session, [line.pk], by=UserFactory(), at=timezone.now())
    reopen(session, by=UserFactory(), at=timezone.now())

    line = add(line, 2)

    assert line.counted_quantity == 9


def test_a_recount_starts_from_nothing():
    line = count(given_line(10), 7)
    mark_counted(line.session, by=UserFactory(), at=timezone.now())
    ask_recount(line.session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")

    record(line, "add", Decimal(2), by=UserFactory(), client_id=uuid4(), age=timedelta(milliseconds=1))

    assert again(line).counted_quantity == 2


def test_what_was_said_before_a_recount_was_asked_does_not_answer_it():
    line = count(given_line(10), 7)
    said_at = an_instant()
    mark_counted(line.session, by=UserFactory(), at=timezone.now())
    ask_recount(line.session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")

    record(line, "set", Decimal(8), by=UserFactory(), client_id=uuid4(), age=since(said_at))

    line = again(line)
    assert line.recount_asked
    assert line.counted_quantity == 7
    assert line.entries.count() == 2


def test_what_was_said_before_reopening_still_takes_its_place_in_time():
    line = given_another_round_for_all(counted=7)
    late = timezone.now() - line.counted_at - timedelta(milliseconds=1)

    record(line, "add", Decimal(2), by=UserFactory(), client_id=uuid4(), age=late)

    assert again(line).counted_quantity == 9


# Numbers and names that nobody can count


@pytest.mark.parametrize("age", [timedelta(0), timedelta(milliseconds=1)])
@pytest.mark.parametrize("kind", ["set", "add"])
@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "-Infinity", "1e999", "1e13", "0.000001", "-1"])
def test_a_count_that_is_no_quantity_is_refused_and_nothing_is_stored(kind, quantity, age):
    line = given_line(10)

    with pytest.raises(DomainError):
        record(line, kind, Decimal(quantity), by=UserFactory(), client_id=uuid4(), age=age)

    assert again(line).counted_quantity is None
    assert not CountEntry.objects.exists()


def test_the_same_client_id_on_another_line_is_an_error_and_not_a_repeat():
    first, second = given_line(10), given_line(10)
    client_id = uuid4()
    record(first, "set", Decimal(3), by=UserFactory(), client_id=client_id)

    with pytest.raises(DomainError):
        record(second, "set", Decimal(4), by=UserFactory(), client_id=client_id)


# Many at once


@given(st.lists(st.one_of(st.none(), quantities), min_size=1, max_size=4), st.booleans())
def test_a_file_of_counts_says_the_same_as_its_lines_one_by_one(said, moved):
    with rolled_back():
        quants = [given_stock(5)]
        quants += [given_stock(5, bin=quants[0].bin) for _ in said[1:]]
        by = UserFactory()
        at = timezone.now()
        file = given_session(quants[0].location, by=by)
        if moved:
            move(quants[0], -1)
        counts = [
            Count(line.pk, quantity, uuid4(), begun=None if quantity is not None else line.quant.last_entry)
            for line, quantity in zip(file.lines.select_related("quant").order_by("pk"), said, strict=True)
        ]

        taken = record_counts(file, counts, by=by, at=at)

        assert taken == len(said)
        assert record_counts(file, counts, by=by, at=at) == 0
        for line, quantity in zip(file.lines.order_by("pk"), said, strict=True):
            assert shown(line) == Fold.of(line) == folded_again(line)
            assert line.counted_quantity == (line.book_quantity if quantity is None else quantity)


@pytest.mark.parametrize("skew", [timedelta(hours=-1), timedelta(hours=1)])
def test_the_clock_of_a_web_server_does_not_change_what_a_file_of_counts_says(skew):
    line = given_line(10)
    move(line.quant, -1)
    count_of_line = Count(line.pk, Decimal(8), uuid4())

    record_counts(line.session, [count_of_line], by=UserFactory(), at=timezone.now() + skew)
    move(line.quant, -1)

    assert again(line).book_quantity == 9
    assert folded_again(line).book_quantity == 9
    assert again(line).counted_at <= timezone.now()
