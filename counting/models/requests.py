"""What reviewers ask counters for."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from counting.models.lines import CountLine


class RecountRequest(models.Model):
    """That a line is to be counted again in this round: who asked, when, and why. Never changed."""

    line = models.ForeignKey(CountLine, on_delete=models.PROTECT, related_name="recount_requests", db_index=False)
    round = models.SmallIntegerField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    why = models.CharField(max_length=200)

    class Meta:
        ordering = ["round", "id"]
        verbose_name = _("recount request")
        verbose_name_plural = _("recount requests")
        constraints = [models.UniqueConstraint(fields=["line", "round"], name="one_request_per_line_and_round")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.line} {self.round}"
