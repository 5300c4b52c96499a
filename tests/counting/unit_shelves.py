"""Units in a warehouse in plain Python: where each really is, where the books have it, and what counts have seen of it.

`Places` knows what happened; `verdicts` says in the words of ARCHITECTURE 5 what completing a count makes of it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

FAR = -1  # the bin of another location


class Slot(NamedTuple):
    bin: int
    item: int


class Name(NamedTuple):
    """A unit, by its item and code."""

    item: int
    code: str


@dataclass(eq=False)
class Entry:
    """One warehouse entry of a unit. `was`: the state before its document."""

    name: Name
    pk: int
    bin: int
    quantity: int
    effect: str
    register: object
    was: str
    undoes: "Entry | None" = None
    undone: bool = False
    moment: int = 0


class Sight(NamedTuple):
    """Somebody saw a code on a line: when, and what the newest entry of the unit was then."""

    moment: int
    entry: int


@dataclass(eq=False)
class Sheet:
    """A line of a count, and what stands on it: while a recount is asked, still what the earlier round has seen."""

    slot: Slot
    pk: int
    count: "Count"
    seen: dict = field(default_factory=dict)  # Name -> Sight
    begun: int | None = None  # the newest entry of the quant at the first scan of the round; None: not counted
    counted_at: int = 0  # the moment of the last scan
    asked: bool = False
    rounds: int = 1
    left_out: bool = False

    def is_scanned(self, *, entry, moment):
        if self.begun is None or self.asked:
            self.seen, self.begun, self.asked = {}, entry, False
        self.counted_at, self.left_out = moment, False

    def is_taken_back(self, name, *, moment):
        del self.seen[name]
        self.counted_at, self.left_out = moment, False
        if not self.seen:
            self.begun, self.asked = None, self.rounds > 1

    @property
    def posts(self):
        return self.begun is not None and not self.left_out and not self.asked


@dataclass(eq=False)
class Count:
    """A session: its sheets by slot, what reviewers decided, and how it ended."""

    session: object
    sheets: dict = field(default_factory=dict)
    left_alone: set = field(default_factory=set)  # Name
    settled: dict = field(default_factory=dict)  # Name -> (Sheet, moment)
    ended: str = ""  # "", "completed", "cancelled"

    def sightings(self, name):
        """[(sheet, sight)], the latest last."""
        seen = [(sheet, sheet.seen[name]) for sheet in self.sheets.values() if name in sheet.seen]
        return sorted(seen, key=lambda each: each[1].moment)

    def names(self):
        return {name for sheet in self.sheets.values() for name in sheet.seen}


@dataclass(frozen=True)
class Outcome:
    name: Name
    verdict: str
    line: int
    source: int | None
    to: int | None
    posted: bool


class Places:
    """Bins are numbers, `FAR` another location, None nowhere."""

    def __init__(self, auto_serialized):
        self.auto_serialized = auto_serialized  # items whose unknown codes become units
        self.real = {}  # Name -> bin or None
        self.lay_in = defaultdict(list)  # Name -> [(moment, bin)], where it really was from then on
        self.booked = {}  # Name -> bin or None
        self.state = {}  # Name -> state; not in it: nobody knows the code
        self.entries = defaultdict(list)  # Name -> [Entry]
        self.quants = defaultdict(int)  # Slot -> newest entry
        self.counts = []
        self.now = 0

    def tick(self):
        self.now += 1
        return self.now

    def put(self, name, bin):
        """It really is there now."""
        if self.real.get(name) != bin:
            self.real[name] = bin
            self.lay_in[name].append((self.tick(), bin))

    def lay(self, name, moment):
        """Where it really was then."""
        return next((bin for since, bin in reversed(self.lay_in[name]) if since <= moment), None)

    def lying(self, slot):
        return sorted(name for name, bin in self.real.items() if bin == slot.bin and name.item == slot.item)

    def in_books(self, slot):
        return sorted(name for name, bin in self.booked.items() if bin == slot.bin and name.item == slot.item)

    def newest(self, name):
        return self.entries[name][-1].pk if self.entries[name] else 0

    def is_posted(self, entries):
        """These entries of one document."""
        self.tick()
        of_unit = defaultdict(list)
        for entry in sorted(entries, key=lambda entry: entry.pk):
            entry.moment = self.now
            self.entries[entry.name].append(entry)
            self.quants[Slot(entry.bin, entry.name.item)] = entry.pk
            of_unit[entry.name].append(entry)
            if entry.undoes:
                entry.undoes.undone = True
        for name, its in of_unit.items():
            change = sum(entry.quantity for entry in its)
            came = next((entry for entry in its if entry.quantity > 0), None)
            self.booked[name] = came.bin if came else None
            if change == 1:
                self.state[name] = "in_stock"
            elif change == -1:
                self.state[name] = (
                    its[0].undoes.was if its[0].undoes else "released" if its[0].effect == "moved" else "detached"
                )

    # What completing makes of it

    def verdicts(self, count):
        return {**self.of_seen(count), **self.of_missing(count)}

    def of_seen(self, count):
        outcomes = {}
        for name in sorted(count.names()):
            sheet, sight = self.seen_on(count, name)
            verdict, source = self.of_sighting(count, name, sheet, sight)
            if verdict:
                posts = verdict in ("transfer", "found", "new")
                posted = posts and sheet.posts and name not in count.left_alone
                outcomes[name] = Outcome(name, verdict, sheet.pk, source, sheet.slot.bin if posts else None, posted)
        return outcomes

    def standing(self, count, name):
        return [each for each in count.sightings(name) if not self.moved_since(name, each[1])]

    def seen_on(self, count, name):
        """Where a reviewer said, else where it was seen last: unless a document has moved it away since."""
        sightings = self.standing(count, name) or count.sightings(name)
        said, _moment = count.settled.get(name, (None, 0))
        return next((each for each in sightings if each[0] is said), sightings[-1])

    def is_settled(self, count, name):
        """A reviewer said where it is, and nobody has seen it since."""
        said, moment = count.settled.get(name, (None, 0))
        standing = self.standing(count, name)
        return any(sheet is said for sheet, _sight in standing) and standing[-1][1].moment < moment

    def conflicts(self, count):
        """Seen on two lines, and no document has moved it in between; where something would be posted for it."""
        return {
            name
            for name in count.names()
            if len(self.standing(count, name)) > 1
            and not self.is_settled(count, name)
            and any(sheet.posts for sheet, _sight in self.standing(count, name))
        }

    def moved_since(self, name, sight):
        return any(
            entry.pk > sight.entry and entry.effect == "moved" and not entry.undone for entry in self.entries[name]
        )

    def of_sighting(self, count, name, sheet, sight):
        twice = len(self.standing(count, name)) > 1
        here = name in self.state and self.booked[name] == sheet.slot.bin
        if self.moved_since(name, sight):
            return (None if here else "moved_since"), None
        if twice and (here or not self.is_settled(count, name)):
            return "conflict", None
        if here:
            return None, None
        if name not in self.state:
            return ("new" if name.item in self.auto_serialized else "unknown"), None
        if self.seen_later(count, name, sheet, sight):
            return "seen_later", None
        booked = self.booked[name]
        if booked is None:
            return ("found" if self.state[name] == "detached" else "released"), None
        return ("other_location", None) if booked == FAR else ("transfer", booked)

    def seen_later(self, count, name, sheet, sight):
        return any(
            later.moment > sight.moment and its.slot != sheet.slot
            for other in self.counts
            if other is not count and other.ended != "cancelled"
            for its, later in other.sightings(name)
        )

    def of_missing(self, count):
        outcomes = {}
        for sheet in count.sheets.values():
            if sheet.begun is None:
                continue
            for name in self.in_books(sheet.slot):
                if self.newest(name) > sheet.begun or count.sightings(name):
                    continue
                verdict = "seen_elsewhere" if self.seen_elsewhere(count, name, sheet) else "write_off"
                source = sheet.slot.bin if verdict == "write_off" else None
                posted = verdict == "write_off" and sheet.posts and name not in count.left_alone
                outcomes[name] = Outcome(name, verdict, sheet.pk, source, None, posted)
        return outcomes

    def seen_elsewhere(self, count, name, sheet):
        """By another count that is open, or by one that ended since this line was counted."""
        return any(
            not other.ended or (other.ended == "completed" and sight.moment > sheet.counted_at)
            for other in self.counts
            if other is not count
            for _sheet, sight in other.sightings(name)
        )
