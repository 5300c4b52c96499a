"""PostgreSQL and Redis for a machine that has neither: binaries from wheels, data under var/.

A server runs as long as some process uses it. The first that needs it starts it, the last stops it;
in between all of them find the same one. Nothing here is used where DATABASE_URL and REDIS_URL are set.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import quote

from .servers import EmbeddedServerError, Postgres, Redis

__all__ = [
    "VAR_DIR",
    "EmbeddedServerError",
    "Postgres",
    "Redis",
    "database",
    "postgres",
    "redis",
    "redis_url",
    "secret",
]

VAR_DIR = Path(os.environ.get("VAR_DIR") or Path(__file__).resolve().parent.parent.parent / "var").absolute()

postgres = Postgres(VAR_DIR / "postgres")
redis = Redis(VAR_DIR / "redis")


def database():
    """An entry of settings.DATABASES; its engine starts the server when the first connection is made."""
    return {
        "ENGINE": "inventory_site.embedded",
        "NAME": "truecount",
        "USER": postgres.USER,
        "HOST": str(postgres.sockets),
        "PORT": str(postgres.PORT),
    }


def redis_url():
    return "unix://" + quote(str(redis.socket))


def secret(name):
    """Random text that this installation keeps in a file of its own."""
    path = VAR_DIR / name
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text()
