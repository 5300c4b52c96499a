"""Opening stock from files: a dry run that says everything at once, then one transaction.

    plan = plan_import([SourceFile("stock.csv", content), ...], location="Boston Warehouse", by=user)
    if not plan.errors:
        apply_import(plan, by=user, at=today)

A file is loaded once at a location: its register's request_id is made of its digest and the location's code. Stock is
never added to a quant that has entries already: then the books know more than the file.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import LinesRefused
from ledger.models import Kind, Register
from ledger.posting import Document, Line, PostingRefused, lock_locations, post
from ledger.stock_files import (
    StockLine,
    StockRow,
    check_absent,
    check_stock,
    check_untouched,
    expiration_dates,
    known_items,
    known_quants,
    read_stock,
)
from warehouse.cells import Cells
from warehouse.dialects import without_company
from warehouse.imports import FileKind, Records, columns_of, ignored_columns, kind_of, read_records
from warehouse.loading import ids_of_items, load_lots, load_master_data, load_quants
from warehouse.matching import SENTENCES as MATCHING_SENTENCES
from warehouse.matching import MasterData, match
from warehouse.models import Bin, Location, Lot, User
from warehouse.spreadsheets import RowError, SourceFile, Table, read_table, squash

Progress = Callable[[str, int, int], None]
STEPS = ("places and items", "lots", "quants", "posting")

SENTENCES = {
    "location_missing": _("Say at which location this stock lies."),
    "duplicate_file": _("Two files have this name."),
    **{code: MATCHING_SENTENCES[code] for code in ("unknown_location",)},
}


class ImportRefused(LinesRefused):
    """Rows are wrong; all of them are in `errors`, as RowError. Nothing was written."""

    code, text = "import_refused", _("Nothing was imported: rows must be corrected first.")


@dataclass
class FilePlan:
    """What one file is. `location` is where its stock lies; `loaded` names the documents that loaded it before."""

    name: str
    kind: FileKind | None = None
    rows: int = 0
    ignored_columns: list[str] = field(default_factory=list)
    dates: str = ""
    location: str = ""
    needs_location: bool = False
    loaded: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass
class Batch:
    """The stock of one file at one location: one register."""

    file: str
    location: str
    request_id: UUID
    lines: list[StockLine] = field(default_factory=list)

    @property
    def to_post(self) -> list[StockLine]:
        return [line for line in self.lines if line.row.quantity]


@dataclass
class ImportPlan:
    files: list[FilePlan] = field(default_factory=list)
    master: MasterData | None = None
    batches: list[Batch] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    created: Counter = field(default_factory=Counter)
    existing: Counter = field(default_factory=Counter)
    quantity: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    unknown_locations: Counter = field(default_factory=Counter)

    @property
    def skipped(self):
        return self.master.skipped

    @property
    def nothing_new(self) -> bool:
        return not any(self.created.values())


def plan_import(
    files: Sequence[SourceFile],
    *,
    location: str = "",
    locations: Mapping[str, str] | None = None,
    create_locations: Collection[str] = (),
    by: User | None = None,
) -> ImportPlan:
    """Read and check everything; write nothing.

    `location` (or `locations`, by name of file) is the code or the name of where stock lies whose file does not say.
    `create_locations` are names that no file defines and that shall be made. `by`: whoever is limited to locations.
    """
    plan, records, stock = ImportPlan(), Records(), []
    for file in files:
        chosen = (locations or {}).get(file.name) or location
        stock += plan_file(plan, file, chosen, records)
    plan.master = match(records, create_locations=create_locations, by=by)
    plan.errors += plan.master.errors
    plan.unknown_locations += plan.master.unknown_parents
    note_unknown_locations(plan)
    plan_stock(plan, stock, {file.name: file.digest for file in files})
    plan.created = Counter(plan.master.created) + plan.created
    plan.existing += plan.master.existing
    plan.errors = in_reading_order(plan)
    return plan


def in_reading_order(plan: ImportPlan) -> list[RowError]:
    """By file and row, with the columns named as they are in the file."""
    order = {file.name: position for position, file in enumerate(plan.files)}
    headers = {file.name: file.headers for file in plan.files}
    named = [replace(error, column=headers[error.file].get(error.column, error.column)) for error in plan.errors]
    return sorted(named, key=lambda error: (order[error.file], error.row))


def plan_file(plan: ImportPlan, file: SourceFile, location: str, records: Records) -> list[StockRow]:
    table = read_table(file)
    summary = FilePlan(file.name, rows=len(table.rows))
    if any(other.name == file.name for other in plan.files):
        table.refuse("duplicate_file", message=SENTENCES["duplicate_file"])
    plan.files.append(summary)
    rows = []
    if table.header:
        summary.kind = kind_of(table)
    if summary.kind:
        summary.ignored_columns = ignored_columns(table, summary.kind)
        columns = columns_of(table, summary.kind)
        summary.headers = {name: table.header[position] for name, position in columns.items()}
    if summary.kind is FileKind.STOCK:
        rows = plan_stock_file(summary, table, location)
    elif summary.kind:
        read_records(table, summary.kind, records)
    plan.errors += table.errors
    return rows


def plan_stock_file(summary: FilePlan, table: Table, location: str) -> list[StockRow]:
    cells = Cells(table, columns_of(table, FileKind.STOCK))
    rows = read_stock(cells, location=location)
    summary.dates = date_order(cells)
    summary.location = location
    summary.needs_location = any(not cells.raw(values, "location") for _row, values in table.rows)
    if summary.needs_location and not location:
        table.refuse("location_missing", message=SENTENCES["location_missing"])
    return [row for row in rows if row.location]


def date_order(cells: Cells) -> str:
    """How dates with slashes were read, where the file has any."""
    if not any("/" in cells.raw(values, "expiration_date") for _row, values in cells.table.rows):
        return ""
    return str(_("day/month/year") if cells.day_first["expiration_date"] else _("month/day/year"))


def note_unknown_locations(plan: ImportPlan) -> None:
    """The location that was chosen for a file can be one that nobody knows: an error of the file, not of each row."""
    places = plan.master.places
    for file in plan.files:
        name = file.location.casefold()
        if file.needs_location and name and name not in places.by_name and name not in places.by_code:
            plan.unknown_locations[file.location] += 0
            message = str(SENTENCES["unknown_location"] % {"what": file.location})
            plan.errors.append(RowError(file.name, 0, "", "unknown_location", message))
            file.location = ""


def plan_stock(plan: ImportPlan, rows: Iterable[StockRow], digests: Mapping[str, str]) -> None:
    known = {file.name for file in plan.files if file.location or not file.needs_location}
    rows = without_loaded(plan, [row for row in rows if row.file in known], digests)
    note_unknown_places(plan, {row.location for row in rows})
    lines = check_stock(rows, plan.master, plan.errors)
    quants = known_quants(lines)
    check_untouched(lines, quants, plan.errors)
    check_absent(lines, plan.errors)
    plan.batches = batches_of(lines, digests)
    count_stock(plan, lines, quants)


def note_unknown_places(plan: ImportPlan, locations: Iterable[str]) -> None:
    """What rows name and nobody knows can be made, if the person says so."""
    places = plan.master.places
    for location in locations:
        name = without_company(location).casefold()
        if not {name, location.casefold()} & {*places.by_name, *places.by_code}:
            plan.unknown_locations[location] += 0


def without_loaded(plan: ImportPlan, rows: list[StockRow], digests: Mapping[str, str]) -> list[StockRow]:
    """The rows whose file was not loaded at their location before."""
    places = plan.master.places
    requests = {}
    for file, location in {(row.file, row.location) for row in rows}:
        code = places.code_of(location)
        if code:
            requests[file, location] = request_id_of(digests[file], code)
    registers = dict(Register.objects.filter(request_id__in=requests.values()).values_list("request_id", "number"))
    loaded = {key: registers[request_id] for key, request_id in requests.items() if request_id in registers}
    for summary in plan.files:
        summary.loaded = sorted({number for (file, _location), number in loaded.items() if file == summary.name})
    remaining = [row for row in rows if (row.file, row.location) not in loaded]
    plan.existing["stock rows"] += len(rows) - len(remaining)
    return remaining


def batches_of(lines: Iterable[StockLine], digests: Mapping[str, str]) -> list[Batch]:
    batches: dict[tuple[str, str], Batch] = {}
    for line in lines:
        key = line.row.file, line.location
        if key not in batches:
            batches[key] = Batch(*key, request_id_of(digests[line.row.file], line.location))
        batches[key].lines.append(line)
    return list(batches.values())


def request_id_of(digest: str, location: str) -> UUID:
    return uuid5(NAMESPACE_OID, f"opening stock of {location} from {digest}")


def count_stock(plan: ImportPlan, lines: Sequence[StockLine], quants: Mapping) -> None:
    lots = {line.lot_key for line in lines if line.row.lot}
    known_lots = lots & expiration_dates(lines).keys()
    keys = {line.key for line in lines}
    known = len(keys & quants.keys())
    plan.created += Counter(
        {
            "lots": len(lots - known_lots),
            "quants": len(keys) - known,
            "units": sum(len(line.units) for line in lines),
            "opening entries": sum(len(line.units) or 1 for line in lines if line.row.quantity),
        }
    )
    plan.existing += Counter({"lots": len(known_lots), "quants": known})
    items = known_items([line.row for line in lines], plan.master)
    for line in lines:
        cost = line.row.unit_cost if line.row.unit_cost is not None else items[line.row.item].unit_cost
        plan.quantity += line.row.quantity
        plan.value += line.row.quantity * cost


def guessed_location(file_name: str, names: Iterable[str]) -> str:
    """ "bostonWarehouseInventory.csv" is about Boston Warehouse; "" where no name of a location is in it."""
    found = [name for name in names if len(squash(name)) > 3 and squash(name) in squash(file_name)]
    return max(found, key=len, default="")


def no_progress(step: str, done: int, total: int) -> None:
    """Nobody watches."""


@transaction.atomic
def apply_import(
    plan: ImportPlan, *, by: User | None, at: date, source: str = "", progress: Progress = no_progress
) -> list[Register]:
    """Write what the plan says, all or nothing. `progress` hears of each step: (step, rows done, rows)."""
    if plan.errors:
        raise ImportRefused(plan.errors)
    lines = [line for batch in plan.batches for line in batch.lines]
    progress("places and items", 0, len(lines))
    load_master_data(plan.master, by=by)
    progress("lots", 0, len(lines))
    items = ids_of_items({line.row.item for line in lines})
    lots = load_lots_of(lines, items)
    progress("quants", 0, len(lines))
    bins = ids_of_bins({batch.location for batch in plan.batches})

    def key(line: StockLine) -> tuple[int, int, int | None]:
        lot = None if line.units else lots.get(line.lot_key)
        return bins[line.location, line.bin], items[line.row.item], lot

    def lines_of(batch: Batch) -> list[Line]:
        return [one for line in batch.to_post for one in posted(line)]

    def posted(line: StockLine) -> Iterable[Line]:
        """Of serialized items each unit is a line of its own, whose lot is its own as well."""
        bin, item, lot = key(line)
        if not line.units:
            yield Line(bin=bin, item=item, lot=lot, quantity=line.row.quantity, unit_cost=line.row.unit_cost)
        details = {"manufacturer_number": line.row.manufacturer_number, "unit_lot": lots.get(line.lot_key)}
        for code in line.units:
            yield Line(bin=bin, item=item, quantity=Decimal(1), unit_cost=line.row.unit_cost, unit=code, **details)

    load_quants(key(line) for line in lines)
    return post_batches(plan, lines_of, by=by, at=at, source=source, progress=progress)


def load_lots_of(lines: Iterable[StockLine], items: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """{(item, lot): id}. A date that any row gives goes before the rows that leave it blank."""
    dates: dict[tuple[str, str], date | None] = {}
    for line in lines:
        if line.row.lot:
            dates[line.lot_key] = dates.get(line.lot_key) or line.row.expiration_date
    load_lots((items[item], number, expires) for (item, number), expires in dates.items())
    known = Lot.objects.filter(item__number__in={item for item, _number in dates})
    return {(item, number): pk for item, number, pk in known.values_list("item__number", "number", "pk")}


def ids_of_bins(locations: Collection[str]) -> dict[tuple[str, str], int]:
    bins = Bin.objects.filter(location__code__in=locations).values_list("location__code", "code", "pk")
    return {(location, code): pk for location, code, pk in bins}


def post_batches(
    plan: ImportPlan,
    lines_of: Callable[[Batch], list[Line]],
    *,
    by: User | None,
    at: date,
    source: str,
    progress: Progress,
) -> list[Register]:
    """All locations are locked before the first register; only then is it certain that the quants are untouched."""
    locations = {place.code: place for place in Location.objects.filter(code__in={b.location for b in plan.batches})}
    lock_locations(place.pk for place in locations.values())
    refuse_touched(plan)
    registers, done = [], 0
    total = sum(len(batch.to_post) for batch in plan.batches)
    for batch in plan.batches:
        progress("posting", done, total)
        document = Document(
            kind=Kind.OPENING,
            location=locations[batch.location],
            by=by,
            posting_date=at,
            request_id=batch.request_id,
            note=str(_("Opening stock from %(file)s") % {"file": batch.file})[:200],
            source=source,
        )
        if batch.to_post:
            registers.append(post_batch(batch, document, lines_of(batch)))
        done += len(batch.to_post)
    progress("posting", done, total)
    return registers


def refuse_touched(plan: ImportPlan) -> None:
    """What was posted between the dry run and the lock. A batch that somebody else has just loaded is no mistake."""
    loaded = Register.objects.filter(request_id__in=[batch.request_id for batch in plan.batches])
    loaded = set(loaded.values_list("request_id", flat=True))
    lines = [line for batch in plan.batches if batch.request_id not in loaded for line in batch.lines]
    errors = []
    check_untouched(lines, known_quants(lines), errors)
    if errors:
        raise ImportRefused(errors)


def post_batch(batch: Batch, document: Document, lines: list[Line]) -> Register:
    try:
        return post(document, lines)
    except PostingRefused as refused:
        rows = [line.row for line in batch.to_post for _unit in line.units or (None,)]
        raise ImportRefused(
            RowError(batch.file, rows[error.line - 1].row, "", error.code, str(error.message), error.blockers)
            for error in refused.errors
        ) from refused
