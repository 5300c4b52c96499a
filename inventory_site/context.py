"""What the frame of every page shows: navigation, the location, search, the person.

    # counting/apps.py, in ready()
    navigation.add(NavItem(_("Counts"), "counts", "list", permission="counting.view_countsession",
                           count="counting.pages.open_counts", order=20))
    # warehouse/apps.py, in ready(): callable(request) -> something with code and name, or None
    frame.location = "warehouse.pages.usual_location"

On a phone the first five items make the bar; the others are found in the account menu.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from inventory_site.pages import said
from inventory_site.visibility import CLOSED, closed_to

ON_A_PHONE = 5
THEMES = ("light", "dark")
THEME_COOKIE = "theme"


@dataclass(frozen=True)
class NavItem:
    """`count(request)` is the number beside the label; `groups`, where given, names the groups that see the item."""

    label: str
    url_name: str
    icon: str
    permission: str | None = None
    count: str | Callable | None = None
    groups: tuple = ()
    order: int = 50
    under: tuple = ()  # further beginnings of paths that belong to it: ("/documents/",)
    url: str = ""
    current: bool = False
    number: int | None = None


class Navigation:
    def __init__(self):
        self.items = {}

    def add(self, *items):
        self.items |= {item.url_name: item for item in items}

    def for_request(self, request):
        seen = [resolved(item) for item in self.items.values() if may_see(request, item)]
        shown = sorted((item for item in seen if item.url), key=lambda item: item.order)
        here = current(shown, request.path)
        return [replace(item, current=item is here, number=number(request, item)) for item in shown]


@dataclass
class Frame:
    location: str | Callable | None = None


navigation = Navigation()
frame = Frame()


def shell(request):
    return {"shell": Shell(request)}


class Shell:
    """Read when a page is drawn; a partial pays nothing for it."""

    def __init__(self, request):
        self.request = request
        self.user = getattr(request, "user", None)

    @property
    def known(self):
        return self.user is not None and self.user.is_authenticated

    @cached_property
    def navigation(self):
        return navigation.for_request(self.request) if self.known else []

    @property
    def more(self):
        return self.navigation[ON_A_PHONE:]

    @cached_property
    def location(self):
        return called(frame.location, self.request) if self.known and frame.location else None

    @cached_property
    def groups(self):
        return [gettext(group.name) for group in self.user.groups.all()] if self.known else []

    @property
    def closed_locations(self):
        return closed_to(self.request) if self.known else frozenset()

    @property
    def closed(self):
        """Why some figures are missing, where quantities are closed to this person. A page of one place, count or
        document asks first whether it is there."""
        return CLOSED if self.closed_locations else ""

    @property
    def theme(self):
        chosen = self.request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else ""

    @property
    def home_url(self):
        return address("home") or "/"

    @property
    def search_url(self):
        return address("search") or address("items")

    @property
    def searched(self):
        return self.request.GET.get("q", "")[:200] if self.request.path == self.search_url else ""

    @property
    def theme_url(self):
        return address("theme")

    @property
    def admin_url(self):
        return address("admin:index") if self.known and self.user.is_staff else ""

    @property
    def profile_url(self):
        return address("profile")

    @cached_property
    def toasts(self):
        return said(self.request) if hasattr(self.request, "_messages") else []


def resolved(item):
    return replace(item, url=address(item.url_name))


def may_see(request, item):
    user = request.user
    if item.permission and not user.has_perm(item.permission):
        return False
    return not item.groups or user.is_superuser or any(group.name in item.groups for group in user.groups.all())


def current(items, path):
    """The item whose address is the longest beginning of where we are; the root only where it is all."""
    fitting = [
        (len(start), item)
        for item in items
        for start in (item.url, *item.under)
        if path == start or (start != "/" and path.startswith(start))
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def number(request, item):
    return called(item.count, request) if item.count else None


def called(view, *args):
    return (import_string(view) if isinstance(view, str) else view)(*args)


def address(name):
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
