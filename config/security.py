"""Content-Security-Policy for every response: strict for the public, with nonces for the admin.

The public policy is the same for everybody until a visitor's consent opens the origins of a category's services
(``consent.gate``); the admin's policy never opens anything.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping

from django.http import HttpRequest, HttpResponse

from consent.gate import opened_for

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
}


def public_policy(opened: Mapping[str, Iterable[str]]) -> str:
    """Return the public policy with ``opened`` (directive → origins) added to it."""
    directives = dict(PUBLIC_POLICY)
    for directive, sources in opened.items():
        directives[directive] = (*directives.get(directive, ("'self'",)), *sources)
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())


def admin_policy(nonce: str) -> str:
    """Return the admin's policy: own scripts, plus the inline ones that carry this response's nonce."""
    return (
        "default-src 'none'; "
        f"script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


class ContentSecurityPolicyMiddleware:
    """Set the policy that fits the path; ``request.csp_nonce`` is there for admin templates."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/"):
            nonce = secrets.token_urlsafe(18)
            request.csp_nonce = nonce  # type: ignore[attr-defined]  # Django's HttpRequest is open for attributes
            response = self.get_response(request)
            policy = admin_policy(nonce)
        else:
            response = self.get_response(request)
            policy = public_policy(opened_for(request))
            response.setdefault("Cross-Origin-Embedder-Policy", "credentialless")
        response.setdefault("Content-Security-Policy", policy)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
