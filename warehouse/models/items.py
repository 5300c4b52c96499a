"""What is stocked: items with their variants, lots, units of measure, categories and bar codes."""

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inventory_site.fields import QUANTITY, UNIT_COST
from inventory_site.figures import typed
from warehouse.querysets import ItemQuerySet, LotQuerySet

BLOCKED = {"default": False, "db_default": False}


class UnitOfMeasure(models.Model):
    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        ordering = ["code"]
        verbose_name = _("unit of measure")
        verbose_name_plural = _("units of measure")

    def __str__(self):
        return self.name


class Category(models.Model):
    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"],
                nulls_distinct=False,
                name="category_name_once",
                violation_error_code="duplicate_category",
                violation_error_message=_("This category exists already."),
            ),
            models.CheckConstraint(
                condition=~Q(parent=F("id")),
                name="category_not_its_own_parent",
                violation_error_code="category_loop",
                violation_error_message=_("A category cannot be its own parent."),
            ),
        ]

    def __str__(self):
        return self.name

    def with_descendants(self):
        """This category and all below it."""
        found, level = {self.pk}, {self.pk}
        while level:  # one statement a level; trees of categories are a few levels deep
            level = set(Category.objects.filter(parent__in=level).values_list("pk", flat=True)) - found
            found |= level
        return Category.objects.filter(pk__in=found)


class Tracking(models.TextChoices):
    """How an item is identified. Locked once the item has stock or units."""

    BULK = "bulk", _("BULK")
    LOT = "lot", _("LOT")
    SERIAL = "serial", _("SERIAL")
    RFID = "rfid", _("RFID")


