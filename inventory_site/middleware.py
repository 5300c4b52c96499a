import time
import uuid

import structlog
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.utils import timezone, translation

# The admin theme is written with Alpine: inline scripts, and expressions evaluated in the browser.
ADMIN_POLICY = {"script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


# What nothing of ours asks a device for, and that other sites may not embed what is ours.
BROWSER_POLICIES = {
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "camera",
            "display-capture",
            "geolocation",
            "hid",
            "microphone",
            "payment",
            "serial",
            "usb",
        )
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
}


def browser_policies(get_response):
    def middleware(request):
        response = get_response(request)
        for name, value in BROWSER_POLICIES.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


def admin_policy(get_response):
    def middleware(request):
        response = get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response._csp_replace = ADMIN_POLICY
        return response

    return middleware


def drop_nul(get_response):
    """A NUL is no character to PostgreSQL. Scanners put some around a code; nothing of ours is called so."""

    def middleware(request):
        if "\0" in request.path_info:
            raise Http404
        request.META["QUERY_STRING"] = request.META.get("QUERY_STRING", "").replace("%00", "")
        return get_response(request)

    return middleware


def speak(get_response):
    """In the language of the page that asks, else of the person, else of the browser; and at the person's time.

    A page that stands open keeps its language, whatever its reader chooses meanwhile: what was typed there is read as
    it was typed, and the answer fits in.
    """

    def middleware(request):
        language = language_of_page(request) or getattr(request.user, "language", "")
        if language:
            request.LANGUAGE_CODE = language
        zone = getattr(request.user, "time_zone", "")
        with translation.override(request.LANGUAGE_CODE), timezone.override(zone or None):
            response = get_response(request)
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        return response

    return middleware


def language_of_page(request):
    named = request.headers.get("X-Page-Language", "")
    return named if named in dict(settings.LANGUAGES) else ""


USED_ANEW = 300  # seconds: a session is not written for every click


def stay_logged_in(get_response):
    """Whoever does something stays logged in. What a page asks by itself, again and again, is nothing that anybody
    does: it says so in a header, and a phone that lies on a shelf is logged out at last."""

    def middleware(request):
        if request.user.is_authenticated and "X-Quiet" not in request.headers:
            now, login = int(time.time()), request.user.last_login
            used = request.session.get("used") or (login.timestamp() if login else 0)
            if now - used >= USED_ANEW:
                request.session["used"] = now
        return get_response(request)

    return middleware


def log_request(get_response):
    """Every line that is logged while a request runs says which request and whose."""

    def middleware(request):
        who = request.user.get_username() if request.user.is_authenticated else None
        request_id = request.headers.get("X-Request-Id", "")[:64] or uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=request_id, user=who):
            response = get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response

    return middleware
