"""Waiting for what comes: the only place where tests let time pass."""

from __future__ import annotations

import time
from collections.abc import Callable

# What takes a second on a quiet machine may take many on a busy one. What never comes still fails.
PATIENCE = 60.0
_PAUSE = 0.02


def eventually(happens: Callable[[], object], otherwise: str | Callable[[], str]) -> None:
    """Wait until ``happens()`` is true. Fails with ``otherwise`` where that takes longer than a minute."""
    deadline = time.monotonic() + PATIENCE
    while not happens():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())
        time.sleep(_PAUSE)
