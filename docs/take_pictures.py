"""Take the pictures of the README: .venv/bin/python docs/take_pictures.py

Needs a database of its own (DATABASE_URL; the demonstration is loaded into it where it is empty), Redis (REDIS_URL) and
a Chromium. A scan is counted and files are handed in while the pictures are taken, so two runs differ a little.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
SAMPLES = ROOT / "ledger" / "samples"
PASSWORD = "only for taking pictures"  # noqa: S105
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1440, "height": 900}}


def main():
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "inventory_site.settings")
    django.setup()
    fill_the_database()
    sessions = the_counts()
    place = place_to_count(sessions["counting"])
    from playwright.sync_api import sync_playwright

    with served() as address, sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        for scheme, name in (("light", "count-phone"), ("dark", "count-phone-dark")):
            page = somebody(browser, address, "counter", **PHONE, color_scheme=scheme)
            count_two_lines(page, place)
            take(page, name)
        page = somebody(browser, address, "supervisor", **DESK)
        take(page, "overview")
        page.goto(sessions["counting"].get_absolute_url())
        take(page, "count")
        page.goto(f"/counts/{sessions['review'].number}/review/")
        take(page, "review")
        page.goto(f"/counts/{sessions['tools'].number}/units/")
        take(page, "units")
        page.goto(f"/counts/{sessions['counting'].number}/sheet/")
        page.locator(".paper").first.screenshot(path=PICTURES / "count-sheet.png")
        page.goto("/ledger/warehouse/")
        take(page, "ledger")
        hand_in_samples(page)
        take(page, "import")
        browser.close()


def fill_the_database():
    from django.core.management import call_command

    from counting.demo import load_demo
    from counting.demo.people import PEOPLE
    from warehouse.models import Location, User

    call_command("migrate", verbosity=0)
    if not Location.objects.exists():
        load_demo(1500)
    for person in User.objects.filter(username__in=PEOPLE):
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])


def the_counts():
    """One that is being counted, with something left, one to review, and one of units to review."""
    from counting.models import CountSession

    counts = CountSession.objects.order_by("pk")
    return {
        "counting": counts.filter(status="draft", name__contains="cycle").first(),
        "review": counts.filter(status="counted").first(),
        "tools": counts.filter(status="counted", name__startswith="Tool room").first(),
    }


@contextmanager
def served():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_for(port, seconds=30):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.2)
    raise SystemExit("The server does not start: try manage.py runserver.")


def somebody(browser, address, username, **device):
    page = browser.new_context(base_url=address, locale="en-GB", **device).new_page()
    page.goto("/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")
    return page


def count_two_lines(page, place):
    page.goto(place["address"])
    for line, in_packs, text in place["lines"]:
        shown = page.locator(f"#line-{line}")
        if shown.get_attribute("open") is None:
            shown.locator("summary").click()
        if in_packs:
            shown.locator(".switch label").last.click()
            shown.locator(".switch label:last-child :checked").wait_for(state="attached")
        shown.get_by_role("textbox").fill(text)
        shown.get_by_role("textbox").press("Tab")
        shown.locator("summary .qty", has_not_text="–").wait_for()
    page.get_by_label("Scan a bin, item, lot, serial number or tag").focus()


def place_to_count(session):
    """The bin where most is left: its first line, as it is in the book, and the second in packs, with two missing."""
    from django.db.models import Count

    left = session.lines.filter(counted_quantity=None, quant__quantity__gte=24, quant__item__units__isnull=False)
    fullest = left.values("quant__bin", "quant__bin__code").annotate(lines=Count("pk")).order_by("-lines").first()
    first, second = left.filter(quant__bin=fullest["quant__bin"]).order_by("quant__item__number", "pk")[:2]
    return {
        "address": f"/counts/{session.number}/count/?bin={fullest['quant__bin__code']}",
        "lines": [(first.pk, False, f"{first.quant.quantity:f}"), (second.pk, True, in_packs(second.quant, missing=2))],
    }


def in_packs(quant, *, missing):
    """So many whole packs, and the rest: 4 + 3."""
    packs, rest = divmod(quant.quantity - missing, quant.item.units.order_by("quantity_per").last().quantity_per)
    return f"{packs:f} + {rest:f}"


def hand_in_samples(page):
    page.goto("/stock/import/")
    names = ("locations.csv", "bins.csv", "items.csv", "stock.csv")
    page.get_by_label("Files").set_input_files([SAMPLES / name for name in names])
    page.get_by_role("button", name="Check the files").click()
    page.get_by_text("Will be created").wait_for()


def take(page, name):
    page.wait_for_load_state("networkidle")
    page.locator("#working.on").wait_for(state="detached")
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
