from inventory_site.celery import app
from tests.conftest import eventually

TASK = "counting.tasks.pick_up_completions"


def test_a_worker_takes_what_is_published(worker):
    app.send_task(TASK)

    eventually(lambda: f"{TASK}[" in worker.log.read_text() and "succeeded" in worker.log.read_text())


def test_what_is_published_while_the_worker_is_dead_is_taken_by_the_next_one(worker):
    worker.kill()
    app.send_task(TASK)
    worker.start()

    eventually(lambda: "succeeded" in worker.log.read_text(), worker.log.read_text())
