"""Serialized units: each single piece of a SERIAL or RFID item, by its code."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory_site.fields import MONEY
from warehouse.models.items import BLOCKED, Item, ItemVariant, Lot
from warehouse.models.stock import Quant
from warehouse.querysets import UnitQuerySet

POSTING_ONLY = """
    IF current_setting('truecount.posting', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'Only ledger.posting changes where a unit is.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unit_changed_by_posting_only';
    END IF;
    RETURN NULL;
"""


class UnitKind(models.TextChoices):
    SERIAL = "serial", _("serial number")
    EPC = "epc", _("tag")


class UnitState(models.TextChoices):
    IN_STOCK = "in_stock", _("in stock")
    DETACHED = "detached", _("detached")  # kept, without a place: a count did not find it, or it never came to be
    RELEASED = "released", _("released")  # issued: gone for good, unless it is received again


class Unit(models.Model):
    """One piece. `code` is its serial number, or what its tag carries: the EPC, hexadecimal, in capitals.

    `serial_number` is what identifies it together with its item: the serial number itself, or that of the SGTIN in the
    tag (blank where the tag holds no SGTIN). `last_entry` is the newest warehouse entry that carried it (0: none), and
    `cost` what it cost, as long as it is in stock a part of the value of stock. Made when a document or a count first
    names it, without a place; only ledger.posting puts it somewhere, and takes it away.

    A unit that goes from one quant to another is written to every index anew, so there is none too many:
    that of `item` is the one of its codes, and of what is mostly blank only the rest is indexed.
    """

    item = models.ForeignKey(
        Item, verbose_name=_("item"), on_delete=models.PROTECT, related_name="serialized_units", db_index=False
    )
    variant = models.ForeignKey(
        ItemVariant,
        verbose_name=_("variant"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    lot = models.ForeignKey(
        Lot,
        verbose_name=_("lot"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="serialized_units",
        db_index=False,
        help_text=_("What it was made with. Stock of serialized items is not kept by lot."),
    )
    kind = models.CharField(_("kind"), max_length=6, choices=UnitKind)
    code = models.CharField(pgettext_lazy("piece", "code"), max_length=80)
    serial_number = models.CharField(_("serial number"), max_length=80, blank=True)
    manufacturer_number = models.CharField(_("manufacturer's number"), max_length=80, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=UnitState, default=UnitState.DETACHED)
    quant = models.ForeignKey(
        Quant, verbose_name=_("quant"), on_delete=models.PROTECT, null=True, related_name="units", db_index=False
    )
    last_entry = models.BigIntegerField(_("newest entry"), default=0)
    cost = models.DecimalField(_("cost"), **MONEY, default=0)
    blocked = models.BooleanField(_("blocked"), **BLOCKED, help_text=_("It cannot be posted."))

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["item", "code"]
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        indexes = [
            models.Index(fields=["quant"], condition=Q(quant__isnull=False), name="unit_by_quant"),
            models.Index(fields=["code"], name="unit_by_code"),
            models.Index(fields=["variant"], condition=Q(variant__isnull=False), name="unit_by_variant"),
            models.Index(fields=["lot"], condition=Q(lot__isnull=False), name="unit_by_lot"),
            models.Index(
                fields=["manufacturer_number", "item"],
                condition=~Q(manufacturer_number=""),
                name="unit_by_manufacturer_number",
            ),
            models.Index(fields=["id"], condition=Q(blocked=True), name="blocked_units"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["item", "code"], name="unit_code_once_for_its_item"),
            models.UniqueConstraint(fields=["code"], condition=Q(kind=UnitKind.EPC), name="tag_once_everywhere"),
            models.UniqueConstraint(
                fields=["item", "serial_number"],
                condition=~Q(serial_number=""),
                name="unit_serial_number_once_for_its_item",
            ),
            models.CheckConstraint(condition=~Q(code=""), name="unit_has_code"),
            models.CheckConstraint(condition=Q(kind__in=UnitKind.values), name="unit_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=UnitKind.EPC) | Q(serial_number=F("code")), name="unit_code_is_its_serial_number"
            ),
            models.CheckConstraint(
                condition=Q(state=UnitState.IN_STOCK, quant__isnull=False)
                | Q(state__in=[UnitState.DETACHED, UnitState.RELEASED], quant__isnull=True),
                name="unit_in_stock_lies_somewhere",
            ),
            models.CheckConstraint(condition=Q(cost__gte=0), name="unit_cost_not_negative"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="unit_moves_by_posting",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("state", "quant_id", "last_entry", "cost"),
                func=POSTING_ONLY,
            ),
            pgtrigger.Protect(
                name="unit_starts_without_a_place",
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition(
                    "NEW.quant_id IS NOT NULL OR NEW.last_entry <> 0 OR NEW.state <> 'detached'"
                ),
            ),
            pgtrigger.Protect(
                name="unit_key_is_fixed",
                operation=pgtrigger.UpdateOf("item_id", "variant_id", "kind", "code", "serial_number"),
            ),
            pgtrigger.Protect(name="unit_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return self.code

    def get_absolute_url(self):
        """A serial number may be that of several items; a tag is one everywhere."""
        address = reverse("unit-detail", args=[self.code])
        return address if self.kind == UnitKind.EPC else f"{address}?{urlencode({'item': self.item.number})}"
