"""Import of stock: hand in files, look at what they would do, decide, import."""

from django.conf import settings
from django.contrib.auth.decorators import login_required, permission_required
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from inventory_site.errors import DomainError
from inventory_site.pages import form_status, redirect_to, refuse, render_page
from inventory_site.templatetags.truecount import quantity
from ledger.import_forms import DecisionsForm, HandInForm
from ledger.importing import ask_to_apply, decide, hand_in, plan_of, step_of
from ledger.models import ImportStatus, StockImport
from warehouse.exporting import Format, download
from warehouse.holders import holders

SAMPLES = settings.BASE_DIR / "ledger" / "samples"
SAMPLE_NAMES = ("locations.csv", "bins.csv", "items.csv", "stock.csv", "stock-odoo.csv", "stock-erpnext.csv")
STEPS = ("waiting", "checking", "places and items", "lots", "quants", "posting")
STEP_WORDS = {
    "waiting": _("Waiting for a worker"),
    "checking": _("Reading the files"),
    "places and items": _("Locations, bins and items"),
    "lots": _("Lots"),
    "quants": _("Places of the stock"),
    "posting": _("Posting the opening stock"),
    "done": _("Done"),
}
CREATED_WORDS = {
    "locations": _("Locations"),
    "zones": _("Zones"),
    "bins": _("Bins"),
    "units of measure": _("Units of measure"),
    "categories": _("Categories"),
    "items": _("Items"),
    "bar codes": _("Bar codes"),
    "lots": _("Lots"),
    "quants": _("Items in bins"),
    "units": _("Units"),
    "opening entries": _("Opening entries"),
    "stock rows": _("Stock rows"),
}
KIND_WORDS = {
    "stock": _("Stock"),
    "places": _("Locations and bins"),
    "items": _("Items"),
    "bins": _("Bins"),
    "locations": _("Locations"),
}
PROBLEM_COLUMNS = (_("File"), _("Row"), _("Column"), _("What is wrong"))
may_import = permission_required("ledger.import_stock", raise_exception=True)


@login_required
@require_http_methods(["GET", "POST"])
@may_import
def import_stock(request):
    form = HandInForm(request.POST, request.FILES) if request.method == "POST" else HandInForm()
    if form.is_valid():
        try:
            stock_import = hand_in(form.cleaned_data["files"], by=request.user, at=timezone.now())
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect_to(request, stock_import)
    recent = StockImport.objects.visible_to(request.user).prefetch_related("files").defer("problems", "files__content")
    context = {"form": form, "imports": recent[:20], "samples": SAMPLE_NAMES}
    return render_page(request, "ledger/import_stock.html", context, partial="hand_in", status=form_status(form))


@login_required
@require_http_methods(["GET", "POST"])
@may_import
def import_detail(request, pk):
    """GET shows the dry run, or how far the import is; POST takes decisions and checks again."""
    stock_import = visible(request, pk)
    data = request.POST if request.method == "POST" else None
    form = DecisionsForm(data, stock_import=stock_import, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            decide(stock_import, locations=form.locations, create_locations=form.create_locations)
        except DomainError as error:
            refuse(form, error)
        else:
            form = DecisionsForm(stock_import=stock_import, user=request.user)
    return render_import(request, stock_import, form)


@login_required
@require_http_methods(["POST"])
@may_import
def import_apply(request, pk):
    stock_import = visible(request, pk)
    form = DecisionsForm({}, stock_import=stock_import, user=request.user)
    try:
        ask_to_apply(stock_import, at=timezone.now())
    except DomainError as error:
        form.full_clean()
        refuse(form, error)
        return render_import(request, stock_import, form)
    return redirect_to(request, stock_import)


@login_required
@require_http_methods(["GET"])
@may_import
def import_problems(request, pk):
    """Every faulty row, read from the files once more: the page shows the first thousand only."""
    plan = plan_of(visible(request, pk))
    rows = ((error.file, error.row or "", error.column, error.message) for error in plan.errors)
    return download(f"problems-{pk}", Format.CSV, PROBLEM_COLUMNS, rows)


@login_required
@require_http_methods(["GET"])
@may_import
def import_sample(request, name):
    if name not in SAMPLE_NAMES:
        raise Http404
    folder = SAMPLES if (SAMPLES / name).exists() else SAMPLES / "others"
    return FileResponse(open(folder / name, "rb"), as_attachment=True, filename=name)


def visible(request, pk):
    return get_object_or_404(StockImport.objects.visible_to(request.user).select_related("requested_by"), pk=pk)


def render_import(request, stock_import, form):
    summary = stock_import.summary
    blockers = (held_by for problem in stock_import.problems for held_by in problem.get("blockers", ()))
    context = {
        "import": stock_import,
        "form": form,
        "holders": holders(request.user, blockers),
        "files": [{**file, "kind_word": KIND_WORDS.get(file["kind"], _("unknown"))} for file in summary["files"]],
        "figures": figures(summary["created"]),
        "existing": figures(summary["existing"]),
        "summary": summary,
        "running": stock_import.status == ImportStatus.ASKED,
        "applied": stock_import.status == ImportStatus.APPLIED,
        "problem_count": max(summary["problem_count"], len(stock_import.problems)),
        "ready": not stock_import.problems and any(summary["created"].values()),
        "progress": progress(stock_import) if stock_import.status == ImportStatus.ASKED else None,
    }
    return render_page(request, "ledger/import_detail.html", context, partial="import", status=form_status(form))


def figures(numbers):
    return [
        {"label": word, "value": quantity(numbers[name])} for name, word in CREATED_WORDS.items() if numbers.get(name)
    ]


def progress(file_import, steps=STEPS, words=STEP_WORDS):
    step, done, total = step_of(file_import)
    position = steps.index(step) if step in steps else len(steps)
    return {
        "word": words.get(step, step),
        "number": min(position + 1, len(steps)),
        "steps": len(steps),
        "done": done,
        "total": total,
        "parts": [
            {"status": "matched", "n": position, "label": ""},
            {"status": "uncounted", "n": len(steps) - position, "label": ""},
        ],
    }
