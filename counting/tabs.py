"""What counting puts on the pages of an item, a bin and a document."""

from dataclasses import replace
from functools import partial

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from counting.filters import CountsOfFilter
from counting.models import CountLine, CountSession, SearchTask
from counting.telling import told
from counting.unit_history import history_of_unit
from counting.views.access import sees_evidence
from inventory_site.pages import Column, Listing
from inventory_site.tabs import Tab
from inventory_site.visibility import closed_to
from warehouse.actions import Action
from warehouse.models import BinKind

COUNT = Column("count", _("Count"), "session", descending_first=True)
BIN = Column("bin", _("Bin"), ("quant__bin__walking_order", "quant__bin__code", "-session"))
ITEM = Column("item", _("Item"), ("quant__item__number", "quant__lot__number", "-session"), css="item")
BOOK = Column("book", _("Book"), num=True, sortable=False)
COUNTED = Column("counted", _("Counted"), "counted_quantity", num=True)
DISCREPANCY = Column("discrepancy", _("Discrepancy"), num=True)
ADJUSTED = Column("adjustment", _("Adjusted"), num=True)
BY = Column("by", _("By"), "counted_at", descending_first=True)


def counts_of_item(request, item):
    return "counting/tabs/lines.html", lines_of(request, CountLine.objects.filter(quant__item=item), of="item")


def counts_of_bin(request, bin):
    return "counting/tabs/lines.html", lines_of(request, CountLine.objects.filter(quant__bin=bin), of="bin")


def lines_of(request, lines, *, of):
    judged = sees_evidence(request.user) and not closed_to(request)
    figures = [BOOK, COUNTED, DISCREPANCY, ADJUSTED] if judged else [replace(COUNTED, sortable=False)]
    listing = Listing(
        request,
        lines.visible_to(request.user).with_names().select_related("session__location"),
        columns=[COUNT, BIN if of == "item" else ITEM, *figures, BY],
        sort="-count",
        filterset=partial(CountsOfFilter, judged=judged),
        label=_("Counts"),
    )
    told(listing.rows, request.user, closed=closed_to(request))
    return {"listing": listing, "of": of, "judged": judged}


def counts_of_unit(request, unit):
    """Where it was seen, by whom, and what counts have made of it; the newest first."""
    return "counting/tabs/unit.html", {"events": history_of_unit(unit, request.user)}


def count_of_document(request, register):
    session = that_posted(request, register).with_names().get()
    judged = sees_evidence(request.user) and session.location_id not in closed_to(request)
    return "counting/tabs/session.html", {"session": session, "totals": session.lines.totals(), "judged": judged}


def comes_from_a_count(request, register):
    return that_posted(request, register).exists()


def that_posted(request, register):
    return CountSession.objects.visible_to(request.user).filter(Q(adjustment=register) | Q(transfer=register))


def searches_for(unit):
    return SearchTask.objects.going_on().filter(unit=unit)


def reversal_of_count(register):
    return reverse("count-reverse", args=[register.source])


# What a count has posted is taken back with the count.
REVERSE = Action("reverse", _("Reverse"), "reverse", reversal_of_count, permission="ledger.reverse_register")
# What is missing is found on the page of its search.
FOUND = Action(
    "found",
    _("Found it?"),
    "search",
    lambda unit: searches_for(unit).get().get_absolute_url(),
    permission="ledger.add_register",
    when=lambda unit: unit.quant and unit.quant.bin.kind == BinKind.MISSING and searches_for(unit).exists(),
    order=5,
)
SEEN_BY = "counting.view_countsession"
TABS = {
    "item": Tab("counts", _("Counts"), counts_of_item, SEEN_BY, order=60),
    "bin": Tab("counts", _("Counts"), counts_of_bin, SEEN_BY, order=60),
    "unit": Tab("counts", _("Counts"), counts_of_unit, "counting.view_sighting", order=60),
    "document": Tab("count", _("Count"), count_of_document, SEEN_BY, order=60, when=comes_from_a_count),
}
