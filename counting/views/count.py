"""The page on which a bin is counted, and the pieces of it that refresh. Entries are taken in entering.py."""

from dataclasses import dataclass, field
from functools import wraps
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from counting import walking
from counting.blindness import sessions_seen_by
from counting.models import CountLine, Status
from counting.scanning import Meaning
from counting.showing import ShownLine, shown_to
from inventory_site.pages import render_page, wants_partial
from warehouse.models import Bin

PAGE = "counting/count.html"
LINES_SHOWN = 100  # a location without bins keeps everything in one
BINS_SHOWN = 60


def counting(view):
    """For people who may count; the view gets the session, if it is at one of their locations, and with it whether its
    quantities are closed to them."""

    @wraps(view)
    @login_required
    @permission_required("counting.change_countsession", raise_exception=True)
    def counted(request, number, **kwargs):
        return view(request, get_object_or_404(sessions_seen_by(request.user), number=number), **kwargs)

    return counted


def saying(form_class):
    """A POST of the count page; a form that our page cannot have sent is refused."""

    def decorate(view):
        @require_POST
        @counting
        def said(request, session, **kwargs):
            form = form_class(request.POST)
            if not form.is_valid():
                return HttpResponseBadRequest(form.errors.as_text(), content_type="text/plain")
            return view(request, session, said=form.cleaned_data, **kwargs)

        return said

    return decorate


@dataclass
class Banner:
    """What just happened, and how to take it back: the lines in question and the entry or request that did it."""

    status: str
    title: str
    text: str = ""
    note: str = ""
    sound: str = "ok"
    undo: list[int] = field(default_factory=list)
    last: UUID | None = None
    many: bool = False
    burst: UUID | None = None  # the request that brought units
    aside: str = ""  # an unknown code that can be put aside


@dataclass
class Question:
    """A dialog: "which", "found" or "finish", and what it asks about."""

    kind: str
    meaning: Meaning | None = None
    errors: list[str] = field(default_factory=list)
    typed: dict = field(default_factory=dict)
    lines: list[ShownLine] = field(default_factory=list)
    more: int = 0
    unscanned: list[ShownLine] = field(default_factory=list)


@require_GET
@counting
def entry(request, session):
    """A bin: the one named, else the first with something left."""
    code = request.GET.get("bin")
    bin = get_bin(session, code) if code else walking.first_bin(session)
    if bin is None:
        raise Http404
    if not code:
        return redirect(address(session, bin))
    said = []
    if request.GET.get("line", "").isdecimal():
        line = get_line(session, int(request.GET["line"][:18]))
        said = [shown_as_asked(request, session, line)]
    return whole_page(request, session, bin, lines=said)


@require_GET
@counting
def lines(request, session):
    """The lines that look different from what the page shows, and those that it has not got; asked for every 15 s."""
    bin = get_bin(session, request.GET.get("bin", ""))
    seen = dict(read_seen(request.GET.getlist("seen")))
    found = lines_of(session, bin)[:LINES_SHOWN]
    here = shown_to(request.user, [ShownLine(line, session, begun=seen.get(line.pk, (None,))[0]) for line in found])
    changed = [shown for shown in here if shown.pk in seen and seen[shown.pk][1] != shown.version]
    new = [shown for shown in here if shown.pk not in seen] if len(here) < LINES_SHOWN else []
    if not changed and not new:
        return HttpResponse(status=204)
    return answer(request, session, bin, lines=changed, new=new)


@require_GET
@counting
def line(request, session, line):
    """One line, in another unit of measure or mode."""
    found = get_line(session, line)
    if not wants_partial(request):
        asked = {"line": line, "unit": request.GET.get("unit", ""), "mode": request.GET.get("mode", "")}
        return redirect(f"{address(session, found.quant.bin)}&{urlencode(asked)}#line-{line}")
    shown = shown_to(request.user, [shown_as_asked(request, session, found)])[0]
    return render_page(
        request, PAGE, {"session": session, "shown": shown, "may_count": may_count(session)}, partial="line"
    )


