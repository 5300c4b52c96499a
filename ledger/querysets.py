"""The words in which pages and reconciliation ask about the ledgers."""

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Sum

from inventory_site.fields import UNIT_COST
from inventory_site.visibility import closed_to


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

    def within_locations_of(self, user):
        """Documents all of whose locations are this person's: what touches another one is not theirs to undo."""
        return self.filter(at_locations_of(user, "location")).filter(
            Q(other_location__isnull=True) | at_locations_of(user, "other_location")
        )

    def with_names(self):
        return self.select_related("location", "other_location", "by", "reason", "reverses")

    def with_what_is_left(self):
        """Adds `taken_back`, by at least one other document, and `left`: some of it nobody has taken back."""
        standing = self.model._meta.get_field("warehouse_entries").related_model.objects.standing()
        return self.annotate(
            taken_back=Exists(self.model.objects.filter(reverses=OuterRef("pk"))),
            left=Exists(standing.filter(register=OuterRef("pk"))),
        )

    def matching(self, text):
        return self.filter(Q(number__icontains=text) | Q(source__iexact=text) | Q(note__icontains=text))


class EntryQuerySet(models.QuerySet):
    """What entries of both ledgers are asked."""

    to_location = "location"

    def open_to(self, request):
        """What this person may see: entries of their locations, unless quantities there are closed to them."""
        seen = self.visible_to(request.user)
        closed = closed_to(request)
        return seen.exclude(**{f"{self.to_location}__in": closed}) if closed else seen

    def sums(self):
        """How much came in and went out, and in how many entries."""
        more, less = Q(quantity__gt=0), Q(quantity__lt=0)
        return self.aggregate(
            came=Sum("quantity", filter=more),
            came_entries=Count("pk", filter=more),
            went=Sum("quantity", filter=less),
            went_entries=Count("pk", filter=less),
        )

    def running_total(self, *keys):
        """What there was after an entry, of everything that agrees with it in these keys."""
        same = self.model.objects.filter(pk__lte=OuterRef("pk"), **{key: OuterRef(key) for key in keys})
        return Subquery(same.order_by().values(*keys).annotate(total=Sum("quantity")).values("total"))


class WarehouseEntryQuerySet(EntryQuerySet):
    to_location = "quant__location"

    def visible_to(self, user):
        return self.filter(at_locations_of(user, "quant__location"))

    def with_names(self):
        return self.select_related(
            "register__by",
            "register__reason",
            "quant__bin__location",
            "quant__item__base_unit",
            "quant__lot",
            "quant__variant",
            "unit__item",
        )

    def standing(self):
        """What no reversal has taken back."""
        return self.filter(undone_by__isnull=True)

    def with_balance(self):
        """Adds `balance`: what the quant held after the entry."""
        return self.annotate(balance=self.running_total("quant"))


class ItemLedgerEntryQuerySet(EntryQuerySet):
    def visible_to(self, user):
        return self.filter(at_locations_of(user, "location"))

    def with_names(self):
        return self.select_related(
            "register__by", "register__reason", "item__base_unit", "variant", "location", "lot", "unit__item"
        )

    def with_balance(self):
        """Adds `balance`: what the location owned of the item after the entry, all variants and lots."""
        return self.annotate(balance=self.running_total("item", "location"))

    def with_value(self):
        """Adds `amount`, and `unit_cost`."""
        values = self.model._meta.get_field("value_entry").related_model.objects
        # A subquery and no join: whoever only counts the entries does not pay for it.
        amount = Subquery(values.filter(pk=OuterRef("pk")).values("amount"))
        money = models.DecimalField(**UNIT_COST)
        unit_cost = models.ExpressionWrapper(F("amount") / F("quantity"), output_field=money)
        return self.annotate(amount=amount).annotate(unit_cost=unit_cost)

    def value(self):
        """All of it in money."""
        return self.aggregate(value=Sum("value_entry__amount"))["value"]


class StockValueQuerySet(models.QuerySet):
    open_to, to_location = EntryQuerySet.open_to, "location"

    def visible_to(self, user):
        return self.filter(at_locations_of(user, "location"))

    def in_stock(self):
        return self.filter(quantity__gt=0)

    def with_names(self):
        return self.select_related("location", "item__base_unit", "variant")

    def with_average(self):
        """Adds `average`: the moving average cost of one; only for what is in stock."""
        average = models.DecimalField(**UNIT_COST)
        return self.annotate(average=models.ExpressionWrapper(F("value") / F("quantity"), output_field=average))

    def total(self):
        """What all of it is worth."""
        return self.aggregate(value=Sum("value"))["value"] or 0


class JournalBatchQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those all of whose locations are this person's."""
        return self.filter(at_locations_of(user, "location")).filter(
            Q(to_location__isnull=True) | at_locations_of(user, "to_location")
        )

    def with_names(self):
        return self.select_related("location", "to_location", "reason", "created_by")

    def with_size(self):
        """Adds `line_count`."""
        return self.annotate(line_count=Count("lines"))

    def matching(self, text):
        return self.filter(Q(name__icontains=text) | Q(note__icontains=text))
