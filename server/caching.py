"""Say who may store which answer: the page store, the reader's own browser, and caches in between.

Note [Pages in shared caches]
    An answer's policy follows from the reader's own consent, so by default no cache in front of the site may store it.
    With CONSENT_SHARED_CACHE, the stored pages of the site itself (see :mod:`publicpages`) are sent with one policy for
    everybody instead. It opens everything that a visitor could open on that page, and only the client prevents services
    from starting. All else is unchanged. The disadvantages: docs/adr/0110. The site itself never sends such an answer
    to those who are signed in to the admin. A cache must pass on each request that carries their cookie, or the admin
    must have a host of its own.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import has_vary_header

from consent.choice.signed_in import carries_session
from publicpages import page_of

#: For an answer whose policy is the reader's own: the browser stores it, and asks each time whether it is current.
OWN = "private, no-cache"
#: The headers from which the policy of such an answer follows.
VARIES_BY = ("Cookie", "Sec-GPC")


def shared() -> str:
    """Return the Cache-Control of an answer that is the same for everybody, or ``""`` if no cache may store it."""
    seconds: int = settings.CONSENT_SHARED_CACHE
    # Browsers ask each time. Only a cache in front of the site, which can be purged, may serve it without asking.
    return f"public, max-age=0, s-maxage={seconds}, must-revalidate" if seconds else ""


def is_same_for_everybody(request: HttpRequest, response: HttpResponse) -> bool:
    """Return whether caches may send Django's answer to everybody."""
    match = request.resolver_match
    return (
        match is not None
        and page_of(match.func).is_same_for_everybody
        and not carries_session(request.COOKIES)
        and response.status_code == 200
        and not response.cookies
        and "Cache-Control" not in response
        and not has_vary_header(response, "Cookie")
    )
