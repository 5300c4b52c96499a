"""Standard journals: lines saved out of a journal, brought into another one, looked at and deleted."""

from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Count
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from inventory_site.errors import DomainError
from inventory_site.pages import Column, Listing, form_status, redirect_to, refuse, render_page
from inventory_site.templatetags.truecount import quantity as written
from ledger.journal_forms import GetStandardForm, SaveStandardForm
from ledger.models import StandardJournal
from ledger.navigation import sections
from ledger.standard_journals import delete_standard, get_standard, save_standard
from ledger.views.journals import keeping, last_page

COLUMNS = [
    Column("code", gettext_lazy("Code")),
    Column("name", gettext_lazy("Name"), css="item"),
    Column("kind", gettext_lazy("Kind")),
    Column("lines", gettext_lazy("Lines"), "line_count", num=True),
]


@login_required
@require_http_methods(["GET"])
@permission_required("ledger.view_standardjournal", raise_exception=True)
def standard_journals(request):
    listing = Listing(
        request,
        StandardJournal.objects.annotate(line_count=Count("lines")),
        columns=COLUMNS,
        sort="code",
        label=gettext_lazy("Standard journals"),
    )
    context = {"listing": listing, "sections": sections(request, "journals")}
    return render_page(request, "ledger/standard_journals.html", context, partial="list")


@login_required
@require_http_methods(["GET"])
@permission_required("ledger.view_standardjournal", raise_exception=True)
def standard_journal(request, pk):
    standard = get_object_or_404(StandardJournal, pk=pk)
    context = {
        "standard": standard,
        "lines": standard.lines.all(),
        "sees_value": request.user.has_perm("ledger.view_valueentry"),
    }
    return render_page(request, "ledger/standard_journal.html", context)


@login_required
@require_http_methods(["POST"])
@permission_required("ledger.delete_standardjournal", raise_exception=True)
def delete(request, pk):
    standard = get_object_or_404(StandardJournal, pk=pk)
    delete_standard(standard)
    return redirect_to(request, "standard-journals", toast=_("%(code)s is deleted.") % {"code": standard.code})


@keeping("GET", "POST")
def of_journal(request, batch):
    """Save lines of the journal under a code (`save`), or get those of a code into it."""
    chosen = [key for key in request.POST.getlist("chosen") or request.GET.getlist("chosen") if key.isdecimal()]
    saves, gets = "save" in request.POST, "get" in request.POST
    save = SaveStandardForm(request.POST if saves else None)
    get = GetStandardForm(request.POST if gets else None, kind=batch.kind)
    if saves and save.is_valid():
        try:
            standard = save_standard(batch, lines=[int(key) for key in chosen] or None, **save.cleaned_data)
        except DomainError as error:
            refuse(save, error)
        else:
            return redirect_to(request, batch, toast=_("Saved as %(code)s.") % {"code": standard.code})
    if gets and get.is_valid():
        added = get_standard(batch, get.cleaned_data["journal"])
        said = ngettext("%s line is added.", "%s lines are added.", added) % written(added)
        return redirect_to(request, last_page(batch), toast=said)
    context = {"batch": batch, "save": save, "get": get, "chosen": chosen, "lines": batch.lines.count()}
    status = max(form_status(save), form_status(get))
    return render_page(request, "ledger/journal_standard.html", context, partial="form", status=status)
