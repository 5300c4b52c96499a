"""What browsers are told, what pages may hold, and where secrets come from."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.factories import UserFactory

ROOT = settings.BASE_DIR
APPS = ("counting", "ledger", "warehouse", "inventory_site")


def texts(*patterns):
    """(path, text) of files of ours."""
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            yield path.relative_to(ROOT).as_posix(), path.read_text()


# In templates, and in Python that writes tags


def sources_of_pages():
    yield from texts("templates/**/*.html", *(f"{app}/**/*.py" for app in APPS if app != "inventory_site"))
    yield from texts("inventory_site/templatetags/*.py")


def everywhere(pattern):
    return [(path, found) for path, text in sources_of_pages() for found in re.findall(pattern, text)]


def test_scripts_are_files_of_ours():
    assert [(path, tag) for path, tag in everywhere(r"<script\b[^>]*>") if " src=\"{% static '" not in tag] == []


def test_no_attribute_holds_a_script():
    assert everywhere(r"<[a-z][^<>]*\s(on[a-z]+|hx-on[:a-z-]*)=") == []
    assert everywhere(r"(?:href|action|hx-\w+)=[\"']\s*(?:javascript|js|data):") == []


def test_styles_are_files_of_ours_but_for_numbers_and_widths():
    allowed = re.compile(r'style="(--[a-z]+: ?|inline-size: ?)\{\{ ?[^{}]+ ?\}\}(%|px|rem)?;?"')

    assert everywhere(r"<style\b") == []
    assert [
        found for found in everywhere(r'\sstyle=(?:"[^"]*"|\'[^\']*\'|[^"\'\s>]+)') if not allowed.search(found[1])
    ] == []


# What browsers are told in production

TELL = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client, override_settings
plain = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
with override_settings(STORAGES=plain):
    said = {name: dict(Client().get(path, secure=name != "plain http", headers={"Host": "example.com"}).headers)
            for name, path in {"login": "/login/", "not found": "/no/such/page/\\0", "plain http": "/login/"}.items()}
    page = Client().get("/login/", secure=True, headers={"Host": "example.com"})
    said["cookies"] = {name: dict(cookie) for name, cookie in page.cookies.items()}
    said["settings"] = {name: getattr(settings, name) for name in dir(settings) if "COOKIE" in name}
print(json.dumps(said, default=str))
"""


@pytest.fixture(scope="module")
def production():
    """What a browser gets of an installation that is configured for production, {answer: its headers}."""
    secret = {"SECRET_KEY": "long enough and different every time " * 2}
    environment = {**os.environ, "DEBUG": "0", "ALLOWED_HOSTS": "example.com", **secret}
    environment |= {"DJANGO_SETTINGS_MODULE": "inventory_site.settings"}
    command = [sys.executable, "-c", TELL]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    return json.loads(said.strip().splitlines()[-1])


HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("answer", ["login", "not found"])
def test_every_answer_in_production_tells_the_browser_to_be_careful(production, answer):
    headers = production[answer]

    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    for device in ("camera", "geolocation", "microphone", "payment", "usb"):
        assert f"{device}=()" in headers["Permissions-Policy"]
    assert "Server" not in headers


def test_plain_http_is_sent_on_to_https(production):
    assert production["plain http"]["Location"] == "https://example.com/login/"


@pytest.mark.parametrize("answer", ["login", "not found"])
def test_only_files_of_ours_run_and_only_we_may_frame_or_be_sent_forms(production, answer):
    policy = dict(rule.strip().partition(" ")[::2] for rule in production[answer]["Content-Security-Policy"].split(";"))

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    # Numbers of bars and widths of columns, nothing else: see the test of templates.
    assert [name for name, sources in policy.items() if "unsafe" in sources] == ["style-src-attr"]


