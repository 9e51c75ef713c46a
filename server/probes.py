"""Answer health probes before anything else of a request is read.

A load balancer's requests have the address of this machine as their host, or no host, and ``ALLOWED_HOSTS`` cannot name
these. Whether the process runs does not depend on the host.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

from django.core.cache import cache as django_cache
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from server.outages import outage

logger = logging.getLogger(__name__)

CACHE_ERRORS: tuple[type[Exception], ...] = (OSError,)
if find_spec("redis"):
    # Its errors derive directly from Exception. The package is installed only if CACHE_URL needs it.
    CACHE_ERRORS += (import_string("redis.exceptions.RedisError"),)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers. Touches nothing else."""
    return JsonResponse({"process": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the site can serve everything, else 503 with the parts that it waits for."""
    parts = {"database": _database(), "migrations": _migrations(), "cache": _cache()}
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse(parts, status=200 if ready else 503)


PROBES = {"/healthz": healthz, "/readyz": readyz}


class ProbeMiddleware:
    """Answer ``/healthz`` and ``/readyz`` under any host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = PROBES.get(request.path_info, self.get_response)
        return answer(request)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        reason = str(error).partition("\n")[0]
        logger.error("Not ready: the database does not answer: %s", reason, extra={"outage": True})
        return "does not answer"
    outage.answered()
    return "ok"


@cache
def _own_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations of this release. Read once, because files don't change while the process runs."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def _migrations() -> str:
    try:
        missing = _own_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    except Error:
        return "unknown, because the database does not answer"
    return f"{len(missing)} not applied: run manage.py migrate" if missing else "ok"


def _cache() -> str:
    try:
        django_cache.set("readyz", "ok", timeout=10)
        return "ok" if django_cache.get("readyz") == "ok" else "does not return what was stored"
    except CACHE_ERRORS:
        logger.exception("Not ready: the cache does not answer.")
        return "does not answer"
