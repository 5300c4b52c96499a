"""Prove the laws of the ledgers (ARCHITECTURE 4) on the rows that are there. Reads only; may run while people work."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pgtrigger
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from inventory_site.templatetags.truecount import quantity
from ledger.models import ItemLedgerEntry, Register, StockValue, ValueEntry, WarehouseEntry
from ledger.sql import reconciling as sql
from warehouse.models import Item, Location, Quant, Unit

LAWS = {
    1: _("A quant holds the sum of its warehouse entries, and knows the newest of them."),
    2: _("Item ledger and warehouse ledger agree on every item, variant, lot and location."),
    3: _("No quant is negative, except in an adjustment bin."),
    4: _("Serialized stock is as much, and worth as much, as the units that lie in it, each where its entries put it."),
    5: _("Documents and entries are never changed, never deleted."),
    7: _("Every item ledger entry has its value; values add up to the value of the stock."),
}


@dataclass(frozen=True)
class Finding:
    """One place where a law is broken."""

    law: int
    subject: str
    says: str


@dataclass(frozen=True)
class Proof:
    """What looking for breaches of a law gave: how many rows were looked at, how many are wrong, the first of them."""

    law: int
    looked_at: int
    total: int
    findings: list[Finding]

    @property
    def holds(self) -> bool:
        return self.total == 0


@dataclass(frozen=True)
class Check:
    """One statement that proves (a part of) a law: `looked` and `named` for sql.PROVE, and what a broken row says."""

    law: int
    looked: str
    named: str
    says: str
    params: dict = field(default_factory=dict)

    def run(self, location: Location | None) -> Proof:
        with connection.cursor() as cursor:
            cursor.execute(
                sql.PROVE.format(looked=self.looked, named=self.named),
                {"location": location and location.pk, **self.params},
            )
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return Proof(
            self.law, rows[0]["looked_at"], rows[0]["total"], [self._finding(row) for row in rows if row["broken"]]
        )

    def _finding(self, row):
        written = {key: quantity(value) if isinstance(value, Decimal) else value for key, value in row.items()}
        return Finding(self.law, row["subject"], str(self.says) % written)


def guards(law: int, *guarded: type[models.Model]) -> Check:
    """The triggers and check constraints of these models are there and switched on."""
    names = [(model._meta.db_table, name) for model in guarded for name in _guards_of(model)]
    return Check(
        law=law,
        looked=sql.GUARDS,
        named=sql.GUARD_NAMED,
        says=_("The database does not guard this any more: the trigger or check is missing or switched off."),
        params={"relations": [table for table, _name in names], "names": [name for _table, name in names]},
    )


def _guards_of(model):
    yield from (trigger.get_pgid(model) for owner, trigger in pgtrigger.registered() if owner is model)
    yield from (each.name for each in model._meta.constraints if isinstance(each, models.CheckConstraint))


def checks() -> list[Check]:
    return [
        Check(
            law=1,
            looked=sql.QUANTS_AND_ENTRIES,
            named=sql.QUANT_NAMED,
            says=_("The quant says %(quantity)s and entry %(last_entry)s, its entries say %(summed)s and %(newest)s."),
        ),
        guards(1, Quant),
        Check(
            law=2,
            looked=sql.LEDGERS_SIDE_BY_SIDE,
            named=sql.STOCK_NAMED,
            says=_("The item ledger says %(owned)s, the warehouse ledger %(lying)s."),
        ),
        Check(
            law=3,
            looked=sql.QUANTS_AND_BINS,
            named=sql.QUANT_NAMED,
            says=_("The quant says %(quantity)s, or its location or kind is not that of its bin."),
        ),
        Check(
            law=4,
            looked=sql.QUANTS_AND_UNITS,
            named=sql.QUANT_NAMED,
            says=_("The quant says %(quantity)s, and %(units)s units lie in it."),
        ),
        Check(
            law=4,
            looked=sql.UNITS_AND_ENTRIES,
            named=sql.UNIT_NAMED,
            says=_(
                "The unit is %(state)s in quant %(quant_id)s since entry %(last_entry)s; its entries say %(summed)s in "
                "%(lies_in)s since %(newest)s."
            ),
        ),
        Check(
            law=4,
            looked=sql.ENTRIES_AND_UNITS,
            named=sql.ENTRY_NAMED,
            says=_("In the %(ledger)s ledger it says %(quantity)s, of unit %(unit_id)s."),
        ),
        Check(
            law=4,
            looked=sql.UNITS_IN_ADJUSTMENT_BINS,
            named=sql.UNIT_NAMED,
            says=_("In an adjustment bin its entries add up to %(quantity)s; they are 1, 0 or -1."),
        ),
        Check(
            law=4,
            looked=sql.VALUES_AND_UNITS,
            named=sql.STOCK_NAMED,
            says=_("The stock is worth %(value)s, its units have cost %(cost)s."),
        ),
        guards(4, Unit, Item),
        Check(
            law=5,
            looked=sql.REGISTERS_AND_ENTRIES,
            named=sql.REGISTER_NAMED,
            says=_("It is %(effect)s; its %(entries)s warehouse entries and what follows say %(least)s, %(most)s."),
        ),
        guards(5, Register, WarehouseEntry, ItemLedgerEntry, ValueEntry),
        Check(
            law=7,
            looked=sql.ENTRIES_AND_VALUES,
            named=sql.ENTRY_NAMED,
            says=_("%(entries)s item ledger entries, %(amounts)s value entries."),
        ),
        Check(
            law=7,
            looked=sql.STOCK_VALUES_AND_ENTRIES,
            named=sql.STOCK_NAMED,
            says=_("The stock says %(quantity)s worth %(value)s, the entries say %(summed)s worth %(amount)s."),
        ),
        guards(7, StockValue),
    ]


def prove(location: Location | None = None, *, by: Iterable[Check] | None = None) -> Iterator[Proof]:
    """One proof for each law."""
    proofs = {}
    for check in by or checks():
        proofs.setdefault(check.law, []).append(check.run(location))
    for law, parts in sorted(proofs.items()):
        yield Proof(
            law=law,
            looked_at=sum(part.looked_at for part in parts),
            total=sum(part.total for part in parts),
            findings=[finding for part in parts for finding in part.findings],
        )


def findings(location: Location | None = None) -> list[Finding]:
    """The first of everything that is wrong; empty where the laws hold."""
    return [finding for proof in prove(location) for finding in proof.findings]
