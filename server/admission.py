"""Pass fewer requests to Django at a time than a worker has threads.

Note [Fewer requests than threads]
    A finished page takes a thread for a millisecond, but Django may take it for seconds: a database that hangs, a lock,
    many people who search or sign in. If all threads were in Django, finished pages would wait for one of them. So
    :class:`Admission` is between the page store and Django. It admits some requests at a time, lets a few more wait
    for some seconds, and answers 503 to all others. The other threads are reserved: they wait at most for
    :data:`MOMENT`, and not at all while the server is overloaded, as hundreds of refusals may be ahead of a reader. So
    a refusal is rendered once and is then finished too. See docs/adr/0280.

    Python lets a busy thread run for 5 ms before another one's turn. That is long for a page that takes 0.1 ms, and
    :func:`take_turns_quickly` shortens it.

    Static files, which Django serves from memory and disk, and ``/healthz`` are always admitted. A refusal of cookies
    applies in the browser even if the server is too busy to record it.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

from consent.choice.gate import NOTHING, open_nothing
from consent.choice.views import choose_without_record
from consent.notice.languages import language_of
from server.outages import Outage
from server.security import public_headers
from server.unavailable import RETRY_SOON, is_for_a_program, unavailable

logger = logging.getLogger(__name__)

#: Seconds that a request waits at most: as long as a new worker needs to load very many terms.
PATIENCE = 3.0
#: Seconds that a reserved thread may wait: long enough for quick requests to end, too short for readers to notice.
MOMENT = 0.02
#: Seconds after a refusal in which the server counts as overloaded.
OVERLOADED_FOR = 1.0
#: Seconds that a thread runs while others want to: short beside a reader's patience, long beside a change of threads.
TURN = 0.0005


def take_turns_quickly() -> None:
    """Let a thread that answers with a finished page interrupt the busy ones of this process after :data:`TURN`."""
    sys.setswitchinterval(TURN)


def limit_admission(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` with the limits that fit SERVER_THREADS, or without limits if that is 0."""
    threads: int = settings.SERVER_THREADS
    if not threads:
        return application
    third = threads // 3
    return Admission(application, most=max(1, third), waiting=third)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A finished answer that refuses a request."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Admission:
    """A WSGI application that passes ``most`` requests on at a time; ``waiting`` more wait for up to ``patience``."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        most: int,
        waiting: int = 0,
        patience: float = PATIENCE,
        moment: float = MOMENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.application = application
        self.patience = patience
        self.moment = moment
        self.clock = clock
        self._waiting_or_admitted = BoundedSemaphore(most + waiting)
        self._admitted = BoundedSemaphore(most)
        self._refused_at = -math.inf
        self._refusals: dict[tuple[str, bool, bool], Refusal] = {}
        self._overload = Outage(ends="All requests are accepted again.")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _is_always_admitted(environ):
            return self.application(environ, start_response)
        if not self._acquire():
            return self._refuse(environ, start_response)
        self._overload.answered()
        try:
            answer = self.application(environ, start_response)
        except BaseException:
            self._release()
            raise
        if getattr(answer, "streaming", False):
            # Its content is generated while it is sent.
            return _Streamed(answer, self._release)
        self._release()
        return answer

    def _acquire(self) -> bool:
        is_overloaded = self.clock() < self._refused_at + OVERLOADED_FOR
        if not self._waiting_or_admitted.acquire(timeout=0 if is_overloaded else self.moment):
            return False
        if self._admitted.acquire(timeout=self.patience):
            return True
        self._waiting_or_admitted.release()
        return False

    def _release(self) -> None:
        self._admitted.release()
        self._waiting_or_admitted.release()

    def _refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._refused_at = self.clock()
        if self._overload.begin():
            logger.warning("There are more requests than this worker can answer: some are answered with 503.")
        request = WSGIRequest(environ)
        if request.method == "POST" and request.path_info == reverse("consent:choose"):
            refusal = _finish(_choice_refused(request))
        else:
            refusal = self._refusal_of(request)
        start_response(refusal.status, list(refusal.headers))
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else refusal.body]

    def _refusal_of(self, request: HttpRequest) -> Refusal:
        """Return the page, or the JSON, that refuses a request. Each is rendered once."""
        language = language_of(request.path_info)
        kind = language, is_for_a_program(request), request.path_info.startswith("/admin/")
        if kind not in self._refusals:
            with translation.override(language):
                self._refusals[kind] = _finish(unavailable(request, retry_after=RETRY_SOON))
        return self._refusals[kind]


class _Streamed:
    """An answer that is generated while it is sent; ``at_end`` is called once, when it is closed."""

    def __init__(self, answer: Any, at_end: Callable[[], None]) -> None:
        self._answer = answer
        self._at_end: Callable[[], None] | None = at_end

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        try:
            self._answer.close()
        finally:
            at_end, self._at_end = self._at_end, None
            if at_end:
                at_end()


def _choice_refused(request: HttpRequest) -> HttpResponse:
    open_nothing(request)
    with translation.override(language_of(request.path_info)):
        response = choose_without_record(request)
    response["Cache-Control"] = "no-store"
    return response


def _finish(response: HttpResponse) -> Refusal:
    for name, value in public_headers(NOTHING).items():
        response.setdefault(name, value)
    response.setdefault("X-Content-Type-Options", "nosniff")
    cookies = [("Set-Cookie", morsel.OutputString()) for morsel in response.cookies.values()]
    headers = (*response.items(), *cookies, ("Content-Length", str(len(response.content))))
    return Refusal(f"{response.status_code} {response.reason_phrase}", headers, response.content)


def _is_always_admitted(environ: WSGIEnvironment) -> bool:
    path: str = environ.get("PATH_INFO", "")
    if path == "/healthz":
        return True
    if not path.startswith(settings.STATIC_URL) or "\0" in path:
        return False
    # For a missing file, Django answers with a page, which queries the database.
    root = Path(settings.STATIC_ROOT).resolve()
    file = (root / path.removeprefix(settings.STATIC_URL)).resolve()
    return file.is_relative_to(root) and file.is_file()
