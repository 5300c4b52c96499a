"""Every page there is, in both modes, on phone and desk, enlarged, and as people set their devices.

The pages are those of tests/urls.py: who adds an address adds it there, and it is looked at here.
"""

from dataclasses import dataclass, field

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from counting.models import Status
from counting.people import apply_groups
from tests.browser.people import axe
from tests.factories import LocationFactory, UserFactory
from tests.urls import ARGUMENTS, address, given_things

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
ENLARGED = {"width": 180, "height": 400}  # 200 % of a window of 360 px
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
EVERYTHING = {"resultTypes": ["violations"]}

# What is too wide: the page itself, or something that hides what it holds. Frames of tables scroll by themselves.
STICKS_OUT = """() => {
  const named = (e) => `${e.tagName.toLowerCase()}${e.id && "#" + e.id}.${e.className?.baseVal ?? e.className}`;
  const found = [];
  const page = document.scrollingElement;
  const frames = ":is(.frame, .desk, .tabs, .chart, .sr, pre)";
  if (page.scrollWidth > page.clientWidth) {
    const wide = [...document.querySelectorAll("body *")].filter((e) => !e.closest(`${frames}, ${frames} *`)
      && e.getBoundingClientRect().right > page.clientWidth + 1 && e.checkVisibility({visibilityProperty: true}));
    found.push(`the page is ${page.scrollWidth - page.clientWidth} px too wide: ${wide.slice(-3).map(named)}`);
  }
  for (const e of document.querySelectorAll("body *")) {
    const style = getComputedStyle(e);
    if (!["hidden", "clip"].includes(style.overflowX) || e.closest(".sr, svg, dialog:not([open])")) continue;
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1 && e.textContent.trim()) found.push(`cut: ${named(e)}`);
  }
  return found;
}"""
# Nothing comes sooner to a keyboard, or to somebody who listens, than where it stands.
OUT_OF_ORDER = """() => [...document.querySelectorAll("[tabindex]")].filter((e) => e.tabIndex > 0)
  .map((e) => e.outerHTML.slice(0, 140))"""
# What a finger has to hit: the thing itself with what its ::after adds, or its label. Links in running text are as high
# as their line, and what is not shown cannot be hit.
TOO_SMALL = """() => {
  const shown = (e) => e.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && ![...ancestors(e)].some((up) => getComputedStyle(up).clipPath !== "none");
  const ancestors = function* (e) { for (; e; e = e.parentElement) yield e; };
  const size = (e) => {
    const more = getComputedStyle(e, "::after"), reaches = more.content !== "none" && more.position === "absolute";
    const base = reaches && getComputedStyle(e).position === "static" ? e.offsetParent : e;
    const box = base.getBoundingClientRect();
    const reach = reaches ? [more.left, more.right, more.top, more.bottom] : [];
    const [left, right, top, bottom] = reach.map(parseFloat).concat([0, 0, 0, 0]);
    return [Math.round(box.width - left - right), Math.round(box.height - top - bottom)];
  };
  const found = [];
  for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    if (e.matches(":disabled, .skip") || !shown(e)) continue;
    if (e.matches("a") && getComputedStyle(e).display === "inline") continue;
    const [width, height] = size(e.matches("[type=checkbox], [type=radio]") ? e.closest("label") ?? e : e);
    if (width < 48 || height < 48) found.push(`${width} x ${height}: ${e.outerHTML.slice(0, 140)}`);
  }
  return found;
}"""
# Where people ask for less motion.
MOVES = """() => {
  const takes = (e) => getComputedStyle(e).transitionDuration.split(", ").some((seconds) => parseFloat(seconds) > 0);
  return [...document.querySelectorAll("body *")]
    .filter((e) => takes(e) || getComputedStyle(e).animationName !== "none").map((e) => e.outerHTML.slice(0, 140));
}"""
# With forced colours backgrounds are gone: bars and the edges of controls must still stand off from the page.
VANISHED = """() => {
  const page = getComputedStyle(document.body).backgroundColor;
  const seen = (e) => e.checkVisibility() && e.getClientRects().length;
  const painted = (style) => style.backgroundColor !== page || style.backgroundImage !== "none";
  const edged = (e) => getComputedStyle(e).borderStyle !== "none";
  const bars = [...document.querySelectorAll(".progress i:not([data-status=uncounted])")]
    .filter((e) => !edged(e) && !painted(getComputedStyle(e)));
  const controls = [...document.querySelectorAll(".button:not(.quiet), .input, .pick")].filter((e) => !edged(e));
  return [...bars, ...controls].filter(seen).map((e) => e.outerHTML.slice(0, 140));
}"""


