"""What people did to a session as a whole; what they said about its lines are count entries."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from counting.models.sessions import CountSession


class Deed(models.TextChoices):
    OPENED = "opened", _("opened the count")
    REFRESHED = "refreshed", _("refreshed the system quantities")
    CLEARED = "cleared", _("cleared counts")
    IMPORTED = "imported", _("imported counts")
    EXPORTED = "exported", _("exported the lines")
    PRINTED = "printed", _("printed sheets")
    ZEROED = "zeroed", _("counted what was left as zero")
    EXPECTED = "expected", _("counted what was left as the books say")
    MARKED = "marked", _("marked it as counted")
    REOPENED = "reopened", _("opened it for counting again")
    RECOUNT_ASKED = "recount_asked", _("asked for a recount")
    EARLIER_KEPT = "earlier_kept", _("went back to the earlier count")
    ACCEPTED = "accepted", _("accepted discrepancies")
    LEFT_OUT = "left_out", _("left lines out")
    RECONSIDERED = "reconsidered", _("took decisions back")
    REASON_GIVEN = "reason_given", _("gave a reason")
    VERIFIED = "verified", _("ticked lines as verified")
    UNVERIFIED = "unverified", _("took ticks away")
    MOVED = "moved", _("moved misplaced stock")
    UNITS_TICKED = "units_ticked", _("ticked units to be posted")
    UNITS_UNTICKED = "units_unticked", _("left units alone")
    UNIT_SETTLED = "unit_settled", _("settled where a unit lies")
    SETTLED = "settled", _("settled a scan that was put aside")
    GUARD_SET = "guard_set", _("stopped movements")
    GUARD_OVERRIDDEN = "guard_overridden", _("posted in spite of the count")
    COMPLETION_ASKED = "completion_asked", _("asked for the adjustments")
    COMPLETION_REFUSED = "completion_refused", _("could not be completed")
    COMPLETED = "completed", _("completed it")
    CANCELLED = "cancelled", _("cancelled it")
    REVERSED = "reversed", _("reversed what it posted")
    NOTED = "noted", _("wrote a note")


class Activity(models.Model):
    """One deed of one person, never changed. `lines` says how many lines it was about, `note` why or which."""

    session = models.ForeignKey(
        CountSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="activities"
    )
    deed = models.CharField(_("deed"), max_length=20, choices=Deed)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(_("done at"))
    lines = models.IntegerField(_("lines"), null=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        constraints = [models.CheckConstraint(condition=Q(deed__in=Deed.values), name="activity_deed_known")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.session} {self.deed}"
