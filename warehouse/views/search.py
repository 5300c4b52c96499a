from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from inventory_site.errors import DomainError
from inventory_site.pages import render_page, wants_partial
from warehouse.search import search as find
from warehouse.search import the_one_meant


@login_required
@require_http_methods(["GET"])
def search(request):
    """What fits a text, by kind of thing; the one thing that is exactly meant is shown at once."""
    text, groups, error = request.GET.get("q", "").strip()[:200], [], None
    try:
        groups = find(request.user, text) if text else []
    except DomainError as refused:
        error = refused
    meant = the_one_meant(groups)
    if meant and not wants_partial(request):
        return redirect(meant.url)
    context = {"q": text, "groups": groups, "error": error}
    return render_page(request, "warehouse/search.html", context, partial="list", status=422 if error else 200)
