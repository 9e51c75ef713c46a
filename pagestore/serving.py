"""Answer requests from the page store, ahead of Django.

What happens for each request is kept short: one look at the shared number, one at the dictionary of pages, and an
answer whose headers were put together when the first visitor asked for it. The query of an address is not looked at:
views that read it are not kept (``publicpages.public_page``).
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cookie_consent.conf import settings as consent_settings
from django.conf import settings
from django.db import Error, close_old_connections, connection
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.http import parse_etags

from accounts.admin_host import is_admin_host
from consent.choice.gate import MOST_COOKIE, NOTHING, Gate, Opened, current_gate, read_cookie
from consent.choice.signed_in import HEADER, carries_session
from pagestore.changed_keys import ChangedKeys
from pagestore.changes import Known, catch_up
from pagestore.files import PageFiles
from pagestore.finished import Answer, Page, compressed, number_of
from pagestore.freshness import Freshness
from pagestore.public_files import PublicFiles, remove_expired
from pagestore.release import release
from pagestore.rendering import neutral_request, own_host, place_of, run
from server.caching import OWN, VARIES_BY, shared
from server.outages import outage
from server.security import public_headers
from server.static_files import preferred_encoding

logger = logging.getLogger(__name__)

# Per worker. A term's page is about 25 KB in its three forms, so this holds some four thousand; others are read from
# the folder when somebody asks for them.
MEMORY = 96 * 1024 * 1024
LOOK_EVERY = 1.0
LOOK_AGAIN_AFTER_FAILURE = 5.0
# While the thread of pagestore.watching looks, requests needn't.
LOOK_IF_NOBODY_DOES = 3.0
MAX_PATH = 300
# What is remembered per visitor is bounded twice: by how many there are, and by how long each header is that visitors
# wrote. Browsers keep no cookie of more than 4,096 bytes, and no name of a host is longer than 253.
_MANY_VISITORS = 4_096
_MAX_HOST = 300

# Set by the store itself for each response, or by the server.
_OWN_HEADERS = frozenset(
    {
        *("content-security-policy", "cross-origin-embedder-policy", "reporting-endpoints"),
        *("content-length", "content-encoding", "etag", "cache-control", "vary", "date"),
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What an answer says beside its page: headers that follow from what the visitor opened, and from who may keep it.

    ``tag`` is a part of the ETag: browsers may apply the headers of the answer that they kept. It is empty for
    visitors who have opened nothing.
    """

    headers: tuple[tuple[str, str], ...]
    tag: str = ""


