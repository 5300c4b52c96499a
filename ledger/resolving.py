"""What the lines of a journal mean, and everything that is wrong with them: for one line as for a hundred thousand."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import LineError, LinesRefused
from inventory_site.templatetags.truecount import quantity as written
from ledger.journal_kinds import JOURNALS
from ledger.models import JournalBatch
from ledger.sql import journals as sql
from ledger.sql import reclassifying
from warehouse.codes import CodesRefused, expand_codes
from warehouse.models import Tracking
from warehouse.unit_codes import SENTENCES as UNIT_SENTENCES
from warehouse.unit_codes import read

SENTENCES = {
    "item_missing": _("Say which item."),
    "item_unknown": _("No item has the number or bar code “%(item)s”."),
    "item_ambiguous": _("“%(item)s” fits %(fitting)s. Type the number."),
    "item_blocked": _("%(item)s is blocked: nothing of it can be posted until an administrator unblocks it."),
    "variant_unknown": _("%(item)s has no variant “%(variant)s”."),
    "bin_missing": _("Say which bin."),
    "bin_unknown": _("%(location)s has no bin “%(bin)s”."),
    "bin_ambiguous": _("“%(bin)s” is the name of several bins. Type the number."),
    "bin_not_expected": _("At %(location)s opening entries go to the adjustment bin: leave the bin blank."),
    "directed_location": _(
        "%(location)s is directed: what is found or missing in its bins goes into a warehouse item journal."
    ),
    "unit_not_of_item": _("%(item)s is counted in %(fitting)s."),
    "quantity_missing": _("Say how much."),
    "quantity_too_small": _("That is nothing in base units: it rounds to 0."),
    "quantity_too_large": _("That is more than the books can hold."),
    "quantity_negative": _("Opening entries come in: give a quantity greater than zero."),
    "unit_missing": _("%(item)s is tracked by units: scan or type which ones."),
    "unit_not_expected": _("%(item)s is not tracked by units: leave them blank."),
    "unit_unknown": _("There is no unit %(unit)s. Check the code."),
    "other_number": _("%(units)s units are named, and the quantity says %(quantity)s."),
    "lot_missing": _("%(item)s is tracked by lot: say which lot."),
    "lot_not_expected": _("%(item)s is not tracked by lot: leave the lot blank."),
    "lot_unknown": _("%(item)s has no lot “%(lot)s”, so nothing of it can go out."),
    "expiry_without_lot": _("Only a lot expires: say which lot, or leave the date blank."),
    "expiry_contradicts": _("Lot %(lot)s expires on %(expires)s by the book. Check the label."),
    "lot_expires_twice": _("Two lines give lot %(lot)s different dates."),
    "new_bin_unknown": _("%(to_location)s has no bin “%(new_bin)s”."),
    "new_bin_ambiguous": _("“%(new_bin)s” is the name of several bins. Type the number."),
    "new_variant_unknown": _("%(item)s has no variant “%(new_variant)s”."),
    "variant_of_units": _("A unit of %(item)s stays the variant that it is. Leave the new variant blank."),
    "quantity_not_positive": _("Give a quantity greater than zero: what is moved or changed, not how it differs."),
    "nothing_changes": _("Nothing would change. Say what the goods become: another bin, variant, lot, unit or date."),
    "new_expiry_contradicts": _(
        "Lot %(new_lot)s is in use, and by the book it expires on %(new_expires)s. Goods that join it get that date."
    ),
    "new_expiry_not_expected": _(
        "Lot %(new_lot)s is in use without an expiration date. Goods that join it get none: leave the date blank."
    ),
    "lot_in_part": _(
        "The date of lot %(lot)s is that of all of it: put all of it on one line, or give this part a new lot."
    ),
    "lot_to_change_unknown": _("%(item)s has no lot “%(lot)s”."),
    "other_number_of_codes": _("Give as many new codes as units."),
    "directed_reclassification": _(
        "%(location)s is directed: use a warehouse reclassification journal there, or a transfer to another location."
    ),
    "cost_not_expected": _("What goes out leaves at the average cost: leave the cost blank."),
}


@dataclass(frozen=True)
class LineProblem(LineError):
    """What is wrong with a line, at which of its fields; "" is the line as a whole."""

    field: str = ""


class JournalRefused(LinesRefused):
    """Lines of a journal are wrong; all of them are in `errors`. Nothing was posted."""

    code = "journal_refused"


@transaction.atomic
def resolve_lines(batch: JournalBatch, *, lines: Collection[int] | None = None) -> list[LineProblem]:
    """What is wrong with the lines, whatever lies where; the first thousand. `lines`: keys of those to look at."""
    with connection.cursor() as cursor:
        return resolve(cursor, batch, lines=lines)


@dataclass(frozen=True)
class Meant:
    """The item that a line means, and what one base unit of it costs if the line says nothing."""

    number: str
    name: str
    tracking: str
    base_unit: str
    unit_cost: Decimal

    @property
    def is_serialized(self):
        return self.tracking in (Tracking.SERIAL, Tracking.RFID)


@transaction.atomic
def look_up(batch: JournalBatch, lines: Collection[int]) -> tuple[list[LineProblem], dict[int, Meant]]:
    """What is wrong with these lines, by their keys, and what they mean as far as it is known."""
    with connection.cursor() as cursor:
        problems = resolve(cursor, batch, lines=lines)
        cursor.execute(sql.READ_MEANT, {"location": batch.location_id})
        return problems, {line: Meant(*meant) for line, *meant in cursor.fetchall()}


def resolve(cursor, batch: JournalBatch, *, lines: Collection[int] | None = None) -> list[LineProblem]:
    """Leave what the lines mean in `journal_row`, and what is wrong with them in `journal_problem`."""
    journal = JOURNALS[batch.kind]
    places = {
        "batch": batch.pk,
        "lines": None if lines is None else list(lines),
        "location": batch.location_id,
        "to_location": batch.to_location_id or batch.location_id,
        "directed": batch.location.directed,
    }
    cursor.execute(sql.CREATE)
    cursor.execute(sql.RESOLVE, places)
    cursor.execute(sql.FIND_LOTS)
    if journal.lies_in_adjustment_bin(batch.location):
        cursor.execute(sql.INTO_ADJUSTMENT_BIN, places)
    name_units(cursor)
    for statement in journal.also:
        cursor.execute(statement, places)
    if "new_unit" in journal.columns:
        name_new_units(cursor)
    cursor.execute(sql.MEASURE.format(sign=journal.sign))
    checks = "".join(f",\n        ({so}, '{field}', '{code}')" for so, field, code in journal.checks)
    cursor.execute(sql.CHECK.format(checks=checks), places)
    cursor.execute(sql.CHECK_NEW_LOTS)
    cursor.execute(sql.CHECK_UNITS)
    for statement in journal.also_checks:
        cursor.execute(statement)
    cursor.execute(sql.READ_PROBLEMS)
    return [problem_of(batch, row) for row in cursor.fetchall()]


def problem_of(batch, row) -> LineProblem:
    line, field, code, said, item, bin, lot, units, wanted, expires, variant, *new, items, measures = row
    params = {
        "item": item,
        "bin": bin,
        "lot": lot,
        "variant": variant,
        "unit": said,
        "units": units,
        "quantity": written(wanted),
        "expires": expires,
        "location": batch.location.name,
        **dict(zip(("new_bin", "new_lot", "new_variant", "new_expires"), new, strict=True)),
        "to_location": (batch.to_location or batch.location).name,
        "fitting": ", ".join(items or measures),
    }
    message = str(SENTENCES[code] % params) if code in SENTENCES else said
    return LineProblem(line=line, code=code, message=message, field=field)


def name_units(cursor) -> None:
    """The units that lines name, one by one: "A100..A120" are 21. Lines without units cost one look."""
    cursor.execute(sql.TYPED_UNITS)
    typed = cursor.fetchall()
    if not typed:
        return
    problems = []
    with cursor.copy(sql.COPY_UNITS) as copy:
        for line, tracking, text in typed:
            for place, code in enumerate(codes_of(line, tracking, text, problems)):
                copy.write_row((line, place, code))
    with cursor.copy(sql.COPY_PROBLEMS) as copy:
        for problem in problems:
            copy.write_row(problem)
    cursor.execute(sql.MEANT_UNITS)
    cursor.execute(sql.COUNT_UNITS)


def name_new_units(cursor) -> None:
    """The codes that units get, in the order of the units."""
    cursor.execute(reclassifying.CREATE_NEW_UNITS)
    cursor.execute(reclassifying.TYPED_NEW_UNITS)
    typed = cursor.fetchall()
    if not typed:
        return
    problems = []
    with cursor.copy(reclassifying.COPY_NEW_UNITS) as copy:
        for line, tracking, text in typed:
            for place, code in enumerate(codes_of(line, tracking, text, problems, field="new_unit")):
                copy.write_row((line, place, code))
    with cursor.copy(sql.COPY_PROBLEMS) as copy:
        for problem in problems:
            copy.write_row(problem)
    cursor.execute(reclassifying.PAIR_UNITS)
    cursor.execute(reclassifying.CHECK_PAIRS)


def codes_of(line: int, tracking: str, text: str, problems: list[tuple], field: str = "unit") -> Iterator[str]:
    """The codes as units are stored by them, each once; what cannot be read is added to `problems`."""
    try:
        typed = expand_codes(text)
    except CodesRefused as refused:
        problems += [(line, field, error.code, error.message) for error in refused.errors]
        return
    seen = set()
    for code in typed:
        said = read(code)
        stored = said.tag or said.text if tracking == Tracking.RFID else said.serial or said.text
        if stored in seen:
            problems.append((line, field, "code_twice", str(UNIT_SENTENCES["code_twice"] % {"code": code})))
        else:
            seen.add(stored)
            yield stored
