"""A scan adds a line to a journal, or one more to the line that is there; the label of a bin says where from now on."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from ledger.journal_kinds import JOURNALS
from ledger.journals import change_line, hold_alone, save_line
from ledger.models import EntryType, JournalBatch, JournalLine
from warehouse.barcodes import candidates, parse
from warehouse.finding import find_item
from warehouse.models import Bin, ItemReference
from warehouse.units import units_called

ONE = Decimal(1)


@dataclass(frozen=True)
class Scanned:
    """What a scan did: `bin` is where the next ones lie, `line` the line that it made or added to."""

    bin: str
    line: JournalLine | None = None
    is_new: bool = False


@transaction.atomic
def scan(batch: JournalBatch, code: str, *, bin: str, entry_type: EntryType, client_id) -> Scanned:
    """Raises what reading and finding raise: ScanUnreadable, ItemUnknown, ItemAmbiguous."""
    batch = hold_alone(batch)
    again = JournalLine.objects.filter(batch=batch, client_id=client_id).first()
    if again:
        return Scanned(bin, again)
    label = parse(code)
    columns = JOURNALS[batch.kind].columns
    place = Bin.objects.filter(location=batch.location, code=label.text).labelled().first()
    if place and "bin" in columns:
        return Scanned(place.code)
    said = {"bin": bin, "entry_type": entry_type, **said_by_unit(label)}
    if "unit" not in said:
        said |= said_by_item(label)
    said = {name: value for name, value in said.items() if name in columns and value not in ("", None)}
    if line := add_to(batch, said):
        return Scanned(bin, line)
    return Scanned(bin, save_line(batch, said, client_id=client_id, revision=0), is_new=True)


def said_by_unit(label) -> dict[str, Any]:
    units = list(units_called(label.text, label).select_related("item", "variant")[:2])
    if len(units) != 1:
        return {}
    (unit,) = units
    return {"item": unit.item.number, "variant": unit.variant.code if unit.variant else "", "unit": unit.code}


def said_by_item(label) -> dict[str, Any]:
    """One of what the label stands for, or as many as it says."""
    found = find_item(label.raw)
    reference = (
        ItemReference.objects.filter(item=found.item, code__in=candidates(label), unit_of_measure__isnull=False)
        .select_related("unit_of_measure")
        .first()
    )
    return {
        "item": found.item.number,
        "variant": found.variant.code if found.variant else "",
        "lot": found.lot_number,
        "expiration_date": found.expiration_date,
        "unit": label.serial if found.item.is_serialized else "",
        "quantity": None if found.item.is_serialized else label.quantity or ONE,
        "unit_of_measure": reference.unit_of_measure.code if reference else "",
    }


def add_to(batch: JournalBatch, said: dict[str, Any]) -> JournalLine | None:
    """The line that says the same already, with what was scanned added to it."""
    counted = ("quantity", "unit")
    same = {name: said.get(name, "") for name in ("item", "variant", "bin", "lot", "unit_of_measure")}
    same |= {"entry_type": said.get("entry_type", EntryType.POSITIVE), "expiration_date": said.get("expiration_date")}
    line = JournalLine.objects.filter(batch=batch, made=False, **same).order_by("-position").first()
    if line is None or not any(name in said for name in counted):
        return None
    if "unit" in said:
        codes = [code.strip() for code in line.unit.split(",") if code.strip()]
        if said["unit"] in codes:
            return line
        return change_line(line, {"unit": ", ".join([*codes, said["unit"]])}, revision=line.revision)
    return change_line(line, {"quantity": (line.quantity or 0) + said["quantity"]}, revision=line.revision)
