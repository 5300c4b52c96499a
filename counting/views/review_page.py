"""What the page of a review shows: figures, filters, and each line with what explains it."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from django.db.models import F, Sum
from django.db.models.functions import Abs
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from counting.explaining import movements
from counting.filters import ReviewFilter
from counting.forms import DecisionForm, written
from counting.hints import hints
from counting.misplaced import movements_at
from counting.models import CountLine, Decision, Status, Verdict
from counting.parked import parked, parked_number
from counting.reversing import with_reversals
from counting.review import adjustments
from counting.rounds import rounds_of
from counting.unit_differences import LineFigures, differences, line_figures, lines_that_differ
from counting.views.detail import WALK
from counting.views.misplaced import MANY, Misplaced
from counting.views.standing import SessionPage
from counting.views.unit_panel import CHIPS, UnitPanel
from inventory_site.asked import whole_number
from inventory_site.pages import Column, Listing
from inventory_site.templatetags.truecount import money, quantity, sign, signed, signed_money
from ledger.models import Reason

TODO, RECOUNT, ACCEPTED, LEFT_OUT, MATCHES, UNCOUNTED = range(1, 7)
GROUPS = {
    TODO: gettext_lazy("To decide"),
    RECOUNT: gettext_lazy("Out for recount"),
    ACCEPTED: gettext_lazy("Accepted"),
    LEFT_OUT: gettext_lazy("Left out"),
    MATCHES: gettext_lazy("Matches"),
    UNCOUNTED: gettext_lazy("Not counted"),
}
SHOWN = 20  # units of a line
LARGEST_FIRST = F("abs_value").desc(nulls_last=True)
MOST_FIRST = Abs("discrepancy").desc(nulls_last=True)


class Review(SessionPage):
    """What a review shows; a partial pays only for what it draws."""

    def __init__(self, request, session, *, wrong=None, error=None):
        super().__init__(request, session)
        self.wrong = wrong or {}  # line: (its form, the sentence), where a decision was refused
        self.error = error
        self.may_decide = request.user.has_perm("counting.review_countsession")
        self.may_complete = request.user.has_perm("counting.complete_countsession") and session.is_open

    def context(self, **more):
        return {"page": self, "session": self.session, "listing": self.listing, **more}

    @property
    def here(self):
        return self.request.get_full_path()

    @property
    def closed_url(self):
        query = self.request.GET.copy()
        query.pop("open", None)
        return f"{self.request.path}?{query.urlencode()}"

    @property
    def open_url(self):
        """The address of this list with one line shown in full; its key comes last."""
        return f"{self.closed_url}{'' if self.closed_url.endswith('?') else '&'}open="

    @property
    def width(self):
        return 12 if self.show_values else 10

    @property
    def open_for_decisions(self):
        return self.may_decide and self.session.status == Status.COUNTED and not self.session.is_posting

    # Figures

    @property
    def figures(self):
        totals, progress = self.totals, self.progress
        found, missing = self.sums["found"][1], self.sums["missing"][1]
        net, gross = found + missing, found - missing
        return [
            self.sum_of(_("Found"), "found", "over"),
            self.sum_of(_("Missing"), "missing", "short"),
            *(
                [tile(_("Net value"), signed_money(net), _("gross %s") % money(gross), sign(net))]
                if self.show_values
                else []
            ),
            tile(
                _("Matched"), _("%(n)s of %(of)s") % {"n": quantity(progress.matched), "of": quantity(progress.counted)}
            ),
            tile(_("Not counted"), quantity(progress.uncounted), _("they keep their stock")),
            tile(_("To decide"), quantity(totals["undecided_lines"]), self.what_becomes_of_undecided),
        ]

    @property
    def what_becomes_of_undecided(self):
        if not self.totals["undecided_lines"]:
            return ""
        if self.session.leaves_undecided:
            return _("undecided lines are left as they are")
        return _("undecided lines are posted as counted")

    @cached_property
    def sums(self):
        """(quantity, value) of what was found and of what is missing. What only lies elsewhere is neither; units say
        for themselves what they are and what they cost."""
        summary = self.units.summary
        new, gone = [summary.of(Verdict.FOUND), summary.of(Verdict.NEW)], [summary.of(Verdict.WRITE_OFF)]
        return {
            which: (
                self.totals[f"{which}_units"] + factor * sum(part.units for part in parts),
                self.totals[f"{which}_value"] + factor * sum(part.cost for part in parts),
            )
            for which, factor, parts in (("found", 1, new), ("missing", -1, gone))
        }

    def sum_of(self, label, which, status):
        amount, value = self.sums[which]
        units, lines = signed(amount), self.totals[f"{which}_lines"]
        said = ngettext("%(n)s line", "%(n)s lines", lines) % {"n": quantity(lines)}
        status = status if lines else ""
        if self.show_values:
            note = _("%(units)s units, %(lines)s") % {"units": units, "lines": said}
            return tile(label, signed_money(value), note, status)
        return tile(label, units, said, status)

    @cached_property
    def counts(self):
        totals = self.totals
        return {
            "show": {
                "": totals["notable_lines"],
                "todo": totals["undecided_lines"],
                "disturbed": totals["disturbed_lines"],
                "recount": totals["recount_lines"],
                "accepted": totals["accepted_lines"],
                "left-out": totals["left_out_lines"],
                "added": totals["added_lines"],
                "units": len(self.odd_lines),
                "superseded": self.session.lines.settled_since(self.session).values("pk").count(),
                "problems": len(self.problems),
                "aside": parked_number(self.session),
                "uncounted": totals["all_lines"] - totals["counted_lines"],
                "zeroed": totals["zeroed_lines"],
                "unverified": totals["all_lines"] - totals["verified_lines"] if self.open_for_decisions else 0,
                "matched": totals["matched_lines"],
            }
        }

    @property
    def opens_with_todo(self):
        """On a phone, until somebody asks for more: what is to be decided, and nothing else."""
        return "show" not in self.request.GET and not self.searched and self.totals["undecided_lines"] > 0

    # Stock in the wrong place

    @property
    def misplaced(self):
        return Misplaced(self.request, self.session)

    @property
    def misplaced_comes_later(self):
        return self.progress.lines > MANY and self.session.status == Status.COUNTED

    # Units

    @cached_property
    def odd_lines(self):
        """Lines with units that differ; True where their quantity is right."""
        return lines_that_differ(self.session)

    @cached_property
    def hiding(self):
        return [line for line, hides in self.odd_lines.items() if hides and self.session.is_open]

    @cached_property
    def units(self):
        return UnitPanel(self.request, self.session)

    @cached_property
    def units_come_later(self):
        """Where so many units lie that to compare them takes longer than all the rest of the page."""
        books = self.session.lines.serialized().aggregate(units=Sum("system_quantity"))
        return (books["units"] or 0) > MANY

    # Lines

    @property
    def show(self):
        return self.request.GET.get("show", "")

    @property
    def searched(self):
        return self.request.GET.get("q", "").strip()

    @cached_property
    def listing(self):
        listing = Listing(
            self.request,
            self.session.lines.with_names().in_review_order(self.doubtful),
            columns=self.columns,
            sort="value",
            filterset=self.filterset,
            counts=self.counts,
            label=_("Lines of %s") % self.session,
        )
        if not self.searched:
            listing.total = self.counts["show"].get(self.show, self.totals["notable_lines"])
        return listing

    def filterset(self, data, **kwargs):
        about = {"numbers": self.counts["show"], "corrected": self.doubtful, "odd": self.odd_lines}
        return ReviewFilter(data, session=self.session, **about, **kwargs)

    @property
    def columns(self):
        """What can be sorted by; the groups always come first."""
        largest = LARGEST_FIRST if self.show_values else MOST_FIRST
        return [
            Column("value", "", ("group", largest)),
            Column("walk", "", ("group", *WALK)),
            Column("item", "", ("group", "quant__item__number", *WALK[:2], "quant__lot__number")),
        ]

    @cached_property
    def rows(self):
        return self.rows_of(self.listing.rows)

    def row(self, line, *, alone=False):
        lines = self.session.lines.with_names().in_review_order(self.doubtful)
        return replace(self.rows_of([lines.get(pk=line)])[0], alone=alone)

    def rows_of(self, lines):
        if self.session.is_open:
            adjustments(self.session, lines)
        else:
            for line in lines:
                line.planned, line.superseded_now, line.corrected = line.adjustment, line.superseded, None
            if self.reversals:
                with_reversals(self.session, lines)
        movements_at(self.session, lines)
        movements(self.session, lines)
        hints(self.session, lines, now=timezone.now())
        self.units_of(lines)
        self.entries_of_opened(lines)
        return [self.dressed(line) for line in lines]

    def units_of(self, lines):
        """What is posted for a line with units comes from the units that differ, transfers apart."""
        closed = {} if self.session.is_open else line_figures(self.session, lines)
        for line in lines:
            if not self.session.is_open:
                line.units = closed.get(line.pk)
            if line.units:
                line.planned = line.units.adjustment - line.units.moved
            if line.units and line.pk == self.opened:
                line.odd_units = differences(self.session, lines=[line.pk], limit=SHOWN + 1)

    def entries_of_opened(self, lines):
        """What was said in every round, for the lines that are shown in full."""
        for line in lines:
            if line.pk == self.opened:
                line.rounds = rounds_of(line)

    @cached_property
    def opened(self):
        return whole_number(self.request.GET.get("open", ""))

    def dressed(self, line):
        form, error = self.wrong.get(line.pk, (None, ""))
        return Row(
            line,
            page=self,
            problems=self.problems.get(line.pk, []),
            form=form,
            error=error,
            opened=line.pk == self.opened,
        )

    @cached_property
    def reasons(self):
        return list(Reason.objects.all())

    @property
    def group_sizes(self):
        totals = self.totals
        return {
            TODO: totals["undecided_lines"],
            RECOUNT: totals["recount_lines"],
            ACCEPTED: totals["accepted_lines"],
            LEFT_OUT: totals["left_out_lines"],
        }

    # What else waits

    @cached_property
    def problems(self):
        """What completing said when it was refused, by line; under None what is about no line."""
        problems = {}
        if self.session.is_open:
            for problem in self.session.completion_problems:
                problems.setdefault(problem.get("line"), []).append(problem["message"])
        return problems

    @property
    def first_problems(self):
        return [problem["message"] for problem in self.session.completion_problems[:5]] if self.session.is_open else []

    @property
    def more_problems(self):
        return max(0, len(self.session.completion_problems) - 5)

    @property
    def parked(self):
        return parked(self.session)


def tile(label, value, note="", status=""):
    return {"label": label, "value": value, "note": note, "status": status}


@dataclass
class Row:
    """A line as the table shows it."""

    line: CountLine
    page: Review
    problems: list[str] = field(default_factory=list)
    form: DecisionForm | None = None
    error: str = ""
    opened: bool = False
    alone: bool = False  # the whole of an answer, with the figures that it has changed

    @property
    def group(self):
        return GROUPS[self.line.group]

    @property
    def group_size(self):
        return None if self.page.show or self.page.searched else self.page.group_sizes.get(self.line.group)

    @property
    def reasons(self):
        """Those that fit what differs."""
        return [reason for reason in self.page.reasons if reason.fits(self.line.discrepancy)]

    @property
    def to_decide(self):
        return self.line.group == TODO

    @property
    def editable(self):
        return self.page.open_for_decisions and self.to_decide

    @property
    def difference(self):
        """What the line is about: what would be posted or, where that is open, what was wrong."""
        return self.line.discrepancy if self.line.planned is None else self.line.planned

    @property
    def value(self):
        if self.units and self.line.is_counted:
            return self.units.adjustment_value
        return None if self.difference is None else self.difference * self.line.unit_cost

    @property
    def units(self) -> LineFigures | None:
        return self.line.units

    @property
    def odd_units(self):
        """The units of this line that differ, where it is shown in full: (what, status, word)."""
        return [(each, *CHIPS[each.verdict][:2]) for each in getattr(self.line, "odd_units", [])[:SHOWN]]

    @property
    def more_units(self):
        return len(getattr(self.line, "odd_units", [])) > SHOWN

    @property
    def editable_quantity(self):
        """Of units it is not for a line to say how many."""
        return self.editable and not self.line.serialized

    @property
    def unit_facts(self):
        """What is posted for its units: pieces and, for those who may see it, money."""
        units = self.units
        facts = [(_("Adjustment quantity"), signed(units.adjustment - units.moved))]
        facts.append((_("Of it written off"), quantity(units.written_off)))
        if self.page.show_values:
            facts.append((_("Adjustment cost"), money(units.adjustment_cost)))
            facts.append((_("Adjustment value"), signed_money(units.adjustment_value)))
        facts.append((_("Stock transfer quantity"), quantity(units.stock_transfer_quantity)))
        if self.page.show_values:
            facts.append((_("Stock transfer value"), money(units.stock_transfer_value)))
        facts.append((_("Moved out"), quantity(units.moved_out)))
        return [{"label": label, "value": value} for label, value in facts]

    @property
    def typed(self):
        """What the field of the adjustment holds."""
        if self.form is not None:
            return self.form["quantity"].value() or ""
        line = self.line
        part = line.discrepancy if line.accepted_quantity is None else line.accepted_quantity
        return "" if part is None else written(part)

    @property
    def chosen_reason(self):
        if self.form is not None:
            return str(self.form["reason"].value() or "")
        return str(self.line.reason_id or "")

    @property
    def note(self):
        return self.line.note if self.form is None else self.form["note"].value() or ""

    @property
    def posts_something_else(self):
        """Corrections since the count take a part away from what was accepted."""
        line = self.line
        if line.serialized:
            return False
        accepted = line.discrepancy if line.accepted_quantity is None else line.accepted_quantity
        return line.planned is not None and accepted is not None and line.planned != accepted

    @property
    def status(self):
        line = self.line
        if line.superseded_now and not line.serialized:
            return "recorded", _("Superseded")
        if line.decision == Decision.LEFT_OUT:
            return "released", _("Left out")
        if line.moves:
            return "transfer", _("Moves") if self.page.session.is_open else _("Moved")
        if line.recount_asked:
            return "recount", _("Recount")
        if line.decision == Decision.ACCEPTED:
            return "accepted", _("Accepted")
        if not line.is_counted:
            return "uncounted", _("Not counted")
        if line.disturbed:
            return "waiting", _("Moved under the count")
        if line.pk in self.page.hiding:
            return "variance", _("Other units")
        return ("matched", _("Match")) if line.discrepancy == 0 else ("variance", _("Differs"))

    @property
    def rounds(self):
        return getattr(self.line, "rounds", [])
