"""What counters say about units: codes that they scan, tick, type or paste, one or thousands at a time."""

from collections import Counter
from decimal import Decimal
from uuid import uuid4

from django.http import HttpResponseBadRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_GET

from counting import entry_forms
from counting.scanning import Fit, Kind, Meaning
from counting.showing import ShownLine, shown_to
from counting.showing_units import with_tallies
from counting.sighting import (
    Answer,
    Burst,
    Seen,
    all_present,
    count_quantity,
    none_here,
    scan_units,
    take_back,
    take_burst_back,
)
from counting.views.count import (
    LINES_SHOWN,
    Banner,
    Question,
    address,
    answer,
    clean,
    counting,
    get_bin,
    get_line,
    may_count,
    saying,
)
from inventory_site.errors import DomainError, LinesRefused
from inventory_site.pages import render_page
from inventory_site.templatetags.truecount import quantity
from warehouse.barcodes import ScanEmpty
from warehouse.codes import expand_codes
from warehouse.models import Item, Unit
from warehouse.quantities import parse_quantity
from warehouse.tags import tag_code

UNITS_SHOWN = 100  # of each pile
STANDS = {"book": "matched", "more": "transfer", "odd": "waiting", "wrong": "error", "again": "recorded"}
SOUNDS = {"book": "ok", "more": "elsewhere", "odd": "elsewhere", "wrong": "bad", "again": "again"}
# What is not taken, and said in a blind count too: everything else is answered alike there.
NOT_TAKEN = {Seen.CLOSED, Seen.COUNTED_ELSEWHERE, Seen.WHICH, Seen.UNREADABLE}
# How each answer is told: the look and the sound of a single one.
TOLD = {
    Seen.HERE: "book",
    Seen.ELSEWHERE: "more",
    Seen.FOUND_AGAIN: "more",
    Seen.RELEASED: "odd",
    Seen.OTHER_LOCATION: "odd",
    Seen.UNKNOWN: "wrong",
    Seen.REPEATED: "again",
    Seen.PARKED: "wrong",
    Seen.CLOSED: "wrong",
    Seen.COUNTED_ELSEWHERE: "odd",
    Seen.WHICH: "wrong",
    Seen.UNREADABLE: "wrong",
}


# Codes


@saying(entry_forms.BurstForm)
def burst(request, session, said):
    """Codes that were read at once, or typed, pasted or ticked in a line."""
    bin = get_bin(session, request.POST.get("bin", ""))
    line = get_line(session, said["line"]) if said["line"] else None
    bin = line.quant.bin if line else bin
    try:
        codes = request.POST.getlist("code") or expand_codes(said["codes"])
        if not any(codes):
            raise ScanEmpty()
        if line and says_the_book(session, line, codes):
            return take_quantity(request, session, line, Decimal(codes[0]), said)
        read = scan_units(
            session,
            codes,
            bin=bin,
            by=request.user,
            client_id=said["client_id"],
            line=line,
            age=said["age"],
            begun=said["begun"],
        )
    except DomainError as error:
        return refuse_codes(request, session, bin, line, said["codes"], error)
    return tell(request, session, bin, read, said["client_id"])


def says_the_book(session, line, codes):
    """Typing what the book says is saying that all is present, unless it is the code of a unit."""
    if len(codes) != 1 or session.blind or session.closed or not codes[0].isdecimal():
        return False
    is_code = Unit.objects.filter(item=line.quant.item_id, code=codes[0]).exists()
    return not is_code and len(codes[0]) < 8 and Decimal(codes[0]) == line.quant.quantity


