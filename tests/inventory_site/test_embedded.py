import os
import shutil
import signal
import subprocess
import sys

import psycopg
import pytest

from inventory_site.embedded import EmbeddedServerError, Postgres, Redis
from inventory_site.embedded.servers import wait_until

USE_AND_END = """
import sys
from inventory_site import embedded
server = getattr(embedded, sys.argv[1])(sys.argv[2])
server.use()
print(server.pid())
"""


@pytest.fixture(params=[Redis, Postgres])
def server(request, tmp_path):
    server = request.param(tmp_path / "a server's directory")
    yield server
    server.release()
    server.stop()


def pid_seen_by_another_process(server):
    command = [sys.executable, "-c", USE_AND_END, type(server).__name__, str(server.directory)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_whoever_comes_second_finds_the_same_server_and_leaves_it_running(server):
    server.use()
    pid = server.pid()

    assert pid_seen_by_another_process(server) == pid

    assert server.running()
    assert server.pid() == pid


def test_the_last_user_stops_the_server(server):
    server.use()
    server.release()

    assert not server.running()
    assert server.pid() is None


def test_a_process_that_ends_stops_the_server_that_only_it_used(server):
    pid_seen_by_another_process(server)

    assert not server.running()


def test_a_killed_server_starts_again(server):
    server.use()
    pid = server.pid()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: server.pid() is None, "It still lives.")

    server.start()

    assert server.pid() not in {None, pid}


def test_a_pid_file_whose_number_belongs_to_another_process_does_not_stop_the_start(tmp_path):
    server = Postgres(tmp_path)
    server.use()
    pid_file = server.data / "postmaster.pid"
    text = pid_file.read_text()
    server.stop(mode="immediate")
    pid_file.write_text(f"{os.getpid()}\n" + text.partition("\n")[2])

    server.start()

    assert server.running()
    server.release()


def test_a_path_too_long_for_a_socket_works(tmp_path):
    server = Postgres(tmp_path / ("long" * 40))
    server.use()

    with psycopg.connect(server.conninfo()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)

    server.release()
    assert not server.sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has directories that are closed to PostgreSQL")
def test_a_directory_that_only_root_can_enter_works(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "postgres")
    package = server._binaries().parent.parent
    for directory in package, package.with_suffix(".libs"):
        shutil.copytree(directory, closed / directory.name, symlinks=True)
    monkeypatch.setattr(Postgres, "_binaries", lambda self: closed / package.name / "pginstall18" / "bin")

    server.use()

    with psycopg.connect(server.conninfo()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.release()
    assert closed.stat().st_mode & 0o777 == 0o700


def test_a_first_start_that_was_killed_halfway_is_begun_anew(tmp_path):
    server = Postgres(tmp_path)
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "PG_VERSION").write_text("18")

    server.use()

    assert server.running()
    server.release()


def test_a_socket_directory_of_somebody_else_is_refused(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make one")
    server = Redis(tmp_path)
    server.sockets.mkdir()
    os.chown(server.sockets, 65534, -1)

    with pytest.raises(EmbeddedServerError, match="belongs to somebody else"):
        server.use()


def test_five_processes_that_start_it_at_once_start_one(tmp_path):
    command = [sys.executable, "-c", USE_AND_END + "import time; time.sleep(3)", "Redis", str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(5)]

    pids = {process.communicate()[0] for process in processes}

    assert len(pids) == 1
    assert not Redis(tmp_path).running()
