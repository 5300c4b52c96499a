"""Files that somebody handed in, what checking them found, and what became of them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError


class ImportStatus(models.TextChoices):
    CHECKING = "checking", _("being checked")
    CHECKED = "checked", _("checked")
    ASKED = "asked", _("being imported")
    APPLIED = "applied", _("imported")


TRANSITIONS = {
    ImportStatus.CHECKING: {ImportStatus.CHECKED},
    # To itself: decided on and checked again.
    ImportStatus.CHECKED: {ImportStatus.CHECKED, ImportStatus.ASKED},
    # Back to checked: what was found right meanwhile is wrong, and nothing was imported.
    ImportStatus.ASKED: {ImportStatus.CHECKED, ImportStatus.APPLIED},
    ImportStatus.APPLIED: set(),
}


class WrongImportStatus(DomainError):
    code, text = "wrong_status", _("Somebody was faster: this import is %(status)s. Look at it again.")


class ImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_superuser else self.filter(requested_by=user.pk)

    def left_behind(self, *, before):
        """Waiting for so long that no worker can be at it any more."""
        return self.filter(
            Q(status=ImportStatus.ASKED, asked_at__lt=before) | Q(status=ImportStatus.CHECKING, requested_at__lt=before)
        )


class FileImport(models.Model):
    """An import from being handed in to being done. `choices` is what the person decided; `summary` and `problems` are
    what the last dry run said, ready to be shown.
    """

    PREFIX = ""

    status = models.CharField(_("status"), max_length=10, choices=ImportStatus, default=ImportStatus.CHECKED)
    choices = models.JSONField(_("choices"), default=dict)
    summary = models.JSONField(_("summary"), default=dict)
    problems = models.JSONField(_("problems"), default=list)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    requested_at = models.DateTimeField(_("handed in at"), default=timezone.now)
    asked_at = models.DateTimeField(_("asked at"), null=True)
    applied_at = models.DateTimeField(_("imported at"), null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-id"]

    def __str__(self):
        return self.number

    @property
    def number(self):
        return f"{self.PREFIX}-{self.pk}"

    def decide(self, choices):
        """Keep what the person decided, if the import waits for that: what a worker has is withdrawn by nobody."""
        self._step([ImportStatus.CHECKED], ImportStatus.CHECKED, choices=choices)

    def move_to(self, target, **changes):
        self._step([status for status, targets in TRANSITIONS.items() if target in targets], target, **changes)

    def _step(self, allowed, target, **changes):
        kind = type(self)
        if not kind.objects.filter(pk=self.pk, status__in=allowed).update(status=target, **changes):
            self.refresh_from_db(fields=["status"])
            raise WrongImportStatus(status=self.get_status_display())
        for name, value in {"status": target, **changes}.items():
            setattr(self, name, value)


class StockImport(FileImport):
    """`choices`: the location of each stock file and the unknown parents to be created."""

    PREFIX = "IM"

    class Meta(FileImport.Meta):
        verbose_name = _("stock import")
        verbose_name_plural = _("stock imports")
        indexes = [models.Index(fields=["asked_at"], condition=Q(status="asked"), name="import_asked")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ImportStatus.values), name="import_status_known"),
            models.CheckConstraint(
                condition=Q(status=ImportStatus.APPLIED, applied_at__isnull=False)
                | (~Q(status=ImportStatus.APPLIED) & Q(applied_at__isnull=True)),
                name="import_applied_has_a_moment",
            ),
        ]

    def get_absolute_url(self):
        return reverse("import-detail", args=[self.pk])


class ImportFile(models.Model):
    """One file as it was handed in. In the database, so that any worker on any machine can read it."""

    stock_import = models.ForeignKey(
        StockImport, verbose_name=_("stock import"), on_delete=models.CASCADE, related_name="files"
    )
    name = models.CharField(_("name"), max_length=200)
    content = models.BinaryField(_("content"))
    size = models.GeneratedField(
        verbose_name=_("size"),
        expression=models.Func(F("content"), function="octet_length"),
        output_field=models.IntegerField(),
        db_persist=True,
    )

    class Meta:
        ordering = ["id"]
        verbose_name = _("file of an import")
        verbose_name_plural = _("files of an import")
        constraints = [
            models.UniqueConstraint(
                fields=["stock_import", "name"],
                name="import_file_once",
                violation_error_code="duplicate_file",
                violation_error_message=_("Two files have this name."),
            )
        ]

    def __str__(self):
        return self.name
