"""A count session: DRAFT -> COUNTED -> COMPLETED, or CANCELLED."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from counting.querysets import CountSessionQuerySet
from inventory_site.errors import DomainError
from ledger.models import Register
from warehouse.models import Location


class Status(models.TextChoices):
    DRAFT = "draft", _("draft")
    COUNTED = "counted", _("counted")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")


class Uncounted(models.TextChoices):
    """What becomes of lines that nobody counted when the session is marked as counted."""

    SKIP = "skip", _("leave them as they are")
    ZERO = "zero", _("count them as zero")
    EXPECTED = "expected", _("count them as the books say")
    REQUIRED = "required", _("all must be counted")


class Guard(models.TextChoices):
    """From when to the end of the session nothing else may be posted on what it counts."""

    NONE = "none", _("movements go on")
    FREEZE = "freeze", _("no movements from the review on")
    BLOCK = "block", _("no movements from the opening on")


class Undecided(models.TextChoices):
    """What completing does with discrepancies that no reviewer has decided on."""

    POST = "post", _("post them")
    LEAVE = "leave", _("leave them as they are")


TRANSITIONS = {
    Status.DRAFT: {Status.COUNTED, Status.CANCELLED},
    Status.COUNTED: {Status.DRAFT, Status.COMPLETED, Status.CANCELLED},
    Status.COMPLETED: set(),
    Status.CANCELLED: set(),
}


class WrongStatus(DomainError):
    code = "wrong_status"
    text = _("%(session)s is %(status)s, so it cannot become %(target)s. Load the page again to see how it stands.")


class SomebodyElsesJournal(DomainError):
    code = "somebody_elses_journal"
    text = _(
        "%(session)s is a journal: %(opened_by)s, who opened it, enters it alone. Open a count for several people."
    )


class CountSession(models.Model):
    """A count of part of a location. Nothing that counting changes often lives here: counters only share-lock it.

    Lines whose `round` is the session's round can be counted; a recount of some raises both, so that the others stay
    closed. `completion_*` is the request to complete: who confirmed which figures; it is the truth, the queue a
    convenience.
    """

    number = models.CharField(_("number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="count_sessions", verbose_name=_("location")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    round = models.SmallIntegerField(_("round"), default=1)
    scope = models.JSONField(_("scope"), default=dict, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    uncounted = models.CharField(
        _("lines that nobody counts"), max_length=10, choices=Uncounted, default=Uncounted.SKIP
    )
    guard = models.CharField(_("movements meanwhile"), max_length=10, choices=Guard, default=Guard.NONE)
    undecided = models.CharField(
        _("discrepancies that nobody decides"), max_length=10, choices=Undecided, default=Undecided.POST
    )
    opened_entry = models.BigIntegerField(
        _("opened entry"),
        null=True,
        blank=True,
        help_text=_("The newest entry of the location at the opening; only where lines can be taken as zero."),
    )
    blind = models.BooleanField(_("blind"), default=False, help_text=_("Counters are shown no quantities."))
    journal = models.BooleanField(
        _("journal"),
        default=False,
        db_default=False,
        help_text=_("Whoever opened it enters it alone, in a table that begins with what the books say."),
    )
    request_id = models.UUIDField(_("request id"), unique=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("opened by")
    )
    opened_at = models.DateTimeField(_("opened at"))
    marked_at = models.DateTimeField(_("marked as counted at"), null=True, blank=True)
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("marked by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    ended_at = models.DateTimeField(_("completed or cancelled at"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("ended by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    completion_asked_at = models.DateTimeField(_("completion asked at"), null=True, blank=True)
    completion_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("completion asked by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    completion_digest = models.JSONField(_("completion digest"), null=True, blank=True)
    completion_problems = models.JSONField(_("completion problems"), default=list, blank=True)
    adjustment = models.OneToOneField(
        Register,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="count_session",
        verbose_name=_("quantity adjustment"),
    )
    transfer = models.OneToOneField(
        Register,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="count_session_that_moved",
        verbose_name=_("stock transfer"),
    )

    objects = CountSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("count session")
        verbose_name_plural = _("count sessions")
        permissions = [
            ("complete_countsession", _("Can complete a count session")),
            ("review_countsession", _("Can review a count session")),
        ]
        indexes = [
            models.Index(fields=["location", "status"], name="session_by_location"),
            models.Index(
                fields=["completion_asked_at"],
                condition=Q(completion_asked_at__isnull=False, status="counted"),
                name="session_to_complete",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="session_status_known"),
            models.CheckConstraint(condition=Q(uncounted__in=Uncounted.values), name="session_uncounted_known"),
            models.CheckConstraint(condition=Q(guard__in=Guard.values), name="session_guard_known"),
            models.CheckConstraint(condition=Q(undecided__in=Undecided.values), name="session_undecided_known"),
            models.CheckConstraint(
                condition=Q(blind=False) | (Q(journal=False) & ~Q(uncounted=Uncounted.EXPECTED)),
                name="session_blind_expects_nothing",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False, status__in=[Status.COMPLETED, Status.CANCELLED])
                | Q(ended_at__isnull=True, status__in=[Status.DRAFT, Status.COUNTED]),
                name="session_ended_when_it_ended",
            ),
            models.CheckConstraint(
                condition=Q(completion_asked_at__isnull=True) | Q(status__in=[Status.COUNTED, Status.COMPLETED]),
                name="session_completes_from_counted",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="ended_session_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.status IN ('completed', 'cancelled')"),
            ),
            # Scans name a session without a foreign key.
            pgtrigger.Protect(name="session_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("count-detail", args=[self.number])

    @property
    def is_open(self):
        return self.status in (Status.DRAFT, Status.COUNTED)

    def is_counted_by(self, user):
        return not self.journal or self.opened_by_id == user.pk

    def check_counter(self, user):
        """Raises SomebodyElsesJournal where one person counts and this is another."""
        if not self.is_counted_by(user):
            raise SomebodyElsesJournal(session=self.number, opened_by=self.opened_by)

    @property
    def leaves_undecided(self):
        return self.undecided == Undecided.LEAVE

    @property
    def is_posting(self):
        return self.status == Status.COUNTED and self.completion_asked_at is not None

    def move_to(self, target, **stamps):
        """Step to another status, if the session is still where the step starts and nothing is being posted.

        Compare-and-set in one statement: it comes first, the checks after it, in the caller's transaction.
        """
        allowed = [status for status, targets in TRANSITIONS.items() if target in targets]
        waiting = {} if target == Status.COMPLETED else {"completion_asked_at__isnull": True}
        if not CountSession.objects.filter(pk=self.pk, status__in=allowed, **waiting).update(status=target, **stamps):
            self.refresh_from_db()
            status = _("being posted") if self.is_posting else self.get_status_display()
            raise WrongStatus(session=self.number, status=status, target=Status(target).label)
        self.refresh_from_db()
