"""Units in a count: what was scanned, what a line's count consists of, what reviewers say, and what was done.

Scans and sightings carry no foreign key in the database. They copy the keys of lines that are locked, and triggers keep
sessions and lines from being deleted: to look each one up again took as long as to write it (DECISIONS.md).
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from counting.models.lines import CountLine
from counting.models.sessions import CountSession
from counting.querysets import SearchTaskQuerySet, SightingQuerySet, UnitDifferenceQuerySet
from inventory_site.fields import MONEY
from ledger.models import Register
from warehouse.models import Bin, Item, Quant, Unit


def person(label, **options):
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=label,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        **options,
    )


def unit_if_known(related_name):
    return models.ForeignKey(
        Unit,
        verbose_name=_("unit"),
        on_delete=models.PROTECT,
        null=True,
        related_name=related_name,
        db_constraint=False,
        db_index=False,
    )


def quant_if_any(label):
    return models.ForeignKey(
        Quant, verbose_name=label, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )


class ScanKind(models.TextChoices):
    SEEN = "seen", _("scanned")
    ALL_PRESENT = "all", _("all present")  # ticked off by a person who found all that is expected
    ALLOTTED = "allotted", _("allotted")  # of an auto-serialized item: a quantity was typed, these units make it up
    TYPED = "typed", _("quantity typed")  # the code is the quantity: none, or that of an auto-serialized item
    TAKEN_BACK = "back", pgettext_lazy("scan", "taken back")


class UnitScan(models.Model):
    """One code that a reader, a camera or a person gave, or took back; never changed.

    `client_id` is that of the request that brought it, with all its other codes: twice is once. `unit` is blank where
    nobody knows the code, `line` where it could not be told which line it belongs to.
    """

    session = models.ForeignKey(
        CountSession,
        verbose_name=_("session"),
        on_delete=models.PROTECT,
        related_name="unit_scans",
        db_constraint=False,
        db_index=False,
    )
    line = models.ForeignKey(
        CountLine,
        verbose_name=_("line"),
        on_delete=models.PROTECT,
        null=True,
        related_name="unit_scans",
        db_constraint=False,
        db_index=False,
    )
    bin = models.ForeignKey(
        Bin, verbose_name=_("bin"), on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    unit = unit_if_known("+")
    code = models.CharField(pgettext_lazy("piece", "code"), max_length=200)
    kind = models.CharField(_("kind"), max_length=8, choices=ScanKind)
    round = models.SmallIntegerField(_("round"))
    scanned_at = models.DateTimeField(_("scanned at"))
    received_at = models.DateTimeField(_("received at"))
    by = person(_("by"))
    client_id = models.UUIDField(_("client id"))

    class Meta:
        ordering = ["scanned_at", "id"]
        verbose_name = _("scan of a unit")
        verbose_name_plural = _("scans of units")
        indexes = [models.Index(fields=["session", "scanned_at"], name="unit_scan_by_session")]
        constraints = [
            models.UniqueConstraint(fields=["client_id", "code"], name="unit_scan_once"),
            models.CheckConstraint(condition=Q(kind__in=ScanKind.values), name="unit_scan_kind_known"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return self.code


class Sighting(models.Model):
    """A code that stands on a line: a line's counted quantity is the number of its sightings of the counted round.

    What the scans of the line give, kept so that nothing has to be folded again. `unit_entry` is the unit's newest
    entry at `seen_at`: a movement after that took it away again. `unit` is blank where nobody knows the code; `code`
    is that of the unit, however it was scanned. `client_id` is that of the request that brought it first.
    """

    line = models.ForeignKey(
        CountLine,
        verbose_name=_("line"),
        on_delete=models.PROTECT,
        related_name="sightings",
        db_constraint=False,
        db_index=False,
    )
    round = models.SmallIntegerField(_("round"))
    unit = unit_if_known("sightings")
    code = models.CharField(pgettext_lazy("piece", "code"), max_length=200)
    kind = models.CharField(_("kind"), max_length=8, choices=ScanKind)
    seen_at = models.DateTimeField(_("seen at"))
    unit_entry = models.BigIntegerField(_("newest entry of the unit"), default=0)
    by = person(_("by"))
    client_id = models.UUIDField(_("client id"), null=True)

    objects = SightingQuerySet.as_manager()

    class Meta:
        ordering = ["seen_at", "id"]
        verbose_name = _("sighting")
        verbose_name_plural = _("sightings")
        indexes = [
            # "where else was this unit seen"
            models.Index(fields=["unit"], condition=Q(unit__isnull=False), name="sighting_by_unit"),
            # "which codes does nobody know"
            models.Index(fields=["line"], condition=Q(unit__isnull=True), name="sighting_of_the_unknown"),
        ]
        constraints = [models.UniqueConstraint(fields=["line", "round", "code"], name="sighting_once")]

    def __str__(self):
        return self.code


class UnitDecision(models.Model):
    """What a reviewer says about a unit that differs: `post` it or leave it alone; and of a unit that was seen on two
    lines, on which of them it is (`line`). Where nobody says anything, it is posted."""

    session = models.ForeignKey(
        CountSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="unit_decisions"
    )
    item = models.ForeignKey(Item, verbose_name=_("item"), on_delete=models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(pgettext_lazy("piece", "code"), max_length=200)
    post = models.BooleanField(_("post"), default=True)
    line = models.ForeignKey(
        CountLine, verbose_name=_("line"), on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    by = person(_("by"))
    at = models.DateTimeField(pgettext_lazy("moment", "at"))

    class Meta:
        verbose_name = _("decision on a unit")
        verbose_name_plural = _("decisions on units")
        constraints = [models.UniqueConstraint(fields=["session", "item", "code"], name="one_decision_per_unit")]

    def __str__(self):
        return self.code


class Verdict(models.TextChoices):
    """What becomes of a unit that differs. The first five post something, if nobody decided otherwise."""

    TRANSFER = "transfer", _("transfer")  # booked in another bin of the location
    FOUND = "found", _("found again")  # detached before
    NEW = "new", _("new")  # unknown, of an auto-serialized item
    WRITE_OFF = "write_off", _("missing, write off")
    SEARCH = "search", _("missing, search")  # into the missing bin, as the policy of the location says

    CONFLICT = "conflict", _("seen in two bins")  # a reviewer must say in which
    MOVED_SINCE = "moved_since", _("moved since")  # goods really moved after it was seen: it stays there
    SEEN_LATER = "seen_later", _("seen later elsewhere")  # in another count, which has the last word
    SEEN_ELSEWHERE = "seen_elsewhere", _("seen in another count")  # missing here, but another open count has seen it
    RELEASED = "released", _("released")
    OTHER_LOCATION = "other_location", _("at another location")
    OTHER_VARIANT = "other_variant", _("of another variant")  # unknown when it was scanned, and received as what it is
    UNKNOWN = "unknown", _("unknown")


POSTS = [Verdict.TRANSFER, Verdict.FOUND, Verdict.NEW, Verdict.WRITE_OFF, Verdict.SEARCH]


class UnitDifference(models.Model):
    """What a completed count has made of a unit that differed; written once, by completing, as evidence.

    `line` is the line that it is about: where it was seen or, of a missing one, where it was not. Transfers have both
    quants; FOUND and NEW only `to_quant`, WRITE_OFF only `from_quant`. `posted`: a reviewer may have left it alone.
    """

    session = models.ForeignKey(
        CountSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="unit_differences"
    )
    line = models.ForeignKey(
        CountLine, verbose_name=_("line"), on_delete=models.PROTECT, related_name="unit_differences"
    )
    unit = models.ForeignKey(
        Unit, verbose_name=_("unit"), on_delete=models.PROTECT, null=True, related_name="differences"
    )
    code = models.CharField(pgettext_lazy("piece", "code"), max_length=200)
    verdict = models.CharField(_("verdict"), max_length=14, choices=Verdict)
    from_quant, to_quant = quant_if_any(_("from")), quant_if_any(_("to"))
    cost = models.DecimalField(_("cost"), **MONEY, default=0)
    posted = models.BooleanField(_("posted"))

    objects = UnitDifferenceQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name = _("unit that differed")
        verbose_name_plural = _("units that differed")
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="unit_verdict_known"),
            models.CheckConstraint(condition=Q(posted=False) | Q(verdict__in=POSTS), name="only_some_verdicts_post"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.code} {self.verdict}"


class SearchState(models.TextChoices):
    OPEN = "open", _("being searched for")
    FOUND = "found", _("found")
    WRITTEN_OFF = "written_off", _("written off")


class SearchTask(models.Model):
    """A unit that a count did not find lies in the missing bin until it is found, or written off after `due_on`.

    `last_bin` is where it should have been; `ended_by_document` what moved it back or wrote it off.
    """

    unit = models.ForeignKey(Unit, verbose_name=_("unit"), on_delete=models.PROTECT, related_name="searches")
    session = models.ForeignKey(
        CountSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="searches"
    )
    last_bin = models.ForeignKey(Bin, verbose_name=_("last bin"), on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=12, choices=SearchState, default=SearchState.OPEN)
    opened_at = models.DateTimeField(_("opened at"))
    due_on = models.DateField(_("due on"))
    assigned_to = person(_("assigned to"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ended_by_document = models.ForeignKey(
        Register, verbose_name=_("ended by"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = SearchTaskQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name = _("search task")
        verbose_name_plural = _("search tasks")
        indexes = [models.Index(fields=["due_on"], condition=Q(state="open"), name="search_by_due_date")]
        constraints = [
            models.UniqueConstraint(fields=["unit"], condition=Q(state="open"), name="one_open_search_per_unit"),
            models.CheckConstraint(condition=Q(state__in=SearchState.values), name="search_state_known"),
        ]

    def __str__(self):
        return f"{self.unit} {self.state}"

    def get_absolute_url(self):
        return reverse("search-detail", args=[self.pk])
