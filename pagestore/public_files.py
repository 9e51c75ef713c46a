"""Finished pages as plain files, which nginx serves to visitors without a cookie.

nginx only checks whether a file exists, so a stale file must be gone before a change counts as seen. Files are written
and removed under the lock of ``pagestore.freshness``, and removed before the shared file is advanced. A process that is
killed in between has removed too much, never too little.

Links lead to the files from the keys on which they depend, and from the day on which they become stale by themselves::

    public -> <release>/public            the release that nginx serves
    <release>/public/finished/pages/glossary/luteal-phase/index.html and index.html.gz
    <release>/links/<part>/<key>.<page>   to the page's path
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from pagestore.finished import Page

#: Files are under this name, so that no requested address leads to one directly.
PREFIX = "finished"
_EXTENSIONS = {"text/html": "html", "text/plain": "txt", "application/xml": "xml"}
_SUFFIXES = {"": "", "gzip": ".gz", "br": ".br"}
# Headers besides the type that nginx sends with every page, by its configuration (manage.py nginx_configuration).
COMMON_HEADERS = frozenset(
    (
        *("x-frame-options", "x-content-type-options", "referrer-policy", "strict-transport-security"),
        *("cross-origin-opener-policy", "cross-origin-resource-policy"),
    )
)


class PublicFiles:
    """The files of one release under the store's folder."""

    def __init__(self, folder: Path, release: str) -> None:
        self.root = folder / release / "public"
        self.links = folder / release / "links"
        self.root.mkdir(parents=True, exist_ok=True)
        _replace_link(folder / "public", to=Path(release) / "public")

    def has(self, page: Page) -> bool:
        """Return whether the page's file is up to date; true for a page that nginx cannot serve."""
        file = self._file(page)
        if file is None:
            return True
        with contextlib.suppress(OSError):
            return int(file.stat().st_mtime) == page.number
        return False

    def write(self, page: Page) -> None:
        """Write a fresh page. To be called under the lock; raises ``OSError``."""
        file = self._file(page)
        if file is None:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        name = _hash(page.path)
        labels = [_hash(key) for key in page.keys]
        if page.until is not None:
            labels.append(_day_label(page.until))
        for label in labels:
            link = self.links / label[:2] / f"{label}.{name}"
            link.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                link.symlink_to(os.path.relpath(file, link.parent))
        # The plain form last: without it, nginx does not use the others.
        for encoding in sorted(page.bodies, reverse=True):
            _replace(file.with_name(file.name + _SUFFIXES[encoding]), page.bodies[encoding], mtime=page.number)

    def remove(self, page: Page) -> None:
        """Remove the page's files."""
        if file := self._file(page):
            _remove(file)

    def _file(self, page: Page) -> Path | None:
        """Return a page's file, or ``None`` for a page that nginx cannot send as the store does."""
        kind = next((value for name, value in page.headers if name.lower() == "content-type"), "")
        others = {name.lower() for name, _ in page.headers} - {"content-type"}
        extension = _EXTENSIONS.get(kind.partition(";")[0])
        parts = page.path.strip("/").split("/")
        if page.caching or extension is None or not others <= COMMON_HEADERS or {"", ".", ".."} & set(parts[1:]):
            return None
        if page.path.endswith("/"):
            return self.root.joinpath(PREFIX, "pages", *parts, "index.html") if extension == "html" else None
        return self.root.joinpath(PREFIX, "files", *parts) if page.path.endswith(f".{extension}") else None


def remove_changed(folder: Path, keys: Collection[str], *, everything: bool) -> None:
    """Remove the files that a change makes stale, of every release. To be called under the lock, before ``advance``."""
    for links in folder.glob("*/links"):
        if everything:
            _remove_all(links.parent)
        else:
            _remove_linked(links, map(_hash, keys))


def remove_expired(folder: Path, *, now: float) -> None:
    """Remove the files that are stale by the calendar, of the last 31 days. After a longer pause, an epoch begins."""
    days = [_day_label(now - days * 86_400) for days in range(31)]
    for links in folder.glob("*/links"):
        _remove_linked(links, days)


def _remove_linked(links: Path, labels: Iterable[str]) -> None:
    # Each part of the folder is read only once.
    by_part: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        by_part[label[:2]].add(label)
    for part, wanted in by_part.items():
        with contextlib.suppress(FileNotFoundError):
            for link in [each.path for each in os.scandir(links / part) if each.name.partition(".")[0] in wanted]:
                with contextlib.suppress(FileNotFoundError):
                    _remove(Path(link).parent / os.readlink(link))  # noqa: PTH115  (the file may be gone already)
                    Path(link).unlink()


def _remove_all(release: Path) -> None:
    """Remove all files of a release at the same moment."""
    public = release / "public"
    discarded = release / f"gone-{secrets.token_hex(6)}"
    with contextlib.suppress(FileNotFoundError):
        public.rename(discarded)
    public.mkdir(exist_ok=True)
    shutil.rmtree(release / "links", ignore_errors=True)
    for gone in release.glob("gone-*"):
        shutil.rmtree(gone, ignore_errors=True)


def _remove(file: Path) -> None:
    for suffix in _SUFFIXES.values():  # the plain form first: without it, nginx does not use the others
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _replace(file: Path, content: bytes, *, mtime: int) -> None:
    temporary = file.with_name(f".{secrets.token_hex(6)}")
    try:
        temporary.write_bytes(content)
        temporary.chmod(0o644)
        os.utime(temporary, (mtime, mtime))
        temporary.replace(file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _replace_link(link: Path, *, to: Path) -> None:
    """Replace a link, so that it leads to the old or the new target at any time."""
    with contextlib.suppress(OSError):
        if link.readlink() == to:
            return
    temporary = link.with_name(f".{secrets.token_hex(6)}")
    temporary.symlink_to(to)
    temporary.replace(link)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _day_label(moment: float) -> str:
    # Pages become stale at midnight, UTC. The prefix keeps it apart from the hashes of keys.
    return f"day-{time.strftime('%Y%m%d', time.gmtime(moment))}"
