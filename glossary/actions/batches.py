"""Work on many rows in pieces that either database takes in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

# How many rows go into one statement: few round trips, and no statement that either database finds too long.
BATCH = 500

T = TypeVar("T")


def chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """Return ``items`` in pieces of at most :data:`BATCH`."""
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def silent(*progress: object) -> None:
    """A progress callback that does nothing."""
