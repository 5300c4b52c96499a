"""What somebody said about a line, and scans that found no line."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from counting.models.lines import CountLine
from counting.models.sessions import CountSession
from counting.querysets import CountEntryQuerySet
from inventory_site.fields import QUANTITY
from warehouse.models import Bin


class EntryKind(models.TextChoices):
    """ZERO is nobody's look: the line was taken as zero when counting ended or, without a quantity, no longer is."""

    SET = "set", _("set")
    ADD = "add", _("add")
    CLEAR = "clear", _("clear")
    ZERO = "zero", _("taken as zero")


class CountEntry(models.Model):
    """One statement of one person, never changed. `client_id` is made where the person types, so that twice is once."""

    line = models.ForeignKey(
        CountLine, verbose_name=_("line"), on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    round = models.SmallIntegerField(_("round"))
    kind = models.CharField(_("kind"), max_length=5, choices=EntryKind)
    quantity = models.DecimalField(_("quantity"), **QUANTITY, null=True)
    expression = models.CharField(
        _("expression"), max_length=80, blank=True, help_text=_("The arithmetic as it was typed: 4 × 12 + 3.")
    )
    begun = models.BigIntegerField(
        _("begun"), help_text=_("The newest entry of the quant that the counter's page knew of when this was said.")
    )
    counted_at = models.DateTimeField(_("counted at"))
    received_at = models.DateTimeField(_("received at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    client_id = models.UUIDField(_("client id"), unique=True)

    objects = CountEntryQuerySet.as_manager()

    class Meta:
        ordering = ["counted_at", "id"]
        verbose_name = _("count entry")
        verbose_name_plural = _("count entries")
        indexes = [models.Index(fields=["line", "round", "counted_at"], name="count_entry_by_line")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=EntryKind.CLEAR, quantity__isnull=True)
                | Q(kind=EntryKind.SET, quantity__gte=0)
                | Q(kind=EntryKind.ADD, quantity__isnull=False)
                | Q(kind=EntryKind.ZERO, quantity__isnull=True)
                | Q(kind=EntryKind.ZERO, quantity=0),
                name="count_entry_kind_and_quantity",
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.line} {self.kind} {self.quantity}"


class PutAside(models.Model):
    """A scan that had no place in the count: kept, so that a reviewer can settle it. `code` is what was scanned."""

    session = models.ForeignKey(
        CountSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="put_aside"
    )
    bin = models.ForeignKey(Bin, verbose_name=_("bin"), on_delete=models.PROTECT, null=True, related_name="+")
    belongs_in = models.ForeignKey(
        Bin, verbose_name=_("belongs in"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    code = models.CharField(_("code"), max_length=200)
    note = models.CharField(_("note"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("put aside at"))
    client_id = models.UUIDField(_("client id"), unique=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("settled by"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    settled_at = models.DateTimeField(_("settled at"), null=True)

    class Meta:
        ordering = ["-at"]
        verbose_name = _("scan put aside")
        verbose_name_plural = _("scans put aside")

    def __str__(self):
        return self.code
