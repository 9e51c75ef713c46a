"""What has changed, on disk too, for a worker that begins or goes on while the database is away.

Beside the pages is a file that names, for each change, the edition and the keys of the pages that show it. It is
written under the lock of ``pagestore.freshness``, before anybody can see the change, and read only while the database
cannot be asked: a finished page may then be served although it is stale for another reason, and never when it is known
that what it shows has changed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from pathlib import Path

from pagestore.finished import Page

NAME = "changed.jsonl"
#: Bytes. A longer file loses its older half: whatever was finished before that may have changed.
MOST = 4 * 1024 * 1024


class ChangedKeys:
    """The file of one folder of pages."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._read_at = (0, 0)
        self._everything_at = 0
        self._changed: dict[str, int] = {}

    def note(self, *, since: int, edition: int, keys: Collection[str] | None) -> None:
        """Write down what changed after the edition ``since`` up to ``edition``; ``None`` where that isn't known."""
        # Where it cannot be written, a full disk for instance, readers get their pages all the same.
        with contextlib.suppress(OSError):
            lines = [] if self.path.exists() else [_line(since, None)]
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join([*lines, _line(edition, keys)]))
            if self.path.stat().st_size > MOST:
                self._halve()

    def has_changed(self, page: Page) -> bool:
        """Return whether something that a page shows has changed since its rendering began, or may have."""
        with contextlib.suppress(OSError):
            self._read()
        edition = page.edition
        return self._everything_at > edition or any(self._changed.get(key, 0) > edition for key in page.keys)

    def _read(self) -> None:
        state = self.path.stat()
        if self._read_at == (state.st_mtime_ns, state.st_size):
            return
        everything_at, changed = 0, dict[str, int]()
        for edition, keys in _changes(self.path):
            if keys is None:
                everything_at = max(everything_at, edition)
            else:
                changed.update(dict.fromkeys(keys, edition))
        self._everything_at, self._changed = everything_at, changed
        self._read_at = (state.st_mtime_ns, state.st_size)

    def _halve(self) -> None:
        changes = _changes(self.path)
        older, newer = changes[: len(changes) // 2 + 1], changes[len(changes) // 2 + 1 :]
        temporary = self.path.with_suffix(".part")
        temporary.write_text("".join(_line(*each) for each in ((older[-1][0], None), *newer)), encoding="utf-8")
        temporary.replace(self.path)


def _line(edition: int, keys: Collection[str] | None) -> str:
    return json.dumps([edition, None if keys is None else sorted(keys)]) + "\n"


def _changes(path: Path) -> list[tuple[int, list[str] | None]]:
    changes: list[tuple[int, list[str] | None]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # a line that a full disk cut short
            edition, keys = json.loads(line)
            changes.append((edition, keys))
    return changes
