"""What counters say about lines and bins: each view takes one thing, once, and answers with what has changed."""

from decimal import Decimal
from uuid import uuid5

from django.http import HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseLocation

from counting import entry_forms, walking
from counting.models import EntryKind
from counting.recording import (
    BelowZero,
    CountedSince,
    NothingToUndo,
    add_to_count,
    count_found,
    record,
    undo_last,
)
from counting.scanning import Fit, Kind, Meaning, understand, wherever_it_was
from counting.setting_aside import put_aside as keep_aside
from counting.showing import ShownLine, read_again, shown_to
from counting.showing_units import with_tallies
from counting.sighting import take_burst_back
from counting.views.count import (
    Banner,
    Question,
    address,
    answer,
    get_bin,
    get_line,
    lines_of,
    read_seen,
    saying,
)
from counting.views.units import scan_unit
from counting.whole_bins import all_as_expected, bin_is_empty, none_of_these
from inventory_site.errors import DomainError
from inventory_site.pages import redirect_to
from inventory_site.templatetags.truecount import day, quantity, signed, time_of_day
from warehouse.barcodes import is_misread
from warehouse.models import Bin, Item
from warehouse.quantities import parse_quantity

NAMED_AT_ONCE = 12  # lines that a dialog names
UNDONE_AT_ONCE = 100
UNITS_NAMED = 4


# One line


@saying(entry_forms.EntryForm)
def set_quantity(request, session, line, said):
    """What was typed: it replaces the count, or adds to it; an emptied field makes the line blank again."""
    line = get_line(session, line)
    shown = shown_as_said(line, session, said, typed=said["quantity"])
    if not said["quantity"].strip():
        if shown.adds or shown.is_waiting:
            blank = shown_to(request.user, [ShownLine(line, session, expanded=True)])
            return answer(request, session, line.quant.bin, lines=blank)
        return say(request, session, shown, said, EntryKind.CLEAR, None)
    try:
        typed = parse_quantity(said["quantity"], factors=shown.factors, factor=shown.unit.per)
    except DomainError as error:
        return refuse(request, session, shown, error)
    kind = EntryKind.ADD if shown.adds else EntryKind.SET
    shown.arithmetic = typed.expression
    return say(request, session, shown, said, kind, typed.quantity)


@saying(entry_forms.EntryForm)
def step(request, session, line, said):
    """One more or one less, in the unit of measure that is chosen."""
    shown = shown_as_said(get_line(session, line), session, said)
    if session.closed and said["step"] < 0 and not shown_to(request.user, [shown])[0].can_step_down:
        # Nobody finds out what somebody else has counted by taking away until it is refused.
        return refuse(request, session, shown, BelowZero())
    return say(request, session, shown, said, EntryKind.ADD, said["step"] * shown.unit.per)


@saying(entry_forms.EntryForm)
def clear(request, session, line, said):
    return say(request, session, shown_as_said(get_line(session, line), session, said), said, EntryKind.CLEAR, None)


def shown_as_said(line, session, said, **details):
    details |= {"begun": said["begun"], "unit_key": said["unit"], "adds": said["mode"] == "add", "expanded": True}
    return ShownLine(line, session, **details)


def say(request, session, shown, said, kind, number):
    """Record it, and show the line as it is now."""
    line, before = shown.line, said_before(shown, request.user)
    circumstances = {
        "begun": said["begun"],
        "age": said["age"],
        "expression": shown.arithmetic if " " in shown.arithmetic else "",
    }
    try:
        new = record(line, kind, number, by=request.user, client_id=said["client_id"], **circumstances)
    except DomainError as error:
        return refuse(request, session, shown, error)
    now, progress = shown_now(shown, by=request.user)
    if new:
        now.remark = remark(before, now)
    banner = taken(now, kind, number, said["client_id"])
    return answer(request, session, line.quant.bin, lines=[now], banner=banner, progress=progress)


def shown_now(shown, *, by):
    """The line as the database has it, from where the page begins to count it anew; and how far its bin is."""
    line, arithmetic = shown.line, "" if shown.adds else shown.arithmetic
    progress = read_again(line, by=by)
    now = ShownLine(line, shown.session, unit_key=shown.unit_key, adds=shown.adds, arithmetic=arithmetic, expanded=True)
    return shown_to(by, [now])[0], progress


