"""What a counter sees of a line: the book as it stands now, never the quantity at the opening; in a blind count
neither, but only what they said themselves."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from zlib import crc32

from django.db import connection
from django.utils.translation import gettext as _

from counting.models import CountLine, CountSession, RecountRequest, Sighting, Status
from counting.showing_units import Tally, with_tallies
from counting.sql import recording as sql
from counting.telling import own_counts
from counting.walking import Progress
from inventory_site.figures import localized, plain, typed
from ledger.models import WarehouseEntry
from warehouse.models import Tracking, User

MOVEMENTS_SHOWN = 4
CHANGES = (  # in the order of sql.LINE_NOW
    "open",
    "round",
    "counted_quantity",
    "book_quantity",
    "watermark",
    "begun",
    "disturbed",
    "counted_at",
    "counted_by_id",
    "counted_round",
    "recount_asked",
)


@dataclass(frozen=True)
class Unit:
    """A unit of measure that a line can be counted in; `key` is blank for the base unit."""

    key: str
    name: str
    per: Decimal = Decimal(1)

    @property
    def is_base(self):
        return not self.key

    @property
    def label(self):
        return self.name if self.is_base else _("%(unit)s of %(per)s") % {"unit": self.name, "per": typed(self.per)}


@dataclass
class ShownLine:
    """One line of a bin, ready for its template.

    `begun` is the newest entry of the quant that the page takes as the beginning of the counting. `unit` and `adds` are
    how the counter types, `typed` what must not get lost, `error` what is wrong with it, `remark` what became of
    somebody else's count. Where the session is closed to whoever looks (see counting.blindness), `own` is the one
    quantity that is shown, and nothing else here follows from any other. `tally` are the units of a serialized
    item, `codes` what was typed of them.
    """

    line: CountLine
    session: CountSession
    begun: int | None = None
    unit_key: str = ""
    adds: bool = False
    typed: str | None = None
    arithmetic: str = ""
    error: str = ""
    remark: str = ""
    expanded: bool = False
    movements: list = field(default_factory=list)
    own: Decimal | None = None
    request: RecountRequest | None = None
    tally: Tally | None = None
    codes: str = ""

    def __post_init__(self):
        if self.begun is None:
            self.begun = self.quant.last_entry

    @property
    def pk(self):
        return self.line.pk

    @property
    def quant(self):
        return self.line.quant

    @property
    def item(self):
        return self.quant.item

    @property
    def tags(self):
        """Its units carry tags, which are read and not typed."""
        return self.item.tracking == Tracking.RFID

    # How it stands

    @property
    def is_blind(self):
        return self.session.closed

    @property
    def is_closed(self):
        return not self.line.open or self.session.status != Status.DRAFT or self.line.round != self.session.round

    @property
    def is_waiting(self):
        """Nothing is said yet in this round."""
        return self.line.counted_quantity is None or self.line.recount_asked

    @property
    def counted(self):
        if self.is_waiting:
            return None
        return self.own if self.is_blind else self.line.counted_quantity

    @property
    def book(self):
        """What the book said when this was counted; while it is not, what it says now."""
        if self.is_blind:
            return None
        return self.quant.quantity if self.is_waiting else self.line.book_quantity

    @property
    def discrepancy(self):
        if self.is_waiting or self.is_blind:
            return None
        return self.line.counted_quantity - self.line.book_quantity

    @property
    def missing(self):
        return -self.discrepancy

    @property
    def is_disturbed(self):
        return self.line.disturbed and not self.is_waiting

    @property
    def status(self):
        if self.is_blind:
            return "uncounted" if self.is_waiting else "recorded"
        if self.is_waiting:
            return "recount" if self.line.recount_asked and not self.is_closed else "uncounted"
        if self.is_disturbed:
            return "recount"
        if self.tally:
            return "variance" if self.tally.differs else "matched"
        return "variance" if self.discrepancy else "matched"

    @property
    def round_shown(self):
        """The round whose scans the line shows: that in which it was counted, unless it is to be counted again."""
        return self.line.round if self.is_waiting else self.line.counted_round

    @property
    def version(self):
        """Another one means that the line looks different now. What moves after a count does not change its look, but
        for units, which a line shows as they lie now."""
        counted = "is_counted" if self.is_blind else "counted_quantity"
        said = [getattr(self.line, name) for name in (counted, "counted_at", "disturbed", "recount_asked")]
        now = [self.quant.last_entry] if self.is_waiting or (self.tally and not self.is_blind) else []
        return f"{crc32(repr([*said, self.is_closed, *now]).encode()):x}"

    @property
    def seen(self):
        return f"{self.pk}:{self.begun}:{self.version}"

    # How it is typed

    @cached_property
    def units(self):
        base = Unit("", self.item.base_unit.name)
        others = [
            Unit(str(unit.unit_of_measure_id), unit.unit_of_measure.name, unit.quantity_per)
            for unit in self.item.units.all()
        ]
        return [base, *(unit for unit in others if unit.per != 1)]

    @property
    def unit(self):
        return next((unit for unit in self.units if unit.key == self.unit_key), self.units[0])

    @property
    def factors(self):
        """Units of measure that may be named behind a number, by their names and codes."""
        named = {unit.name: unit.per for unit in self.units}
        return named | {unit.unit_of_measure.code: unit.quantity_per for unit in self.item.units.all()}

    @property
    def text(self):
        """What stands in the field."""
        if self.typed is not None:
            return self.typed
        return "" if self.adds or self.counted is None else in_unit(self.counted, self.unit)

    @property
    def sum(self):
        """The arithmetic behind the count, where there is any."""
        return localized(self.worked_out)

    @property
    def worked_out(self):
        if self.counted is None or len(self.units) == 1:
            return self.arithmetic if not self.is_waiting and " " in self.arithmetic else ""
        if " " in self.arithmetic:
            return self.arithmetic
        unit = self.unit if not self.unit.is_base else self.units[-1]
        whole, rest = divmod(self.counted, unit.per)
        if not whole:
            return ""
        return f"{plain(whole)} × {plain(unit.per)}" + (f" + {plain(rest)}" if rest else "")

    @property
    def can_step_down(self):
        return self.counted is not None and self.counted >= self.unit.per


def in_unit(quantity: Decimal, unit: Unit) -> str:
    """51 in boxes of 12 is "4 + 3": the same text gives the same quantity when it is read."""
    whole, rest = divmod(quantity, unit.per)
    if unit.is_base or not rest:
        return typed(quantity / unit.per) if unit.is_base else plain(whole)
    return f"{plain(whole)} + {typed(rest)}"


def read_again(line: CountLine, *, by: User | None = None) -> Progress:
    """Give the line what counting and posting change, as the database has it now; return how far its bin is."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LINE_NOW, {"line": line.pk})
        *now, line.quant.quantity, line.quant.last_entry, lines, left = cursor.fetchone()
    for name, value in zip(CHANGES, now, strict=True):
        setattr(line, name, value)
    if by and line.counted_by_id == by.pk:
        line.counted_by = by
    return Progress(lines, left)


