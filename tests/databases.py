"""Databases for tests: copies of one that was migrated once.

Migrating takes several seconds of CPU, and a copy a few milliseconds. On SQLite the migrated database is kept in
``var/tests`` under a hash of the project's code, so that the next run of the same code begins at once. On PostgreSQL
it is made once for a run, whose processes share it, and dropped at its end.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg

from tests.folders import KEPT, ROOT, RUN, STARTED_THE_RUN

# The server on which databases are made, or nothing for SQLite.
SERVER = url if (url := os.environ.get("DATABASE_URL", "")).startswith(("postgres:", "postgresql:")) else ""

# The first notice is published when a site is migrated, and tests record choices at a fixed time before that.
PUBLISHED_BEFORE = "UPDATE consent_notice SET published_at = '2025-01-01 00:00:00'"


def copy_database() -> str:
    """Return the URL of a new database that is migrated and otherwise empty."""
    template = _template()
    name = f"{RUN.name}-{secrets.token_hex(4)}"
    if SERVER:
        _create(name, template=template)
        return url_of(name)
    path = RUN / f"{name}.sqlite3"
    copy_sqlite(Path(template), path)
    return f"sqlite:///{path}"


def empty_database() -> str:
    """Return the URL of a new database that nobody has migrated."""
    name = f"{RUN.name}-{secrets.token_hex(4)}"
    if SERVER:
        _create(name)
        return url_of(name)
    return f"sqlite:///{RUN / name}.sqlite3"


def reset_database(url: str) -> None:
    """Make a database what it was when :func:`copy_database` returned its URL. Nobody may be connected to it."""
    drop_database(url)
    if SERVER:
        _create(unquoted_name(url), template=_template())
    else:
        copy_sqlite(Path(_template()), _path_in(url))


def drop_database(url: str) -> None:
    """Remove a database of :func:`copy_database`, and end the connections to it."""
    if SERVER:
        _on_server(f'DROP DATABASE IF EXISTS "{unquoted_name(url)}" WITH (FORCE)')
        return
    for suffix in ("", "-wal", "-shm", "-migrate.lock"):
        Path(f"{_path_in(url)}{suffix}").unlink(missing_ok=True)


@contextlib.contextmanager
def unreachable(url: str) -> Iterator[None]:
    """Have nobody reach a database of :func:`copy_database` for a while. On SQLite nobody may be connected before."""
    if SERVER:
        name = unquoted_name(url)
        _on_server(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        _on_server(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        try:
            yield
        finally:
            _on_server(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
        return
    path = _path_in(url)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        # A process that was killed has left what it committed in the write-ahead log.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = path.with_suffix(".aside")
    path.rename(aside)
    try:
        yield
    finally:
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        aside.replace(path)


def end_run() -> None:
    """Remove whatever the run has made, if this process started it."""
    if not STARTED_THE_RUN:
        return
    if SERVER and (RUN / "on-server").exists():
        names = _on_server(f"SELECT datname FROM pg_database WHERE datname LIKE '{RUN.name}-%'")
        for name in names:
            _on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    shutil.rmtree(RUN, ignore_errors=True)


def template_path() -> Path:
    """Return the migrated database on SQLite, which is only to be read."""
    return Path(_template())


def url_of(name: str) -> str:
    """Return the URL of a database on the server."""
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database with the backup API, which also takes what is still in the write-ahead log."""
    with contextlib.closing(sqlite3.connect(source)) as reading, contextlib.closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)


def kept(name: str, sources: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """Return a folder that ``make`` filled, in this run or in one before it with the same ``sources``.

    One process makes it and others wait. An older one of the same name is removed.
    """
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(f"{source.relative_to(ROOT)}\0".encode() + source.read_bytes() + b"\0")
    folder = KEPT / f"{name}-{digest.hexdigest()[:16]}"
    with _locked(KEPT):
        if not folder.exists():
            part = Path(tempfile.mkdtemp(prefix="part-", dir=KEPT))
            try:
                make(part)
                for older in KEPT.glob(f"{name}-*"):
                    shutil.rmtree(older, ignore_errors=True)
                part.rename(folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    return folder


def _decides_what_migrating_makes() -> list[Path]:
    """Return the files on which a migrated database can depend: pinned packages, settings, and the apps' own code.

    Pages, commands and templates take no part in it.
    """
    without = ("admin", "management", "templatetags")
    apps = (path for app in ("consent", "glossary") for path in (ROOT / app).rglob("*.py"))
    code = (path for path in apps if path.relative_to(ROOT).parts[1] not in without and "views" not in path.name)
    return [
        ROOT / "requirements.txt",
        ROOT / "config" / "settings.py",
        ROOT / "config" / "env.py",
        Path(__file__),
        *code,
    ]


def _template() -> str:
    """Return the migrated database: its path on SQLite, its name on PostgreSQL."""
    if not SERVER:
        sources = _decides_what_migrating_makes()
        folder = kept("migrated", sources, lambda folder: _migrate(f"sqlite:///{folder / 'db.sqlite3'}"))
        return str(folder / "db.sqlite3")
    name = f"{RUN.name}-template"
    with _locked(RUN):
        made = RUN / "on-server"
        if not made.exists():
            _create(name)
            _migrate(url_of(name))
            made.touch()
    return name


def _migrate(url: str) -> None:
    with tempfile.TemporaryDirectory(dir=RUN) as data:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v", "0"],
            cwd=ROOT,
            env=os.environ | {"DEBUG": "1", "DATA_DIR": data, "DATABASE_URL": url},
            check=True,
        )
    if SERVER:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("SET session_replication_role = replica")
            server.execute(PUBLISHED_BEFORE)
        return
    with contextlib.closing(sqlite3.connect(_path_in(url), isolation_level=None)) as connection:
        name, trigger = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'consent_notice' AND sql LIKE '%BEFORE UPDATE%'"
        ).fetchone()
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute(PUBLISHED_BEFORE)
        connection.execute(trigger)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _create(name: str, *, template: str = "") -> None:
    _on_server(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))


def _on_server(sql: str) -> list[str]:
    """Run a statement about databases, and return the first column of its answer."""
    with psycopg.connect(SERVER, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return [str(row[0]) for row in cursor.fetchall()] if cursor.description else []


def unquoted_name(url: str) -> str:
    """Return the name of a database on the server, by its URL."""
    return unquote(urlsplit(url).path.lstrip("/"))


def _path_in(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes of the same folder waiting."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
