import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from counting.demo import load_demo
from counting.demo.people import make_people
from inventory_site import embedded
from warehouse.models import Location, User

# One person for each group; the demonstration has more of them.
LOGINS = ["counter", "supervisor", "planner", "auditor", "admin"]
# Read from a screen, typed on a phone: nothing that looks like something else.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
PATIENCE = 60  # seconds until the web server answers
GRACE = 20  # seconds from asking a process to stop until it is killed
LIVED = 5  # seconds; what ends sooner would end again


class Command(BaseCommand):
    help = "Run everything on this machine: PostgreSQL, Redis, web server, worker and beat, with a warehouse to try."

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets phones in the same network in")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--quants", type=int, default=5000, help="size of the warehouse that is made")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same warehouse")
        parser.add_argument(
            "--no-input", action="store_true", help="let its people into a warehouse that is there already"
        )

    def handle(self, *, host, port, quants, seed, no_input, **options):
        refuse_port_in_use(host, port)
        with stopped_by_signals():
            try:
                self.prepare(quants=quants, seed=seed, no_input=no_input)
                self.run(host, port)
            except KeyboardInterrupt:
                self.say("Stopped.")
            finally:
                connection.close()
                embedded.redis.release()
                embedded.postgres.release()

    def say(self, words):
        self.stdout.write(words)
        self.stdout.flush()

    def prepare(self, *, quants, seed, no_input):
        self.say("Starting the database ...")
        if not settings.DATABASE_URL:
            embedded.postgres.use()
        if not os.environ.get("REDIS_URL"):
            embedded.redis.use()
        call_command("migrate", verbosity=0)
        if not Location.objects.exists():
            self.say(f"Making a warehouse of {quants} quants ...")
            load_demo(quants, seed, self.stdout)
        elif not User.objects.filter(username__in=LOGINS).exists():
            self.refuse_strange_warehouse(no_input)
            make_people(list(Location.objects.order_by("pk")))
        self.passwords = let_people_in()

    def refuse_strange_warehouse(self, no_input):
        if not no_input:
            raise CommandError(
                "This database holds a warehouse that is not the demonstration. "
                "To add the people of the demonstration to it anyway: manage.py demo --no-input"
            )

    def run(self, host, port):
        processes = [Process(name, command, environment(host)) for name, command in commands(host, port).items()]
        collect_static(processes[0].environment)
        try:
            for process in processes:
                process.start()
            self.wait_for_web(host, port, processes)
            self.welcome(host, port)
            while True:
                time.sleep(0.5)
                self.watch(processes)
        finally:
            # A second Ctrl-C must not leave anything behind.
            with signals_ignored():
                stop(processes)

    def wait_for_web(self, host, port, processes):
        ends = time.monotonic() + PATIENCE
        while not answers(host, port):
            if time.monotonic() > ends:
                raise CommandError(f"The web server does not answer. {processes[0].last_words()}")
            time.sleep(0.2)
            self.watch(processes)

    def watch(self, processes):
        for process in processes:
            if process.ended() is None:
                continue
            said = f"{process.name} ended {process.ended()}."
            if process.age() < LIVED:
                raise CommandError(f"{said} {process.last_words()}")
            process.signal(signal.SIGKILL)  # what it has left of its own children
            process.start()
            # Said last: whoever stops us at these words stops this one too.
            self.say(f"{said} It is started again. Its log: {shown(process.log)}")

    def welcome(self, host, port):
        self.say(f"\nTruecount runs at  http://{url_host(host)}:{port}/\n\n")
        for name, password in self.passwords.items():
            self.say(f"    {name:<12} {password}")
        self.say(
            f"\nThe passwords were made for this installation; {shown(logins_file())} keeps them."
            f"\nLogs are in {shown(logs())}. Ctrl-C stops everything; the data stays.\n"
        )


