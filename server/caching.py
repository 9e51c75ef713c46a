"""Who may keep which answer: the page store, the reader's own browser, and caches in between.

Note [Pages in shared caches]
    An answer's policy follows from the reader's own consent, so by default no cache in front of the site may keep it.
    With CONSENT_SHARED_CACHE, the views of :data:`KEPT_VIEWS` go out under one policy for everybody instead, which
    opens whatever anybody could have opened on that page, and the client alone keeps services from starting.
    Everything else stays as it is. What that gives up: docs/adr/0110. Those who are signed in to the admin never get
    such an answer from the site itself; a cache in front must ask the site for each request that carries their cookie,
    or the admin must have a host of its own.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import has_vary_header

from consent.choice.signed_in import carries_session

# Nothing else is ever kept: a view that is added somewhere is not public by accident.
KEPT_VIEWS = frozenset(
    (
        *("glossary:home", "glossary:index", "glossary:letter", "glossary:tags", "glossary:tag_letter", "glossary:tag"),
        *("glossary:feed", "glossary:robots", "glossary:sitemap", "glossary:sitemap_part"),
        *("glossary:term", "glossary:revisions", "glossary:revision", "glossary:cite"),
        *("glossary:saved",),
        *("consent:notice_list", "consent:notice", "consent:notice_document"),
    )
)
#: What pages of other sites fetch. Kept as well, and caches may keep it for as long as the view says: there is nothing
#: in it that a reader's consent opens.
OPEN_VIEWS = frozenset(("glossary:embed_release", "glossary:embed_script", "glossary:embedded_term"))
#: The public views whose answer depends on the query of the address (``?q=…``). No other may read it, and none of these
#: is kept: what is kept is served whatever stands behind its address, such as the mark of a campaign.
READS_QUERY = frozenset(
    (
        *("glossary:search", "glossary:suggest"),
        *("consent:preferences", "consent:preferences_in", "consent:receipt", "consent:heads"),
    )
)
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
        and match.view_name in KEPT_VIEWS
        and not carries_session(request.COOKIES)
        and response.status_code == 200
        and not response.cookies
        and "Cache-Control" not in response
        and not has_vary_header(response, "Cookie")
    )
