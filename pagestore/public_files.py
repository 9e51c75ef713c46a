"""Finished pages as plain files, for nginx to serve to visitors who carry no cookie.

nginx looks at nothing but whether a file is there, so a file has to go before anybody takes a change for seen: files
are written and removed under the lock of ``pagestore.freshness``, and removed before the shared file moves on. Whoever
is killed in between has removed too much, never too little.

Beside the files stand links to them, by what they depend on and by the day on which they go stale by themselves::

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

#: Files stand under this name, so that no address that somebody asks for leads to one by itself.
PREFIX = "finished"
_EXTENSIONS = {"text/html": "html", "text/plain": "txt", "application/xml": "xml"}
_SUFFIXES = {"": "", "gzip": ".gz", "br": ".br"}
# What nginx sends with every page, by its configuration (manage.py nginx_configuration), beside the type.
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
        _point(folder / "public", to=Path(release) / "public")

    def has(self, page: Page) -> bool:
        """Return whether the page's file is there. Never for a page that is another's to serve."""
        file = self._file(page)
        if file is None:
            return True
        with contextlib.suppress(OSError):
            return int(file.stat().st_mtime) == page.number
        return False

    def write(self, page: Page) -> None:
        """Put a fresh page there. To be called under the lock; raises ``OSError``."""
        file = self._file(page)
        if file is None:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        name = _hash(page.path)
        marks = [_hash(key) for key in page.keys]
        if page.until is not None:
            marks.append(_day(page.until))
        for mark in marks:
            link = self.links / mark[:2] / f"{mark}.{name}"
            link.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                link.symlink_to(os.path.relpath(file, link.parent))
        # The plain form last: without it, nginx looks for no other.
        for encoding in sorted(page.bodies, reverse=True):
            _replace(file.with_name(file.name + _SUFFIXES[encoding]), page.bodies[encoding], mtime=page.number)

    def remove(self, page: Page) -> None:
        """Take the page's files away."""
        if file := self._file(page):
            _remove(file)

    def _file(self, page: Page) -> Path | None:
        """Return where a page stands, or ``None`` for one that nginx cannot send as the store does."""
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
    """Remove what a change leaves stale, of every release. To be called under the lock, before the file moves on."""
    for links in folder.glob("*/links"):
        if everything:
            _remove_all(links.parent)
        else:
            _follow(links, map(_hash, keys))


def remove_expired(folder: Path, *, now: float) -> None:
    """Remove the files that are stale by the calendar, looking back a month: longer away is a new epoch's business."""
    days = [_day(now - days * 86_400) for days in range(31)]
    for links in folder.glob("*/links"):
        _follow(links, days)


def _follow(links: Path, marks: Iterable[str]) -> None:
    # Each part of the folder is read once, however many marks lead there.
    by_part: dict[str, set[str]] = defaultdict(set)
    for mark in marks:
        by_part[mark[:2]].add(mark)
    for part, wanted in by_part.items():
        with contextlib.suppress(FileNotFoundError):
            for link in [each.path for each in os.scandir(links / part) if each.name.partition(".")[0] in wanted]:
                with contextlib.suppress(FileNotFoundError):
                    _remove(Path(link).parent / os.readlink(link))  # noqa: PTH115  (it may lead nowhere already)
                    Path(link).unlink()


def _remove_all(release: Path) -> None:
    """Remove all files of a release at once: nobody finds half of them."""
    public = release / "public"
    aside = release / f"gone-{secrets.token_hex(6)}"
    with contextlib.suppress(FileNotFoundError):
        public.rename(aside)
    public.mkdir(exist_ok=True)
    shutil.rmtree(release / "links", ignore_errors=True)
    for gone in release.glob("gone-*"):
        shutil.rmtree(gone, ignore_errors=True)


def _remove(file: Path) -> None:
    for suffix in _SUFFIXES.values():  # the plain form first: without it, nginx looks for no other
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


def _point(link: Path, *, to: Path) -> None:
    """Have a link lead somewhere else, so that it leads to the one or the other at any time."""
    with contextlib.suppress(OSError):
        if link.readlink() == to:
            return
    temporary = link.with_name(f".{secrets.token_hex(6)}")
    temporary.symlink_to(to)
    temporary.replace(link)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _day(moment: float) -> str:
    # Pages go stale at midnight, UTC. Not a hash: no key is named like this.
    return f"day-{time.strftime('%Y%m%d', time.gmtime(moment))}"
