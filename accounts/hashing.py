"""Compute one password hash at a time in each worker process.

A hash takes half a second of a core by design. If 24 people, or programs, sign in at once, their hashes would take all
cores, and all other work of the process would wait. So only one is computed at a time. A few wait, and others are
answered with 503.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from server.outages import Busy

#: How many may wait, and for how many seconds.
MAX_WAITING = 2
PATIENCE = 5.0

_hashing = Lock()
_waiting_or_hashing = BoundedSemaphore(1 + MAX_WAITING)


class PasswordHasher(PBKDF2PasswordHasher):
    """Django's own hasher, one at a time. Raises :class:`~server.outages.Busy` if too many already wait."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        with _one_at_a_time():
            encoded: str = super().encode(*args, **kwargs)
            return encoded


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _waiting_or_hashing.acquire(blocking=False):
        raise Busy("Too many passwords are being checked.")
    try:
        if not _hashing.acquire(timeout=PATIENCE):
            raise Busy("Checking other passwords takes too long.")
        try:
            yield
        finally:
            _hashing.release()
    finally:
        _waiting_or_hashing.release()
