"""What becomes of units: each one that differs from the books, over a whole count at once.

While a count is open this follows from what was seen, and what has happened since, by one statement (sql.DIFFERING);
completing reads the same under the lock and writes it down. Then it is read from there.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from counting.models import POSTS, CountLine, CountSession, Status, Uncounted, Verdict
from counting.sql import units as sql
from ledger.models import WarehouseEntry
from warehouse.models import Item, Quant, Unit

WHY = {
    Verdict.CONFLICT: _("It was seen in two bins, and lies in one. Say in which, or have both counted again."),
    Verdict.MOVED_SINCE: _(
        "A document moved it after it was scanned, so it stays where that put it. Count again if it does not lie there."
    ),
    Verdict.SEEN_LATER: _("Another count saw it later, in %(bin)s. What was seen last holds: complete %(session)s."),
    Verdict.SEEN_ELSEWHERE: _("It is not lost: %(session)s has seen it, in %(bin)s. Complete that count to move it."),
    Verdict.RELEASED: _("It was issued (%(document)s). Receive it again, or reverse that document, then count it."),
    Verdict.OTHER_LOCATION: _("The books have it at another location. Post a transfer to this one, then count it."),
    Verdict.OTHER_VARIANT: _(
        "It came in as another variant than it was scanned for. Have this line counted again: then it goes to its own."
    ),
    Verdict.UNKNOWN: _("Nobody knows this code. Receive the unit in this bin, and it is taken as counted."),
}
# Where the other count ended; where it is of another location; where ours ended, which wrote not down which it was.
SEEN_BY_AN_ENDED_COUNT = {
    Verdict.SEEN_LATER: _(
        "%(session)s saw it later, in %(bin)s. What was seen last holds. Count again if it lies here."
    ),
    Verdict.SEEN_ELSEWHERE: _(
        "It is not lost: %(session)s saw it afterwards, in %(bin)s, and moved nothing. Count it there."
    ),
}
SEEN_FAR_AWAY = _(
    "A count at another location saw it later. What was seen last holds. Count again if it really lies here."
)
SEEN_BY_SOME_COUNT = {
    Verdict.SEEN_LATER: _("Another count saw it later, and what was seen last holds."),
    Verdict.SEEN_ELSEWHERE: _("It was not lost: another count saw it."),
}
IS_SETTLED = _("It was seen in two bins. As a reviewer said, it lies where the books have it.")
SURPLUS = _("More than are known were counted. Units with numbers of our own are made; to make none, count again.")
NOT_POSTED = _("Its line is left out, waits for another count, or nobody has decided on it: nothing is posted.")


@dataclass
class Difference:
    """One unit that differs (`quantity` of them only where a surplus has no codes yet), and what becomes of it.

    `line` is where it was seen or, of a missing one, where it was not; `seen_on` all lines that it was seen on.
    `post`: completing posts it, or has posted it. `why` says why it cannot be selected, or is not posted, and the way
    out. `other_line` is where another count saw it. `to_quant` of what is to be searched may not exist yet.
    """

    verdict: Verdict
    item: Item
    code: str
    line: CountLine
    unit: Unit | None = None
    from_quant: Quant | None = None
    to_quant: Quant | None = None
    cost: Decimal = Decimal(0)
    quantity: int = 1
    ticked: bool = True
    post: bool = False
    settled: bool = False
    seen_on: list[CountLine] = field(default_factory=list)
    other_line: CountLine | None = None
    why: str = ""

    @property
    def key(self) -> str:
        """For forms: `counting.deciding_units.read_key` takes it apart."""
        return f"{self.item.pk}:{self.code}"

    @property
    def selectable(self) -> bool:
        return self.verdict in POSTS and bool(self.code)

    @property
    def value(self) -> Decimal:
        return self.cost * self.quantity


@dataclass(frozen=True)
class Part:
    """The units of one verdict: how many and what they cost; and of how many of them something is posted."""

    verdict: Verdict
    units: int = 0
    cost: Decimal = Decimal(0)
    posted: int = 0
    posted_cost: Decimal = Decimal(0)


@dataclass(frozen=True)
class Summary:
    """A part for each verdict that there is, in the order of the verdicts."""

    parts: tuple[Part, ...] = ()

    def of(self, verdict: Verdict) -> Part:
        return next((part for part in self.parts if part.verdict == verdict), Part(verdict))

    @property
    def units(self) -> int:
        return sum(part.units for part in self.parts)

    @property
    def posted(self) -> int:
        return sum(part.posted for part in self.parts)

    @property
    def selectable(self) -> int:
        return sum(part.units for part in self.parts if part.verdict in POSTS)

    @property
    def cost(self) -> Decimal:
        return sum((part.cost for part in self.parts), Decimal(0))


@dataclass(frozen=True)
class LineFigures:
    """What is posted for the units of one line: numbers, and sums of what the units cost."""

    written_off: int = 0
    moved_in: int = 0
    moved_out: int = 0
    found: int = 0
    new: int = 0
    written_off_cost: Decimal = Decimal(0)
    added_cost: Decimal = Decimal(0)
    moved_in_cost: Decimal = Decimal(0)
    moved_out_cost: Decimal = Decimal(0)

    @property
    def adjustment_quantity(self) -> int:
        """How many are written off."""
        return self.written_off

    @property
    def adjustment_cost(self) -> Decimal | None:
        """The weighted average of what the units cost that are written off."""
        return self.written_off_cost / self.written_off if self.written_off else None

    @property
    def adjustment_value(self) -> Decimal:
        """By how much the books change: what is found or new, less what is written off."""
        return self.added_cost - self.written_off_cost

    @property
    def stock_transfer_quantity(self) -> int:
        return self.moved_in

    @property
    def stock_transfer_value(self) -> Decimal:
        return self.moved_in_cost

    @property
    def moved(self) -> int:
        return self.moved_in - self.moved_out

    @property
    def adjustment(self) -> int:
        """The change of the quant, movements included."""
        return self.found + self.new - self.written_off + self.moved


@dataclass(frozen=True)
class Unmatched:
    """The codes of a line that stand on one side only: in the books, or in the count."""

    system: list[str] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)


def differences(
    session: CountSession,
    *,
    lines: Iterable[int] | None = None,
    verdicts: Iterable[Verdict] | None = None,
    offset: int = 0,
    limit: int | None = None,
) -> list[Difference]:
    """The units of a count that differ, by verdict, item and code: all, or those that touch these lines, or have these
    verdicts. A fixed number of statements."""
    if not session.lines.serialized().exists():
        return []
    page = {
        "lines": None if lines is None else list(lines),
        "verdicts": None if verdicts is None else [str(verdict) for verdict in verdicts],
        "order": [str(verdict) for verdict in Verdict],
        "offset": offset,
        "limit": limit,
    }
    return _with_names(_read(session, sql.PAGE, page))


def summary(session: CountSession) -> Summary:
    """How many units differ and what they cost, by verdict."""
    if not session.lines.serialized().exists():
        return Summary()
    by_verdict = {Verdict(verdict): Part(Verdict(verdict), *row) for verdict, *row in _read(session, sql.SUMMARY)}
    return Summary(tuple(by_verdict[verdict] for verdict in Verdict if verdict in by_verdict))


def line_figures(session: CountSession, lines: Iterable[CountLine]) -> dict[int, LineFigures]:
    """What is posted for the units of each of these lines that is serialized, by the keys of the lines."""
    serialized = [line.pk for line in lines if line.serialized]
    if not serialized:
        return {}
    found = {pk: LineFigures(*row) for pk, *row in _read(session, sql.LINE_FIGURES, {"lines": serialized})}
    return {pk: found.get(pk, LineFigures()) for pk in serialized}


def lines_that_hide(session: CountSession) -> set[int]:
    """The lines whose quantity is right and whose units are not: they are to be decided on though they match."""
    if not session.is_open or not session.lines.serialized().exists():
        return set()
    return {pk for (pk,) in _read(session, sql.LINES_THAT_HIDE)}


def lines_that_differ(session: CountSession) -> dict[int, bool]:
    """The lines that units which differ are about; True where they hide behind a quantity that is right."""
    if not session.lines.serialized().exists():
        return {}
    return {pk: bool(hides) for pk, hides in _read(session, sql.LINES_THAT_DIFFER)}


def unmatched(session: CountSession, lines: Iterable[int] | None = None) -> dict[int, Unmatched]:
    """What the books and the count do not agree about, by line: of all lines, or of these."""
    if not session.lines.serialized().exists():
        return {}
    sides = {}
    for line, seen, code, quantity in _read(session, sql.UNMATCHED, {"lines": None if lines is None else list(lines)}):
        side = sides.setdefault(line, Unmatched())
        (side.counted if seen else side.system).append(code or _("%s new") % quantity)
    return sides


@contextmanager
def read_once(session: CountSession) -> Iterator[None]:
    """For whoever asks several of these questions: all of them are answered from one reading."""
    if not session.is_open or not session.lines.serialized().exists():
        yield
        return
    with transaction.atomic():
        set_out(session)
        session.units_are_set_out = True
        try:
            yield
        finally:
            del session.units_are_set_out


def set_out(session: CountSession) -> None:
    """Write what becomes of each unit into a table that lives as long as the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(sql.CREATE_TABLE)
        cursor.execute(sql.SET_OUT, params_of(session))


