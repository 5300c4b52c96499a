"""The words in which pages, verbs and jobs ask about counts."""

from django.db import connection, models
from django.db.models import Case, Count, Exists, ExpressionWrapper, F, OuterRef, Q, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Abs, Cast, Coalesce

from counting.totals import Kind, added_up
from inventory_site.fields import MONEY, QUANTITY
from inventory_site.visibility import closed_to
from ledger.models import ImportQuerySet, Register
from warehouse.models import ItemUnit

BY_QUANTITY = Q(serialized=False)
VALUE = ExpressionWrapper(F("discrepancy") * F("unit_cost"), output_field=models.DecimalField(**MONEY))
ZERO = Value(0, output_field=models.DecimalField(**QUANTITY))
NO_UNIT = Value(None, output_field=models.BigIntegerField())
ONE = Value(1, output_field=models.DecimalField(**QUANTITY))
LESS_ONE = Value(-1, output_field=models.DecimalField(**QUANTITY))
PLACE = Coalesce("to_quant_id", "from_quant_id")  # where a unit that differed comes into the books, or goes out
# The sign of a discrepancy; sign() would make a number of many digits of it, which is slow to group by.
SIDE = Case(
    When(discrepancy=0, then=Value(0)), When(discrepancy__gt=0, then=Value(1)), When(discrepancy__lt=0, then=Value(-1))
)


def review_group(corrected):
    """How a review groups its lines: what is to be done comes first."""
    return Case(
        When(recount_asked=True, then=Value(2)),
        When(decision="left_out", then=Value(4)),
        When(decision="accepted", then=Value(3)),
        When(counted_quantity__isnull=True, then=Value(6)),
        When(among(corrected), then=Value(1)),
        When(discrepancy=0, disturbed=False, then=Value(5)),
        default=Value(1),
    )


def among(keys):
    return Q(pk__in=list(keys))


def is_among(keys):
    return Case(When(among(keys), then=Value(True)), default=Value(False))


def were_posted(effect, session):
    """Documents of this effect, since the opening and where the count is: where there is none, as nearly always, the
    database looks at no entry."""
    since = {"location": session.location_id, "posted_at__gt": session.opened_at}
    return Exists(Register.objects.filter(effect=effect, **since))


class CountSessionQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(location__assignments__user=user.pk)

    def open(self):
        return self.filter(status__in=["draft", "counted"])

    def blind(self):
        return self.filter(blind=True)

    def being_counted(self):
        return self.filter(status="draft")

    def counted_by(self, user):
        """Those in which this person may count: a journal is entered by whoever opened it."""
        return self.being_counted().filter(Q(journal=False) | Q(opened_by=user.pk))

    def with_lines_left(self):
        """In which somebody still has something to count."""
        lines = self.model._meta.get_field("lines").related_model.objects
        return self.filter(Exists(lines.to_count().filter(session=OuterRef("pk"), open=True)))

    def in_review(self):
        return self.filter(status="counted")

    def asked_to_complete(self):
        return self.filter(status="counted", completion_asked_at__isnull=False)

    def in_stage(self, stage):
        """By the words of the list of counts; whatever is no stage of ours is all of them."""
        status = {"counting": "draft", "review": "counted"}.get(stage, stage)
        return self.filter(status=status) if stage in ("counting", "review", "completed", "cancelled") else self

    def stages(self):
        """How many counts there are in each stage; under "" all of them."""
        statuses = dict(self.order_by().values_list("status").annotate(Count("pk")))
        return {
            "": sum(statuses.values()),
            "counting": statuses.get("draft", 0),
            "review": statuses.get("counted", 0),
            "completed": statuses.get("completed", 0),
            "cancelled": statuses.get("cancelled", 0),
        }

    def matching(self, text):
        return self.filter(
            Q(number__icontains=text)
            | Q(name__icontains=text)
            | Q(location__name__icontains=text)
            | Q(location__code=text)
        )

    def refused(self):
        """Completing was asked for, and lines were in the way."""
        return self.in_review().exclude(completion_problems=[]).filter(completion_asked_at__isnull=True)

    def completed(self):
        return self.filter(status="completed")

    def adjusted_value(self):
        """How many counts, and the net value that they have adjusted as it was confirmed."""
        confirmed = Cast(KeyTextTransform("value", "completion_digest"), models.DecimalField(**MONEY))
        return self.aggregate(
            counts=Count("pk"), value=Coalesce(Sum(confirmed), Value(0), output_field=confirmed.output_field)
        )

    def that_counts(self, bin):
        """The count in which a bin can be counted now: one with lines left there before one where all is done."""
        lines = Q(lines__quant__bin=bin, lines__open=True, lines__round=F("round"))
        left = Count("lines", filter=Q(lines__counted_quantity__isnull=True) | Q(lines__recount_asked=True))
        return self.being_counted().filter(lines).annotate(left=left).order_by("-left", "pk").first()

    def share_locked(self):
        """The ids of these sessions, locked against every change of status until commit."""
        sql, params = self.values_list("pk").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(f"{sql} FOR SHARE", params)
            return [pk for (pk,) in cursor.fetchall()]

    def with_names(self):
        return self.select_related("location", "opened_by", "adjustment", "transfer")

    def with_progress(self):
        """Adds how many lines there are (`all_lines`), are counted, are off; `recounts`, and disturbed."""
        return self.annotate(
            all_lines=Count("lines"),
            counted_lines=Count("lines", filter=Q(lines__counted_quantity__isnull=False)),
            off_lines=Count("lines", filter=Q(lines__counted_quantity__isnull=False) & ~Q(lines__discrepancy=0)),
            recounts=Count("lines", filter=Q(lines__recount_asked=True)),
        )


class CountLineQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(session__location__assignments__user=user.pk)

    def open(self):
        return self.filter(open=True)

    def serialized(self):
        """Lines whose units are scanned."""
        return self.filter(serialized=True)

    def auto_serialized(self):
        """Those of items that get numbers of our own."""
        return self.serialized().filter(quant__item__auto_serialized=True)

    def counted(self):
        return self.filter(counted_quantity__isnull=False)

    def uncounted(self):
        return self.filter(counted_quantity__isnull=True)

    def open_to_zero(self):
        """What is taken as zero when the counting ends, where stock has not moved since the opening."""
        return self.uncounted().filter(recount_asked=False).exclude(decision="left_out")

    def moved_uncounted(self):
        """What cannot be taken as zero: stock has moved there since the opening."""
        return self.open_to_zero().filter(quant__last_entry__gt=F("session__opened_entry"))

    def zero_totals(self):
        """Of lines that are open to zero: how many with which units and value have not moved, and how many have."""
        still = Q(quant__last_entry__lte=F("session__opened_entry"))
        none = models.Value(0, output_field=models.DecimalField(**MONEY))
        worth = ExpressionWrapper(F("quant__quantity") * F("unit_cost"), output_field=models.DecimalField(**MONEY))
        return self.aggregate(
            lines=Count("pk", filter=still),
            units=Coalesce(Sum("quant__quantity", filter=still), none),
            value=Coalesce(Sum(worth, filter=still), none),
            moved=Count("pk", filter=~still),
        )

    def looked_at(self):
        """Counted by somebody."""
        return self.counted().filter(zeroed=False)

    def unverified(self):
        return self.filter(verified=False)

    def zeroed(self):
        """Nobody counted them, and they were taken as zero."""
        return self.filter(zeroed=True)

    def per_bin(self):
        """(bin, lines) pairs in walking order."""
        bins = self.order_by("quant__bin__walking_order", "quant__bin__code")
        return list(bins.values_list("quant__bin__code").annotate(lines=Count("pk")))

    def matched(self):
        return self.counted().filter(discrepancy=0)

    def off(self):
        return self.counted().exclude(discrepancy=0)

    def disturbed(self):
        return self.counted().filter(disturbed=True)

    def recount_asked(self):
        return self.filter(recount_asked=True)

    def to_decide(self, corrected=()):
        """Off, disturbed or among these that were corrected since, and nobody has decided yet."""
        doubtful = ~Q(discrepancy=0) | Q(disturbed=True) | among(corrected)
        return self.counted().filter(doubtful, decision="open", recount_asked=False)

    def against(self, direction):
        """Lines that a reason of this direction does not fit."""
        opposite = {"found": Q(discrepancy__lt=0), "missing": Q(discrepancy__gt=0)}
        return self.filter(opposite[direction]) if direction in opposite else self.none()

    def with_reason_against_them(self):
        return self.filter(
            Q(reason__direction="found", discrepancy__lt=0) | Q(reason__direction="missing", discrepancy__gt=0)
        )

    def accepted(self):
        return self.filter(decision="accepted")

    def left_out(self):
        return self.filter(decision="left_out")

    def in_state(self, state):
        """By the words of the page of a count; whatever is no state of ours is all lines."""
        states = {
            "uncounted": self.uncounted,
            "counted": self.counted,
            "recount": self.recount_asked,
            "off": self.off,
            "matched": self.matched,
            "added": self.added,
            "moved": self.moved_uncounted,
            "zeroed": self.zeroed,
        }
        return states.get(state, self.all)()

    def in_the_way(self, session):
        """The lines that completing has named when it was refused."""
        named = [problem["line"] for problem in session.completion_problems if problem.get("line")]
        return self.filter(pk__in=named)

    def matching(self, text):
        """By the beginning of a bin, or a piece of an item's number or name or of a lot."""
        return self.filter(
            Q(quant__bin__code__istartswith=text)
            | Q(quant__item__number__icontains=text)
            | Q(quant__item__name__icontains=text)
            | Q(quant__lot__number__icontains=text)
        )

    def at(self, location):
        """Of bins of this location. Says nothing new of a session, but lets its walking order come from an index."""
        return self.filter(quant__bin__location=location)

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
        """The lines with something to post, once completing has worked out their adjustment; of units as much can have
        come as went."""
        units = self.model._meta.get_field("unit_differences").related_model.objects
        in_and_out = Q(serialized=True) & Exists(units.posted().of_the_quant(OuterRef("session"), OuterRef("quant")))
        return self.filter(adjustment__isnull=False).filter(~Q(adjustment=0) | in_and_out)

    def to_adjust(self, *, with_zeros=False):
        """Those of them that a movement from or to another bin does not explain wholly. Units are posted one by one.

        `with_zeros`: also those that were found as expected, but for what a newer look has settled.
        """
        rest = F("adjustment") - Coalesce("moved", ZERO)
        lines = self.filter(serialized=False, adjustment__isnull=False).annotate(rest=rest)
        return lines.exclude(rest=0, superseded=True) if with_zeros else lines.exclude(rest=0)

    def as_adjustments(self, *, with_zeros=False):
        """For ledger.posting: (quant_id, quantity, unit_id). In no order: posting puts them in its own."""
        lines = self.to_adjust(with_zeros=with_zeros)
        return lines.order_by().values("quant_id", quantity=F("rest"), unit_id=NO_UNIT)

    def with_names(self):
        return self.select_related(
            "quant__bin", "quant__item__base_unit", "quant__variant", "quant__lot", "counted_by", "reason"
        )

    def for_counting(self):
        """With all that a counter sees of a line."""
        units = ItemUnit.objects.select_related("unit_of_measure").order_by("quantity_per")
        lines = self.select_related(
            "quant__bin", "quant__item__base_unit", "quant__variant", "quant__lot", "counted_by"
        )
        return lines.prefetch_related(models.Prefetch("quant__item__units", queryset=units))

    def with_value(self):
        return self.annotate(value=VALUE, abs_value=Abs(VALUE))

    def in_walking_order(self):
        return self.order_by(
            "quant__bin__walking_order", "quant__bin__code", "quant__item__number", "quant__lot__number", "pk"
        )

    def by_item(self):
        return self.order_by(
            "quant__item__number", "quant__lot__number", "quant__bin__walking_order", "quant__bin__code", "pk"
        )

    def largest_value_first(self):
        return self.with_value().order_by(F("abs_value").desc(nulls_last=True), "pk")

    def in_review_order(self, corrected=()):
        """Adds `group`, by which a review shows its lines, and `abs_value`."""
        return self.with_value().annotate(group=review_group(corrected))

    def notable(self, corrected=()):
        """The lines that a review shows at first: all but those that match and those that nobody counted."""
        return self.filter(
            among(corrected)
            | Q(discrepancy__lt=0)
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
            "undone_by__isnull": True,
        }
        newest = {f"quant__entries__{name}": value for name, value in later.items()}
        lines = self.filter(were_posted("counted", session), serialized=False)
        return lines.filter(**newest, quant__entries__id__gt=F("watermark")).distinct()

    def corrected_since(self, session):
        """Lines whose books were corrected after they were counted: completing posts another figure than their
        discrepancy. From the few documents of that kind since the opening to the lines."""
        later = {
            "effect": "corrected",
            "register__location": session.location_id,
            "register__posted_at__gt": session.opened_at,
            "undone_by__isnull": True,
        }
        since = {f"quant__entries__{name}": value for name, value in later.items()}
        of_the_book = Q(quant__entries__undoes__isnull=True) | Q(quant__entries__undoes__lte=F("watermark"))
        lines = self.open().filter(were_posted("corrected", session), serialized=False)
        return lines.filter(of_the_book, **since, quant__entries__id__gt=F("watermark")).distinct()

    def totals(self, corrected=()):
        """How a review stands, in one statement: numbers of lines and sums of units and money, those of serialized
        lines apart, whose units say them. `corrected`: lines that were corrected since, which are to be decided on
        though they may match.

        Lines are grouped by what a review tells apart and the few groups are added up here: an aggregate for each
        number takes the database twice as long.
        """
        kinds = (
            self.order_by()
            .values("disturbed", "decision", "recount_asked", side=SIDE, was_corrected=is_among(corrected))
            .annotate(
                lines=Count("pk"),
                found=Count("pk", filter=Q(found=True)),
                zeroed=Count("pk", filter=Q(zeroed=True)),
                verified=Count("pk", filter=Q(verified=True)),
                units=Sum("discrepancy", filter=BY_QUANTITY, default=0),
                value=Sum(VALUE, filter=BY_QUANTITY, default=0),
            )
        )
        return added_up([Kind(**kind) for kind in kinds])


