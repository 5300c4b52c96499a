"""An import from being handed in to being done: checked at once, decided on by a person, carried out by a worker.

The files and the request lie in the database, so that a lost queue or a killed worker loses nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import structlog
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from ledger.imports import ImportPlan, ImportRefused, apply_import, guessed_location, plan_import
from ledger.models import FileImport, ImportFile, ImportStatus, StockImport
from warehouse.models import User
from warehouse.spreadsheets import MAX_BYTES, RowError, SourceFile

log = structlog.get_logger()

LEFT_BEHIND = timedelta(minutes=1)
MAX_FILES = 12
SHOWN = 1000  # problems and skipped rows that a page shows; their numbers are always told


class TooManyFiles(DomainError):
    code, text = "too_many_files", _("Hand in %(limit)s files at most.")


class FileTooLarge(DomainError):
    code, text = "file_too_large", _("%(name)s is larger than 30 MB. Split it.")


class NamesTwice(DomainError):
    code, text = "duplicate_file", _("Two files have the name %(name)s.")


class NotReady(DomainError):
    code, text = "not_ready", _("Rows must be corrected first: nothing can be imported from these files as they are.")


@transaction.atomic
def hand_in(files: Sequence[SourceFile], *, by: User | None, at: datetime) -> StockImport:
    """Keep the files and check them. Where the name of a file tells its location, that is proposed."""
    refuse_unusable(files)
    stock_import = StockImport.objects.create(requested_by=by, requested_at=at)
    ImportFile.objects.bulk_create(
        ImportFile(stock_import=stock_import, name=file.name, content=file.content) for file in files
    )
    plan = check(stock_import)
    guesses = guessed_locations(plan)
    if guesses:
        decide(stock_import, locations=guesses, create_locations=())
    return stock_import


def guessed_locations(plan: ImportPlan) -> dict[str, str]:
    """{file: code of a location, or the name of one that nobody knows}, where the name of the file tells it."""
    codes = {place.name: place.code for place in plan.master.places.all() if place.allowed}
    names = {**{name: name for name in plan.unknown_locations}, **codes}
    guesses = {file.name: guessed_location(file.name, names) for file in plan.files if file.needs_location}
    return {file: names[guess] for file, guess in guesses.items() if guess}


def refuse_unusable(files: Sequence[SourceFile]) -> None:
    if len(files) > MAX_FILES:
        raise TooManyFiles(limit=MAX_FILES)
    seen = set()
    for file in files:
        if len(file.content) > MAX_BYTES:
            raise FileTooLarge(name=file.name)
        if file.name in seen:
            raise NamesTwice(name=file.name)
        seen.add(file.name)


@transaction.atomic
def decide(
    stock_import: StockImport, *, locations: Mapping[str, str], create_locations: Collection[str]
) -> StockImport:
    """Take the decisions of a person and check again."""
    choices = {"locations": dict(locations), "create_locations": sorted(create_locations)}
    stock_import.decide(choices)
    check(stock_import)
    return stock_import


def check(stock_import: StockImport) -> ImportPlan:
    plan = plan_of(stock_import)
    stock_import.summary = summary_of(plan)
    stock_import.problems = problems_of(plan.errors)
    stock_import.save(update_fields=["summary", "problems"])
    return plan


def plan_of(stock_import: StockImport) -> ImportPlan:
    files = [SourceFile(file.name, bytes(file.content)) for file in stock_import.files.all()]
    return plan_import(
        files,
        locations=stock_import.choices.get("locations", {}),
        create_locations=stock_import.choices.get("create_locations", ()),
        by=stock_import.requested_by,
    )


@transaction.atomic
def ask_to_apply(stock_import: StockImport, *, at: datetime) -> None:
    """A worker is told at commit. Raises NotReady, or WrongImportStatus where it was asked for already."""
    if stock_import.problems:
        raise NotReady()
    stock_import.move_to(ImportStatus.ASKED, asked_at=at)
    show_step(stock_import, "waiting", 0, 0)
    transaction.on_commit(lambda: send_to_worker(stock_import.pk))


def send_to_worker(import_id: int) -> None:
    """Without a broker the request stays in the database, and beat picks it up."""
    from ledger.tasks import apply_stock_import  # tasks import this module

    try:
        apply_stock_import.delay(import_id, get_language())
    except (OSError, apply_stock_import.OperationalError) as error:
        log.warning("import_not_queued", stock_import=import_id, error=str(error))


def carry_out(import_id: int, *, at: datetime) -> str:
    """Apply what was asked for, or hand it back with its problems. Safe to call at any time by any worker."""
    try:
        with transaction.atomic():
            stock_import = take(import_id)
            if stock_import is None:
                return "nothing to do"
            apply_taken(stock_import, at=at)
    except DomainError as refused:
        errors = refused.errors if isinstance(refused, ImportRefused) else [error_of_all(refused)]
        stock_import.move_to(ImportStatus.CHECKED, problems=problems_of(errors))
        log.info("import_refused", stock_import=stock_import.number, problems=len(errors))
        return "refused"
    show_step(stock_import, "done", 1, 1)
    return "applied"


def take(import_id: int) -> StockImport | None:
    asked = StockImport.objects.filter(pk=import_id, status=ImportStatus.ASKED)
    return asked.select_for_update(skip_locked=True, of=["self"]).select_related("requested_by").first()


def apply_taken(stock_import: StockImport, *, at: datetime) -> None:
    def progress(step: str, done: int, total: int) -> None:
        show_step(stock_import, step, done, total)

    progress("checking", 0, 0)
    plan = plan_of(stock_import)
    registers = apply_import(
        plan,
        by=stock_import.requested_by,
        at=timezone.localdate(at),
        source=stock_import.number,
        progress=progress,
    )
    summary = summary_of(plan) | {"documents": [register.number for register in registers]}
    stock_import.move_to(ImportStatus.APPLIED, applied_at=at, summary=summary, problems=[])


def left_behind(at: datetime):
    return StockImport.objects.left_behind(before=at - LEFT_BEHIND)


# What a page shows, as it is kept


def summary_of(plan: ImportPlan) -> dict:
    return {
        "files": [
            {
                "name": file.name,
                "kind": file.kind.value if file.kind else "",
                "rows": file.rows,
                "ignored_columns": file.ignored_columns,
                "dates": file.dates,
                "location": file.location,
                "location_name": place_name(plan, file.location),
                "needs_location": file.needs_location,
                "loaded": file.loaded,
            }
            for file in plan.files
        ],
        "created": {name: number for name, number in plan.created.items() if number},
        "existing": {name: number for name, number in plan.existing.items() if number},
        "unknown_locations": dict(plan.unknown_locations),
        "new_locations": {code: row.name for code, row in plan.master.locations.items()},
        "skipped": [asdict(skipped) for skipped in plan.skipped[:SHOWN]],
        "skipped_count": len(plan.skipped),
        "problem_count": len(plan.errors),
        "quantity": f"{plan.quantity.normalize():f}",
        "value": f"{plan.value:.2f}",
        "documents": [],
    }


def place_name(plan: ImportPlan, code: str) -> str:
    place = plan.master.places.by_code.get(code.casefold())
    return place.name if place else code


def error_of_all(refused: DomainError) -> RowError:
    """What is wrong with all files together, and with no row of them."""
    return RowError("", 0, "", refused.code, str(refused))


def problems_of(errors: Sequence[RowError]) -> list[dict]:
    return [asdict(error) for error in errors[:SHOWN]]


# Progress: a convenience in the cache; the status of the import is the truth


def show_step(file_import: FileImport, step: str, done: int, total: int) -> None:
    cache.set(f"import-step:{file_import.number}", (step, done, total), timeout=3600)


def step_of(file_import: FileImport) -> tuple[str, int, int]:
    return tuple(cache.get(f"import-step:{file_import.number}") or ("waiting", 0, 0))
