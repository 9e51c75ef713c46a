"""The folder of finished pages: one file for each page, always complete, within a limit of bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

from pagestore.finished import Page, from_file, to_file

LEFT_OVER_AFTER = 3600
#: Number of releases whose pages are stored: during a deployment, workers of two releases run at the same time.
KEPT_RELEASES = 2
# The folder has 256 parts with an equal share of the room. When a process has written an eighth of a share into a part,
# it measures the part, which therefore exceeds its share by at most that and one page for each process.
PARTS, _CHECKS_PER_SHARE = 256, 8


class PageFiles:
    """The pages of one release, under ``folder/<release>``. ``room`` is about how many bytes they may take."""

    def __init__(self, folder: Path, release: str, *, room: int) -> None:
        self.folder = folder / release
        self.room = room
        self._written: dict[str, int] = {}
        #: Called with each page that is removed to make room.
        self.on_eviction: Callable[[Page], None] = lambda page: None
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
        os.utime(self.folder)
        _prune_releases(folder, own=self.folder)

    def file(self, path: str) -> Path:
        """Return the file of a page. The name is a hash, so that no path leads out of the folder."""
        name = hashlib.sha256(path.encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.page"

    def read(self, path: str) -> Page | None:
        """Return a page from its file, or ``None`` when it is missing or damaged."""
        try:
            return from_file(self.file(path).read_bytes(), path)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, page: Page) -> None:
        """Store a page. Raises ``OSError`` if the folder cannot be written."""
        file = self.file(page.path)
        file.parent.mkdir(parents=True, exist_ok=True)
        content = to_file(page)
        replace(file, content)
        self._make_room(file.parent, written=len(content))

    def remove(self, path: str) -> None:
        """Remove the page of an address that no longer exists."""
        with contextlib.suppress(OSError):
            self.file(path).unlink()

    def remove_all_but(self, paths: Collection[str]) -> int:
        """Remove files of other addresses, and incomplete files of killed processes. Return how many."""
        needed = {self.file(path) for path in paths}
        old = time.time() - LEFT_OVER_AFTER
        removed = 0
        for file in self.folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):  # another run has removed it
                if file not in needed and (file.suffix == ".page" or file.stat().st_mtime < old):
                    file.unlink()
                    removed += 1
        return removed

    def _make_room(self, part: Path, *, written: int) -> None:
        """Remove the oldest files of a part of the folder while it takes more than its share."""
        share = self.room // PARTS
        # The first page counts as a full share, because other processes may have filled the part before.
        self._written[part.name] = self._written.get(part.name, share) + written
        if self._written[part.name] < share // _CHECKS_PER_SHARE:
            return
        self._written[part.name] = 0
        found = []
        for entry in os.scandir(part):
            with contextlib.suppress(FileNotFoundError):
                state = entry.stat()
                found.append((state.st_mtime, state.st_size, entry.path))
        over = sum(size for _, size, _ in found) - share
        for _, size, path in sorted(found):
            if over <= 0:
                break
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                if page := from_file(Path(path).read_bytes()):
                    self.on_eviction(page)
            Path(path).unlink(missing_ok=True)
            over -= size


def replace(file: Path, content: bytes) -> None:
    """Replace a file's content, so that a reader finds either the old or the new one, complete."""
    handle, temporary = tempfile.mkstemp(prefix="page-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(content)
        Path(temporary).replace(file)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _prune_releases(folder: Path, *, own: Path) -> None:
    """Remove the pages of all releases but this one and the latest before it."""
    with contextlib.suppress(OSError):
        others = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink() and path != own]
        for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_RELEASES - 1 :]:
            shutil.rmtree(path, ignore_errors=True)
