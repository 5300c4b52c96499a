"""The walk of a count: its bins in walking order, what is left in each, and where to go next."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from counting.models import CountLine, CountSession
from warehouse.models import Bin

LEFT = Q(counted_quantity__isnull=True) | Q(recount_asked=True)


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
    """The lines of one bin. Open lines are found by their quants, however many lines the session has."""
    lines = session.lines.filter(quant__bin=bin)
    return lines.open() if session.is_open else lines


def progress_in(session: CountSession, bin: Bin) -> Progress:
    return progress_of(lines_in(session, bin).filter(round=session.round))


def progress_of(lines) -> Progress:
    return Progress(**lines.aggregate(lines=Count("pk"), left=Count("pk", filter=LEFT)))


def bins_to_walk(session: CountSession):
    """The bins that have lines in this session, in walking order."""
    return _bins_with(session, session.lines.all())


def bins_left(session: CountSession):
    """Those where something is still to be counted in this round."""
    return _bins_with(session, session.lines.countable(session).to_count())


def _bins_with(session, lines):
    here = lines.filter(quant__bin=OuterRef("pk"))
    return Bin.objects.filter(Exists(here), location=session.location_id).in_walking_order()


def with_progress(session: CountSession, bins):
    """Adds to each bin `lines` and `left`, of this round."""
    here = CountLine.objects.filter(session=session, quant__bin=OuterRef("pk"), round=session.round).order_by()
    counted = here.values("quant__bin")
    return bins.annotate(
        lines=counted.annotate(n=Count("pk")).values("n"), left=counted.annotate(n=Count("pk", filter=LEFT)).values("n")
    )


def first_bin(session: CountSession) -> Bin | None:
    """Where to begin: the first bin with something left, else the first of all."""
    return bins_left(session).first() or bins_to_walk(session).first()


def next_bin_left(session: CountSession, bin: Bin) -> Bin | None:
    """The next bin on the walk where something is left; after the last one the walk starts again."""
    left = bins_left(session).exclude(pk=bin.pk)
    return left.filter(_after(bin)).first() or left.first()


def place_of(session: CountSession, bin: Bin) -> Place:
    bins = bins_to_walk(session)
    counts = bins.order_by().aggregate(
        bins=Count("pk"), before=Count("pk", filter=_before(bin)), here=Count("pk", filter=Q(pk=bin.pk))
    )
    return Place(
        position=counts["before"] + 1 if counts["here"] else 0,
        bins=counts["bins"],
        previous=bins.filter(_before(bin)).reverse().first(),
        next=bins.filter(_after(bin)).first(),
    )


def _after(bin):
    return Q(walking_order__gt=bin.walking_order) | Q(walking_order=bin.walking_order, code__gt=bin.code)


def _before(bin):
    return Q(walking_order__lt=bin.walking_order) | Q(walking_order=bin.walking_order, code__lt=bin.code)
