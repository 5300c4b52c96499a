"""Stock comes, goes, moves and is put right: pages in which people type documents."""

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from inventory_site.errors import DomainError
from inventory_site.pages import form_status, redirect_to, refuse, render_page
from inventory_site.visibility import CLOSED, closed_to
from ledger.entering import adjust as adjust_quant
from ledger.entering import enter
from ledger.forms import AdjustForm, Sheet, typed
from ledger.models import Kind, Register
from ledger.refusals import without_figures
from ledger.views.overriding import Override
from warehouse.actions import links
from warehouse.models import Location, Quant

WORDS = {
    Kind.RECEIPT: (gettext_lazy("Receive"), gettext_lazy("Post receipt")),
    Kind.ISSUE: (gettext_lazy("Issue"), gettext_lazy("Post issue")),
    Kind.MOVEMENT: (gettext_lazy("Move between bins"), gettext_lazy("Post movement")),
    Kind.LOCATION_TRANSFER: (gettext_lazy("Transfer to another location"), gettext_lazy("Post transfer")),
}


MOST_ASKED = 200  # characters of a unit's code in an address


def may_post(view):
    return login_required(
        require_http_methods(["GET", "POST"])(permission_required("ledger.add_register", raise_exception=True)(view))
    )


@may_post
def receive(request):
    return document_page(request, Kind.RECEIPT)


@may_post
def issue(request):
    return document_page(request, Kind.ISSUE)


@may_post
def move(request):
    return document_page(request, Kind.MOVEMENT)


@may_post
def transfer(request):
    return document_page(request, Kind.LOCATION_TRANSFER)


def document_page(request, kind):
    own = Location.objects.visible_to(request.user).active().count()
    sheet = Sheet(kind, user=request.user, data=typed(request), quant=asked_for(request), codes=asked_codes(request))
    override = Override(request)
    if sheet.is_valid():
        document = sheet.document(override=override.reason)
        again = Register.objects.filter(request_id=document.request_id).exists()
        try:
            register = enter(document, sheet.entered())
        except DomainError as error:
            closed = not closed_to(request).isdisjoint(document.locations)
            sheet.refuse(without_figures(error) if closed else error)
            override.met(error)
        else:
            return posted(request, register, again=again)
    title, submit = WORDS[kind]
    context = {
        "sheet": sheet,
        "override": override,
        "title": title,
        "submit": submit,
        "too_few_locations": own < (2 if kind == Kind.LOCATION_TRANSFER else 1),
    }
    return render_page(request, "ledger/post.html", context, partial="form", status=sheet.status)


def asked_for(request):
    """The quant that a link asks to do something with: `?quant=`."""
    key = request.GET.get("quant", "")
    if not key:
        return None
    if not key.isdecimal() or len(key) > 18:
        raise Http404
    return get_object_or_404(Quant.objects.visible_to(request.user).real().with_names(), pk=key)


def asked_codes(request):
    """The unit that a link asks to do something with: `?unit=`."""
    return request.GET.get("unit", "")[:MOST_ASKED]


def posted(request, register, *, again):
    said = _("%(number)s was posted already. Nothing was posted twice.") if again else _("%(number)s is posted.")
    level = "recorded" if again else "completed"
    return redirect_to(request, register, toast=said % {"number": register.number}, level=level)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("ledger.adjust_register", raise_exception=True)
def adjust(request, pk):
    """An absolute quantity, with a note. Who looked at a book that is not the book any more looks again."""
    quant = get_object_or_404(Quant.objects.visible_to(request.user).real().with_names(), pk=pk)
    if quant.location_id in closed_to(request):
        raise PermissionDenied(CLOSED)
    if quant.item.is_serialized:
        context = {"quant": quant, "actions": links(request, "bin", quant.bin)}
        return render_page(request, "ledger/adjust_units.html", context, partial="form")
    form, override = AdjustForm(typed(request), quant=quant, initial=AdjustForm.fresh(quant)), Override(request)
    if form.is_valid():
        cleaned = form.cleaned_data
        again = Register.objects.filter(request_id=cleaned["request_id"]).exists()
        try:
            register = adjust_quant(
                quant, by=request.user, at=timezone.localdate(), override=override.reason, **cleaned
            )
        except DomainError as error:
            refuse(form, error)
            override.met(error)
            quant.refresh_from_db(fields=["quantity", "last_entry"])
            form.look_again(quant)
        else:
            return posted(request, register, again=again)
    context = {"form": form, "quant": quant, "override": override}
    return render_page(request, "ledger/adjust.html", context, partial="form", status=form_status(form))
