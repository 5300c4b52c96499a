"""Journals: lines that somebody types, checks and posts as one document; what was posted leaves them.

A line keeps what was typed as text, so that nothing of it is lost while it is not right yet; ledger.resolving finds out
what is meant. Blank is not zero.
"""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory_site.fields import QUANTITY, UNIT_COST
from ledger.models.registers import Reason
from ledger.querysets import JournalBatchQuerySet
from warehouse.models import Location


class JournalKind(models.TextChoices):
    ITEM = "item", _("item journal")
    OPENING = "opening", _("opening entries")
    WAREHOUSE = "warehouse", _("warehouse item journal")
    RECLASSIFICATION = "reclassification", _("item reclassification journal")
    WAREHOUSE_RECLASSIFICATION = "warehouse_reclassification", _("warehouse reclassification journal")


class EntryType(models.TextChoices):
    POSITIVE = "positive", pgettext_lazy("direction", "in")
    NEGATIVE = "negative", pgettext_lazy("direction", "out")


class TypedLine(models.Model):
    """What a line says, as it was typed. Which of the columns a journal has, its kind says (ledger.journal_kinds)."""

    position = models.IntegerField(_("line"))
    entry_type = models.CharField(_("in or out"), max_length=8, choices=EntryType, default=EntryType.POSITIVE)
    item = models.CharField(_("item"), max_length=200, blank=True)
    variant = models.CharField(_("variant"), max_length=20, blank=True)
    bin = models.CharField(_("bin"), max_length=100, blank=True)
    new_bin = models.CharField(_("to bin"), max_length=100, blank=True)
    quantity = models.DecimalField(_("quantity"), **QUANTITY, null=True, blank=True)
    unit_of_measure = models.CharField(_("unit of measure"), max_length=60, blank=True)
    unit_cost = models.DecimalField(_("cost per base unit"), **UNIT_COST, null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["position"]

    def __str__(self):
        return f"{self.position} {self.item}"


class JournalBatch(models.Model):
    """Lines of one kind at one location, which become one document. `request_id` is that of the next posting."""

    PREFIX = "JB"

    kind = models.CharField(_("kind"), max_length=30, choices=JournalKind)
    name = models.CharField(pgettext_lazy("title", "name"), max_length=60)
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="journals", verbose_name=_("location")
    )
    to_location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("to location")
    )
    posting_date = models.DateField(_("posting date"), default=timezone.localdate)
    reason = models.ForeignKey(
        Reason, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reason")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    request_id = models.UUIDField(_("request id"), default=uuid4, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("opened by")
    )
    created_at = models.DateTimeField(_("opened at"), default=timezone.now)

    objects = JournalBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("journal")
        verbose_name_plural = _("journals")
        permissions = [("post_journalbatch", _("Can post a journal"))]
        constraints = [models.CheckConstraint(condition=Q(kind__in=JournalKind.values), name="journal_kind_known")]

    def __str__(self):
        return f"{self.number} {self.name}"

    def get_absolute_url(self):
        return reverse("journal", args=[self.pk])

    @property
    def number(self):
        return f"{self.PREFIX}-{self.pk}"


class JournalLine(TypedLine):
    """One line. `client_id` is made where it is first typed: saved twice, it is there once. `revision` grows with every
    change. A `made` line was calculated from the adjustment bin: it can be deleted, and nobody edits it.
    """

    batch = models.ForeignKey(JournalBatch, on_delete=models.CASCADE, related_name="lines", verbose_name=_("journal"))
    lot = models.CharField(_("lot"), max_length=60, blank=True)
    expiration_date = models.DateField(_("expires"), null=True, blank=True)
    unit = models.TextField(_("units"), blank=True)
    new_variant = models.CharField(_("new variant"), max_length=20, blank=True)
    new_lot = models.CharField(_("new lot"), max_length=60, blank=True)
    new_expiration_date = models.DateField(_("expires then"), null=True, blank=True)
    new_unit = models.TextField(_("new units"), blank=True)
    made = models.BooleanField(_("calculated"), default=False)
    client_id = models.UUIDField(_("client id"), default=uuid4, unique=True)
    revision = models.IntegerField(_("revision"), default=1)

    class Meta(TypedLine.Meta):
        verbose_name = _("line of a journal")
        verbose_name_plural = _("lines of journals")
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="journal_line_position_once"),
            models.CheckConstraint(condition=Q(entry_type__in=EntryType.values), name="journal_entry_type_known"),
        ]


class StandardJournal(models.Model):
    """Lines that are needed again and again, kept under a code."""

    kind = models.CharField(_("kind"), max_length=30, choices=JournalKind)
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(pgettext_lazy("title", "name"), max_length=100, blank=True)

    class Meta:
        ordering = ["kind", "code"]
        verbose_name = _("standard journal")
        verbose_name_plural = _("standard journals")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=JournalKind.values), name="standard_journal_kind_known"),
            models.UniqueConstraint(
                fields=["kind", "code"],
                name="standard_journal_code_once",
                violation_error_code="duplicate_code",
                violation_error_message=_("A standard journal has this code already."),
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.name}".strip()

    def get_absolute_url(self):
        return reverse("standard-journal", args=[self.pk])


class StandardJournalLine(TypedLine):
    """Without what identifies single pieces: lots and units are of their day."""

    journal = models.ForeignKey(
        StandardJournal, on_delete=models.CASCADE, related_name="lines", verbose_name=_("standard journal")
    )

    class Meta(TypedLine.Meta):
        verbose_name = _("line of a standard journal")
        verbose_name_plural = _("lines of standard journals")
        constraints = [
            models.UniqueConstraint(fields=["journal", "position"], name="standard_journal_line_position_once"),
            models.CheckConstraint(condition=Q(entry_type__in=EntryType.values), name="standard_entry_type_known"),
        ]