def scan_unit(request, session, bin, code, said, *, meant=None):
    """A single code that was scanned, anywhere on the page."""
    try:
        read = scan_units(
            session, [code], bin=bin, by=request.user, client_id=said["client_id"], age=said["age"], meant=meant
        )
    except DomainError as error:
        return answer(request, session, bin, scan_error=" ".join(error.messages), code=code, status=422)
    if fits := [item for told in read.of(Seen.WHICH) for item in told.fits]:
        items = Item.objects.filter(pk__in=fits).order_by("number")
        meaning = Meaning(kind=Kind.WHICH, code=code, fits=[Fit(item=item) for item in items])
        return answer(request, session, bin, question=Question("which", meaning))
    return tell(request, session, bin, read, said["client_id"])


def tell(request, session, bin, read: Burst, client_id):
    """The lines that were touched, each once, and one banner."""
    lines = session.lines.for_counting().filter(pk__in=read.lines).order_by("pk")[:LINES_SHOWN]
    shown = shown_to(request.user, [ShownLine(line, session, expanded=len(read.lines) == 1) for line in lines])
    if len(read.answers) == 1:
        banner = one_was_scanned(read.answers[0], shown, session, bin)
    else:
        banner = many_were_scanned(read, session)
    if read.new or (read.of(Seen.PARKED) and not session.closed):
        banner.burst = client_id
    return answer(request, session, bin, lines=shown, banner=banner)


def refuse_codes(request, session, bin, line, typed, error):
    """What is wrong stands in the line, with what was typed; outside of a line under the field for scans."""
    text = " ".join(each.message for each in error.errors) if isinstance(error, LinesRefused) else str(error)
    if line is None:
        banner = Banner("error", _("Nothing was taken."), text=text, sound="bad")
        return answer(request, session, bin, banner=banner, status=422)
    shown = ShownLine(line, session, codes=typed, error=text, expanded=True)
    banner = Banner("error", line.quant.item.name, text=text, sound="bad")
    return answer(request, session, bin, lines=shown_to(request.user, [shown]), banner=banner, status=422)


# What is said of them


def one_was_scanned(told: Answer, shown, session, bin):
    if session.closed and told.seen not in NOT_TAKEN:
        return Banner("recorded", told.code, text=_("recorded"), note=_("in %s") % bin)
    kind = TOLD[told.seen]
    words = {"code": told.unit_code or told.code, "bin": told.bin, "session": told.session}
    said = SENTENCES[told.seen]() % words
    title = [told.item_name, said] if told.item_name else [said]
    banner = Banner(STANDS[kind], *title, sound=SOUNDS[kind])
    if session.closed:
        return banner
    if shown and shown[0].tally.expected:
        figures = {"n": quantity(shown[0].tally.here.total), "all": quantity(shown[0].tally.expected), "bin": bin}
        banner.note = _("%(n)s of %(all)s in %(bin)s") % figures
    elif shown:
        banner.note = _("%(n)s in %(bin)s") % {"n": quantity(shown[0].counted), "bin": bin}
    return banner


SENTENCES = {
    Seen.HERE: lambda: "%(code)s",
    Seen.ELSEWHERE: lambda: _("%(code)s belongs in %(bin)s. It is counted here."),
    Seen.FOUND_AGAIN: lambda: _("%(code)s was written off before, and is found again."),
    Seen.RELEASED: lambda: _("%(code)s was issued. Keep it here: your supervisor decides."),
    Seen.OTHER_LOCATION: lambda: _("%(code)s belongs to another location. Keep it here: your supervisor decides."),
    Seen.UNKNOWN: lambda: _("%(code)s is unknown. It stays on the line; your supervisor decides."),
    Seen.REPEATED: lambda: _("%(code)s was scanned already."),
    Seen.PARKED: lambda: _("%(code)s is unknown. It is put aside for your supervisor."),
    Seen.CLOSED: lambda: _("%(code)s is of a line that is not to be counted again."),
    Seen.COUNTED_ELSEWHERE: lambda: _("%(code)s is counted in %(session)s. Scan it there."),
    Seen.WHICH: lambda: _("%(code)s fits several items. Scan it alone, and say which one it is."),
    Seen.UNREADABLE: lambda: _("%(code)s is too long, or holds characters that no label has."),
}


