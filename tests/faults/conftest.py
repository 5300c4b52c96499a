import os
import subprocess
import sys
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings

from inventory_site import embedded
from tests.conftest import Worker


@pytest.fixture
def own_postgres(tmp_path):
    """A PostgreSQL of this test alone, with our tables, to be restarted in the middle of things."""
    server = OwnPostgres(tmp_path / "postgres")
    server.use()
    server.run("from django.core.management import call_command; call_command('migrate', verbosity=0)")
    yield server
    server.release()
    server.stop(mode="immediate")


class OwnPostgres(embedded.Postgres):
    @property
    def url(self):
        return f"postgres://{self.USER}@{quote(str(self.sockets), safe='')}:{self.PORT}/{self.DATABASE}"

    def ask(self, question):
        with psycopg.connect(self.conninfo()) as connection:
            return connection.execute(question).fetchone()[0]

    def run(self, code):
        """Run code of ours in a process of its own on this database; what it printed."""
        setup = "import django; django.setup()\n"
        process = subprocess.run(
            [sys.executable, "-c", setup + code],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": self.url, "DJANGO_SETTINGS_MODULE": "inventory_site.settings"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert process.returncode == 0, process.stderr
        return process.stdout.strip()


@pytest.fixture
def another_worker(tmp_path):
    """Start a worker on other servers than those of the settings: `another_worker(DATABASE_URL=...)`."""
    workers = []

    def start(**environment):
        worker = Worker()
        worker.log = tmp_path / f"worker-{len(workers)}.log"
        inherited = worker.environment()
        worker.environment = lambda: inherited | environment
        worker.start()
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.stop()
