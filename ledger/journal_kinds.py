"""The kinds of journals: which columns each has, what its quantities mean, and what posting it makes.

All of them go the same way: RESOLVE looks up what is typed, `also` what only this kind has; CHECK says what is wrong,
with the `checks` of the kind; STAGE hands to posting what is right. A new kind is a row of this table.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from ledger.models import JournalKind, Kind
from ledger.sql import journals as sql

IN_OR_OUT = "CASE entry_type WHEN 'negative' THEN -1 ELSE 1 END"

# (condition on a row `r`, the field that it is about, code)
Check = tuple[str, str, str]
BIN_CHECKS: tuple[Check, ...] = (
    ("r.bin = '' AND r.bin_fits IS NULL", "bin", "bin_missing"),
    ("r.bin <> '' AND r.bin_fits IS NULL", "bin", "bin_unknown"),
    ("r.bin_fits > 1", "bin", "bin_ambiguous"),
)


@dataclass(frozen=True, kw_only=True)
class Journal:
    """`columns`: fields of a line in the order of the grid. `sign`: what the typed quantity is multiplied with. At
    directed locations `register_there` is posted, in the adjustment bin if `in_adjustment_bin`. `after`: what follows
    the posting in its transaction.
    """

    columns: tuple[str, ...]
    register: Kind
    register_there: Kind | None = None
    sign: str = "1"
    checks: tuple[Check, ...] = BIN_CHECKS
    also: tuple[str, ...] = ()
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
}  # fmt: skip