def many_were_scanned(read: Burst, session):
    """How many were what, in one sentence: 300 here, 8 already read, 2 of other items, 2 unknown."""
    number = len(read.answers)
    are_tags = all(tag_code(told.unit_code or told.code) for told in read.answers)
    total = ngettext("%(n)s tag", "%(n)s tags", number) if are_tags else ngettext("%(n)s code", "%(n)s codes", number)
    total %= {"n": quantity(number)}
    parts, kinds, others = [], set(), []
    if session.closed:
        mine = read.of(*NOT_TAKEN)
        if len(mine) < number:
            parts, kinds = [_("recorded")], {"again"}
    else:
        others = [told for told in read.answers if is_another_item(told)]
        mine = [told for told in read.answers if not is_another_item(told)]
    numbers = Counter(told.seen for told in mine)
    for words, *seen in PARTS:
        if n := sum(numbers[each] for each in seen):
            parts.append(words(n) % {"n": quantity(n)})
            kinds |= {TOLD[each] for each in seen}
    if others:
        n = len(others)
        parts.append(ngettext("%(n)s of another item", "%(n)s of other items", n) % {"n": quantity(n)})
        kinds |= {"more"}
    good = kinds & {"book", "more", "again"}
    kind = next(each for each in ("odd", "more", "book", "again", "wrong") if each in kinds or not kinds)
    banner = Banner(STANDS[kind], f"{total}:", text=", ".join(parts), sound="ok" if session.closed else SOUNDS[kind])
    if "wrong" in kinds:
        banner.status, banner.sound = ("variance", "elsewhere") if good else ("error", "bad")
    return banner


def is_another_item(told):
    """Than that of the line where it was typed: it counts on its own line."""
    return told.is_of_another_item and told.seen != Seen.REPEATED


PARTS = [
    (lambda n: ngettext("%(n)s here", "%(n)s here", n), Seen.HERE),
    (lambda n: ngettext("%(n)s already read", "%(n)s already read", n), Seen.REPEATED),
    (lambda n: ngettext("%(n)s belongs in another bin", "%(n)s belong in other bins", n), Seen.ELSEWHERE),
    (lambda n: ngettext("%(n)s found again", "%(n)s found again", n), Seen.FOUND_AGAIN),
    (lambda n: ngettext("%(n)s issued before", "%(n)s issued before", n), Seen.RELEASED),
    (lambda n: ngettext("%(n)s of another location", "%(n)s of other locations", n), Seen.OTHER_LOCATION),
    (lambda n: ngettext("%(n)s of a closed line", "%(n)s of closed lines", n), Seen.CLOSED),
    (lambda n: ngettext("%(n)s in another count", "%(n)s in other counts", n), Seen.COUNTED_ELSEWHERE),
    (lambda n: ngettext("%(n)s unknown", "%(n)s unknown", n), Seen.UNKNOWN, Seen.PARKED),
    (lambda n: ngettext("%(n)s fits several items", "%(n)s fit several items", n), Seen.WHICH),
    (lambda n: ngettext("%(n)s not readable", "%(n)s not readable", n), Seen.UNREADABLE),
]


# Back again


@saying(entry_forms.UnitsForm)
def take_units_back(request, session, line, said):
    """Untick boxes."""
    line = get_line(session, line)
    codes = [clean(code) for code in request.POST.getlist("code")]
    return do(request, session, line, said, take_back, pgettext("scan", "taken back"), codes)


