"""A warehouse at work, at random, while it is counted: its books against shelves in plain Python (shelves.py).

After every completed count: book = shelf for each line that was counted undisturbed, but for what happened to only one
of the two after somebody looked: mistakes, losses, documents that came late. The latter are shown to the reviewer.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from counting import recording
from counting.completing import LinesNotReady, ask_to_complete, complete_session, digest
from counting.explaining import movements
from counting.exporting import Layout, export_lines
from counting.importing import ask_to_import, decide, hand_in_counts
from counting.models import CountEntry, CountLine, CountSession, Status, Take
from counting.opening import Scope, add_found_line, open_session
from counting.policies import Policies
from counting.recording import LineClosed, record
from counting.reversing import reverse_lines, reverse_session
from counting.review import (
    NothingCounted,
    accept,
    adjustments,
    ask_recount,
    cancel,
    keep_earlier_count,
    leave_out,
    mark_counted,
    reopen,
)
from counting.uncounted import MovedUncounted
from ledger.models import Kind, Reason
from ledger.posting import PostingRefused
from ledger.reversing import SettledByCount, reverse
from tests.counting.given import given_person
from tests.counting.shelves import Event, Sheet, Shelves
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    post_lines,
)
from tests.laws import assert_laws_hold, assert_reconciled
from tests.properties import for_long_stories
from warehouse.models import Quant
from warehouse.spreadsheets import SourceFile

pytestmark = pytest.mark.django_db

BINS = STOCKS = st.integers(0, 1)
MISTAKES = {
    "receipt": Kind.RECEIPT,
    "issue": Kind.ISSUE,
    "movement": Kind.MOVEMENT,
    "look": Kind.MANUAL_ADJUSTMENT,
    "correction": Kind.RECEIPT,
}
POLICIES = st.builds(
    Policies,
    guard=st.sampled_from(["none", "none", "freeze", "block"]),
    uncounted=st.sampled_from(["skip", "zero"]),
    undecided=st.sampled_from(["post", "post", "leave"]),
)
QUANTITIES = st.sampled_from([Decimal(number) for number in ("1", "2", "3", "0.5")])


class Slot(NamedTuple):
    """One thing in one bin: bulk goods, or a lot."""

    bin: int
    stock: int


SLOTS = st.builds(Slot, BINS, STOCKS)


@dataclass(frozen=True)
class Quiet:
    """An instant with some quiet around it, so that a late entry can be said to be of that instant."""

    at: object
    until: object
    moment: int


class Places:
    """What is the same in all examples."""

    def __init__(self):
        self.location, self.elsewhere = LocationFactory(), LocationFactory()
        self.bins = [BinFactory(location=self.location) for _ in range(2)]
        self.far_bin = BinFactory(location=self.elsewhere)
        bulk, lots = ItemFactory(), LotItemFactory()
        self.goods = [(bulk, None), (lots, LotFactory(item=lots))]
        self.broken = Reason.objects.create(code="proof-broken", name="Broken", effect="moved")
        self.wrong = Reason.objects.create(code="proof-wrong", name="The books were wrong", effect="corrected")
        self.by = given_person("counting.review_countsession")


class Warehouse(RuleBasedStateMachine):
    def __init__(self, places):
        super().__init__()
        vars(self).update(vars(places))
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.shelves = Shelves()
        self.mistakes, self.late, self.quiet = [], [], []
        self.completed = []  # (session, what it posted)
        self.sessions = {}  # bin -> CountSession
        self.opened_at = {}  # bin -> moment
        self.sheets = {}  # slot -> Sheet
        self.pages = {}  # slot -> what a page showed: (moment, last entry)
        self.proved = None
        for slot in map(Slot._make, [(0, 0), (0, 1), (1, 0)]):
            self.post(slot, 10)

    @initialize(first=POLICIES, second=POLICIES)
    def counts_are_open_in_both_bins(self, first, second):
        self.open(0, everything=True, policies=first)
        self.open(1, everything=True, policies=second)

    def teardown(self):
        for bin in 0, 1:
            self.complete(bin)
        assert_reconciled()
        self.transaction.__exit__(ValueError, ValueError("no trace"), None)

    # Stock

    def post(self, slot, quantity, *, shelf=None, kind=None, to=None, **details):
        """Post a document; shelf: what really happens there meanwhile. Returns the events, or None where refused."""
        item, lot = self.goods[slot.stock]
        kind = kind or (Kind.RECEIPT if quantity > 0 else Kind.ISSUE)
        happened = details.pop("happened", None)
        corrects = details.pop("corrects", None)
        line = {"bin": self.bins[slot.bin].pk, "item": item.pk, "lot": lot and lot.pk, "quantity": Decimal(quantity)}
        if to is not None:
            line["to_bin"] = to
        ends = [slot] + [Slot(number, slot.stock) for number, bin in enumerate(self.bins) if bin.pk == to]
        if any(map(self.is_held, ends)):
            self.refuses(lambda: post_lines(self.location, line, kind=kind, **details))
            details["override"] = "Goods cannot wait"
        try:
            with transaction.atomic():
                register = post_lines(self.location, line, kind=kind, **details)
        except PostingRefused as refused:
            assert {error.code for error in refused.errors} == {"not_enough"}
            return None
        events = self.entries_of(register)
        for event in events:
            event.happened, event.corrects = happened, corrects
            event.shelf = event.book if shelf is None else Decimal(shelf)
        self.shelves.happens(*events)
        return events

    def is_held(self, slot):
        """A count that guards has a line of this item in this bin."""
        session = self.sessions.get(slot.bin)
        if slot not in self.sheets or session is None:
            return False
        return session.guard == "block" or (session.guard == "freeze" and session.status == Status.COUNTED)

    def refuses(self, posting):
        """Nobody posts there without saying why, whatever else is wrong with it."""
        with pytest.raises(PostingRefused) as refused, transaction.atomic():
            posting()
        assert "held" in {error.code for error in refused.value.errors}

    def entries_of(self, register, **details):
        return [
            Event(
                slot,
                book=entry.quantity,
                effect=register.effect,
                register=register,
                entry=entry.pk,
                **details,
            )
            for entry in register.warehouse_entries.select_related("quant").order_by("id")
            if (slot := self.slot_of(entry.quant))
        ]

    def slot_of(self, quant):
        for number, bin in enumerate(self.bins):
            for stock, (item, lot) in enumerate(self.goods):
                if (quant.bin_id, quant.item_id, quant.lot_id) == (bin.pk, item.pk, lot and lot.pk):
                    return Slot(number, stock)
        return None

    def can_leave(self, slot, quantity):
        """People take what lies there, and the books let it go."""
        return quantity <= min(self.shelves.shelf(slot), self.shelves.book(slot))

    @rule(slot=SLOTS, quantity=QUANTITIES)
    def goods_come(self, slot, quantity):
        self.post(slot, quantity)

    @rule(slot=SLOTS, quantity=QUANTITIES, broken=st.booleans())
    def goods_go_or_break(self, slot, quantity, broken):
        if self.can_leave(slot, quantity):
            assert self.post(slot, -quantity, reason=self.broken if broken else None)

    @rule(slot=SLOTS, quantity=QUANTITIES)
    def goods_move_to_the_other_bin(self, slot, quantity):
        if self.can_leave(slot, quantity):
            assert self.post(slot, quantity, kind=Kind.MOVEMENT, to=self.bins[1 - slot.bin].pk)

    @rule(slot=SLOTS, quantity=QUANTITIES)
    def goods_go_to_another_location(self, slot, quantity):
        if self.can_leave(slot, quantity):
            other = {"kind": Kind.LOCATION_TRANSFER, "to": self.far_bin.pk, "other_location": self.elsewhere}
            assert self.post(slot, quantity, **other)

    @rule(slot=SLOTS)
    def somebody_looks_and_adjusts(self, slot):
        self.post(slot, self.shelves.shelf(slot), shelf=0, kind=Kind.MANUAL_ADJUSTMENT)

    @rule(slot=SLOTS, quantity=QUANTITIES, what=st.sampled_from([*MISTAKES]))
    def somebody_posts_by_mistake(self, slot, quantity, what):
        details = {"kind": MISTAKES[what], "reason": self.wrong if what == "correction" else None}
        to = self.bins[1 - slot.bin].pk if what == "movement" else None
        events = self.post(slot, -quantity if what == "issue" else quantity, shelf=0, to=to, **details)
        if events:
            self.mistakes.append(events)

    @precondition(lambda self: self.mistakes)
    @rule(data=st.data())
    def a_mistake_is_reversed(self, data):
        self.reverse_mistake(data.draw(st.sampled_from(range(len(self.mistakes)))))

    def reverse_mistake(self, mistake):
        events = self.mistakes[mistake]
        settled = any(self.shelves.is_settled(event) for event in events)
        details = {"by": None, "at": TODAY}
        if any(self.is_held(event.slot) for event in events):
            self.refuses(lambda: reverse(events[0].register, **details))
            details["override"] = "It was a mistake"
        try:
            with transaction.atomic():
                register = reverse(events[0].register, **details)
        except SettledByCount:
            assert settled
            return
        except PostingRefused as refused:
            assert {error.code for error in refused.errors} == {"not_enough"}
            return
        assert not settled
        del self.mistakes[mistake]
        undone = {event.slot: event for event in events}
        reversal = self.entries_of(register)
        for event in reversal:
            event.undoes = undone[event.slot]
        self.shelves.happens(*reversal)

    @rule(slot=SLOTS, quantity=QUANTITIES, found=st.booleans())
    def the_shelf_changes_and_nobody_says_so(self, slot, quantity, found):
        if found or quantity <= self.shelves.shelf(slot):
            self.shelves.happens(Event(slot, shelf=quantity if found else -quantity))

    @rule(slot=SLOTS)
    def somebody_corrects_the_books(self, slot):
        """By the error that was there at the last look, for nothing else is known to the people in the office."""
        sheet = self.sheets.get(slot)
        looked = sheet.looked if sheet and sheet.is_counted else self.shelves.now
        error = self.shelves.uncorrected(slot, looked)
        if error:
            self.post(slot, -error, shelf=0, reason=self.wrong, corrects=looked)

    @rule(slot=SLOTS, quantity=QUANTITIES)
    def goods_go_and_the_paper_waits(self, slot, quantity):
        if self.can_leave(slot, quantity):
            self.shelves.happens(Event(slot, shelf=-quantity))
            self.late.append((slot, quantity, self.shelves.now))

    @precondition(lambda self: self.late)
    @rule()
    def the_oldest_paper_is_posted(self):
        self.paper_is_posted(*self.late.pop(0))

    def paper_is_posted(self, slot, quantity, moment):
        self.post(slot, -quantity, shelf=0, happened=moment)

    @precondition(lambda self: len(self.quiet) < 4)
    @rule()
    def nothing_happens_for_a_while(self):
        time.sleep(0.01)
        at = timezone.now()
        time.sleep(0.03)
        self.quiet.append(Quiet(at, timezone.now(), self.shelves.now))

    # Counting

    @precondition(lambda self: len(self.sessions) < 2)
    @rule(bin=BINS, everything=st.booleans(), policies=POLICIES)
    def a_count_is_opened(self, bin, everything, policies):
        if bin not in self.sessions and Quant.objects.filter(bin=self.bins[bin]).in_stock().exists():
            self.open(bin, everything, policies)

    def open(self, bin, everything, policies):
        scope = Scope(bins=[self.bins[bin]], places_that_held_it=everything)
        stamps = {"by": self.by, "at": timezone.now(), "request_id": uuid4()}
        opened = open_session(self.location, scope=scope, policies=policies, **stamps)
        self.sessions[bin], self.opened_at[bin] = opened.session, self.shelves.now
        for line in opened.session.lines.select_related("quant"):
            self.add_sheet(line)

    def add_sheet(self, line):
        slot = self.slot_of(line.quant)
        self.sheets[slot] = Sheet(slot, line.pk)
        self.pages.pop(slot, None)

    def status(self, slot):
        return self.sessions[slot.bin].status if slot.bin in self.sessions else None

    @precondition(lambda self: self.sheets or self.sessions)
    @rule(slot=SLOTS)
    def something_is_found(self, slot):
        if self.status(slot) == Status.DRAFT and slot not in self.sheets:
            item, lot = self.goods[slot.stock]
            line, added = add_found_line(self.sessions[slot.bin], bin=self.bins[slot.bin], item=item, lot=lot)
            assert added
            self.add_sheet(line)

    def say(self, slot, kind, quantity, *, begun=None, quiet=None):
        """Count; in the sheet's own words too. A line that is closed for others' recount takes nothing."""
        line = CountLine.objects.get(pk=self.sheets[slot].pk)
        try:
            entry = (
                self.said_in_quiet(line, kind, quantity, quiet) if quiet else self.said_now(line, kind, quantity, begun)
            )
        except LineClosed:
            assert line.round < CountSession.objects.get(pk=line.session_id).round or self.status(slot) != "draft"
            return
        if entry is None:
            return
        moment = quiet.moment if quiet else self.shelves.now
        begun = self.shelves.last_entry(slot, at=moment) if begun is None else begun
        self.note(slot, entry, kind, quantity, moment, begun)

    def note(self, slot, entry, kind, quantity, moment, begun):
        sheet = self.sheets[slot]
        sheet.kept, sheet.asked, sheet.zero = [], False, None
        sheet.said.append((entry.counted_at, entry.pk, kind, quantity, moment, begun))
        sheet.asked = entry.round > 1 and not sheet.is_counted
        sheet.accepted = sheet.left_out = False

    def said_now(self, line, kind, quantity, begun):
        client_id = uuid4()
        for taken in True, False:
            with transaction.atomic():
                assert record(line, kind, quantity, by=self.by, client_id=client_id, begun=begun) == taken
        return CountEntry.objects.get(client_id=client_id)

    def said_in_quiet(self, line, kind, quantity, quiet):
        """An entry of a quiet instant; None where the machine was too slow to hit it, for then nothing was said."""
        for _attempt in range(5):
            with transaction.atomic():
                client_id = uuid4()
                record(line, kind, quantity, by=self.by, client_id=client_id, age=timezone.now() - quiet.at)
                entry = CountEntry.objects.get(client_id=client_id)
                if entry.counted_at < quiet.until:
                    return entry
                transaction.set_rollback(True)
        return None

    @precondition(lambda self: self.sheets)
    @rule(bin=BINS, then=st.sampled_from(["more", "complete"]))
    def a_bin_is_counted(self, bin, then):
        for sheet in self.sheets_in(bin):
            self.say(sheet.slot, "set", self.shelves.shelf(sheet.slot))
        if then == "complete":
            self.complete(bin)

    @precondition(lambda self: self.sheets)
    @rule(data=st.data(), parts=st.sampled_from([1, 2]))
    def a_shelf_is_counted(self, data, parts):
        slot = self.any_sheet(data)
        there = self.shelves.shelf(slot)
        self.say(slot, "set", there / parts)
        if parts == 2:
            self.say(slot, "add", there / parts)

    @precondition(lambda self: self.sheets)
    @rule(data=st.data())
    def a_page_is_looked_at(self, data):
        slot = self.any_sheet(data)
        self.pages[slot] = self.shelves.shelf(slot), self.shelves.last_entry(slot)

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def what_was_seen_then_is_saved(self, data):
        slot = data.draw(st.sampled_from(sorted(self.pages)))
        seen, begun = self.pages.pop(slot)
        self.say(slot, "set", seen, begun=begun)

    @precondition(lambda self: self.sheets)
    @rule(data=st.data(), quantity=QUANTITIES)
    def somebody_adds_to_a_count(self, data, quantity):
        self.say(self.any_sheet(data), "add", quantity)

    @precondition(lambda self: self.sheets)
    @rule(data=st.data())
    def a_count_is_cleared(self, data):
        self.say(self.any_sheet(data), "clear", None)

    @precondition(lambda self: self.sheets and self.quiet)
    @rule(data=st.data())
    def a_count_arrives_late(self, data):
        slot, quiet = self.any_sheet(data), data.draw(st.sampled_from(self.quiet))
        session = self.sessions[slot.bin]
        of_this_round = quiet.at > session.opened_at and not (session.marked_at and quiet.at < session.marked_at)
        if of_this_round:
            self.say(slot, "set", self.shelves.shelf(slot, at=quiet.moment), quiet=quiet)

    @precondition(lambda self: self.sheets)
    @rule(data=st.data(), meanwhile=st.sampled_from(["nothing", "goods come", "somebody counts", "a recount is asked"]))
    def a_bin_is_counted_on_a_spreadsheet(self, data, meanwhile):
        """With what lies there when it comes back. Where both counted, the file is right; a closed line refuses it."""
        slot = self.any_sheet(data)
        export = export_lines(self.refresh(slot.bin), layout=Layout.TRUECOUNT, by=self.by, at=timezone.now())
        rows = list(export.rows)
        if meanwhile == "goods come":
            self.post(slot, 3)
        elif meanwhile == "somebody counts":
            self.say(slot, "set", self.shelves.shelf(slot) + 1)
        elif meanwhile == "a recount is asked":
            self.counting_ends(slot.bin)
            self.ask_again(slot)
        if self.refresh(slot.bin).status == Status.DRAFT:
            self.bring_back(slot.bin, rows)

    def bring_back(self, bin, rows):
        slots = {sheet.pk: sheet.slot for sheet in self.sheets_in(bin)}
        table = [[line, version, self.shelves.shelf(slots[line])] for line, version, *_rest in rows]
        handed_in = self.hand_in(bin, [["Line", "Version", "Counted"], *table])
        if handed_in.problems:
            assert {problem["code"] for problem in handed_in.problems} == {"line_closed"}
            assert self.sessions[bin].lines.filter(round__lt=self.sessions[bin].round).exists()
            return
        decide(handed_in, {}, others=Take.FILE)
        recorded = list(handed_in.rows.to_record(found=True))
        if recorded:
            ask_to_import(handed_in, at=timezone.now())
            assert handed_in.summary["recorded"] == len(recorded)
        for row in recorded:
            entry = CountEntry.objects.filter(line=row.line).latest("pk")
            self.note(slots[row.line], entry, "set", row.quantity, self.shelves.now, row.begun)

    def hand_in(self, bin, table):
        content = "\n".join(",".join(map(str, row)) for row in table)
        file = SourceFile(f"{uuid4()}.csv", f"{content}\n{uuid4()}".encode())
        return hand_in_counts(self.sessions[bin], file, by=self.by, at=timezone.now())

    def any_sheet(self, data):
        return data.draw(st.sampled_from(sorted(self.sheets)))

    @rule(slot=SLOTS, quantity=QUANTITIES, what=st.sampled_from(["paper", "reversal", "correction"]))
    def a_count_falls_in_between(self, slot, quantity, what):
        """What the arithmetic is about, in one step: chance alone seldom does these in this order."""
        if what == "paper":
            self.goods_go_and_the_paper_waits(slot, quantity)
        elif what == "reversal":
            self.somebody_posts_by_mistake(slot, quantity, "receipt")
        else:
            self.the_shelf_changes_and_nobody_says_so(slot, quantity, found=quantity > 2)
        self.count(slot)
        if what == "paper" and self.late:
            self.paper_is_posted(*self.late.pop())
        elif what == "reversal":
            self.reverse_mistake(len(self.mistakes) - 1)
        else:
            self.somebody_corrects_the_books(slot)

    @rule(slot=SLOTS, quantity=QUANTITIES, what=st.sampled_from([*MISTAKES]))
    def a_mistake_after_a_count_is_reversed(self, slot, quantity, what):
        self.count(slot)
        self.somebody_posts_by_mistake(slot, quantity, what)
        if self.mistakes:
            self.reverse_mistake(len(self.mistakes) - 1)

    def count(self, slot):
        if slot in self.sheets:
            self.say(slot, "set", self.shelves.shelf(slot))

    # Review

    def refresh(self, bin):
        self.sessions[bin] = CountSession.objects.get(pk=self.sessions[bin].pk)
        return self.sessions[bin]

    def sheets_in(self, bin):
        return [sheet for slot, sheet in self.sheets.items() if slot.bin == bin]

    @precondition(lambda self: self.sessions)
    @rule(bin=BINS)
    def counting_ends(self, bin):
        if bin in self.sessions and self.sessions[bin].status == Status.DRAFT:
            self.mark(bin)

    def mark(self, bin):
        session = self.sessions[bin]
        blank = [sheet for sheet in self.sheets_in(bin) if not (sheet.is_counted or sheet.asked)]
        moved = {sheet.pk for sheet in blank if self.has_moved_since_the_opening(sheet)}
        takes_zeros = session.uncounted == "zero"
        try:
            with transaction.atomic():
                mark_counted(session, by=self.by, at=timezone.now())
        except NothingCounted:
            assert not any(sheet.is_counted for sheet in self.sheets_in(bin))
        except MovedUncounted:
            assert takes_zeros
            assert moved
            assert {line.pk for line in session.lines.moved_uncounted()} == moved
        else:
            assert not (takes_zeros and moved)
            for sheet in blank if takes_zeros else []:
                self.take_as_zero(sheet)
        self.refresh(bin)

    def has_moved_since_the_opening(self, sheet):
        return any(event.entry for event in self.shelves.after(sheet.slot, self.opened_at[sheet.slot.bin]))

    def take_as_zero(self, sheet):
        now = self.shelves.now
        sheet.zero = (None, None, "set", Decimal(0), now, self.shelves.last_entry(sheet.slot))
        sheet.accepted = sheet.left_out = False

    @rule(
        bin=BINS,
        guard=st.sampled_from(["none", "freeze", "block"]),
        then=st.sampled_from(["wait", "go back", "complete"]),
    )
    def a_count_is_hurried(self, bin, guard, then):
        """One line is counted, the others are taken as zero: chance alone seldom does that before something moves."""
        self.complete(bin)
        if bin in self.sessions or not Quant.objects.filter(bin=self.bins[bin]).in_stock().exists():
            return
        self.open(bin, everything=True, policies=Policies(uncounted="zero", guard=guard))
        self.count(self.sheets_in(bin)[0].slot)
        self.mark(bin)
        if then == "go back":
            self.all_lines_are_opened_again(bin)
        elif then == "complete":
            self.complete(bin)

    @precondition(lambda self: self.sheets)
    @rule(data=st.data())
    def a_recount_is_asked(self, data):
        self.ask_again(self.any_sheet(data))

    def ask_again(self, slot):
        if self.status(slot) == Status.COUNTED:
            sheet = self.sheets[slot]
            ask_recount(self.refresh(slot.bin), [sheet.pk], by=self.by, at=timezone.now(), why="Look again")
            sheet.kept, sheet.said = (sheet.kept if sheet.asked else sheet.said), []
            sheet.asked, sheet.accepted, sheet.left_out = True, False, False
            self.refresh(slot.bin)

    @precondition(lambda self: self.sheets)
    @rule(data=st.data())
    def the_earlier_count_stands(self, data):
        slot = self.any_sheet(data)
        sheet = self.sheets[slot]
        if self.status(slot) == Status.COUNTED and sheet.asked:
            self.withdraw_recount(sheet)

    def withdraw_recount(self, sheet):
        assert keep_earlier_count(self.refresh(sheet.slot.bin), [sheet.pk], by=self.by, at=timezone.now())
        sheet.said, sheet.kept, sheet.asked = sheet.kept or sheet.said, [], False

    @precondition(lambda self: self.sessions)
    @rule(bin=BINS)
    def all_lines_are_opened_again(self, bin):
        if bin in self.sessions and self.sessions[bin].status == Status.COUNTED:
            reopen(self.refresh(bin), by=self.by, at=timezone.now())
            self.refresh(bin)
            for sheet in self.sheets_in(bin):
                if not sheet.asked:
                    sheet.zero = None
                self.carry_over(sheet)

    def carry_over(self, sheet):
        """What was counted goes on as one statement of then."""
        if not sheet.asked and sheet.is_counted:
            last = sheet.speaking()[-1]
            sheet.said = [(last[0], 0, "set", sheet.quantity, sheet.looked, sheet.begun)]

    @precondition(lambda self: self.sessions)
    @rule(bin=BINS, really=st.sampled_from([False, False, False, True]))
    def a_count_is_cancelled(self, bin, really):
        if really and bin in self.sessions:
            cancel(self.refresh(bin), by=self.by, at=timezone.now())
            self.ends(bin)

    def ends(self, bin):
        del self.sessions[bin]
        for slot in [slot for slot in self.sheets if slot.bin == bin]:
            del self.sheets[slot]
            self.pages.pop(slot, None)

    @rule(bin=BINS, then=st.sampled_from(["rest", "open", "open"]), policies=POLICIES)
    def a_count_is_completed(self, bin, then, policies):
        self.complete(bin)
        if then == "open":
            self.a_count_is_opened(bin, everything=True, policies=policies)

    def complete(self, bin):
        if bin not in self.sessions or not any(sheet.is_counted for sheet in self.sheets_in(bin)):
            return
        if self.sessions[bin].status == Status.DRAFT:
            self.mark(bin)
        if self.sessions[bin].status == Status.DRAFT:  # what moved must be counted first
            for sheet in self.sheets_in(bin):
                if not sheet.is_counted:
                    self.say(sheet.slot, "set", self.shelves.shelf(sheet.slot))
            self.mark(bin)
        session = self.refresh(bin)
        self.settle_what_completing_waits_for(session)
        self.late_documents_are_shown(session)
        planned = self.planned(session)
        below_zero = {
            sheet.pk
            for sheet in self.sheets_in(bin)
            if (planned.get(sheet.pk, (0,))[0] or 0) < 0 and self.shelves.book(sheet.slot) + planned[sheet.pk][0] < 0
        }
        self.ask(session)
        if below_zero:
            assert complete_session(session.pk) == "refused"
            session = self.refresh(bin)
            assert {(each["line"], each["code"]) for each in session.completion_problems} == {
                (pk, "below_zero") for pk in below_zero
            }
            leave_out(session, below_zero, note="Below zero", by=self.by, at=timezone.now())
            for sheet in self.sheets_in(bin):
                sheet.left_out = sheet.left_out or sheet.pk in below_zero
            self.ask(session)
        assert complete_session(session.pk) == "completed"
        assert complete_session(session.pk) == "nothing to do"
        self.check_completed(self.refresh(bin), planned)
        self.ends(bin)

    def settle_what_completing_waits_for(self, session):
        """Recounts and disturbed lines are named, and nothing is asked before they are settled."""
        waiting = {}
        for sheet in self.sheets_in(self.bins.index(session.lines.first().quant.bin)):
            if sheet.asked:
                waiting[sheet.pk] = "recount_asked"
            elif session.leaves_undecided:
                continue
            elif sheet.is_counted and self.is_disturbed(sheet) and not (sheet.accepted or sheet.left_out):
                waiting[sheet.pk] = "disturbed"
        if not waiting:
            return
        with pytest.raises(LinesNotReady) as refused:
            self.ask(session)
        assert {each["line"]: each["code"] for each in refused.value.problems} == waiting
        for sheet in list(self.sheets.values()):
            if waiting.get(sheet.pk) == "recount_asked":
                self.withdraw_recount(sheet)
        disturbed = [s for s in self.sheets.values() if s.is_counted and self.is_disturbed(s)]
        disturbed = [sheet for sheet in disturbed if sheet.slot.bin in self.sessions and self.belongs(sheet, session)]
        if disturbed:
            accept(session, [sheet.pk for sheet in disturbed], by=self.by, at=timezone.now())
        for sheet in disturbed:
            sheet.accepted = True

    def belongs(self, sheet, session):
        return self.sessions[sheet.slot.bin].pk == session.pk

    def is_disturbed(self, sheet):
        return CountLine.objects.get(pk=sheet.pk).disturbed

    def ask(self, session):
        with transaction.atomic():
            ask_to_complete(session, by=self.by, at=timezone.now(), confirmed=digest(session))

    def planned(self, session):
        """{line: (adjustment, superseded)} by the rules in plain Python, compared with what the review shows."""
        lines = list(session.lines.all())
        adjustments(session, lines)
        planned = {}
        for sheet in self.sheets.values():
            line = next((line for line in lines if line.pk == sheet.pk), None)
            if line is None or not sheet.is_counted:
                continue
            adjustment, superseded = self.shelves.adjustment(sheet.slot, sheet.quantity, sheet.looked)
            if session.leaves_undecided and not superseded and not (sheet.accepted or sheet.left_out):
                is_nothing = adjustment == 0 and not line.disturbed
                adjustment = Decimal(0) if is_nothing else None
            planned[sheet.pk] = adjustment, superseded
            assert (line.planned, line.superseded_now) == planned[sheet.pk]
        return planned

    def late_documents_are_shown(self, session):
        """Who reviews a line is shown the documents that were posted soon after it was counted."""
        lines = list(session.lines.with_names().counted())
        movements(session, lines)
        for line in lines:
            sheet = next(sheet for sheet in self.sheets.values() if sheet.pk == line.pk)
            late = self.shelves.posted_late(sheet.slot, sheet.looked)
            shown = [movement.entry.register for movement in line.evidence.after]
            explained = [movement.entry.register for movement in line.evidence.posted_late]
            for event in late:
                assert event.register in shown
                assert line.discrepancy != event.book or event.register in explained

    def check_completed(self, session, planned):
        events = self.entries_of(session.adjustment) if session.adjustment else []
        assert all(not events or event.effect == "counted" for event in events)
        for line in session.lines.all():
            sheet = next(sheet for sheet in self.sheets.values() if sheet.pk == line.pk)
            if sheet.left_out or not sheet.is_counted:
                assert line.adjustment is None
                continue
            adjustment, superseded = planned[sheet.pk]
            assert (line.adjustment, line.superseded) == (adjustment, superseded)
            if adjustment is not None:
                self.check_book_is_shelf(sheet, line)
            if adjustment == 0 and not superseded:
                self.shelves.looks[sheet.slot].append(sheet.looked)
        self.shelves.happens(*events)
        if events:
            self.completed.append((session, events))

    @precondition(lambda self: self.completed)
    @rule(data=st.data(), whole=st.booleans())
    def a_completed_count_is_reversed(self, data, whole):
        session, events = data.draw(st.sampled_from(self.completed))
        left = [event for event in events if not event.undone]
        if left:
            self.reverse_count(session, left if whole else [data.draw(st.sampled_from(left))], whole)

    def reverse_count(self, session, events, whole):
        details = {"by": self.by, "at": timezone.now(), "note": "Wrong"}
        slots = {event.slot: event for event in events}
        lines = [line.pk for line in session.lines.select_related("quant") if self.slot_of(line.quant) in slots]
        refused = {"settled_by_count" for event in events if self.shelves.is_settled(event)} | {
            "not_enough" for event in events if self.shelves.book(event.slot) < event.book
        }
        refused |= {"held" for event in events if self.is_held(event.slot)}
        try:
            with transaction.atomic():
                [document] = reverse_session(session, **details) if whole else reverse_lines(session, lines, **details)
        except PostingRefused as error:
            assert {each.code for each in error.errors} == refused
            assert isinstance(error, SettledByCount) == ("settled_by_count" in refused)
            return
        assert not refused
        undoing = self.entries_of(document)
        for event in undoing:
            event.undoes = slots[event.slot]
        assert {event.slot for event in undoing} == set(slots)
        self.shelves.happens(*undoing)

    def check_book_is_shelf(self, sheet, line):
        slot, looked = sheet.slot, sheet.looked
        exact = sheet.quantity == self.shelves.shelf(slot, at=looked)
        error = self.shelves.error_since(slot, looked)
        if line.disturbed or line.superseded or not exact or error is None:
            return
        assert line.quant.quantity == self.shelves.shelf(slot) + error

    # Always

    @invariant()
    def laws_hold(self):
        if self.proved != self.shelves.now:
            assert_laws_hold()
        self.proved = self.shelves.now

    @invariant()
    def books_are_as_told(self):
        quants = {self.slot_of(quant): quant for quant in Quant.objects.filter(bin__in=self.bins)}
        for slot in map(Slot._make, [(0, 0), (0, 1), (1, 0), (1, 1)]):
            quantity, last_entry = (quants[slot].quantity, quants[slot].last_entry) if slot in quants else (0, 0)
            assert (quantity, last_entry) == (self.shelves.book(slot), self.shelves.last_entry(slot))

    @invariant()
    def lines_are_as_said(self):
        lines = CountLine.objects.in_bulk([sheet.pk for sheet in self.sheets.values()])
        for sheet in self.sheets.values():
            line = lines[sheet.pk]
            assert line.recount_asked == sheet.asked
            assert line.counted_quantity == (sheet.quantity if sheet.is_counted else None)
            assert line.zeroed == bool(sheet.zero)
            if sheet.is_counted:
                assert line.book_quantity == self.shelves.book(sheet.slot, at=sheet.looked)
                assert line.watermark == self.shelves.last_entry(sheet.slot, at=sheet.looked)
                assert line.disturbed == (line.watermark != sheet.begun)


def test_a_warehouse_at_work_while_it_is_counted(monkeypatch):
    monkeypatch.setattr(recording, "LATE", timedelta(0))
    places = Places()
    run_state_machine_as_test(lambda: Warehouse(places), settings=for_long_stories())
