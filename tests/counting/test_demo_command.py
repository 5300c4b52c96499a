import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing

import psutil
from django.conf import settings

from counting.management.commands.demo import LIVED
from tests.conftest import eventually

PEOPLE = {"counter", "supervisor", "planner", "auditor", "admin"}


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def demo(directory, port):
    """`manage.py demo` on servers and data of its own."""
    alone = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    with open(directory / "output", "w") as output:
        return subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port), "--quants", "24"],
            cwd=settings.BASE_DIR, env={**alone, "VAR_DIR": str(directory / "var")}, stdout=output, stderr=output,
        )  # fmt: skip


def said(directory):
    return (directory / "output").read_text()


def test_a_port_in_use_is_said_before_anything_starts(tmp_path):
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        process = demo(tmp_path, other.getsockname()[1])

        assert process.wait(60) == 1
    assert "Address already in use. Choose another: make demo PORT=" in said(tmp_path)
    assert not (tmp_path / "var" / "postgres").exists()


def test_the_demonstration_survives_a_killed_worker_and_leaves_nothing_behind(tmp_path):
    port = free_port()
    process = demo(tmp_path, port)
    eventually(lambda: "Ctrl-C stops everything" in said(tmp_path) or process.poll() is not None, seconds=180)

    assert process.poll() is None, said(tmp_path)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
        assert page.url.endswith("/login/?next=/")
    assert all(f"    {name}" in said(tmp_path) for name in PEOPLE)

    kill_worker(process)
    eventually(lambda: "worker ended by SIGKILL. It is started again." in said(tmp_path))

    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    left = [" ".join(process.cmdline()) for process in users_of(tmp_path)]
    assert left == []


def kill_worker(process):
    children = psutil.Process(process.pid).children()
    worker = next(child for child in children if "worker" in child.cmdline() and "celery" in child.cmdline())
    # Sooner, it would count as a start that fails.
    eventually(lambda: worker.create_time() + LIVED + 1 < time.time())
    worker.kill()


def users_of(directory):
    def environment(process):
        try:
            return process.environ()
        except psutil.Error:
            return {}

    return [
        process for process in psutil.process_iter() if environment(process).get("VAR_DIR") == str(directory / "var")
    ]
