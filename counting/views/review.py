"""Reviewing a count: a decision for each line that differs, by line, by choice or by the whole list."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from counting.forms import DecisionForm
from counting.models import PutAside
from counting.review import (
    NothingChosen,
    accept,
    ask_recount,
    give_reason,
    keep_earlier_count,
    leave_out,
    reconsider,
    settle,
    unverify,
    verify,
)
from counting.unit_differences import read_once
from counting.views.access import CLOSED, sees_evidence, session_for
from counting.views.review_page import Review
from inventory_site.asked import whole_number
from inventory_site.errors import DomainError
from inventory_site.pages import redirect_to, render_page, toast, wants_partial
from inventory_site.templatetags.truecount import quantity


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("counting.view_countsession", raise_exception=True)
def count_review(request, number):
    session = session_for(request, number)
    if not sees_evidence(request.user):
        raise PermissionDenied
    if session.closed:
        raise PermissionDenied(CLOSED)
    if request.method == "POST":
        return decide(request, session)
    page = Review(request, session)
    line = asked_line(request, session) if wants_partial(request) else None
    with read_once(session):
        if line:
            return render_page(request, "counting/review.html", page.context(row=page.row(line.pk)), partial="line")
        return render_page(request, "counting/review.html", page.context(), partial="list")


def asked_line(request, session):
    """The one line that htmx wants drawn again: its target says which."""
    kind, _dash, key = (request.htmx.target or "").partition("-")
    return get_object_or_404(session.lines, pk=whole_number(key)) if kind == "line" else None


# Decisions


@dataclass(frozen=True)
class Asked:
    """Which button was pressed, and for which lines: of one row, of the chosen ones, or of the whole list."""

    verb: str
    lines: object
    key: str  # the prefix of the fields that go with it
    line: int | None = None


def asked_of(request, page):
    verb, _colon, key = request.POST.get("do", "").partition(":")
    if verb not in VERBS:
        raise BadRequest(f"Nothing is called {verb[:40]!r} here.")
    if key:
        line = get_object_or_404(page.session.lines, pk=whole_number(key)).pk
        return Asked(verb, [line], key, line)
    if request.POST.get("all"):
        return Asked(verb, page.listing.queryset.order_by().values("pk"), "chosen")
    chosen = map(whole_number, request.POST.getlist("line"))
    return Asked(verb, [line for line in chosen if line is not None], "chosen")


def decide(request, session):
    if not request.user.has_perm("counting.review_countsession"):
        raise PermissionDenied
    page = Review(request, session)
    asked = asked_of(request, page)
    form = DecisionForm(request.POST, prefix=asked.key)
    try:
        if not form.is_valid():
            raise DomainError([error for errors in form.errors.values() for error in errors])
        if asked.lines == []:
            raise NothingChosen()
        done = VERBS[asked.verb](session, asked.lines, form.cleaned_data, by=request.user, at=timezone.now())
    except DomainError as error:
        return refused(request, session, asked, form, error)
    if asked.verb == "recount":
        return redirect_to(request, "count-review", session.number, toast=said("recount", done))
    return decided(request, session, asked, done)


def accept_as_said(session, lines, said, **stamps):
    """Accept all of the discrepancy, or the part that was typed; the whole, typed, is no part."""
    part = said["quantity"]
    whole = part is not None and not session.lines.filter(pk__in=lines).exclude(discrepancy=part).exists()
    return accept(session, lines, reason=said["reason"], quantity=None if whole else part, **stamps)


def leave_out_as_said(session, lines, said, **stamps):
    return leave_out(session, lines, note=said["note"], reason=said["reason"], **stamps)


VERBS = {
    "accept": accept_as_said,
    "leave_out": leave_out_as_said,
    "take_back": lambda session, lines, said, **stamps: reconsider(session, lines, **stamps),
    "recount": lambda session, lines, said, **stamps: ask_recount(session, lines, why=said["note"], **stamps),
    "keep": lambda session, lines, said, **stamps: keep_earlier_count(session, lines, **stamps),
    "verify": lambda session, lines, said, **stamps: verify(session, lines, **stamps),
    "unverify": lambda session, lines, said, **stamps: unverify(session, lines, **stamps),
    "reason": lambda session, lines, said, **stamps: give_reason(session, lines, reason=said["reason"], **stamps),
}


def said(verb, lines):
    sentences = {
        "accept": ngettext("%s line accepted.", "%s lines accepted.", lines),
        "leave_out": ngettext("%s line left out.", "%s lines left out.", lines),
        "take_back": ngettext("%s decision taken back.", "%s decisions taken back.", lines),
        "recount": ngettext(
            "%s line is out for recount; the count goes on.", "%s lines are out for recount; the count goes on.", lines
        ),
        "keep": ngettext("%s earlier count stands.", "%s earlier counts stand.", lines),
        "verify": ngettext("%s line verified.", "%s lines verified.", lines),
        "unverify": ngettext("%s line is not verified.", "%s lines are not verified.", lines),
        "reason": ngettext("Reason of %s line noted.", "Reason of %s lines noted.", lines),
    }
    return sentences[verb] % quantity(lines)


def decided(request, session, asked, done):
    if not wants_partial(request):
        return redirect_to(request, request.get_full_path(), toast=said(asked.verb, done))
    page = Review(request, session)
    if asked.line is None:
        response = render_page(request, "counting/review.html", page.context(changed=True), partial="list")
        return toast(response, said(asked.verb, done))
    row = page.row(asked.line, alone=True)
    return render_page(request, "counting/review.html", page.context(row=row), partial="line")


def refused(request, session, asked, form, error):
    session.refresh_from_db()
    sentence = " ".join(error.messages)
    if asked.line is None:
        page = Review(request, session, error=sentence)
        return render_page(request, "counting/review.html", page.context(), partial="list", status=422)
    page = Review(request, session, wrong={asked.line: (form, sentence)}, error=sentence)
    if asked.verb in ("leave_out", "recount"):
        page.opened = asked.line  # there one says why
    row = page.row(asked.line)
    return render_page(request, "counting/review.html", page.context(row=row), partial="line", status=422)


@login_required
@require_http_methods(["POST"])
@permission_required("counting.review_countsession", raise_exception=True)
def put_aside_settle(request, number, pk):
    session = session_for(request, number)
    put_aside = get_object_or_404(PutAside.objects.filter(session=session), pk=pk)
    settle(put_aside, by=request.user, at=timezone.now())
    return redirect_to(request, f"{reverse('count-review', args=[number])}?show=aside", toast=_("Settled."))
