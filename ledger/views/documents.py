"""Posted documents: all of them, one of them, and taking one back."""

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from inventory_site.errors import DomainError
from inventory_site.pages import Column, Listing, form_status, redirect_to, refuse, render_page
from inventory_site.tabs import tabs_of
from inventory_site.templatetags.truecount import quantity, signed, signed_money
from inventory_site.visibility import CLOSED, closed_to
from ledger.filters import DocumentFilter
from ledger.forms import ReversalForm, typed
from ledger.models import ItemLedgerEntry, Kind, Register, WarehouseEntry
from ledger.navigation import sections
from ledger.posting import PAGE_WAIT
from ledger.reversing import preview_reversal, reverse
from ledger.views.entries import SEES_VALUE
from ledger.views.overriding import Override
from warehouse.actions import links
from warehouse.list_files import Field, list_file
from warehouse.models import Quant

SHOWN = 50  # lines of a reversal that its page lists

NUMBER = Column("number", gettext_lazy("Document"), "pk", descending_first=True)
POSTED = Column("posted", gettext_lazy("Posted"), "posted_at", descending_first=True)
KIND = Column("kind", gettext_lazy("Kind"))
LOCATION = Column("location", gettext_lazy("Location"), "location__name")
REASON = Column("reason", gettext_lazy("Reason and note"), "reason__name", css="item")
SOURCE = Column("source", gettext_lazy("Count"))
BY = Column("by", gettext_lazy("By"), "by__username")
FILE = [
    Field(gettext_lazy("Document"), "number"),
    Field(gettext_lazy("Posted"), "posted_at"),
    Field(gettext_lazy("Posting date"), "posting_date"),
    Field(gettext_lazy("Kind"), "kind", words=dict(Kind.choices)),
    Field(gettext_lazy("Location"), "location__code"),
    Field(gettext_lazy("Other location"), "other_location__code"),
    Field(gettext_lazy("Reason"), "reason__name"),
    Field(gettext_lazy("Note"), "note"),
    Field(gettext_lazy("Count"), "source"),
    Field(gettext_lazy("By"), "by__username"),
]


@login_required
@require_http_methods(["GET"])
@permission_required("ledger.view_register", raise_exception=True)
def documents(request):
    listing = document_listing(request, Register.objects.visible_to(request.user))
    if file := list_file(request, listing, "documents", FILE):
        return file
    context = {"listing": listing, "sections": sections(request, "documents")}
    return render_page(request, "ledger/documents.html", context, partial="list")


def document_listing(request, registers, *, filterset=DocumentFilter, omit=()):
    columns = [NUMBER, POSTED, KIND, LOCATION, REASON, SOURCE, BY]
    return Listing(
        request,
        registers.with_names().with_what_is_left(),
        filterset=filterset,
        columns=[column for column in columns if column.key not in omit],
        sort="-number",
        label=gettext_lazy("Documents"),
    )


def own_document(request, number):
    """A document at a location of this person; without the right to see all of them, only what they posted."""
    register = get_object_or_404(Register.objects.visible_to(request.user).with_names(), number=number)
    if register.by_id != request.user.pk and not request.user.has_perm("ledger.view_register"):
        raise PermissionDenied
    return register


@login_required
@require_http_methods(["GET"])
def document_detail(request, number):
    register = own_document(request, number)
    context = {
        "register": register,
        "reversals": list(register.reversals.order_by("pk")),
        "is_reversed": register.is_reversed,
        "is_closed": is_closed(request, register),
        "can_reverse": can_reverse(request, register),
        "actions": links(request, "document", register) if register.belongs_to_count else [],
        "movements": WarehouseEntry.objects.open_to(request).filter(register=register).sums(),
        "tabs": tabs_of(request, "document", register),
    }
    if request.user.has_perm(SEES_VALUE) and not is_closed(request, register):
        context["value"] = ItemLedgerEntry.objects.open_to(request).filter(register=register).value()
    return render_page(request, "ledger/document.html", context, partial="tabs")


def is_closed(request, register):
    """Are quantities of one of its locations closed to this person?"""
    return not closed_to(request).isdisjoint({register.location_id, register.other_location_id})


def can_reverse(request, register):
    return (
        request.user.has_perm("ledger.reverse_register")
        and register.reverses_id is None
        and not register.belongs_to_count
        and not register.is_reversed
        and not is_closed(request, register)
        and Register.objects.within_locations_of(request.user).filter(pk=register.pk).exists()
    )


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("ledger.reverse_register", raise_exception=True)
def reverse_document(request, number):
    """First what would happen, then, by a POST, it happens. Twice is once. Counts have a page of their own for it."""
    register = get_object_or_404(Register.objects.within_locations_of(request.user).with_names(), number=number)
    if register.belongs_to_count:
        return redirect(links(request, "document", register)[0].url)
    if is_closed(request, register):
        raise PermissionDenied(CLOSED)
    if register.is_reversed:
        return redirect_to(request, register.reversals.latest("pk"))
    today = timezone.localdate()
    form, override = ReversalForm(typed(request)), Override(request)
    if form.is_valid():
        said = {"note": form.cleaned_data["note"], "override": override.reason}
        try:
            reversal = reverse(register, by=request.user, at=today, wait=PAGE_WAIT, **said)
        except DomainError as error:
            refuse(form, error)
            override.met(error)
        else:
            said = _("%(number)s is taken back by %(reversal)s.")
            return redirect_to(request, reversal, toast=said % {"number": register.number, "reversal": reversal.number})
    seen = seen_before(request, register, at=today)
    if "refused" in seen:
        override.met(seen["refused"])
    context = {"register": register, "form": form, "override": override, **seen}
    return render_page(request, "ledger/reverse.html", context, partial="form", status=form_status(form))


def seen_before(request, register, *, at):
    """What reversing would do to the quants, or why it cannot be done."""
    try:
        seen = preview_reversal(register, by=request.user, at=at)
    except DomainError as error:
        return {"refused": error, "problems": getattr(error, "errors", ())[:SHOWN]}
    return {"seen": shown_of(seen, show_values=request.user.has_perm(SEES_VALUE))}


def shown_of(seen, *, show_values):
    """A preview, as ledger/parts/undone.html takes it."""
    quants = Quant.objects.with_names().in_bulk([pk for pk, _before, _change in seen.quants[:SHOWN]])
    changes = [
        {"quant": quants[pk], "before": before, "change": change, "after": before + change}
        for pk, before, change in seen.quants[:SHOWN]
    ]
    entries = ngettext("%s entry", "%s entries", seen.booked) % quantity(seen.booked)
    facts = [{"label": _("Item ledger"), "value": f"{signed(seen.owned)} ({entries})"}]
    if show_values:
        facts.append({"label": _("Value"), "value": signed_money(seen.value)})
    return {"changes": changes, "entries": seen.entries, "cut": len(seen.quants) > SHOWN, "facts": facts}
