"""One URL, one view, page or partial. How a page of Truecount is written:

    # warehouse/pages.py
    @require_http_methods(["GET"])
    @permission_required("warehouse.view_item", raise_exception=True)
    def items(request):
        listing = Listing(
            request, Item.objects.visible_to(request.user), filterset=ItemFilter, sort="number",
            columns=[Column("number", _("Item"), "number"), Column("on_hand", _("On hand"), num=True)],
        )
        return render_page(request, "warehouse/items.html", {"listing": listing}, partial="list")

    {# templates/warehouse/items.html: our tags, i18n, static and partials are built in, no {% load %} #}
    {% extends "base.html" %}
    {% block title %}{% translate "Items" %}{% endblock %}
    {% block heading %}{% include "components/heading.html" with title=... note=... back_url=... only %}{% endblock %}
    {% block main %}
      {% include "components/filters.html" with listing=listing only %}
      {% partialdef list inline %}
      <div class="stack" id="list">
        {% if listing %}
        <div class="frame"><table class="data">
          {% include "components/head.html" with listing=listing only %}
          <tbody>{% for item in listing.rows %}<tr> ... <td class="num" data-label="On hand">{{ n|quantity }}
        </table></div>
        {% include "components/pages.html" with listing=listing only %}
        {% else %}{% include "components/empty.html" with title=... text=... listing=listing only %}{% endif %}
      </div>
      {% endpartialdef %}
    {% endblock %}

A form: one form, one verb, one render. A broken rule is 422 with the same partial; afterwards one goes on.

    form = IssueForm(request.POST or None, ...)
    if form.is_valid():
        try:
            register = issue(..., by=request.user)
        except DomainError as error:
            refuse(form, error)                       # LinesRefused too: components/form.html lists its lines
        else:
            return redirect_to(request, register, toast=_("%(number)s is posted.") % {"number": register.number})
    return render_page(request, "ledger/issue.html", {"form": form}, partial="form", status=form_status(form))

`toast(render_page(...), text, undo_url=...)` says a sentence after a partial (HX-Trigger); after a redirect
`redirect_to(..., toast=...)` does. Links and forms swap a whole part by its id: `hx-get` or `hx-post` with
`hx-target="#x" hx-select="#x" hx-swap="outerHTML"`; thanks to `hx-select` the answer may be page or partial. Every such
link has a working `href`. No inline script, and no `hx-on`, event filters or `js:` (our content policy forbids
evaluation). `aria-keyshortcuts="s"` on a control makes a shortcut (see static/app.js). A dialog opens by
`command="show-modal" commandfor="its-id"`, or when an answer brings `<dialog data-open>` into `#dialogs`.

Components, always `with ... only`: the first lines of each file in templates/components say what it takes.
Tags and filters: inventory_site/templatetags/truecount.py. Lists: listing.py. Tabs of an object: tabs.py. Navigation,
location in the top bar: context.py.
"""

from django.contrib import messages
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from inventory_site.listing import Column, Listing

__all__ = [
    "Column",
    "Listing",
    "form_status",
    "redirect_to",
    "refuse",
    "render_page",
    "said",
    "toast",
    "wants_partial",
]

LEVELS = {
    "completed": messages.SUCCESS,
    "recorded": messages.INFO,
    "variance": messages.WARNING,
    "error": messages.ERROR,
}
STATUSES = {level: status for status, level in LEVELS.items()}
VARIES = ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"]


def wants_partial(request):
    """A boosted link and a step back in history want the page, although htmx asks."""
    return bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request


def render_page(request, template, context=None, *, partial=None, status=200):
    """The page, or for htmx its `partial` alone, with what waited to be said."""
    alone = bool(partial) and wants_partial(request)
    response = render(request, f"{template}#{partial}" if alone else template, context, status=status)
    patch_vary_headers(response, VARIES)
    patch_cache_control(response, private=True, no_cache=True)
    if alone:
        for sentence in said(request):
            trigger_client_event(response, "toast", sentence)
    return response


def toast(response, text, level="completed", undo_url=None):
    """Say a sentence beside a partial; `level` is a status: completed, recorded, variance or error."""
    return trigger_client_event(response, "toast", {"text": str(text), "status": level, "undo": undo_url or ""})


def redirect_to(request, to, *args, toast=None, level="completed", undo_url=None, **kwargs):
    """Go on to another page, which says the sentence. With htmx the browser itself goes there."""
    if toast:
        messages.add_message(request, LEVELS.get(level, messages.INFO), toast, extra_tags=undo_url or "")
    if request.htmx:
        return HttpResponseClientRedirect(resolve_url(to, *args, **kwargs))
    return redirect(to, *args, **kwargs)


def said(request):
    """The messages that wait for this person, each {"text", "status", "undo"}; reading them takes them away."""
    return [
        {"text": str(message), "status": STATUSES.get(message.level, "recorded"), "undo": message.extra_tags}
        for message in messages.get_messages(request)
    ]


def refuse(form, error):
    """Show a DomainError in a form: the sentence on top and, where many lines are wrong, each of them."""
    form.add_error(None, error)
    form.line_errors = getattr(error, "errors", ())


def form_status(form):
    return 422 if form.is_bound and form.errors else 200