def is_set_out(session: CountSession) -> bool:
    """Whether this is asked inside `read_once`."""
    return getattr(session, "units_are_set_out", False)


def _read(session, statement, params=None):
    """Rows of a statement about `difference`: as things stand or, once it is completed, as it was written down."""
    source = sql.DIFFERING if session.is_open else sql.WRITTEN_DOWN
    if is_set_out(session):
        source = sql.READ_FROM_TABLE
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {source} {statement}", params_of(session) | (params or {}))
        return cursor.fetchall()


def params_of(session: CountSession) -> dict:
    """What the statements about units ask of a session."""
    takes_zeros = session.status == Status.DRAFT and session.uncounted == Uncounted.ZERO
    return {
        "session": session.pk,
        "location": session.location_id,
        "leave": session.leaves_undecided,
        "zero_up_to": session.opened_entry if takes_zeros else None,
        "search": session.location.search_days > 0,
    }


def _with_names(rows):
    """Differences of rows of sql.PAGE, with all that is said about them."""
    keys = [dict(zip(sql.COLUMNS, row, strict=True)) for row in rows]
    named = {name: {key[name] for key in keys} - {None} for name in sql.COLUMNS if name.endswith("_id")}
    seen_on = {line for key in keys for line in key["seen_on"] or ()}
    lines = CountLine.objects.with_names().select_related("session")
    lines = lines.in_bulk(named["line_id"] | named["other_line_id"] | seen_on)
    quants = Quant.objects.select_related("bin", "item").in_bulk(named["from_quant_id"] | named["to_quant_id"])
    units = Unit.objects.select_related("item", "lot", "variant").in_bulk(named["unit_id"])
    documents = _documents_of([units[key["unit_id"]] for key in keys if key["verdict"] == Verdict.RELEASED])
    found = [
        Difference(
            verdict=Verdict(key["verdict"]),
            item=lines[key["line_id"]].quant.item,
            code=key["code"],
            line=lines[key["line_id"]],
            unit=units.get(key["unit_id"]),
            from_quant=quants.get(key["from_quant_id"]),
            to_quant=quants.get(key["to_quant_id"]),
            cost=key["cost"],
            quantity=key["quantity"],
            ticked=key["ticked"],
            post=key["posted"],
            settled=key["settled"],
            seen_on=[lines[line] for line in key["seen_on"] or ()],
            other_line=lines.get(key["other_line_id"]),
        )
        for key in keys
    ]
    for difference in found:
        difference.why = _why(difference, documents)
    return found


def _documents_of(units):
    """The numbers of the documents that issued these units."""
    entries = WarehouseEntry.objects.filter(pk__in=[unit.last_entry for unit in units])
    return dict(entries.values_list("pk", "register__number"))


def _why(difference, documents):
    if difference.verdict == Verdict.CONFLICT and difference.settled:
        return str(IS_SETTLED)
    if difference.verdict in SEEN_BY_AN_ENDED_COUNT:
        return _seen_by(difference.other_line, difference)
    if difference.verdict in WHY:
        document = documents.get(difference.unit.last_entry, "–") if difference.unit else "–"
        return str(WHY[difference.verdict]) % {"document": document}
    if not difference.code and difference.line.open:
        return str(SURPLUS)
    if difference.ticked and not difference.post:
        return str(NOT_POSTED)
    return ""


def _seen_by(other, difference):
    if other is None:
        return str(SEEN_BY_SOME_COUNT[difference.verdict])
    if other.session.location_id != difference.line.session.location_id:
        return str(SEEN_FAR_AWAY)  # its bins are not for everybody
    said = WHY if other.open else SEEN_BY_AN_ENDED_COUNT
    return str(said[difference.verdict]) % {"bin": other.quant.bin, "session": other.session}
