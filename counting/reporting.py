"""The discrepancy report of a count, before and after it is completed: in groups on paper, or as a spreadsheet.

    report = Report(session, Order.ZONE, zero=True)
    for group in report.groups(report.lines[:1000]): ...

Groups are added up by the database over the whole count, so that their sums hold whatever part of it is looked at.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby

from django.db import models, transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from counting.activity import remember
from counting.models import CountLine, CountSession, Deed, Status
from counting.querysets import VALUE
from counting.unit_differences import lines_that_differ, unmatched
from inventory_site.fields import MONEY
from warehouse.models import User

NOTHING = models.Value(0, output_field=models.DecimalField(**MONEY))
MORE, LESS = Q(discrepancy__gt=0), Q(discrepancy__lt=0)
SUMS = {
    "lines": Count("pk"),
    "plus": Coalesce(Sum("discrepancy", filter=MORE), NOTHING),
    "minus": Coalesce(Sum("discrepancy", filter=LESS), NOTHING),
    "value_plus": Coalesce(Sum(VALUE, filter=MORE), NOTHING),
    "value_minus": Coalesce(Sum(VALUE, filter=LESS), NOTHING),
}
WALK = ("quant__bin__walking_order", "quant__bin__code", "quant__item__number", "quant__lot__number", "pk")
ITEM = ("quant__item__number", "quant__lot__number", "quant__bin__walking_order", "quant__bin__code", "pk")


class Order(models.TextChoices):
    """How the lines are sorted, and in which groups they are added up."""

    ZONE = "zone", gettext_lazy("Zone")
    BIN = "bin", gettext_lazy("Bin")
    CATEGORY = "category", gettext_lazy("Category")
    ITEM = "item", gettext_lazy("Item")


@dataclass(frozen=True)
class Grouping:
    """By the key behind `path`, which `key` and `name` find on a line."""

    path: str
    order: tuple[str, ...]
    key: Callable[[CountLine], int | None]
    name: Callable[[CountLine], object]


GROUPINGS = {
    Order.ZONE: Grouping(
        "quant__bin__zone",
        ("quant__bin__zone__code", *WALK),
        lambda line: line.quant.bin.zone_id,
        lambda line: line.quant.bin.zone or _("No zone"),
    ),
    Order.BIN: Grouping("quant__bin", WALK, lambda line: line.quant.bin_id, lambda line: line.quant.bin.code),
    Order.CATEGORY: Grouping(
        "quant__item__category",
        ("quant__item__category__name", "quant__item__category", *ITEM),
        lambda line: line.quant.item.category_id,
        lambda line: line.quant.item.category or _("No category"),
    ),
    Order.ITEM: Grouping("quant__item", ITEM, lambda line: line.quant.item_id, lambda line: line.quant.item),
}


@dataclass(frozen=True)
class Totals:
    """Of a group or of all. `plus` and `minus` are units, with their values."""

    lines: int = 0
    plus: object = 0
    minus: object = 0
    value_plus: object = 0
    value_minus: object = 0

    @property
    def net(self):
        return self.plus + self.minus

    @property
    def value(self):
        return self.value_plus + self.value_minus


@dataclass(frozen=True)
class Group:
    name: str
    totals: Totals
    lines: list[CountLine] = field(default_factory=list)


class Report:
    """What differs, also by units alone; with `zero` what agrees too, with `uncounted` what nobody counted."""

    def __init__(self, session: CountSession, order: str = Order.ZONE, *, zero: bool = False, uncounted: bool = False):
        self.session, self.grouping = session, GROUPINGS[Order(order)]
        self.zero, self.uncounted = zero, uncounted

    @property
    def is_final(self):
        return self.session.status == Status.COMPLETED

    @property
    def chosen(self):
        chosen = Q(counted_quantity__isnull=False) if self.zero else MORE | LESS | Q(pk__in=self.odd_lines)
        if self.uncounted:
            chosen |= Q(counted_quantity__isnull=True)
        return self.session.lines.filter(chosen)

    @cached_property
    def odd_lines(self):
        """Lines with other units than the books have there, however many."""
        return list(lines_that_differ(self.session))

    @property
    def lines(self):
        return self.chosen.order_by(*self.grouping.order)

    @cached_property
    def totals(self) -> Totals:
        return Totals(**self.chosen.aggregate(**SUMS))

    def with_names(self, keys: Iterable[int]) -> list[CountLine]:
        """The lines with these keys, in this order, with all that the report says of them."""
        keys = list(keys)
        found = (
            self.session.lines.with_names()
            .with_value()
            .select_related("quant__bin__zone", "quant__item__category")
            .in_bulk(keys)
        )
        return [found[key] for key in keys]

    def groups(self, lines: Iterable[CountLine]) -> list[Group]:
        """These lines, which are sorted, in their groups; each group with the sums of all its lines; one statement."""
        lines, grouping = list(lines), self.grouping
        shown = {grouping.key(line) for line in lines}
        of_these = Q(**{f"{grouping.path}__in": shown - {None}})
        if None in shown:
            of_these |= Q(**{f"{grouping.path}__isnull": True})
        rows = self.chosen.filter(of_these).order_by().values(grouping.path).annotate(**SUMS)
        totals = {row.pop(grouping.path): Totals(**row) for row in rows}
        grouped = ((key, list(some)) for key, some in groupby(lines, key=grouping.key))
        return [Group(str(grouping.name(some[0])), totals[key], some) for key, some in grouped]


# As a spreadsheet


UNMATCHED = [gettext_lazy("Unmatched from system"), gettext_lazy("Unmatched from physical count")]


def columns(report: Report, *, costs: bool) -> list[tuple[str, str]]:
    """(heading, path) of each column of the file."""
    return [
        (_("Zone"), "quant__bin__zone__code"),
        (_("Bin"), "quant__bin__code"),
        (_("Category"), "quant__item__category__name"),
        (_("Item"), "quant__item__number"),
        (_("Name"), "quant__item__name"),
        (_("Variant"), "quant__variant__code"),
        (_("Lot"), "quant__lot__number"),
        (_("Expires"), "quant__lot__expiration_date"),
        (_("Unit"), "quant__item__base_unit__code"),
        (_("System"), "system_quantity"),
        (_("Moved since"), "since"),
        (_("Counted"), "counted_quantity"),
        (_("Variance"), "variance"),
        (_("Discrepancy"), "discrepancy"),
        *([(_("Unit cost"), "unit_cost"), (_("Value"), "value")] if costs else []),
        *([(_("Adjusted"), "adjustment"), (_("Of it by movement"), "moved")] if report.is_final else []),
        (_("Decision"), "decision"),
        (_("Reason"), "reason__name"),
        (_("Note"), "note"),
        (_("Counted by"), "counted_by__username"),
        (_("Counted at"), "counted_at"),
    ]


@transaction.atomic
def export_report(
    report: Report, *, costs: bool, by: User, at: datetime, units: bool = False
) -> tuple[Sequence[str], Iterator[tuple]]:
    """(headings, rows) of the whole report, read as they leave; with `units` the codes that stand on one side only.
    Remembered with the session."""
    headings, paths = zip(*columns(report, costs=costs), strict=True)
    remember(report.session, Deed.EXPORTED, by=by, at=at, lines=report.totals.lines, note=_("discrepancy report"))
    lines = report.lines.with_value().annotate(since=models.F("book_quantity") - models.F("system_quantity"))
    if units:
        return [*headings, *UNMATCHED], _with_codes(report, lines.values_list("pk", *paths))
    return headings, lines.values_list(*paths).iterator()


def _with_codes(report, rows):
    sides = unmatched(report.session)
    for key, *row in rows.iterator():
        side = sides.get(key)
        yield (*row, *((", ".join(side.system), ", ".join(side.counted)) if side else ("", "")))
