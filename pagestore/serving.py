"""Answer requests from the page store, ahead of Django.

Each request takes little work: it reads the shared number and the dictionary of pages, and gets an answer whose
headers were built for the first visitor. The query of an address is ignored: pages whose views read it are not stored
(``publicpages.public_page``).
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
from pagestore.changes import KnownChanges, catch_up
from pagestore.files import PageFiles
from pagestore.finished import Answer, Page, compressed, number_of
from pagestore.freshness import Freshness
from pagestore.public_files import PublicFiles, remove_expired
from pagestore.release import release
from pagestore.rendering import neutral_request, own_host, run, storable_page_at
from server.caching import OWN, VARIES_BY, shared
from server.outages import outage
from server.security import public_headers
from server.static_files import preferred_encoding

logger = logging.getLogger(__name__)

# Bytes per worker. A term's page takes about 25 KB in its three forms, so about 4,000 fit. Others are read from the
# folder when they are requested.
MEMORY = 96 * 1024 * 1024
# Seconds between two comparisons with the database.
CHECK_EVERY = 1.0
CHECK_AFTER_FAILURE = 5.0
# Requests check only if the thread of pagestore.watching has not done so for this long.
CHECK_WITHOUT_THREAD = 3.0
MAX_PATH = 300
# Memory per visitor is limited twice: by the number of visitors, and by the length of the headers that they send.
# Browsers store no cookie of more than 4,096 bytes, and no host name is longer than 253.
_MAX_VISITORS = 4_096
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
    """The headers of an answer that follow from what the visitor has opened, and from who may store it.

    ``tag`` is a part of the ETag, because browsers may apply the headers of the answer that they stored. It is empty
    for visitors who have opened nothing.
    """

    headers: tuple[tuple[str, str], ...]
    tag: str = ""


class PageStore:
    """A WSGI application that answers with public pages, and passes other requests to ``application`` (Django)."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        folder: Path,
        memory: int = MEMORY,
        must_store: bool = False,
        quickly: bool = False,
        clock: Callable[[], float] = time.monotonic,
        calendar: Callable[[], float] = time.time,
    ) -> None:
        self.application = application
        self.folder = folder
        self.memory = memory
        #: Whether a page that cannot be written raises ``OSError``. Otherwise it is logged, and readers get their page.
        self.must_store = must_store
        #: Whether pages are compressed quickly rather than well, for when very many are rendered at once.
        self.quickly = quickly
        self.clock = clock
        self.calendar = calendar
        self.freshness = Freshness(folder)
        self.files = PageFiles(folder, release(), room=settings.PAGE_STORE_SIZE * 1024 * 1024)
        self.public = PublicFiles(folder, release()) if settings.PAGE_FILES and not shared() else None
        self.files.on_eviction = self._unpublish
        self._pages: dict[str, Page] = {}
        self.memory_used = 0  # bytes, approximately
        self._changes = KnownChanges()
        self._changed_keys = ChangedKeys(folder)
        self._is_behind = True  # until the database has been read
        self._expires_at = float("inf")  # when the first page in memory becomes stale by the calendar
        self._memory_lock = threading.Lock()
        self._refresh_lock = threading.Lock()
        self._refresh_at = 0.0
        self._gate = Gate()
        self._closed = self._policy_of(NOTHING)
        # With its own tag, because a browser applies the headers of the answer that it stored.
        self._signed_in = Policy((*self._closed.headers, HEADER), "s")
        self._opened: dict[tuple[str, bool, str], Policy] = {}
        self._host = own_host()
        self._secure_only = bool(settings.SECURE_SSL_REDIRECT)
        self._is_allowed = lru_cache(maxsize=256)(_is_allowed)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if (
            environ["REQUEST_METHOD"] not in ("GET", "HEAD")
            or environ.get("SCRIPT_NAME")
            # Django answers for other hosts, and redirects to HTTPS.
            or len(environ.get("HTTP_HOST", "")) > _MAX_HOST
            or not self._is_allowed(environ.get("HTTP_HOST", ""))
            or (self._secure_only and not _is_secure(environ))
        ):
            return self.application(environ, start_response)
        if self.freshness.generation() != self._changes.moment.generation or self.clock() >= self._refresh_at:
            self.refresh()
        path: str = environ.get("PATH_INFO", "")
        page = self._pages.get(path)
        if page is None or page.checked is not self._changes:
            page = self.page(path)
            if page is None:
                return self.application(environ, start_response)
        page.used = True
        return self._answer(page, environ, start_response)

    def page(self, path: str) -> Page | None:
        """Return the finished page at ``path``, rendered now if necessary, or ``None`` if Django has to answer.

        If it cannot be rendered, the stored page is returned as it is, unless what it shows has changed.
        """
        changes = self._changes
        in_memory = self._pages.get(path)
        if in_memory is not None and self._is_fresh(in_memory, changes):
            in_memory.checked = changes
            return in_memory
        if len(path) > MAX_PATH or not path.isascii() or storable_page_at(path) is None:
            return None
        page = self.files.read(path)
        if page is not None and self._is_fresh(page, changes):
            page.checked = changes
            self._remember(page)
            self._publish(page, changes)
            return page
        stored = page or in_memory
        if stored is None or not stored.is_finished or self._has_changed(stored, changes):
            return self.render(path)
        if self._is_behind:
            return stored
        page = self.render(path)
        return stored if page is not None and page.status.startswith("503 ") else page

    def render(self, path: str) -> Page | None:
        """Render the page at ``path``, and store it if it may be stored. ``None``: nobody else may be shown it."""
        storable = storable_page_at(path)
        if storable is None:
            return None
        # Taken before anything is read: see Note [When a stored page is stale].
        changes = self._changes
        environ = neutral_request(path, host=self._host)
        status, given, body = run(self.application, environ)
        names = {name.lower(): value for name, value in given}
        if "set-cookie" in names:
            logger.error("%s sets a cookie, so it is not stored.", path)
            return None
        headers = tuple((name, value) for name, value in given if name.lower() not in _OWN_HEADERS)
        page = Page(
            path=path,
            keys=storable.keys,
            epoch=changes.moment.epoch,
            version=changes.moment.versions.glossary,
            until=environ.get("glossary.until"),
            status=status,
            headers=headers,
            bodies={"": body},
            number=number_of(status, headers, body),
            caching=names.get("cache-control", "") if storable.for_other_sites else "",
            checked=changes,
        )
        whole = not self._is_behind and _is_whole(body, names.get("content-type", ""), self._gate)
        if status.startswith("200 ") and whole and "no-store" not in names.get("cache-control", ""):
            page.bodies = compressed(body, quickly=self.quickly)
            self._remember(page)
            self._write(page)
            self._publish(page, changes)
        else:
            self._forget(path)
            if whole and not status.startswith("5"):
                self.files.remove(path)
        return page

    def is_finished(self, path: str) -> bool:
        """Return whether the page at ``path`` is in the folder and fresh."""
        page = self.files.read(path)
        return page is not None and self._is_fresh(page, self._changes)

    def refresh(self, *, due: bool = False) -> None:
        """Read the changes from the database: if ``due``, if there are any, or if the last time was a second ago."""
        changed = self.freshness.generation() != self._changes.moment.generation
        if not changed and not due and self.clock() < self._refresh_at:
            return
        # The regular check needs only one thread. After a change, all threads wait for it to be read.
        if not self._refresh_lock.acquire(blocking=changed):
            return
        try:
            if changed and self.freshness.generation() == self._changes.moment.generation:
                return
            self._refresh_at = self.clock() + (CHECK_WITHOUT_THREAD if due else CHECK_EVERY)
            self._refresh()
        finally:
            self._refresh_lock.release()

    def _refresh(self) -> None:
        if not connection.in_atomic_block:
            # Outside of Django's request cycle, nothing else closes a connection that the server has dropped.
            close_old_connections()
        try:
            catch_up(self.freshness)
            moment = self.freshness.now()
            # Each time, so that a service that was switched off without an action is closed within a second too.
            self._gate = current_gate()
            self._opened = {}
            if moment != self._changes.moment:
                self._changes = self._changes.updated_to(moment)
            self._is_behind = False
            outage.answered()
        except (Error, OSError) as error:
            # Stored pages are still served: readers need not notice that the database is away.
            self._is_behind = True
            self._refresh_at = self.clock() + CHECK_AFTER_FAILURE
            self._changes = self._changes.unchanged_at(self.freshness.now())
            is_away = {"outage": isinstance(error, Error)}
            reason = str(error).partition("\n")[0]
            logger.warning(
                "The content version cannot be read, so stored pages may be out of date: %s", reason, extra=is_away
            )
            if not connection.in_atomic_block:
                connection.close()
        if self.public is not None:
            remove_expired(self.folder, now=self.calendar())
        if self.calendar() >= self._expires_at:
            # Check each page in memory again. Those that are still fresh set the next time.
            self._expires_at = float("inf")
            self._changes = self._changes.copy()

    def _is_fresh(self, page: Page, changes: KnownChanges) -> bool:
        if not changes.is_fresh(page, now=self.calendar()):
            return False
        if self._is_behind and self._changed_keys.has_changed(page):
            return False
        if page.until is not None and page.until < self._expires_at:
            self._expires_at = page.until
        return True

    def _has_changed(self, page: Page, changes: KnownChanges) -> bool:
        return changes.has_changed(page) or self._changed_keys.has_changed(page)

    def _policy(self, page: Page, environ: WSGIEnvironment) -> Policy:
        if page.caching:
            return self._policy_of(NOTHING, caching=page.caching, vary="Accept-Encoding")
        cookies = environ.get("HTTP_COOKIE")
        # Checked first, so that the cookies of all other visitors need not be parsed.
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
                if len(opened) >= _MAX_VISITORS:
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

    def _write(self, page: Page) -> None:
        """Write a page. If that fails, it is in memory only: other workers and the next start render it again."""
        try:
            self.files.write(page)
        except OSError as error:
            if self.must_store:
                raise
            logger.warning("The finished page %s could not be written: %s", page.path, error)

    def _publish(self, page: Page, changes: KnownChanges) -> None:
        """Write a page for nginx, unless something has changed since it was checked."""
        if self.public is None or self.public.has(page):
            return
        try:
            with self.freshness.locked() as moment:
                if moment.generation == changes.moment.generation:
                    self.public.write(page)
        except OSError as error:
            if self.must_store:
                raise
            logger.warning("The file of %s for nginx could not be written: %s", page.path, error)

    def _unpublish(self, page: Page) -> None:
        if self.public is not None:
            self.public.remove(page)

    def _remember(self, page: Page) -> None:
        if page.size > self.memory // 4:
            return
        with self._memory_lock:
            replaced = self._pages.pop(page.path, None)
            self.memory_used += page.size - (replaced.size if replaced else 0)
            self._pages[page.path] = page
            # Drop the oldest page, unless it was read since. It is still in the folder.
            while self.memory_used > self.memory:
                path, oldest = next(iter(self._pages.items()))
                del self._pages[path]
                if oldest.used:
                    oldest.used = False
                    self._pages[path] = oldest
                else:
                    self.memory_used -= oldest.size
        if page.until is not None and page.until < self._expires_at:
            self._expires_at = page.until

    def _forget(self, path: str) -> None:
        with self._memory_lock:
            page = self._pages.pop(path, None)
            self.memory_used -= page.size if page else 0


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
    """Whether a page has its part for consent, which a database error may have left out, if there is a notice.

    A notice that asks nothing has no banner, but always a way to withdraw.
    """
    return gate.notice is None or not content_type.startswith("text/html") or b"data-consent-withdrawal" in body


def _is_allowed(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS) and not is_admin_host(host)


def _is_secure(environ: WSGIEnvironment) -> bool:
    """Return what ``HttpRequest.is_secure()`` returns."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        if name in environ:
            return bool(environ[name].split(",", 1)[0].strip() == value)
    return bool(environ["wsgi.url_scheme"] == "https")


def _matches(if_none_match: str, etag: str) -> bool:
    """Compare weakly, as If-None-Match requires (RFC 9110, section 13.1.2)."""
    return any(tag == "*" or tag.removeprefix("W/") == etag for tag in parse_etags(if_none_match))
