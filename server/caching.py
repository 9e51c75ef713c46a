"""Who may keep which answer: the page store, the reader's own browser, and caches in between.

Note [Pages in shared caches]
    An answer's policy follows from the reader's own consent, so by default no cache in front of the site may keep it.
    With CONSENT_SHARED_CACHE, the stored pages of the site itself (see :mod:`publicpages`) go out under one policy for
    everybody instead, which opens whatever anybody could have opened on that page, and the client alone keeps services
    from starting. Everything else stays as it is. What that gives up: docs/adr/0110. Those who are signed in to the
    admin never get such an answer from the site itself; a cache in front must ask the site for each request that
    carries their cookie, or the admin must have a host of its own.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import has_vary_header

from consent.choice.signed_in import carries_session
from publicpages import page_of

#: For an answer whose policy is the reader's own: the browser stores it, and checks each time that it is current.
OWN = "private, no-cache"
#: What the policy of such an answer follows from.
VARIES_BY = ("Cookie", "Sec-GPC")


def shared() -> str:
    """Return the Cache-Control of an answer that is the same for everybody, or ``""`` where no cache may keep any."""
    seconds: int = settings.CONSENT_SHARED_CACHE
    # Browsers ask each time: only what stands in front of the site, and can be told to forget, keeps it unasked.
    return f"public, max-age=0, s-maxage={seconds}, must-revalidate" if seconds else ""


def is_same_for_everybody(request: HttpRequest, response: HttpResponse) -> bool:
    """Return whether Django's answer is one that caches may hand to everybody."""
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
