"""The page store: finished public pages, served ahead of Django until something they show changes.

A page is rendered for nobody in particular (a request without cookies and headers), kept as finished bytes in memory
and under ``DATA_DIR/pages``, and handed to everybody. What differs between visitors is only the
``Content-Security-Policy`` header, which follows from their own consent cookie. Freshness: see Note [When a stored
page is stale] in ``config.freshness``.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import brotli
import django
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.urls import Resolver404, resolve
from django.utils.http import parse_etags

from config.freshness import Editions, Freshness
from config.security import public_policy
from consent.gate import Gate, current_edition, current_gate
from glossary.models import Edition

logger = logging.getLogger(__name__)

# Nothing else is ever kept: a view that is added somewhere is not public by accident.
KEPT_VIEWS = frozenset(
    (
        *("glossary:home", "glossary:index", "glossary:letter", "glossary:tags", "glossary:tag"),
        *("glossary:robots", "glossary:sitemap", "glossary:sitemap_part"),
        *("glossary:term", "glossary:revisions", "glossary:revision"),
        *("consent:notice_list", "consent:notice", "consent:notice_document"),
    )
)
# Per worker. A term's page is about 20 KB in its three forms, so this holds some three thousand; others are read from
# the folder when somebody asks for them.
MEMORY = 64 * 1024 * 1024
LOOK_EVERY = 1.0
LOOK_AGAIN_AFTER_FAILURE = 5.0
MAX_PATH = 300
# A term's page of 12 KB becomes 3.4 KB in about 1 ms; quality 11 would take 40 ms for another 0.5 KB, and every page is
# rendered anew after each publication.
BROTLI_QUALITY = 5

_MAGIC = b"clinical-glossary page 1\n"
# Set by the store itself for each response, or by the server.
_OWN_HEADERS = frozenset(
    {"content-security-policy", "content-length", "content-encoding", "etag", "cache-control", "vary", "date"}
)


def expire() -> None:
    """Make every stored page stale. Called after the commit that changed what public pages show."""
    editions = None
    with contextlib.suppress(DatabaseError):
        editions = editions_in_database()
    try:
        _freshness(settings.DATA_DIR).move_on(editions)
    except OSError:
        # The change itself is committed. Workers that can read the folder see it when they compare editions.
        logger.exception("Stored pages could not be expired at once.")


def editions_in_database() -> Editions:
    """Return how often what the glossary and consent show has changed. Two queries; database errors pass through."""
    return Edition.objects.values_list("number", flat=True).first() or 0, current_edition()


def in_front_of(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` behind a page store, or by itself where PAGE_STORE is off or the folder can't be used."""
    if not settings.PAGE_STORE:
        return application
    try:
        return PageStore(application, folder=folder())
    except OSError:
        logger.exception("The page store is off: pages are rendered for each request.")
        return application


def folder() -> Path:
    """Return where finished pages are kept."""
    return settings.DATA_DIR / "pages"


@cache
def _freshness(data_dir: Path) -> Freshness:
    return Freshness(data_dir / "pages")


@dataclass(frozen=True, slots=True)
class Page:
    """A finished response: its body in each encoding (``""`` and, when it is kept, ``gzip`` and ``br``).

    ``stamp`` says under which release and generation it was rendered; ``digest`` names the body.
    """

    path: str
    stamp: str
    status: str
    headers: tuple[tuple[str, str], ...]
    bodies: dict[str, bytes]
    digest: str

    @property
    def size(self) -> int:
        return sum(map(len, self.bodies.values())) + 2_000


