"""Lines of a count out into a spreadsheet, and counts back in: hand in, look at what they would do, decide, import."""

from django.contrib.auth.decorators import login_required, permission_required
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from counting.exporting import Sight, export_lines
from counting.filters import ImportRowFilter
from counting.importing import ask_to_import, decide, hand_in_counts, takes_found
from counting.models import CountLine, Outcome, Status, Take
from counting.spreadsheet_forms import DecisionsForm, ExportForm, ImportForm
from counting.views.access import session_for
from inventory_site.errors import DomainError
from inventory_site.pages import Column, Listing, form_status, redirect_to, refuse, render_page
from inventory_site.templatetags.truecount import quantity
from ledger.importing import SHOWN
from ledger.models import ImportStatus
from ledger.views.imports import PROBLEM_COLUMNS, progress
from warehouse.exporting import Format, download
from warehouse.models import User

STEPS = ("waiting", "reading", "comparing", "recording")
STEP_WORDS = {
    "waiting": gettext_lazy("Waiting for a worker"),
    "reading": gettext_lazy("Reading the file"),
    "comparing": gettext_lazy("Comparing it with the count"),
    "recording": gettext_lazy("Taking the counts"),
    "done": gettext_lazy("Done"),
}
MARKS = {
    Outcome.COUNTED: "recorded",
    Outcome.CHANGED: "over",
    Outcome.FOUND: "over",
    Outcome.CONFLICT: "variance",
    Outcome.ASKED_AGAIN: "recount",
    Outcome.SAME: "matched",
    Outcome.TAKEN: "matched",
    Outcome.LEFT: "released",
}
COLUMNS = [
    Column("bin", gettext_lazy("Bin"), sortable=False),
    Column("item", gettext_lazy("Item"), sortable=False, css="item"),
    Column("row", gettext_lazy("Row"), num=True),
    Column("was", gettext_lazy("So far"), sortable=False, num=True),
    Column("quantity", gettext_lazy("Your file"), num=True),
    Column("outcome", gettext_lazy("What happens"), sortable=False),
    Column("why", gettext_lazy("Because"), sortable=False, width="26%"),
]

may_look = permission_required("counting.view_countsession", raise_exception=True)
may_count = permission_required("counting.change_countsession", raise_exception=True)


@login_required
@require_http_methods(["GET", "POST"])
@may_look
def count_export(request, number):
    """The form; sent, it is answered by the file. A POST, because the session remembers who took its lines out."""
    session = session_for(request, number)
    form = ExportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        chosen = form.cleaned_data
        export = export_lines(
            session, layout=chosen["layout"], which=chosen["which"], by=request.user, at=timezone.now()
        )
        return download(export.name, chosen["format"], export.header, export.rows)
    context = {"session": session, "form": form}
    return render_page(request, "counting/export.html", context, partial="form", status=form_status(form))


@login_required
@require_http_methods(["GET", "POST"])
@may_count
def count_import(request, number):
    session = session_for(request, number)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_valid():
        try:
            handed_in = hand_in_counts(session, form.cleaned_data["file"], by=request.user, at=timezone.now())
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect_to(request, handed_in)
    imports = session.imports.visible_to(request.user).select_related("requested_by", "session")
    context = {
        "session": session,
        "form": form,
        "imports": imports.defer("problems", "content")[:20],
        "open": session.status == Status.DRAFT,
    }
    return render_page(request, "counting/import.html", context, partial="hand_in", status=form_status(form))


@login_required
@require_http_methods(["GET", "POST"])
@may_count
def count_import_detail(request, number, pk):
    """GET shows the dry run, or how far it is; POST takes decisions."""
    handed_in = visible(request, number, pk)
    form = DecisionsForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        others = form.cleaned_data["others"]
        try:
            decide(
                handed_in,
                form.takes(),
                others=Take(others) if others else None,
                found=form.cleaned_data["found"],
            )
        except DomainError as error:
            refuse(form, error)
        else:
            form = DecisionsForm()
    return import_page(request, handed_in, form)


@login_required
@require_http_methods(["POST"])
@may_count
def count_import_apply(request, number, pk):
    handed_in = visible(request, number, pk)
    try:
        ask_to_import(handed_in, at=timezone.now())
    except DomainError as error:
        form = DecisionsForm({})
        refuse(form, error)
        return import_page(request, handed_in, form)
    if handed_in.status == ImportStatus.APPLIED:
        recorded = handed_in.summary["recorded"]
        said = ngettext("%(n)s count is taken.", "%(n)s counts are taken.", recorded) % {"n": quantity(recorded)}
        return redirect_to(request, handed_in, toast=said)
    return redirect_to(request, handed_in)


