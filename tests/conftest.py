import os
import shutil
import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager
from urllib.parse import quote

import kombu.pools
import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils import translation

from inventory_site import embedded, environment
from inventory_site.celery import app as celery_app

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 20_000  # milliseconds, for what a browser does in a fraction of one second
# Shares its Redis with a demonstration that may be running: another prefix keeps their tasks apart.
REDIS_PREFIX = f"test-{uuid.uuid4().hex}:"


def pytest_configure():
    DatabaseOperations.sql_flush = in_place(DatabaseOperations.sql_flush)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.REDIS_PREFIX = REDIS_PREFIX
    settings.CACHES["default"]["KEY_PREFIX"] = REDIS_PREFIX + "cache"
    celery_app.conf.broker_transport_options["global_keyprefix"] = REDIS_PREFIX


def in_place(truncate):
    """After a test with transactions of its own: to delete a few hundred rows is quicker than to make all tables anew.

    As a TRUNCATE it waits for whoever still writes, and asks no trigger.
    """

    def sql_flush(operations, style, tables, *, reset_sequences=False, allow_cascade=False):
        if reset_sequences or not tables:
            return truncate(operations, style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade)
        names = sorted(map(operations.quote_name, tables))
        lock = f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE"
        return [lock, "SET LOCAL session_replication_role = replica", *(f"DELETE FROM {name}" for name in names)]

    return sql_flush


def pytest_report_header():
    return [
        f"postgresql: {'DATABASE_URL' if settings.DATABASE_URL else 'embedded'}",
        f"redis: {'REDIS_URL' if os.environ.get('REDIS_URL') else 'embedded'}",
        f"chromium: {CHROMIUM or 'not found, all tests in a browser are SKIPPED'}",
    ]


@pytest.fixture(scope="session", autouse=True)
def redis_server():
    """The Redis that settings name; at the end nothing of ours is left in it."""
    if not os.environ.get("REDIS_URL"):
        embedded.redis.use()
    yield
    client = caches["default"]._cache.get_client()
    if keys := list(client.scan_iter(f"*{REDIS_PREFIX}*")):
        client.delete(*keys)


@pytest.fixture(autouse=True)
def empty_cache(redis_server):
    yield
    client = caches["default"]._cache.get_client()
    if keys := list(client.scan_iter(f"*{REDIS_PREFIX}cache*")):
        client.delete(*keys)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The test database never looks after itself, so that a plan depends on what a test wrote and on nothing else.

    Between two tests autovacuum finds tables without rows and notes that. What the next test fills is then taken for
    one row and joined row by row: the same statement takes milliseconds or minutes, as it happens.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"ALTER TABLE {connection.ops.quote_name(table)} SET (autovacuum_enabled = off)")
        cursor.execute(f"ALTER DATABASE {connection.ops.quote_name(connection.settings_dict['NAME'])}"
                       " SET synchronous_commit = off")  # fmt: skip


@pytest.fixture(autouse=True)
def english():
    """A request leaves its language to its thread; the next test begins anew."""
    yield
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def worker(transactional_db):
    """A real Celery worker on the test database."""
    worker = Worker()
    worker.start()
    yield worker
    worker.stop()


class Worker:
    def __init__(self):
        self.log = settings.VAR_DIR / "log" / f"test-worker-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.log"
        self.process = None

    def start(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "inventory_site", "worker", "--concurrency", "2", "-l", "INFO"],
                cwd=settings.BASE_DIR, env={**os.environ, **self.environment()}, start_new_session=True,
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        eventually(lambda: " ready." in self.log.read_text(), f"No worker: {self.log.read_text()}", seconds=60)

    def environment(self):
        redis_url = settings.CACHES["default"]["LOCATION"]
        test_database = environment.database_url(connection.settings_dict)
        return {"DATABASE_URL": test_database, "REDIS_URL": redis_url, "REDIS_PREFIX": REDIS_PREFIX}

    def kill(self):
        """As a machine that loses power: the worker and its children, without a word."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


def eventually(condition, otherwise="It did not happen.", *, seconds=30):
    """Wait for what another process or thread does."""
    embedded.servers.wait_until(condition, otherwise, seconds=seconds)


@pytest.fixture
def own_redis(tmp_path, settings):
    """A Redis of this test alone, to be stopped and started: `own_redis.stop()`, `own_redis.start()`.

    Celery and the cache use it meanwhile.
    """
    server = embedded.Redis(tmp_path / "redis")
    server.use()
    with another_redis(f"unix://{quote(str(server.socket))}", settings):
        yield server
    server.release()


@pytest.fixture
def redis_is_down(settings):
    """Nobody answers where Celery and the cache look for Redis."""
    with another_redis("redis://127.0.0.1:1/0", settings):
        yield


@contextmanager
def another_redis(url, settings):
    broker = environment.broker(url)
    before = celery_app.conf.broker_url
    celery_app.conf.broker_url = celery_app.conf.broker_write_url = broker
    forget_connections()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": url}}
    yield
    celery_app.conf.broker_url = celery_app.conf.broker_write_url = before
    forget_connections()


def forget_connections():
    kombu.pools.reset()
    celery_app._pool = celery_app.amqp._producer_pool = None


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM and os.environ.get("TRUECOUNT_REQUIRE_BROWSER") == "1":
        pytest.fail("TRUECOUNT_REQUIRE_BROWSER is set, and there is no Chromium.")
    if not CHROMIUM:
        pytest.skip("There is no Chromium on this machine (apt install chromium).")
    from playwright.sync_api import expect, sync_playwright

    # As long as it takes: other tests run beside this one.
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright drives its browser from an event loop, and Django then takes every query for an asynchronous one.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def desktop(browser, live_server):
    """A page in a window, with the address of the live server as its base."""
    yield from open_page(browser, live_server, viewport={"width": 1280, "height": 800})


@pytest.fixture
def phone(browser, live_server):
    """A page on a phone: narrow, and touched."""
    yield from open_page(browser, live_server, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)


def open_page(browser, live_server, **options):
    context = browser.new_context(base_url=live_server.url, locale="en-GB", service_workers="block", **options)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()