class PageStore:
    """A WSGI application that answers for public pages, and leaves everything else to ``application`` (Django)."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        folder: Path,
        memory: int = MEMORY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.application = application
        self.folder = folder
        self.memory = memory
        self.clock = clock
        self.freshness = Freshness(folder)
        self.release = release()
        self._pages: dict[str, Page] = {}
        self.held = 0  # bytes, about
        self._storing = threading.Lock()
        self._looking = threading.Lock()
        self._look_at = 0.0
        self._gate = Gate()
        self._gate_generation = -1
        self._host = _own_host()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self._may_answer(environ):
            return self.application(environ, start_response)
        self.look()
        page = self.page(environ["PATH_INFO"])
        if page is None:
            return self.application(environ, start_response)
        return self._answer(page, environ, start_response)

    def page(self, path: str) -> Page | None:
        """Return the finished page at ``path``, rendered now if need be, or ``None`` if that is Django's business."""
        stamp = self._stamp()
        page = self._pages.get(path)
        if page is not None and page.stamp == stamp:
            return page
        if not _is_kept(path):
            return None
        page = self._read(path, stamp)
        if page is not None:
            self._remember(page)
            return page
        return self.render(path)

    def render(self, path: str) -> Page | None:
        """Render the page at ``path`` and keep it, if it may be kept. ``None``: it may be shown to nobody else."""
        # Before anything is read: see Note [When a stored page is stale].
        stamp = self._stamp()
        status, headers, body = _run(self.application, self._neutral_request(path))
        names = {name.lower(): value for name, value in headers}
        if "set-cookie" in names:
            logger.error("%s sets a cookie, so it is not kept.", path)
            return None
        whole = _is_whole(body, names.get("content-type", ""), self._gate)
        page = Page(
            path=path,
            stamp=stamp,
            status=status,
            headers=tuple((name, value) for name, value in headers if name.lower() not in _OWN_HEADERS),
            bodies={"": body},
            digest=hashlib.sha256(body).hexdigest()[:24],
        )
        if status.startswith("200 ") and whole and "no-store" not in names.get("cache-control", ""):
            page.bodies.update({"gzip": gzip.compress(body, 6, mtime=0), "br": _brotli(body)})
            self._remember(page)
            self._write(page)
        return page

    def is_finished(self, path: str) -> bool:
        """Return whether the page at ``path`` is in the folder and fresh."""
        return self._read(path, self._stamp()) is not None

    def file(self, path: str) -> Path:
        """Return the file of a page. The name is a hash, so that no path leads out of the folder."""
        name = hashlib.sha256(path.encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.page"

    def _may_answer(self, environ: WSGIEnvironment) -> bool:
        path = environ.get("PATH_INFO", "")
        return (
            environ["REQUEST_METHOD"] in ("GET", "HEAD")
            and not environ.get("QUERY_STRING")
            and not environ.get("SCRIPT_NAME")
            and len(path) <= MAX_PATH
            and path.isascii()
            # Hosts that aren't ours, and the way to HTTPS, are Django's to answer.
            and _is_allowed(environ.get("HTTP_HOST", ""))
            and (not settings.SECURE_SSL_REDIRECT or _is_secure(environ))
        )

    def _stamp(self) -> str:
        return f"{self.release}/{self.freshness.generation()}"

    def look(self) -> None:
        """Once a second, or when something has changed: compare the editions and read the gate anew."""
        changed = self.freshness.generation() != self._gate_generation
        if not changed and self.clock() < self._look_at:
            return
        # The second that is due needs only one thread; after a change, nobody goes on with the gate of before.
        if not self._looking.acquire(blocking=changed):
            return
        try:
            if changed and self.freshness.generation() == self._gate_generation:
                return
            self._look_at = self.clock() + LOOK_EVERY
            generation = self.freshness.generation()
            if not connection.in_atomic_block:
                # Outside of Django's request cycle, nobody else retires a connection that the server has dropped.
                close_old_connections()
            try:
                self.freshness.compare(editions_in_database())
                generation = self.freshness.generation()
                self._gate = current_gate()
            except (DatabaseError, OSError) as error:
                # What is stored goes on being served: readers needn't notice that the database is away.
                self._look_at = self.clock() + LOOK_AGAIN_AFTER_FAILURE
                logger.warning("The editions cannot be compared, stored pages may be stale: %s", error)
            self._gate_generation = generation
        finally:
            self._looking.release()

    def _neutral_request(self, path: str) -> WSGIEnvironment:
        """A request in which there is nothing of a reader: no cookie, no language, no address."""
        scheme = urlsplit(settings.SITE_URL).scheme
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": self._host,
            "SERVER_PORT": "443" if scheme == "https" else "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self._host,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if settings.SECURE_PROXY_SSL_HEADER:
            name, value = settings.SECURE_PROXY_SSL_HEADER
            environ[name] = value
        return environ

    def _answer(self, page: Page, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        encoding = _preferred_encoding(environ.get("HTTP_ACCEPT_ENCODING", "")) if len(page.bodies) > 1 else ""
        cookies = environ.get("HTTP_COOKIE", "")
        policy = public_policy(self._gate.sources_for(parse_cookie(cookies)) if cookies else {})
        # The policy is part of the tag: browsers may apply the headers of the answer that they kept.
        variant = hashlib.sha256(policy.encode()).hexdigest()[:8]
        etag = f'"{page.digest}-{variant}{"-" + encoding if encoding else ""}"'
        headers = [
            ("Content-Security-Policy", policy),
            ("ETag", etag),
            ("Cache-Control", "private, no-cache"),
            ("Vary", "Accept-Encoding, Cookie"),
        ]
        if page.status.startswith("200 ") and _matches(environ.get("HTTP_IF_NONE_MATCH", ""), etag):
            start_response("304 Not Modified", headers)
            return []
        body = page.bodies[encoding]
        headers += page.headers
        headers.append(("Content-Length", str(len(body))))
        if encoding:
            headers.append(("Content-Encoding", encoding))
        start_response(page.status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _remember(self, page: Page) -> None:
        if page.size > self.memory // 4:
            return
        with self._storing:
            replaced = self._pages.pop(page.path, None)
            self.held += page.size - (replaced.size if replaced else 0)
            self._pages[page.path] = page
            # The one that came first goes first. It is still in the folder, so a popular page is soon back.
            while self.held > self.memory:
                self.held -= self._pages.pop(next(iter(self._pages))).size

    def _read(self, path: str, stamp: str) -> Page | None:
        """Return the page from its file, or ``None`` when it is missing, stale or damaged."""
        try:
            content = self.file(path).read_bytes()
            magic, checksum, rest = content[: len(_MAGIC)], content[len(_MAGIC) :][:32], content[len(_MAGIC) + 32 :]
            if magic != _MAGIC or hashlib.sha256(rest).digest() != checksum:
                return None
            head, _, bodies = rest.partition(b"\n")
            meta: dict[str, Any] = json.loads(head)
            if meta["path"] != path or meta["stamp"] != stamp:
                return None
            parts, start = {}, 0
            for encoding, length in meta["lengths"].items():
                parts[encoding] = bodies[start : start + length]
                start += length
            headers = tuple((name, value) for name, value in meta["headers"])
            return Page(path, stamp, meta["status"], headers, parts, meta["digest"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, page: Page) -> None:
        meta = {
            "path": page.path,
            "stamp": page.stamp,
            "status": page.status,
            "headers": page.headers,
            "digest": page.digest,
            "lengths": {encoding: len(body) for encoding, body in page.bodies.items()},
        }
        rest = b"\n".join([json.dumps(meta).encode(), b"".join(page.bodies.values())])
        file = self.file(page.path)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix="page-", dir=file.parent)
            try:
                with os.fdopen(handle, "wb") as target:
                    target.write(_MAGIC + hashlib.sha256(rest).digest() + rest)
                Path(temporary).replace(file)
            except OSError:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            # It is in memory; only other workers and the next start have to render it again.
            logger.warning("The finished page %s could not be written: %s", page.path, error)


def release() -> str:
    """Return a name for everything besides the database that pages are made of: code, templates, static files."""
    digest = hashlib.sha256()
    database = settings.DATABASES["default"]
    parts = [
        django.get_version(),
        settings.SITE_URL,
        settings.CONSENT_LANGUAGES,
        *(database[key] for key in ("ENGINE", "NAME", "HOST", "PORT")),
    ]
    digest.update(repr([str(part) for part in parts]).encode())
    sources = (
        path
        for name in ("config", "glossary", "consent", "templates")
        for path in (settings.BASE_DIR / name).rglob("*")
        if path.suffix in (".py", ".html", ".xml", ".txt")
    )
    for path in [*sorted(sources), settings.STATIC_ROOT / "staticfiles.json"]:
        with contextlib.suppress(FileNotFoundError):
            digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _run(application: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return written.append

    chunks = application(environ, start_response)
    try:
        body = b"".join([*chunks])
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = started[-1]
    return status, headers, b"".join(written) + body


def _is_whole(body: bytes, content_type: str, gate: Gate) -> bool:
    """Whether a page asks for consent where there is a notice: a database that stumbles may have left that out."""
    return gate.notice is None or not content_type.startswith("text/html") or b"data-consent-banner" in body


def _brotli(body: bytes) -> bytes:
    compressed: bytes = brotli.compress(body, quality=BROTLI_QUALITY, mode=brotli.MODE_TEXT)
    return compressed


def _is_kept(path: str) -> bool:
    try:
        return resolve(path).view_name in KEPT_VIEWS
    except Resolver404:
        return False


def _own_host() -> str:
    """The host of SITE_URL, or another that the site answers to."""
    host = urlsplit(settings.SITE_URL).netloc
    if validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return host
    return settings.ALLOWED_HOSTS[0].lstrip(".")


@lru_cache(maxsize=256)
def _is_allowed(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _is_secure(environ: WSGIEnvironment) -> bool:
    """As ``HttpRequest.is_secure()`` has it."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        if name in environ:
            return bool(environ[name].split(",", 1)[0].strip() == value)
    return bool(environ["wsgi.url_scheme"] == "https")


@lru_cache(maxsize=256)
def _preferred_encoding(accepted: str) -> str:
    """Return ``br``, ``gzip`` or ``""`` for an Accept-Encoding header (RFC 9110, section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        weights[name] = weight
    return next((name for name in ("br", "gzip") if weights.get(name, weights.get("*", 0.0)) > 0), "")


def _matches(if_none_match: str, etag: str) -> bool:
    """Compare weakly, as If-None-Match wants it (RFC 9110, section 13.1.2)."""
    if not if_none_match:
        return False
    return any(tag == "*" or tag.removeprefix("W/") == etag for tag in parse_etags(if_none_match))
