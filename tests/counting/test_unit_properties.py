"""Units at work, at random, while several counts of a location are open: books against shelves (unit_shelves.py).

After every completed count: a unit lies where it was last seen, or where goods have really moved it to since; written
off is exactly what is absent from every line, here and in other open counts; and the laws hold after every step.
"""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from counting.completing import LinesNotReady, ask_to_complete, complete_session, digest
from counting.deciding_units import decide_units, settle_conflict
from counting.models import CountLine, CountSession, Status, UnitScan
from counting.opening import Scope, open_session
from counting.policies import Policies
from counting.reversing import reverse_session
from counting.review import (
    NothingCounted,
    accept,
    ask_recount,
    cancel,
    keep_earlier_count,
    leave_out,
    mark_counted,
    reopen,
)
from counting.sighting import none_here, scan_units, take_back
from counting.unit_differences import differences
from ledger.models import Kind
from ledger.posting import Line, PostingRefused, post
from ledger.reversing import SettledByCount, reverse
from tests.counting.given import given_person
from tests.counting.unit_shelves import FAR, Count, Entry, Name, Outcome, Places, Sheet, Sight, Slot
from tests.factories import TODAY, BinFactory, ItemFactory, LocationFactory, document
from tests.laws import assert_laws_hold, assert_reconciled
from tests.properties import for_long_stories
from warehouse.models import Unit

pytestmark = pytest.mark.django_db

BINS = range(3)
ITEMS = range(2)  # the second is auto-serialized: codes that nobody knows become units of it
NAMES = [Name(item, f"{'AB'[item]}{number}") for item in ITEMS for number in range(7)]
TICKED = ("transfer", "found", "new", "write_off")
some_bin = st.sampled_from(BINS)
some_name = st.sampled_from(NAMES)
scopes = st.one_of(
    st.sets(some_bin, min_size=1).map(lambda bins: (sorted(bins), None)),
    st.sampled_from(ITEMS).map(lambda item: ([], item)),
)


class Building:
    """What is the same in all examples."""

    def __init__(self):
        self.location, self.elsewhere = LocationFactory(), LocationFactory()
        self.bins = [BinFactory(location=self.location) for _ in BINS]
        self.far_bin = BinFactory(location=self.elsewhere)
        self.items = [ItemFactory(tracking="serial"), ItemFactory(tracking="serial", auto_serialized=True)]
        self.by = given_person("counting.review_countsession", "ledger.reverse_register")


