"""Completing a count: the facts and a question, then the posting, then what was posted. One address for all three."""

from datetime import timedelta
from functools import cached_property

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from counting.completing import LEFT_BEHIND, Digest, confirm, digest, step_of
from counting.forms import ConfirmForm, hidden_figures
from counting.models import Status, Uncounted, Verdict
from counting.unit_differences import differences, read_once
from counting.views.access import CLOSED, session_for
from counting.views.standing import SessionPage
from counting.views.unit_panel import UnitPanel
from inventory_site.errors import DomainError
from inventory_site.pages import redirect_to, render_page, wants_partial
from inventory_site.templatetags.truecount import percent, quantity, sign, signed, signed_money
from warehouse.holders import holders

STEPS = {
    "waiting": (gettext_lazy("Waiting for a worker"), gettext_lazy("The request is kept until it is carried out")),
    "checking": (gettext_lazy("Book checked again"), gettext_lazy("What moved since each line was counted")),
    "posting": (gettext_lazy("Adjustments"), gettext_lazy("All in one step, or none")),
    "done": (gettext_lazy("Count closed"), gettext_lazy("Lines and document stay as evidence")),
}
SHOWN = 50  # adjusted lines on the last page


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("counting.complete_countsession", raise_exception=True)
def count_complete(request, number):
    session = session_for(request, number)
    if session.closed:
        raise PermissionDenied(CLOSED)
    if request.method == "POST":
        return complete(request, session)
    if session.status == Status.CANCELLED:
        return redirect_to(request, session)
    if wants_partial(request) and session.status == Status.COUNTED and not session.is_posting:
        # The page that waited for the posting: it was refused.
        said = _("Nothing was posted. See what is in the way.")
        return redirect_to(request, "count-review", session.number, toast=said, level="error")
    return page_of(request, session)


def page_of(request, session, *, error=None, status=200):
    context = {"page": Completion(request, session, error=error), "session": session}
    with read_once(session):
        return render_page(request, "counting/complete.html", context, partial="completion", status=status)


def complete(request, session):
    if session.is_posting or session.status == Status.COMPLETED:
        return redirect_to(request, "count-complete", session.number)  # twice is once
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return page_of(
            request, session, error=DomainError(_("The figures got lost on the way. Confirm again.")), status=422
        )
    try:
        confirm(session, by=request.user, at=timezone.now(), confirmed=form.digest())
    except DomainError as error:
        session.refresh_from_db()
        return page_of(request, session, error=error, status=422)
    return redirect_to(request, "count-complete", session.number)


