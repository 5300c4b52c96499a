"""The words in which views, posting and counting ask about the warehouse."""

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from inventory_site.fields import QUANTITY
from inventory_site.visibility import closed_to

NOTHING = models.Value(0, output_field=models.DecimalField(**QUANTITY))


def sum_of(quants, key):
    """The quantities of `quants` added up, as a column of whatever `key` points at."""
    return Coalesce(Subquery(quants.order_by().values(key).annotate(total=Sum("quantity")).values("total")), NOTHING)


def count_of(rows, key):
    return Coalesce(Subquery(rows.order_by().values(key).annotate(n=Count("pk")).values("n")), 0)


class LocationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person sees the locations that they are assigned to; an administrator sees all."""
        if user.is_superuser:
            return self
        return self.filter(assignments__user=user.pk)

    def active(self):
        return self.filter(active=True)

    def usual_for(self, user):
        """The location that a person works at as a rule: marked as usual, or the only one; else None."""
        own = self.visible_to(user).active()
        usual = own.filter(assignments__user=user.pk, assignments__default=True).first()
        if usual:
            return usual
        two = list(own[:2])
        return two[0] if len(two) == 1 else None

    def matching(self, text):
        return self.filter(Q(code__icontains=text) | Q(name__icontains=text))

    def with_size(self):
        """Adds `bin_count` (real bins) and `zone_count`."""
        bins, zones = (self.model._meta.get_field(name).related_model for name in ("bins", "zones"))
        return self.annotate(
            bin_count=count_of(bins.objects.real().filter(location=OuterRef("pk")), "location"),
            zone_count=count_of(zones.objects.filter(location=OuterRef("pk")), "location"),
        )


class BinQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(location__assignments__user=user.pk)

    def real(self):
        """Places that can hold goods: all but adjustment bins."""
        return self.exclude(kind="adjustment")

    def to_count_in(self):
        """Places in which somebody can look: in the missing bin lies what was not found."""
        return self.exclude(kind__in=["adjustment", "missing"])

    def labelled(self):
        """Places that one can stand before."""
        return self.exclude(kind__in=["adjustment", "implicit"])

    def in_walking_order(self):
        return self.order_by("walking_order", "code")

    def matching(self, text):
        return self.filter(Q(code__icontains=text) | Q(name__icontains=text))

    def with_names(self):
        return self.select_related("location", "zone")

    def with_size(self):
        """Adds `quants_in_stock`: how many items and lots lie in the bin."""
        quants = self.model._meta.get_field("quants").related_model.objects
        return self.annotate(quants_in_stock=count_of(quants.in_stock().filter(bin=OuterRef("pk")), "bin"))

    def named(self, text):
        """The bins that a person means by a number or a name; a number is never read as somebody else's name."""
        by_code = self.filter(code__iexact=text)
        return by_code if by_code.exists() else self.filter(name__iexact=text)


class BinContentQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(location__assignments__user=user.pk)

    def defaults(self):
        return self.filter(default=True)

    def proposed(self):
        """The defaults, where locations have such."""
        return self.defaults().filter(bin__location__directed=False)

    def with_names(self):
        return self.select_related("bin__location", "item__base_unit", "variant")


class ItemQuerySet(models.QuerySet):
    def matching(self, text):
        """By a piece of the number or of the name, or by a whole bar code."""
        by_code = self.model.objects.filter(references__code=text).values("pk")
        return self.filter(Q(number__icontains=text) | Q(name__icontains=text) | Q(pk__in=by_code))

    def with_names(self):
        return self.select_related("base_unit", "category")

    def with_codes(self):
        """With all that a label of an item says: its bar codes, and what one of them stands for."""
        return self.with_names().prefetch_related("references__variant", "units__unit_of_measure")

    def with_tracking_locked(self):
        """Those that have or had stock, or whose units are known: how they are tracked cannot change any more."""
        had_stock = self.model._meta.get_field("quants").related_model.objects.exclude(last_entry=0)
        units = self.model._meta.get_field("serialized_units").related_model.objects
        return self.filter(Exists(had_stock.filter(item=OuterRef("pk"))) | Exists(units.filter(item=OuterRef("pk"))))

    def with_stock(self, user):
        """Adds `on_hand`: what this person's locations hold, adjustment bins left out."""
        quants = self.model._meta.get_field("quants").related_model.objects
        mine = quants.visible_to(user).real().filter(item=OuterRef("pk"))
        return self.annotate(on_hand=sum_of(mine, "item"))


class UnitQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What lies at a person's locations; of what is gone, what has ever lain there."""
        if user.is_superuser:
            return self
        here = user.locations.values("pk")
        gone = Q(quant__isnull=True) & Exists(self._entries().filter(quant__location__in=here))
        return self.filter(Q(quant__location__in=here) | gone)

    def open_to(self, request):
        """What a person may be told of. During a blind count not even that there is such a unit: whoever could look up
        what they scanned would know what is expected."""
        return self.visible_to(request.user).never_at(closed_to(request))

    def never_at(self, locations):
        return self.exclude(Exists(self._entries().filter(quant__location__in=locations))) if locations else self

    def _entries(self):
        return self.model._meta.get_field("entries").related_model.objects.filter(unit=OuterRef("pk"))

    def in_stock(self):
        return self.filter(state="in_stock")

    def searched_for(self):
        return self.filter(quant__bin__kind="missing")

    def in_state(self, state):
        """By the words of the list; what is being searched for is in stock, and nobody knows where."""
        if state == "missing":
            return self.searched_for()
        found = self.filter(state=state)
        return found.exclude(quant__bin__kind="missing") if state == "in_stock" else found

    def with_names(self):
        return self.select_related("item__base_unit", "variant", "lot", "quant__bin__location")

    def with_codes(self):
        """With all that a label of a unit says."""
        return self.select_related("item").prefetch_related("item__references")

    def matching(self, text):
        """By the end of a code, which is what people read out, or by a whole number of the manufacturer."""
        return self.filter(Q(code__iendswith=text) | Q(serial_number__iendswith=text) | Q(manufacturer_number=text))

    def of(self, item):
        return self.filter(item=item)

    def numbered_by_manufacturer(self):
        return self.exclude(manufacturer_number="")


class LotQuerySet(models.QuerySet):
    def with_codes(self):
        return self.select_related("item").prefetch_related("item__references")

    def matching(self, text):
        return self.filter(number__icontains=text)

    def with_stock(self, user):
        """Adds `on_hand`: what this person's locations hold of the lot."""
        quants = self.model._meta.get_field("quants").related_model.objects
        return self.annotate(on_hand=sum_of(quants.visible_to(user).real().filter(lot=OuterRef("pk")), "lot"))


class QuantQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(location__assignments__user=user.pk)

    def real(self):
        return self.filter(virtual=False)

    def in_stock(self):
        return self.exclude(quantity=0)

    def expiring_before(self, day):
        return self.filter(lot__expiration_date__lt=day)

    def with_names(self):
        return self.select_related("location", "bin__location", "item__base_unit", "variant", "lot")

    def in_walking_order(self):
        return self.order_by("bin__walking_order", "bin__code", "item__number", "lot__number", "pk")

    def total(self):
        return self.aggregate(total=Sum("quantity"))["total"] or 0

    def per_location(self):
        """{location, on_hand, bins} dictionaries of what lies where, by name of the location."""
        return (
            self.values("location__code", "location__name")
            .annotate(on_hand=Sum("quantity"), bin_count=Count("bin", distinct=True))
            .order_by("location__name", "location__code")
        )
