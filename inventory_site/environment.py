"""Reading the environment: what a word in it means."""

import os
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def flag(name, *, default=False):
    word = os.environ.get(name, "").strip().lower()
    if word not in TRUE | FALSE | {""}:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {word!r}.")
    return word in TRUE if word else default


def number(name, *, default):
    """A whole number above zero."""
    word = os.environ.get(name, "").strip() or str(default)
    if not word.isdecimal() or not int(word):
        raise ImproperlyConfigured(f"{name} must be a whole number above zero, not {word!r}.")
    return int(word)


def words(name, *, default=()):
    """A list, divided by commas."""
    found = [word.strip() for word in os.environ.get(name, "").split(",")]
    return [word for word in found if word] or list(default)


def database(url):
    """postgres://user:password@host:port/name?sslmode=require as an entry of DATABASES.

    The host may be the percent-encoded directory of a Unix socket, as in libpq.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise ImproperlyConfigured("DATABASE_URL must look like postgres://user:password@host:5432/name.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or host(parts),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def host(parts):
    # urlsplit lowers the host name, and the directory of a socket minds its case.
    written = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}")
    return unquote(written) if "%2f" in written.lower() else parts.hostname or ""


def database_url(database):
    """The address of an entry of DATABASES, for another process."""
    its = {name: quote(str(value), safe="") for name, value in database.items() if value}
    password = f":{its['PASSWORD']}" if "PASSWORD" in its else ""
    port = f":{its['PORT']}" if "PORT" in its else ""
    return f"postgres://{its.get('USER', '')}{password}@{its.get('HOST', '')}{port}/{its['NAME']}"


def broker(redis_url):
    """The same Redis in the words of Celery, which calls a Unix socket something else."""
    return redis_url.replace("unix://", "redis+socket://", 1)
