"""The words in which views, posting and counting ask about the warehouse."""

from django.db import models
from django.db.models import Q, Sum


class LocationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person sees the locations that they are assigned to; an administrator sees all."""
        if user.is_superuser:
            return self
        return self.filter(assignments__user=user.pk)

    def active(self):
        return self.filter(active=True)


class BinQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(location__assignments__user=user.pk)

    def real(self):
        """Places that can hold goods: all but adjustment bins."""
        return self.exclude(kind="adjustment")

    def in_walking_order(self):
        return self.order_by("walking_order", "code")

    def named(self, text):
        """The bins that a person means by a number or a name; a number is never read as somebody else's name."""
        by_code = self.filter(code__iexact=text)
        return by_code if by_code.exists() else self.filter(name__iexact=text)


class ItemQuerySet(models.QuerySet):
    def counted_by_quantity(self):
        return self.filter(tracking__in=["bulk", "lot"])

    def matching(self, text):
        return self.filter(Q(number__icontains=text) | Q(name__icontains=text) | Q(references__code=text)).distinct()


class QuantQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(location__assignments__user=user.pk)

    def real(self):
        return self.filter(virtual=False)

    def in_stock(self):
        return self.exclude(quantity=0)

    def with_names(self):
        return self.select_related("location", "bin", "item__base_unit", "variant", "lot")

    def in_walking_order(self):
        return self.order_by("bin__walking_order", "bin__code", "item__number", "lot__number", "pk")

    def total(self):
        return self.aggregate(total=Sum("quantity"))["total"] or 0