def refuse(request, session, shown, error):
    """The line with what is wrong, and with what was typed."""
    read_again(shown.line, by=request.user)
    shown.error = " ".join(error.messages)
    return answer(request, session, shown.quant.bin, lines=shown_to(request.user, [shown]), status=422)


def said_before(shown, user):
    """(who, how much, when), if it was somebody else; how much is blank where that is closed."""
    line = shown.line
    if shown.is_waiting or not line.counted_by_id or line.counted_by_id == user.pk:
        return None
    return line.counted_by, shown.counted, line.counted_at


def remark(before, now):
    if before is None:
        return ""
    if now.is_blind:
        words = {"who": before[0], "at": time_of_day(before[2])}
        return _("%(who)s counted this line too, at %(at)s.") % words
    if before[1] == now.counted:
        return ""
    words = {
        "who": before[0],
        "before": quantity(before[1]),
        "at": time_of_day(before[2]),
        "now": quantity(now.counted),
    }
    if now.counted is None:
        return _("%(who)s counted %(before)s at %(at)s; now it is not counted.") % words
    return _("%(who)s counted %(before)s at %(at)s; now %(now)s by you.") % words


def taken(now, kind, number, client_id):
    """The banner after a count: what was said, what stands now; in a blind count that it is recorded."""
    banner = Banner("matched", title_of(now), note=now.remark, undo=[now.pk], last=client_id)
    if now.is_blind:
        banner.status, banner.text = "recorded", _("not counted any more") if now.is_waiting else _("recorded")
        return banner
    counted = f"{quantity(now.counted)} {now.item.base_unit.name}"
    if kind == EntryKind.CLEAR:
        banner.status, banner.text = "recorded", _("not counted any more")
    elif kind == EntryKind.ADD:
        banner.text, banner.note = signed(number), now.remark or counted
    else:
        banner.text = counted
    if now.is_disturbed or now.remark:
        banner.status = "variance"
    return banner


def title_of(shown):
    lot = shown.quant.lot
    return f"{shown.item.name}, {lot.number}" if lot else shown.item.name


@saying(entry_forms.UndoForm)
def undo(request, session, said):
    """Take back what the banner said, where nobody has said anything since."""
    bin = get_bin(session, request.POST.get("bin", ""))
    wanted = [int(pk) for pk in request.POST.getlist("line")[:UNDONE_AT_ONCE] if pk.isdecimal() and len(pk) < 19]
    undone, kept = [], []
    lines = session.lines.for_counting().filter(pk__in=wanted)
    of_units = list(lines.filter(serialized=True)) if said["many"] else []
    for line in lines.filter(serialized=False):
        last = uuid5(said["last"], str(line.pk)) if said["many"] else said["last"]
        try:
            undo_last(line, by=request.user, client_id=uuid5(said["client_id"], str(line.pk)), last=last)
            undone.append(line)
        except (CountedSince, NothingToUndo):
            kept.append(line)
        except DomainError as error:
            return answer(
                request, session, bin, banner=Banner("error", " ".join(error.messages), sound="bad"), status=422
            )
    if of_units:
        taken = take_burst_back(session, said["last"], by=request.user, client_id=said["client_id"])
        (undone if taken else kept).extend(of_units)
    for line in (*undone, *kept):
        read_again(line, by=request.user)
    shown = shown_to(request.user, [ShownLine(line, session) for line in (*undone, *kept)])
    return answer(request, session, bin, lines=shown, banner=what_was_undone(shown[: len(undone)], kept))


def what_was_undone(undone, kept):
    if kept:
        text = ngettext(
            "%(n)s line was counted again since and stays as it is.",
            "%(n)s lines were counted again since and stay as they are.",
            len(kept),
        ) % {"n": len(kept)}
        return Banner(
            "variance", _("Not everything was undone.") if undone else _("Nothing was undone."), text=text, sound="bad"
        )
    if len(undone) == 1:
        if undone[0].is_waiting:
            text = _("back to not counted")
        elif undone[0].counted is None:
            text = _("back to the count before")
        else:
            text = _("back to %s") % quantity(undone[0].counted)
        return Banner("recorded", title_of(undone[0]), text=text)
    return Banner("recorded", _("Undone"), text=ngettext("%(n)s line", "%(n)s lines", len(undone)) % {"n": len(undone)})


