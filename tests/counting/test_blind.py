"""While a blind count is open, nothing that a counter can get from the server tells a quantity of its location.

Everything is asked for twice, with two sets of figures in the books: what comes back must be the same to the letter.
"""

import re
from contextlib import contextmanager
from decimal import Decimal
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from counting.models import CountSession
from tests.counting.given import count
from tests.factories import UserFactory
from tests.pages import HTMX
from tests.urls import ARGUMENTS, address, given_things, names

pytestmark = pytest.mark.django_db

SOME = UUID(int=8317)
BOOK, SYSTEM, COUNTED, MOVED, COST = map(Decimal, ("8317.25", "7129.5", "6043.125", "1187.75", "316.4"))

# What an address is asked besides as it stands: filters, orders, tabs and modes that would tell something.
QUERIES = {
    "home": ["view=mine", "scan=A-01-01"],
    "counts": ["sort=found", "sort=-found", "stage=completed"],
    "count-detail": [
        *(f"state={state}" for state in ("off", "matched", "added", "counted", "uncounted", "recount")),
        *("sort=counted", "sort=-counted", "sort=discrepancy", "sort=-book", "margin=1"),
    ],
    "count-entry": ["bin=A-01-01", "bin=A-01-01&page=2"],
    "count-bins": ["all=1"],
    "count-sheet": ["system=on", "which=left&per=bin&system=on", "units=on&unit_lines=3"],
    "count-report": ["order=value&zero=on&costs=on", "units=on"],
    "count-units": ["verdict=transfer"],
    "count-activity": ["what=counted", "what=scanned", "by={line.counted_by_id}"],
    "count-lines": ["bin=A-01-01", "bin=A-01-01&seen={line.pk}:0:0"],
    "count-line": ["mode=add", "begun=0", "mode=add&begun=0"],
    "stock": ["sort=quantity", "sort=-quantity", "empty=on", "bin=A-01"],
    "items": ["sort=on_hand", "q=HW"],
    "bins": ["sort=quants_in_stock"],
    "item-ledger": ["item=HW-1001", "sort=quantity"],
    "warehouse-ledger": ["quant={quant.pk}", "sort=-quantity"],
    "suggest-items": ["item=HW"],
    "suggest-bins": ["bin=A-01&location=LH1"],
    "search": ["q=HW-1001", "q=A-01", "q=E25-347", "q=SC-"],
    "receive": ["quant={quant.pk}"],
    "issue": ["quant={quant.pk}"],
    "move": ["quant={quant.pk}"],
    "transfer": ["quant={quant.pk}"],
    "item-detail": [f"tab={tab}" for tab in ("stock", "lots", "counts", "value", "entries", "item-entries")]
    + ["tab=counts&state=off", "tab=counts&sort=-counted", "tab=stock&sort=-quantity"],
    "bin-detail": ["tab=stock", "tab=stock&sort=-quantity", "tab=entries", "tab=counts&state=off"],
    "location-detail": ["tab=stock", "tab=stock&sort=quantity", "tab=bins", "tab=value", "tab=documents"],
    "document-detail": ["tab=entries", "tab=item-entries", "tab=count"],
}


def said(things, **more):
    return {"client_id": SOME, "bin": "A-01-01", **more}


def typed(things, quantity, **more):
    """One line of a document that takes from the bin, or brings to it."""
    line = {"item": "HW-1001", "bin": "A-01-01", "to_bin": "A-01-02", "quantity": quantity}
    head = {"request_id": SOME, "location": "LH1", "other_location": "LH2", "posting_date": "2026-11-20"}
    forms = {"lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0"}
    return head | forms | {f"lines-0-{name}": value for name, value in line.items()} | more


