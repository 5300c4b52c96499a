"""Posted documents."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ledger.querysets import RegisterQuerySet
from warehouse.models import Location


class Effect(models.TextChoices):
    """What an entry says about the shelf. A count that was taken before the entry has to know (ARCHITECTURE 5)."""

    MOVED = "moved", _("moved")  # goods really came, went or broke
    CORRECTED = "corrected", _("corrected")  # the books were wrong by so much
    COUNTED = "counted", _("counted")  # somebody looked and said how much there is


class Direction(models.TextChoices):
    """Which differences a reason explains."""

    ANY = "any", _("found or missing")
    FOUND = "found", _("found")
    MISSING = "missing", _("missing")


class Reason(models.Model):
    """Why stock changed, or why a count was off. Its effect is that of the documents that give it as their reason."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    effect = models.CharField(_("effect"), max_length=10, choices=Effect)
    direction = models.CharField(_("for what is"), max_length=10, choices=Direction, default=Direction.ANY)

    class Meta:
        ordering = ["name"]
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        constraints = [
            models.CheckConstraint(condition=Q(effect__in=Effect.values), name="reason_effect_known"),
            models.CheckConstraint(condition=Q(direction__in=Direction.values), name="reason_direction_known"),
        ]

    def __str__(self):
        return self.name

    def fits(self, difference):
        return not difference or self.direction in (
            Direction.ANY,
            Direction.FOUND if difference > 0 else Direction.MISSING,
        )


class Kind(models.TextChoices):
    RECEIPT = "receipt", _("receipt")
    ISSUE = "issue", _("issue")
    MOVEMENT = "movement", _("movement")
    LOCATION_TRANSFER = "location_transfer", _("location transfer")
    OPENING = "opening", _("opening stock")
    MANUAL_ADJUSTMENT = "manual_adjustment", _("manual adjustment")
    QUANTITY_ADJUSTMENT = "quantity_adjustment", _("quantity adjustment")
    STOCK_TRANSFER = "stock_transfer", _("stock transfer")
    ITEM_JOURNAL = "item_journal", _("item journal")
    WAREHOUSE_JOURNAL = "warehouse_journal", _("warehouse journal")
    RECLASSIFICATION = "reclassification", _("reclassification")
    WAREHOUSE_ADJUSTMENT = "warehouse_adjustment", _("warehouse adjustment")
    CONVERSION = "conversion", _("conversion")
    REVERSAL = "reversal", _("reversal")


POSTED_BY_COUNTS = {Kind.QUANTITY_ADJUSTMENT, Kind.STOCK_TRANSFER}  # and reversed with them

# A reason of the document goes before. Opening stock was on the shelf all the time: the books learn of it.
EFFECT_OF_KIND = {
    Kind.RECEIPT: Effect.MOVED,
    Kind.ISSUE: Effect.MOVED,
    Kind.MOVEMENT: Effect.MOVED,
    Kind.LOCATION_TRANSFER: Effect.MOVED,
    Kind.OPENING: Effect.CORRECTED,
    Kind.MANUAL_ADJUSTMENT: Effect.COUNTED,
    Kind.QUANTITY_ADJUSTMENT: Effect.COUNTED,
    Kind.STOCK_TRANSFER: Effect.COUNTED,  # a count said how much lies at both ends
    Kind.ITEM_JOURNAL: Effect.CORRECTED,
    Kind.WAREHOUSE_JOURNAL: Effect.CORRECTED,
    Kind.RECLASSIFICATION: Effect.MOVED,  # to a count, goods went from one quant to another
    Kind.WAREHOUSE_ADJUSTMENT: Effect.CORRECTED,  # in no bin that anybody counts
    Kind.CONVERSION: Effect.CORRECTED,  # nothing moved; a unit is only no longer known to lie anywhere
    Kind.REVERSAL: Effect.CORRECTED,
}


class Register(models.Model):
    """One posted document and all the entries that it wrote. Never changed, never deleted; a mistake is reversed."""

    number = models.CharField(_("number"), max_length=30, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    effect = models.CharField(_("effect"), max_length=10, choices=Effect)
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="registers", db_index=False, verbose_name=_("location")
    )
    other_location = models.ForeignKey(
        Location,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("to location"),
    )
    posting_date = models.DateField(_("posting date"))
    posted_at = models.DateTimeField(_("posted at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    reason = models.ForeignKey(
        Reason, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reason")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    source = models.CharField(
        _("source"), max_length=40, blank=True, db_index=True, help_text=_("The number of what asked for it: a count.")
    )
    in_spite_of = models.CharField(
        _("in spite of"), max_length=100, blank=True, help_text=_("The numbers of those who held what it is about.")
    )
    override = models.CharField(_("why in spite of that"), max_length=200, blank=True)
    request_id = models.UUIDField(_("request id"), unique=True)
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="reversals", verbose_name=_("reverses")
    )

    objects = RegisterQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        permissions = [
            ("adjust_register", _("Can say how much there is (manual adjustment)")),
            ("reverse_register", _("Can reverse a document")),
            ("override_hold", _("Can post in spite of a hold, with a reason")),
            ("import_stock", _("Can import master data and stock")),
        ]
        indexes = [
            # Both also give the newest posted_at of a location, which the next posting reads under the lock.
            models.Index(fields=["location", "posted_at"], name="register_by_location"),
            models.Index(
                fields=["other_location", "posted_at"],
                condition=Q(other_location__isnull=False),
                name="register_by_other_location",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="register_kind_known"),
            models.CheckConstraint(condition=Q(effect__in=Effect.values), name="register_effect_known"),
            models.CheckConstraint(
                condition=Q(kind=Kind.REVERSAL, reverses__isnull=False)
                | (~Q(kind=Kind.REVERSAL) & Q(reverses__isnull=True)),
                name="register_reversal_names_its_document",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="register_is_final", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("document-detail", args=[self.number])

    @property
    def belongs_to_count(self):
        """A count has posted it, and takes it back."""
        return self.kind in POSTED_BY_COUNTS and bool(self.source)

    @property
    def is_reversed(self):
        """All of it is taken back, by one document or by several."""
        return self.reversals.exists() and not self.warehouse_entries.standing().exists()