class PageStore:
    """A WSGI application that answers for public pages, and leaves everything else to ``application`` (Django)."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        folder: Path,
        memory: int = MEMORY,
        must_keep: bool = False,
        quickly: bool = False,
        clock: Callable[[], float] = time.monotonic,
        calendar: Callable[[], float] = time.time,
    ) -> None:
        self.application = application
        self.folder = folder
        self.memory = memory
        #: Whether a page that cannot be written raises ``OSError``. Otherwise it is logged, and readers get their page.
        self.must_keep = must_keep
        #: Whether pages are compressed quickly rather than well: where very many are made at once.
        self.quickly = quickly
        self.clock = clock
        self.calendar = calendar
        self.freshness = Freshness(folder)
        self.files = PageFiles(folder, release(), room=settings.PAGE_STORE_SIZE * 1024 * 1024)
        self.public = PublicFiles(folder, release()) if settings.PAGE_FILES and not shared() else None
        self.files.evicted = self._unpublish
        self._pages: dict[str, Page] = {}
        self.held = 0  # bytes, about
        self._known = Known()
        self._on_disk = ChangedKeys(folder)
        self._is_behind = True  # until the database has said what it holds
        self._until = float("inf")  # when the first page in memory is stale by the calendar
        self._storing = threading.Lock()
        self._looking = threading.Lock()
        self._look_at = 0.0
        self._gate = Gate()
        self._closed = self._policy_of(NOTHING)
        # With a tag of its own: a browser goes on with the headers of the answer that it kept.
        self._signed_in = Policy((*self._closed.headers, HEADER), "s")
        self._opened: dict[tuple[str, bool, str], Policy] = {}
        self._host = own_host()
        self._secure_only = bool(settings.SECURE_SSL_REDIRECT)
        self._is_allowed = lru_cache(maxsize=256)(_is_allowed)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if (
            environ["REQUEST_METHOD"] not in ("GET", "HEAD")
            or environ.get("SCRIPT_NAME")
            # Hosts that aren't ours, and the way to HTTPS, are Django's to answer.
            or len(environ.get("HTTP_HOST", "")) > _MAX_HOST
            or not self._is_allowed(environ.get("HTTP_HOST", ""))
            or (self._secure_only and not _is_secure(environ))
        ):
            return self.application(environ, start_response)
        if self.freshness.generation() != self._known.moment.generation or self.clock() >= self._look_at:
            self.look()
        path: str = environ.get("PATH_INFO", "")
        page = self._pages.get(path)
        if page is None or page.checked is not self._known:
            page = self.page(path)
            if page is None:
                return self.application(environ, start_response)
        page.used = True
        return self._answer(page, environ, start_response)

    def page(self, path: str) -> Page | None:
        """Return the finished page at ``path``, rendered now if need be, or ``None`` if that is Django's business.

        Where it cannot be rendered, the one that is stored is returned as it is, unless what it shows has changed.
        """
        known = self._known
        held = self._pages.get(path)
        if held is not None and self._is_fresh(held, known):
            held.checked = known
            return held
        if len(path) > MAX_PATH or not path.isascii() or place_of(path) is None:
            return None
        page = self.files.read(path)
        if page is not None and self._is_fresh(page, known):
            page.checked = known
            self._remember(page)
            self._publish(page, known)
            return page
        stored = page or held
        if stored is None or not stored.is_finished or self._has_changed(stored, known):
            return self.render(path)
        if self._is_behind:
            return stored
        page = self.render(path)
        return stored if page is not None and page.status.startswith("503 ") else page

    def render(self, path: str) -> Page | None:
        """Render the page at ``path`` and keep it, if it may be kept. ``None``: it may be shown to nobody else."""
        place = place_of(path)
        if place is None:
            return None
        # Before anything is read: see Note [When a stored page is stale].
        known = self._known
        environ = neutral_request(path, host=self._host)
        status, given, body = run(self.application, environ)
        names = {name.lower(): value for name, value in given}
        if "set-cookie" in names:
            logger.error("%s sets a cookie, so it is not stored.", path)
            return None
        headers = tuple((name, value) for name, value in given if name.lower() not in _OWN_HEADERS)
        page = Page(
            path=path,
            keys=place.keys,
            epoch=known.moment.epoch,
            edition=known.moment.editions.glossary,
            until=environ.get("glossary.until"),
            status=status,
            headers=headers,
            bodies={"": body},
            number=number_of(status, headers, body),
            caching=names.get("cache-control", "") if place.is_open else "",
            checked=known,
        )
        whole = not self._is_behind and _is_whole(body, names.get("content-type", ""), self._gate)
        if status.startswith("200 ") and whole and "no-store" not in names.get("cache-control", ""):
            page.bodies = compressed(body, quickly=self.quickly)
            self._remember(page)
            self._keep(page)
            self._publish(page, known)
        else:
            self._forget(path)
            if whole and not status.startswith("5"):
                self.files.remove(path)
        return page

    def is_finished(self, path: str) -> bool:
        """Return whether the page at ``path`` is in the folder and fresh."""
        page = self.files.read(path)
        return page is not None and self._is_fresh(page, self._known)

    def look(self, *, due: bool = False) -> None:
        """Once a second, when something has changed, or when it is ``due``: read what the database says."""
        changed = self.freshness.generation() != self._known.moment.generation
        if not changed and not due and self.clock() < self._look_at:
            return
        # The second that is due needs only one thread; after a change, nobody goes on with what was known before.
        if not self._looking.acquire(blocking=changed):
            return
        try:
            if changed and self.freshness.generation() == self._known.moment.generation:
                return
            self._look_at = self.clock() + (LOOK_IF_NOBODY_DOES if due else LOOK_EVERY)
            self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        if not connection.in_atomic_block:
            # Outside of Django's request cycle, nobody else retires a connection that the server has dropped.
            close_old_connections()
        try:
            catch_up(self.freshness)
            moment = self.freshness.now()
            # Each time, so that a service which is switched off past every action is closed within a second too.
            self._gate = current_gate()
            self._opened = {}
            if moment != self._known.moment:
                self._known = self._known.at(moment)
            self._is_behind = False
            outage.answered()
        except (Error, OSError) as error:
            # What is stored goes on being served: readers needn't notice that the database is away.
            self._is_behind = True
            self._look_at = self.clock() + LOOK_AGAIN_AFTER_FAILURE
            self._known = self._known.unread(self.freshness.now())
            is_away = {"outage": isinstance(error, Error)}
            reason = str(error).partition("\n")[0]
            logger.warning(
                "The content version cannot be read, so stored pages may be out of date: %s", reason, extra=is_away
            )
            if not connection.in_atomic_block:
                connection.close()
        if self.public is not None:
            remove_expired(self.folder, now=self.calendar())
        if self.calendar() >= self._until:
            # Each page in memory is looked at once more; those that are still good say when they won't be.
            self._until = float("inf")
            self._known = self._known.again()

    def _is_fresh(self, page: Page, known: Known) -> bool:
        if not known.is_fresh(page, now=self.calendar()):
            return False
        if self._is_behind and self._on_disk.has_changed(page):
            return False
        if page.until is not None and page.until < self._until:
            self._until = page.until
        return True

    def _has_changed(self, page: Page, known: Known) -> bool:
        return known.has_changed(page) or self._on_disk.has_changed(page)

    def _policy(self, page: Page, environ: WSGIEnvironment) -> Policy:
        if page.caching:
            return self._policy_of(NOTHING, caching=page.caching, vary="Accept-Encoding")
        cookies = environ.get("HTTP_COOKIE")
        # Asked first, as it is what makes reading the cookies of everybody else unnecessary.
        if cookies and settings.SESSION_COOKIE_NAME in cookies and carries_session(parse_cookie(cookies)):
            # See Note [No services for those who are signed in] in consent.choice.signed_in.
            return self._signed_in
        if self._gate.notice and page.is_finished and (caching := shared()):
            # See Note [Pages in shared caches] in server.caching.
            return self._policy_of(self._gate.openable(path=page.path), caching=caching, vary="Accept-Encoding")
        if not cookies or consent_settings.COOKIE_CONSENT_NAME not in cookies:
            return self._closed
        given = read_cookie(cookies)
        gpc = environ.get("HTTP_SEC_GPC") == "1"
        visitor = (given.get(consent_settings.COOKIE_CONSENT_NAME, ""), gpc, page.path)
        opened = self._opened
        policy = opened.get(visitor)
        if policy is None:
            policy = self._policy_of(self._gate.opened(given, path=page.path, gpc=gpc))
            if len(visitor[0]) <= MOST_COOKIE:
                if len(opened) >= _MANY_VISITORS:
                    opened.clear()
                opened[visitor] = policy
        return policy

    def _policy_of(
        self, opened: Opened, *, caching: str = OWN, vary: str = ", ".join(("Accept-Encoding", *VARIES_BY))
    ) -> Policy:
        if opened == NOTHING and caching == OWN and hasattr(self, "_closed"):
            return self._closed
        own = public_headers(opened)
        tag = "" if opened == NOTHING else hashlib.sha256(repr(own).encode()).hexdigest()[:8]
        return Policy((*own.items(), ("Cache-Control", caching), ("Vary", vary)), tag)

    def _answer(self, page: Page, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        encoding = preferred_encoding(environ.get("HTTP_ACCEPT_ENCODING", ""))
        policy = self._policy(page, environ)
        answer = page.answers.get(encoding) if policy is self._closed else None
        if answer is None:
            answer = _answer_of(page, encoding, policy)
            if policy is self._closed:
                page.answers[encoding] = answer
        condition = environ.get("HTTP_IF_NONE_MATCH")
        if condition and (condition == answer.etag or _matches(condition, answer.etag)) and page.status[:3] == "200":
            start_response("304 Not Modified", answer.unchanged.copy())
            return ()
        start_response(page.status, answer.headers.copy())
        return () if environ["REQUEST_METHOD"] == "HEAD" else answer.chunks

    def _keep(self, page: Page) -> None:
        """Write a page. Where that fails, it is in memory: only other workers and the next start render it again."""
        try:
            self.files.write(page)
        except OSError as error:
            if self.must_keep:
                raise
            logger.warning("The finished page %s could not be written: %s", page.path, error)

    def _publish(self, page: Page, known: Known) -> None:
        """Put a page where nginx finds it, unless something has changed since it was found fresh."""
        if self.public is None or self.public.has(page):
            return
        try:
            with self.freshness.held() as moment:
                if moment.generation == known.moment.generation:
                    self.public.write(page)
        except OSError as error:
            if self.must_keep:
                raise
            logger.warning("The file of %s for nginx could not be written: %s", page.path, error)

    def _unpublish(self, page: Page) -> None:
        if self.public is not None:
            self.public.remove(page)

    def _remember(self, page: Page) -> None:
        if page.size > self.memory // 4:
            return
        with self._storing:
            replaced = self._pages.pop(page.path, None)
            self.held += page.size - (replaced.size if replaced else 0)
            self._pages[page.path] = page
            # The one that came first goes first, unless it was read since. It is still in the folder.
            while self.held > self.memory:
                path, oldest = next(iter(self._pages.items()))
                del self._pages[path]
                if oldest.used:
                    oldest.used = False
                    self._pages[path] = oldest
                else:
                    self.held -= oldest.size
        if page.until is not None and page.until < self._until:
            self._until = page.until

    def _forget(self, path: str) -> None:
        with self._storing:
            page = self._pages.pop(path, None)
            self.held -= page.size if page else 0


def _answer_of(page: Page, encoding: str, policy: Policy) -> Answer:
    if encoding not in page.bodies:
        encoding = ""
    body = page.bodies[encoding]
    tag = f'"{page.number:x}-{len(body):x}{"-" + policy.tag if policy.tag else ""}"'
    unchanged = [*policy.headers, ("ETag", tag)]
    headers = [*unchanged, *page.headers, ("Content-Length", str(len(body)))]
    if encoding:
        headers.append(("Content-Encoding", encoding))
    return Answer(tag, headers, unchanged, (body,))


def _is_whole(body: bytes, content_type: str, gate: Gate) -> bool:
    """Whether a page has what it needs of consent where there is a notice: a database that stumbles may have left that
    out. Where nothing is asked there is no banner, but always a way to withdraw.
    """
    return gate.notice is None or not content_type.startswith("text/html") or b"data-consent-withdrawal" in body


def _is_allowed(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS) and not is_admin_host(host)


def _is_secure(environ: WSGIEnvironment) -> bool:
    """As ``HttpRequest.is_secure()`` has it."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        if name in environ:
            return bool(environ[name].split(",", 1)[0].strip() == value)
    return bool(environ["wsgi.url_scheme"] == "https")


def _matches(if_none_match: str, etag: str) -> bool:
    """Compare weakly, as If-None-Match wants it (RFC 9110, section 13.1.2)."""
    return any(tag == "*" or tag.removeprefix("W/") == etag for tag in parse_etags(if_none_match))