class Item(models.Model):
    number = models.CharField(_("number"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="items", verbose_name=_("category")
    )
    base_unit = models.ForeignKey(
        UnitOfMeasure, on_delete=models.PROTECT, related_name="+", verbose_name=_("base unit of measure")
    )
    tracking = models.CharField(_("tracking"), max_length=10, choices=Tracking, default=Tracking.BULK)
    auto_serialized = models.BooleanField(
        _("serial numbers are given by us"),
        default=False,
        db_default=False,
        help_text=_("Counted by quantity: which units that is follows, and more than are known get new numbers."),
    )
    unit_cost = models.DecimalField(
        _("unit cost"),
        **UNIT_COST,
        default=0,
        help_text=_("Values stock that arrives without a cost of its own where the location holds none yet."),
    )
    blocked = models.BooleanField(_("blocked"), default=False, help_text=_("Nothing of it can be posted."))

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        verbose_name = _("item")
        verbose_name_plural = _("items")
        indexes = [models.Index(fields=["id"], condition=Q(blocked=True), name="blocked_items")]
        constraints = [
            models.CheckConstraint(condition=Q(tracking__in=Tracking.values), name="item_tracking_known"),
            models.CheckConstraint(
                condition=Q(auto_serialized=False) | Q(tracking=Tracking.SERIAL),
                name="only_serial_items_are_auto_serialized",
                violation_error_code="not_serial",
                violation_error_message=_("Only items that are tracked by serial number can be given numbers by us."),
            ),
            models.CheckConstraint(
                condition=Q(unit_cost__gte=0),
                name="item_cost_not_negative",
                violation_error_code="negative_cost",
                violation_error_message=_("A unit cost is zero or more."),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="tracking_locked",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("tracking"),
                condition=pgtrigger.Condition("OLD.tracking IS DISTINCT FROM NEW.tracking"),
                # Whoever posts just now is waited for; whoever posts next sees the change.
                func="""
                    PERFORM id FROM warehouse_location ORDER BY id FOR NO KEY UPDATE;
                    IF EXISTS (SELECT 1 FROM warehouse_quant WHERE item_id = NEW.id AND last_entry <> 0)
                       OR EXISTS (SELECT 1 FROM warehouse_unit WHERE item_id = NEW.id) THEN
                        RAISE EXCEPTION 'The tracking of an item cannot change once it had stock or units.'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'item_tracking_locked';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self):
        return f"{self.number} {self.name}"

    def get_absolute_url(self):
        return reverse("item-detail", args=[self.number])

    def clean(self):
        if Item.objects.with_tracking_locked().filter(pk=self.pk).exclude(tracking=self.tracking).exists():
            sentence = _("The tracking cannot change: this item has or had stock or units. Make a new item instead.")
            raise ValidationError({"tracking": ValidationError(sentence, "tracking_locked")})

    @property
    def is_serialized(self):
        return self.tracking in (Tracking.SERIAL, Tracking.RFID)


class ItemVariant(models.Model):
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="variants", verbose_name=_("item"))
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=100, blank=True)
    blocked = models.BooleanField(_("blocked"), **BLOCKED, help_text=_("Nothing of this variant can be posted."))

    class Meta:
        ordering = ["item", "code"]
        verbose_name = _("item variant")
        verbose_name_plural = _("item variants")
        indexes = [models.Index(fields=["id"], condition=Q(blocked=True), name="blocked_variants")]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "code"],
                name="variant_code_once",
                violation_error_code="duplicate_variant",
                violation_error_message=_("This item has a variant with this code already."),
            )
        ]

    def __str__(self):
        return self.name or self.code


class ItemUnit(models.Model):
    """A further unit of measure of an item: one box is `quantity_per` base units."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="units", verbose_name=_("item"))
    unit_of_measure = models.ForeignKey(
        UnitOfMeasure, on_delete=models.PROTECT, related_name="+", verbose_name=_("unit of measure")
    )
    quantity_per = models.DecimalField(_("base units in one"), **QUANTITY)

    class Meta:
        ordering = ["item", "quantity_per"]
        verbose_name = _("item unit of measure")
        verbose_name_plural = _("item units of measure")
        constraints = [
            models.UniqueConstraint(
                fields=["item", "unit_of_measure"],
                name="item_unit_once",
                violation_error_code="duplicate_unit",
                violation_error_message=_("This item has this unit of measure already."),
            ),
            models.CheckConstraint(
                condition=Q(quantity_per__gt=0),
                name="item_unit_positive",
                violation_error_code="not_positive",
                violation_error_message=_("One unit holds more than nothing."),
            ),
        ]

    def __str__(self):
        return f"{self.unit_of_measure} ({typed(self.quantity_per)})"


class ItemReference(models.Model):
    """A bar code, or the number that somebody else gives an item. A code may stand for several items: the scan asks."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="references", verbose_name=_("item"))
    variant = models.ForeignKey(
        ItemVariant, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("variant")
    )
    unit_of_measure = models.ForeignKey(
        UnitOfMeasure,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("unit of measure"),
        help_text=_("What one scan stands for. Blank: one base unit."),
    )
    code = models.CharField(_("code"), max_length=80, db_index=True)

    class Meta:
        ordering = ["item", "code"]
        verbose_name = _("item reference")
        verbose_name_plural = _("item references")
        constraints = [
            models.UniqueConstraint(
                fields=["code", "item", "variant", "unit_of_measure"],
                nulls_distinct=False,
                name="reference_once",
                violation_error_code="duplicate_reference",
                violation_error_message=_("This item has this code already."),
            )
        ]

    def __str__(self):
        return self.code


class Lot(models.Model):
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="lots", verbose_name=_("item"))
    number = models.CharField(_("number"), max_length=60)
    expiration_date = models.DateField(_("expiration date"), null=True, blank=True)
    blocked = models.BooleanField(_("blocked"), **BLOCKED, help_text=_("Nothing of this lot can be posted."))

    objects = LotQuerySet.as_manager()

    class Meta:
        ordering = ["item", "expiration_date", "number"]
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        indexes = [models.Index(fields=["id"], condition=Q(blocked=True), name="blocked_lots")]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "number"],
                name="lot_number_once",
                violation_error_code="duplicate_lot",
                violation_error_message=_("This item has a lot with this number already."),
            )
        ]

    def __str__(self):
        return self.number
