"""A person's own page: language and time zone, this device, and what an administrator decides."""

from django.contrib.auth.decorators import login_required
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from inventory_site.pages import form_status, redirect_to, render_page
from warehouse.forms import ProfileForm


@login_required
@require_http_methods(["GET", "POST"])
def profile(request):
    form = ProfileForm(request.POST or None, instance=request.user)
    if form.is_valid():
        person = form.save()
        with translation.override(person.language or translation.get_language_from_request(request)):
            return redirect_to(request, "profile", toast=_("Your settings are saved."))
    context = {"form": form, "locations": request.user.assignments.select_related("location").order_by("location")}
    return render_page(request, "warehouse/profile.html", context, partial="form", status=form_status(form))
