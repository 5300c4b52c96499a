"""The units that a document carries: who they are, whether they may go, and where they are afterwards.

All of it is skipped where a document names no unit, but for one look at what is staged.
"""

from collections.abc import Iterable

from ledger.models import Kind
from ledger.sql import staging
from ledger.sql import units as sql
from warehouse.units import ensure_units

# What brings in units that nobody knew, and such as had left for good.
BRINGS_IN = {Kind.RECEIPT, Kind.OPENING, Kind.ITEM_JOURNAL, Kind.RECLASSIFICATION}


class LawBroken(RuntimeError):
    """Law 4 would not hold after this document: a mistake of ours. Nothing of it is written."""


def name_units(cursor, units: Iterable[tuple]) -> None:
    """Put the units beside the lines that name them: (line, code, manufacturer's number, lot) tuples."""
    with cursor.copy(sql.COPY_UNITS) as copy:
        for unit in units:
            copy.write_row(unit)
    cursor.execute(sql.NAME_UNITS)


def stage_units(cursor, kind: Kind) -> None:
    """Find the units that lines name by their codes; make those that come in for the first time."""
    makes_units = kind in BRINGS_IN
    cursor.execute(staging.ANALYZE_LINES)
    cursor.execute(sql.CHECK_CODES, {"absolute": kind == Kind.MANUAL_ADJUSTMENT})
    if makes_units:
        ensure_units("posting_line", condition=f"unit_code <> '' AND quantity > 0 AND {staging.WITHOUT_ERROR}")
    cursor.execute(sql.FIND_UNITS)
    cursor.execute(sql.CHECK_FOUND, {"makes_units": makes_units})


def lock_units(cursor) -> bool:
    """Whether the staged document names units at all; if so, they are locked now."""
    cursor.execute(sql.HAS_UNITS)
    (has_units,) = cursor.fetchone()
    if has_units:
        cursor.execute(sql.LOCK_UNITS)
    return has_units


def without_unit(kind: Kind) -> str:
    """The code of the error where a serialized item is named without a unit."""
    return "item_serialized" if kind == Kind.MANUAL_ADJUSTMENT else "unit_missing"


def check_units(cursor, kind: Kind, *, mirrored: bool) -> None:
    """`mirrored`: bins alone are told, so a unit may come back that the item ledger still has."""
    if kind != Kind.WAREHOUSE_ADJUSTMENT:  # which moves none
        cursor.execute(sql.CHECK_UNITS, {"takes_released": kind in BRINGS_IN, "mirrored": mirrored})


def price_units(cursor) -> None:
    """Before the item ledger: what a unit cost is what leaves, and what comes back."""
    cursor.execute(sql.PRICE_UNITS)


def write_units(cursor, *, register: int, effect: str) -> None:
    """After both ledgers: put the units where the entries say, at what they were valued at, each once; and prove law 4
    of what was touched."""
    cursor.execute(sql.WRITE_UNITS, {"register": register, "effect": effect})
    cursor.execute(sql.DESCRIBE_UNITS)
    cursor.execute(sql.BREACHES)
    breaches = cursor.fetchall()
    if breaches:
        raise LawBroken(f"quants and their units disagree (quant, quantity, units): {breaches}")


def cost_units(cursor) -> None:
    """What comes into the item ledger and lies in no bin yet, as at a directed location, has cost what it was valued
    at as well."""
    cursor.execute(sql.COST_UNITS)
