"""One migration of a database at a time, and none of a database that stopped among steps which no longer exist.

Of two that run at once, both would plan the same steps, and the second would fail half-way at a table that is there
already. Several machines that start a new release at once do just that.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

#: A number of our own, as PostgreSQL's advisory locks have: "glossary" in ASCII.
LOCK = int.from_bytes(b"glossary")
TRY_EVERY = 0.2  # seconds


@contextlib.contextmanager
def one_at_a_time(connection: BaseDatabaseWrapper, *, wait: Callable[[], None]) -> Iterator[None]:
    """Keep others from migrating this database meanwhile. ``wait`` is called once if there is somebody to wait for."""
    locked = _on_postgresql(connection, wait) if connection.vendor == "postgresql" else _on_sqlite(connection, wait)
    with locked:
        yield


def missing_former_steps(connection: BaseDatabaseWrapper) -> list[str]:
    """Return what a database lacks that stopped among migrations which have become one since: none may be left out.

    Django would say of it that migrations conflict. Nothing is missing where all of them were applied, or none.
    """
    applied = MigrationRecorder(connection).applied_migrations()
    missing = []
    for migration in (MigrationLoader(None).disk_migrations or {}).values():
        former = [tuple(step) for step in migration.replaces]
        if any(step in applied for step in former):
            missing += [".".join(step) for step in former if step not in applied]
    return sorted(missing)


@contextlib.contextmanager
def _on_postgresql(connection: BaseDatabaseWrapper, wait: Callable[[], None]) -> Iterator[None]:
    def is_ours() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            return bool(cursor.fetchone()[0])

    _until(is_ours, wait)
    try:
        yield
    finally:
        # Where the connection broke, the lock went with it.
        with contextlib.suppress(Error), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@contextlib.contextmanager
def _on_sqlite(connection: BaseDatabaseWrapper, wait: Callable[[], None]) -> Iterator[None]:
    name = str(connection.settings_dict["NAME"])
    if name == ":memory:" or name.startswith("file:"):
        yield  # nobody else's
        return
    # Not the database itself: closing a file ends the locks that SQLite has on it.
    with Path(f"{name}-migrate.lock").open("ab") as file:

        def is_ours() -> bool:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            return False

        _until(is_ours, wait)
        yield


def _until(is_ours: Callable[[], bool], wait: Callable[[], None]) -> None:
    if is_ours():
        return
    wait()
    while not is_ours():
        time.sleep(TRY_EVERY)
