"""Pages of the site as a whole: security.txt for machines, and error pages for people."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.urls import resolve
from django.utils import timezone
from django.views.decorators.http import require_safe

from server.standing_alone import render_alone
from server.unavailable import answer_to

logger = logging.getLogger(__name__)

# RFC 9116 recommends less than a year.
SECURITY_TXT_HOLDS = timedelta(days=180)


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a vulnerability, as RFC 9116 has it; 404 where SECURITY_CONTACT is not set."""
    if not settings.SECURITY_CONTACT:
        raise Http404("SECURITY_CONTACT is not set.")
    # The date moves on each day, so that it never passes while the site runs. Its time is midnight.
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
    # No error page uses context processors: one that reads the body would fail again if reading it has failed.
    return HttpResponse(render_to_string("400.html", {"request": request}), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("403.html", {"request": request}), status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if resolve(request.path_info).namespace != "admin":
        # Outside the admin, views that accept a form need no token, and the others accept no form.
        return HttpResponseNotAllowed(["GET", "HEAD"])
    logger.warning("Refused a form without a valid CSRF token at %s: %s", request.path, reason)
    return HttpResponse(render_to_string("403.html", {"request": request, "form_expired": True}), status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("404.html", {"request": request}), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    # OutageMiddleware handles what views raise. This is what middleware raised, such as that of sessions.
    if away := answer_to(sys.exc_info()[1], request):
        return away
    return HttpResponse(render_alone("500.html", request), status=500)
