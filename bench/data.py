"""Glossaries to measure, filled once, kept between runs, and copied for each: no run changes what the next one finds.

On SQLite a filled glossary is a file under ``var/bench``; on PostgreSQL a database whose name begins with ``bench_``,
which is a template for the copies. ``python -m bench forget`` removes both.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.databases import copy_database, drop_database

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "var" / "bench"
# What decides what stands in a filled glossary.
MADE_BY = (
    *("bench/terms.py", "bench/words.py", "bench/filling.py"),
    *("glossary/document/documents.py", "glossary/document/markup.py"),
    *("glossary/actions/*.py", "glossary/models/*.py", "*/migrations/**/*.py"),
    *("glossary/search/indexing.py", "glossary/text/stems.py", "glossary/text/sounds.py"),
    *("glossary/text/spelling.py", "glossary/text/words.py"),
)

Fill = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Databases:
    """Where databases are made: in a folder (SQLite), or on the PostgreSQL server of a URL."""

    folder: Path
    server: str = ""

    @classmethod
    def named_by(cls, url: str, *, folder: Path) -> Databases:
        """Return the PostgreSQL server that ``url`` names, or SQLite for any other URL."""
        return cls(folder, url if url.startswith(("postgres:", "postgresql:")) else "")

    @property
    def kind(self) -> str:
        return "PostgreSQL" if self.server else "SQLite"

    def version(self) -> str:
        if not self.server:
            return sqlite3.sqlite_version
        with psycopg.connect(self.server) as connection:
            return str(connection.info.server_version // 10_000)

    @contextlib.contextmanager
    def empty(self) -> Iterator[str]:
        """Yield the URL of an empty database, which is gone afterwards."""
        name = f"bench_{secrets.token_hex(6)}"
        if not self.server:
            yield f"sqlite:///{self.folder / name}.sqlite3"
            return
        self._execute(f'CREATE DATABASE "{name}"')
        try:
            yield self._url(name)
        finally:
            self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextlib.contextmanager
    def migrated(self) -> Iterator[str]:
        """Yield the URL of a migrated database with nothing in it, which is gone afterwards."""
        url = copy_database()
        try:
            yield url
        finally:
            drop_database(url)

    @contextlib.contextmanager
    def filled(self, size: int, fill: Fill, *, of: str = "", keep: bool = True) -> Iterator[str]:
        """Yield the URL of a copy of the glossary of this size, which is gone afterwards.

        ``fill`` is called with a URL where there is none yet; ``of`` names other data than the generator's. Without
        ``keep`` the glossary is filled for this once.
        """
        if not keep:
            with self.migrated() as url:
                fill(url)
                yield url
            return
        kept = self.keep(size, fill, of=of)
        name = f"bench_{secrets.token_hex(6)}"
        if not self.server:
            copy = self.folder / f"{name}.sqlite3"
            shutil.copyfile(KEPT / f"{kept}.sqlite3", copy)
            try:
                yield f"sqlite:///{copy}"
            finally:
                for left in self.folder.glob(f"{name}.sqlite3*"):
                    left.unlink()
            return
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{kept}"')
        try:
            yield self._url(name)
        finally:
            self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def keep(self, size: int, fill: Fill, *, of: str = "") -> str:
        """Make sure that there is a filled glossary of this size, as the code makes it now, and return its name."""
        begin = f"bench_{size}_"
        name = begin + _fingerprint(of)
        if self._has(name):
            return name
        self._forget(begin)  # made by other code
        if not self.server:
            KEPT.mkdir(parents=True, exist_ok=True)
            part = KEPT / f"{name}.part"
            part.unlink(missing_ok=True)
            fill(f"sqlite:///{part}")
            with contextlib.closing(sqlite3.connect(part)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            part.rename(KEPT / f"{name}.sqlite3")
            return name
        part_name = f"bench_part_{secrets.token_hex(6)}"
        self._execute(f'CREATE DATABASE "{part_name}"')
        try:
            fill(self._url(part_name))
            self._execute(f'ALTER DATABASE "{part_name}" RENAME TO "{name}"')
        finally:
            self._execute(f'DROP DATABASE IF EXISTS "{part_name}" WITH (FORCE)')
        return name

    def forget(self) -> None:
        """Remove every filled glossary."""
        self._forget("bench_")

    def _has(self, name: str) -> bool:
        if not self.server:
            return (KEPT / f"{name}.sqlite3").exists()
        return name in self._names()

    def _forget(self, begin: str) -> None:
        if not self.server:
            for file in KEPT.glob(f"{begin}*"):
                file.unlink()
            return
        for name in self._names():
            if name.startswith(begin):
                self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _names(self) -> list[str]:
        with psycopg.connect(self.server, autocommit=True) as connection:
            return [name for (name,) in connection.execute("SELECT datname FROM pg_database")]

    def _url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{name}"))

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement.encode())


def settle() -> None:
    """Have the system write out what was copied, so that it doesn't do so while something is measured."""
    os.sync()


def _fingerprint(of: str) -> str:
    digest = hashlib.sha256(of.encode())
    for file in sorted({file for pattern in MADE_BY for file in ROOT.glob(pattern)}):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]
