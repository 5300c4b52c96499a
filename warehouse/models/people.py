"""Who works here, and at which locations."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from warehouse.models.places import Location


class User(AbstractUser):
    locations = models.ManyToManyField(
        Location, through="LocationAssignment", related_name="people", verbose_name=_("locations")
    )
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Blank: that of the browser."))
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Blank: that of the site."))

    def __str__(self):
        return self.get_full_name() or self.username


class LocationAssignment(models.Model):
    """A person works at a location. What lies elsewhere does not exist for that person."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assignments", verbose_name=_("person")
    )
    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, related_name="assignments", verbose_name=_("location")
    )
    default = models.BooleanField(_("usual location"), default=False)

    class Meta:
        ordering = ["user", "location"]
        verbose_name = _("assignment to a location")
        verbose_name_plural = _("assignments to locations")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "location"],
                name="assigned_once",
                violation_error_code="assigned_already",
                violation_error_message=_("This person is assigned to this location already."),
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(default=True),
                name="one_usual_location",
                violation_error_code="second_usual_location",
                violation_error_message=_("A person has one usual location."),
            ),
        ]

    def __str__(self):
        return f"{self.user}, {self.location}"
