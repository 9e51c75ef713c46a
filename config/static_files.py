"""Which encoding a static file is sent in."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.pages.finished import preferred_encoding


class AcceptedEncodingMiddleware:
    """Read Accept-Encoding of requests for static files, and leave in it the one encoding that the answer has.

    WhiteNoise looks for the name of an encoding in the header as it is written: ``gzip;q=0`` counts as gzip there, and
    ``GZIP`` as none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(settings.STATIC_URL):
            request.META["HTTP_ACCEPT_ENCODING"] = preferred_encoding(request.META.get("HTTP_ACCEPT_ENCODING", ""))
        return self.get_response(request)