@saying(entry_forms.UndoForm)
def undo_burst(request, session, said):
    """Take back what the banner said, one scan or a whole burst."""
    bin = get_bin(session, request.POST.get("bin", ""))
    lines = list(session.lines.filter(sightings__client_id=said["last"]).distinct().values_list("pk", flat=True))
    try:
        taken = take_burst_back(session, said["last"], by=request.user, client_id=said["client_id"])
    except DomainError as error:
        return answer(request, session, bin, banner=Banner("error", str(error), sound="bad"), status=422)
    found = session.lines.for_counting().filter(pk__in=lines)[:LINES_SHOWN]
    shown = shown_to(request.user, [ShownLine(line, session) for line in found])
    if not taken:
        return answer(request, session, bin, lines=shown, banner=Banner("variance", _("Nothing was undone."), sound=""))
    text = ngettext("%(n)s code taken back", "%(n)s codes taken back", taken) % {"n": quantity(taken)}
    return answer(request, session, bin, lines=shown, banner=Banner("recorded", _("Undone"), text=text))


# Without scans


@saying(entry_forms.UnitsForm)
def all_are_present(request, session, line, said):
    line = get_line(session, line)
    seen_entry = line.quant.last_entry if said["begun"] is None else said["begun"]
    return do(request, session, line, said, all_present, _("all present"), seen_entry=seen_entry, can_be_undone=True)


@saying(entry_forms.UnitsForm)
def none_are_here(request, session, line, said):
    return do(request, session, get_line(session, line), said, none_here, _("none here"))


@saying(entry_forms.AmountForm)
def amount(request, session, line, said):
    """How many there are of an item to which we give the numbers: typed, or one more or less."""
    line = get_line(session, line)
    try:
        if said["step"]:
            [now] = shown_to(request.user, [ShownLine(line, session)])
            number = (now.counted or Decimal(0)) + said["step"]
        else:
            number = parse_quantity(said["quantity"]).quantity
    except DomainError as error:
        return refuse_amount(request, session, line, said["quantity"], error)
    return take_quantity(request, session, line, number, said)


def take_quantity(request, session, line, number, said):
    text = quantity(number)
    try:
        details = {"by": request.user, "client_id": said["client_id"], "seen_entry": said["begun"]}
        count_quantity(line, number, **details)
    except DomainError as error:
        return refuse_amount(request, session, line, text, error)
    return line_now(request, session, line, text=_("recorded") if session.closed else text)


def refuse_amount(request, session, line, typed, error):
    shown = ShownLine(line, session, typed=typed, error=str(error), expanded=True)
    banner = Banner("error", line.quant.item.name, text=str(error), sound="bad")
    return answer(request, session, line.quant.bin, lines=shown_to(request.user, [shown]), banner=banner, status=422)


def do(request, session, line, said, verb, words, *args, can_be_undone=False, **details):
    """Say it of the line, and show the line as it is now, or what was wrong with it."""
    try:
        verb(line, *args, by=request.user, client_id=said["client_id"], **details)
    except DomainError as error:
        return refuse_codes(request, session, line.quant.bin, line, "", error)
    return line_now(request, session, line, text=words, burst=said["client_id"] if can_be_undone else None)


def line_now(request, session, line, *, text, burst=None):
    [now] = shown_to(request.user, [ShownLine(get_line(session, line.pk), session, expanded=True)])
    status = "matched" if now.status == "matched" else "recorded"
    banner = Banner(status, line.quant.item.name, text=text, burst=burst)
    return answer(request, session, line.quant.bin, lines=[now], banner=banner)


# Looking


@require_GET
@counting
def listed(request, session, line):
    """The units of a line, page by page, or those whose codes end with what is looked for."""
    found = get_line(session, line)
    if not found.serialized:
        return HttpResponseBadRequest("line", content_type="text/plain")
    page = int(text) if (text := request.GET.get("page", "")).isdecimal() and len(text) < 6 else 1
    find = clean(request.GET.get("find", ""))
    [shown] = with_tallies([ShownLine(found, session)], find=find, page=max(page, 1), rows=UNITS_SHOWN)
    context = {
        "session": session,
        "shown": shown,
        "tally": shown.tally,
        "tags": shown.tags,
        "may_count": may_count(session),
        "client_id": uuid4,
        "back": address(session, found.quant.bin),
    }
    return render_page(request, "counting/count_units_page.html", context, partial="piles")
