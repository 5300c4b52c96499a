"""Every count that a unit was part of: where it was seen, what became of it, and how it was searched for."""

from dataclasses import dataclass
from datetime import datetime

from counting.models import CountSession, SearchState, SearchTask, Sighting, UnitDifference, Verdict
from warehouse.models import Bin, Unit, User

SHOWN = 50  # of each kind

STATUS = {
    Verdict.TRANSFER: "transfer",
    Verdict.FOUND: "over",
    Verdict.NEW: "over",
    Verdict.WRITE_OFF: "missing",
    Verdict.SEARCH: "waiting",
    Verdict.CONFLICT: "variance",
    Verdict.RELEASED: "released",
    SearchState.OPEN: "waiting",
    SearchState.FOUND: "matched",
    SearchState.WRITTEN_OFF: "missing",
}


@dataclass(frozen=True)
class Event:
    """`status` and `word` say what it was; `by` is who saw it; `posted` is False where a reviewer left it alone."""

    session: CountSession
    at: datetime
    status: str
    word: str
    bin: Bin | None = None
    to_bin: Bin | None = None
    by: User | None = None
    posted: bool = True
    url: str = ""


def history_of_unit(unit: Unit, user: User) -> list[Event]:
    """Of counts at this person's locations, the newest first."""
    here = CountSession.objects.visible_to(user).values("pk")
    events = [
        *map(_seen, _sightings(unit, here)),
        *map(_differed, _differences(unit, here)),
        *map(_searched, _searches(unit, here)),
    ]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _sightings(unit, sessions):
    seen = Sighting.objects.filter(unit=unit, line__session__in=sessions).order_by("-seen_at")
    return seen.select_related("line__session__location", "line__quant__bin__location", "by")[:SHOWN]


def _differences(unit, sessions):
    differed = UnitDifference.objects.filter(unit=unit, session__in=sessions).order_by("-pk")
    names = ("session__location", "from_quant__bin__location", "to_quant__bin__location")
    return differed.select_related(*names)[:SHOWN]


def _searches(unit, sessions):
    tasks = SearchTask.objects.filter(unit=unit, session__in=sessions).order_by("-pk")
    return tasks.select_related("session__location", "last_bin__location", "assigned_to")[:SHOWN]


def _seen(sighting):
    return Event(
        session=sighting.line.session,
        at=sighting.seen_at,
        status="recorded",
        word=sighting.get_kind_display(),
        bin=sighting.line.quant.bin,
        by=sighting.by,
    )


def _differed(difference):
    return Event(
        session=difference.session,
        at=difference.session.ended_at,
        status=STATUS.get(difference.verdict, "uncounted"),
        word=difference.get_verdict_display(),
        bin=difference.from_quant and difference.from_quant.bin,
        to_bin=difference.to_quant and difference.to_quant.bin,
        posted=difference.posted,
    )


def _searched(task):
    return Event(
        session=task.session,
        at=task.ended_at or task.opened_at,
        status=STATUS[task.state],
        word=task.get_state_display(),
        bin=task.last_bin,
        by=task.assigned_to,
        url=task.get_absolute_url(),
    )