class Completion(SessionPage):
    def __init__(self, request, session, *, error=None):
        super().__init__(request, session)
        self.error = error

    @cached_property
    def units(self):
        return UnitPanel(self.request, self.session)

    @property
    def problems(self):
        """What is in the way: just now, or when a worker tried."""
        if self.error is not None:
            return getattr(self.error, "problems", [])
        return [] if self.session.is_posting else self.session.completion_problems

    @property
    def holders(self):
        """Who keeps lines from being posted."""
        return holders(self.request.user, (held for problem in self.problems for held in problem.get("blockers", ())))

    @property
    def sentence(self):
        return " ".join(self.error.messages) if self.error is not None else ""

    @cached_property
    def digest(self):
        """As it stands now or, once somebody confirmed it, as it was confirmed."""
        confirmed = self.session.completion_digest
        if confirmed and (self.session.is_posting or self.session.status == Status.COMPLETED):
            return Digest.from_json(confirmed)
        return digest(self.session)

    @property
    def hidden(self):
        return hidden_figures(self.digest)

    @property
    def action(self):
        if not (self.digest.lines or self.digest.transfers):
            return _("Complete without adjustments")
        return _("Post %s") % self.documents_in_words

    @property
    def done(self):
        return _("%s posted") % self.documents_in_words

    @property
    def documents_in_words(self):
        """12 adjustments and 3 movements; of either only where there are some."""
        lines, transfers = self.digest.lines, self.digest.transfers
        words = [
            (lines, ngettext("%s adjustment", "%s adjustments", lines)),
            (transfers, ngettext("%s movement", "%s movements", transfers)),
        ]
        return _(" and ").join(text % quantity(number) for number, text in words if number)

    @property
    def facts(self):
        """What the posting does, or did."""
        figures = self.digest
        facts = [
            (_("Lines adjusted"), quantity(figures.lines)),
            (_("Found"), _("%s units") % signed(figures.plus)),
            (_("Missing"), _("%s units") % signed(figures.minus)),
        ]
        if figures.transfers:
            facts.append((_("Moved to another bin"), _("%s units") % quantity(figures.moved)))
        for part in self.units.sums:
            number = ngettext("%s serial or tag", "%s serials and tags", part["units"]) % quantity(part["units"])
            facts.append((part["label"], f"{number}, {part['cost']}" if self.show_values else number))
        if self.show_values:
            facts.append((_("Net value"), signed_money(figures.value)))
        return [{"label": label, "value": value} for label, value in facts]

    @property
    def result(self):
        """The count in figures, when it is over."""
        progress = self.progress
        counted = _("%(n)s of %(of)s") % {"n": quantity(progress.counted), "of": quantity(progress.lines)}
        accuracy = f"{quantity(progress.matched)}, {percent(progress.accuracy)}" if progress.counted else "–"
        facts = [
            (_("Lines counted"), counted),
            (_("Matched"), accuracy),
            *((fact["label"], fact["value"]) for fact in self.facts),
            (_("By"), self.session.ended_by),
        ]
        return [{"label": label, "value": value} for label, value in facts]

    @property
    def left(self):
        """What is not posted, and what becomes of it."""
        totals = self.totals
        uncounted = totals["all_lines"] - totals["counted_lines"]
        expects = self.session.status == Status.DRAFT and self.session.uncounted == Uncounted.EXPECTED
        if self.zeros or self.uncounted_in_the_way or expects:
            uncounted = 0  # they are taken as zero or as expected, or must be counted first
        left = self.digest.left
        sentences = [
            (left, ngettext("%s line that nobody decided on", "%s lines that nobody decided on", left)),
            (uncounted, ngettext("%s line is not counted", "%s lines are not counted", uncounted)),
            (
                totals["left_out_lines"],
                ngettext("%s line is left out", "%s lines are left out", totals["left_out_lines"]),
            ),
        ]
        return [text % quantity(lines) for lines, text in sentences if lines]

    @property
    def undecided(self):
        """What is posted although nobody has decided on it; what was taken as zero is told by itself."""
        if self.session.leaves_undecided:
            return 0
        totals = self.totals
        return totals["undecided_lines"] - totals["unsettled_lines"] - totals["undecided_zeros"]

    @property
    def zeroed(self):
        """Lines that are posted as zero although nobody has counted them."""
        return 0 if self.session.leaves_undecided else self.totals["zeroed_lines"]

    @property
    def blocking(self):
        """Lines that will be refused, with the list that shows them."""
        totals = self.totals
        undecided = 0 if self.session.leaves_undecided else totals["unsettled_lines"]
        blocking = [
            ("disturbed", undecided, _("moved while being counted: accept the count, or count again")),
            ("recount", totals["recount_lines"], _("out for recount: count, keep the earlier count, or leave out")),
        ]
        return [{"show": show, "lines": lines, "text": text} for show, lines, text in blocking if lines]

    @property
    def will_be_refused(self):
        """Is it certain? Then going back is what is to be done next."""
        return bool(self.uncounted_in_the_way or self.blocking or self.conflicts)

    @cached_property
    def conflicts(self):
        """How many units were seen in two bins, and nobody has said in which they are: they will be refused."""
        if self.session.status == Status.COMPLETED or not self.units.summary.of(Verdict.CONFLICT).units:
            return 0
        return sum(not each.settled for each in differences(self.session, verdicts=[Verdict.CONFLICT]))

    @property
    def uncounted_state(self):
        """The filter of the lines of the count that shows what must be counted first."""
        return "moved" if self.zeros else "uncounted"

    # While it is posted

    @cached_property
    def step(self):
        return step_of(self.session)

    @property
    def steps(self):
        names = list(STEPS)
        reached = names.index(self.step) if self.step in names else 0
        return [
            {
                "title": title,
                "note": note,
                "status": "matched" if place < reached else "posting" if place == reached else "",
            }
            for place, (title, note) in enumerate(STEPS.values())
        ]

    @property
    def place(self):
        names = list(STEPS)
        return names.index(self.step) + 1 if self.step in names else 1

    @property
    def parts(self):
        return [
            {"status": "matched", "n": self.place - 1},
            {"status": "uncounted", "n": len(STEPS) - self.place + 1},
        ]

    @property
    def is_late(self):
        """Nobody has taken it for a while: say who will."""
        return timezone.now() - self.session.completion_asked_at > min(LEFT_BEHIND, timedelta(seconds=15))

    # When it is done

    @cached_property
    def adjusted(self):
        return list(self.session.lines.adjusted().with_names().in_walking_order()[:SHOWN])

    @property
    def more_adjusted(self):
        full = len(self.adjusted) == SHOWN
        return self.session.lines.adjusted().count() - SHOWN if full else 0

    @property
    def superseded(self):
        return self.session.lines.settled_since(self.session).count()

    @property
    def net_sign(self):
        return sign(self.digest.value)
