"""Serve the site from a temporary copy of its database, so that the audit's choices are not counted.

The audit's choices become consent records, which are permanent. Here they are written into a copy that is
deleted afterwards, together with the pages finished from it (docs/adr/0090).
"""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from server.starting import command
from siteaudit import CouldNotAudit

START_SECONDS = 60
STOP_SECONDS = 20
ADVICE = "Or name a running site with --base-url, where the audit's choices do become records."


@contextlib.contextmanager
def throwaway_site() -> Iterator[str]:
    """Serve this site from a copy of its database on a loopback port, yield its address, then delete the copy."""
    with tempfile.TemporaryDirectory(prefix="audit-site-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)  # only its owner may open it, since it contains the copy of the database
        url = f"http://127.0.0.1:{_free_port()}"
        environment = os.environ | {
            "DEBUG": "0",
            "SITE_URL": url,
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATA_DIR": str(folder),
            "DATABASE_URL": stack.enter_context(_copy_of_database(folder)),
            # The copy sends nothing to the outside, and does not sign with the site's own keys.
            "SECRET_KEY": secrets.token_urlsafe(48),
            "CONSENT_SIGNING_KEY": secrets.token_urlsafe(48),
            "CONSENT_SIGNING_KEYS_OLD": "",
            "CONSENT_HEADS_MAIL": "",
            "CONSENT_HEADS_WEBHOOK": "",
            "EMAIL_URL": "console://",
            "CACHE_URL": "locmem://",
            "PAGE_STORE": "1",
            "TRUSTED_PROXIES": "0",
            "CONSENT_CHOICES_PER_HOUR": "100000",
            "PYTHONWARNINGS": "ignore",
        }
        _provide_static_files(folder, environment)
        stack.enter_context(_server(url, folder / "server.log", environment))
        yield url


@contextlib.contextmanager
def _server(url: str, log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter and server)
            # In its own session: Ctrl-C reaches only the audit, which then stops the server. One browser visits it, for
            # which one worker is enough: a second one would load all of Django again.
            command("127.0.0.1", urlsplit(url).port or 80, workers=1),
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        _wait_for(url, process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # This also ends its workers, which are in the same session.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        host, port = urlsplit(url).hostname or "", urlsplit(url).port
        with contextlib.suppress(OSError), contextlib.closing(http.client.HTTPConnection(host, port)) as probe:
            probe.request("GET", "/robots.txt")
            if probe.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.1)
    raise CouldNotAudit(f"The site did not start. Its server said:\n{log.read_text(errors='replace')[-2_000:]}")


def _provide_static_files(folder: Path, environment: dict[str, str]) -> None:
    """Use the static files that production serves, or collect them where there are none."""
    if not settings.DEBUG and (settings.STATIC_ROOT / "staticfiles.json").is_file():
        (folder / "static").symlink_to(settings.STATIC_ROOT)
        return
    _run([sys.executable, "manage.py", "collectstatic", "-v0", "--noinput"], environment, "collect the static files")


@contextlib.contextmanager
def _copy_of_database(folder: Path) -> Iterator[str]:
    """Yield the URL of a copy of the database, which is deleted afterwards."""
    if connection.vendor == "sqlite":
        path = folder / "copy.sqlite3"
        # The backup API instead of a file copy: it includes what is still in the write-ahead log.
        with (
            contextlib.closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as source,
            contextlib.closing(sqlite3.connect(path)) as target,
        ):
            source.backup(target)
        connection.close()
        yield f"sqlite:///{path}"
        return
    connection.close()  # PostgreSQL copies a database only while nobody is connected to it
    name = f"audit_{secrets.token_hex(6)}"
    parts = urlsplit(settings.DATABASE_URL)
    url = urlunsplit(parts._replace(path=f"/{name}"))
    try:
        try:
            _administer(sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, parts.path.lstrip("/"))
        except psycopg.errors.ObjectInUse:
            _dump_into(name, url, folder)
        yield url
    finally:
        _administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), name)


def _dump_into(name: str, url: str, folder: Path) -> None:
    """Copy a database that is in use by a dump, which is a snapshot and does not block its users."""
    if not (shutil.which("pg_dump") and shutil.which("psql")):
        raise CouldNotAudit(
            "The database is in use, so it can be copied only with pg_dump and psql, and they are not installed "
            f"(Debian: apt install postgresql-client). {ADVICE}"
        )
    _administer(sql.SQL("CREATE DATABASE {}"), name)
    dump = folder / "dump.sql"
    # The password is in the environment because every user of the machine can read a command's arguments.
    environment = os.environ | {"PGPASSWORD": unquote(urlsplit(url).password or "")}
    source, target = _without_password(settings.DATABASE_URL), _without_password(url)
    purpose = "copy the database"
    _run(["pg_dump", "--no-owner", "--no-privileges", "--file", str(dump), source], environment, purpose)
    _run(["psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "--file", str(dump), target], environment, purpose)
    dump.unlink()


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + place))


def _administer(statement: sql.SQL, *names: str) -> None:
    """Run a statement about whole databases from the database ``postgres``, outside of a transaction."""
    maintenance_url = urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path="/postgres"))
    try:
        with psycopg.connect(maintenance_url, autocommit=True) as administration:
            administration.execute(statement.format(*(sql.Identifier(name) for name in names)))
    except psycopg.errors.ObjectInUse:
        raise
    except psycopg.Error as error:
        raise CouldNotAudit(
            f"The database cannot be copied: {str(error).strip()}. The database user needs CREATEDB. {ADVICE}"
        ) from error


def _run(command: list[str], environment: dict[str, str], purpose: str) -> None:
    done = subprocess.run(  # noqa: S603  (commands of ours, without a shell)
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CouldNotAudit(f"Could not {purpose}:\n{(done.stderr or done.stdout)[-2_000:]}")


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