def refuse_port_in_use(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommandError(f"Cannot listen on {host}:{port}: {reason}. Choose another: make demo PORT=8001") from error


def let_people_in():
    """Passwords that were changed meanwhile are set back to those of this installation."""
    if not logins_file().exists():
        made = {name: "".join(secrets.choice(LETTERS) for _ in range(10)) for name in LOGINS}
        write_privately(logins_file(), json.dumps(made, indent=2))
    passwords = json.loads(logins_file().read_text())
    for person in User.objects.filter(username__in=passwords):
        if not person.check_password(passwords[person.username]):
            person.set_password(passwords[person.username])
            person.save(update_fields=["password"])
    return passwords


def logins_file():
    return settings.VAR_DIR / "demo-logins.json"


def logs():
    return settings.VAR_DIR / "log"


def shown(path):
    return path.relative_to(settings.BASE_DIR) if path.is_relative_to(settings.BASE_DIR) else path


def write_privately(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def environment(host):
    """As in production, but over plain http."""
    return {
        "SECRET_KEY": settings.SECRET_KEY,
        "DEBUG": "0",
        "HTTPS": "0",
        "LOG_JSON": "0",
        "ALLOWED_HOSTS": ",".join(["localhost", "127.0.0.1", "[::1]", *own_addresses(host)]),
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "inventory_site.settings",
        "PYTHONUNBUFFERED": "1",
    }


def own_addresses(host):
    if host not in {"0.0.0.0", "::"}:  # noqa: S104
        return [url_host(host)]
    import psutil

    found = [address for of_one in psutil.net_if_addrs().values() for address in of_one]
    return [socket.gethostname(), *(each.address for each in found if each.family == socket.AF_INET)]


def url_host(host):
    if host in {"0.0.0.0", "::"}:  # noqa: S104
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def commands(host, port):
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "inventory_site"]
    web = ["--interface", "wsgi", "--host", host, "--port", str(port), "--workers", "2", "--blocking-threads", "4"]
    return {
        "web": [python, "-m", "granian", *web, "inventory_site.wsgi:application"],
        "worker": [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"],
        "beat": [*celery, "beat", "--pidfile=", "--loglevel", "INFO"],
    }


def collect_static(environment):
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    result = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise CommandError(f"collectstatic failed.\n{result.stderr}")


def answers(host, port):
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    web = http.client.HTTPConnection(address, port, timeout=5)
    try:
        web.request("GET", "/", headers={"Host": "localhost"})
        return web.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except OSError:
        return False
    finally:
        web.close()


class Process:
    """A child in a session of its own: the terminal's Ctrl-C reaches only us, and we end the children in order."""

    def __init__(self, name, command, environment):
        self.name, self.command, self.environment = name, command, environment
        self.log = logs() / f"{name}.log"
        self.child = None

    def start(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # Where we are killed ourselves and can end nothing, the kernel does.
        with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with open(self.log, "w") as log:
            self.child = subprocess.Popen(
                [*with_us, *self.command],
                cwd=settings.BASE_DIR, env=self.environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.started = time.monotonic()

    def age(self):
        return time.monotonic() - self.started

    def ended(self):
        """None while it runs, else how it ended."""
        code = self.child.poll()
        if code is None:
            return None
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"

    def last_words(self):
        lines = self.log.read_text(errors="replace").splitlines()[-20:]
        return "\n".join([f"The end of {shown(self.log)}:", *lines])

    def signal(self, number):
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            return


def stop(processes):
    started = [process for process in processes if process.child]
    for process in started:
        process.child.terminate()
    ends = time.monotonic() + GRACE
    for process in started:
        with suppress(subprocess.TimeoutExpired):
            process.child.wait(max(0, ends - time.monotonic()))
        # Whatever the child has left of its own children.
        process.signal(signal.SIGKILL)
        process.child.wait()


@contextmanager
def stopped_by_signals():
    """SIGTERM and a closed terminal end the demonstration as Ctrl-C does."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_ignored():
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
