"""The page of one count: how it stands, its lines, who counts, and the steps from one status to the next."""

from dataclasses import replace
from functools import cached_property

from django.contrib.auth.decorators import login_required, permission_required
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from counting.figures import people_lately, people_of, progress_by_zone
from counting.filters import LineFilter
from counting.history import history_of
from counting.models import Guard, Status
from counting.refreshing import clear_counts, refresh_system
from counting.reversing import with_reversals
from counting.review import cancel, mark_counted, reopen
from counting.telling import told
from counting.uncounted import may_end
from counting.views.access import session_for
from counting.views.activity import viewer_of
from counting.views.sessions import stays
from counting.views.standing import SessionPage
from counting.views.unit_panel import UnitPanel
from inventory_site.errors import DomainError
from inventory_site.pages import Column, Listing, redirect_to, render_page
from inventory_site.templatetags.truecount import quantity

MANY = 20_000  # from so many lines on, the page comes first and its margin after it
WALK = (
    "quant__bin__walking_order",
    "quant__bin__code",
    "quant__item__number",
    "quant__lot__number",
)
BIN = Column("bin", gettext_lazy("Bin"), WALK)
ITEM = Column("item", gettext_lazy("Item"), ("quant__item__number", *WALK[:2], "quant__lot__number"))
BOOK = Column("book", gettext_lazy("Book"), num=True, sortable=False)
COUNTED = Column("counted", gettext_lazy("Counted"), "counted_quantity", num=True)
DISCREPANCY = Column("discrepancy", gettext_lazy("Discrepancy"), num=True)
ADJUSTMENT = Column("adjustment", gettext_lazy("Adjusted"), num=True)
STATE = Column("state", gettext_lazy("State"), sortable=False)
BY = Column("by", gettext_lazy("By"), "counted_at", descending_first=True)


@login_required
@require_http_methods(["GET"])
@permission_required("counting.view_countsession", raise_exception=True)
def count_detail(request, number):
    return detail_page(request, session_for(request, number))


def detail_page(request, session, *, error=None):
    page = Detail(request, session, error=error)
    part = request.htmx.target if request.htmx.target in ("margin", "who") else "list"
    return render_page(
        request,
        "counting/detail.html",
        {"page": page, "session": session, "listing": page.listing if part == "list" else None, "error": error},
        partial=part,
        status=422 if error else 200,
    )


class Detail(SessionPage):
    """What the page shows; a partial pays only for what it draws."""

    def __init__(self, request, session, *, error=None):
        super().__init__(request, session)
        self.error = error

    @property
    def parts(self):
        return self.progress.judged if self.judged else self.progress.recorded

    @property
    def may_end_counting(self):
        user = self.request.user
        return user.has_perm("counting.change_countsession") and may_end(self.session, user)

    @property
    def may_count(self):
        user = self.request.user
        return user.has_perm("counting.change_countsession") and self.session.is_counted_by(user)

    @property
    def may_steer(self):
        """Somebody who decides what becomes of the count."""
        rights = ("counting.review_countsession", "counting.complete_countsession")
        return any(self.request.user.has_perm(right) for right in rights)

    @property
    def may_refresh(self):
        session, user = self.session, self.request.user
        may_move = session.guard != Guard.BLOCK
        return session.status == Status.DRAFT and may_move and user.has_perm("counting.review_countsession")

    @property
    def uncounted_bins(self):
        """Where lines are that keep the counting from ending, as the step that was refused has found them."""
        return getattr(self.error, "bins", [])

    @cached_property
    def listing(self):
        lines = self.session.lines.with_names()
        listing = Listing(
            self.request,
            lines.open().at(self.session.location_id) if self.session.is_open else lines,
            columns=self.columns,
            sort="bin",
            filterset=self.filterset,
            counts=LazyCounts(self),
            label=_("Lines of %s") % self.session,
        )
        if not listing.filtered:
            listing.total = self.totals["all_lines"]
        closed = frozenset([self.session.location_id] if self.session.closed else [])
        told(listing.rows, self.request.user, closed=closed)
        return listing

    @property
    def columns(self):
        closed = self.session.status == Status.COMPLETED
        judged = [BOOK, COUNTED, DISCREPANCY, *([ADJUSTMENT] if closed else [])]
        return [BIN, ITEM, *(judged if self.judged else [replace(COUNTED, sortable=False)]), STATE, BY]

    @cached_property
    def rows(self):
        rows = self.listing.rows
        if self.reversals:
            with_reversals(self.session, rows)
        return rows

    def filterset(self, data, **kwargs):
        return LineFilter(data, session=self.session, judged=self.judged, **kwargs)

    @cached_property
    def margin_comes_later(self):
        return self.progress.lines > MANY and self.request.htmx.target != "margin" and "margin" not in self.request.GET

    @cached_property
    def zones(self):
        zones = progress_by_zone(self.session)
        shown = zones if len(zones) > 1 else []
        return [
            {"zone": zone, "parts": zone.progress.judged if self.judged else zone.progress.recorded} for zone in shown
        ]

    @cached_property
    def people(self):
        lately = self.request.htmx.target == "who"
        return people_lately(self.session) if lately else people_of(self.session)

    @cached_property
    def events(self):
        return history_of(self.session, viewer_of(self.request, self.session))

    @cached_property
    def units(self):
        """What was done with the units that differed, when it is over."""
        is_over = self.session.status == Status.COMPLETED
        return UnitPanel(self.request, self.session) if self.judged and is_over else None

    @property
    def superseded(self):
        return self.session.lines.settled_since(self.session).count() if self.judged else 0


