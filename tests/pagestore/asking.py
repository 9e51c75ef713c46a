"""Asking a page store, or Django behind it, as a server does."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from pytest_django import DjangoCaptureOnCommitCallbacks

from glossary.actions import save_term
from glossary.models import Term
from tests.glossary.builders import document, publish_unreviewed

TERM = "/glossary/luteal-phase/"


Committing = DjangoCaptureOnCommitCallbacks


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Counting:
    """Django, counting what it is asked for."""

    def __init__(self) -> None:
        self.django = WSGIHandler()
        self.requests: list[WSGIEnvironment] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        self.requests.append(environ)
        return self.django(environ, start_response)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def one_connection() -> Iterator[None]:
    """Keep a request from closing the connection whose transaction the test runs in, as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@one_connection()
def ask(application: WSGIApplication, path: str = TERM, method: str = "GET", **environ: str) -> Answer:
    """Send a request, with header names as WSGI spells them, through the standard library's checker of WSGI."""
    request: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "127.0.0.1"}
    request |= {"QUERY_STRING": "", "SCRIPT_NAME": "", "wsgi.errors": io.StringIO()} | environ
    setup_testing_defaults(request)
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, headers))

    chunks = validator(application)(request, start_response)
    try:
        body = b"".join(chunks)
    finally:
        chunks.close()  # type: ignore[attr-defined]  # the checker adds it
    status, headers = started[0]
    assert len({name.lower() for name, _ in headers}) == len(headers), "a header is there twice"
    return Answer(int(status[:3]), dict(headers), body)


def publish(term: Term, mechanism: str, *, by: User, at: datetime) -> None:
    save_term(document=document(mechanism=f"<p>{mechanism}</p>"), by=by, at=at, term=term)
    publish_unreviewed(term=term, by=by, at=at)
