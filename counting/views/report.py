"""The discrepancy report: on paper, or as a file. For those who review, and for auditors."""

from functools import cached_property

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from counting.forms import ReportForm
from counting.models import Status
from counting.reporting import Report, export_report
from counting.reversing import documents_of
from counting.unit_differences import read_once, unmatched
from counting.views.access import sees_evidence_of, session_for
from counting.views.standing import SessionPage
from inventory_site.pages import form_status, render_page
from inventory_site.parts import Part
from warehouse.exporting import Format, download

AT_ONCE = 1_000  # lines a print, some 40 pages


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("counting.view_countsession", raise_exception=True)
def count_report(request, number):
    """Looked at by GET. A POST takes it out as a file: the session remembers who did."""
    session = session_for(request, number)
    if not sees_evidence_of(request.user, session):
        raise PermissionDenied
    page = ReportPage(request, session)
    if request.method == "POST" and page.report:
        return page.file(request.POST.get("format"))
    context = {"page": page, "session": session, "form": page.form}
    with read_once(session):
        return render_page(request, "counting/report.html", context, partial="report", status=form_status(page.form))


class ReportPage(SessionPage):
    def __init__(self, request, session):
        super().__init__(request, session)
        self.printed_at = timezone.now()
        has_units = session.lines.serialized().exists()
        self.form = ReportForm(request.GET, sees_values=self.show_values, has_units=has_units)
        self.report = Report(session, **self.form.what()) if self.form.is_valid() else None

    @property
    def costs(self):
        return bool(self.report and self.form.cleaned_data.get("costs"))

    @property
    def units(self):
        return bool(self.report and self.form.cleaned_data.get("units"))

    @property
    def columns(self):
        """Of the table, for the cells that go all the way across it."""
        return 9 + 2 * self.costs + self.report.is_final

    @property
    def standing(self):
        """What the figures are: proposals, what was posted, or neither."""
        session = self.session
        posted = documents_of(session) if session.status == Status.COMPLETED else []
        if posted:
            return self.posted % ", ".join(document.number for document in posted)
        return {
            Status.DRAFT: _("While it is being counted. Nothing is posted."),
            Status.COUNTED: _("Before posting."),
            Status.COMPLETED: _("Completed. Nothing had to be posted."),
            Status.CANCELLED: _("Cancelled. Nothing was posted."),
        }[session.status]

    @property
    def posted(self):
        if self.is_reversed:
            return _("As posted by %s, and taken back since.")
        return _("As posted by %s, and taken back in part.") if self.reversals else _("As posted by %s.")

    @cached_property
    def part(self):
        return Part(self.request, total=self.report.totals.lines if self.report else 0, size=AT_ONCE)

    @cached_property
    def groups(self):
        if not self.part.total:
            return []
        keys = self.report.lines.values_list("pk", flat=True)[self.part.slice]
        lines = self.report.with_names(keys)
        sides = unmatched(self.session, [line.pk for line in lines]) if self.units else {}
        for line in lines:
            line.unmatched = sides.get(line.pk)
        return self.report.groups(lines)

    def file(self, format):
        format = format if format in Format.values else Format.XLSX
        headings, rows = export_report(
            self.report, costs=self.costs, units=self.units, by=self.request.user, at=timezone.now()
        )
        name = "-".join([self.session.number, _("discrepancies")])
        return download(name, format, headings, rows)
