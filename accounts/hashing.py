"""One password hash at a time in each worker process.

A hash takes half a second of a core by design. Of 24 people, or programs, who sign in at once, as many as there are
threads would take all cores, and whatever else the process does would wait. So they take turns; a few wait, and
others are answered with 503.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from server.outages import Busy

#: How many wait for their turn, and for how long, in seconds.
WAITING = 2
PATIENCE = 5.0

_turn = Lock()
_present = BoundedSemaphore(1 + WAITING)


class PasswordHasher(PBKDF2PasswordHasher):
    """Django's own, one at a time. Raises :class:`~server.outages.Busy` where too many wait already."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        with _own_turn():
            encoded: str = super().encode(*args, **kwargs)
            return encoded


@contextmanager
def _own_turn() -> Iterator[None]:
    if not _present.acquire(blocking=False):
        raise Busy("Too many passwords are being checked.")
    try:
        if not _turn.acquire(timeout=PATIENCE):
            raise Busy("Checking other passwords takes too long.")
        try:
            yield
        finally:
            _turn.release()
    finally:
        _present.release()
