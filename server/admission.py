"""How many requests a worker hands to Django at a time: fewer than it has threads.

Note [Fewer requests than threads]
    A finished page takes a thread for a millisecond, and Django may take it for seconds: a database that hangs, a lock,
    a crowd that searches or signs in. If all threads were with Django, finished pages would wait for one of them. So
    :class:`Admission` stands between the page store and Django. It admits some requests at a time, lets a few more wait
    for some seconds, and answers 503 to all others. One thread is left, which waits for a moment at most. See
    docs/adr/0280.

    Static files, which Django serves from memory and disk, and ``/healthz`` are admitted at any time. A refusal of
    cookies holds in the browser although there is no room to record it.
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

#: Of the threads of a worker, the one that is left for finished pages. Half of the others may be with Django, which
#: keeps more of them no less busy, and half wait.
LEFT = 1
#: How long a request waits at most, in seconds: as long as a new worker takes to get ready for very many terms.
PATIENCE = 3.0
#: How long the thread that is left may wait, in seconds: a moment in which quick requests end, and no reader notices.
MOMENT = 0.02


def in_front_of_django(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` with the bounds that fit SERVER_THREADS, or by itself where that is 0."""
    threads: int = settings.SERVER_THREADS
    if not threads:
        return application
    most = max(1, (threads - LEFT) // 2)
    return Admission(application, most=most, waiting=max(0, threads - LEFT - most))


class Admission:
    """A WSGI application that passes ``most`` requests on at a time; ``waiting`` more wait for up to ``patience``."""

    def __init__(
        self, application: WSGIApplication, *, most: int, waiting: int = 0, patience: float = PATIENCE
    ) -> None:
        self.application = application
        self.patience = patience
        self._present = BoundedSemaphore(most + waiting)
        self._admitted = BoundedSemaphore(most)
        self._crowd = Outage(ends="All requests are accepted again.")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _is_always_admitted(environ):
            return self.application(environ, start_response)
        if not self._enter():
            return self._refuse(environ, start_response)
        self._crowd.answered()
        try:
            answer = self.application(environ, start_response)
        except BaseException:
            self._leave()
            raise
        if getattr(answer, "streaming", False):
            # It is made while it is sent.
            return _Streamed(answer, self._leave)
        self._leave()
        return answer

    def _enter(self) -> bool:
        if not self._present.acquire(timeout=MOMENT):
            return False
        if self._admitted.acquire(timeout=self.patience):
            return True
        self._present.release()
        return False

    def _leave(self) -> None:
        self._admitted.release()
        self._present.release()

    def _refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._crowd.begin():
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
    """An answer that is made while it is sent; ``then`` is called once, at its end."""

    def __init__(self, answer: Any, then: Callable[[], None]) -> None:
        self._answer = answer
        self._then: Callable[[], None] | None = then

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        try:
            self._answer.close()
        finally:
            then, self._then = self._then, None
            if then:
                then()


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
    # One that is not there ends in a page, for which Django asks the database.
    root = Path(settings.STATIC_ROOT).resolve()
    file = (root / path.removeprefix(settings.STATIC_URL)).resolve()
    return file.is_relative_to(root) and file.is_file()