class Units(RuleBasedStateMachine):
    def __init__(self, building):
        super().__init__()
        vars(self).update(vars(building))
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.places = Places(auto_serialized={1})
        self.registers = []  # (register, entries), what people may take back
        self.completed = []  # (count, entries)
        self.bursts = []  # (sheet, codes, client id)
        self.proved = None
        for number, name in enumerate(NAMES[:5] + NAMES[7:11]):
            self.receive([name], number % 3)

    @initialize(
        mess=st.lists(st.tuples(some_name, st.sampled_from([None, *BINS])), min_size=3, max_size=8),
        first=scopes,
        second=scopes,
    )
    def shelves_are_untidy_and_counts_are_open(self, mess, first, second):
        self.open(*first)
        for name, bin in mess:
            self.places.put(name, bin)
        self.open(*second)

    def teardown(self):
        for count in self.open_counts():
            self.complete(count)
        assert_reconciled()
        self.transaction.__exit__(ValueError, ValueError("no trace"), None)

    # Stock

    def place(self, bin):
        return self.far_bin if bin == FAR else self.bins[bin]

    def number(self, bin_id):
        return FAR if bin_id == self.far_bin.pk else next(n for n, bin in enumerate(self.bins) if bin.pk == bin_id)

    def post(self, kind, names, bin, *, to=None, **details):
        """Post a document over these units; its entries, in plain Python too."""
        lines = [
            Line(
                bin=self.place(bin).pk,
                to_bin=None if to is None else self.place(to).pk,
                item=self.items[name.item].pk,
                unit=name.code,
                quantity=Decimal(-1 if kind == Kind.ISSUE else 1),
            )
            for name in names
        ]
        with transaction.atomic():
            register = post(document(self.place(bin).location, kind, **details), lines)
        entries = self.note(register)
        self.registers.append((register, entries))
        return register

    def note(self, register, undoes=()):
        undone = {entry.pk: entry for entry in undoes}
        items = {item.pk: number for number, item in enumerate(self.items)}
        rows = register.warehouse_entries.order_by("id").values_list(
            "pk", "unit__code", "quant__item", "quant__bin", "quantity", "undoes"
        )
        entries = []
        for pk, code, item, bin, quantity, undoing in rows:
            name = Name(items[item], code)
            was = self.places.state.get(name, "detached")
            entries.append(
                Entry(name, pk, self.number(bin), int(quantity), register.effect, register, was, undone.get(undoing))
            )
        self.places.is_posted(entries)
        return entries

    def receive(self, names, bin):
        self.post(Kind.RECEIPT, names, bin)
        for name in names:
            self.places.put(name, bin)

    def where(self, name):
        return self.places.booked.get(name)

    def is_right(self, name):
        """The books have it where it really is, in this location."""
        return self.where(name) in BINS and self.where(name) == self.places.real.get(name)

    def any_unit(self, data, which):
        names = [name for name in NAMES if which(name)]
        return names[data.draw(st.integers(0, len(names) - 1))] if names else None

    def is_nowhere(self, name):
        return self.where(name) is None and self.places.real.get(name) is None

    @rule(data=st.data(), bin=some_bin)
    def a_unit_comes(self, data, bin):
        name = self.any_unit(data, self.is_nowhere)
        if name:
            self.receive([name], bin)

    @rule(data=st.data(), carried_out=st.sampled_from([True, False]))
    def a_unit_is_issued(self, data, carried_out):
        """Where it was not carried out, it is still there, and released in the books."""
        name = self.any_unit(data, self.is_right)
        if name:
            self.post(Kind.ISSUE, [name], self.where(name))
            if carried_out:
                self.places.put(name, None)

    @rule(data=st.data(), bin=some_bin, carried=st.sampled_from([True, True, False]))
    def a_unit_is_moved(self, data, bin, carried):
        """Where it was not carried, somebody mistook its code for that of another."""
        name = self.any_unit(data, lambda name: self.where(name) not in (None, FAR, bin))
        if name and (self.is_right(name) or not carried):
            self.post(Kind.MOVEMENT, [name], self.where(name), to=bin)
            if carried:
                self.places.put(name, bin)

    @rule(data=st.data())
    def a_unit_goes_to_another_location(self, data):
        name = self.any_unit(data, self.is_right)
        if name:
            self.post(Kind.LOCATION_TRANSFER, [name], self.where(name), to=FAR, other_location=self.elsewhere)
            self.places.put(name, FAR)

    @rule(name=some_name, bin=some_bin)
    def a_unit_is_put_somewhere_and_nobody_says_so(self, name, bin):
        self.places.put(name, bin)

    @rule(one=some_bin, two=some_bin, item=st.sampled_from(ITEMS))
    def two_shelves_are_swapped(self, one, two, item):
        there = self.places.lying(Slot(one, item)), self.places.lying(Slot(two, item))
        for names, bin in zip(there, (two, one), strict=True):
            for name in names:
                self.places.put(name, bin)

    @rule(data=st.data())
    def a_unit_is_lost(self, data):
        name = self.any_unit(data, lambda name: self.places.real.get(name) in BINS)
        if name:
            self.places.put(name, None)

    @precondition(lambda self: self.registers)
    @rule(data=st.data())
    def a_document_is_reversed(self, data):
        """Only the paper: everything stays where it is."""
        number = data.draw(st.integers(max(0, len(self.registers) - 4), len(self.registers) - 1))
        register, entries = self.registers[number]
        try:
            with transaction.atomic():
                reversal = reverse(register, by=None, at=TODAY)
        except (PostingRefused, SettledByCount):
            return
        del self.registers[number]
        self.note(reversal, undoes=entries)

    # Counting

    def open_counts(self):
        return [count for count in self.places.counts if not count.ended]

    @precondition(lambda self: len(self.open_counts()) < 3)
    @rule(scope=scopes)
    def a_count_is_opened(self, scope):
        self.open(*scope)

    def open(self, bins, item):
        free = [slot for slot in self.slots_with_quants() if self.sheet_of(slot) is None]
        if not any((not bins or slot.bin in bins) and item in (None, slot.item) for slot in free):
            return
        scope = Scope(
            bins=[self.bins[bin] for bin in bins],
            items=[] if item is None else [self.items[item]],
            places_that_held_it=True,
        )
        stamps = {"by": self.by, "at": timezone.now(), "request_id": uuid4()}
        session = open_session(self.location, scope=scope, policies=Policies(), **stamps).session
        count = Count(session)
        for line in session.lines.select_related("quant").order_by("quant"):
            slot = Slot(self.number(line.quant.bin_id), [item.pk for item in self.items].index(line.quant.item_id))
            count.sheets[slot] = Sheet(slot, line.pk, count)
        self.places.counts.append(count)

    def slots_with_quants(self):
        return [slot for slot in self.places.quants if slot.bin != FAR]

    def sheet_of(self, slot):
        return next((count.sheets[slot] for count in self.open_counts() if slot in count.sheets), None)

    def refresh(self, count):
        count.session = CountSession.objects.get(pk=count.session.pk)
        return count.session

    def any_sheet(self, data, **status):
        sheets = [
            sheet
            for count in self.open_counts()
            for sheet in count.sheets.values()
            if count.session.status == status.get("status", Status.DRAFT)
        ]
        return sheets[data.draw(st.integers(0, len(sheets) - 1))] if sheets else None

    def is_open_to_scans(self, sheet):
        line = CountLine.objects.get(pk=sheet.pk)
        return sheet.count.session.status == Status.DRAFT and line.round == sheet.count.session.round

    def scan(self, sheet, names, *, client_id=None):
        """One burst into a line; repeated, it changes nothing."""
        if not self.is_open_to_scans(sheet):
            return
        line = CountLine.objects.get(pk=sheet.pk)
        client_id = client_id or uuid4()
        said = {"bin": self.bins[sheet.slot.bin], "line": line, "by": self.by, "client_id": client_id}
        codes = [name.code for name in names]
        scan_units(sheet.count.session, codes, **said)
        kept = UnitScan.objects.filter(session=sheet.count.session).count()
        scan_units(sheet.count.session, codes, **said)
        assert UnitScan.objects.filter(session=sheet.count.session).count() == kept
        self.bursts.append((sheet, names, client_id))
        if all(name in sheet.seen for name in names) and not sheet.asked:
            return  # nothing new
        moment = self.places.tick()
        sheet.is_scanned(entry=self.places.quants[sheet.slot], moment=moment)
        for name in names:
            sheet.seen.setdefault(name, Sight(moment, self.places.newest(name)))

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data(), part=st.sampled_from(["all", "all", "some"]))
    def a_shelf_is_scanned(self, data, part):
        sheet = self.any_sheet(data)
        if sheet:
            self.scan_shelf(sheet, most=None if part == "all" else 1)

    def scan_shelf(self, sheet, most=None):
        names = self.places.lying(sheet.slot)[:most]
        self.scan(sheet, names) if names else self.find_nothing(sheet)

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data(), then=st.sampled_from(["more", "more", "complete"]))
    def all_shelves_of_a_count_are_scanned(self, data, then):
        count = self.any_count(data)
        if count.session.status == Status.DRAFT:
            for sheet in count.sheets.values():
                self.scan_shelf(sheet)
            if then == "complete":
                self.complete(count)

    def find_nothing(self, sheet):
        if self.is_open_to_scans(sheet) and (sheet.asked or not sheet.seen):
            none_here(CountLine.objects.get(pk=sheet.pk), by=self.by, client_id=uuid4())
            sheet.is_scanned(entry=self.places.quants[sheet.slot], moment=self.places.tick())

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data(), name=some_name)
    def a_unit_of_another_shelf_is_scanned(self, data, name):
        """Through the shelf, or while it is carried past."""
        sheet = self.any_sheet(data)
        if sheet:
            self.scan(sheet, [Name(sheet.slot.item, f"{'AB'[sheet.slot.item]}{name.code[1:]}")])

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data())
    def scans_are_taken_back(self, data):
        sheet = self.any_sheet(data)
        if sheet and sheet.seen and not sheet.asked and self.is_open_to_scans(sheet):
            name = data.draw(st.sampled_from(sorted(sheet.seen)))
            take_back(CountLine.objects.get(pk=sheet.pk), [name.code], by=self.by, client_id=uuid4())
            sheet.is_taken_back(name, moment=self.places.tick())

    @precondition(lambda self: self.bursts)
    @rule()
    def a_phone_sends_an_old_burst_again(self):
        """The connection was lost, and nobody knows whether it arrived."""
        sheet, names, client_id = self.bursts[-1]
        if self.is_open_to_scans(sheet) and sheet.count in self.open_counts():
            line = CountLine.objects.get(pk=sheet.pk)
            said = {"bin": self.bins[sheet.slot.bin], "line": line, "by": self.by, "client_id": client_id}
            scan_units(sheet.count.session, [name.code for name in names], **said)

    # Review

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data())
    def counting_ends(self, data):
        self.mark(self.any_count(data))

    def any_count(self, data):
        counts = self.open_counts()
        return counts[data.draw(st.integers(0, len(counts) - 1))]

    def mark(self, count):
        if count.session.status == Status.DRAFT:
            try:
                with transaction.atomic():
                    mark_counted(count.session, by=self.by, at=timezone.now())
            except NothingCounted:
                assert not any(sheet.begun is not None for sheet in count.sheets.values())
            self.refresh(count)

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data())
    def a_recount_is_asked(self, data):
        sheet = self.any_sheet(data, status=Status.COUNTED)
        if sheet and not sheet.asked:
            ask_recount(self.refresh(sheet.count), [sheet.pk], by=self.by, at=timezone.now(), why="Look again")
            sheet.asked, sheet.left_out, sheet.rounds = True, False, 2
            self.refresh(sheet.count)

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data())
    def the_earlier_count_stands(self, data):
        sheet = self.any_sheet(data, status=Status.COUNTED)
        if sheet and sheet.asked:
            self.keep_earlier(sheet)

    def keep_earlier(self, sheet):
        assert keep_earlier_count(self.refresh(sheet.count), [sheet.pk], by=self.by, at=timezone.now())
        sheet.asked = False

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data())
    def a_line_is_left_out(self, data):
        sheet = self.any_sheet(data, status=Status.COUNTED)
        if sheet and sheet.begun is not None and not sheet.asked:
            leave_out(self.refresh(sheet.count), [sheet.pk], note="Not now", by=self.by, at=timezone.now())
            sheet.left_out = True

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data())
    def all_lines_are_opened_again(self, data):
        count = self.any_count(data)
        if count.session.status == Status.COUNTED:
            reopen(self.refresh(count), by=self.by, at=timezone.now())
            self.refresh(count)

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data(), post=st.booleans())
    def a_unit_is_unticked(self, data, post):
        count = self.any_count(data)
        outcomes = self.places.verdicts(count)
        ticked = sorted(name for name, outcome in outcomes.items() if outcome.verdict in TICKED)
        if count.session.status == Status.COUNTED and ticked:
            name = data.draw(st.sampled_from(ticked))
            self.decide(count, name, post=post)

    def decide(self, count, name, *, post):
        decide_units(count.session, [(self.items[name.item].pk, name.code)], post=post, by=self.by, at=timezone.now())
        (count.left_alone.discard if post else count.left_alone.add)(name)

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data(), really=st.sampled_from([False, False, True]))
    def a_count_is_cancelled(self, data, really):
        if really:
            count = self.any_count(data)
            cancel(self.refresh(count), by=self.by, at=timezone.now())
            count.ended = "cancelled"

    @precondition(lambda self: self.open_counts())
    @rule(data=st.data())
    def a_count_is_completed(self, data):
        self.complete(self.any_count(data))

    def complete(self, count):
        if not any(sheet.begun is not None for sheet in count.sheets.values()):
            for sheet in count.sheets.values():
                self.scan_shelf(sheet)
        self.mark(count)
        if count.session.status == Status.DRAFT:
            return
        self.settle_what_completing_waits_for(count)
        expected = self.places.verdicts(count)
        assert self.as_outcomes(self.shown(count)) == set(expected.values())
        self.nothing_is_written_off_that_was_seen(count, expected)
        self.ask(count)
        assert complete_session(count.session.pk) == "completed"
        assert complete_session(count.session.pk) == "nothing to do"
        count.ended = "completed"
        self.check_completed(count, expected)

    def shown(self, count):
        """What the review shows of units that differ."""
        return [
            (each.code, each.verdict, each.line.pk, each.from_quant, each.to_quant, each.post)
            for each in differences(count.session)
        ]

    def ask(self, count):
        session = self.refresh(count)
        with transaction.atomic():
            ask_to_complete(session, by=self.by, at=timezone.now(), confirmed=digest(session))

    def settle_what_completing_waits_for(self, count):
        """Recounts and units that were seen on two lines are named; nothing is asked before they are settled."""
        for _attempt in range(3):
            asked = {sheet.pk for sheet in count.sheets.values() if sheet.asked}
            conflicts = self.places.conflicts(count)
            problems = self.problems_of(count)
            assert {problem["line"] for problem in problems if problem["code"] == "recount_asked"} == asked
            assert ("unit_seen_twice" in {problem["code"] for problem in problems}) == bool(conflicts)
            if not problems:
                return
            for sheet in count.sheets.values():
                if sheet.asked:
                    self.keep_earlier(sheet)
            for name in sorted(conflicts):  # those that post nothing are named by nobody
                self.settle(count, name)
            disturbed = [problem["line"] for problem in problems if problem["code"] == "disturbed"]
            if disturbed:
                accept(count.session, disturbed, by=self.by, at=timezone.now())
        raise AssertionError("It cannot be completed, whatever is settled.")

    def problems_of(self, count):
        try:
            with transaction.atomic():
                self.ask(count)
                transaction.set_rollback(True)
        except LinesNotReady as refused:
            return refused.problems
        return []

    def settle(self, count, name):
        sheet, _sight = self.places.seen_on(count, name)
        line = CountLine.objects.get(pk=sheet.pk)
        settle_conflict(count.session, self.items[name.item], name.code, line, by=self.by, at=timezone.now())
        count.settled[name] = sheet, self.places.tick()

    def as_outcomes(self, rows):
        lines = {sheet.pk: sheet for sheet in self.all_sheets()}
        return {
            Outcome(Name(lines[line].slot.item, code), verdict, line, *self.ends(verdict, source, to), posted)
            for code, verdict, line, source, to, posted in rows
        }

    def ends(self, verdict, source, to):
        return (self.bin_of(source), self.bin_of(to)) if verdict in TICKED else (None, None)

    def all_sheets(self):
        return [sheet for count in self.places.counts for sheet in count.sheets.values()]

    def bin_of(self, quant):
        return None if quant is None else self.number(quant.bin_id)

    def nothing_is_written_off_that_was_seen(self, count, expected):
        for outcome in expected.values():
            if outcome.verdict == "write_off":
                [sheet] = [sheet for sheet in count.sheets.values() if sheet.pk == outcome.line]
                for other in self.places.counts:
                    later = [
                        sight
                        for _sheet, sight in other.sightings(outcome.name)
                        if sight.moment > sheet.counted_at and other.ended != "cancelled"
                    ]
                    assert not later, f"{outcome.name} was seen by {other.session}"

    def check_completed(self, count, expected):
        session = self.refresh(count)
        written = session.unit_differences.select_related("from_quant", "to_quant")
        rows = [(row.code, row.verdict, row.line_id, row.from_quant, row.to_quant, row.posted) for row in written]
        assert self.as_outcomes(rows) == set(expected.values())
        entries = [
            entry for register in (session.transfer, session.adjustment) if register for entry in self.note(register)
        ]
        posted = {outcome.name for outcome in expected.values() if outcome.posted}
        assert {entry.name for entry in entries} == posted
        for outcome in expected.values():
            if outcome.posted:
                assert self.where(outcome.name) == outcome.to
        self.units_lie_where_they_were_last_seen(count)
        if entries:
            self.completed.append((count, entries))

    def units_lie_where_they_were_last_seen(self, count):
        """What somebody saw where it really was, and nobody has carried, posted or seen elsewhere since."""
        for name in count.names() - count.left_alone:
            sheet, sight = self.places.seen_on(count, name)
            right = self.places.lay(name, sight.moment) == sheet.slot.bin
            others = any(
                later.moment > sight.moment and other.ended != "cancelled"
                for other in self.places.counts
                for _sheet, later in other.sightings(name)
            )
            moved = any(e.moment > sight.moment and e.effect != "counted" for e in self.places.entries[name])
            if right and sheet.posts and not moved and not others and self.places.state.get(name) == "in_stock":
                assert self.where(name) in (sheet.slot.bin, FAR)

    @precondition(lambda self: self.completed)
    @rule(data=st.data())
    def a_completed_count_is_reversed(self, data):
        number = data.draw(st.sampled_from(range(len(self.completed))))
        count, entries = self.completed[number]
        try:
            with transaction.atomic():
                reversals = reverse_session(count.session, by=self.by, at=timezone.now(), note="Wrong")
        except (PostingRefused, SettledByCount):
            return
        del self.completed[number]
        for reversal in reversals:
            self.note(reversal, undoes=entries)

    # Always

    @invariant()
    def laws_hold(self):
        if self.proved != self.places.now:
            assert_laws_hold()
        self.proved = self.places.now

    @invariant()
    def units_are_as_told(self):
        units = Unit.objects.select_related("quant").filter(item__in=self.items)
        items = {item.pk: number for number, item in enumerate(self.items)}
        known = {Name(items[unit.item_id], unit.code): (unit.state, self.bin_of(unit.quant)) for unit in units}
        assert known == {name: (state, self.where(name)) for name, state in self.places.state.items()}

    @invariant()
    def lines_are_as_scanned(self):
        lines = CountLine.objects.in_bulk([sheet.pk for count in self.open_counts() for sheet in count.sheets.values()])
        for count in self.open_counts():
            for sheet in count.sheets.values():
                line = lines[sheet.pk]
                assert line.recount_asked == sheet.asked
                assert line.counted_quantity == (None if sheet.begun is None else len(sheet.seen))


def test_units_at_work_while_they_are_counted():
    building = Building()
    fewer = settings(for_long_stories(), max_examples=settings.default.max_examples // 5, stateful_step_count=30)
    run_state_machine_as_test(lambda: Units(building), settings=fewer)
