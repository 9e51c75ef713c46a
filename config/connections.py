"""Settings of the database, the cache and the mail server, from the URLs in the environment."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured


class MailServer(NamedTuple):
    """What Django's ``EMAIL_…`` settings need."""

    backend: str
    host: str
    port: int
    user: str
    password: str
    use_ssl: bool
    use_tls: bool


def database_at(url: str, *, data_dir: Path) -> Any:
    """Return the database at DATABASE_URL. A new SQLite file in ``data_dir`` is created for its owner alone."""
    try:
        database = dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True)
    except (ValueError, dj_database_url.ParseError, dj_database_url.UnknownSchemeError) as error:
        # The value itself may contain a password, so it isn't shown.
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be read: write postgres://user:password@host:5432/name or sqlite:///path."
        ) from error
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # SQLite would make the file readable by everybody. Its other files get the permissions of this one.
        if (file := Path(database["NAME"])).parent == data_dir and not file.exists():
            with contextlib.suppress(OSError):  # if nothing can be written, SQLite says so later
                file.touch(mode=0o600)
        database["OPTIONS"] = {
            # A transaction takes the write lock when it begins: two writers queue up instead of one failing half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # With WAL, readers need not wait for writers. FULL makes each commit durable before it is acknowledged,
            # which a consent record needs (design: a choice is committed before it is answered).
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        }
    elif database["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL names a database that is not supported: use PostgreSQL or SQLite.")
    return database


def cache_at(url: str) -> dict[str, str]:
    """Return the cache at CACHE_URL."""
    if url == "locmem://":
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if url.startswith(("redis://", "rediss://")):
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}
    raise ImproperlyConfigured("CACHE_URL must be locmem:// or redis://host:port/number.")


def mail_server_at(url: str) -> MailServer:
    """Return the mail server at EMAIL_URL; ``console://`` prints emails."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return MailServer("django.core.mail.backends.console.EmailBackend", "localhost", 25, "", "", False, False)
    if parts.scheme not in ("smtp", "smtps"):
        raise ImproperlyConfigured("EMAIL_URL must begin with console://, smtp:// or smtps://.")
    use_ssl = parts.scheme == "smtps"
    return MailServer(
        "django.core.mail.backends.smtp.EmailBackend",
        parts.hostname or "localhost",
        parts.port or (465 if use_ssl else 587),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        use_ssl,
        use_tls=not use_ssl and bool(parts.username),
    )
