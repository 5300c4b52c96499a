"""Stock that a count found in another bin than the books have it in."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from counting.models.lines import CountLine
from counting.models.sessions import CountSession
from counting.querysets import MisplacementQuerySet
from inventory_site.fields import QUANTITY


class Misplacement(models.Model):
    """What a reviewer takes as moved from a line that is short to one of the same item, variant and lot that is over.

    `quantity` is what was proposed and accepted, `moved` what completing posted of it: never more than the adjustments
    of the two lines, and 0 where one of them was counted or decided on anew meanwhile. NULL until then.
    """

    session = models.ForeignKey(CountSession, on_delete=models.PROTECT, related_name="misplacements")
    short = models.ForeignKey(CountLine, on_delete=models.PROTECT, related_name="misplaced_from")
    over = models.ForeignKey(CountLine, on_delete=models.PROTECT, related_name="misplaced_to")
    quantity = models.DecimalField(**QUANTITY)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField()
    moved = models.DecimalField(**QUANTITY, null=True)

    objects = MisplacementQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name = _("misplaced stock")
        verbose_name_plural = _("misplaced stock")
        constraints = [
            models.UniqueConstraint(fields=["short", "over"], name="one_movement_per_pair_of_lines"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="misplaced_quantity_positive"),
            models.CheckConstraint(
                condition=Q(moved__isnull=True) | Q(moved__gte=0, moved__lte=F("quantity")),
                name="moved_no_more_than_accepted",
            ),
        ]
        triggers = [
            # WHEN on the row itself: a look-up of the line took as long as all the rest of completing.
            pgtrigger.Protect(
                name="what_was_moved_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.moved IS NOT NULL"),
            )
        ]

    def __str__(self):
        return f"{self.short} → {self.over}"
