"""Where stock lies: locations, their zones and their bins."""

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from warehouse.querysets import BinQuerySet, LocationQuerySet

IMPLICIT_CODE = "NO-BIN"
ADJUSTMENT_CODE = "ADJUSTMENT"


class DefaultBins(models.TextChoices):
    """Which bin of an item becomes its default, where people do not say so themselves."""

    FIXED = "fixed", _("the first bin that it is put into, for good")
    LAST_USED = "last_used", _("the bin that it was last put into")

    __empty__ = _("as somebody says")


class BlockMovement(models.TextChoices):
    """Which way nothing may go: into a bin, out of it, or both. Blank: everything may."""

    INBOUND = "inbound", _("nothing goes in")
    OUTBOUND = "outbound", _("nothing goes out")
    ALL = "all", _("nothing goes in or out")

    __empty__ = _("not blocked")


# Options of the columns that say so.
BLOCK_MOVEMENT = {"max_length": 8, "choices": BlockMovement, "default": "", "db_default": "", "blank": True}


class Location(models.Model):
    """A warehouse. A `directed` one books what happens in its bins against its adjustment bin, and lets the item ledger
    know when the two are synchronised; elsewhere both ledgers are written at once.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    active = models.BooleanField(_("active"), default=True)
    search_days = models.PositiveSmallIntegerField(
        _("days to search"),
        default=0,
        db_default=0,
        help_text=_("So long a unit that a count did not find is looked for before it is written off; 0: not at all."),
    )

    directed = models.BooleanField(
        _("directed put-away and pick"),
        default=False,
        db_default=False,
        help_text=_("Counts and bin journals change the bins only; the books follow when they are synchronised."),
    )

    default_bin_selection = models.CharField(
        _("default bins"),
        max_length=9,
        choices=DefaultBins,
        default="",
        db_default="",
        blank=True,
        help_text=_("What becomes the default bin of an item here: lines that name no bin propose it."),
    )

    synchronise_hours = models.PositiveSmallIntegerField(
        _("hours between synchronisations"),
        default=0,
        db_default=0,
        help_text=_("So often the item ledger hears by itself what is in the adjustment bin; 0: only when asked."),
    )

    objects = LocationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.CheckConstraint(
                condition=~Q(code=""),
                name="location_has_code",
                violation_error_code="blank_code",
                violation_error_message=_("A location needs a code."),
            ),
            models.CheckConstraint(
                condition=Q(default_bin_selection__in=["", *DefaultBins.values]), name="location_default_bins_known"
            ),
            models.CheckConstraint(
                condition=Q(directed=False) | Q(default_bin_selection=""),
                name="directed_has_no_default_bins",
                violation_error_code="directed_default_bins",
                violation_error_message=_("A directed location has no default bins."),
            ),
        ]
        triggers = [
            # Whoever makes it directed need not know of default bins.
            pgtrigger.Trigger(
                name="directed_drops_default_bins",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("directed"),
                condition=pgtrigger.Condition("NEW.directed AND NOT OLD.directed"),
                func="NEW.default_bin_selection = ''; RETURN NEW;",
            ),
            # In the database, so that no import, form or command can make a location without its implicit bin.
            pgtrigger.Trigger(
                name="owns_an_implicit_bin",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func=f"""
                    INSERT INTO warehouse_bin (location_id, code, name, kind, walking_order)
                    VALUES (NEW.id, '{IMPLICIT_CODE}', '', 'implicit', 0);
                    RETURN NULL;
                """,
            ),
            # Whoever gave a bin of theirs the code keeps it, and ours takes the next.
            pgtrigger.Trigger(
                name="directed_owns_an_adjustment_bin",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("directed"),
                condition=pgtrigger.Condition("NEW.directed"),
                func=f"""
                    INSERT INTO warehouse_bin (location_id, code, name, kind, walking_order)
                    SELECT NEW.id, free.code, '', 'adjustment', 0
                      FROM (SELECT '{ADJUSTMENT_CODE}' || CASE n WHEN 1 THEN '' ELSE '-' || n END AS code, n
                              FROM generate_series(1, 1000) n) free
                     WHERE NOT EXISTS (SELECT 1 FROM warehouse_bin WHERE location_id = NEW.id AND code = free.code)
                       AND NOT EXISTS (SELECT 1 FROM warehouse_bin WHERE location_id = NEW.id AND kind = 'adjustment')
                     ORDER BY free.n LIMIT 1;
                    RETURN NULL;
                """,
            ),
            # With stock on the books only ledger.converting makes a location directed, and nothing makes it ordinary.
            pgtrigger.Trigger(
                name="directed_by_conversion",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("directed"),
                condition=pgtrigger.Condition("OLD.directed IS DISTINCT FROM NEW.directed"),
                func="""
                    IF EXISTS (SELECT 1 FROM warehouse_quant WHERE location_id = NEW.id AND last_entry <> 0)
                       AND (OLD.directed OR current_setting('truecount.posting', true) IS DISTINCT FROM 'on') THEN
                        RAISE EXCEPTION 'Once it has stock, a location becomes directed by conversion only, for good.'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'location_directed_by_conversion';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.name} {self.code}"

    def get_absolute_url(self):
        return reverse("location-detail", args=[self.code])