class MisplacementQuerySet(models.QuerySet):
    def of(self, lines):
        return self.filter(Q(short__in=lines) | Q(over__in=lines))

    def moved(self):
        return self.filter(moved__gt=0)

    def as_transfers(self):
        """For ledger.posting: (quant_id, to quant_id, quantity, unit_id)."""
        return self.moved().order_by().values_list("short__quant_id", "over__quant_id", "moved", NO_UNIT)

    def with_names(self):
        return self.select_related("accepted_by", "short__quant__bin", "over__quant__bin", "short__quant__item")


class SightingQuerySet(models.QuerySet):
    def standing(self):
        """Those that their line's count consists of."""
        return self.filter(round=F("line__counted_round"))

    def by_open_counts(self):
        return self.standing().filter(line__open=True)


class UnitDifferenceQuerySet(models.QuerySet):
    def posted(self):
        return self.filter(posted=True)

    def moved(self):
        return self.posted().filter(verdict__in=["transfer", "search"])

    def changed(self):
        """What came into the books, or went out."""
        return self.posted().filter(verdict__in=["write_off", "found", "new"])

    def of_the_quant(self, session, quant):
        """What comes to it or goes."""
        return self.filter(Q(from_quant=quant) | Q(to_quant=quant), session=session)

    def as_transfers(self):
        """For ledger.posting: (quant_id, to quant_id, quantity, unit_id)."""
        return self.moved().order_by().values_list("from_quant_id", "to_quant_id", ONE, "unit_id")

    def as_adjustments(self):
        """For ledger.posting: (quant_id, quantity, unit_id)."""
        change = Case(When(verdict="write_off", then=LESS_ONE), default=ONE)
        changed = self.changed().order_by().annotate(quant_id=PLACE, quantity=change)
        return changed.values("quant_id", "quantity", "unit_id")


