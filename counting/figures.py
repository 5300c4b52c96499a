"""How far counts are and how they went, in a fixed number of statements for any number of counts."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from counting.models import CountLine, CountSession, Status

A_MONTH = 30 * 24 * 3600
LATELY = 15


@dataclass(frozen=True)
class Progress:
    """Lines of a count or of a part of it. `off` says how many differ, which only reviewers are told."""

    lines: int = 0
    counted: int = 0
    matched: int = 0
    recounts: int = 0

    @property
    def off(self):
        return self.counted - self.matched

    @property
    def left(self):
        """What counters still have to do."""
        return self.lines - self.counted + self.recounts

    @property
    def uncounted(self):
        return self.lines - self.counted

    @property
    def percent(self):
        """Rounded down: 100 only when all is counted."""
        return 100 * self.counted // self.lines if self.lines else 0

    @property
    def accuracy(self):
        """The share of counted lines that agreed with the book."""
        return 100 * self.matched / self.counted if self.counted else None

    @property
    def label(self):
        return _("%(counted)s of %(lines)s lines counted") % {"counted": self.counted, "lines": self.lines}

    @property
    def recorded(self):
        """For counters: what is done and what is not."""
        return [
            {"status": "recorded", "n": self.counted, "label": _("counted")},
            {"status": "uncounted", "n": self.uncounted, "label": _("left")},
        ]

    @property
    def judged(self):
        """For reviewers: what agrees and what differs too."""
        return [
            {"status": "matched", "n": self.matched, "label": _("match")},
            {"status": "variance", "n": self.off, "label": ngettext("differs", "differ", self.off)},
            {"status": "uncounted", "n": self.uncounted, "label": _("left")},
        ]

    def __add__(self, other):
        return Progress(
            self.lines + other.lines,
            self.counted + other.counted,
            self.matched + other.matched,
            self.recounts + other.recounts,
        )


FIGURES = {
    "lines": Count("pk"),
    "counted": Count("counted_quantity"),
    "matched": Count("pk", filter=Q(discrepancy=0)),
    "recounts": Count("pk", filter=Q(recount_asked=True, counted_quantity__isnull=False)),
}


def stage_of(session: CountSession, progress: Progress) -> str:
    """The word for how a count stands: one being counted that nobody has begun is still a draft."""
    if session.is_posting:
        return "posting"
    if session.status == Status.DRAFT and progress.counted:
        return "counting"
    return session.status


def progress_of(sessions: Iterable[CountSession]) -> dict[int, Progress]:
    """By session. What has ended never changes again, so it is added up once and remembered."""
    sessions = list(sessions)
    # Not by the primary key: another database that shares this Redis has a count of that number too.
    keys = {session.pk: f"count-figures:{session.request_id}" for session in sessions}
    known = cache.get_many([keys[session.pk] for session in sessions if not session.is_open])
    found = {session.pk: Progress(*known[keys[session.pk]]) for session in sessions if keys[session.pk] in known}
    counted = _add_up([session.pk for session in sessions if session.pk not in found])
    remember = {
        keys[session.pk]: (new.lines, new.counted, new.matched, new.recounts)
        for session in sessions
        if not session.is_open and (new := counted.get(session.pk))
    }
    if remember:
        cache.set_many(remember, A_MONTH)
    return {session.pk: Progress() for session in sessions} | found | counted


def _add_up(sessions):
    rows = CountLine.objects.filter(session__in=sessions).order_by().values("session").annotate(**FIGURES)
    return {row.pop("session"): Progress(**row) for row in rows}


@dataclass(frozen=True)
class ZoneProgress:
    code: str
    name: str
    progress: Progress


def progress_by_zone(session: CountSession) -> list[ZoneProgress]:
    """Lines without a zone come last, under no name. Grouped by key: names would be hashed once for every line."""
    rows = session.lines.order_by().values("quant__bin__zone").annotate(**FIGURES)
    by_zone = {row.pop("quant__bin__zone"): Progress(**row) for row in rows}
    zones = {zone.pk: zone for zone in session.location.zones.all()}
    named = [ZoneProgress(zone.code, zone.name, by_zone[pk]) for pk, zone in zones.items() if pk in by_zone]
    return named + [ZoneProgress("", "", progress) for pk, progress in by_zone.items() if pk not in zones]


def people_lately(session: CountSession) -> list[dict]:
    """The same, some seconds old at most: for pages that ask again and again, however many look at them."""
    key = f"count-people:{session.request_id}"
    people = cache.get(key)
    if people is None:
        people = people_of(session)
        cache.set(key, people, LATELY)
    return people


def people_of(session: CountSession) -> list[dict]:
    """Who counted: the person, how many lines, and where and when last."""
    lines = dict(session.lines.looked_at().order_by().values_list("counted_by").annotate(lines=Count("pk")))
    newest = (
        session.lines.looked_at()
        .order_by("counted_by", "-counted_at")
        .distinct("counted_by")
        .select_related("counted_by", "quant__bin")
    )
    people = [
        {"person": line.counted_by, "lines": lines[line.counted_by_id], "at": line.counted_at, "bin": line.quant.bin}
        for line in newest
        if line.counted_by_id in lines
    ]
    return sorted(people, key=lambda each: each["at"], reverse=True)
