"""Counts that come back in a spreadsheet: a dry run that says everything at once, decisions, then one transaction.

    count_import = hand_in_counts(session, file, by=user, at=now)      checked at once, or by a worker
    decide(count_import, {row: Take.FILE})                             where somebody counted meanwhile
    ask_to_import(count_import, at=now)                                carried out at once, or by a worker

A count is taken once: its client_id is made of the file, the session, its round and the line. The rows lie in the
database between the steps, so that a killed worker loses nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from counting.activity import remember
from counting.count_files import CountFile, read_counts
from counting.exporting import Sight
from counting.guarding import hold, is_guarding, keep_still
from counting.importing_units import take_units
from counting.models import CountImport, CountSession, Deed, Outcome, Status, Take
from counting.opening import NotInDraft
from counting.recording import SENTENCES as UPLOAD_SENTENCES
from counting.recording import CountsRefused, lock_for_counting, record_upload
from counting.sql import importing as sql
from counting.sql import uploading
from inventory_site.errors import DomainError, LineError
from ledger.importing import LEFT_BEHIND, FileTooLarge, NotReady, error_of_all, show_step
from ledger.models import ImportStatus
from ledger.posting import LocationBusy
from warehouse.loading import load_lots
from warehouse.models import User
from warehouse.quants import ensure_quants
from warehouse.spreadsheets import MAX_BYTES, MAX_FAULTS, RowError, SourceFile

log = structlog.get_logger()

SMALL_FILE = 100_000  # bytes up to which a file is checked, and
REMEMBERED = 20  # units that a file names again
SMALL_IMPORT = 2_000  # rows up to which it is imported, while the person waits

SENTENCES = {
    "line_unknown": _("There is no such line in this count."),
    "line_elsewhere": _("This is a line of %(known)s. Import the file there."),
    "counted_elsewhere": _("%(known)s holds this item in this bin. Count it there."),
    "bin_changed": _("This line is in bin %(known)s. Leave the bin, or delete the number of the line."),
    "item_changed": _("This line is of item %(known)s. Leave the item, or delete the number of the line."),
    "variant_changed": _("This line is of variant %(known)s. Leave the variant, or delete the number of the line."),
    "lot_changed": _(
        "This line is of lot %(known)s. Excel changes lots when it opens a CSV file: take the workbook instead."
    ),
    "lot_expires_otherwise": _("This lot expires on %(known)s."),
    "line_closed": _("This line is closed: only lines that are asked for again can be counted now."),
    "codes_not_expected": _("This item is not tracked by units: leave the serial numbers blank."),
    "line_twice": _("Row %(known)s counts this already. Say once how much there is."),
}


class ConflictsLeft(DomainError):
    code = "conflicts_left"
    text = _("%(lines)s lines were counted meanwhile. Say for each whose count stands.")

    def __init__(self, *args, **params):
        if params:
            text = ngettext(
                "%(lines)s line was counted meanwhile. Say whose count stands.",
                "%(lines)s lines were counted meanwhile. Say for each whose count stands.",
                params["lines"],
            )
            args = (text, self.code, params)
        super().__init__(*args)


class NothingToImport(DomainError):
    code, text = "nothing_to_import", _("No row of the file would change a count.")


def hand_in_counts(session: CountSession, file: SourceFile, *, by: User, at: datetime) -> CountImport:
    """Keep a file and check it; a large one is checked by a worker. Raises NotInDraft, FileTooLarge."""
    if session.status != Status.DRAFT:
        raise NotInDraft(session=session.number)
    if len(file.content) > MAX_BYTES:
        raise FileTooLarge(name=file.name)
    with transaction.atomic():
        count_import = CountImport.objects.create(
            session=session,
            file_name=file.name[:200],
            digest=file.digest,
            content=file.content,
            status=ImportStatus.CHECKING,
            requested_by=by,
            requested_at=at,
        )
        if len(file.content) > SMALL_FILE:
            show_step(count_import, "waiting", 0, 0)
            transaction.on_commit(lambda: send_to_worker(count_import.pk))
    if len(file.content) <= SMALL_FILE:
        carry_out(count_import.pk, at=at)
        count_import.refresh_from_db()
    return count_import


@transaction.atomic
def decide(
    count_import: CountImport, takes: Mapping[int, Take], *, others: Take | None = None, found: bool | None = None
) -> None:
    """Whose count stands in these rows, and in all other conflicts; whether items that have no line are added.

    Raises WrongImportStatus while a worker checks or imports it, and afterwards.
    """
    count_import.decide(count_import.choices | ({} if found is None else {"found": found}))
    conflicts = count_import.rows.conflicts()
    for take in Take:
        conflicts.filter(row__in=[row for row, taken in takes.items() if taken == take]).update(take=take)
    if others:
        conflicts.exclude(row__in=takes).update(take=others)


def ask_to_import(count_import: CountImport, *, at: datetime) -> None:
    """Raises NotReady, ConflictsLeft, NothingToImport, or WrongImportStatus where it was asked for already."""
    if count_import.problems:
        raise NotReady()
    if undecided := count_import.rows.undecided().count():
        raise ConflictsLeft(lines=undecided)
    rows = count_import.rows.to_record(found=takes_found(count_import)).count()
    if not rows:
        raise NothingToImport()
    with transaction.atomic():
        count_import.move_to(ImportStatus.ASKED, asked_at=at)
        if rows > SMALL_IMPORT:
            show_step(count_import, "waiting", 0, 0)
            transaction.on_commit(lambda: send_to_worker(count_import.pk))
    if rows <= SMALL_IMPORT:
        carry_out(count_import.pk, at=at)
        count_import.refresh_from_db()


def takes_found(count_import: CountImport) -> bool:
    return count_import.choices.get("found", True)


def send_to_worker(import_id: int) -> None:
    """Without a broker the request stays in the database, and beat picks it up."""
    from counting.tasks import carry_on_import  # tasks import this module

    try:
        carry_on_import.delay(import_id)
    except (OSError, carry_on_import.OperationalError) as error:
        log.warning("import_not_queued", count_import=import_id, error=str(error))


def carry_out(import_id: int, *, at: datetime) -> str:
    """Check or import what waits for it. Safe to call at any time by any worker."""
    try:
        with transaction.atomic():
            count_import = take(import_id)
            if count_import is None:
                return "nothing to do"
            went = "checked" if count_import.status == ImportStatus.CHECKING else "imported"
            check(count_import) if went == "checked" else apply(count_import, at=at)
    except LocationBusy:
        return "busy"  # it still waits: beat tries again
    except DomainError as refused:
        hand_back(count_import, refused)
        return "refused"
    show_step(count_import, "done", 1, 1)
    return went


def take(import_id: int) -> CountImport | None:
    waiting = CountImport.objects.filter(pk=import_id, status__in=[ImportStatus.CHECKING, ImportStatus.ASKED])
    locked = waiting.select_for_update(skip_locked=True, of=["self"])
    return locked.select_related("session__location", "requested_by").first()


def left_behind(at: datetime):
    return CountImport.objects.left_behind(before=at - LEFT_BEHIND)


# Checking


def check(count_import: CountImport) -> None:
    """Read the file and say what it would do. Its rows are kept, the file is not."""
    show_step(count_import, "reading", 0, 0)
    file = SourceFile(count_import.file_name, bytes(count_import.content))
    counts = read_counts(file, location=count_import.session.location)
    show_step(count_import, "comparing", len(counts.rows), len(counts.rows))
    with connection.cursor() as cursor:
        cursor.execute(sql.CREATE_FILE)
        with cursor.copy(sql.COPY_FILE) as copy:
            for row in counts.rows:
                copy.write_row(row.as_tuple())
        summary = {
            "rows": len(counts.table.rows),
            "blank": counts.blank,
            "ignored": counts.ignored,
            "headings": headings_of(counts),
        }
        errors = [*counts.table.errors, *compare(cursor, count_import, count_import.session, summary["headings"])]
        summary["named_again"] = named_again(cursor)
        keep(cursor, count_import, summary, errors, content=None)


def headings_of(counts: CountFile) -> dict[str, str]:
    """{column: its heading in the file}, to name faults by."""
    header = counts.table.header
    return {name: header[position] for name, position in counts.columns.items()}


def compare(cursor, count_import: CountImport, session: CountSession, headings: Mapping[str, str]) -> list[RowError]:
    """Work out what each row of count_file would do as things stand; return what is wrong."""
    sight = Sight.of(count_import.requested_by, session)
    cursor.execute("ANALYZE count_file")
    cursor.execute(
        sql.COMPARE,
        {
            "session": session.pk,
            "request": request_of(count_import, session),
            "told": sight.others,
            "own": list(sight.own),
        },
    )
    cursor.execute("ANALYZE count_outcome")
    cursor.execute(
        sql.FAULTS,
        {"session": session.pk, "location": session.location_id, "round": session.round, "limit": MAX_FAULTS},
    )
    return [
        RowError(count_import.file_name, row, headings.get(field, ""), code, str(SENTENCES[code] % {"known": known}))
        for row, field, code, known in cursor.fetchall()
    ]


def named_again(cursor) -> dict:
    """Units that the file names more than once: they are taken where they stand first."""
    cursor.execute(sql.NAMED_AGAIN, {"limit": REMEMBERED})
    again = cursor.fetchall()
    return {"count": again[0][0] if again else 0, "first": [(row, code) for _count, row, code in again]}


def request_of(count_import: CountImport, session: CountSession) -> str:
    return f"{count_import.digest}:{session.pk}:{session.round}"


def keep(cursor, count_import: CountImport, summary: dict, errors: Iterable[RowError], **changes) -> None:
    cursor.execute(sql.KEEP_ROWS, {"count_import": count_import.pk})
    errors = sorted(errors, key=lambda error: error.row)
    summary = summary | {
        "outcomes": count_import.rows.per_outcome(),
        "moved": count_import.rows.filter(moved=True, outcome__in=[Outcome.COUNTED, Outcome.CHANGED]).count(),
        "problem_count": len(errors),
    }
    problems = [asdict(error) for error in errors[:MAX_FAULTS]]
    count_import.move_to(ImportStatus.CHECKED, summary=summary, problems=problems, **changes)


def hand_back(count_import: CountImport, refused: DomainError) -> None:
    """Nothing was imported: say once more what the rows would do as things stand now, and why nothing was."""
    with transaction.atomic(), connection.cursor() as cursor:
        session = CountSession.objects.get(pk=count_import.session_id)
        cursor.execute(sql.CREATE_FILE)
        cursor.execute(sql.READ_ROWS, {"count_import": count_import.pk})
        errors = compare(cursor, count_import, session, count_import.summary["headings"])
        if not errors and not isinstance(refused, ConflictsLeft):
            errors = rows_of(refused, count_import.file_name) or [error_of_all(refused)]
        keep(cursor, count_import, count_import.summary, errors)
    log.info("import_refused", count_import=count_import.number, problems=len(errors))


def rows_of(refused: DomainError, file_name: str) -> list[RowError]:
    if not isinstance(refused, CountsRefused):
        return []
    return [RowError(file_name, error.line, "", error.code, error.message) for error in refused.errors]


# Importing


class RowsRefused(DomainError):
    code, text = "rows_refused", _("Nothing was imported: rows must be corrected first.")


def apply(count_import: CountImport, *, at: datetime) -> None:
    """Take the counts, all or none. The session is locked first: what was compared is what is recorded."""
    by, summary = count_import.requested_by, count_import.summary
    show_step(count_import, "comparing", 0, summary["rows"])
    session = lock_for_counting(count_import.session, by=by)
    if takes_found(count_import):
        keep_still(session)
    with connection.cursor() as cursor:
        cursor.execute(sql.CREATE_FILE)
        cursor.execute(sql.READ_ROWS, {"count_import": count_import.pk})
        if compare(cursor, count_import, session, summary["headings"]):
            raise RowsRefused()
        cursor.execute(sql.UNDECIDED)
        if undecided := cursor.fetchone()[0]:
            raise ConflictsLeft(lines=undecided)
        show_step(count_import, "recording", 0, summary["rows"])
        cursor.execute(uploading.CREATE_UPLOAD)
        cursor.execute(sql.FILL_UPLOAD)
        if takes_found(count_import):
            add_found(cursor, count_import, session)
        recorded = take_units(cursor, session, request_of(count_import, session), by=by, at=at)
    recorded += record_upload(session, by=by, at=at)
    remember(session, Deed.IMPORTED, by=by, at=at, lines=recorded, note=count_import.file_name)
    count_import.move_to(ImportStatus.APPLIED, applied_at=at, summary=summary | {"recorded": recorded})


def add_found(cursor, count_import: CountImport, session: CountSession) -> None:
    """Lots, quants and lines of what nobody expected, then its counts. What the session guards, it guards there too."""
    cursor.execute(sql.NEW_LOTS)
    if lots := cursor.fetchall():
        load_lots(lots)
    cursor.execute(sql.NAME_QUANTS)
    ensure_quants("count_found")
    cursor.execute(sql.ADD_FOUND_LINES, {"session": session.pk, "round": session.round})
    if is_guarding(session):
        hold(session.lines.added())
    cursor.execute(sql.FILL_UPLOAD_WITH_FOUND, {"request": request_of(count_import, session)})
    cursor.execute(sql.NAME_ADDED_LINES, {"request": request_of(count_import, session), "session": session.pk})
    cursor.execute(sql.UNITS_TAKEN_ELSEWHERE, {"limit": MAX_FAULTS})
    if elsewhere := cursor.fetchall():
        raise CountsRefused(
            LineError(row, "line_elsewhere", str(UPLOAD_SENTENCES["line_elsewhere"])) for (row,) in elsewhere
        )
