"""Whatever is killed while a count is completed: nothing is posted by half, nothing twice, and all of it in the end."""

import time
from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone

from counting.completing import ask_to_complete, complete_session, digest
from counting.importing import hand_in_counts
from counting.models import CountEntry, CountImport, CountSession, Deed, Status, UnitDifference
from counting.review import mark_counted
from counting.tasks import carry_on_import, complete, pick_up_completions, pick_up_imports
from inventory_site.celery import app
from ledger.models import ImportStatus, Kind, Register
from tests.at_once import held, other_connection
from tests.conftest import eventually
from tests.counting.given import again, count, given_line, given_lines
from tests.counting.unit_counts import given_count, given_review, given_shelves, places
from tests.factories import UserFactory
from tests.laws import assert_reconciled
from warehouse.models import BinHold, Unit
from warehouse.spreadsheets import SourceFile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]

WHO_WAITS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""
WHO_POSTS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'posting %' AND pid <> pg_backend_pid()
"""


WHO_IMPORTS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE '%count_upload%' AND pid <> pg_backend_pid()
       AND state <> 'idle'
"""


def number_of(question):
    with other_connection() as other:
        return other.execute(question).fetchone()[0]


def given_counted(system=10, counted=7):
    line = count(given_line(system, policies={"guard": "freeze"}), counted)
    mark_counted(line.session, by=UserFactory(), at=timezone.now())
    return line


def ask(session, *, minutes_ago=2):
    """Ask so long ago that beat takes it for left behind."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    ask_to_complete(session, by=session.opened_by, at=at, confirmed=digest(session))


def adjustments():
    return Register.objects.filter(kind=Kind.QUANTITY_ADJUSTMENT)


def assert_nothing_posted(line):
    line = again(line)
    assert line.session.is_posting
    assert BinHold.objects.filter(held_by=line.session.number).count() == 1
    assert line.open
    assert line.quant.quantity == 10
    assert not adjustments().exists()
    assert_reconciled()


def assert_completed_once(line):
    line = again(line)
    assert line.session.status == Status.COMPLETED
    assert (line.quant.quantity, line.adjustment) == (7, -3)
    assert adjustments().get() == line.session.adjustment
    assert_reconciled()


def is_completed(line):
    return again(line).session.status == Status.COMPLETED


@pytest.mark.parametrize("stopped_at", ["warehouse_location", "warehouse_quant"])
def test_a_worker_killed_in_the_middle_of_a_posting_posts_nothing_and_the_next_one_all_of_it(
    another_worker, stopped_at
):
    worker = another_worker()
    line = given_counted()
    row = {"warehouse_location": line.session.location_id, "warehouse_quant": line.quant_id}[stopped_at]
    with held(stopped_at, row):
        ask(line.session)
        eventually(lambda: number_of(WHO_WAITS), "The worker did not come.")

        worker.kill()

    eventually(lambda: not number_of(WHO_POSTS))
    assert_nothing_posted(line)
    worker.start()
    app.send_task("counting.tasks.pick_up_completions")
    eventually(lambda: is_completed(line), worker.log.read_text())
    assert_completed_once(line)
    # The queue gives the killed worker's message to somebody else after a while.
    assert complete(line.session_id) == "nothing to do"
    assert_completed_once(line)


def test_a_worker_killed_while_the_database_commits_has_posted_once(another_worker):
    worker = another_worker()
    line = given_counted()
    reviewer = line.session.opened_by_id
    with held("warehouse_location", line.session.location_id):
        ask(line.session)
        eventually(lambda: number_of(WHO_WAITS), "The worker did not come.")
        # Foreign keys are checked at commit: there it waits for whoever holds the reviewer's row.
        keys = held("warehouse_user", reviewer, strength="UPDATE")
        keys.__enter__()
    eventually(lambda: number_of(WHO_POSTS) and number_of(COMMITTING), "It did not come to its commit.")

    worker.kill()

    keys.__exit__(None, None, None)
    eventually(lambda: not number_of(WHO_POSTS))
    assert_completed_once(line)
    assert pick_up_completions() == []
    assert complete(line.session_id) == "nothing to do"
    assert_completed_once(line)


def test_a_worker_killed_in_the_middle_of_posting_units_moves_none_and_the_next_one_all_of_them(another_worker):
    worker = another_worker()
    item, (here, there) = given_shelves(["A1", "A2", "A3"], ["B1"])
    session = given_review(given_count(here, there), (here, "A1", "B1"), (there, "A2"))
    last = Unit.objects.get(code="B1")
    with held("warehouse_unit", last.pk):
        ask(session)
        eventually(lambda: number_of(WHO_WAITS), "The worker did not come.")

        worker.kill()

    eventually(lambda: not number_of(WHO_POSTS))
    assert CountSession.objects.get(pk=session.pk).is_posting
    assert places(item) == {here: {"A1", "A2", "A3"}, there: {"B1"}}
    assert not UnitDifference.objects.exists()
    assert_reconciled()

    worker.start()
    app.send_task("counting.tasks.pick_up_completions")
    eventually(lambda: CountSession.objects.get(pk=session.pk).status == Status.COMPLETED, worker.log.read_text())

    assert complete(session.pk) == "nothing to do"
    assert places(item) == {here: {"A1", "B1"}, there: {"A2"}, "detached": {"A3"}}
    assert UnitDifference.objects.filter(posted=True).count() == 3
    assert_reconciled()


COMMITTING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query = 'COMMIT'
"""


