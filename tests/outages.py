"""The database away, as a process that answers requests sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

AWAY = OperationalError("connection to server at 10.0.0.7 failed: Connection refused")


@contextmanager
def database_away(error: Exception = AWAY) -> Iterator[None]:
    """Make each statement fail as it does when the server is gone."""

    def fail(*_: object) -> None:
        raise error

    with connection.execute_wrapper(fail):
        yield