class CountEntryQuerySet(models.QuerySet):
    def said(self):
        """By somebody who looked; not what was taken as zero."""
        return self.exclude(kind="zero")

    def in_time(self):
        return self.order_by("counted_at", "id")


class CountImportQuerySet(ImportQuerySet):
    def visible_to(self, user):
        """A person's own; reviewers see what anybody handed in. The session decides about the location."""
        return self if user.has_perm("counting.review_countsession") else self.filter(requested_by=user.pk)

    def of_the_same_file(self, count_import):
        return self.filter(session=count_import.session_id, digest=count_import.digest)


class ImportRowQuerySet(models.QuerySet):
    def conflicts(self):
        """Both said something: the file, and somebody since it was made."""
        return self.filter(outcome__in=["conflict", "asked_again"])

    def undecided(self):
        return self.conflicts().filter(take__isnull=True)

    def to_record(self, *, found):
        """Rows that become counts; `found` says whether items that have no line are added."""
        new = ["counted", "changed", *(["found"] if found else [])]
        return self.filter(Q(outcome__in=new) | Q(outcome__in=["conflict", "asked_again"], take="file"))

    def per_outcome(self):
        return dict(self.order_by().values_list("outcome").annotate(Count("pk")))


class SearchTaskQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_superuser:
            return self
        return self.filter(session__location__assignments__user=user.pk)

    def open_to(self, request):
        """What is missing where a blind count is open would tell what is expected there."""
        closed = closed_to(request)
        seen = self.visible_to(request.user)
        return seen.exclude(session__location__in=closed) if closed else seen

    def going_on(self):
        """The searches of the units that are missing now, whatever was written down of them last."""
        newer = self.model.objects.filter(unit=OuterRef("unit"), pk__gt=OuterRef("pk"))
        return self.filter(unit__quant__bin__kind="missing").exclude(Exists(newer))

    def ended(self):
        return self.exclude(pk__in=self.model.objects.going_on().values("pk"))

    def to_follow(self):
        """Those that go on, and those of which nobody has written down yet that they ended."""
        return self.filter(Q(state="open") | Q(pk__in=self.model.objects.going_on().values("pk")))

    def overdue(self, today):
        return self.going_on().filter(due_on__lt=today)

    def with_names(self):
        return self.select_related(
            "unit__item__base_unit",
            "unit__variant",
            "unit__quant__bin",
            "session__location",
            "last_bin__location",
            "assigned_to",
            "ended_by_document",
        )
