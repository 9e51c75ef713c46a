"""Run one migration of a database at a time, and find databases that stopped among migrations that no longer exist.

Two that run at the same time, because several machines start a new release, would plan the same steps. The second would
fail half-way at a table that already exists.
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

#: The number of our advisory lock on PostgreSQL: "glossary" in ASCII.
LOCK = int.from_bytes(b"glossary")
TRY_EVERY = 0.2  # seconds


@contextlib.contextmanager
def one_at_a_time(connection: BaseDatabaseWrapper, *, wait: Callable[[], None]) -> Iterator[None]:
    """Lock this database against other migrations. ``wait`` is called once if another one has the lock."""
    locked = (
        _lock_on_postgresql(connection, wait)
        if connection.vendor == "postgresql"
        else _lock_on_sqlite(connection, wait)
    )
    with locked:
        yield


def missing_former_steps(connection: BaseDatabaseWrapper) -> list[str]:
    """Return what is missing in a database where only some of the migrations that were later merged were applied.

    Django would only say that migrations conflict. Nothing is missing if all of them were applied, or none.
    """
    applied = MigrationRecorder(connection).applied_migrations()
    missing = []
    for migration in (MigrationLoader(None).disk_migrations or {}).values():
        former = [tuple(step) for step in migration.replaces]
        if any(step in applied for step in former):
            missing += [".".join(step) for step in former if step not in applied]
    return sorted(missing)


@contextlib.contextmanager
def _lock_on_postgresql(connection: BaseDatabaseWrapper, wait: Callable[[], None]) -> Iterator[None]:
    def try_lock() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            return bool(cursor.fetchone()[0])

    _wait_for_lock(try_lock, wait)
    try:
        yield
    finally:
        # If the connection broke, the lock has ended.
        with contextlib.suppress(Error), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@contextlib.contextmanager
def _lock_on_sqlite(connection: BaseDatabaseWrapper, wait: Callable[[], None]) -> Iterator[None]:
    name = str(connection.settings_dict["NAME"])
    if name == ":memory:" or name.startswith("file:"):
        yield  # no other process can use it
        return
    # Not the database file itself: closing it would end the locks that SQLite has on it.
    with Path(f"{name}-migrate.lock").open("ab") as file:

        def try_lock() -> bool:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            return False

        _wait_for_lock(try_lock, wait)
        yield


def _wait_for_lock(try_lock: Callable[[], bool], wait: Callable[[], None]) -> None:
    if try_lock():
        return
    wait()
    while not try_lock():
        time.sleep(TRY_EVERY)
