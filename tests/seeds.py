"""Seeds of tests that try what chance brings: the same few each time, and more on demand."""

from __future__ import annotations

import os


def seeds(few: int) -> range:
    """Return this many seeds, or as many as ``TEST_SEEDS`` asks for."""
    return range(1, 1 + int(os.environ.get("TEST_SEEDS", few)))
