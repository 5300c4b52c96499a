"""Who may go where: one row for each address, for looking (GET) and for doing (POST), at one's own location.

C counters, S supervisors, P planners, A auditors, N people of no group, * also who is not logged in. Administrators may
go everywhere. "-": the address does not know the method. Whoever may go there at their own location finds nothing at
another one, where the address names something that lies at a location: a count, a line, a bin, a document. Imports are
there for the person who handed them in, here a supervisor.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.factories import LocationFactory, UserFactory
from tests.urls import ARGUMENTS, address, given_things

RULES = """
    login                 *      *
    logout                -      *
    password_change       CSPAN  CSPAN
    profile               CSPAN  CSPAN
    theme                 -      *
    offline               *      -
    worker                *      -
    home                  CSPAN  -
    search                CSPAN  -

    counts                CSPA   -
    count-new             SP     SP
    count-detail          CSPA   -
    count-activity        CSPA   CS
    count-mark            -      CS
    count-refresh         -      S
    count-clear-counts    -      S
    count-misplaced       SPA    S
    count-units           SPA    S
    count-reopen          -      S
    count-cancel          -      S
    count-export          CSPA   CSPA
    count-sheet           CSPA   CS
    count-import          CS     CS
    count-import-detail   S      S
    count-import-apply    -      S
    count-import-problems S      -
    count-report          SPA    SPA
    count-review          SPA    S
    put-aside-settle      -      S
    count-reverse         S      S
    count-complete        S      S

    count-journal         CS     CS
    count-journal-line    -      CS
    count-entry           CS     -
    count-bins            CS     -
    count-lines           CS     -
    count-line            CS     -
    count-set             -      CS
    count-step            -      CS
    count-clear           -      CS
    count-line-units      CS     -
    count-take-back       -      CS
    count-all-present     -      CS
    count-none-here       -      CS
    count-units-quantity  -      CS
    count-burst           -      CS
    count-burst-undo      -      CS
    count-scan            -      CS
    count-undo            -      CS
    count-found           -      CS
    count-put-aside       -      CS
    count-empty           -      CS
    count-as-expected     -      CS
    count-finish          -      CS

    searches              CSPA   -
    search-detail         CSPA   -
    search-found          -      CS
    search-assign         -      S
    search-write-off      -      S

    item-ledger           SPA    -
    warehouse-ledger      SPA    -
    adjustment-bins       SPA    -
    synchronise           S      S
    direct-location       S      S
    documents             SPA    -
    document-detail       SPA    -
    document-reverse      S      S
    journals              SPA    -
    journal-new           S      S
    journal               SPA    S
    journal-scan          -      S
    journal-add           S      S
    journal-bins          S      S
    journal-delete-lines  -      S
    journal-head          S      S
    journal-delete        -      S
    journal-post          S      S
    journal-standard      S      S
    standard-journals     SPA    -
    standard-journal      SPA    -
    standard-journal-delete -    S
    item-adjust           S      S
    import-stock          S      S
    import-sample         S      -
    import-detail         S      S
    import-apply          -      S
    import-problems       S      -
    receive               CS     CS
    issue                 CS     CS
    move                  CS     CS
    transfer              CS     CS
    adjust                S      S

    stock                 CSPA   -
    items                 CSPA   -
    suggest-items         CSPA   -
    item-detail           CSPA   -
    units                 CSPA   -
    unit-detail           CSPA   -
    bins                  CSPA   -
    suggest-bins          CSPA   -
    bin-detail            CSPA   -
    locations             CSPA   -
    location-detail       CSPA   -
    bin-labels            CSPA   -
    item-labels           CSPA   -
    lot-labels            CSPA   -
    unit-labels           CSPA   -
"""
pytestmark = pytest.mark.django_db

GROUPS = {"C": "Counter", "S": "Supervisor", "P": "Planner", "A": "Auditor", "N": ""}
LIES_AT_A_LOCATION = (
    "session",
    "line",
    "unit_line",
    "aside",
    "quant",
    "bin",
    "register",
    "count_import",
    "unit",
    "search",
    "journal",
)


@dataclass(frozen=True)
class Rule:
    get: str
    post: str

    def may(self, who, method):
        return getattr(self, method) == "*" or who in getattr(self, method)


ROWS = (row.split() for row in RULES.splitlines() if row.strip())
TABLE = {name: Rule(get, post) for name, get, post in ROWS}


def is_placed(name):
    return any(argument.split(".")[0] in LIES_AT_A_LOCATION for argument in ARGUMENTS[name])


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made once, and never changed: every request is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


class World:
    def __init__(self):
        here, elsewhere = LocationFactory(code="LH1"), LocationFactory(code="LH9")
        people = {who: given_person(group, here) for who, group in GROUPS.items()}
        strangers = {who: given_person(group, elsewhere) for who, group in GROUPS.items()}
        self.things = given_things(location=here, by=people["S"])
        self.people = {who: logged_in(person) for who, person in people.items()} | {"nobody": None}
        self.strangers = {who: logged_in(person) for who, person in strangers.items()}
        self.administrator = logged_in(UserFactory(is_superuser=True, is_staff=True))


def given_person(group, location):
    person = UserFactory(locations=[location])
    person.groups.set(Group.objects.filter(name=group))
    return person


def logged_in(person):
    """The session of somebody who is logged in."""
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@contextmanager
def taken_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def how_it_goes(session, method, url):
    """in, login, 403, 404 or 405: what a person gets who goes there or, for a POST, sends an empty form."""
    client = Client()
    if session:
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    with taken_back():
        response = getattr(client, method)(url)
    if response.status_code == 302 and response.url.startswith(f"{reverse('login')}?next="):
        return "login"
    return response.status_code if response.status_code in (403, 404, 405) else "in"


def expected(rule, who, method):
    if getattr(rule, method) == "-":
        return {405, 403, "login"}
    if who == "nobody":
        return {"in"} if rule.may("*", method) else {"login", 405}
    return {"in"} if rule.may(who, method) else {403, 404}


def test_the_table_has_a_row_for_every_address():
    assert sorted(ARGUMENTS.keys() - TABLE.keys()) == [], "Say in RULES who may go there."
    assert sorted(TABLE.keys() - ARGUMENTS.keys()) == [], "These addresses are gone."


@pytest.mark.parametrize("name", TABLE)
def test_people_go_where_their_group_may_and_nowhere_else(world, name):
    rule, url = TABLE[name], address(name, world.things)

    went = {
        (who, method): how_it_goes(session, method, url)
        for who, session in world.people.items()
        for method in ("get", "post")
    }
    away = {
        (who, method): how_it_goes(session, method, url)
        for who, session in world.strangers.items()
        for method in ("get", "post")
        if rule.may(who, method) and not rule.may("*", method)
    }
    administrator = {method: how_it_goes(world.administrator, method, url) for method in ("get", "post")}

    assert {key: how for key, how in went.items() if how not in expected(rule, *key)} == {}
    assert set(away.values()) <= ({404} if is_placed(name) else {"in", 404})
    assert administrator == {method: 405 if getattr(rule, method) == "-" else "in" for method in ("get", "post")}
