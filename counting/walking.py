"""The walk of a count: its bins in walking order, what is left in each, and where to go next."""

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q

from counting.models import CountLine, CountSession
from warehouse.models import Bin

REMEMBERED = 300  # seconds that a walk is remembered: only found items lengthen it
LEFT = Q(counted_quantity__isnull=True) | Q(recount_asked=True)

FIGURES = {"lines": Count("pk"), "left": Count("pk", filter=LEFT)}


@dataclass(frozen=True)
class Progress:
    """How many lines are to be counted in this round, and how many of them still wait."""

    lines: int
    left: int

    @property
    def done(self):
        return self.lines - self.left


@dataclass(frozen=True)
class Place:
    """Where a bin stands on the walk: 12 of 16, between `previous` and `next`. `position` 0: not part of the count."""

    position: int
    bins: int
    previous: Bin | None
    next: Bin | None


def lines_in(session: CountSession, bin: Bin):
    """The lines of one bin."""
    return _findable(session, session.lines.filter(quant__bin=bin))


def _findable(session, lines):
    """Open lines are found by their quants, however many lines the session has."""
    return lines.open() if session.is_open else lines


def progress_in(session: CountSession, bin: Bin) -> Progress:
    return progress_of(lines_in(session, bin).filter(round=session.round))


def progress_of(lines) -> Progress:
    return Progress(**lines.aggregate(**FIGURES))


def with_progress(session: CountSession, bins: list[Bin]) -> list[Bin]:
    """The bins, each with its `progress` in this round; one statement."""
    lines = _findable(session, session.lines.filter(quant__bin__in=bins, round=session.round))
    rows = lines.order_by().values("quant__bin").annotate(**FIGURES)
    progress = {row.pop("quant__bin"): Progress(**row) for row in rows}
    for bin in bins:
        bin.progress = progress.get(bin.pk, Progress(0, 0))
    return bins


def bins_to_walk(session: CountSession):
    """The bins that have lines in this session, in walking order."""
    return _bins_with(session, session.lines.all())


def bins_left(session: CountSession):
    """Those where something is still to be counted in this round."""
    return _bins_with(session, session.lines.countable(session).to_count())


def _bins_with(session, lines):
    here = _findable(session, lines).filter(quant__bin=OuterRef("pk"))
    return Bin.objects.filter(Exists(here), location=session.location_id).in_walking_order()


def first_bin(session: CountSession) -> Bin | None:
    """Where to begin: the first bin with something left, else the first of all."""
    return bins_left(session).first() or bins_to_walk(session).first()


def next_bin_left(session: CountSession, bin: Bin) -> Bin | None:
    """The next bin on the walk where something is left; after the last one the walk starts again."""
    left = bins_left(session).exclude(pk=bin.pk)
    after = Q(walking_order__gt=bin.walking_order) | Q(walking_order=bin.walking_order, code__gt=bin.code)
    # The first condition says nothing new; it lets the index start at this bin.
    return left.filter(after, walking_order__gte=bin.walking_order).first() or left.first()


def place_of(session: CountSession, bin: Bin) -> Place:
    walk = _walk(session, bin)
    if bin.pk not in walk:
        return Place(position=0, bins=len(walk), previous=None, next=next_bin_left(session, bin))
    at = walk.index(bin.pk)
    neighbours = Bin.objects.in_bulk([*walk[max(at - 1, 0) : at], *walk[at + 1 : at + 2]])
    return Place(
        position=at + 1,
        bins=len(walk),
        previous=neighbours.get(walk[at - 1]) if at else None,
        next=neighbours.get(walk[at + 1]) if at + 1 < len(walk) else None,
    )


def _walk(session, bin):
    """The keys of all bins of the walk. Looking them up reads the whole session, so it is not done for every page."""
    key = f"count-walk:{session.request_id}"
    walk = cache.get(key)
    if walk is None or (bin.pk not in walk and lines_in(session, bin).exists()):
        walk = list(bins_to_walk(session).values_list("pk", flat=True))
        cache.set(key, walk, REMEMBERED)
    return walk


def where_stopped(user):
    """The line that this person counted last, of a count that is still going on and has something left; or None."""
    if not user.has_perm("counting.change_countsession"):
        return None
    going_on = CountSession.objects.visible_to(user).being_counted().with_lines_left()
    lines = CountLine.objects.open().filter(session__in=going_on, counted_by=user.pk)
    return lines.select_related("session", "quant__bin").order_by("-counted_at").first()
