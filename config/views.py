"""Pages of the site as a whole: health for machines, and what people see when something is wrong."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from functools import cache
from importlib.util import find_spec

from django.conf import settings
from django.core.cache import cache as django_cache
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.loader import render_to_string
from django.urls import resolve
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.outages import outage
from config.standing_alone import standing_alone
from config.unavailable import answer_to

logger = logging.getLogger(__name__)

# RFC 9116 wants less than a year.
SECURITY_TXT_HOLDS = timedelta(days=180)

CACHE_ERRORS: tuple[type[Exception], ...] = (OSError,)
if find_spec("redis"):
    # Its errors derive from nothing more special than Exception; the package is there only where CACHE_URL asks for it.
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


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a vulnerability, as RFC 9116 has it; 404 where SECURITY_CONTACT is not set."""
    if not settings.SECURITY_CONTACT:
        raise Http404("SECURITY_CONTACT is not set.")
    # Anew each day, so that a page whose site is still run never is out of date. By the day, not to the second.
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        *(f"Contact: {contact}" for contact in settings.SECURITY_CONTACT),
        f"Expires: {today + SECURITY_TXT_HOLDS:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.SITE_URL}{request.path}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    # None of these uses context processors: one that reads the body would fail where reading it has failed already.
    return HttpResponse(render_to_string("400.html", {"request": request}), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("403.html", {"request": request}), status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if resolve(request.path_info).namespace != "admin":
        # Outside the admin, what takes a form needs no token: everything else takes none.
        return HttpResponseNotAllowed(["GET", "HEAD"])
    logger.warning("Refused a form without a valid CSRF token at %s: %s", request.path, reason)
    return HttpResponse(render_to_string("403.html", {"request": request, "form_expired": True}), status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("404.html", {"request": request}), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    # What views raise comes to config.outages first. This is what middleware raised, sessions among it.
    if away := answer_to(sys.exc_info()[1], request):
        return away
    return HttpResponse(standing_alone("500.html", request), status=500)


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
def _known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations that this release brings. Read once: files don't change under a running process."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def _migrations() -> str:
    try:
        missing = _known_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    except Error:
        return "unknown, because the database does not answer"
    return f"{len(missing)} not applied: run manage.py migrate" if missing else "ok"


def _cache() -> str:
    try:
        django_cache.set("readyz", "ok", timeout=10)
        return "ok" if django_cache.get("readyz") == "ok" else "forgets what it is given"
    except CACHE_ERRORS:
        logger.exception("Not ready: the cache does not answer.")
        return "does not answer"
