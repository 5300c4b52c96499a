"""What to do now: my counts, or how all counts stand."""

from datetime import datetime, timedelta
from functools import cached_property

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from counting.figures import Progress, progress_of, stage_of
from counting.models import CountSession, PutAside, Status
from counting.reconciliation import last_result
from counting.views.access import sees_evidence, sees_values
from counting.walking import where_stopped
from inventory_site.pages import redirect_to, render_page
from inventory_site.templatetags.truecount import percent, quantity, sign, signed_money
from inventory_site.visibility import closed_to
from ledger.models import Kind, Register
from warehouse.models import Bin, Location

OPEN_SHOWN, ENDED_SHOWN = 8, 5
ACCURACY_OVER = 10  # completed counts
A_MONTH = timedelta(days=30)


@login_required
@require_http_methods(["GET"])
def home(request):
    counts = request.user.has_perm("counting.change_countsession")
    oversees = sees_evidence(request.user) or request.user.has_perm("counting.add_countsession")
    if "scan" in request.GET and counts:
        return go_to_bin(request)
    if oversees and not (counts and request.GET.get("view") == "mine"):
        return render_page(request, "counting/dashboard.html", {"page": Dashboard(request), "both": counts})
    return render_page(request, "counting/my_counts.html", {"page": MyCounts(request), "both": oversees})


def go_to_bin(request):
    """From the label of a bin to the count that holds it."""
    text = request.GET["scan"].strip()[:60]
    bins = list(Bin.objects.visible_to(request.user).real().named(text)[:2]) if text else []
    if len(bins) == 1:
        session = CountSession.objects.visible_to(request.user).counted_by(request.user).that_counts(bins[0])
        if session:
            return redirect_to(
                request, f"{reverse('count-entry', args=[session.number])}?{urlencode({'bin': bins[0].code})}"
            )
    page = MyCounts(request, scanned=text, bin=bins[0] if len(bins) == 1 else None)
    return render_page(request, "counting/my_counts.html", {"page": page, "both": False}, status=422)


class MyCounts:
    """For somebody who counts: where they stopped, and what is next. No figure here tells what the book says."""

    def __init__(self, request, *, scanned=None, bin=None):
        self.request, self.scanned, self.bin = request, scanned, bin
        self.today = timezone.localdate()

    @cached_property
    def sessions(self):
        return list(
            CountSession.objects.visible_to(self.request.user).counted_by(self.request.user).with_names().order_by("pk")
        )

    @cached_property
    def progress(self):
        return progress_of(self.sessions)

    @cached_property
    def stopped(self):
        return where_stopped(self.request.user)

    @property
    def with_work(self):
        return [session for session in self.sessions if self.progress[session.pk].left]

    @cached_property
    def cards(self):
        """Recounts first, then in the order in which they were opened."""
        cards = [self.card(session) for session in self.with_work]
        return sorted(cards, key=lambda card: (not card["recount"], card["session"].pk))

    def card(self, session):
        progress = self.progress[session.pk]
        recount = session.round > 1 and progress.recounts > 0
        return {
            "session": session,
            "progress": progress,
            "stage": "recount" if recount else stage_of(session, progress),
            "recount": recount,
            "action": _("Start recount") if recount else _("Resume") if progress.counted else _("Start"),
        }

    @property
    def next(self):
        return [card for card in self.cards if not self.stopped or card["session"].pk != self.stopped.session_id]

    @property
    def stopped_card(self):
        return next(
            (card for card in self.cards if self.stopped and card["session"].pk == self.stopped.session_id), None
        )

    @property
    def no_count_holds(self):
        if not self.scanned:
            return ""
        if self.bin:
            return _("No open count holds bin %s.") % self.bin.code
        return _("No bin is called “%s”.") % self.scanned

    @property
    def may_open(self):
        return self.request.user.has_perm("counting.add_countsession")


