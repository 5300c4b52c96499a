"""Redis is a convenience: without it pages and verbs go on, and nobody waits for it."""

import time

import pytest
from django.core.cache import cache
from kombu.exceptions import OperationalError

from inventory_site.celery import app


def test_the_cache_is_empty_while_redis_is_down(redis_is_down):
    cache.set("step", "posting")

    assert cache.get("step", "unknown") == "unknown"
    assert cache.get_many(["step"]) == {}
    assert cache.add("step", "posting") is False
    assert cache.delete("step") is False


def test_the_cache_works_again_as_soon_as_redis_does(own_redis):
    own_redis.stop()
    cache.set("step", "posting")
    assert cache.get("step") is None

    own_redis.start()
    cache.set("step", "posting")

    assert cache.get("step") == "posting"


def test_publishing_a_task_while_redis_is_down_fails_at_once(redis_is_down):
    began = time.monotonic()

    with pytest.raises(OperationalError):
        app.send_task("counting.tasks.pick_up_completions")

    assert time.monotonic() - began < 3


def test_publishing_works_again_as_soon_as_redis_does(own_redis):
    app.send_task("counting.tasks.pick_up_completions")
    own_redis.stop()
    with pytest.raises(OperationalError):
        app.send_task("counting.tasks.pick_up_completions")

    own_redis.start()

    app.send_task("counting.tasks.pick_up_completions")
