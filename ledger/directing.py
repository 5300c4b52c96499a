"""Documents at directed locations: what happens in a bin is booked against the adjustment bin, and the item ledger
hears of it when the two are synchronised (ARCHITECTURE 4, SPEC 9). At other locations nothing of this runs.

    receipt, issue, movement, transfer     as everywhere
    counts, warehouse journals             bin +d, adjustment bin -d; nothing to the item ledger
    openings, item journals                item ledger +q, adjustment bin +q
    warehouse adjustment                   item ledger +d, adjustment bin +d: what synchronising posts
"""

from ledger.models import Kind
from ledger.sql import directing as sql
from warehouse.quants import ensure_quants

MIRRORED = {Kind.QUANTITY_ADJUSTMENT, Kind.MANUAL_ADJUSTMENT, Kind.WAREHOUSE_JOURNAL}
INTO_ADJUSTMENT_BIN = {Kind.OPENING, Kind.ITEM_JOURNAL}
IN_ADJUSTMENT_BIN = {*INTO_ADJUSTMENT_BIN, Kind.WAREHOUSE_ADJUSTMENT}
WITHIN_A_LOCATION = {Kind.MOVEMENT, Kind.STOCK_TRANSFER, Kind.CONVERSION}


def is_mirrored(document, directed: frozenset[int]) -> bool:
    return document.kind in MIRRORED and document.location.pk in directed


def changes_bins_only(document, directed: frozenset[int]) -> bool:
    """Whether the item ledger hears nothing of a document; of a reversal, what the reversed document did."""
    original = document.reverses or document
    if original.kind in WITHIN_A_LOCATION:
        return True
    if document.reverses and original.kind in MIRRORED and document.location.pk in directed:
        return not original.item_ledger_entries.exists()  # it can be older than the adjustment bin
    return is_mirrored(document, directed)


def place(cursor, document, directed: frozenset[int]) -> None:
    """Under the lock, before anything is checked: what names no bin goes to the adjustment bin, or is refused."""
    if not directed or document.reverses:
        return
    asked = {"directed": list(directed), "leaves_implicit": document.kind == Kind.CONVERSION}
    if document.kind in INTO_ADJUSTMENT_BIN:
        ensure_quants(sql.WITHOUT_BIN)
        cursor.execute(sql.PUT_INTO_ADJUSTMENT_BIN, asked)
    cursor.execute(sql.CHECK_PLACES, asked | {"in_adjustment_bin": document.kind in IN_ADJUSTMENT_BIN})


def check_owned(cursor, document, directed: frozenset[int], *, has_units: bool) -> None:
    """What leaves the item ledger is in it, and no unit is in it twice."""
    if not directed or document.kind == Kind.WAREHOUSE_ADJUSTMENT or changes_bins_only(document, directed):
        return
    cursor.execute(sql.CHECK_OWNED, {"directed": list(directed)})
    if has_units:
        cursor.execute(sql.CHECK_UNITS_OWNED, {"directed": list(directed)})


def mirror(cursor, document, directed: frozenset[int], *, has_units: bool) -> None:
    """The other side of each line. Its quants are made under the lock: nobody else makes quants of that bin."""
    if not is_mirrored(document, directed):
        return
    ensure_quants(sql.MIRRORS)
    cursor.execute(sql.MIRROR)
    if has_units:
        cursor.execute(sql.COST_NEW_UNITS)