# A scan


@saying(entry_forms.ScanForm)
def scan(request, session, said):
    bin = get_bin(session, request.POST.get("bin", ""))
    try:
        meaning = understand(session, said["code"], bin=bin, by=request.user, meant=said["meant"])
    except DomainError as error:
        return answer(request, session, bin, scan_error=" ".join(error.messages), code=said["code"][:200], status=422)
    return ANSWERS[meaning.kind](request, session, bin, meaning, said)


def go_there(request, session, bin, meaning, said):
    return go(request, session, meaning.bin)


def go(request, session, bin):
    return HttpResponseLocation(address(session, bin)) if request.htmx else redirect(address(session, bin))


def count_line(request, session, bin, meaning, said):
    line = meaning.line
    shown = ShownLine(line, session, expanded=True)
    before = said_before(shown, request.user)
    try:
        new = add_to_count(line, meaning.quantity, by=request.user, client_id=said["client_id"], age=said["age"])
    except DomainError as error:
        shown.error = " ".join(error.messages)
        banner = Banner("error", title_of(shown), text=shown.error, sound="bad")
        return answer(request, session, bin, lines=shown_to(request.user, [shown]), banner=banner, status=422)
    now, progress = shown_now(shown, by=request.user)
    banner = scanned(now, meaning, said["client_id"])
    if new and before:
        banner.note = now.remark = remark(before, now)
    return answer(request, session, bin, lines=[now], banner=banner, progress=progress)


def scanned(now, meaning, client_id):
    unit = meaning.fit.unit_of_measure
    change = f"+1 {unit.name}" if unit and meaning.quantity == meaning.fit.per else signed(meaning.quantity)
    words = {"quantity": quantity(now.counted), "unit": now.item.base_unit.name, "bin": now.quant.bin}
    note = _("%(quantity)s %(unit)s in %(bin)s") if now.counted is not None else _("recorded in %(bin)s")
    status = "recorded" if now.is_blind else "matched"
    banner = Banner(status, title_of(now), text=change, note=note % words, undo=[now.pk], last=client_id)
    if booked := meaning.contradicts:
        dates = {"label": day(meaning.expiry), "book": day(booked)}
        banner.status = "variance"
        banner.note = _("The label says it expires on %(label)s, the book says %(book)s.") % dates
    return banner


def ask_which(request, session, bin, meaning, said):
    return answer(request, session, bin, question=Question("which", meaning))


def ask_where(request, session, bin, meaning, said):
    meaning = wherever_it_was(session, meaning) if session.closed else meaning
    typed = {"lot": meaning.lot, "expiry": meaning.expiry.isoformat() if meaning.expiry else ""}
    return answer(request, session, bin, question=Question("found", meaning, typed=typed))


def say_serialized(request, session, bin, meaning, said):
    """The code of an item whose units have codes of their own: its line is opened for them."""
    text = _("is counted piece by piece: scan each serial number or tag.")
    shown = shown_to(request.user, [ShownLine(line, session, expanded=True) for line in meaning.lines])
    banner = Banner("waiting", meaning.item.name, text=text, sound="elsewhere")
    if not shown:
        banner = Banner("error", meaning.item.name, text=text, sound="bad", aside=meaning.code)
    return answer(request, session, bin, lines=shown, banner=banner)


def count_unit(request, session, bin, meaning, said):
    item = said["meant"].partition("-")[0]
    return scan_unit(request, session, bin, said["code"], said, meant=int(item) if item.isdecimal() else None)


def say_other_location(request, session, bin, meaning, said):
    text = _("is a bin of %(there)s. This count is at %(here)s.") % {
        "there": meaning.bin.location.name, "here": session.location.name,
    }  # fmt: skip
    return answer(request, session, bin, banner=Banner("error", meaning.bin.code, text=text, sound="elsewhere"))


def say_unknown(request, session, bin, meaning, said):
    if not is_misread(meaning.code) and lines_of(session, bin).filter(serialized=True).exists():
        return count_unit(request, session, bin, meaning, said)  # where units are counted, it may be one, and is kept
    text, note = _("is unknown."), _("Put it aside for your supervisor, or scan on.")
    if is_misread(meaning.code):
        note = _("Its last digit does not fit the others: scan it once more, or put it aside for your supervisor.")
    banner = Banner("error", meaning.code, text=text, note=note, sound="bad", aside=meaning.code)
    return answer(request, session, bin, banner=banner)


