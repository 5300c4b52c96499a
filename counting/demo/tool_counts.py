"""Counts of the tool room: what was scanned where, what was not, and what reviewers have to say about it."""

from datetime import datetime, time
from uuid import uuid5

from django.utils import timezone

from counting.demo.counts import Counting, opened
from counting.demo.tool_room import BINS, Tool, lying
from counting.demo.vocabulary import TOOL_ROOM
from counting.demo.working import Work, working_days
from counting.sighting import scan_units
from warehouse.models import Bin, Unit, UnitKind, UnitState

UNKNOWN_SERIAL = "CD18-24-0907"  # engraved in a drill that was never received: nobody knows what it belongs to
NOT_RECEIVED_YET = 8, 6  # whose next delivery stands there already: makes with tags, which say so


class Walk:
    """Somebody goes from bin to bin with a reader. What it will read is put together first, for each of the bins."""

    def __init__(self, counting: Counting, *, by: str, bins: int | None = None):
        self.counting, self.by, self.bursts = counting, by, 0
        counted = Bin.objects.filter(quants__count_lines__session=counting.session).distinct()
        self.bins = list(counted.in_walking_order()[:bins])
        self.units: dict[int, list[Unit]] = {bin.pk: [] for bin in self.bins}
        self.strays: dict[int, list[str]] = {bin.pk: [] for bin in self.bins}
        for unit in lying(counting.session.location):
            if unit.quant.bin_id in self.units:
                self.units[unit.quant.bin_id].append(unit)

    def take(self) -> Unit:
        """A unit of the fullest bin, which the reader does not find there."""
        fullest = max(self.units, key=lambda bin: len(self.units[bin]))
        at = self.counting.work.rng.randrange(len(self.units[fullest]))
        return self.units[fullest].pop(at)

    def put(self, code: str, *, beside: Unit | None = None) -> None:
        """It stands in some bin, but not the one that it should be in."""
        where = [bin for bin in self.strays if beside is None or bin != beside.quant.bin_id]
        self.strays[self.counting.work.rng.choice(where)].append(code)

    def misplace(self, number: int) -> None:
        for _ in range(number):
            unit = self.take()
            self.put(unit.code, beside=unit)

    def go(self) -> None:
        for bin in self.bins:
            codes = [unit.code for unit in self.units[bin.pk]] + self.strays[bin.pk]
            if codes:
                self.read(codes, bin=bin)

    def read_twice(self) -> None:
        """A reader hears a tag through the shelf, and again beside it."""
        tagged = next(unit for units in self.units.values() for unit in units if unit.kind == UnitKind.EPC)
        self.put(tagged.code, beside=tagged)

    def stop_halfway(self) -> None:
        """In the last of the bins."""
        units = self.units[self.bins[-1].pk]
        del units[len(units) // 2 :]

    def read(self, codes: list[str], *, bin: Bin) -> None:
        self.bursts += 1
        session, people = self.counting.session, self.counting.work.people
        client_id = uuid5(session.request_id, f"burst {self.bursts} of {self.by}")
        scan_units(session, codes, bin=bin, by=people[self.by], client_id=client_id)


def count_tools_in_week(work: Work, week: int) -> None:
    step = COUNTS_OF_WEEK.get(week)
    if step:
        step(work, timezone.make_aware(datetime.combine(working_days(work, week)[-1], time(13))))


def yearly_inspection(work, at):
    """At the other location, where what is missing is written off at once."""
    counting = opened(work, "Marschweg, tools for inspection", work.warehouse.second, TOOL_ROOM, slice(None), at=at)
    walk = Walk(counting, by="marek")
    walk.misplace(2)
    walk.take()
    walk.take()
    finish(walk)


def first_rack(work, at):
    """What is missing here is searched for, for a week."""
    counting = opened(work, "Tool room, first rack", work.warehouse.main, TOOL_ROOM, slice(0, BINS[0] // 2), at=at)
    walk = Walk(counting, by="jonas")
    walk.misplace(3)
    walk.take()
    walk.take()
    finish(walk)


def finish(walk: Walk) -> None:
    walk.go()
    walk.counting.mark()
    walk.counting.complete()


COUNTS_OF_WEEK = {6: yearly_inspection, 8: first_rack}


def open_tool_counts(work: Work, tools: list[Tool]) -> None:
    """One that waits for its review, with something of everything; one that is being counted."""
    main, half, at = work.warehouse.main, BINS[0] // 2, timezone.now()
    counted = opened(work, "Tool room, first rack again", main, TOOL_ROOM, slice(0, half), at=at)
    counting = opened(work, "Tool room, second rack", main, TOOL_ROOM, slice(half, None), at=at)
    done, begun = Walk(counted, by="counter"), Walk(counting, by="priya", bins=half // 2)
    done.misplace(3)
    begun.misplace(2)
    done.take()  # nowhere to be found
    begun.put(done.take().code)  # it stands in the other rack, which others are counting
    done.put(UNKNOWN_SERIAL)
    for walk, make in zip((done, begun), NOT_RECEIVED_YET, strict=True):
        [(code, _number)] = tools[make].next_units(1)
        walk.put(code)
    done.put(any_unit(UnitState.RELEASED).code)
    done.put(any_unit(UnitState.DETACHED).code)
    done.read_twice()
    done.go()
    counted.mark()
    begun.stop_halfway()
    begun.go()


def any_unit(state: UnitState) -> Unit:
    """One with a number that can be read, for preference."""
    return Unit.objects.filter(state=state).order_by("-kind", "pk").first()
