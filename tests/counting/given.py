"""Counts in the states that tests start from."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from django.contrib.auth.models import Permission
from django.utils import timezone

from counting.completing import ask_to_complete, complete_session, digest
from counting.models import CountLine, CountSession, SearchTask
from counting.opening import Scope, open_session
from counting.policies import Policies
from counting.recording import add_to_count, clear_count, set_count
from counting.review import mark_counted
from tests.factories import BinFactory, UserFactory, given_stock, put_into_the_missing_bin


def given_person(*permissions, location=None):
    person = UserFactory(locations=[location] if location else [])
    for permission in permissions:
        app, codename = permission.split(".")
        person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return person


def given_session(location, *, by=None, policies=None, **scope):
    return open_session(
        location,
        by=by or UserFactory(),
        at=timezone.now(),
        request_id=uuid4(),
        scope=Scope(**scope),
        policies=Policies(**policies or {}),
    ).session


def given_line(system, *, policies=None, **stock):
    """The line of a fresh session over one quant."""
    quant = given_stock(system, **stock)
    session = given_session(quant.location, items=[quant.item], places_that_held_it=True, policies=policies)
    return session.lines.select_related("quant", "session").get(quant=quant)


def again(line):
    """The line as the database has it now."""
    return CountLine.objects.select_related("quant", "session").get(pk=line.pk)


def count(line, quantity, *, by=None, minutes_ago=0, **details):
    set_count(
        line,
        Decimal(quantity),
        by=by or UserFactory(),
        client_id=uuid4(),
        age=timedelta(minutes=minutes_ago),
        **details,
    )
    return again(line)


def add(line, quantity, *, minutes_ago=0, **details):
    age = timedelta(minutes=minutes_ago)
    add_to_count(line, Decimal(quantity), by=UserFactory(), client_id=uuid4(), age=age, **details)
    return again(line)


def clear(line):
    clear_count(line, by=UserFactory(), client_id=uuid4())
    return again(line)


def ask(session, *, by=None):
    """From DRAFT or COUNTED to waiting for a worker."""
    by = by or (session.opened_by if session.journal else UserFactory())
    session.refresh_from_db()
    if session.status == "draft":
        mark_counted(session, by=by, at=timezone.now())
    ask_to_complete(session, by=by, at=timezone.now(), confirmed=digest(session))


def complete(session):
    """Mark counted, confirm what the review shows, and do the worker's work. Returns how it went."""
    ask(session)
    went = complete_session(session.pk)
    session.refresh_from_db()
    return went


def given_lines(*books, unit_cost="2.5", policies=None):
    """Open lines of one session, each over a quant of its own that holds so much."""
    first = given_stock(books[0], unit_cost=Decimal(unit_cost))
    for book in books[1:]:
        given_stock(book, bin=BinFactory(location=first.location), unit_cost=Decimal(unit_cost))
    session = given_session(first.location, policies=policies)
    return list(session.lines.select_related("quant", "session").order_by("pk"))


def in_review(session):
    mark_counted(session, by=UserFactory(), at=timezone.now())
    return session


def given_search(unit, *, session=None, due_on=None, at=None, **details):
    """A search for a unit that a completed count did not find: it lies in the missing bin since."""
    last_bin, at = unit.quant.bin, at or timezone.now()
    session = session or CountSession.objects.create(
        number=f"SC-{unit.code}",
        location=last_bin.location,
        opened_by=UserFactory(),
        opened_at=at,
        request_id=uuid4(),
        status="completed",
        ended_at=at,
    )
    put_into_the_missing_bin(unit)
    due_on = due_on or timezone.localdate(at) + timedelta(days=7)
    return SearchTask.objects.create(
        unit=unit, session=session, last_bin=last_bin, opened_at=at, due_on=due_on, **details
    )