ANSWERS = {
    Kind.BIN: go_there,
    Kind.LINE: count_line,
    Kind.WHICH: ask_which,
    Kind.ELSEWHERE: ask_where,
    Kind.SERIALIZED: say_serialized,
    Kind.UNIT: count_unit,
    Kind.OTHER_LOCATION: say_other_location,
    Kind.UNKNOWN: say_unknown,
}


@saying(entry_forms.FoundForm)
def found(request, session, said):
    """Count here what nobody expected here: the line is added, and the scan counts."""
    bin = get_bin(session, request.POST.get("bin", ""))
    item = Item.objects.select_related("base_unit").filter(pk=said["item"]).first()
    variant = item.variants.filter(pk=said["variant"]).first() if item and said["variant"] else None
    if item is None or (said["variant"] and variant is None):
        return HttpResponseBadRequest("item", content_type="text/plain")
    try:
        number = parse_quantity(said["quantity"] or "1", mark=".").quantity  # a hidden figure
        label = {"variant": variant, "lot_number": said["lot"].strip(), "expiration_date": said["expiry"]}
        line = count_found(session, number, bin=bin, item=item, by=request.user, client_id=said["client_id"], **label)
    except DomainError as error:
        return ask_again(request, session, bin, item, variant, said, error)
    line = session.lines.for_counting().get(pk=line.pk)
    [now] = shown_to(request.user, [ShownLine(line, session, expanded=True)])
    words = {"quantity": quantity(now.counted), "unit": item.base_unit.name}
    text = _("found here, recorded") if now.counted is None else _("found here, %(quantity)s %(unit)s") % words
    status = "recorded" if now.is_blind else "over"
    banner = Banner(status, title_of(now), text=text, undo=[now.pk], last=said["client_id"])
    return answer(request, session, bin, lines=[now], banner=banner)


def ask_again(request, session, bin, item, variant, said, error):
    number = said["quantity"] if said["quantity"].replace(".", "", 1).isdecimal() else "1"
    fit = Fit(item=item, variant=variant)
    meaning = Meaning(kind=Kind.ELSEWHERE, code=said["code"], bin=bin, fits=[fit], quantity=Decimal(number))
    typed = {"lot": said["lot"], "expiry": request.POST.get("expiry", "")}
    question = Question("found", meaning, errors=error.messages, typed=typed)
    return answer(request, session, bin, question=question, status=422)


@saying(entry_forms.PutAsideForm)
def put_aside(request, session, said):
    bin = get_bin(session, request.POST.get("bin", ""))
    places = Bin.objects.filter(location=session.location_id).real()
    belongs_in = get_object_or_404(places, pk=said["belongs_in"]) if said["belongs_in"] else None
    details = {"client_id": said["client_id"], "belongs_in": belongs_in, "note": said["note"]}
    try:
        kept = keep_aside(session, said["code"], bin=bin, by=request.user, at=timezone.now(), **details)
    except DomainError as error:
        return answer(request, session, bin, banner=Banner("error", " ".join(error.messages), sound="bad"), status=422)
    if kept.belongs_in:
        text = _("noted: belongs in %s") % kept.belongs_in
    else:
        text = _("is put aside. Your supervisor will see it with this count.")
    return answer(request, session, bin, banner=Banner("waiting", kept.code, text=text))


# A bin


@saying(entry_forms.BinForm)
def empty(request, session, said):
    """Nothing lies here: every line that can be counted now becomes 0."""
    bin = get_bin(session, request.POST.get("bin", ""))
    try:
        bin_is_empty(session, bin, by=request.user, at=timezone.now(), client_id=said["client_id"])
    except DomainError as error:
        return answer(request, session, bin, banner=Banner("error", " ".join(error.messages), sound="bad"), status=422)
    return tell_many(request, session, bin, lines_of(session, bin).countable(session), said, _("is empty"))


