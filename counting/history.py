"""What happened to a count, newest first, for the timeline of its page."""

from django.utils.translation import gettext as _

from counting.models import CountSession, Status
from inventory_site.templatetags.truecount import quantity, signed
from ledger.models import WarehouseEntry

SHOWN = 6  # of each kind


def history_of(session: CountSession, *, with_movements: bool) -> list[dict]:
    """Events as components/timeline.html takes them: at, title, note, status, url. Reviewers see the movements too."""
    events = [*_steps(session), *_counts(session), *_put_aside(session)]
    if with_movements and session.is_open:
        events += _movements(session)
    return sorted(events, key=lambda event: event["at"], reverse=True)


def _steps(session):
    yield {"at": session.opened_at, "title": _("%s opened the count") % session.opened_by, "status": "counting"}
    if session.marked_at:
        yield {"at": session.marked_at, "title": _("%s marked it as counted") % session.marked_by, "status": "counted"}
    if session.completion_asked_at:
        title = _("%s asked for the adjustments") % session.completion_asked_by
        yield {"at": session.completion_asked_at, "title": title, "status": "posting"}
    if session.status == Status.COMPLETED:
        note = _("%s posted") % session.adjustment if session.adjustment_id else _("Nothing differed")
        yield {"at": session.ended_at, "title": _("Completed"), "note": note, "status": "completed"}
    if session.status == Status.CANCELLED:
        yield {"at": session.ended_at, "title": _("%s cancelled it") % session.ended_by, "status": "cancelled"}


def _counts(session):
    lines = session.lines.counted().select_related("counted_by", "quant__item", "quant__bin")
    for line in lines.order_by("-counted_at")[:SHOWN]:
        title = _("%(person)s counted %(quantity)s in %(bin)s") % {
            "person": line.counted_by or _("Somebody"),
            "quantity": quantity(line.counted_quantity),
            "bin": line.quant.bin,
        }
        yield {"at": line.counted_at, "title": title, "note": line.quant.item.name, "status": "recorded"}


def _put_aside(session):
    for scan in session.put_aside.select_related("by")[:SHOWN]:
        title = _("%s put a scan aside") % scan.by
        yield {"at": scan.at, "title": title, "note": scan.code, "status": "waiting" if not scan.settled_at else ""}


def _movements(session):
    entries = WarehouseEntry.objects.filter(
        register__location=session.location_id,
        register__posted_at__gt=session.opened_at,
        quant__count_lines__session=session,
        quant__count_lines__open=True,
    )
    for entry in entries.with_names().order_by("-register__posted_at", "-pk")[:SHOWN]:
        yield {
            "at": entry.register.posted_at,
            "title": f"{entry.register.number} {signed(entry.quantity)} {entry.quant.item.name}",
            "note": _("%(kind)s in %(bin)s, while it is counted")
            % {"kind": entry.register.get_kind_display(), "bin": entry.quant.bin},
            "status": "transfer",
            "url": entry.register.get_absolute_url(),
        }
