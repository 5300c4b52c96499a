"""Entries of the two ledgers and of value. Written by ledger.posting, set by set; never updated, never deleted.

The foreign keys to registers and to master data carry no constraint in the database: posting writes the register in
the same transaction and copies the rest from quants, and triggers keep registers and quants from being deleted, so that
a check for each entry would prove the same thing once more (DECISIONS.md).
"""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory_site.fields import MONEY, QUANTITY
from ledger.models.registers import Effect, Register
from ledger.querysets import ItemLedgerEntryQuerySet, StockValueQuerySet, WarehouseEntryQuerySet
from warehouse.models import Item, ItemVariant, Location, Lot, Quant, Unit

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


def copied(model, label):
    """A key that posting copies from a quant."""
    return models.ForeignKey(
        model, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False, verbose_name=label
    )


def unit_carried(related_name="+"):
    """Of serialized items: the one unit that an entry of +1 or -1 is about."""
    return models.ForeignKey(
        Unit,
        on_delete=models.PROTECT,
        null=True,
        related_name=related_name,
        db_constraint=False,
        db_index=False,
        verbose_name=_("unit"),
    )


class WarehouseEntry(models.Model):
    """A signed quantity in a quant; 0 is evidence that somebody looked. Ids are in commit order within a location.

    `undoes`: the entry of the reversed document that this one takes back. A document can be reversed line by line; each
    entry once.
    """

    register = models.ForeignKey(
        Register,
        verbose_name=_("register"),
        on_delete=models.PROTECT,
        related_name="warehouse_entries",
        db_constraint=False,
    )
    line = models.IntegerField(_("line"))
    quant = models.ForeignKey(
        Quant, verbose_name=_("quant"), on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    quantity = models.DecimalField(_("quantity"), **QUANTITY)
    unit = unit_carried("entries")
    effect = models.CharField(_("effect"), max_length=10, choices=Effect)
    undoes = models.ForeignKey(
        "self",
        verbose_name=_("undoes"),
        on_delete=models.PROTECT,
        null=True,
        related_name="undone_by",
        db_constraint=False,
        db_index=False,
    )

    objects = WarehouseEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("warehouse entry")
        verbose_name_plural = _("warehouse entries")
        indexes = [
            # "what happened to this quant after its watermark"
            models.Index(fields=["quant", "id"], name="warehouse_entry_by_quant"),
            # "what happened to this unit"; costs nothing where there is none
            models.Index(fields=["unit", "id"], condition=Q(unit__isnull=False), name="warehouse_entry_by_unit"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["undoes"], condition=Q(undoes__isnull=False), name="entry_undone_once"),
        ]
        triggers = [APPEND_ONLY]

    def __str__(self):
        return f"{self.register} {self.line}"


class ItemLedgerEntry(models.Model):
    """A signed quantity that a location came to own, or ceased to."""

    register = models.ForeignKey(
        Register,
        verbose_name=_("register"),
        on_delete=models.PROTECT,
        related_name="item_ledger_entries",
        db_constraint=False,
    )
    line = models.IntegerField(_("line"))
    item = copied(Item, _("item"))
    variant = models.ForeignKey(
        ItemVariant,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("variant"),
    )
    location = copied(Location, _("location"))
    lot = models.ForeignKey(
        Lot,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("lot"),
    )
    quantity = models.DecimalField(_("quantity"), **QUANTITY)
    unit = unit_carried()
    effect = models.CharField(_("effect"), max_length=10, choices=Effect)

    objects = ItemLedgerEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("item ledger entry")
        verbose_name_plural = _("item ledger entries")
        indexes = [models.Index(fields=["item", "location", "id"], name="item_ledger_by_item")]
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="item_ledger_entry_not_zero")]
        triggers = [APPEND_ONLY]

    def __str__(self):
        return f"{self.register} {self.line}"


class ValueEntry(models.Model):
    """The money that goes with an item ledger entry; same sign."""

    item_ledger_entry = models.OneToOneField(
        ItemLedgerEntry,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="value_entry",
        db_constraint=False,
        verbose_name=_("item ledger entry"),
    )
    amount = models.DecimalField(_("amount"), **MONEY)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("value entry")
        verbose_name_plural = _("value entries")
        triggers = [APPEND_ONLY]

    def __str__(self):
        return str(self.amount)


class StockValue(models.Model):
    """What a location owns of an item and variant, and its value: the sums of the entries, kept by posting.

    The moving average is value / quantity; law 7 wants 0 where nothing is left.
    """

    location = models.ForeignKey(
        Location, verbose_name=_("location"), on_delete=models.PROTECT, related_name="stock_values", db_index=False
    )
    item = models.ForeignKey(
        Item, verbose_name=_("item"), on_delete=models.PROTECT, related_name="stock_values", db_index=False
    )
    variant = models.ForeignKey(
        ItemVariant, verbose_name=_("variant"), on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    quantity = models.DecimalField(_("quantity"), **QUANTITY, default=0)
    value = models.DecimalField(_("value"), **MONEY, default=0)

    objects = StockValueQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock value")
        verbose_name_plural = _("stock values")
        constraints = [
            models.UniqueConstraint(
                fields=["item", "location", "variant"], nulls_distinct=False, name="stock_value_one_per_key"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="stock_value_quantity_not_negative"),
            models.CheckConstraint(condition=Q(value__gte=0), name="stock_value_not_negative"),
            models.CheckConstraint(condition=~Q(quantity=0) | Q(value=0), name="stock_value_nothing_is_worth_nothing"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="stock_value_by_posting",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF current_setting('truecount.posting', true) IS DISTINCT FROM 'on' THEN
                        RAISE EXCEPTION 'Only ledger.posting changes the value of stock.'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_value_changed_by_posting_only';
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self):
        return f"{self.item} {self.location}"