@require_GET
@counting
def bins(request, session):
    """All bins of the count, to jump to one; how far the whole count is."""
    everything, find = request.GET.get("all"), request.GET.get("find", "").strip()[:40]
    chosen = walking.bins_to_walk(session) if everything else walking.bins_left(session)
    if find:
        chosen = chosen.matching(find)
    page = int(text) if (text := request.GET.get("page", "")).isdecimal() and len(text) < 6 else 1
    # Without their number: counting the bins would read the whole count.
    found = list(chosen[max(page - 1, 0) * BINS_SHOWN : max(page, 1) * BINS_SHOWN + 1])
    context = {
        "session": session,
        "here": request.GET.get("bin", ""),
        "bins": walking.with_progress(session, found[:BINS_SHOWN]),
        "find": find,
        "everything": everything,
        "previous_page": page - 1 if page > 1 else None,
        "next_page": page + 1 if len(found) > BINS_SHOWN else None,
        "progress": walking.progress_of(session.lines.filter(round=session.round)),
    }
    return render_page(request, "counting/count_bins.html", context, partial="dialog")


# What the views of this page share


def get_bin(session, code) -> Bin:
    return get_object_or_404(Bin.objects.to_count_in(), location=session.location_id, code=clean(code))


def get_line(session, pk) -> CountLine:
    return get_object_or_404(session.lines.for_counting(), pk=pk)


def clean(text):
    """A NUL is no character to PostgreSQL."""
    return text.replace("\0", "")


def may_count(session):
    return session.status == Status.DRAFT


def address(session, bin):
    return f"{reverse('count-entry', args=[session.number])}?{urlencode({'bin': bin.code})}"


def lines_of(session, bin):
    return walking.lines_in(session, bin).for_counting().order_by("quant__item__number", "quant__lot__number", "pk")


def read_seen(values):
    """(line, (begun, version)) from "12:345:9ab", what a page remembers of each of its lines."""
    for value in values[: 10 * LINES_SHOWN]:
        line, begun, version = [*value.split(":"), "", ""][:3]
        if line.isdecimal() and begun.isdecimal() and len(line) < 19 and len(begun) < 19:
            yield int(line), (int(begun), version)


def shown_as_asked(request, session, line):
    begun = request.GET.get("begun", "")
    return ShownLine(
        line,
        session,
        begun=int(begun) if begun.isdecimal() and len(begun) < 19 else None,
        unit_key=request.GET.get("unit", "")[:20],
        adds=request.GET.get("mode") == "add",
        expanded=True,
    )


def answer(request, session, bin, *, lines=(), new=(), status=200, **said):
    """What has changed: these lines, the progress, the banner and the question; without htmx the page of the bin."""
    if not wants_partial(request):
        return whole_page(request, session, bin, lines=lines, status=status, **said)
    context = shared(session, bin, status=status, **said) | {"lines": lines, "new": new}
    return render_page(request, PAGE, context, partial="answer", status=status)


def whole_page(request, session, bin, *, lines=(), status=200, **said):
    """Also for htmx, which takes what is between two bins from it."""
    context = shared(session, bin, status=status, **said) | whole_bin(request, session, bin, lines)
    return render_page(request, PAGE, context, status=status)


def shared(session, bin, *, status, progress=None, banner=None, question=None, scan_error="", code=""):
    return {
        "session": session,
        "bin": bin,
        "progress": progress or walking.progress_in(session, bin),
        "may_count": may_count(session),
        "banner": banner,
        "question": question,
        "scan_error": scan_error,
        "code": code,
        "now": timezone.now(),
        "client_id": uuid4,
        "failed": status == 422,
    }


def whole_bin(request, session, bin, said):
    """All lines of the bin, with those that something was just said about as they were said."""
    said = {shown.pk: shown for shown in said}
    page = Paginator(lines_of(session, bin), LINES_SHOWN).get_page(request.GET.get("page"))
    shown = [said.pop(line.pk, None) or ShownLine(line, session) for line in page]
    shown = shown_to(request.user, [*said.values(), *shown])
    if not any(line.expanded for line in shown):
        expand_first_waiting(shown)
    return {
        "lines": shown,
        "page": page,
        "place": walking.place_of(session, bin),
        "bins_query": urlencode({"bin": bin.code}),
        "aside": session.put_aside.filter(bin=bin, settled_at=None).select_related("by", "belongs_in")[:20],
    }


def expand_first_waiting(lines):
    for line in lines:
        if line.is_waiting and not line.is_closed:
            line.expanded = True
            return
