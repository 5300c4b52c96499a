"""What is where: quants, and holds on bins."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory_site.fields import QUANTITY
from warehouse.models.items import Item, ItemVariant, Lot
from warehouse.models.places import Bin, Location
from warehouse.querysets import QuantQuerySet

POSTING_ONLY = """
    IF current_setting('truecount.posting', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'Only ledger.posting changes what lies in a quant.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'quant_changed_by_posting_only';
    END IF;
    RETURN NULL;
"""


class Quant(models.Model):
    """How much of one item (variant, lot) lies in one bin: the sum of its warehouse entries, kept by ledger.posting.

    `location` and `virtual` are copies from the bin, which never changes either (so the location needs no constraint).
    `last_entry` is the id of the newest warehouse entry, 0 where there is none: whoever remembers it can tell later
    whether stock has moved since.
    """

    location = models.ForeignKey(
        Location,
        verbose_name=_("location"),
        on_delete=models.PROTECT,
        related_name="quants",
        db_index=False,
        db_constraint=False,
    )
    bin = models.ForeignKey(Bin, verbose_name=_("bin"), on_delete=models.PROTECT, related_name="quants", db_index=False)
    item = models.ForeignKey(
        Item, verbose_name=_("item"), on_delete=models.PROTECT, related_name="quants", db_index=False
    )
    variant = models.ForeignKey(
        ItemVariant, verbose_name=_("variant"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lot = models.ForeignKey(
        Lot, verbose_name=_("lot"), on_delete=models.PROTECT, null=True, blank=True, related_name="quants"
    )
    quantity = models.DecimalField(_("quantity"), **QUANTITY, default=0)
    last_entry = models.BigIntegerField(_("newest entry"), default=0)
    virtual = models.BooleanField(_("virtual"), default=False)

    objects = QuantQuerySet.as_manager()

    class Meta:
        verbose_name = _("quant")
        verbose_name_plural = _("quants")
        indexes = [
            # The unique key below starts with the bin; these two serve "stock of an item" and "stock of a location".
            models.Index(fields=["item", "location"], name="quant_by_item"),
            models.Index(fields=["location", "bin"], name="quant_by_location"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["bin", "item", "variant", "lot"],
                nulls_distinct=False,
                name="quant_one_per_key",
                violation_error_code="duplicate_quant",
                violation_error_message=_("This item and lot already has a quant in this bin."),
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=0) | Q(virtual=True),
                name="quant_not_negative",
                violation_error_code="negative_stock",
                violation_error_message=_("There is not that much in the bin."),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="quant_moves_by_posting",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("quantity", "last_entry"),
                func=POSTING_ONLY,
            ),
            pgtrigger.Protect(
                name="quant_starts_empty",
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.quantity <> 0 OR NEW.last_entry <> 0"),
            ),
            pgtrigger.Protect(
                name="quant_key_is_fixed",
                operation=pgtrigger.UpdateOf("location_id", "bin_id", "item_id", "variant_id", "lot_id", "virtual"),
            ),
            pgtrigger.Protect(name="quant_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.item} in {self.bin}"


class BinHold(models.Model):
    """Keeps postings off one item in one bin, but for the documents of its holders (a document number each).

    Two can hold the same item in the same bin, for instance two counts of different lots: each lets the other's
    documents through, for they wait for each other's end otherwise.
    """

    bin = models.ForeignKey(Bin, on_delete=models.CASCADE, related_name="holds", verbose_name=_("bin"))
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="holds", verbose_name=_("item"))
    held_by = models.CharField(_("held by"), max_length=40, db_index=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [models.UniqueConstraint(fields=["bin", "item", "held_by"], name="one_hold_per_holder")]

    def __str__(self):
        return f"{self.bin} {self.item} ({self.held_by})"
