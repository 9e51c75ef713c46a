"""Which encoding an answer is sent in."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# A longer header, which no browser sends, is read anew each time: what visitors wrote is remembered within bounds.
MAX_REMEMBERED = 200


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


def preferred_encoding(accepted: str) -> str:
    """Return ``br``, ``gzip`` or ``""`` for an Accept-Encoding header (RFC 9110, section 12.5.3)."""
    read = _encoding if len(accepted) <= MAX_REMEMBERED else _encoding.__wrapped__
    return read(accepted)


@lru_cache(maxsize=256)
def _encoding(accepted: str) -> str:
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        weights[name] = weight
    return next((name for name in ("br", "gzip") if weights.get(name, weights.get("*", 0.0)) > 0), "")
