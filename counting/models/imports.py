"""Counts that came back in a spreadsheet: what its rows say, what that would do, and what became of it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from counting.models.sessions import CountSession
from counting.querysets import CountImportQuerySet, ImportRowQuerySet
from inventory_site.fields import QUANTITY
from ledger.models import FileImport, ImportStatus


class Outcome(models.TextChoices):
    """What a row would do to its line."""

    COUNTED = "counted", _("Counted")
    CHANGED = "changed", _("Counted otherwise")
    FOUND = "found", _("Found item")
    CONFLICT = "conflict", _("Counted meanwhile")
    ASKED_AGAIN = "asked_again", _("Asked for again")
    SAME = "same", _("As it is")
    TAKEN = "taken", _("Imported before")
    LEFT = "left", _("Not taken")


class Take(models.TextChoices):
    """Whose count stands where both said something."""

    THEIRS = "theirs", _("Keep theirs")
    FILE = "file", _("Take the file")


class CountImport(FileImport):
    """`content` is the file until it was checked; its rows say the same from then on.

    `choices["found"]` is false where items that have no line shall be left out.
    """

    PREFIX = "CI"

    session = models.ForeignKey(CountSession, on_delete=models.PROTECT, related_name="imports")
    file_name = models.CharField(_("file"), max_length=200)
    digest = models.CharField(max_length=64)
    content = models.BinaryField(null=True)

    objects = CountImportQuerySet.as_manager()

    class Meta(FileImport.Meta):
        verbose_name = _("import of counts")
        verbose_name_plural = _("imports of counts")
        indexes = [
            models.Index(
                fields=["asked_at"], condition=Q(status__in=["checking", "asked"]), name="count_import_waiting"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ImportStatus.values), name="count_import_status_known"),
            models.CheckConstraint(
                condition=Q(status=ImportStatus.APPLIED, applied_at__isnull=False)
                | (~Q(status=ImportStatus.APPLIED) & Q(applied_at__isnull=True)),
                name="count_import_applied_has_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(status=ImportStatus.CHECKING, content__isnull=False) | ~Q(status=ImportStatus.CHECKING),
                name="count_import_has_its_file_until_checked",
            ),
        ]

    def get_absolute_url(self):
        return reverse("count-import-detail", args=[self.session.number, self.pk])


class ImportRow(models.Model):
    """A row that holds a count. What it says: `given_line`, the version, the texts, `quantity`, the `codes` of units
    (`quantity` is how many, then); keys were looked up.

    What it would do: `outcome` to `line`, where `was`, `was_by` and `was_at` stood when that was worked out. `moved`:
    stock moved since the file was made. `take` is the decision of the person where both said something.
    """

    count_import = models.ForeignKey(CountImport, on_delete=models.CASCADE, related_name="rows", db_index=False)
    row = models.IntegerField()
    given_line = models.BigIntegerField(null=True)
    round = models.SmallIntegerField(null=True)
    begun = models.BigIntegerField(null=True)
    counted = models.BigIntegerField(null=True)
    bin = models.CharField(max_length=100)
    item = models.CharField(max_length=80)
    variant = models.CharField(max_length=40)
    lot = models.CharField(max_length=60)
    expires = models.DateField(null=True)
    bin_key = models.BigIntegerField(null=True)
    item_key = models.BigIntegerField(null=True)
    variant_key = models.BigIntegerField(null=True)
    quantity = models.DecimalField(**QUANTITY)
    codes = ArrayField(models.CharField(max_length=200), default=list, db_default=[])
    line = models.BigIntegerField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome)
    was = models.DecimalField(**QUANTITY, null=True)
    was_by = models.BigIntegerField(null=True)
    was_at = models.DateTimeField(null=True)
    moved = models.BooleanField(default=False)
    take = models.CharField(max_length=6, choices=Take, null=True)

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        ordering = ["row"]
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of an import")
        constraints = [
            models.UniqueConstraint(fields=["count_import", "row"], name="import_row_once"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="import_row_outcome_known"),
            models.CheckConstraint(condition=Q(take__in=Take.values), name="import_row_take_known"),
        ]

    def __str__(self):
        return f"{self.count_import}, row {self.row}"
