"""What happened to a count, newest first: what people did to it, what they counted and what they scanned.

A reader gives hundreds of codes in a moment: scans of one person in one bin are told minute by minute, as bursts.

People who see no evidence are told neither the decisions of a review nor figures that are closed to them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Count, Exists, F, Max, OuterRef, Q, Value
from django.db.models.functions import TruncMinute
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from counting.blindness import is_kept_blind
from counting.models import Activity, CountEntry, CountSession, Deed, EntryKind, PutAside, ScanKind
from counting.telling import told
from inventory_site.templatetags.truecount import quantity, signed
from ledger.models import WarehouseEntry
from warehouse.models import Bin, User

SHOWN = 6  # of each kind, on the page of the count
PAGE = 50

STATUS = {
    Deed.OPENED: "counting",
    Deed.ZEROED: "counted",
    Deed.EXPECTED: "counted",
    Deed.MARKED: "counted",
    Deed.REOPENED: "counting",
    Deed.RECOUNT_ASKED: "recount",
    Deed.ACCEPTED: "accepted",
    Deed.LEFT_OUT: "released",
    Deed.MOVED: "transfer",
    Deed.UNITS_TICKED: "accepted",
    Deed.UNITS_UNTICKED: "released",
    Deed.UNIT_SETTLED: "accepted",
    Deed.GUARD_SET: "waiting",
    Deed.GUARD_OVERRIDDEN: "variance",
    Deed.COMPLETION_ASKED: "posting",
    Deed.COMPLETION_REFUSED: "error",
    Deed.COMPLETED: "completed",
    Deed.CANCELLED: "cancelled",
    Deed.REVERSED: "cancelled",
}
# What a review decides about single lines says which of them differ.
DECISIONS = {
    Deed.EARLIER_KEPT, Deed.ACCEPTED, Deed.LEFT_OUT, Deed.RECONSIDERED, Deed.REASON_GIVEN, Deed.VERIFIED,
    Deed.UNVERIFIED, Deed.MOVED, Deed.UNITS_TICKED, Deed.UNITS_UNTICKED, Deed.UNIT_SETTLED, Deed.COMPLETION_REFUSED,
}  # fmt: skip
# So does how many lines these were about.
OF_LINES_THAT_DIFFER = {Deed.COMPLETION_ASKED, Deed.COMPLETED, Deed.REVERSED}

COUNTED, PUT_ASIDE, SCANNED = "counted", "put_aside", "scanned"
WHAT_ELSE = [
    (COUNTED, gettext_lazy("counted a line")),
    (SCANNED, gettext_lazy("scanned units")),
    (PUT_ASIDE, gettext_lazy("put a scan aside")),
]
BURST = ("by", "kind", "bin", "round", "minute")  # scans that these are the same of are told as one
LATELY = timedelta(hours=1)
SCANS = {
    ScanKind.SEEN: (gettext_lazy("scanned units"), "recorded"),
    ScanKind.ALL_PRESENT: (gettext_lazy("found all that is expected"), "recorded"),
    ScanKind.ALLOTTED: (gettext_lazy("counted units by quantity"), "recorded"),
    ScanKind.TYPED: (gettext_lazy("counted units by quantity"), "recorded"),
    ScanKind.TAKEN_BACK: (gettext_lazy("took scans back"), ""),
}


@dataclass(frozen=True)
class Viewer:
    """Who looks: `judged`: at all the evidence; `closed`: quantities of this count are closed to them."""

    user: User
    judged: bool
    closed: bool

    @property
    def kept_blind(self):
        return is_kept_blind(self.user)


@dataclass(frozen=True)
class Event:
    """`title` is a sentence; the timeline shows it with `note`, the list of all shows its parts."""

    at: datetime
    by: User | None
    what: str
    lines: int | None = None
    note: str = ""
    status: str = ""
    url: str = ""
    title: str = ""


def history_of(session: CountSession, viewer: Viewer) -> list[Event]:
    """The newest of each kind, for the timeline of the page."""
    events = [
        *(of_activity(each, viewer) for each in activities(session, viewer).select_related("by")[: 2 * SHOWN]),
        *_counts(session, viewer),
        *map(of_scan, session.put_aside.select_related("by", "bin")[:SHOWN]),
        *_bursts_lately(session, viewer),
    ]
    if viewer.judged and session.is_open:
        events += _movements(session)
    return sorted(events, key=lambda event: event.at, reverse=True)


def activities(session, viewer):
    return session.activities.all() if viewer.judged else session.activities.exclude(deed__in=DECISIONS)


def of_activity(activity: Activity, viewer: Viewer) -> Event:
    deed = Deed(activity.deed)
    lines = activity.lines if viewer.judged or deed not in OF_LINES_THAT_DIFFER else None
    about = ngettext("%s line", "%s lines", lines) % quantity(lines) if lines is not None else ""
    words = {"person": activity.by, "deed": deed.label}
    said = _("%(person)s %(deed)s") if activity.by else _("It %(deed)s")
    return Event(
        at=activity.at,
        by=activity.by,
        what=deed.label,
        lines=lines,
        note=activity.note,
        status=STATUS.get(deed, ""),
        title=" · ".join(filter(None, [said % words, about])),
    )


def _counts(session, viewer):
    """The lines that were counted last; of units the scans are told."""
    lines = (
        session.lines.looked_at()
        .filter(serialized=False)
        .select_related("counted_by", "quant__item", "quant__bin", "session")
    )
    closed = frozenset([session.location_id] if viewer.closed else [])
    for line in told(lines.order_by("-counted_at")[:SHOWN], viewer.user, closed=closed):
        yield counted(line.counted_by, line.told, line.quant, at=line.counted_at)


def counted(by, number, quant, *, at):
    words = {"person": by or _("Somebody"), "quantity": quantity(number), "bin": quant.bin}
    title = _("%(person)s counted in %(bin)s") if number is None else _("%(person)s counted %(quantity)s in %(bin)s")
    return Event(at=at, by=by, what=_("counted"), note=quant.item.name, status="recorded", title=title % words)


def of_scan(scan: PutAside) -> Event:
    return Event(
        at=scan.at,
        by=scan.by,
        what=_("put a scan aside"),
        note=scan.code,
        status="" if scan.settled_at else "waiting",
        title=_("%s put a scan aside") % scan.by,
    )


def _bursts_lately(session, viewer):
    """Of the last hour in which somebody scanned."""
    newest = session.unit_scans.aggregate(at=Max("scanned_at"))["at"]
    if not newest:
        return []
    lately = bursts(session).filter(scanned_at__gte=newest - LATELY)
    return of_bursts(list(lately.order_by("-when")[:SHOWN]), session, viewer)


def _movements(session):
    entries = WarehouseEntry.objects.filter(
        register__location=session.location_id,
        register__posted_at__gt=session.opened_at,
        quant__count_lines__session=session,
        quant__count_lines__open=True,
    )
    for entry in entries.with_names().order_by("-register__posted_at", "-pk")[:SHOWN]:
        kind = entry.register.get_kind_display()
        yield Event(
            at=entry.register.posted_at,
            by=entry.register.by,
            what=kind,
            title=f"{entry.register.number} {signed(entry.quantity)} {entry.quant.item.name}",
            note=_("%(kind)s in %(bin)s, while it is counted") % {"kind": kind, "bin": entry.quant.bin},
            status="transfer",
            url=entry.register.get_absolute_url(),
        )


# All of it, page by page


def everything(session: CountSession, viewer: Viewer, *, by: int | None = None, what: str = "", page: int = 1):
    """(events of a page, whether older ones follow): deeds, count entries and scans put aside, in one order of time."""
    sources = {
        "deed": activities(session, viewer),
        COUNTED: CountEntry.objects.filter(line__session=session),
        PUT_ASIDE: session.put_aside.all(),
        SCANNED: session.unit_scans.all(),
    }
    if what:
        sources = {kind: rows for kind, rows in sources.items() if kind == (what if what in sources else "deed")}
        if "deed" in sources:
            sources["deed"] = sources["deed"].filter(deed=what)
    if by:
        sources = {kind: rows.filter(by=by) for kind, rows in sources.items()}
    keys = [_burst_keys(rows) if kind == SCANNED else _keys(kind, rows) for kind, rows in sources.items()]
    newest = keys[0].union(*keys[1:], all=True).order_by("-when", "source", "-key")
    found = list(newest[(page - 1) * PAGE : page * PAGE + 1])
    return _read(found[:PAGE], session, viewer), len(found) > PAGE


def _keys(kind, rows):
    moment = "counted_at" if kind == COUNTED else "at"
    named = {"when": F(moment), "source": Value(kind, output_field=CharField()), "key": F("pk")}
    return rows.order_by().annotate(**named).values_list(*named)


def _burst_keys(scans):
    """A burst goes by the key and the time of its last scan."""
    named = ("when", "source", "key")
    return _joined(scans).annotate(source=Value(SCANNED, output_field=CharField())).values_list(*named)


def _read(found, session, viewer):
    keys, scanned = {}, []
    for when, kind, key in found:
        keys.setdefault(kind, []).append(key)
        if kind == SCANNED:
            scanned.append(when)
    events = {("deed", one.pk): of_activity(one, viewer) for one in _deeds(keys.get("deed", []))}
    events |= {(COUNTED, one.pk): of_entry(one, viewer) for one in _entries(keys.get(COUNTED, []))}
    events |= {(PUT_ASIDE, one.pk): of_scan(one) for one in _scans(keys.get(PUT_ASIDE, []))}
    if scanned:
        told = _bursts(session, keys[SCANNED], scanned)
        events |= {
            (SCANNED, one["key"]): event for one, event in zip(told, of_bursts(told, session, viewer), strict=True)
        }
    return [events[kind, key] for _when, kind, key in found]


def _deeds(keys):
    return Activity.objects.filter(pk__in=keys).select_related("by")


def _scans(keys):
    return PutAside.objects.filter(pk__in=keys).select_related("by", "bin")


def bursts(session: CountSession):
    """The scans of a count as rows of BURST, `codes` (how many), `when` (the last of them) and `key`."""
    return _joined(session.unit_scans.all())


def _joined(scans):
    by_minute = scans.order_by().annotate(minute=TruncMinute("scanned_at")).values(*BURST)
    return by_minute.annotate(codes=Count("pk"), when=Max("scanned_at"), key=Max("pk"))


def _bursts(session, keys, moments):
    """Those with these keys; looked for only around the moments at which they ended."""
    around = (min(moments).replace(second=0, microsecond=0), max(moments))
    return list(bursts(session).filter(scanned_at__range=around, key__in=keys))


def of_bursts(found: Iterable[dict], session: CountSession, viewer: Viewer) -> list[Event]:
    people = User.objects.in_bulk({one["by"] for one in found})
    bins = Bin.objects.in_bulk({one["bin"] for one in found})
    return [_of_burst(one, people.get(one["by"]), bins[one["bin"]], session, viewer) for one in found]


def _of_burst(burst, person, bin, session, viewer):
    what, status = SCANS[ScanKind(burst["kind"])]
    codes = burst["codes"]
    said = (
        ngettext("%(n)s code in %(bin)s", "%(n)s codes in %(bin)s", codes)
        if _is_counted(burst, session, viewer)
        else _("in %(bin)s")
    )
    return Event(
        at=burst["when"],
        by=person,
        what=what,
        note=said % {"n": quantity(codes), "bin": bin},
        status=status,
        title=_("%(person)s %(deed)s") % {"person": person or _("Somebody"), "deed": what},
    )


def _is_counted(burst, session, viewer):
    """May it be told how many codes these were? Of what others have scanned that is what they have counted; and how
    many units a quantity was made of tells how many are known."""
    if viewer.judged or not viewer.kept_blind:
        return not viewer.closed
    own = burst["by"] == viewer.user.pk and burst["kind"] in (ScanKind.SEEN, ScanKind.TAKEN_BACK)
    return burst["round"] == session.round and (own or not viewer.closed)


def _entries(keys):
    """With `carried`: whether an entry repeats what an earlier round has said, maybe by several people."""
    earlier = CountEntry.objects.filter(
        line=OuterRef("line"), counted_at=OuterRef("counted_at"), round__lt=OuterRef("round")
    )
    entries = CountEntry.objects.filter(pk__in=keys).annotate(carried=Exists(earlier))
    return entries.select_related("by", "line__quant__bin", "line__quant__item")


def of_entry(entry: CountEntry, viewer: Viewer) -> Event:
    quant = entry.line.quant
    said = {
        EntryKind.SET: quantity(entry.quantity),
        EntryKind.ADD: signed(entry.quantity),
        EntryKind.CLEAR: _("not counted any more"),
        EntryKind.ZERO: _("nobody counted it, taken as zero")
        if entry.quantity is not None
        else _("not taken as zero any more"),
    }[EntryKind(entry.kind)]
    is_figure = entry.kind in (EntryKind.SET, EntryKind.ADD)
    told = said if not is_figure or is_told(entry, viewer) else _("a count")
    return Event(
        at=entry.counted_at,
        by=entry.by,
        what=EntryKind.ZERO.label if entry.kind == EntryKind.ZERO else _("counted"),
        note=_("%(item)s in %(bin)s: %(said)s") % {"item": quant.item.name, "bin": quant.bin, "said": told},
        status="recorded",
    )


def is_told(entry: CountEntry, viewer: Viewer) -> bool:
    """May the figure be told? A recount is blind to earlier rounds; in a blind count only one's own is told."""
    if viewer.judged or not viewer.kept_blind:
        return not viewer.closed
    own = entry.by_id == viewer.user.pk and not entry.carried
    return entry.round == entry.line.round and (own or not viewer.closed)


def people_in(session: CountSession):
    """Everybody who has done something to a count, for the filter of the list."""
    who = Q(pk__in=session.activities.values("by")) | Q(pk__in=session.lines.order_by().values("counted_by"))
    who |= Q(pk__in=session.put_aside.values("by")) | Q(pk__in=session.unit_scans.order_by().values("by"))
    return User.objects.filter(who).order_by("username")


def deeds_shown(viewer: Viewer) -> Iterable[tuple[str, str]]:
    deeds = [choice for choice in Deed.choices if viewer.judged or choice[0] not in DECISIONS]
    return [*WHAT_ELSE, *deeds]
