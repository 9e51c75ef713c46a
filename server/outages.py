"""Track whether the database is away, and log one line when an outage begins and one when it ends.

Note [While the database is away]
    A request that fails because the database is away, locked or too slow is answered with 503 and ``Retry-After``: see
    ``server.unavailable``. Finished pages are still served as they are: see Note [When a stored page is stale] in
    ``pagestore.freshness``.

    An outage begins with the first line about it. Such lines are marked with ``extra={"outage": True}``, as consent
    does without importing this module. ``server.logs`` drops further ones, until a statement was answered and none has
    failed for :data:`SETTLED_AFTER` seconds. Each process has its own state.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from threading import Lock

from django.db import Error, InterfaceError, OperationalError, ProgrammingError

logger = logging.getLogger(__name__)

#: Seconds without a failure after which an outage is over. If only some statements fail, it is one outage.
SETTLED_AFTER = 5.0

_SQLITE_ERROR = 1  # the statement is wrong: https://www.sqlite.org/rescode.html#error
_UNDEFINED_TABLE = "42P01"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


class Busy(Exception):
    """The server is too busy for this. It is answered with 503: try again in a moment."""


class Outage:
    """The outage of a service, as far as this process knows. ``ends`` is logged when the outage is over."""

    def __init__(self, *, ends: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.ends = ends
        self.clock = clock
        self._lock = Lock()
        self._failed_at = -math.inf
        self.is_on = False

    def begin(self) -> bool:
        """Note a failure. Return whether it is the first one of this outage."""
        with self._lock:
            self._failed_at = self.clock()
            is_first, self.is_on = not self.is_on, True
            return is_first

    def answered(self) -> None:
        """Note a success: the outage is over, unless there was a failure just before."""
        if not self.is_on:
            return
        with self._lock:
            if not self.is_on or self.clock() < self._failed_at + SETTLED_AFTER:
                return
            self.is_on = False
        logger.warning(self.ends)


#: The outage of the database.
outage = Outage(ends="The database answers again.")


def is_outage(error: BaseException | None) -> bool:
    """Return whether an error says that the database is away, locked or too slow, and not that a statement is wrong.

    So does a missing table: the database is not the right one.
    """
    if not isinstance(error, Error):
        return False
    cause = error.__cause__
    if getattr(cause, "sqlite_errorcode", None) == _SQLITE_ERROR:
        return str(error).startswith("no such table")
    if isinstance(error, ProgrammingError):
        return getattr(cause, "sqlstate", None) == _UNDEFINED_TABLE
    return isinstance(error, OperationalError | InterfaceError)
