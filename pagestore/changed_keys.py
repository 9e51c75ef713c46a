"""Record changes in a file, for workers that start or run while the database is away.

The file, next to the pages, names the content version of each change and the keys of the pages that show it. It is
written under the lock of ``pagestore.freshness``, before any process can see the change, and read only while the
database does not answer. A finished page may then be served although it is stale for another reason, but never when
this file says that what it shows has changed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from pathlib import Path

from pagestore.finished import Page

NAME = "changed.jsonl"
#: A longer file loses its older half: every page finished before then counts as changed.
MAX_BYTES = 4 * 1024 * 1024


class ChangedKeys:
    """The file of one folder of pages."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._read_at = (0, 0)
        self._everything_at = 0
        self._changed: dict[str, int] = {}

    def add(self, *, since: int, version: int, keys: Collection[str] | None) -> None:
        """Record the keys that changed after version ``since``, up to ``version``; ``None`` if they aren't known."""
        # If it cannot be written, because the disk is full for instance, readers get their pages all the same.
        with contextlib.suppress(OSError):
            lines = [] if self.path.exists() else [_line(since, None)]
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join([*lines, _line(version, keys)]))
            if self.path.stat().st_size > MAX_BYTES:
                self._halve()

    def has_changed(self, page: Page) -> bool:
        """Return whether something that a page shows has, or may have, changed since its rendering began."""
        with contextlib.suppress(OSError):
            self._read()
        version = page.version
        return self._everything_at > version or any(self._changed.get(key, 0) > version for key in page.keys)

    def _read(self) -> None:
        state = self.path.stat()
        if self._read_at == (state.st_mtime_ns, state.st_size):
            return
        everything_at, changed = 0, dict[str, int]()
        for version, keys in _changes(self.path):
            if keys is None:
                everything_at = max(everything_at, version)
            else:
                changed.update(dict.fromkeys(keys, version))
        self._everything_at, self._changed = everything_at, changed
        self._read_at = (state.st_mtime_ns, state.st_size)

    def _halve(self) -> None:
        changes = _changes(self.path)
        older, newer = changes[: len(changes) // 2 + 1], changes[len(changes) // 2 + 1 :]
        temporary = self.path.with_suffix(".part")
        temporary.write_text("".join(_line(*each) for each in ((older[-1][0], None), *newer)), encoding="utf-8")
        temporary.replace(self.path)


def _line(version: int, keys: Collection[str] | None) -> str:
    return json.dumps([version, None if keys is None else sorted(keys)]) + "\n"


def _changes(path: Path) -> list[tuple[int, list[str] | None]]:
    changes: list[tuple[int, list[str] | None]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # a line that is incomplete because the disk was full
            version, keys = json.loads(line)
            changes.append((version, keys))
    return changes
