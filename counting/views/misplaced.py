"""Stock in another bin than the books have it in: movements that a review proposes, to be ticked or not."""

from functools import cached_property

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from counting.misplaced import accepted, keep_apart, move_misplaced, proposals
from counting.models import Status
from counting.review import NothingChosen
from counting.views.access import sees_evidence_of, session_for
from inventory_site.asked import whole_number
from inventory_site.errors import DomainError
from inventory_site.pages import redirect_to, render_page, wants_partial
from inventory_site.templatetags.truecount import quantity
from ledger.models import Register

MANY = 20_000  # from so many lines on, the review comes first and what it proposes after it
SHOWN = 50


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("counting.view_countsession", raise_exception=True)
def count_misplaced(request, number):
    session = session_for(request, number)
    if not sees_evidence_of(request.user, session):
        raise PermissionDenied
    if request.method == "POST":
        return decide(request, session)
    if not wants_partial(request):
        return redirect(f"{reverse('count-review', args=[number])}#misplaced")
    return part(request, Misplaced(request, session))


def part(request, misplaced, *, status=200):
    context = {"misplaced": misplaced, "session": misplaced.session}
    return render_page(request, "counting/parts/misplaced.html", context, partial="misplaced", status=status)


def decide(request, session):
    if not request.user.has_perm("counting.review_countsession"):
        raise PermissionDenied
    verb, _colon, pair = request.POST.get("do", "").partition(":")
    stamps = {"by": request.user, "at": timezone.now()}
    try:
        if verb == "apart":
            toast = said("apart", keep_apart(session, pairs_in([pair]), **stamps))
        else:
            chosen = None if verb == "move_all" else pairs_in(request.POST.getlist("pair"))
            if chosen == []:
                raise NothingChosen()
            toast = said("move", move_misplaced(session, chosen, **stamps))
    except DomainError as error:
        if wants_partial(request):
            return part(request, Misplaced(request, session, error=error), status=422)
        return redirect_to(request, "count-review", session.number, toast=" ".join(error.messages), level="error")
    return redirect_to(request, "count-review", session.number, toast=toast)


def pairs_in(values):
    """(short, over) from "12-34"; what is no pair is none."""
    pairs = [tuple(map(whole_number, value.split("-"))) for value in values]
    return [pair for pair in pairs if len(pair) == 2 and None not in pair]


def said(verb, number):
    sentences = {
        "move": ngettext("%s movement will be posted.", "%s movements will be posted.", number),
        "apart": ngettext("%s movement taken back.", "%s movements taken back.", number),
    }
    return sentences[verb] % quantity(number)


class Misplaced:
    """What the part of the page shows."""

    def __init__(self, request, session, *, error=None):
        self.request, self.session, self.error = request, session, error
        self.show_values = request.user.has_perm("ledger.view_valueentry")

    @property
    def open_for_decisions(self):
        may = self.request.user.has_perm("counting.review_countsession")
        return may and self.session.status == Status.COUNTED and not self.session.is_posting

    @cached_property
    def _found(self):
        return proposals(self.session, most=SHOWN) if self.session.status == Status.COUNTED else ([], 0)

    @property
    def proposed(self):
        return self._found[0]

    @property
    def number(self):
        return self._found[1]

    @property
    def more(self):
        return self.number - len(self.proposed)

    @cached_property
    def accepted(self):
        return accepted(self.session, most=SHOWN)

    @property
    def document(self) -> Register | None:
        return self.session.transfer

    def __bool__(self):
        return bool(self.accepted or self.proposed or self.error)