@login_required
@require_http_methods(["GET"])
@may_count
def count_import_problems(request, number, pk):
    problems = visible(request, number, pk).problems
    rows = ((problem["file"], problem["row"] or "", problem["column"], problem["message"]) for problem in problems)
    return download(f"{number}-problems-{pk}", Format.CSV, PROBLEM_COLUMNS, rows)


def visible(request, number, pk):
    imports = session_for(request, number).imports.visible_to(request.user)
    return get_object_or_404(imports.defer("content").select_related("session__location", "requested_by"), pk=pk)


def import_page(request, handed_in, form):
    page = ImportPage(request, handed_in, form)
    context = {"page": page, "import": handed_in, "session": handed_in.session, "form": form, "listing": page.listing}
    return render_page(request, "counting/import_detail.html", context, partial="import", status=form_status(form))


class ImportPage:
    def __init__(self, request, handed_in, form):
        self.handed_in, self.form = handed_in, form
        self.summary, self.status = handed_in.summary, handed_in.status
        self.running = self.status in (ImportStatus.CHECKING, ImportStatus.ASKED)
        self.applied = self.status == ImportStatus.APPLIED
        self.outcomes = {} if self.running else handed_in.rows.per_outcome()
        self.sight = Sight.of(request.user, handed_in.session)
        self.listing = self.rows_of(request)
        self.undecided = 0 if self.running or self.applied else handed_in.rows.undecided().count()
        self.to_record = handed_in.rows.to_record(found=takes_found(handed_in)).count()

    def rows_of(self, request):
        listing = Listing(
            request,
            self.handed_in.rows.all(),
            columns=COLUMNS,
            sort="row",
            filterset=self.filterset,
            counts={"outcome": {"": sum(self.outcomes.values()), **self.outcomes}},
            label=_("Rows of %s") % self.handed_in.file_name,
        )
        faulty = {problem["row"] for problem in self.handed_in.problems}
        listing.shown = shown(listing.rows, self.sight, faulty)
        return listing

    def filterset(self, data, **kwargs):
        return ImportRowFilter(data, outcomes=self.outcomes, **kwargs)

    @property
    def problems(self):
        return self.handed_in.problems[:SHOWN]

    @property
    def problem_count(self):
        return len(self.handed_in.problems)

    @property
    def conflicts(self):
        return self.outcomes.get(Outcome.CONFLICT, 0) + self.outcomes.get(Outcome.ASKED_AGAIN, 0)

    @property
    def found(self):
        return self.outcomes.get(Outcome.FOUND, 0)

    @property
    def decides(self):
        return not self.running and not self.applied and (self.conflicts or self.found)

    @property
    def adds_found(self):
        return "yes" if takes_found(self.handed_in) else "no"

    @property
    def ready(self):
        return (
            not self.running and not self.applied and not self.problem_count and not self.undecided and self.to_record
        )

    @property
    def before(self):
        """The import in which this file was taken before, if there is one."""
        same = type(self.handed_in).objects.of_the_same_file(self.handed_in).filter(status=ImportStatus.APPLIED)
        return same.exclude(pk=self.handed_in.pk).select_related("requested_by", "session").defer("content").first()

    @property
    def figures(self):
        return [
            {"label": Outcome(outcome).label, "value": quantity(self.outcomes[outcome])}
            for outcome in Outcome.values
            if self.outcomes.get(outcome)
        ]

    @property
    def progress(self):
        return progress(self.handed_in, STEPS, STEP_WORDS)


def shown(rows, sight, faulty):
    """Each row with what its line is and, as far as this person may know it, how it was counted."""
    lines = CountLine.objects.with_names().in_bulk([row.line for row in rows if row.line])
    people = User.objects.in_bulk([row.was_by for row in rows if row.was_by])
    return [
        {
            "row": row,
            "quant": lines[row.line].quant if row.line in lines else None,
            "was": known(row, sight),
            "was_by": people.get(row.was_by) if row.was is not None else None,
            "mark": MARKS[Outcome(row.outcome)],
            "by_units": row.outcome == Outcome.LEFT and row.row not in faulty,
            "decides": row.outcome in (Outcome.CONFLICT, Outcome.ASKED_AGAIN),
        }
        for row in rows
    ]


def known(row, sight):
    """A recount is blind to the first result, also to the person who counted it."""
    if row.outcome == Outcome.ASKED_AGAIN:
        return row.was if sight.earlier else None
    return row.was if sight.others else sight.own.get(row.line)
