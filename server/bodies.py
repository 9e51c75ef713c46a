"""Refuse requests whose body has an unknown length.

WSGI reads as many bytes as ``Content-Length`` says, so a body in chunks, which has no such header, would be read as
empty. A form would then seem to have no fields. So the answer says that the body could not be read, and not that fields
are missing.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from consent.choice.views import close_unread

WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "TRACE")
TEXT = """\
411 Length Required

This request has no Content-Length, so its content could not be read. Nothing was changed.

If you run this site: a proxy in front of it sends bodies in chunks (Transfer-Encoding: chunked). Have it buffer a
request before it passes it on. docs/howto/deploy.md says how.
"""


class LengthRequiredMiddleware:
    """Answer 411 to a request whose body would be read as empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in WITHOUT_BODY or not _is_of_unknown_length(request):
            return self.get_response(request)
        response = HttpResponse(TEXT, status=411, content_type="text/plain; charset=utf-8")
        close_unread(response, request)
        return response


def _is_of_unknown_length(request: HttpRequest) -> bool:
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        return True
    # In HTTP/2 a body may come without either header.
    is_two = request.META.get("SERVER_PROTOCOL", "").startswith("HTTP/2")
    return is_two and not request.META.get("CONTENT_LENGTH")