def test_cookies_travel_encrypted_and_to_us_only(production):
    assert {cookie["samesite"] for cookie in production["cookies"].values()} <= {"Lax", "Strict"}
    assert all(cookie["secure"] for cookie in production["cookies"].values())
    told = production["settings"]
    assert told["SESSION_COOKIE_HTTPONLY"] is True
    for name in ("SESSION", "CSRF", "LANGUAGE"):
        assert told[f"{name}_COOKIE_SECURE"] is True
        assert told[f"{name}_COOKIE_SAMESITE"] in ("Lax", "Strict")


@pytest.mark.django_db
def test_cookies_that_pages_set_are_for_the_server_and_this_site(client):
    client.force_login(UserFactory())

    client.post("/theme/", {"theme": "dark"})

    assert client.cookies["theme"]["httponly"]
    assert client.cookies["theme"]["samesite"] == "Lax"


# Secrets


def test_no_secret_stands_in_a_file():
    secret = re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
        r"|(?i:secret|password|passwd|token|api_?key)\w*[\"']?\]?\s*[:=]\s*[\"'][^\"'{}%()\s]{12,}[\"']"
        r"|://[^/\s:@{}\"']+:[^/\s@{}\"']{6,}@(?!host)"
    )
    files = texts(
        *(f"{app}/**/*.py" for app in APPS), "*.toml", "*.md", "docs/*.*", "templates/**/*.html", "static/*.js"
    )

    assert [(path, secret.search(text).group()) for path, text in files if secret.search(text)] == []


def test_what_is_secret_in_settings_comes_from_the_environment():
    """Two installations share no secret: what is not given is made by each for itself."""
    told = "from inventory_site import settings as s; import json; print(json.dumps(vars(s), default=str))"

    def secrets_of(**variables):
        clean = {name: value for name, value in os.environ.items() if name not in ("SECRET_KEY", "DEBUG")}
        command = [sys.executable, "-c", told]
        said = subprocess.run(command, cwd=ROOT, env=clean | variables, capture_output=True, text=True, check=True)
        values = json.loads(said.stdout)
        return {name: value for name, value in values.items() if re.search("SECRET|PASSWORD$|TOKEN|KEY$", name)}

    first, second = (secrets_of(SECRET_KEY=key * 50, DEBUG="0", ALLOWED_HOSTS="example.com") for key in "ab")

    assert first["SECRET_KEY"] == "a" * 50
    assert {name for name in first if first[name] == second[name]} == set()


def test_requirements_are_pinned_by_hash_and_name_no_registry():
    for _path, text in texts("requirements*.txt"):
        assert "://" not in text
        assert "index" not in text
        pinned = [line for line in text.splitlines() if re.match(r"[a-z]", line)]
        assert [line for line in pinned if "==" not in line] == []
        assert text.count("--hash=sha256:") >= len(pinned)


# Known vulnerabilities


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit", Path(ROOT, ".ci", "audit.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(*packages):
    return {"dependencies": list(packages)}


DJANGO = {"name": "django", "version": "5.2", "vulns": []}
HOLE = {"id": "PYSEC-1", "fix_versions": ["5.2.1"]}
UNKNOWN = {"name": "celery", "skip_reason": "not found"}


def test_a_finding_ends_the_build(audit):
    sentences, code = audit.verdict({"pypi": report({**DJANGO, "vulns": [HOLE]}, UNKNOWN), "osv": None})

    assert code == 1
    assert "1 of 2 pinned packages audited by pypi: 1 findings." in sentences
    assert "django 5.2: PYSEC-1, mended in 5.2.1" in sentences


def test_silence_is_not_taken_for_health(audit):
    for silent in ({"pypi": None, "osv": None}, {"pypi": report(UNKNOWN), "osv": None}):
        sentences, code = audit.verdict(silent)

        assert code == 0
        assert sentences[0].startswith("NOT AUDITED")


def test_an_audit_without_findings_says_what_it_looked_at(audit):
    assert audit.verdict({"pypi": report(DJANGO), "osv": None}) == (
        ["1 of 1 pinned packages audited by pypi: 0 findings."],
        0,
    )
