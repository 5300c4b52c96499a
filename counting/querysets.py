"""The words in which pages, verbs and jobs ask about counts."""

from django.db import connection, models
from django.db.models import Case, Count, ExpressionWrapper, F, Q, Sum, Value, When
from django.db.models.functions import Abs, Coalesce

from inventory_site.fields import MONEY

VALUE = ExpressionWrapper(F("discrepancy") * F("unit_cost"), output_field=models.DecimalField(**MONEY))
# How a review groups its lines: what is to be done comes first.
REVIEW_GROUP = Case(
    When(recount_asked=True, then=Value(2)),
    When(decision="left_out", then=Value(4)),
    When(decision="accepted", then=Value(3)),
    When(counted_quantity__isnull=True, then=Value(6)),
    When(discrepancy=0, disturbed=False, then=Value(5)),
    default=Value(1),
)


class CountSessionQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(location__assignments__user=user.pk)

    def open(self):
        return self.filter(status__in=["draft", "counted"])

    def being_counted(self):
        return self.filter(status="draft")

    def in_review(self):
        return self.filter(status="counted")

    def asked_to_complete(self):
        return self.filter(status="counted", completion_asked_at__isnull=False)

    def share_locked(self):
        """The ids of these sessions, locked against every change of status until commit."""
        sql, params = self.values_list("pk").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(f"{sql} FOR SHARE", params)
            return [pk for (pk,) in cursor.fetchall()]

    def with_names(self):
        return self.select_related("location", "opened_by", "adjustment")

    def with_progress(self):
        """Adds how many lines there are (`all_lines`), are counted, are off; `recounts`, and disturbed."""
        return self.annotate(
            all_lines=Count("lines"),
            counted_lines=Count("lines", filter=Q(lines__counted_quantity__isnull=False)),
            off_lines=Count("lines", filter=Q(lines__counted_quantity__isnull=False) & ~Q(lines__discrepancy=0)),
            recounts=Count("lines", filter=Q(lines__recount_asked=True)),
        )


class CountLineQuerySet(models.QuerySet):
    def open(self):
        return self.filter(open=True)

    def counted(self):
        return self.filter(counted_quantity__isnull=False)

    def uncounted(self):
        return self.filter(counted_quantity__isnull=True)

    def matched(self):
        return self.counted().filter(discrepancy=0)

    def off(self):
        return self.counted().exclude(discrepancy=0)

    def disturbed(self):
        return self.counted().filter(disturbed=True)

    def recount_asked(self):
        return self.filter(recount_asked=True)

    def to_decide(self):
        """Off or disturbed, and nobody has decided yet."""
        return self.counted().filter(~Q(discrepancy=0) | Q(disturbed=True), decision="open", recount_asked=False)

    def left_out(self):
        return self.filter(decision="left_out")

    def countable(self, session):
        """The lines that can be counted in this round."""
        return self.filter(open=True, round=session.round)

    def to_count(self):
        """What counters still have to do: blank lines, and lines to count again."""
        return self.filter(Q(counted_quantity__isnull=True) | Q(recount_asked=True))

    def posted(self):
        """What completing posts: counted lines that nobody left out and that wait for no recount."""
        return self.counted().exclude(decision="left_out").filter(recount_asked=False)

    def counted_since(self, moment, *, location):
        """Lines of completed sessions of this location that were counted since that day."""
        return self.counted().filter(
            session__location=location,
            session__status="completed",
            session__ended_at__date__gte=moment,
            counted_at__date__gte=moment,
        )

    def per_session(self):
        """(session number, lines) pairs."""
        return self.values_list("session__number").annotate(lines=Count("pk")).order_by("session__number")

    def adjusted(self):
        """The lines with something to post, once completing has worked out their adjustment."""
        return self.exclude(adjustment=0).filter(adjustment__isnull=False)

    def as_adjustments(self):
        """For ledger.posting: (quant_id, quantity)."""
        return self.adjusted().values("quant_id", quantity=F("adjustment"))

    def with_names(self):
        return self.select_related(
            "quant__bin", "quant__item__base_unit", "quant__variant", "quant__lot", "counted_by", "reason"
        )

    def with_value(self):
        return self.annotate(value=VALUE, abs_value=Abs(VALUE))

    def in_walking_order(self):
        return self.order_by(
            "quant__bin__walking_order", "quant__bin__code", "quant__item__number", "quant__lot__number", "pk"
        )

    def largest_value_first(self):
        return self.with_value().order_by(F("abs_value").desc(nulls_last=True), "pk")

    def in_review_order(self):
        """Adds `group`, by which a review shows its lines, and `abs_value`."""
        return self.with_value().annotate(group=REVIEW_GROUP)

    def notable(self):
        """The lines that a review shows at first: all but those that match and those that nobody counted."""
        return self.filter(
            Q(discrepancy__lt=0)
            | Q(discrepancy__gt=0)
            | Q(recount_asked=True)
            | Q(decision="left_out")
            | Q(disturbed=True, counted_quantity__isnull=False)
        )

    def added(self):
        """Items that counters found where the book had none."""
        return self.filter(found=True)

    def settled_since(self, session):
        """The lines of this session that a newer look has settled: a COUNTED entry after their watermark."""
        if session.ended_at:
            return self.filter(superseded=True)
        later = {
            "effect": "counted",
            "register__location": session.location_id,
            "register__posted_at__gt": session.opened_at,
            "register__reversed_by__isnull": True,
        }
        newest = {f"quant__entries__{name}": value for name, value in later.items()}
        return self.filter(**newest, quant__entries__id__gt=F("watermark")).distinct()

    def totals(self):
        """How a review stands, in one statement: numbers of lines and sums of units and money."""
        zero = models.Value(0, output_field=models.DecimalField(**MONEY))
        more, less = Q(discrepancy__gt=0), Q(discrepancy__lt=0)
        counted = Q(counted_quantity__isnull=False)
        return self.aggregate(
            all_lines=Count("pk"),
            counted_lines=Count("counted_quantity"),
            matched_lines=Count("pk", filter=Q(discrepancy=0)),
            disturbed_lines=Count("pk", filter=counted & Q(disturbed=True)),
            undecided_lines=Count(
                "pk",
                filter=counted & Q(decision="open", recount_asked=False) & (more | less | Q(disturbed=True)),
            ),
            unsettled_lines=Count(
                "pk", filter=counted & Q(decision="open", recount_asked=False, disturbed=True)
            ),
            recount_lines=Count("pk", filter=Q(recount_asked=True)),
            accepted_lines=Count("pk", filter=Q(decision="accepted")),
            left_out_lines=Count("pk", filter=Q(decision="left_out")),
            added_lines=Count("pk", filter=Q(found=True)),
            found_lines=Count("pk", filter=more),
            found_units=Coalesce(Sum("discrepancy", filter=more), zero),
            found_value=Coalesce(Sum(VALUE, filter=more), zero),
            missing_lines=Count("pk", filter=less),
            missing_units=Coalesce(Sum("discrepancy", filter=less), zero),
            missing_value=Coalesce(Sum(VALUE, filter=less), zero),
        )


class CountEntryQuerySet(models.QuerySet):
    def in_time(self):
        return self.order_by("counted_at", "id")