def shown_to(user: User, lines: Iterable[ShownLine]) -> list[ShownLine]:
    """The lines, each with what moved while it was being counted, with who asked for it again and why and, in a blind
    count, with what this person said; those of serialized items with their units. One statement for each of these, and
    none where there is nothing of it."""
    lines = with_tallies(lines)
    own = own_counts([line.line for line in lines if line.is_blind and not line.tally], user)
    own |= _own_tallies([line for line in lines if line.is_blind and line.tally], user)
    for line in lines:
        line.own = own.get(line.pk)
    return with_movements(_with_requests(lines))


def _own_tallies(lines, user):
    """What was scanned; a quantity that was typed only to whom it is of."""
    typed = [line for line in lines if line.item.auto_serialized and line.line.counted_by_id == user.pk]
    others = set()
    if typed:
        sightings = Sighting.objects.filter(
            line__in=[line.pk for line in typed], round__in={line.round_shown for line in typed}
        )
        others = set(sightings.exclude(by=user.pk).values_list("line", flat=True))
    own = {line.pk: Decimal(line.tally.scanned.total) for line in lines}
    return own | {line.pk: line.line.counted_quantity for line in typed if line.pk not in others}


def with_movements(lines: list[ShownLine]) -> list[ShownLine]:
    spans = {line.line.quant_id: span for line in lines if (span := _disturbed_by(line))}
    if not spans:
        return lines
    entries = WarehouseEntry.objects.filter(quant__in=spans, id__gt=min(begun for begun, _newest in spans.values()))
    moved = {}
    for entry in entries.exclude(quantity=0).select_related("register").order_by("id"):
        begun, newest = spans[entry.quant_id]
        if begun < entry.pk <= newest:
            moved.setdefault(entry.quant_id, []).append(entry)
    for line in lines:
        line.movements = moved.get(line.line.quant_id, [])[-MOVEMENTS_SHOWN:]
    return lines


def _with_requests(lines):
    asked = {shown.pk: shown for shown in lines if shown.line.recount_asked and not shown.is_closed}
    if asked:
        for request in RecountRequest.objects.filter(line__in=asked).select_related("asked_by").order_by("round"):
            asked[request.line_id].request = request
    return lines


def _disturbed_by(shown):
    """The span of entries in question: (after, up to), or nothing."""
    if shown.is_disturbed and shown.line.begun is not None:
        return shown.line.begun, shown.line.watermark
    if shown.is_waiting and not shown.is_closed and shown.begun < shown.quant.last_entry:
        return shown.begun, shown.quant.last_entry
    return None
