from hashlib import sha256

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from inventory_site.context import THEME_COOKIE, THEMES
from inventory_site.pages import form_status, redirect_to, render_page

A_YEAR = 365 * 24 * 3600


@sensitive_post_parameters()
def login(request):
    """Who was logged out meanwhile goes to this page whole, and comes back to where they were."""
    if request.htmx:
        query = urlencode({"next": request.htmx.current_url_abs_path or "/"})
        return HttpResponseClientRedirect(f"{reverse('login')}?{query}")
    return LoginView.as_view(redirect_authenticated_user=True)(request)


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def change_password(request):
    form = PasswordChangeForm(request.user, request.POST or None)
    if form.is_valid():
        update_session_auth_hash(request, form.save())
        return redirect_to(request, "home", toast=_("Your password is changed."))
    template = "registration/password_change_form.html"
    return render_page(request, template, {"form": form}, partial="form", status=form_status(form))


@require_POST
def theme(request):
    """Remember light or dark on this device; "auto" forgets it."""
    chosen = request.POST.get("theme", "")
    if chosen not in (*THEMES, "auto"):
        return HttpResponseBadRequest("light, dark or auto")
    if request.htmx:
        response = trigger_client_event(HttpResponse(status=204), "theme", {"theme": chosen})
    else:
        response = redirect(came_from(request))
    if chosen == "auto":
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    else:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=A_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    return response


@require_safe
@cache_control(no_cache=True)
def offline(request):
    """For the service worker to keep: nothing of a person or of a request is in it."""
    return HttpResponse(render_to_string("offline.html"))


@require_safe
@cache_control(no_cache=True)
def worker(request):
    """The service worker; at the root of the site, since it serves nothing above its own address."""
    version = sha256(render_to_string("offline.html").encode()).hexdigest()[:12]
    return render(request, "worker.js", {"version": version}, content_type="text/javascript")


def came_from(request):
    url = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe else "/"
