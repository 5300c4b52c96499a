"""What is settled about items in bins."""

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from inventory_site.fields import QUANTITY
from warehouse.models.items import Item, ItemVariant
from warehouse.models.places import BLOCK_MOVEMENT, Bin, BlockMovement, Location
from warehouse.querysets import BinContentQuerySet

SECOND_DEFAULT = _("This item has another default bin at this location already. Clear that one first.")
SETTLES_NOTHING = _("Nothing is settled here: an item needs no entry to lie in a bin. Tick something, or leave it out.")


class BinContent(models.Model):
    """What somebody, or the location, has settled about an item (variant) in a bin; whether any lies there, quants say.

    An item may lie in a bin without: then it floats, and is no content of the bin any more once it is gone. `location`
    is a copy from the bin, for the default is one for each location.
    """

    location = models.ForeignKey(
        Location,
        verbose_name=_("location"),
        on_delete=models.PROTECT,
        related_name="contents",
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    bin = models.ForeignKey(
        Bin, verbose_name=_("bin"), on_delete=models.CASCADE, related_name="contents", db_index=False
    )
    item = models.ForeignKey(Item, verbose_name=_("item"), on_delete=models.CASCADE, related_name="contents")
    variant = models.ForeignKey(
        ItemVariant, verbose_name=_("variant"), on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    fixed = models.BooleanField(
        _("fixed"), default=False, help_text=_("It stays a content of the bin when nothing of it is left.")
    )
    default = models.BooleanField(
        _("default"), default=False, help_text=_("Proposed on every line at this location that names no bin.")
    )
    dedicated = models.BooleanField(
        _("dedicated"), default=False, help_text=_("Kept for a purpose: not proposed to take from.")
    )
    minimum = models.DecimalField(
        _("minimum"), **QUANTITY, null=True, blank=True, help_text=_("In base units. Below it, lists say so.")
    )
    maximum = models.DecimalField(
        _("maximum"), **QUANTITY, null=True, blank=True, help_text=_("In base units. Above it, lists say so.")
    )
    block_movement = models.CharField(
        _("blocked"), **BLOCK_MOVEMENT, help_text=_("For this item in this bin, beside what the bin itself says.")
    )

    objects = BinContentQuerySet.as_manager()

    class Meta:
        verbose_name = _("bin content")
        verbose_name_plural = _("bin contents")
        indexes = [models.Index(fields=["bin", "item"], condition=~Q(block_movement=""), name="blocked_contents")]
        constraints = [
            models.UniqueConstraint(
                fields=["bin", "item", "variant"],
                nulls_distinct=False,
                name="one_content_per_key",
                violation_error_code="duplicate_content",
                violation_error_message=_("This item is a content of this bin already."),
            ),
            models.UniqueConstraint(
                fields=["location", "item", "variant"],
                nulls_distinct=False,
                condition=Q(default=True),
                name="one_default_bin",
                violation_error_code="second_default",
                violation_error_message=SECOND_DEFAULT,
            ),
            models.CheckConstraint(
                condition=Q(minimum__isnull=True) | Q(minimum__gte=0),
                name="content_minimum_not_negative",
                violation_error_code="negative_minimum",
                violation_error_message=_("The minimum is zero or more."),
            ),
            models.CheckConstraint(
                condition=Q(maximum__isnull=True) | Q(maximum__gte=0),
                name="content_maximum_not_negative",
                violation_error_code="negative_maximum",
                violation_error_message=_("The maximum is zero or more."),
            ),
            models.CheckConstraint(
                condition=Q(minimum__isnull=True) | Q(maximum__isnull=True) | Q(minimum__lte=F("maximum")),
                name="content_minimum_below_maximum",
                violation_error_code="minimum_above_maximum",
                violation_error_message=_("The minimum is not more than the maximum."),
            ),
            models.CheckConstraint(
                condition=Q(block_movement__in=["", *BlockMovement.values]), name="content_block_known"
            ),
            models.CheckConstraint(
                condition=Q(fixed=True)
                | Q(default=True)
                | Q(dedicated=True)
                | Q(minimum__isnull=False)
                | Q(maximum__isnull=False)
                | ~Q(block_movement=""),
                name="content_settles_something",
                violation_error_code="settles_nothing",
                violation_error_message=SETTLES_NOTHING,
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="content_is_where_its_bin_is",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    SELECT location_id INTO NEW.location_id FROM warehouse_bin WHERE id = NEW.bin_id;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="content_key_is_fixed",
                operation=pgtrigger.UpdateOf("location_id", "bin_id", "item_id", "variant_id"),
                condition=pgtrigger.Condition(
                    "ROW(OLD.location_id, OLD.bin_id, OLD.item_id, OLD.variant_id)"
                    " IS DISTINCT FROM ROW(NEW.location_id, NEW.bin_id, NEW.item_id, NEW.variant_id)"
                ),
            ),
        ]

    def __str__(self):
        return f"{self.item} in {self.bin}"

    @property
    def settles_something(self):
        """As the constraint says it: an item without all of this floats in the bin."""
        limits = self.minimum is not None or self.maximum is not None
        return bool(self.fixed or self.default or self.dedicated or limits or self.block_movement)

    def clean(self):
        if self.bin_id is None or self.item_id is None:
            return  # the form says so
        if self.variant and self.variant.item_id != self.item_id:
            sentence = _("This variant belongs to another item.")
            raise ValidationError({"variant": ValidationError(sentence, "variant_of_another_item")})
        if self.bin.virtual:
            sentence = _("%(bin)s is an adjustment bin: no goods lie there.") % {"bin": self.bin}
            raise ValidationError({"bin": ValidationError(sentence, "adjustment_bin")})
        # The location is no field of a form, so that no form asks the constraint.
        others = BinContent.objects.defaults().filter(bin__location=self.bin.location_id).exclude(pk=self.pk)
        if self.default and others.filter(item=self.item_id, variant=self.variant_id).exists():
            raise ValidationError({"default": ValidationError(SECOND_DEFAULT, "second_default")})