# What is sent to an address. Those that are not here are sent an empty form.
SENT = {
    "count-set": [{"quantity": "5"}, {"quantity": "5", "mode": "add"}, {"quantity": "x"}, {"quantity": ""}],
    "count-step": [{"step": "1"}, {"step": "-1"}],
    "count-clear": [{}],
    "count-scan": [
        *({"code": code} for code in ("HW-1001", "4006381333931", "E25-347", "A-01-02", "XJ-90", "", "9" * 4000)),
    ],
    "count-undo": [{"line": "{line.pk}", "last": SOME}, {"line": "{line.pk}", "last": SOME, "many": "1"}],
    "count-found": [{"item": "{item.pk}", "quantity": "3", "code": "HW-1001"}],
    "count-put-aside": [{"code": "XJ-90"}],
    "count-empty": [{}],
    "count-as-expected": [{"seen": "{line.pk}:99999:0"}],
    "count-finish": [{}, {"sure": "1"}, {"sure": "1", "none-{line.pk}": "1"}],
    "receive": [{**typed(None, "2")}],
    "issue": [typed(None, "2"), typed(None, "99999999")],
    "move": [typed(None, "2"), typed(None, "99999999")],
    "transfer": [typed(None, "99999999")],
    "adjust": [{"request_id": SOME, "seen_entry": "1", "quantity": "4", "note": "Looked"}],
    "count-export": [
        {"layout": layout, "which": which, "format": "csv"}
        for layout in ("truecount", "openboxes", "odoo", "erpnext")
        for which in ("all", "counted")
    ],
}


FILES = ("count-export", "count-report")


# Who asks


def given_counter(*groups, location):
    person = UserFactory(locations=[location], is_staff="Auditor" in groups)
    person.groups.set(Group.objects.filter(name__in=groups))
    client = Client()
    client.person = person
    client.force_login(person)
    return client


@pytest.fixture(params=["Counter", "Counter, Planner and Auditor"])
def world(request):
    """A blind count of one bin is open; somebody else has counted one of its lines, the person who asks the other."""
    groups = ["Counter"] if request.param == "Counter" else ["Counter", "Planner", "Auditor"]
    things = given_things()
    CountSession.objects.filter(pk=things.session.pk).update(blind=True)
    client = given_counter(*groups, location=things.bin.location)
    count(things.session.lines.filter(serialized=False).order_by("pk").last(), 13, by=client.person)
    yield client, things


