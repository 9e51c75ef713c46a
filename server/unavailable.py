"""Answer 503 when the site cannot do something at the moment, and say when to try again.

:class:`OutageMiddleware` handles errors of views. All others (sessions, other middleware) reach ``handler500``, which
also calls :func:`answer_to`. See Note [While the database is away] in ``server.outages``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext

from consent.choice.gate import open_nothing
from consent.choice.views import wants_json
from server.outages import Busy, is_outage, outage
from server.standing_alone import render_alone

logger = logging.getLogger(__name__)

RETRY_AFTER, RETRY_SOON = 30, 5  # seconds
#: Views that always answer in JSON.
JSON_VIEWS = frozenset(
    (
        *("glossary:suggest", "glossary:embedded_term"),
        *("consent:notice_document", "consent:consistency"),
        *("healthz", "readyz"),
    )
)


class OutageMiddleware:
    """Answer 503 if a view fails because the database is away, and notice when the database is back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not outage.is_on:
            return self.get_response(request)
        with connection.execute_wrapper(_note_answer):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer_to(exception, request)


def answer_to(error: BaseException | None, request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a request that failed with this error, or ``None`` if the error is a fault of the site."""
    if isinstance(error, Busy):
        return unavailable(request, retry_after=RETRY_SOON)
    if not is_outage(error):
        return None
    # Only the first line: PostgreSQL's others show the statement, and so the words of a search.
    reason = str(error).partition("\n")[0]
    logger.error("The database is away: %s (%s)", reason, type(error).__name__, extra={"outage": True})
    if not connection.in_atomic_block:
        # The next request opens a new one: this one may lead to a server that is no longer the database.
        connection.close()
    return unavailable(request)


def unavailable(request: HttpRequest, *, retry_after: int = RETRY_AFTER) -> HttpResponse:
    """Return a 503 that asks to try again: a page for people, JSON for programs. Makes no query."""
    # It is not known what the visitor's choice opens, so this answer opens nothing.
    open_nothing(request)
    response: HttpResponse
    if is_for_a_program(request):
        reason = gettext("The site cannot answer just now. Please try again in a minute.")
        response = JsonResponse({"error": "unavailable", "reason": reason}, status=503)
    else:
        response = HttpResponse(render_alone("503.html", request), status=503)
    response["Retry-After"] = str(retry_after)
    response["Cache-Control"] = "no-store"
    return response


def is_for_a_program(request: HttpRequest) -> bool:
    return (
        wants_json(request)
        # Scripts of our own pages read JSON or nothing.
        or request.headers.get("Sec-Fetch-Dest") == "empty"
        or "format=json" in request.META.get("QUERY_STRING", "").split("&")
        or _view_at(request.path_info) in JSON_VIEWS
    )


@lru_cache(maxsize=256)
def _view_at(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def _note_answer(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    result = execute(sql, params, many, context)
    outage.answered()
    return result
