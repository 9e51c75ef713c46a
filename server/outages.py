"""Whether the database is away, and one line in the log when that begins and when it ends.

Note [While the database is away]
    Whatever fails because the database is away, locked or too slow ends in a 503 with ``Retry-After``: see
    ``server.unavailable``. Finished pages go on being served as they are: see Note [When a stored page is stale] in
    ``pagestore.freshness``.

    An outage begins in the log with the first line that somebody writes about it, and each who writes one says so
    (``extra={"outage": True}``), as consent does without knowing this module. ``server.logs`` leaves out all others,
    until a statement has been answered and none has failed for :data:`SETTLED_AFTER` seconds. Each process counts for
    itself.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from threading import Lock

from django.db import Error, InterfaceError, OperationalError, ProgrammingError

logger = logging.getLogger(__name__)

#: For how long no statement may have failed before an outage is over: where only some fail, it is one outage.
SETTLED_AFTER = 5.0

_SQLITE_ERROR = 1  # the statement is at fault: https://www.sqlite.org/rescode.html#error
_UNDEFINED_TABLE = "42P01"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


class Busy(Exception):
    """There is too much of this to do it now. Answered with 503: the person tries again in a moment."""


class Outage:
    """Whether something is away, as far as this process knows. ``ends`` is the line of the log when it is back."""

    def __init__(self, *, ends: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.ends = ends
        self.clock = clock
        self._lock = Lock()
        self._failed_at = -math.inf
        self.is_on = False

    def begin(self) -> bool:
        """Note that something failed. Return whether that is the first of this outage."""
        with self._lock:
            self._failed_at = self.clock()
            is_first, self.is_on = not self.is_on, True
            return is_first

    def answered(self) -> None:
        """Note that something was answered: the outage is over unless another failed just before."""
        if not self.is_on:
            return
        with self._lock:
            if not self.is_on or self.clock() < self._failed_at + SETTLED_AFTER:
                return
            self.is_on = False
        logger.warning(self.ends)


#: That of the database.
outage = Outage(ends="The database answers again.")


def is_outage(error: BaseException | None) -> bool:
    """Return whether an error says that the database is away, locked or too slow, and not that a statement is wrong.

    A table that is not there is one too: the database is not the one that it should be.
    """
    if not isinstance(error, Error):
        return False
    cause = error.__cause__
    if getattr(cause, "sqlite_errorcode", None) == _SQLITE_ERROR:
        return str(error).startswith("no such table")
    if isinstance(error, ProgrammingError):
        return getattr(cause, "sqlstate", None) == _UNDEFINED_TABLE
    return isinstance(error, OperationalError | InterfaceError)
