"""Whether a finished page still shows what the database holds, told at once to every process of this machine.

Note [When a stored page is stale]
A stored page carries the *generation* under which its rendering began, and is fresh while that is the current one. The
generation is a number in a small file that every worker maps into its memory, so that looking at it costs no system
call. It moves on

1. when an action's transaction has committed (``config.pages.expire``, called by both apps), and
2. when somebody notices that the editions in the database (one counter per app, advanced in the transaction of each
   change) are not the ones that the file names. Every worker looks once a second. So a process killed between commit
   and hook, a change made on another machine, or a restored backup heals within that second.

The generation is taken *before* rendering: a page that was rendered while a change was committed is stale as soon as
the change is announced, whichever of the two it shows. Moving on once too often costs a rendering; once too seldom
would show readers a page that an editor has replaced. So whoever is in doubt moves on.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import secrets
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

Editions = tuple[int, int]

_MAGIC = b"pages\x00\x00\x01"
_STATE = struct.Struct("<8sQQQ")  # magic, generation, edition of the glossary, edition of consent
_GENERATION = struct.Struct("<Q")


class Freshness:
    """The shared generation, in the file ``state`` of a folder that is made if need be.

    Raises ``OSError`` where the folder can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state"
        self._open()

    def generation(self) -> int:
        """Return the current generation."""
        generation: int = _GENERATION.unpack_from(self._map, len(_MAGIC))[0]
        return generation

    def move_on(self, editions: Editions | None = None) -> None:
        """Make everything stored stale. ``editions`` are those in the database now, where they could be read."""
        with self._locked():
            _, generation, *seen = _STATE.unpack_from(self._map)
            _STATE.pack_into(self._map, 0, _MAGIC, generation + 1, *(editions or seen))

    def compare(self, editions: Editions) -> None:
        """Make everything stored stale if the database's editions are not those that were seen last."""
        if _STATE.unpack_from(self._map)[2:] == editions and not self._is_replaced():
            return
        with self._locked():
            _, generation, *seen = _STATE.unpack_from(self._map)
            if tuple(seen) != editions:
                _STATE.pack_into(self._map, 0, _MAGIC, generation + 1, *editions)

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
                file.write(_STATE.pack(_MAGIC, secrets.randbits(62), 0, 0))
            # Not rename(): of two processes that start together, the second takes the first one's file.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, self.path)
        finally:
            Path(temporary).unlink()
