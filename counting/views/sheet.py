"""Count sheets: looked at, then printed. Looking writes nothing; the button that prints is remembered."""

from functools import cached_property

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from counting.blindness import sees_quantities
from counting.forms import SheetForm
from counting.models import Status
from counting.sheets import draw_sheet, expected_units, note_printing, with_codes
from counting.views.access import session_for
from inventory_site.errors import DomainError
from inventory_site.pages import form_status, redirect_to, render_page
from inventory_site.parts import Part

AT_ONCE = 500  # lines a print, some 30 pages: a browser lays them out in a moment


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("counting.view_countsession", raise_exception=True)
def count_sheet(request, number):
    session = session_for(request, number)
    page = SheetPage(request, session)
    if request.method == "POST":
        return print_sheet(request, page)
    return render_page(request, "counting/sheet.html", page.context(), partial="sheets", status=form_status(page.form))


def print_sheet(request, page):
    """The same sheets again, and the browser asks for a printer."""
    if not request.user.has_perm("counting.change_countsession"):
        raise PermissionDenied
    query = request.GET.copy()
    if page.form.is_valid() and page.lines:
        try:
            note_printing(page.session, lines=len(page.lines), by=request.user, at=timezone.now(), note=page.note)
        except DomainError as error:
            return redirect_to(request, request.get_full_path(), toast=str(error), level="error")
        query["print"] = "on"
    return redirect_to(request, f"{request.path}?{query.urlencode()}")


class SheetPage:
    def __init__(self, request, session):
        self.request, self.session = request, session
        self.form = SheetForm(request.GET, session=session, sees_quantities=sees_quantities(request.user, session))
        self.printed_at = timezone.now()
        self.may_print = request.user.has_perm("counting.change_countsession")

    def context(self):
        return {"page": self, "session": self.session, "form": self.form}

    @property
    def is_counted_now(self):
        return self.session.status == Status.DRAFT

    @property
    def is_recount(self):
        return self.session.round > 1

    @property
    def title(self):
        if self.is_recount:
            said = _("Recount sheet %s")
        elif self.session.journal and self.session.location.directed:
            said = _("Warehouse physical inventory list %s")
        elif self.session.journal:
            said = _("Physical inventory list %s")
        else:
            said = _("Count sheet %s")
        return said % self.session.number

    @property
    def shows_system(self):
        """The system quantity, never a result: what an earlier round counted is on no sheet."""
        return self.form.is_valid() and bool(self.form.cleaned_data.get("system"))

    @property
    def shows_units(self):
        """The codes that are expected, to be ticked; like the system quantity never in a blind count."""
        return self.form.is_valid() and bool(self.form.cleaned_data.get("units"))

    @property
    def note(self):
        said = [(self.shows_system, _("with the system quantity")), (self.shows_units, _("with the expected units"))]
        return ", ".join(words for shown, words in said if shown)

    @cached_property
    def asked(self):
        return self.form.lines().at(self.session.location_id)

    @cached_property
    def part(self):
        total = self.asked.count() if self.is_counted_now and self.form.is_valid() else 0
        return Part(self.request, total=total, size=AT_ONCE)

    @cached_property
    def lines(self):
        """Keys first: names are read for the lines of this part only."""
        if not self.part.total:
            return []
        keys = list(self.asked.values_list("pk", flat=True)[self.part.slice])
        found = self.session.lines.with_names().in_bulk(keys)
        return with_codes(found[key] for key in keys)

    @cached_property
    def sheet(self):
        asked = {name: self.form.cleaned_data[name] for name in ("per", "blank_lines", "lot_lines")}
        asked["unit_lines"] = self.form.cleaned_data.get("unit_lines", 0)
        asked["units"] = expected_units(self.lines) if self.shows_units else None
        return draw_sheet(self.session, self.lines, first=self.part.first, **asked)

    @property
    def pages(self):
        return self.sheet.pages if self.lines else []
