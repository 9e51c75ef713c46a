"""Tell every process of this machine at once what has changed since a page was finished.

Note [When a stored page is stale]
A stored page carries the *epoch* and the *edition* that its worker knew when its rendering began, and the keys under
which it stands (``glossary.dependents``). It is stale when the epoch is another one, or when a later edition changed
one of its keys. Which keys an edition changed is written down in the database with the change itself.

Epoch, edition and a *generation*, which moves on with each of them, stand in a small file that every worker maps into
its memory. So a worker sees by one look at one number, without a system call, that nothing has changed. The file moves
on

1. when an action's transaction has committed (``pagestore.changes.announce``, called by both apps), and
2. when somebody notices that the editions in the database (one counter per app, advanced in the transaction of each
   change) are not the ones that the file names. Every worker looks once a second, and is woken by PostgreSQL. So a
   process killed between commit and hook, or a change made on another machine, heals within that second.

A new epoch, under which every page is stale, begins when the changes in between aren't known one by one: a notice was
published, which stands on all pages; the log no longer has what came after the edition that was seen; or the edition
that was seen isn't in it, since a backup was restored.

Both are taken *before* rendering: a page that was rendered while a change was committed is stale as soon as the change
is announced, whichever of the two it shows. Moving on once too often costs a rendering; once too seldom would show
readers a page that an editor has replaced. So a process in doubt moves the number on.

While the database is away, nothing can be rendered. Then a stale page is served as it is, unless one of its keys is
known to have changed since: in the memory of the worker, or in the file of ``pagestore.changed_keys``.
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
# Magic, generation, epoch, edition of the glossary and its name, edition of consent.
_STATE = struct.Struct("<8sQQQQQ")
_GENERATION, _REST = struct.Struct("<Q"), struct.Struct("<QQQQ")


class Editions(NamedTuple):
    """How often what the public sees has changed: the glossary's edition with its random name, and consent's."""

    glossary: int = 0
    name: int = 0
    consent: int = 0


class Moment(NamedTuple):
    """What the file says at one time."""

    generation: int
    epoch: int
    editions: Editions


class Freshness:
    """The shared numbers, in the file ``state`` of a folder that is made if need be.

    Raises ``OSError`` where the folder can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state"
        self._open()

    def generation(self) -> int:
        """Return the current generation."""
        return self._numbers[1]

    def now(self) -> Moment:
        """Return what the file says.

        Read without a lock: writers increase the generation last, so a reader who comes in between reads again.
        """
        _, generation, epoch, *editions = _STATE.unpack_from(self._map)
        return Moment(generation, epoch, Editions(*editions))

    def begin_epoch(self, editions: Editions | None = None, *, first: Callable[[], None] = lambda: None) -> None:
        """Make everything stored stale. ``editions`` are those in the database now, where they could be read.

        ``first`` is called under the lock, before anybody can see the change.
        """
        with self._locked():
            first()
            now = self.now()
            self._write(now.generation + 1, now.epoch + 1, editions or now.editions)

    def move_on(
        self, seen: Moment, editions: Editions, *, everything: bool, first: Callable[[], None] = lambda: None
    ) -> bool:
        """Go on from what was seen to other editions, unless the file has moved on meanwhile: then return ``False``.

        ``first`` is called under the lock, before anybody can see the change.
        """
        with self._locked():
            if self.now() != seen:
                return False
            first()
            self._write(seen.generation + 1, seen.epoch + everything, editions)
            return True

    @contextlib.contextmanager
    def held(self) -> Iterator[Moment]:
        """Keep the file from moving on for a moment."""
        with self._locked():
            yield self.now()

    def follow(self) -> None:
        """Look at the file that stands there now, where the one that was looked at has been deleted."""
        if self._is_replaced():
            self._open()

    def _write(self, generation: int, epoch: int, editions: Editions) -> None:
        _REST.pack_into(self._map, len(_MAGIC) + _GENERATION.size, epoch, *editions)
        _GENERATION.pack_into(self._map, len(_MAGIC), generation)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep every other writer out, in this process or another, and have the file mapped that all look at."""
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
        """Whether the file was deleted under us: then other processes look at another one."""
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
        # A random start, so that pages left over from an earlier file can't pass for fresh ones. Written aside first
        # and never cut short: a process that has mapped a file dies when the file shrinks.
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