def figures_become(book, system, counted, moved, cost, *, person):
    """Other figures in the books, in the counts of others and in all ledgers, past every law."""
    everything = [
        ("UPDATE warehouse_quant SET quantity = %s", [book]),
        ("UPDATE counting_countline SET system_quantity = %s, book_quantity = %s, unit_cost = %s"
         " WHERE counted_quantity IS NOT NULL", [system, book, cost]),
        ("UPDATE counting_countline SET system_quantity = %s WHERE counted_quantity IS NULL", [system]),
        ("UPDATE counting_countline SET counted_quantity = %s WHERE counted_by_id <> %s", [counted, person.pk]),
        ("UPDATE counting_countline SET adjustment = %s WHERE adjustment IS NOT NULL", [counted]),
        ("UPDATE counting_countentry SET quantity = %s WHERE by_id <> %s AND quantity IS NOT NULL",
         [counted, person.pk]),
        ("UPDATE counting_countsession SET completion_digest = jsonb_build_object('lines', '1', 'plus', %s::text,"
         " 'minus', '0', 'value', %s::text) WHERE completion_digest IS NOT NULL", [moved, moved]),
        ("UPDATE ledger_warehouseentry SET quantity = %s", [moved]),
        ("UPDATE ledger_itemledgerentry SET quantity = %s", [moved]),
        ("UPDATE ledger_valueentry SET amount = %s", [moved]),
        ("UPDATE ledger_stockvalue SET quantity = %s, value = %s", [book, book]),
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement, params in everything:
            cursor.execute(statement, params)
        cursor.execute("SET LOCAL session_replication_role = origin")


# What is asked, and what came back


def filled(text, things):
    return text.format(line=things.line, quant=things.quant, item=things.item) if isinstance(text, str) else text


def everything_asked(client, things):
    """(what was asked, the answer) for every address: as page and as partial, with its queries, and sent to.

    People with more rights get the same partials and the same answers to what they count: they are asked for less.
    """
    for name in [name for name in ARGUMENTS if name != "logout"]:
        url = address(name, things)
        if not client.person.is_staff:
            yield f"partial {url}", client.get(url, headers=HTMX)
        for query in ["", *QUERIES.get(name, [])]:
            asked = f"{url}{'&' if '?' in url else '?'}{filled(query, things)}" if query else url
            yield asked, client.get(asked)
        sent = SENT.get(name, [{}]) if not client.person.is_staff or name in FILES else []
        for number, data in enumerate(sent):
            data = {filled(key, things): filled(value, things) for key, value in said(things, **data).items()}
            for headers in ({}, HTMX) if name in SENT else ({},):
                with undone():
                    yield f"POST {url} {number} {len(headers)}", client.post(url, data, headers=headers)
    if client.person.is_staff:
        yield from admin_asked(client)


def admin_asked(client):
    for model in admin.site._registry:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        yield url, client.get(url)
        for row in model._default_manager.order_by("pk")[:1]:
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
            yield url, client.get(url)


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


OF_THE_MOMENT = ("Content-Length", "Expires", "X-Request-Id")
WHAT_DIFFERS_ANYWAY = re.compile(
    r"""
    (?<=csrfmiddlewaretoken"\ value=)"[^"]+" | "X-CSRFToken":\s*"[^"]+"
    | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
    | \d{4}-\d\d-\d\dT[\d:.+]+ | \b\d\d:\d\d\b
    | \b[A-Z]{2}-\d+\b
    """,
    re.VERBOSE,
)
MADE_OF_THE_TIME = re.compile(r'(?<=name="seen" value=)"[^"]+"')


def heard(asked, response):
    """An answer without what differs from one time to the next; in what a count answers also the line's version."""
    body = b"".join(response).decode() if response.streaming else response.content.decode(errors="replace")
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(response.items()) if name not in OF_THE_MOMENT)
    text = WHAT_DIFFERS_ANYWAY.sub("", f"{response.status_code}\n{headers}\n{body}")
    return MADE_OF_THE_TIME.sub("", text) if asked.startswith("POST") else text


def ways_to_write(number):
    whole, _point, rest = f"{abs(number):f}".partition(".")
    groups = [f"{int(whole):,}".replace(",", mark) for mark in ("", ",", ".", " ", "\u202f", "\xa0", "’")]
    return {f"{group}{point}{rest}" for group in groups for point in ".,"}


FIGURES = [BOOK, SYSTEM, COUNTED, MOVED, COST, COUNTED - BOOK, COUNTED - SYSTEM, BOOK - SYSTEM]
WRITTEN = sorted({each for number in FIGURES for each in ways_to_write(number)})


def test_nothing_that_a_counter_can_get_depends_on_a_quantity_of_a_blind_count(world):
    client, things = world
    figures_become(BOOK, SYSTEM, COUNTED, MOVED, COST, person=client.person)
    first = {asked: heard(asked, answer) for asked, answer in everything_asked(client, things)}
    told = {asked: [figure for figure in WRITTEN if figure in answer] for asked, answer in first.items()}

    figures_become(*map(Decimal, (51, 52, 51, 3, 7)), person=client.person)
    second = {asked: heard(asked, answer) for asked, answer in everything_asked(client, things)}

    assert {asked: figures for asked, figures in told.items() if figures} == {}
    differing = [asked for asked in first if first[asked] != second[asked]]
    assert differing == [], "\n".join(f"{asked}: {differences(first[asked], second[asked])}" for asked in differing)


def differences(one, other):
    pairs = zip(one.splitlines(), other.splitlines(), strict=False)
    return [f"{mine.strip()}\n{theirs.strip()}" for mine, theirs in pairs if mine != theirs][:5]


def test_every_address_is_asked():
    assert set(names()) == set(ARGUMENTS)
    assert QUERIES.keys() | SENT.keys() <= ARGUMENTS.keys()