@saying(entry_forms.BinForm)
def as_expected(request, session, said):
    """The book, for the lines that nobody has counted yet and where nothing moved since they were shown."""
    bin = get_bin(session, request.POST.get("bin", ""))
    seen = {line: begun for line, (begun, _version) in read_seen(request.POST.getlist("seen"))}
    lines = lines_of(session, bin).countable(session)
    asked = seen.keys() & set(lines.to_count().values_list("pk", flat=True))
    try:
        moved = all_as_expected(
            session,
            {line: seen[line] for line in asked},
            by=request.user,
            at=timezone.now(),
            client_id=said["client_id"],
        )
    except DomainError as error:
        return answer(request, session, bin, banner=Banner("error", " ".join(error.messages), sound="bad"), status=422)
    if not moved:
        return tell_many(request, session, bin, lines.filter(pk__in=asked), said, _("as expected"))
    shown = [
        ShownLine(line, session, begun=seen[line.pk] if line.pk in moved else None)
        for line in lines.filter(pk__in=asked)
    ]
    shown = shown_to(request.user, shown)
    for line in shown:
        if line.pk in moved:  # shown with what moved, but the next time what is shown now counts
            line.begun = line.quant.last_entry
    text = ngettext(
        "Stock moved on %(n)s line while you looked: look at it again.",
        "Stock moved on %(n)s lines while you looked: look at them again.",
        len(moved),
    ) % {"n": len(moved)}
    return answer(request, session, bin, lines=shown, banner=Banner("recount", bin.code, text=text, sound="elsewhere"))


def tell_many(request, session, bin, lines, said, words):
    shown = shown_to(request.user, [ShownLine(line, session) for line in lines])
    text = ngettext("%(words)s: %(n)s line counted", "%(words)s: %(n)s lines counted", len(shown)) % {
        "words": words,
        "n": len(shown),
    }
    status = "matched" if shown and not session.closed else "recorded"
    banner = Banner(status, bin.code, text=text, last=said["client_id"], many=True)
    if len(shown) <= UNDONE_AT_ONCE:
        banner.undo = [line.pk for line in shown]
    return answer(request, session, bin, lines=shown, banner=banner)


@saying(entry_forms.BinForm)
def finish(request, session, said):
    """Go on to the next bin with something left; lines that are not counted, and units that are not scanned, are named
    first."""
    bin = get_bin(session, request.POST.get("bin", ""))
    lines = lines_of(session, bin).countable(session)
    left = lines.to_count()
    if "sure" not in request.POST:
        first, unscanned = list(left[: NAMED_AT_ONCE + 1]), with_units_left(session, lines)
        if first or unscanned:
            shown = [ShownLine(line, session) for line in first[:NAMED_AT_ONCE]]
            more = left.count() - NAMED_AT_ONCE if len(first) > NAMED_AT_ONCE else 0
            question = Question("finish", lines=shown, more=more, unscanned=unscanned)
            return answer(request, session, bin, question=question)
    missing = left.filter(pk__in=named_missing(request.POST)).values_list("pk", flat=True)
    try:
        none_of_these(session, missing, by=request.user, at=timezone.now(), client_id=said["client_id"])
    except DomainError as error:
        return answer(request, session, bin, banner=Banner("error", " ".join(error.messages), sound="bad"), status=422)
    following = walking.next_bin_left(session, bin)
    if following:
        return go(request, session, following)
    return all_done(request, session)


def with_units_left(session, lines):
    """Lines of which some units are scanned and others are not; in a blind count nobody knows."""
    if session.closed:
        return []
    begun = lines.filter(serialized=True, counted_quantity__gt=0, recount_asked=False)[:NAMED_AT_ONCE]
    shown = with_tallies([ShownLine(line, session) for line in begun], rows=UNITS_NAMED)
    return [line for line in shown if line.tally.left.total]


def named_missing(post):
    """The lines that the dialog says are not there: none-12=1."""
    named = [name.removeprefix("none-") for name, value in post.items() if name.startswith("none-") and value]
    return [int(pk) for pk in named[:NAMED_AT_ONCE] if pk.isdecimal() and len(pk) < 19]


def all_done(request, session):
    left = walking.bins_left(session).first()
    if left:
        return redirect_to(request, f"{reverse('count-bins', args=[session.number])}")
    text = _("Every line of %s is counted. It can go to review.") % session.number
    return redirect_to(request, "count-detail", session.number, toast=text)
