"""Serve the admin on its own host.

Note [The host of the admin]
    Scripts of third parties, and start code, run on the origin of public pages for those who accepted them. With
    ADMIN_HOST the admin has another origin: its session cookie belongs to that host alone, and no public page is served
    there. Each host answers 404 to addresses of the other one. Static files and probes are the same on both. Without
    ADMIN_HOST everything is on one host, as in development. See docs/adr/0270.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004  (Django calls it so)
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound, HttpResponseRedirect
from django.http.request import split_domain_port

ADMIN = "/admin/"


def is_admin_host(host: str) -> bool:
    """Return whether ``host``, as a request names it, is the admin's own. Ports don't count: proxies leave them out."""
    return bool(settings.ADMIN_HOST) and _name(host) == _name(settings.ADMIN_HOST)


class AdminHostMiddleware:
    """Answer for the admin only on its own host, which serves nothing else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.ADMIN_HOST:
            return self.get_response(request)
        is_admin = f"{request.path_info}/".startswith(ADMIN)
        if not is_admin_host(request.get_host()):
            if is_admin:
                raise Http404("The admin is on its own host.")
            return self.get_response(request)
        if request.path_info == "/":
            return HttpResponseRedirect(ADMIN)
        if not is_admin:
            text = f"This host serves only the admin. The site is at {settings.SITE_URL}\n"
            return HttpResponseNotFound(text, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


def check_admin_host(**kwargs: Any) -> list[CheckMessage]:
    """Warn if the admin has the same origin as public pages."""
    if settings.ADMIN_HOST:
        return []
    warnings: list[CheckMessage] = [
        Warning(
            "ADMIN_HOST is not set: the admin has the same origin as public pages, on which scripts of third parties "
            "run for those who accepted them.",
            hint="Give the admin a host of its own, such as ADMIN_HOST=admin.glossary.example.org "
            "(docs/howto/deploy.md, “Give the admin a host of its own”).",
            id="config.W001",
        )
    ]
    if settings.CONSENT_SHARED_CACHE:
        warnings.append(
            Warning(
                "CONSENT_SHARED_CACHE is on and ADMIN_HOST is not set: a cache hands the policy for everybody to those "
                "who are signed in to the admin.",
                hint="Set ADMIN_HOST, or have the cache pass on every request with a session cookie.",
                id="config.W002",
            )
        )
    return warnings


def _name(host: str) -> str:
    return split_domain_port(host)[0].lower()