class Dashboard:
    """For supervisors, planners and auditors; each figure is added up from what is there."""

    def __init__(self, request):
        self.request, self.user, self.now = request, request.user, timezone.now()
        self.judged = sees_evidence(request.user) and not closed_to(request)
        self.show_values = self.judged and sees_values(request.user)
        self.may_open = request.user.has_perm("counting.add_countsession")

    @cached_property
    def visible(self):
        return CountSession.objects.visible_to(self.user)

    @cached_property
    def stopped(self):
        return where_stopped(self.user)

    @cached_property
    def stages(self):
        return self.visible.stages()

    @cached_property
    def open_sessions(self):
        return list(self.visible.open().with_names().order_by("-pk")[:50])

    @cached_property
    def ended_sessions(self):
        completed = self.visible.completed().select_related("location", "adjustment", "ended_by")
        return list(completed.order_by("-ended_at")[:ACCURACY_OVER])

    @cached_property
    def progress(self):
        return progress_of(self.open_sessions + self.ended_sessions)

    @property
    def open_rows(self):
        return [self.row(session) for session in self.open_sessions[:OPEN_SHOWN]]

    def row(self, session):
        progress = self.progress[session.pk]
        parts = progress.judged if self.judged else progress.recorded
        return {"session": session, "progress": progress, "stage": stage_of(session, progress), "parts": parts}

    @property
    def ended_rows(self):
        return [self.row(session) for session in self.ended_sessions[:ENDED_SHOWN]]

    @property
    def to_review(self):
        waiting = [
            session for session in self.open_sessions if session.status == Status.COUNTED and not session.is_posting
        ]
        return [self.row(session) for session in waiting]

    @property
    def posting(self):
        return [session for session in self.open_sessions if session.is_posting]

    @property
    def refused(self):
        return [session for session in self.open_sessions if session.completion_problems and not session.is_posting]

    @cached_property
    def scans_aside(self):
        waiting = PutAside.objects.filter(session__in=self.open_sessions, settled_at=None).order_by()
        return list(waiting.values("session__number").annotate(scans=Count("pk")).order_by("session__number"))

    @property
    def nothing_waits(self):
        return not (self.to_review or self.posting or self.scans_aside)

    @cached_property
    def today(self):
        """Documents of today at my locations, by kind: {"label", "n"}."""
        midnight = timezone.localtime(self.now).replace(hour=0, minute=0, second=0, microsecond=0)
        places = Location.objects.visible_to(self.user).values("pk")
        registers = Register.objects.filter(location__in=places, posted_at__gte=midnight)
        rows = registers.order_by().values("kind").annotate(n=Count("pk")).order_by("-n", "kind")
        return [{"label": Kind(row["kind"]).label, "n": row["n"]} for row in rows]

    @cached_property
    def books(self):
        """How the last proof of the laws went: {"at", "holds", "total"}, for those who see the evidence; or None."""
        result = last_result() if self.judged else None
        return result and result | {"at": datetime.fromisoformat(result["at"])}

    @property
    def figures(self):
        figures = [self.open_figure, self.review_figure]
        if self.judged:
            figures.append(self.accuracy_figure)
        if self.judged and self.show_values:
            figures.append(self.value_figure)
        if self.judged:
            documents = sum(row["n"] for row in self.today)
            figures.append({"label": _("Documents today"), "value": quantity(documents), "note": self.kinds_today})
        return figures

    @property
    def open_figure(self):
        left = sum(self.progress[session.pk].left for session in self.open_sessions if session.status == Status.DRAFT)
        note = ngettext("%s line left", "%s lines left", left) % quantity(left)
        url = f"{reverse('counts')}?stage=counting"
        return {"label": _("Being counted"), "value": quantity(self.stages["counting"]), "note": note, "url": url}

    @property
    def review_figure(self):
        off = sum(row["progress"].off for row in self.to_review)
        note = ngettext("%s line differs", "%s lines differ", off) % quantity(off) if self.judged else ""
        url = f"{reverse('counts')}?stage=review"
        return {"label": _("To review"), "value": quantity(self.stages["review"]), "note": note, "url": url}

    @property
    def accuracy_figure(self):
        together = sum((self.progress[session.pk] for session in self.ended_sessions), start=Progress())
        counts = len(self.ended_sessions)
        note = ngettext("of the %s last count completed", "of the last %s counts completed", counts) % counts
        if together.accuracy is None:
            return {"label": _("Line accuracy"), "value": "–", "note": _("no count is completed yet")}
        return {"label": _("Line accuracy"), "value": percent(together.accuracy), "note": note}

    @cached_property
    def month(self):
        return self.visible.completed().filter(ended_at__gte=self.now - A_MONTH).adjusted_value()

    @property
    def value_figure(self):
        month = self.month
        note = ngettext("in %s count, 30 days", "in %s counts, 30 days", month["counts"]) % quantity(month["counts"])
        value = month["value"]
        return {"label": _("Adjusted value"), "value": signed_money(value), "note": note, "status": sign(value)}

    @property
    def kinds_today(self):
        return ", ".join(f"{row['n']} × {row['label']}" for row in self.today[:3])