@dataclass
class Visit:
    page: object
    troubles: list = field(default_factory=list)
    dialogs: set = field(default_factory=set)

    def go(self, name, url):
        """Look in every way. Colours do not depend on the size of a page, so each mode is looked at in one size."""
        self.name = name
        self.page.goto(url, wait_until="load")
        self.page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
        self.page.evaluate(axe().axe_script)
        self.page.emulate_media(reduced_motion="reduce")
        self.note("moves", self.page.evaluate(MOVES))
        self.look("phone", PHONE, EVERYTHING)
        self.note("too small to hit", self.page.evaluate(TOO_SMALL))
        self.note("out of order", self.page.evaluate(OUT_OF_ORDER))
        self.look("desk, dark", DESK, CONTRAST, color_scheme="dark")
        self.opens_dialogs()
        self.page.emulate_media(forced_colors="active")
        self.note("gone with forced colours", self.page.evaluate(VANISHED))
        self.page.emulate_media(forced_colors="none", color_scheme="light")
        self.look("enlarged", ENLARGED, None)
        self.page.set_viewport_size(PHONE)

    def look(self, how, size, options, **media):
        self.page.set_viewport_size(size)
        if media:
            self.page.emulate_media(**media)
        self.note(how, self.page.evaluate(STICKS_OUT))
        if options:
            self.note(how, self.broken_rules("document", options))

    def opens_dialogs(self):
        """Each dialog once, wherever it is met first."""
        for key in self.page.evaluate("[...document.querySelectorAll('dialog[id]')].map((e) => e.id)"):
            if key not in self.dialogs:
                self.dialogs.add(key)
                self.page.evaluate("(id) => document.getElementById(id).showModal()", key)
                self.note(f"dialog {key}", self.broken_rules(f"document.getElementById('{key}')", EVERYTHING))
                self.page.evaluate("(id) => document.getElementById(id).close()", key)

    def broken_rules(self, where, options):
        found = self.page.evaluate(f"(options) => axe.run({where}, options).then((all) => all.violations)", options)
        return [f"{rule['help']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]

    def note(self, how, found):
        self.troubles += [f"{self.name}, {how}: {trouble}" for trouble in found]

    def ends(self):
        self.page.context.close()
        assert not self.troubles, "\n".join(self.troubles)


@pytest.fixture
def things():
    apply_groups()
    location = LocationFactory(code="LH1", name="Lindhafen")
    return given_things(by=UserFactory(first_name="Lena", last_name="Okafor", locations=[location]), location=location)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def visiting(browser, live_server, client):
    context = browser.new_context(
        base_url=live_server.url, locale="en-GB", viewport=PHONE, has_touch=True, is_mobile=True
    )
    for cookie in client.cookies.values():
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    return Visit(context.new_page())


def is_a_page(client, url):
    """Not a button of one, nor a part, nor a file."""
    answer = client.get(url, follow=True)
    return answer.status_code == 200 and not answer.streaming and b"<!doctype html>" in answer.content


OF_COUNTS = {name: arguments for name, arguments in ARGUMENTS.items() if "session.number" in arguments}
OTHERS = {name: arguments for name, arguments in ARGUMENTS.items() if name not in OF_COUNTS}


@pytest.mark.parametrize(
    ("status", "names"),
    [(Status.DRAFT, OTHERS), (Status.DRAFT, OF_COUNTS), (Status.COUNTED, OF_COUNTS), (Status.COMPLETED, OF_COUNTS)],
    ids=["whatever the count", "draft", "counted", "completed"],
)
def test_nothing_is_wrong_on_any_page(browser, live_server, things, status, names):
    things = things.in_stage(status)
    lena = signed_in(UserFactory(is_superuser=True))
    visit = visiting(browser, live_server, lena)

    for name in names:
        url = address(name, things)
        if is_a_page(lena, url):
            visit.go(name, url)

    visit.ends()


def test_nothing_is_wrong_for_counters_and_for_strangers(browser, live_server, things):
    ama = UserFactory(locations=[things.session.location])
    ama.groups.add(Group.objects.get(name="Counter"))
    counter, stranger = (visiting(browser, live_server, client) for client in (signed_in(ama), Client()))

    counter.go("my counts", "/")
    counter.go("not here", "/no/such/page/")
    counter.go("not allowed", address("import-stock", things))
    stranger.go("login", "/login/")
    stranger.go("sent to log in", "/stock/")

    counter.ends()
    stranger.ends()
