"""The lines of a count as a spreadsheet: to be counted on it, to be kept, or to go back into another system.

A line leaves with its key and its version. The version tells, when the file comes back, whether the line was counted
or asked for again meanwhile, and which movements the counter could not know of; it tells no quantity.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models, transaction
from django.db.models import Count, OuterRef
from django.utils.translation import gettext_lazy as _

from counting.activity import remember
from counting.blindness import sees_earlier_counts, sees_quantities
from counting.models import CountSession, Deed, Sighting
from counting.telling import own_counts
from warehouse.models import Bin, BinKind, Unit, User

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CODES_IN_A_CELL = 500  # a cell of a workbook holds 32,767 characters, a tag up to 124
VERSION = re.compile(r"r(?P<round>\d{1,4})m(?P<begun>\d{1,18})c(?P<counted>\d{1,18})")


class Layout(models.TextChoices):
    """Whose headings a file has. Files of the others hold counted lines only: a blank would be a zero there."""

    TRUECOUNT = "truecount", _("Truecount")
    OPENBOXES = "openboxes", _("OpenBoxes")
    ODOO = "odoo", _("Odoo")
    ERPNEXT = "erpnext", _("ERPNext")


PURPOSES = {
    Layout.TRUECOUNT: _("To be counted on and imported again: every line carries its number and how it stood."),
    Layout.OPENBOXES: _("The count sheet of its inventory import."),
    Layout.ODOO: _("Counted lines in the columns of its physical inventory."),
    Layout.ERPNEXT: _("Counted lines in the columns of its stock reconciliation."),
}


class Which(models.TextChoices):
    ALL = "all", _("All lines")
    LEFT = "left", _("Still to be counted")
    COUNTED = "counted", _("Counted")


class Row(NamedTuple):
    pk: int
    round: int
    last_entry: int
    bin: str
    bin_name: str
    bin_kind: str
    item: str
    name: str
    variant: str | None
    lot: str | None
    expires: date | None
    unit: str
    counted: Decimal | None
    counted_by: int | None
    counter: str | None
    counted_at: datetime | None
    recount_asked: bool
    system: Decimal
    book: Decimal | None
    discrepancy: Decimal | None
    adjustment: Decimal | None
    unit_cost: Decimal
    seen: list[str] | None = None
    booked: list[str] | None = None


PATHS = (
    "pk",
    "round",
    "quant__last_entry",
    "quant__bin__code",
    "quant__bin__name",
    "quant__bin__kind",
    "quant__item__number",
    "quant__item__name",
    "quant__variant__code",
    "quant__lot__number",
    "quant__lot__expiration_date",
    "quant__item__base_unit__code",
    "counted_quantity",
    "counted_by",
    "counted_by__username",
    "counted_at",
    "recount_asked",
    "system_quantity",
    "book_quantity",
    "discrepancy",
    "adjustment",
    "unit_cost",
)


@dataclass(frozen=True)
class Version:
    """How a line stood when a file was made: its round, the newest entry of its quant, and when it was counted."""

    round: int
    begun: int
    counted: int  # microseconds since 1970; 0: not counted

    def __str__(self):
        return f"r{self.round}m{self.begun}c{self.counted}"

    @classmethod
    def of(cls, row: Row) -> "Version":
        return cls(row.round, row.last_entry, microseconds(row.counted_at) if row.counted is not None else 0)

    @classmethod
    def read(cls, text: str) -> "Version | None":
        match = VERSION.fullmatch(text)
        return cls(*map(int, match.groups())) if match else None


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Sight:
    """What a person may be told of a count: quantities of the books, what others counted, also before a recount was
    asked for, and money."""

    books: bool
    others: bool
    earlier: bool
    money: bool
    own: dict[int, Decimal]

    @classmethod
    def of(cls, user: User, session: CountSession) -> "Sight":
        told = sees_quantities(user, session)
        evidence = user.has_perm("counting.review_countsession") or user.has_perm("ledger.view_warehouseentry")
        return cls(
            books=told and evidence,
            others=told,
            earlier=sees_earlier_counts(user, session),
            money=told and user.has_perm("ledger.view_valueentry"),
            own={} if told else own_counts(session.lines.filter(counted_by=user.pk), user),
        )

    def counted(self, row: Row) -> Decimal | None:
        """What a line was counted, as far as it stands and this person may know; their own count they know."""
        if row.recount_asked:
            return None
        if self.others:
            return row.counted
        return self.own.get(row.pk, Decimal(len(row.seen)) if row.seen else None)

    def seen(self, row: Row) -> list[str]:
        """The codes that a count consists of; of a blind one those that they scanned themselves (units_of)."""
        return row.seen or [] if self.counted(row) is not None else []


@dataclass(frozen=True)
class Export:
    name: str
    header: Sequence[str]
    rows: Iterator[tuple]


Cell = Callable[[Row], object]


@transaction.atomic
def export_lines(
    session: CountSession, *, layout: Layout, which: Which = Which.ALL, by: User, at: datetime, note: str = ""
) -> Export:
    """The lines that this person may see, and as much of each as they may be told. Remembered with the session."""
    sight = Sight.of(by, session)
    lines = chosen_lines(session, which, layout)
    columns = COLUMNS[layout](session, sight)
    remember(session, Deed.EXPORTED, by=by, at=at, lines=lines.count(), note=note or str(Layout(layout).label))
    units = units_of(session, sight, by)
    rows = itertools.starmap(Row, lines.in_walking_order().values_list(*PATHS, *units).iterator())
    if layout in (Layout.ODOO, Layout.ERPNEXT):
        rows = (row for row in rows if sight.counted(row) is not None)
    if units:
        rows = one_by_one(rows, sight) if layout == Layout.ODOO else in_full_cells(rows, sight)
    cells = [cell for _heading, cell in columns]
    name = session.number if layout == Layout.TRUECOUNT else f"{session.number}-{layout}"
    return Export(name, [heading for heading, _cell in columns], (tuple(cell(row) for cell in cells) for row in rows))


def has_units(session: CountSession) -> bool:
    return session.lines.serialized().exists()


def units_of(session: CountSession, sight: Sight, by: User) -> list[ArraySubquery]:
    """The codes on a line, and those that its quant has in the books now; asked for only where units are counted."""
    if not has_units(session):
        return []
    seen = Sighting.objects.filter(line=OuterRef("pk"), round=OuterRef("counted_round"))
    booked = Unit.objects.filter(quant=OuterRef("quant"))
    if not sight.others:
        seen = seen.filter(by=by)
    return [ArraySubquery(codes.order_by("code").values("code")) for codes in (seen, booked)]


def one_by_one(rows: Iterable[Row], sight: Sight) -> Iterator[Row]:
    """A row for each unit, where units were seen; those without a number yet stay together."""
    for row in rows:
        seen = sight.seen(row)
        unnamed = sight.counted(row) - len(seen)
        yield from (row._replace(lot=code, counted=Decimal(1), seen=[code]) for code in seen)
        if unnamed or not seen:
            yield row._replace(counted=unnamed, seen=None)


def in_full_cells(rows: Iterable[Row], sight: Sight) -> Iterator[Row]:
    """The line once more where a cell of a spreadsheet holds no more codes."""
    for row in rows:
        lists = [sight.seen(row), (row.booked or []) if sight.books else []]
        for start in range(0, max(1, *map(len, lists)), CODES_IN_A_CELL):
            seen, booked = (codes[start : start + CODES_IN_A_CELL] for codes in lists)
            yield row._replace(seen=seen, booked=booked)


def chosen_lines(session: CountSession, which: Which, layout: Layout):
    if layout in (Layout.ODOO, Layout.ERPNEXT) or which == Which.COUNTED:
        return session.lines.counted().filter(recount_asked=False)
    return session.lines.to_count() if which == Which.LEFT else session.lines.all()


def truecount_columns(session: CountSession, sight: Sight) -> list[tuple[str, Cell]]:
    with_units = has_units(session)
    columns: list[tuple[str, Cell]] = [
        ("Line", lambda row: row.pk),
        ("Version", lambda row: str(Version.of(row))),
        ("Bin", lambda row: row.bin),
        ("Item", lambda row: row.item),
        ("Name", lambda row: row.name),
        ("Variant", lambda row: row.variant),
        ("Lot", lambda row: row.lot),
        ("Expires", lambda row: row.expires),
        ("Unit", lambda row: row.unit),
        ("Counted", sight.counted),
        *([("Serial numbers", lambda row: in_one_cell(sight.seen(row)))] if with_units else []),
        ("Counted by", lambda row: row.counter if row.counted is not None else None),
        ("Counted at", lambda row: row.counted_at if row.counted is not None else None),
    ]
    if sight.books:
        columns += [
            ("System quantity", lambda row: row.system),
            ("Book quantity", lambda row: row.book),
            ("Discrepancy", lambda row: row.discrepancy),
            *([("Units in the books", lambda row: in_one_cell(row.booked))] if with_units else []),
            *([("Adjusted", lambda row: row.adjustment)] if session.ended_at else []),
            *([("Unit cost", lambda row: row.unit_cost)] if sight.money else []),
        ]
    return columns


def openboxes_columns(session: CountSession, sight: Sight) -> list[tuple[str, Cell]]:
    place = place_in(session, "")
    return [
        ("Product code", lambda row: row.item),
        ("Product name", lambda row: row.name),
        ("Lot number", lambda row: row.lot),
        ("Expiration date", lambda row: f"{row.expires:%m/%d/%Y}" if row.expires else None),
        ("Bin location", place),
        ("OB QOH", lambda row: row.system if sight.books else None),
        ("Physical QOH", sight.counted),
        ("Comment", lambda row: None),
    ]


def odoo_columns(session: CountSession, sight: Sight) -> list[tuple[str, Cell]]:
    return [
        ("Location", place_in(session, session.location.name)),
        ("Product", lambda row: row.item),
        ("Lot/Serial Number", lambda row: row.lot),
        ("Counted Quantity", sight.counted),
    ]


def erpnext_columns(session: CountSession, sight: Sight) -> list[tuple[str, Cell]]:
    """Lots only where there are some. A warehouse there is a bin here, or the location where stock has no bin."""
    lots: list[tuple[str, Cell]] = [("Batch No", lambda row: row.lot)]
    serials: list[tuple[str, Cell]] = [("Serial No", lambda row: "\n".join(sight.seen(row)) or None)]
    return [
        ("Item Code", lambda row: row.item),
        ("Warehouse", place_in(session, session.location.name)),
        ("Quantity", sight.counted),
        ("Valuation Rate", lambda row: row.unit_cost if sight.money else None),
        *(lots if session.lines.filter(quant__lot__isnull=False).exists() else []),
        *(serials if has_units(session) else []),
    ]


def in_one_cell(codes: Sequence[str] | None) -> str | None:
    return ", ".join(codes) if codes else None


def place_in(session: CountSession, without_bin: str) -> Cell:
    """As other systems know a bin: by its name, unless several bins have it."""
    named = Bin.objects.filter(location=session.location_id).order_by().values_list("name").annotate(bins=Count("pk"))
    repeated = {name for name, bins in named if bins > 1}

    def place(row: Row) -> str:
        if row.bin_kind == BinKind.IMPLICIT:
            return without_bin
        return row.bin if row.bin_name in repeated else row.bin_name or row.bin

    return place


COLUMNS: dict[Layout, Callable[[CountSession, Sight], list[tuple[str, Cell]]]] = {
    Layout.TRUECOUNT: truecount_columns,
    Layout.OPENBOXES: openboxes_columns,
    Layout.ODOO: odoo_columns,
    Layout.ERPNEXT: erpnext_columns,
}
