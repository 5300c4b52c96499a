"""Lines of a count out into a spreadsheet."""

from django.contrib.auth.decorators import login_required, permission_required
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from counting.exporting import export_lines
from counting.spreadsheet_forms import ExportForm
from counting.views.access import session_for
from inventory_site.pages import form_status, render_page
from warehouse.exporting import download


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("counting.view_countsession", raise_exception=True)
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
