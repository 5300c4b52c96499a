"""Several people at the same time: threads with connections of their own, and transactions that are held up."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from django.db import connection
from psycopg import errors as pg

from tests.conftest import eventually

PATIENCE = 30  # seconds, for what should take a fraction of one


@dataclass
class Doing:
    """An action in a thread: `result` is what it returned, or the exception that it raised."""

    action: object
    result: object = None
    pid: int | None = None
    thread: threading.Thread = None
    start: threading.Event = field(default_factory=threading.Event)

    def run(self):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pid = cursor.fetchone()[0]
            self.start.wait(PATIENCE)
            self.result = self.action()
        except Exception as error:
            self.result = error
        finally:
            connection.close()

    @property
    def is_over(self):
        return not self.thread.is_alive()

    def wait(self):
        """The result; what was raised is raised here."""
        self.thread.join(PATIENCE)
        assert self.is_over, "This takes too long: it seems to wait for something that never comes."
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def doing(action):
    """Start an action in a thread."""
    each = _ready(action)
    each.start.set()
    return each


def at_once(*actions):
    """Start all of these in the same moment; what each returned or raised, in their order."""
    all_of_them = [_ready(action) for action in actions]
    for each in all_of_them:
        each.start.set()
    for each in all_of_them:
        each.thread.join(PATIENCE)
        assert each.is_over, "This takes too long: it seems to wait for something that never comes."
    return [each.result for each in all_of_them]


def _ready(action):
    each = Doing(action)
    each.thread = threading.Thread(target=each.run, daemon=True)
    each.thread.start()
    eventually(lambda: each.pid or each.is_over)
    return each


def failures(results):
    return [result for result in results if isinstance(result, Exception)]


def waits(each):
    """Until this action waits for a lock."""
    eventually(lambda: each.is_over or _blockers(each.pid), "It does not wait for anything.")
    assert not each.is_over, f"It did not wait, it ended: {each.result!r}"


def _blockers(pid):
    with other_connection() as other:
        return other.execute("SELECT pg_blocking_pids(%s)", [pid]).fetchone()[0]


@contextmanager
def other_connection():
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{name: parameters[name] for name in names if name in parameters}) as other:
        yield other


@contextmanager
def held(table, pk, *, strength="NO KEY UPDATE"):
    """Somebody else holds a row."""
    with other_connection() as other:
        assert other.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR {strength}", [pk]).fetchone()
        yield
        other.rollback()


def is_held(table, pk):
    """Does anybody hold this row, so that nobody else could change it?"""
    try:
        with other_connection() as other:
            other.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR NO KEY UPDATE NOWAIT", [pk])
    except pg.LockNotAvailable:
        return True
    return False
