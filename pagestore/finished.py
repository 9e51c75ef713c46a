"""A finished page, and its file, which is either complete or missing."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import brotli

from consent.choice.gate import NOTHING
from server.security import public_headers

# A page is sent more often than it is compressed: a term's 34 KB become 7.2 KB in 10 ms, or 7.9 KB in 1 ms. When all
# pages are rendered at once, those 10 ms would take too long. Texts that are longer than the window, such as sitemaps,
# would take seconds.
BROTLI_WINDOW = 16
BROTLI_QUALITY, BROTLI_QUALITY_QUICK, BROTLI_QUALITY_LONG = 10, 9, 5

_MAGIC = b"clinical-glossary page 2\n"

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: the headers that go with the body, and those of a 304 without it."""

    etag: str
    headers: list[tuple[str, str]]
    unchanged: list[tuple[str, str]]
    chunks: tuple[bytes, ...]


@dataclass(eq=False, slots=True)
class Page:
    """A finished response: its body in each encoding (``""`` and, when it is stored, ``gzip`` and ``br``).

    ``epoch`` and ``version`` were current when its rendering began, ``keys`` is what it depends on, and ``until``
    (seconds since 1970) is when it becomes stale by the calendar alone. ``number`` is a hash of what is sent to a
    visitor who has opened nothing. The number and a body's length make the ETag. The number is also the time of the
    file that nginx serves, so that nginx's ETag is the same. ``caching`` is the Cache-Control of a page that is open to
    other sites, and ``""`` for all other pages.
    """

    path: str
    keys: tuple[str, ...]
    epoch: int
    version: int
    until: float | None
    status: str
    headers: Headers
    bodies: dict[str, bytes]
    number: int
    caching: str = ""
    # In this worker only: the known changes under which it was last fresh, whether it was read lately, its answers.
    checked: object = None
    used: bool = False
    answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def is_finished(self) -> bool:
        return len(self.bodies) > 1

    @property
    def size(self) -> int:
        return sum(map(len, self.bodies.values())) + 4_000


def number_of(status: str, headers: Headers, body: bytes) -> int:
    """Return a hash from 0 to 2^31 - 1 that tells a response from earlier ones of the same length."""
    sent = repr((status, headers, public_headers(NOTHING))).encode()
    return int.from_bytes(hashlib.sha256(sent + b"\0" + body).digest()[:4], "big") >> 1


def compressed(body: bytes, *, quickly: bool = False) -> dict[str, bytes]:
    """Return a body in each encoding that makes it shorter. No two are of the same length, so that ETags differ.

    ``quickly`` takes a tenth of the time, and the result is a tenth longer.
    """
    bodies = {"": body}
    by_gzip = gzip.compress(body, 6, mtime=0)
    if len(body) < 1 << BROTLI_WINDOW:
        quality = BROTLI_QUALITY_QUICK if quickly else BROTLI_QUALITY
        by_brotli: bytes = brotli.compress(body, quality=quality, lgwin=BROTLI_WINDOW)
    else:
        by_brotli = brotli.compress(body, quality=BROTLI_QUALITY_LONG)
    for encoding, content in (("gzip", by_gzip), ("br", by_brotli)):
        if len(content) not in map(len, bodies.values()):
            bodies[encoding] = content
    return bodies


def to_file(page: Page) -> bytes:
    """Return the content of a page's file: a checksum, its metadata, and its bodies."""
    meta = {
        "path": page.path,
        "keys": page.keys,
        "epoch": page.epoch,
        "edition": page.version,
        "until": page.until,
        "status": page.status,
        "headers": page.headers,
        "number": page.number,
        "caching": page.caching,
        "lengths": {encoding: len(body) for encoding, body in page.bodies.items()},
    }
    rest = b"\n".join([json.dumps(meta).encode(), *[b"".join(page.bodies.values())]])
    return _MAGIC + hashlib.sha256(rest).digest() + rest


def from_file(content: bytes, path: str | None = None) -> Page | None:
    """Return the page from its file's content, or ``None`` when that is damaged or not the page at ``path``."""
    magic, checksum, rest = content[: len(_MAGIC)], content[len(_MAGIC) :][:32], content[len(_MAGIC) + 32 :]
    if magic != _MAGIC or hashlib.sha256(rest).digest() != checksum:
        return None
    head, _, bodies = rest.partition(b"\n")
    meta: dict[str, Any] = json.loads(head)
    if path is not None and meta["path"] != path:
        return None
    parts, start = {}, 0
    for encoding, length in meta["lengths"].items():
        parts[encoding] = bodies[start : start + length]
        start += length
    return Page(
        path=meta["path"],
        keys=tuple(meta["keys"]),
        epoch=meta["epoch"],
        version=meta["edition"],
        until=meta["until"],
        status=meta["status"],
        headers=tuple((name, value) for name, value in meta["headers"]),
        bodies=parts,
        number=meta["number"],
        caching=meta["caching"],
    )
