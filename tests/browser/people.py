"""Somebody with a browser: what they do there, and what must hold on every page that they look at."""

import os
import time
from functools import cache
from pathlib import Path

from django.test import Client
from playwright.sync_api import expect

PASSWORD = "as long as a password has to be"
# Where to leave a picture of every page that is looked at.
PICTURES = os.environ.get("BROWSER_PICTURES")
FNC1 = "\x1d"
BETWEEN_KEYS = 0.004  # seconds; a scanner types some 250 characters in one
AFTER_A_SCAN = 320  # milliseconds in which no hand types; what some scanners add is swallowed by the page
EXPECTED = (403, 404, 422)  # what a page may answer; that a person sees it is for the test to say
# Statuses are looked at by themselves; a newer question takes the place of an older one.
HARMLESS = ("Failed to load resource", "htmx:afterRequest", "htmx:sendAbort")


class Person:
    def __init__(self, context, user, address):
        self.context, self.user, self.address = context, user, address
        self.page = context.new_page()
        self.troubles, self.seen = [], set()
        self.page.on("pageerror", lambda error: self.troubles.append(f"{self.page.url}: {error}"))
        self.page.on("console", self.hear)
        self.page.on("response", self.receive)

    def hear(self, message):
        if message.type == "error" and not message.text.startswith(HARMLESS):
            self.troubles.append(f"{self.page.url}: {message.text}")

    def receive(self, response):
        if response.status >= 400 and response.status not in EXPECTED:
            self.troubles.append(f"{response.url}: {response.status}")

    # Getting about

    def comes_in(self):
        """To the first page, logged in already: how that is done is told by the journey."""
        client = Client()
        client.force_login(self.user)
        (cookie,) = client.cookies.values()
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        self.page.goto("/")
        return self

    def log_in(self):
        self.page.goto("/")
        self.types_name_and_password()
        self.looks("login")
        self.press("Log in")
        return self

    def types_name_and_password(self):
        self.page.get_by_label("Username").fill(self.user.username)
        self.page.get_by_label("Password").fill(PASSWORD)

    def goes(self, address):
        self.page.goto(address)

    def follows(self, name, inside="body", **options):
        self.page.locator(inside).get_by_role("link", name=name, **options).first.click()

    def press(self, name, **options):
        self.page.get_by_role("button", name=name, **options).first.click()

    def reads(self, text, where="body"):
        expect(self.page.locator(where)).to_contain_text(text)

    # Scanning: a burst of keys with times of its own, so that a busy machine is no slow scanner

    def scans(self, code, expecting=None):
        session = self.context.new_cdp_session(self.page)
        now = time.time()
        for place, key in enumerate([*code, "Enter"]):
            for kind in ("keyDown", "keyUp"):
                moment = now + place * BETWEEN_KEYS
                session.send("Input.dispatchKeyEvent", {"type": kind, "timestamp": moment, **described(key, kind)})
        session.detach()
        self.page.wait_for_timeout(AFTER_A_SCAN)
        if expecting:
            self.reads(expecting, "#said")

    # What holds everywhere

    def looks(self, name):
        """Nothing is under way any more, nothing sticks out, and axe has nothing to say. Once for a name."""
        if name in self.seen:
            return
        self.seen.add(name)
        expect(self.page.locator("#working.on")).to_have_count(0)
        if PICTURES:
            self.take_picture(name)
        self.fits()
        broken = broken_rules(self.page)
        assert not broken, "\n".join(broken)

    def fits(self):
        width = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(width) <= 0, f"{self.page.url} is wider than its window."

    def take_picture(self, name):
        size = self.page.viewport_size["width"]
        for whole in (False, True):
            path = Path(PICTURES) / f"{name}-{size}{'-whole' if whole else ''}.png"
            self.page.screenshot(path=path, full_page=whole)


def described(key, kind):
    """A key for the browser's own protocol."""
    if key == FNC1:
        return {"key": "F8", "code": "F8"}
    if key == "Enter":
        return {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r" if kind == "keyDown" else ""}
    return {"key": key, "text": key if kind == "keyDown" else ""}


@cache
def axe():
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


def broken_rules(page):
    violations = axe().run(page).response["violations"]
    return [
        f"{page.url}: {rule['help']}: {node['target']} {node['html'][:200]}"
        for rule in violations
        for node in rule["nodes"]
    ]
