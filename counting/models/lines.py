"""A count line: one quant in one session."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from counting.models.sessions import CountSession
from counting.querysets import CountLineQuerySet
from inventory_site.fields import QUANTITY, UNIT_COST
from ledger.models import Reason
from warehouse.models import Quant


class Decision(models.TextChoices):
    OPEN = "open", _("open")
    ACCEPTED = "accepted", _("accepted")
    LEFT_OUT = "left_out", _("left out")


class CountLine(models.Model):
    """System quantity at opening, book quantity when it was counted, and what the counter saw; blank is not zero.

    `watermark` is the quant's newest entry that the book quantity includes; `begun` the one when this round's
    counting of the line began: where they differ, stock moved under the counter's hands and the line is disturbed.
    `round` is the round that is asked for, `counted_round` the one that `counted_quantity` is of: while a recount is
    asked, the earlier count stays. The database keeps `variance` and `discrepancy`; both are stale after an update
    until the line is read again.

    `serialized` says that its units are scanned, each by its code: what is posted for it comes from the sets of units
    (counting.unit_differences), never from its quantities.

    Two foreign keys, three indexes and a fillfactor that leaves room for HOT updates: counting changes no indexed
    column (shared measurement in DECISIONS.md). A fourth index holds serialized lines alone, so others pay nothing.
    """

    session = models.ForeignKey(CountSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="lines")
    quant = models.ForeignKey(
        Quant, verbose_name=_("quant"), on_delete=models.PROTECT, related_name="count_lines", db_index=False
    )
    open = models.BooleanField(_("open"), default=True)
    found = models.BooleanField(_("found"), default=False)
    serialized = models.BooleanField(_("serialized"), default=False, db_default=False)
    system_quantity = models.DecimalField(_("system quantity"), **QUANTITY)
    unit_cost = models.DecimalField(_("unit cost"), **UNIT_COST)
    counted_quantity = models.DecimalField(_("counted quantity"), **QUANTITY, null=True)
    book_quantity = models.DecimalField(_("book quantity"), **QUANTITY, null=True)
    watermark = models.BigIntegerField(_("watermark"), null=True)
    begun = models.BigIntegerField(_("begun"), null=True)
    disturbed = models.BooleanField(_("disturbed"), default=False)
    zeroed = models.BooleanField(
        _("zeroed"),
        default=False,
        db_default=False,
        help_text=_("Nobody counted it: taken as zero when counting ended."),
    )
    counted_at = models.DateTimeField(_("counted at"), null=True)
    counted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("counted by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    round = models.SmallIntegerField(_("round"), default=1)
    counted_round = models.SmallIntegerField(_("counted round"), null=True)
    recount_asked = models.BooleanField(_("recount asked"), default=False)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision, default=Decision.OPEN)
    accepted_quantity = models.DecimalField(_("accepted quantity"), **QUANTITY, null=True)
    reason = models.ForeignKey(
        Reason,
        verbose_name=_("reason"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    verified = models.BooleanField(
        _("verified"), default=False, help_text=_("Ticked off by a reviewer; no effect on what is posted.")
    )
    adjustment = models.DecimalField(_("adjustment"), **QUANTITY, null=True)
    moved = models.DecimalField(
        _("moved"),
        **QUANTITY,
        null=True,
        help_text=_("The part of the adjustment that was posted as a movement between bins."),
    )
    superseded = models.BooleanField(_("superseded"), default=False)
    variance = models.GeneratedField(
        verbose_name=_("variance"),
        expression=F("counted_quantity") - F("system_quantity"),
        output_field=models.DecimalField(**QUANTITY),
        db_persist=True,
    )
    discrepancy = models.GeneratedField(
        verbose_name=_("discrepancy"),
        expression=F("counted_quantity") - F("book_quantity"),
        output_field=models.DecimalField(**QUANTITY),
        db_persist=True,
    )

    objects = CountLineQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name = _("count line")
        verbose_name_plural = _("count lines")
        indexes = [models.Index(fields=["session"], condition=Q(serialized=True), name="serialized_lines")]
        constraints = [
            models.UniqueConstraint(
                fields=["quant"],
                condition=Q(open=True),
                name="one_open_line_per_quant",
                violation_error_code="counted_elsewhere",
                violation_error_message=_("Another open count holds this item in this bin."),
            ),
            models.CheckConstraint(condition=Q(counted_quantity__gte=0), name="line_count_not_negative"),
            models.CheckConstraint(
                condition=Q(counted_quantity__isnull=True, book_quantity__isnull=True, watermark__isnull=True)
                | Q(
                    counted_quantity__isnull=False,
                    book_quantity__isnull=False,
                    watermark__isnull=False,
                    counted_at__isnull=False,
                ),
                name="line_counted_with_book_and_watermark",
            ),
            models.CheckConstraint(condition=Q(decision__in=Decision.values), name="line_decision_known"),
            models.CheckConstraint(
                condition=Q(accepted_quantity__isnull=True)
                | Q(accepted_quantity__gte=0, accepted_quantity__lte=F("counted_quantity") - F("book_quantity"))
                | Q(accepted_quantity__lte=0, accepted_quantity__gte=F("counted_quantity") - F("book_quantity")),
                name="line_accepts_part_of_its_discrepancy",
                violation_error_code="accepted_too_much",
                violation_error_message=_("Accept between nothing and the whole discrepancy."),
            ),
        ]
        triggers = [
            # WHEN on the row itself: a look-up of the session made counting five times slower.
            pgtrigger.Protect(
                name="closed_line_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("NOT OLD.open"),
            ),
            # Sightings name a line without a foreign key.
            pgtrigger.Protect(name="line_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.session} {self.quant}"

    @property
    def is_counted(self):
        return self.counted_quantity is not None

    @property
    def since_opened(self):
        """What moved between the opening and the count."""
        return None if self.book_quantity is None else self.book_quantity - self.system_quantity
