"""The words in which pages and reconciliation ask about the ledgers."""

from django.db import models
from django.db.models import Q


def at_locations_of(user, *paths):
    """A condition: one of the location paths leads to a location that the person is assigned to."""
    if user.is_superuser:
        return Q()
    condition = Q()
    for path in paths:
        condition |= Q(**{f"{path}__in": user.locations.values("pk")})
    return condition


class RegisterQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(at_locations_of(user, "location", "other_location"))

    def with_names(self):
        return self.select_related("location", "other_location", "by", "reason", "reverses")


class WarehouseEntryQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(at_locations_of(user, "quant__location"))

    def with_names(self):
        return self.select_related(
            "register__by", "register__reason", "quant__bin__location", "quant__item", "quant__lot", "quant__variant"
        )


class ItemLedgerEntryQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(at_locations_of(user, "location"))

    def with_names(self):
        return self.select_related(
            "register__by", "register__reason", "item", "variant", "location", "lot", "value_entry"
        )
