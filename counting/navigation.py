"""How people get to counts: the navigation, the search field, and buttons on the pages of the warehouse."""

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from counting.models import CountSession
from inventory_site.context import NavItem
from warehouse.actions import Action
from warehouse.search import Hit, first_of


def open_counts(request):
    return CountSession.objects.visible_to(request.user).open().count()


def counts_matching(user, scan):
    fitting = CountSession.objects.visible_to(user).matching(scan.text).with_names().order_by("-pk")
    return first_of(fitting, count_hit, whole=fitting.filter(number__iexact=scan.text))


def count_hit(session, *, exact):
    note = f"{session.name or session.location.name} · {session.get_status_display()}"
    return Hit(session.number, note, session.get_absolute_url(), exact)


def new_count(**scope):
    return f"{reverse('count-new')}?{urlencode(scope)}"


HOME = NavItem(_("Home"), "home", "home", order=10)
COUNTS = NavItem(_("Counts"), "counts", "list", permission="counting.view_countsession", count=open_counts, order=20)

MAY_OPEN = "counting.add_countsession"
COUNT_IT = {
    "bin": Action(
        "count",
        _("Count this bin"),
        "tally",
        lambda bin: new_count(location=bin.location.code, bins=bin.code, places_that_held_it="on"),
        MAY_OPEN,
        order=70,
    ),
    "item": Action("count", _("Count it"), "tally", lambda item: new_count(items=item.number), MAY_OPEN, order=70),
    "location": Action(
        "count", _("New count"), "tally", lambda location: new_count(location=location.code), MAY_OPEN, order=70
    ),
}