class Zone(models.Model):
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="zones", verbose_name=_("location"))
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=100, blank=True)

    class Meta:
        ordering = ["location", "code"]
        verbose_name = _("zone")
        verbose_name_plural = _("zones")
        constraints = [
            models.UniqueConstraint(
                fields=["location", "code"],
                name="zone_code_once",
                violation_error_code="duplicate_zone",
                violation_error_message=_("This location has a zone with this code already."),
            )
        ]

    def __str__(self):
        return f"{self.code} {self.name}".strip()


class BinKind(models.TextChoices):
    STORAGE = "storage", _("storage")
    RECEIVING = "receiving", _("receiving")
    DISPATCH = "dispatch", _("dispatch")
    TRANSIT = "transit", _("in transit")
    IMPLICIT = "implicit", _("no bin")
    MISSING = "missing", _("missing")
    ADJUSTMENT = "adjustment", _("adjustment bin")


# The one a location is born with, the one that conversion makes, and the one that a search makes.
MADE_BY_THE_SYSTEM = (BinKind.IMPLICIT, BinKind.ADJUSTMENT, BinKind.MISSING)


class Bin(models.Model):
    """A place. The implicit bin (one a location) holds stock without a bin; the adjustment bin holds no goods.

    In the missing bin (one at most) lie units that a count did not find, as long as they are searched for.
    """

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="bins", verbose_name=_("location"))
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, null=True, blank=True, related_name="bins", verbose_name=_("zone")
    )
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=100, blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=BinKind, default=BinKind.STORAGE)
    walking_order = models.IntegerField(
        _("walking order"), default=0, help_text=_("Counters meet the bins in this order, then by code.")
    )
    block_movement = models.CharField(
        _("blocked"), **BLOCK_MOVEMENT, help_text=_("For everything in it, beside what its contents say themselves.")
    )
    dedicated = models.BooleanField(
        _("dedicated"), default=False, db_default=False, help_text=_("Kept for a purpose: not proposed to take from.")
    )
    virtual = models.GeneratedField(
        verbose_name=_("virtual"),
        expression=Q(kind=BinKind.ADJUSTMENT),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    objects = BinQuerySet.as_manager()

    class Meta:
        ordering = ["location", "walking_order", "code"]
        verbose_name = _("bin")
        verbose_name_plural = _("bins")
        indexes = [
            models.Index(fields=["location", "walking_order", "code"], name="bin_walk"),
            models.Index(fields=["location", "name"], name="bin_by_name"),
            # Each posting asks which are blocked: few are.
            models.Index(fields=["id"], condition=~Q(block_movement=""), name="blocked_bins"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["location", "code"],
                name="bin_code_once",
                violation_error_code="duplicate_bin",
                violation_error_message=_("This location has a bin with this code already."),
            ),
            models.UniqueConstraint(fields=["location"], condition=Q(kind=BinKind.IMPLICIT), name="one_implicit_bin"),
            models.UniqueConstraint(
                fields=["location"], condition=Q(kind=BinKind.ADJUSTMENT), name="one_adjustment_bin"
            ),
            models.UniqueConstraint(fields=["location"], condition=Q(kind=BinKind.MISSING), name="one_missing_bin"),
            models.CheckConstraint(condition=Q(kind__in=BinKind.values), name="bin_kind_known"),
            models.CheckConstraint(condition=Q(block_movement__in=["", *BlockMovement.values]), name="bin_block_known"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="bin_stays_put",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.location_id <> NEW.location_id OR (OLD.kind = 'adjustment') <> (NEW.kind = 'adjustment')"
                ),
            ),
            pgtrigger.Protect(
                name="adjustment_bin_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.kind = 'adjustment'"),
            ),
        ]

    def __str__(self):
        return self.code

    def get_absolute_url(self):
        return reverse("bin-detail", args=[self.location.code, self.code])

    def clean(self):
        if self.zone and self.zone.location_id != self.location_id:
            raise ValidationError({"zone": ValidationError(_("This zone is at another location."), "zone_elsewhere")})
