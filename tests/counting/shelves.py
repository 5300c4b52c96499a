"""The shelves of a warehouse in plain Python: what lies there, what the books were told, and what counts make of it.

Every event changes a shelf, the books, or both. What a completed count leaves follows twice: `adjustment` says it in
the words of ARCHITECTURE 5, and `error_since` says it from what really lies on the shelf.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(eq=False)
class Event:
    """Something that happened to one slot. `book` and `shelf` are changes, `entry` the id in the warehouse ledger."""

    slot: object
    shelf: Decimal = Decimal(0)
    book: Decimal = Decimal(0)
    effect: str = ""  # of the document, "" where there is none
    register: object = None
    entry: int | None = None
    undoes: "Event | None" = None
    undone: bool = False
    corrects: int | None = None  # the moment whose error a correction corrected
    happened: int | None = None  # the moment when the goods moved, where the document came late
    moment: int = 0


class Shelves:
    def __init__(self):
        self.events = defaultdict(list)
        self.looks = defaultdict(list)  # moments of completed counts that found nothing to post
        self.now = 0

    def happens(self, *events):
        """All of these at once."""
        self.now += 1
        for event in events:
            event.moment = self.now
            self.events[event.slot].append(event)
            if event.undoes:
                event.undoes.undone = True

    def shelf(self, slot, *, at=None):
        return sum((event.shelf for event in self.events[slot] if event.moment <= self._at(at)), Decimal(0))

    def book(self, slot, *, at=None):
        return sum((event.book for event in self.events[slot] if event.moment <= self._at(at)), Decimal(0))

    def last_entry(self, slot, *, at=None):
        entries = [event.entry for event in self.events[slot] if event.entry and event.moment <= self._at(at)]
        return max(entries, default=0)

    def after(self, slot, moment):
        return [event for event in self.events[slot] if event.moment > moment]

    def _at(self, moment):
        return self.now if moment is None else moment

    def is_settled(self, event):
        """Somebody looked after this document, and that look still stands."""
        entries = any(later.effect == "counted" and not later.undone for later in self.after(event.slot, event.moment))
        return entries or any(moment >= event.moment for moment in self.looks[event.slot])

    # What completing a count does

    def left(self, slot, looked):
        """The documents after a look, without those that were undone since and without what undid them."""
        return [
            event
            for event in self.after(slot, looked)
            if event.effect and not event.undone and not (event.undoes and event.undoes.moment > looked)
        ]

    def adjustment(self, slot, said, looked):
        """(adjustment, superseded), by the rules."""
        left = self.left(slot, looked)
        if any(event.effect == "counted" for event in left):
            return Decimal(0), True
        corrected = sum(event.book for event in left if event.effect == "corrected")
        return said - self.book(slot, at=looked) - corrected, False

    def error_since(self, slot, looked):
        """By how much the books will differ from the shelf after a right look at this moment; None: nobody can know.

        Mistakes that nobody has undone, losses without a document and documents that came late: what happened to book
        or shelf alone since the look. What undid or corrected an error that was there when somebody looked is no such
        thing, for the look corrects the same error; nor is a wrong correction, for the look overrules it.
        """
        error = Decimal(0)
        for event in self.after(slot, looked):
            if event.corrects is not None and event.corrects != looked:
                return None
            undone = event.undone or (event.undoes and event.undoes.moment > looked)
            if not undone and event.effect != "corrected":
                error += event.book - event.shelf
        return error

    def uncorrected(self, slot, looked):
        """The part of the error at that moment that nobody has corrected or undone since."""
        there = self.book(slot, at=looked) - self.shelf(slot, at=looked)
        since = [
            e for e in self.after(slot, looked) if e.corrects is not None or (e.undoes and e.undoes.moment <= looked)
        ]
        return there + sum((event.book for event in since), Decimal(0))

    def posted_late(self, slot, looked):
        """Documents after the look of what had happened before it."""
        return [e for e in self.after(slot, looked) if e.happened is not None and e.happened <= looked and not e.undone]


@dataclass(eq=False)
class Sheet:
    """One line of an open session, as its counters know it."""

    slot: object
    pk: int
    said: list = field(default_factory=list)  # (time, arrival, kind, quantity, moment, begun)
    kept: list = field(default_factory=list)  # the earlier round, while a recount is asked
    zero: tuple | None = None  # as an entry: nobody counted it, and it was taken as zero
    asked: bool = False
    accepted: bool = False
    left_out: bool = False

    def speaking(self):
        if self.zero:
            return [self.zero]
        speaking = []
        for entry in sorted(self.kept if self.asked else self.said, key=lambda entry: entry[:2]):
            if entry[2] != "add":
                speaking = []
            if entry[2] != "clear":
                speaking.append(entry)
        return speaking

    @property
    def is_counted(self):
        return bool(self.speaking())

    @property
    def quantity(self):
        return sum((entry[3] for entry in self.speaking()), Decimal(0))

    @property
    def looked(self):
        return self.speaking()[-1][4]

    @property
    def begun(self):
        return self.speaking()[0][5]
