"""Serials and tags in the wrong place: every unit of a count that differs, at once, to be ticked or left alone.

A part of the review, with its first units; and a page of its own, on which all can be read by what becomes of them.
"""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from counting.deciding_units import decide_units, read_key, settle_conflict
from counting.models import POSTS, Status, Verdict
from counting.review import NothingChosen
from counting.unit_differences import differences, read_once, summary
from counting.views.access import sees_evidence_of, session_for
from counting.views.standing import SessionPage
from inventory_site.asked import whole_number
from inventory_site.errors import DomainError
from inventory_site.pages import redirect_to, render_page, toast, wants_partial
from inventory_site.templatetags.truecount import money, quantity, signed_money
from warehouse.models import Item, Tracking
from warehouse.tags import read_tag

SHOWN = 50
LAST_PAGE = 100_000
# What becomes of a unit, as a status and a word: proposed, or done.
CHIPS = {
    Verdict.TRANSFER: ("transfer", pgettext_lazy("piece", "Transfer"), gettext_lazy("Transferred")),
    Verdict.FOUND: ("over", gettext_lazy("Found again"), gettext_lazy("Found again")),
    Verdict.NEW: ("over", gettext_lazy("New"), gettext_lazy("New")),
    Verdict.WRITE_OFF: ("missing", gettext_lazy("Missing, write off"), gettext_lazy("Written off")),
    Verdict.SEARCH: ("waiting", gettext_lazy("Missing, search"), gettext_lazy("Missing, searched for")),
    Verdict.CONFLICT: ("variance", gettext_lazy("Seen in two bins"), gettext_lazy("Seen in two bins")),
    Verdict.MOVED_SINCE: ("recorded", gettext_lazy("Moved since"), gettext_lazy("Moved since")),
    Verdict.SEEN_LATER: ("recorded", gettext_lazy("Seen later elsewhere"), gettext_lazy("Seen later elsewhere")),
    Verdict.SEEN_ELSEWHERE: ("recorded", gettext_lazy("Seen in another count"), gettext_lazy("Seen in another count")),
    Verdict.RELEASED: ("released", pgettext_lazy("piece", "Released"), pgettext_lazy("piece", "Released")),
    Verdict.OTHER_LOCATION: ("released", gettext_lazy("At another location"), gettext_lazy("At another location")),
    Verdict.OTHER_VARIANT: ("variance", gettext_lazy("Another variant"), gettext_lazy("Another variant")),
    Verdict.UNKNOWN: ("variance", gettext_lazy("Unknown"), gettext_lazy("Unknown")),
}
NOWHERE = {  # what stands for a bin where there is none
    Verdict.FOUND: gettext_lazy("detached"),
    Verdict.NEW: gettext_lazy("new"),
    Verdict.RELEASED: gettext_lazy("issued"),
    Verdict.OTHER_LOCATION: gettext_lazy("another location"),
    Verdict.OTHER_VARIANT: gettext_lazy("another variant"),
    Verdict.UNKNOWN: gettext_lazy("unknown"),
    Verdict.WRITE_OFF: gettext_lazy("none"),
    Verdict.SEARCH: gettext_lazy("missing"),
    Verdict.SEEN_ELSEWHERE: gettext_lazy("seen elsewhere"),
}
COMES, GOES = (Verdict.FOUND, Verdict.NEW), (Verdict.WRITE_OFF,)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("counting.view_countsession", raise_exception=True)
def count_units(request, number):
    session = session_for(request, number)
    if not sees_evidence_of(request.user, session):
        raise PermissionDenied
    if request.method == "POST":
        return decide(request, session)
    return page_of(request, UnitPanel(request, session, query=request.GET, alone=is_alone(request)))


def is_alone(request):
    """On its own page, and not as a part of the review?"""
    looked_at = request.htmx.current_url_abs_path
    return not looked_at or looked_at.partition("?")[0] == request.path


def page_of(request, panel, *, status=200):
    context = {"page": panel, "panel": panel, "session": panel.session}
    with read_once(panel.session):
        return render_page(request, "counting/units.html", context, partial="units", status=status)


# Decisions


def decide(request, session):
    if not request.user.has_perm("counting.review_countsession"):
        raise PermissionDenied
    verb, _colon, key = request.POST.get("do", "tick").partition(":")
    if verb not in VERBS:
        raise BadRequest(f"Nothing is called {verb[:40]!r} here.")
    panel = UnitPanel(request, session, query=request.GET, alone=is_alone(request))
    one = key or request.POST.get("only", "")
    touched = panel.lines_of(one) if one and wants_partial(request) else []
    try:
        said = VERBS[verb](request, session, one, by=request.user, at=timezone.now())
    except DomainError as error:
        session.refresh_from_db()
        return page_of(request, panel.anew(error=error), status=422)
    if not (one and wants_partial(request)):
        to = request.get_full_path() if panel.alone else f"{reverse('count-review', args=[session.number])}#units"
        return redirect_to(request, to, toast=said)
    answer = toast(page_of(request, panel.anew()), said)
    for line in touched:
        trigger_client_event(answer, f"units-of-{line}")  # rows of the review look again
    return answer


