"""Answer 503 when the site cannot do something at the moment, and say when to try again.

Errors of views come to :class:`OutageMiddleware`, and all others (sessions, other middleware) to ``handler500``, which
asks :func:`answer_to` as well. See Note [While the database is away] in ``server.outages``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext

from consent.choice.gate import open_nothing
from consent.choice.views import wants_json
from server.outages import Busy, is_outage, outage
from server.standing_alone import standing_alone

logger = logging.getLogger(__name__)

RETRY_AFTER, RETRY_SOON = 30, 5  # seconds
#: Views that answer in JSON whatever is asked for.
JSON_VIEWS = frozenset(
    (
        *("glossary:suggest", "glossary:embedded_term"),
        *("consent:notice_document", "consent:consistency"),
        *("healthz", "readyz"),
    )
)


class OutageMiddleware:
    """Answer 503 where a view fails because the database is away, and notice when it is back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not outage.is_on:
            return self.get_response(request)
        with connection.execute_wrapper(_listen):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer_to(exception, request)


def answer_to(error: BaseException | None, request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a request that failed with this error, or ``None`` for one that is a fault of ours."""
    if isinstance(error, Busy):
        return unavailable(request, retry_after=RETRY_SOON)
    if not is_outage(error):
        return None
    # The first line: what PostgreSQL says further shows the statement, and with it what somebody searched for.
    reason = str(error).partition("\n")[0]
    logger.error("The database is away: %s (%s)", reason, type(error).__name__, extra={"outage": True})
    if not connection.in_atomic_block:
        # The next request asks for a new one: this may lead to what is no longer the database.
        connection.close()
    return unavailable(request)


def unavailable(request: HttpRequest, *, retry_after: int = RETRY_AFTER) -> HttpResponse:
    """Return a 503 that asks to try again: a page for people, JSON for programs. Makes no query."""
    # Nothing is opened by an answer that could not find out what may be.
    open_nothing(request)
    response: HttpResponse
    if _is_for_a_program(request):
        reason = gettext("The site cannot answer just now. Please try again in a minute.")
        response = JsonResponse({"error": "unavailable", "reason": reason}, status=503)
    else:
        response = HttpResponse(standing_alone("503.html", request), status=503)
    response["Retry-After"] = str(retry_after)
    response["Cache-Control"] = "no-store"
    return response


def _is_for_a_program(request: HttpRequest) -> bool:
    return (
        wants_json(request)
        # Scripts of our own pages, which read JSON or nothing.
        or request.headers.get("Sec-Fetch-Dest") == "empty"
        or "format=json" in request.META.get("QUERY_STRING", "").split("&")
        or _view_of(request) in JSON_VIEWS
    )


def _view_of(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""


def _listen(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    result = execute(sql, params, many, context)
    outage.answered()
    return result
