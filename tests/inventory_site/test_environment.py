import os
import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from inventory_site import environment


def test_a_database_url_may_hold_anything_percent_encoded():
    entry = environment.database("postgres://ann:p%40ss@db.example.com:5433/stock%20room?sslmode=require")

    assert (entry["USER"], entry["PASSWORD"]) == ("ann", "p@ss")
    assert (entry["HOST"], entry["PORT"], entry["NAME"]) == ("db.example.com", "5433", "stock room")
    assert entry["OPTIONS"] == {"sslmode": "require"}


def test_a_database_url_may_name_the_directory_of_a_socket():
    assert environment.database("postgres://ann@%2Fvar%2FRun/stock")["HOST"] == "/var/Run"
    assert environment.database("postgres://ann@%2Fvar%2FRun:5432/stock")["HOST"] == "/var/Run"
    assert environment.database("postgresql:///stock?host=/var/Run")["HOST"] == "/var/Run"


@pytest.mark.parametrize(
    "url",
    [
        "postgres://ann:p%40ss@db.example.com:5433/stock%20room",
        "postgres://ann@%2Fvar%2FRun/stock",
        "postgres://@%2Fvar%2FRun:5432/stock",
    ],
)
def test_the_address_of_a_database_leads_back_to_it(url):
    assert environment.database(environment.database_url(environment.database(url))) == environment.database(url)


@pytest.mark.parametrize("url", ["mysql://ann@localhost/stock", "postgres://ann@localhost", "nonsense"])
def test_another_kind_of_database_is_refused(url):
    with pytest.raises(ImproperlyConfigured):
        environment.database(url)


def test_a_flag_that_is_neither_yes_nor_no_is_refused(monkeypatch):
    monkeypatch.setenv("DEBUG", "maybe")

    with pytest.raises(ImproperlyConfigured):
        environment.flag("DEBUG")


# A browser test that ran before has set the last one.
UNSET = {"SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "DJANGO_ALLOW_ASYNC_UNSAFE"}


def run_check(**variables):
    clean = {name: value for name, value in os.environ.items() if name not in UNSET}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env={**clean, **variables}, capture_output=True, text=True, check=False
    )


def test_production_refuses_to_start_without_a_secret():
    result = run_check(DEBUG="0")

    assert result.returncode
    assert "Set SECRET_KEY" in result.stderr


def test_production_passes_the_deployment_checks():
    result = run_check(DEBUG="0", SECRET_KEY="long enough and different every time " * 2, ALLOWED_HOSTS="example.com")

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("hours", ["0", "-1", "twelve", "1.5"])
def test_a_shift_without_an_end_is_refused(monkeypatch, hours):
    monkeypatch.setenv("SESSION_HOURS", hours)

    with pytest.raises(ImproperlyConfigured):
        environment.number("SESSION_HOURS", default=12)


SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}|django-insecure-\w"
    r"|^\s*SECRET_KEY\s*=\s*[\"'][^\"']+[\"']"
)
OURS = ("inventory_site", "warehouse", "ledger", "counting", "templates", "static", "docs", ".ci")


def test_no_secret_is_in_the_repository():
    files = [file for folder in OURS for file in (settings.BASE_DIR / folder).rglob("*") if file.is_file()]
    texts = {file: file.read_text(errors="ignore") for file in files if "__pycache__" not in file.parts}

    assert len(texts) > 200
    assert [file for file, text in texts.items() if any(map(SECRETS.search, text.splitlines()))] == []