def tick(request, session, only, **stamps):
    """Whatever box was changed since the page was drawn or, as htmx says at once, `only` this one."""
    ticked, was = ({read_key(key) for key in request.POST.getlist(name)} - {None} for name in ("unit", "was"))
    post, leave = ticked - was, was - ticked
    if only:
        changed = {read_key(only)} - {None}
        post, leave = changed & ticked, changed - ticked
    if not (post or leave):
        raise NothingChosen(_("No box was changed."), NothingChosen.code)
    said = []
    if post:
        said.append(posted_later(decide_units(session, post, post=True, **stamps)))
    if leave:
        said.append(left_alone(decide_units(session, leave, post=False, **stamps)))
    return " ".join(said)


def settle(request, session, key, **stamps):
    """A unit that was seen in two bins lies in the one that was chosen."""
    item, code = read_key(key) or (None, "")
    line = get_object_or_404(session.lines, pk=whole_number(request.POST.get(f"line:{key}", "")))
    settle_conflict(session, get_object_or_404(Item, pk=item), code, line, **stamps)
    return _("%(code)s lies in %(bin)s.") % {"code": code, "bin": line.quant.bin}


VERBS = {
    "tick": tick,
    "settle": settle,
    "all": lambda request, session, key, **stamps: posted_later(decide_units(session, None, post=True, **stamps)),
    "none": lambda request, session, key, **stamps: left_alone(decide_units(session, None, post=False, **stamps)),
}


def posted_later(number):
    return ngettext("%s unit will be posted.", "%s units will be posted.", number) % quantity(number)


def left_alone(number):
    return ngettext("%s unit is left as it is.", "%s units are left as they are.", number) % quantity(number)


# What the panel shows


