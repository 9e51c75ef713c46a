"""Who is signed in to the admin, told by cookies alone.

Note [No services for those who are signed in]
    What a visitor's consent opens runs on the origin of public pages. Where the admin has the same origin, such a
    script could use the session of a member of staff. So a request that carries a session cookie gets the closed
    policy, and nothing of a third party, whatever its consent cookie says. The cookie is sign enough: whether the
    session is valid is not looked up. The client module, which must start nothing and offer no embeds, cannot see that
    cookie, as it is HttpOnly. It is told twice: by a header of the page (:data:`HEADER`), and by a second cookie that
    the admin sets beside the session (:data:`COOKIE`), which reaches pages that were open before, and those of a shared
    cache. Public pages set no cookies. See docs/adr/0270.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpResponse

#: The cookie that tells the client module. It holds nothing but that.
COOKIE = "signed_in"
#: The header that tells it: scripts of a page can read this one (Server Timing), and no other.
HEADER = ("Server-Timing", "signed_in")


def carries_session(cookies: Mapping[str, str]) -> bool:
    """Return whether these request cookies have a session of the admin in them, valid or not."""
    return settings.SESSION_COOKIE_NAME in cookies


def tell_client(response: HttpResponse, cookies: Mapping[str, str]) -> None:
    """Set or delete :data:`COOKIE`, so that it is there with a session and gone without one.

    ``cookies`` are those of the request; what the response does to the session counts before them.
    """
    session = response.cookies.get(settings.SESSION_COOKIE_NAME)
    is_signed_in = bool(session.value) if session is not None else carries_session(cookies)
    if is_signed_in and (session is not None or COOKIE not in cookies):
        response.set_cookie(
            COOKIE, "1", max_age=settings.SESSION_COOKIE_AGE, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
        )
    elif not is_signed_in and COOKIE in cookies:
        # As it was set: browsers let no other cookie take the place of a `Secure` one.
        response.set_cookie(
            COOKIE,
            "",
            max_age=0,
            expires="Thu, 01 Jan 1970 00:00:00 GMT",
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