class LazyCounts(dict):
    """Numbers on the chips, added up only where the chips are drawn."""

    def __init__(self, page):
        super().__init__()
        self.page = page

    def __bool__(self):
        return True

    def get(self, name, default=None):
        return self.numbers.get(name, default)

    @cached_property
    def numbers(self):
        totals = self.page.totals
        return {
            "state": {
                "": totals["all_lines"],
                "uncounted": totals["all_lines"] - totals["counted_lines"],
                "counted": totals["counted_lines"],
                "recount": totals["recount_lines"],
                "off": totals["found_lines"] + totals["missing_lines"],
                "matched": totals["matched_lines"],
                "added": totals["added_lines"],
                "moved": self.page.zeros.moved if self.page.zeros else 0,
                "zeroed": totals["zeroed_lines"],
            }
        }


# The steps. Each comes from a form on the page; what is refused is said there.


def step(request, number, verb, said):
    session = session_for(request, number)
    try:
        verb(session, by=request.user, at=timezone.now())
    except DomainError as error:
        session.refresh_from_db()
        return detail_page(request, session, error=error)
    return redirect_to(request, session, toast=said % session)


@login_required
@require_http_methods(["POST"])
@permission_required("counting.change_countsession", raise_exception=True)
def count_mark(request, number):
    return step(request, number, mark_counted, _("%s is counted. Next comes the review."))


@login_required
@require_http_methods(["POST"])
@permission_required("counting.review_countsession", raise_exception=True)
def count_reopen(request, number):
    return step(request, number, reopen, _("%s is open for counting again. What was counted stays."))


@login_required
@require_http_methods(["POST"])
@permission_required("counting.review_countsession", raise_exception=True)
def count_cancel(request, number):
    return step(request, number, cancel, _("%s is cancelled. Nothing was posted."))


@login_required
@require_http_methods(["POST"])
@permission_required("counting.review_countsession", raise_exception=True)
def count_refresh(request, number):
    session = session_for(request, number)
    try:
        refreshed = refresh_system(session, by=request.user, at=timezone.now())
    except DomainError as error:
        session.refresh_from_db()
        return detail_page(request, session, error=error)
    return redirect_to(request, session, toast=said_of(refreshed))


def said_of(refreshed):
    changed, added = refreshed.changed, refreshed.added
    said = [
        ngettext("%s line has other figures now.", "%s lines have other figures now.", changed) % quantity(changed),
        ngettext("%s line is new.", "%s lines are new.", added) % quantity(added),
        *(stays(number, lines) for number, lines in refreshed.held.items()),
    ]
    return " ".join(said)


@login_required
@require_http_methods(["POST"])
@permission_required("counting.review_countsession", raise_exception=True)
def count_clear_counts(request, number):
    return step(request, number, clear_counts, _("All lines of %s are blank again."))
