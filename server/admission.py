"""Pass fewer requests to Django at a time than a worker has threads.

Note [Fewer requests than threads]
    A finished page takes a thread for a millisecond, but Django may take it for seconds: a database that hangs, a lock,
    many people who search or sign in. If all threads were in Django, finished pages would wait for one of them. So
    :class:`Admission` is between the page store and Django. It admits some requests at a time, lets a few more wait
    for some seconds, and answers 503 to all others. One thread is reserved, which waits at most for :data:`MOMENT`. See
    docs/adr/0280.

    Static files, which Django serves from memory and disk, and ``/healthz`` are always admitted. A refusal of cookies
    applies in the browser even if the server is too busy to record it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
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
from server.unavailable import RETRY_SOON, unavailable

logger = logging.getLogger(__name__)

#: Threads of a worker that are reserved for finished pages. Half of the others may be in Django, where more would not
#: be faster, and half wait.
RESERVED_THREADS = 1
#: Seconds that a request waits at most: as long as a new worker needs to load very many terms.
PATIENCE = 3.0
#: Seconds that the reserved thread may wait: long enough for quick requests to end, too short for readers to notice.
MOMENT = 0.02


def limit_admission(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` with the limits that fit SERVER_THREADS, or without limits if that is 0."""
    threads: int = settings.SERVER_THREADS
    if not threads:
        return application
    most = max(1, (threads - RESERVED_THREADS) // 2)
    return Admission(application, most=most, waiting=max(0, threads - RESERVED_THREADS - most))


class Admission:
    """A WSGI application that passes ``most`` requests on at a time; ``waiting`` more wait for up to ``patience``."""

    def __init__(
        self, application: WSGIApplication, *, most: int, waiting: int = 0, patience: float = PATIENCE
    ) -> None:
        self.application = application
        self.patience = patience
        self._waiting_or_admitted = BoundedSemaphore(most + waiting)
        self._admitted = BoundedSemaphore(most)
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
        if not self._waiting_or_admitted.acquire(timeout=MOMENT):
            return False
        if self._admitted.acquire(timeout=self.patience):
            return True
        self._waiting_or_admitted.release()
        return False

    def _release(self) -> None:
        self._admitted.release()
        self._waiting_or_admitted.release()

    def _refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._overload.begin():
            logger.warning("There are more requests than this worker can answer: some are answered with 503.")
        with translation.override(language_of(environ.get("PATH_INFO", ""))):
            response = _busy(WSGIRequest(environ))
        for name, value in public_headers(NOTHING).items():
            response.setdefault(name, value)
        response.setdefault("X-Content-Type-Options", "nosniff")
        cookies = [("Set-Cookie", morsel.OutputString()) for morsel in response.cookies.values()]
        headers = [*response.items(), *cookies, ("Content-Length", str(len(response.content)))]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else response.content]


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


def _busy(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and request.path_info == reverse("consent:choose"):
        open_nothing(request)
        response = choose_without_record(request)
        response["Cache-Control"] = "no-store"
        return response
    return unavailable(request, retry_after=RETRY_SOON)


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