def given_import(lines, counted):
    """A file with this count for each line, handed in and asked for so long ago that beat takes it for left behind."""
    session = lines[0].session
    rows = "\n".join(["Line,Counted", *(f"{line.pk},{counted}" for line in lines)])
    handed_in = hand_in_counts(
        session, SourceFile("counts.csv", rows.encode()), by=session.opened_by, at=timezone.now()
    )
    handed_in.move_to(ImportStatus.ASKED, asked_at=timezone.now() - timedelta(minutes=2))
    return handed_in


def counts_of(lines):
    return [again(line).counted_quantity for line in lines]


def test_a_worker_killed_in_the_middle_of_an_import_counts_nothing_and_the_next_one_all_of_it_once(another_worker):
    worker = another_worker()
    lines = given_lines(10, 20, 30)
    handed_in = given_import(lines, 7)
    with held("counting_countline", lines[-1].pk):
        carry_on_import.delay(handed_in.pk)
        eventually(lambda: number_of(WHO_WAITS), "The worker did not come.")

        worker.kill()

    eventually(lambda: number_of(WHO_IMPORTS) == 0)
    assert counts_of(lines) == [None, None, None]
    assert not CountEntry.objects.exists()
    handed_in.refresh_from_db()
    assert handed_in.status == ImportStatus.ASKED

    worker.start()
    app.send_task("counting.tasks.pick_up_imports")
    eventually(lambda: CountImport.objects.get().status == ImportStatus.APPLIED, worker.log.read_text())

    assert carry_on_import(handed_in.pk) == "nothing to do"
    assert pick_up_imports() == []
    assert counts_of(lines) == [7, 7, 7]
    assert CountEntry.objects.count() == 3
    assert lines[0].session.activities.filter(deed=Deed.IMPORTED).count() == 1


def test_beat_leaves_alone_what_was_asked_just_now():
    line = given_counted()
    ask(line.session, minutes_ago=0)

    assert pick_up_completions() == []

    assert complete_session(line.session_id) == "completed"


def test_a_reviewer_does_not_wait_for_redis_and_the_request_stays(own_redis):
    line = given_counted()
    own_redis.stop()

    began = time.monotonic()
    ask(line.session)
    took = time.monotonic() - began

    assert took < 2
    assert_nothing_posted(line)
    assert pick_up_completions() == [f"{line.session}: completed"]
    assert_completed_once(line)


def test_redis_stopped_in_the_middle_of_a_posting_does_not_stop_it(own_redis, another_worker):
    another_worker()
    line = given_counted()
    with held("warehouse_quant", line.quant_id):
        ask(line.session)
        eventually(lambda: number_of(WHO_WAITS), "The worker did not come.")

        own_redis.stop()

    eventually(lambda: is_completed(line))
    assert_completed_once(line)
    own_redis.start()
    assert pick_up_completions() == []
    assert_completed_once(line)


def test_a_worker_that_lost_redis_takes_the_next_request_when_it_is_back(own_redis, another_worker):
    worker = another_worker()
    own_redis.stop()
    line = given_counted()
    ask(line.session)
    own_redis.start()

    eventually(lambda: " ready." in worker.log.read_text())
    # What beat does every minute, with the same broker.
    app.send_task("counting.tasks.pick_up_completions")

    eventually(lambda: is_completed(line), worker.log.read_text(), seconds=60)
    assert_completed_once(line)


GIVEN_COUNTED = """
from datetime import timedelta
from django.utils import timezone
from counting.completing import ask_to_complete, digest
from counting.review import mark_counted
from tests.counting.given import count, given_line
line = count(given_line(10, policies={"guard": "freeze"}), 7)
by = line.session.opened_by
mark_counted(line.session, by=by, at=timezone.now())
ask_to_complete(line.session, by=by, at=timezone.now() - timedelta(minutes=2), confirmed=digest(line.session))
print(line.pk, line.quant_id)
"""
WHAT_IS_THERE = """
from counting.models import CountSession
from ledger.models import Register
from tests.laws import assert_reconciled
from warehouse.models import Quant
assert_reconciled()
posted = Register.objects.filter(kind="quantity_adjustment").count()
print(CountSession.objects.get().status, posted, f"{Quant.objects.get().quantity:.0f}")
"""


def test_postgresql_restarted_in_the_middle_of_a_posting_posts_nothing_and_afterwards_all_of_it(
    own_postgres, own_redis, another_worker
):
    worker = another_worker(DATABASE_URL=own_postgres.url)
    _line, quant = map(int, own_postgres.run(GIVEN_COUNTED).split())
    for mode in "immediate", "fast":
        holder = psycopg.connect(own_postgres.conninfo())
        holder.execute("SELECT 1 FROM warehouse_quant WHERE id = %s FOR UPDATE", [quant])
        app.send_task("counting.tasks.pick_up_completions")
        eventually(lambda: own_postgres.ask(WHO_WAITS), "The worker did not come.")

        own_postgres.stop(mode=mode)
        own_postgres.start()
        holder.close()

        assert own_postgres.run(WHAT_IS_THERE) == "counted 0 10"

    # The same worker goes on, with new connections.
    app.send_task("counting.tasks.pick_up_completions")
    eventually(lambda: own_postgres.run(WHAT_IS_THERE) == "completed 1 7", worker.log.read_text())
    app.send_task("counting.tasks.pick_up_completions")
    assert own_postgres.run(WHAT_IS_THERE) == "completed 1 7"
