"""Content-Security-Policy for every response: strict for the public, with nonces for the admin.

The public policy is the same for everybody until a visitor's consent opens the origins of a category's services
(``consent.choice.gate``); the admin's policy never opens anything, and neither does that of public pages for those who
are signed in to it (``consent.choice.signed_in``).
"""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from consent.choice.gate import NOTHING, Opened, gate_for, opened_for
from consent.choice.signed_in import HEADER, carries_session, tell_client
from server.caching import OWN, VARIES_BY, is_same_for_everybody, shared

#: Where browsers report what they refused: ``consent.services.report_views``.
REPORTS = "/consent/reports/"
REPORTING_ENDPOINTS = f'csp="{REPORTS}"'

PUBLIC_POLICY: dict[str, tuple[str, ...]] = {
    "default-src": ("'none'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:"),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "form-action": ("'self'",),
    "base-uri": ("'none'",),
    "frame-ancestors": ("'none'",),
    "require-trusted-types-for": ("'script'",),
    "trusted-types": ("'none'",),
    "report-uri": (REPORTS,),
}
#: The directives that are omitted for visitors who opened a service that does not work with them.
TRUSTED_TYPES = ("require-trusted-types-for", "trusted-types")


def public_policy(opened: Opened) -> str:
    """Return the public policy with what a visitor opened added to it."""
    directives = dict(PUBLIC_POLICY)
    for directive, sources in opened.sources.items():
        directives[directive] = (*directives.get(directive, ()), *sources)
    if opened.uses_sinks:
        for directive in TRUSTED_TYPES:
            del directives[directive]
    # Browsers with the Reporting API use `report-to` alone, other browsers `report-uri`. Over plain HTTP, Chromium also
    # uses `report-to` alone and then sends nothing, so it is omitted there.
    if settings.SERVED_OVER_HTTPS:
        directives["report-to"] = ("csp",)
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())


def public_headers(opened: Opened) -> dict[str, str]:
    """Return the headers that follow from what a visitor opened, for every public response, 304 included."""
    # With `credentialless`, a browser shows only frames that set the same policy, and those of videos don't.
    embedder = "unsafe-none" if opened.shows_frames else "credentialless"
    return {
        "Content-Security-Policy": public_policy(opened),
        "Cross-Origin-Embedder-Policy": embedder,
        "Reporting-Endpoints": REPORTING_ENDPOINTS,
    }


def admin_policy(nonce: str) -> str:
    """Return the admin's policy: own scripts, and inline ones with this response's nonce.

    It has no reports: they would not name the page, and what browsers refuse in the admin does not concern visitors.
    """
    return (
        "default-src 'none'; "
        f"script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


class ContentSecurityPolicyMiddleware:
    """Set the policy that fits the path, and ``request.csp_nonce`` for admin templates."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/"):
            nonce = secrets.token_urlsafe(18)
            request.csp_nonce = nonce  # type: ignore[attr-defined]  # Django's HttpRequest is open for attributes
            response = self.get_response(request)
            headers = {"Content-Security-Policy": admin_policy(nonce)}
            tell_client(response, request.COOKIES)
        else:
            response = self.get_response(request)
            headers = self._public(request, response)
        for name, value in headers.items():
            response.setdefault(name, value)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    def _public(self, request: HttpRequest, response: HttpResponse) -> dict[str, str]:
        if "public" in response.get("Cache-Control", ""):
            # Caches may send this answer to everybody, so its policy opens nothing.
            return public_headers(NOTHING)
        # See Note [Pages in shared caches] in server.caching.
        if shared() and is_same_for_everybody(request, response) and (gate := gate_for(request)).notice:
            return public_headers(gate.openable(path=request.path)) | {"Cache-Control": shared()}
        # The policy is this visitor's, whatever the body is, so no cache may send it to another visitor.
        patch_vary_headers(response, VARIES_BY)
        headers = public_headers(opened_for(request)) | {"Cache-Control": OWN}
        return headers | dict([HEADER]) if carries_session(request.COOKIES) else headers
