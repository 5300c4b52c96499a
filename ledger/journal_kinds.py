"""The kinds of journals: which columns each has, what its quantities mean, and what posting it makes.

All of them go the same way: RESOLVE looks up what is typed, `also` what only this kind has; CHECK says what is wrong,
with the `checks` of the kind; STAGE hands to posting what is right. A new kind is a row of this table.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from ledger.models import JournalKind, Kind
from ledger.sql import journals as sql
from ledger.sql import reclassifying

IN_OR_OUT = "CASE entry_type WHEN 'negative' THEN -1 ELSE 1 END"

# (condition on a row `r`, the field that it is about, code)
Check = tuple[str, str, str]
BIN_CHECKS: tuple[Check, ...] = (
    ("r.bin = '' AND r.bin_fits IS NULL", "bin", "bin_missing"),
    ("r.bin <> '' AND r.bin_fits IS NULL", "bin", "bin_unknown"),
    ("r.bin_fits > 1", "bin", "bin_ambiguous"),
)
CHANGES: tuple[Check, ...] = (
    *BIN_CHECKS,
    ("r.new_bin = '' AND r.new_bin_fits IS NULL", "new_bin", "bin_missing"),
    ("r.new_bin <> '' AND r.new_bin_fits IS NULL", "new_bin", "new_bin_unknown"),
    ("r.new_bin_fits > 1", "new_bin", "new_bin_ambiguous"),
    ("r.item_id IS NOT NULL AND r.new_variant <> '' AND r.new_variant_id IS NULL", "new_variant",
     "new_variant_unknown"),
    ("r.tracking IN ('serial', 'rfid') AND r.new_variant_id IS DISTINCT FROM r.variant_id", "new_variant",
     "variant_of_units"),
    ("r.lot <> '' AND r.lot_id IS NULL AND r.item_id IS NOT NULL", "lot", "lot_to_change_unknown"),
    ("r.tracking <> 'lot' AND r.new_lot <> ''", "new_lot", "lot_not_expected"),
    ("r.tracking <> 'lot' AND r.new_expiration IS NOT NULL", "new_expiration_date", "expiry_without_lot"),
    ("r.new_lot_id <> r.lot_id AND r.new_known_expiration IS NOT NULL "
     "AND r.new_known_expiration IS DISTINCT FROM r.new_expiration", "new_expiration_date", "new_expiry_contradicts"),
    ("r.new_lot_id <> r.lot_id AND r.new_known_expiration IS NULL AND r.new_expiration IS NOT NULL",
     "new_expiration_date", "new_expiry_not_expected"),
    ("r.tracking NOT IN ('serial', 'rfid') AND r.new_unit <> ''", "new_unit", "unit_not_expected"),
    ("r.quantity <= 0", "quantity", "quantity_not_positive"),
    ("r.bin_id = r.new_bin_id AND (r.new_variant = '' OR r.new_variant_id = r.variant_id) AND r.new_unit = '' "
     "AND (r.new_lot = '' OR r.new_lot_id = r.lot_id) AND NOT r.new_date", "", "nothing_changes"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Journal:
    """`columns`: fields of a line in the order of the grid. `sign`: what the typed quantity is multiplied with. At
    directed locations `register_there` is posted, in the adjustment bin if `in_adjustment_bin`. `also_checks` have all
    lines in view. `after`: what follows the posting in its transaction.
    """

    columns: tuple[str, ...]
    register: Kind
    register_there: Kind | None = None
    sign: str = "1"
    checks: tuple[Check, ...] = BIN_CHECKS
    also: tuple[str, ...] = ()
    also_checks: tuple[str, ...] = ()
    stage: str = sql.STAGE
    after: tuple[str, ...] = ()
    ordinary: bool = True  # has it lines at locations that are not directed?
    in_adjustment_bin: bool = False

    def register_at(self, location) -> Kind:
        return self.register_there if location.directed and self.register_there else self.register

    def lies_in_adjustment_bin(self, location) -> bool:
        return location.directed and self.in_adjustment_bin


class NeedsDirectedLocation(DomainError):
    code = "needs_directed_location"
    text = _("%(location)s writes both ledgers at once: use an item journal there.")


CHANGED = (
    "item", "variant", "new_variant", "bin", "new_bin", "lot", "new_lot", "new_expiration_date", "unit", "new_unit",
    "quantity", "unit_of_measure",
)  # fmt: skip
CHANGING = {
    "also": (reclassifying.FIND_NEW,),
    "also_checks": (reclassifying.CHECK_LOTS,),
    "stage": f"{reclassifying.MAKE_NEW_LOTS};{reclassifying.STAGE}",
    "after": (reclassifying.DATE_LOTS,),
}

JOURNALS = {
    JournalKind.ITEM: Journal(
        columns=(
            "item", "variant", "entry_type", "bin", "lot", "expiration_date", "unit", "quantity", "unit_of_measure",
            "unit_cost",
        ),
        register=Kind.ITEM_JOURNAL,
        register_there=Kind.WAREHOUSE_ADJUSTMENT,
        sign=IN_OR_OUT,
        # Only what Calculate Whse. Adjustment found there comes this way.
        checks=(*BIN_CHECKS, ("%(directed)s AND NOT r.made", "item", "directed_location")),
        in_adjustment_bin=True,
    ),
    JournalKind.OPENING: Journal(
        columns=(
            "item", "variant", "bin", "lot", "expiration_date", "unit", "quantity", "unit_of_measure", "unit_cost",
        ),
        register=Kind.OPENING,
        checks=(
            *BIN_CHECKS,
            ("%(directed)s AND r.bin <> ''", "bin", "bin_not_expected"),
            ("r.quantity < 0", "quantity", "quantity_negative"),
        ),
        after=(sql.COST_ITEMS,),
        in_adjustment_bin=True,
    ),
    JournalKind.WAREHOUSE: Journal(
        columns=("item", "variant", "bin", "lot", "expiration_date", "unit", "quantity", "unit_of_measure"),
        register=Kind.WAREHOUSE_JOURNAL,
        ordinary=False,
    ),
    JournalKind.RECLASSIFICATION: Journal(
        columns=CHANGED,
        register=Kind.RECLASSIFICATION,
        checks=(*CHANGES, ("%(directed)s", "", "directed_reclassification")),
        **CHANGING,
    ),
    JournalKind.WAREHOUSE_RECLASSIFICATION: Journal(
        columns=CHANGED,
        register=Kind.RECLASSIFICATION,
        checks=CHANGES,
        ordinary=False,
        **CHANGING,
    ),
}  # fmt: skip
