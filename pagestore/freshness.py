"""Tell every process of this machine at once what has changed since a page was finished.

Note [When a stored page is stale]
A stored page has the *epoch* and the *content version* that its worker knew when its rendering began, and the keys of
what it shows (``glossary.dependents``). It is stale when the epoch has changed, or when a later content version changed
one of its keys. The database records, with each change, which keys it changed.

Epoch, content versions and a *generation*, which increases with each change of them, are in a small file that every
worker maps into its memory. By reading one number, without a system call, a worker knows whether anything has changed.
The file is advanced

1. when an action's transaction has committed (``pagestore.changes.announce``, called by both apps), and
2. when a worker notices that the content versions in the database (one counter per app, advanced in the transaction of
   each change) differ from those in the file. Every worker compares them once a second, and when PostgreSQL notifies
   it. So a process killed between commit and hook, or a change made on another machine, is noticed within that second.

A new epoch, in which every stored page is stale, begins when the changes in between aren't known one by one: a notice,
which all pages show, was published; the log no longer goes back to the version that was seen; or that version isn't in
the log, because a backup was restored.

Epoch and version are read *before* rendering: a page that was rendered while a change was committed is stale as soon as
the change is announced, whether it shows the change or not. Advancing the file without need costs a rendering; failing
to advance it would show readers a page that an editor has replaced. So a process in doubt advances it.

While the database is away, nothing can be rendered. Then a stale page is served as it is, unless one of its keys is
known to have changed since, from the worker's memory or the file of ``pagestore.changed_keys``.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import secrets
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

_MAGIC = b"pages\x00\x00\x02"
# Magic, generation, epoch, content version of the glossary and its name, content version of consent.
_STATE = struct.Struct("<8sQQQQQ")
_GENERATION, _REST = struct.Struct("<Q"), struct.Struct("<QQQQ")


class ContentVersions(NamedTuple):
    """The counters of public changes: the glossary's, with the random name of its latest change, and consent's."""

    glossary: int = 0
    name: int = 0
    consent: int = 0


class Moment(NamedTuple):
    """What the file says at one time."""

    generation: int
    epoch: int
    versions: ContentVersions


class Freshness:
    """The shared numbers, in the file ``state`` of a folder, which is created if it is missing.

    Raises ``OSError`` if the folder can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state"
        self._open()

    def generation(self) -> int:
        """Return the current generation."""
        return self._numbers[1]

    def now(self) -> Moment:
        """Return what the file says.

        Read without a lock: writers increase the generation last, so a reader in between will read again.
        """
        _, generation, epoch, *versions = _STATE.unpack_from(self._map)
        return Moment(generation, epoch, ContentVersions(*versions))

    def begin_epoch(
        self, versions: ContentVersions | None = None, *, before_change: Callable[[], None] = lambda: None
    ) -> None:
        """Make everything stored stale. ``versions`` are those in the database now, if they could be read.

        ``before_change`` is called under the lock, before any process can see the change.
        """
        with self._locked():
            before_change()
            now = self.now()
            self._write(now.generation + 1, now.epoch + 1, versions or now.versions)

    def advance(
        self,
        seen: Moment,
        versions: ContentVersions,
        *,
        everything: bool,
        before_change: Callable[[], None] = lambda: None,
    ) -> bool:
        """Advance from what was seen to other versions, or return ``False`` if the file has been advanced meanwhile.

        ``before_change`` is called under the lock, before any process can see the change.
        """
        with self._locked():
            if self.now() != seen:
                return False
            before_change()
            self._write(seen.generation + 1, seen.epoch + everything, versions)
            return True

    @contextlib.contextmanager
    def locked(self) -> Iterator[Moment]:
        """Yield what the file says, and keep others from advancing it meanwhile."""
        with self._locked():
            yield self.now()

    def reopen_if_replaced(self) -> None:
        """Open the current file, if the one that is open has been deleted."""
        if self._is_replaced():
            self._open()

    def _write(self, generation: int, epoch: int, versions: ContentVersions) -> None:
        _REST.pack_into(self._map, len(_MAGIC) + _GENERATION.size, epoch, *versions)
        _GENERATION.pack_into(self._map, len(_MAGIC), generation)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock out all other writers, in this process or another, with the current file mapped."""
        while True:
            with contextlib.ExitStack() as stack:
                try:
                    file = stack.enter_context(self.path.open("r+b"))
                except FileNotFoundError:
                    self._open()
                    continue
                fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
                if os.fstat(file.fileno()).st_ino == self._inode and not self._is_replaced():
                    yield
                    return
            self._open()

    def _is_replaced(self) -> bool:
        """Whether the open file was deleted, so that other processes use another one."""
        try:
            return self.path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def _open(self) -> None:
        while True:
            try:
                with self.path.open("r+b") as file:
                    if file.read().startswith(_MAGIC) and os.fstat(file.fileno()).st_size == _STATE.size:
                        self._map = mmap.mmap(file.fileno(), _STATE.size)
                        self._numbers = memoryview(self._map).cast("Q")
                        self._inode = os.fstat(file.fileno()).st_ino
                        return
                self.path.unlink(missing_ok=True)
            except FileNotFoundError:
                self._create()

    def _create(self) -> None:
        # It starts with random numbers, so that pages from before an earlier file's end are stale. It is written under
        # another name first and never truncated: a process that has mapped a file dies when the file shrinks.
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix="state-", dir=self.path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_STATE.pack(_MAGIC, secrets.randbits(62), secrets.randbits(62), 0, 0, 0))
            # Not rename(): of two processes that start together, the second takes the first one's file.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, self.path)
        finally:
            Path(temporary).unlink()