class UnitPanel(SessionPage):
    """`query` says what the address asks for: a verdict and a page."""

    def __init__(self, request, session, *, query=None, alone=False, error=None):
        super().__init__(request, session)
        self.query, self.alone, self.error = query or {}, alone, error

    def anew(self, *, error=None):
        return UnitPanel(self.request, self.session, query=self.query, alone=self.alone, error=error)

    def __bool__(self):
        return bool(self.summary.units or self.error or self.alone)

    @property
    def open_for_decisions(self):
        may = self.request.user.has_perm("counting.review_countsession")
        return may and self.session.status == Status.COUNTED and not self.session.is_posting

    @cached_property
    def summary(self):
        return summary(self.session)

    @property
    def verdict(self):
        """The one that the address asks for."""
        asked = self.query.get("verdict", "")
        return Verdict(asked) if asked in Verdict.values else None

    @property
    def total(self):
        return self.summary.of(self.verdict).units if self.verdict else self.summary.units

    @cached_property
    def number(self):
        """Of the page."""
        asked = whole_number(self.query.get("page", "")) or 1
        return min(max(asked, 1), max(1, -(-self.total // SHOWN)))

    @cached_property
    def differences(self):
        if not self.total:
            return []
        verdicts = [self.verdict] if self.verdict else None
        return differences(self.session, verdicts=verdicts, offset=(self.number - 1) * SHOWN, limit=SHOWN)

    @property
    def rows(self):
        return [Row(each, self) for each in self.differences]

    def lines_of(self, key):
        """The keys of the lines of this count that a unit of this page is about."""
        about = [each for each in self.differences if each.key == key]
        quants = {quant.pk for each in about for quant in (each.from_quant, each.to_quant) if quant}
        lines = self.session.lines.filter(quant__in=quants)
        return {*lines.values_list("pk", flat=True), *(seen.pk for each in about for seen in each.seen_on)}

    # Addresses

    def url(self, **changes):
        address = reverse("count-units", args=[self.session.number])
        asked = {"verdict": self.verdict.value if self.verdict else "", "page": self.number if self.number > 1 else ""}
        query = {name: value for name, value in (asked | changes).items() if value}
        return f"{address}?{urlencode(query)}" if query else address

    @property
    def here(self):
        return self.url()

    @property
    def previous_url(self):
        return self.url(page=self.number - 1 if self.number > 2 else "") if self.number > 1 else ""

    @property
    def next_url(self):
        return self.url(page=self.number + 1) if self.number * SHOWN < self.total else ""

    @property
    def first(self):
        return (self.number - 1) * SHOWN + 1

    @property
    def last(self):
        return min(self.number * SHOWN, self.total)

    @property
    def picks(self):
        """All, and each verdict that there is; as the address is, the one that was asked for too."""
        parts = [(None, _("All"), self.summary.units)]
        parts += [(part.verdict, CHIPS[part.verdict][self.done + 1], part.units) for part in self.summary.parts]
        if self.verdict and not self.total:
            parts.append((self.verdict, CHIPS[self.verdict][self.done + 1], 0))
        return [
            {
                "label": label,
                "units": units,
                "chosen": verdict == self.verdict,
                "url": self.url(verdict=verdict and verdict.value, page=""),
            }
            for verdict, label, units in parts
        ]

    # Sums

    @property
    def done(self):
        """Is it over, so that words say what was done?"""
        return self.session.status == Status.COMPLETED

    @property
    def sums(self):
        """What is posted, by verdict: how many units, and what they cost."""
        parts = [part for part in self.summary.parts if part.posted]
        return [
            {
                "status": CHIPS[part.verdict][0],
                "label": CHIPS[part.verdict][self.done + 1],
                "units": part.posted,
                "cost": self.cost(part.verdict, part.posted_cost),
            }
            for part in parts
        ]

    @property
    def left_alone(self):
        """Units that could be posted and are not."""
        return self.summary.selectable - self.summary.posted

    def cost(self, verdict, cost):
        """What leaves or enters the value of stock with its sign, what only changes its place without."""
        if verdict in GOES:
            return signed_money(-cost)
        return signed_money(cost) if verdict in COMES else money(cost)


@dataclass(frozen=True)
class Row:
    """A unit as the panel shows it."""

    difference: object
    panel: UnitPanel

    @property
    def ticked(self):
        return self.difference.post if self.panel.done else self.difference.ticked

    @property
    def selectable(self):
        return self.panel.open_for_decisions and self.difference.selectable

    @property
    def idle(self):
        """Nothing is posted for it."""
        return not (self.difference.post or self.asks)

    @property
    def status(self):
        return CHIPS[self.difference.verdict][0]

    @property
    def word(self):
        """What happens to it; done it is only where it was posted."""
        return CHIPS[self.difference.verdict][1 + (self.panel.done and self.difference.post)]

    @property
    def asks(self):
        """Which bin is it in? A reviewer must say."""
        return self.difference.verdict == Verdict.CONFLICT and not self.difference.settled

    @property
    def may_settle(self):
        return self.panel.open_for_decisions and self.difference.verdict == Verdict.CONFLICT

    @property
    def from_bin(self):
        return self.difference.from_quant.bin.code if self.difference.from_quant else ""

    @property
    def to_bin(self):
        quant, verdict = self.difference.to_quant, self.difference.verdict
        if quant and verdict != Verdict.SEARCH:
            return quant.bin.code
        if verdict == Verdict.SEEN_ELSEWHERE and self.difference.other_line:
            return self.difference.other_line.quant.bin.code
        return ""

    @property
    def nowhere(self):
        return NOWHERE.get(self.difference.verdict, _("none"))

    @property
    def serial(self):
        """What people know a tag by, where it has a serial number."""
        if self.difference.item.tracking != Tracking.RFID:
            return ""
        tag = read_tag(self.difference.code)
        return tag.serial if tag else ""

    @property
    def cost(self):
        """Nobody knows what an unknown unit has cost."""
        unknown = self.difference.verdict == Verdict.UNKNOWN
        return "–" if unknown else self.panel.cost(self.difference.verdict, self.difference.value)

    @property
    def why(self):
        if self.difference.why:
            return self.difference.why
        if not self.ticked and self.difference.verdict in POSTS:
            return _("Left alone: it stays where the books have it.")
        days = self.panel.session.location.search_days
        said = {
            Verdict.WRITE_OFF: _("In no bin that was counted."),
            Verdict.SEARCH: ngettext("Looked for, %s day.", "Looked for, %s days.", days) % days,
            Verdict.FOUND: _("An earlier count did not find it."),
            Verdict.NEW: _("It is made when the count is completed."),
        }
        return said.get(self.difference.verdict, "") if not self.panel.done else ""

    @property
    def way_out(self):
        """(what to do, where) for a unit that cannot be selected."""
        difference, may = self.difference, self.panel.request.user.has_perm
        if not self.panel.session.is_open:
            return None
        if difference.other_line:
            other = difference.other_line.session
            is_here = other.location_id == self.panel.session.location_id
            return (other.number, other.get_absolute_url()) if is_here else None
        if difference.verdict in (Verdict.UNKNOWN, Verdict.RELEASED) and may("ledger.add_register"):
            return _("Receive it"), receipt_of(difference.line, difference.code)
        if difference.verdict == Verdict.OTHER_LOCATION and may("ledger.add_register"):
            return _("Transfer it"), reverse("transfer")
        return None


def receipt_of(line, code):
    """The form of a receipt that brings a unit in where it was seen."""
    return f"{reverse('receive')}?{urlencode({'quant': line.quant_id, 'unit': code})}"
