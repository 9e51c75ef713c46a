"""Choose the encoding in which an answer is sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Longer headers, which no browser sends, are not cached, so that the cache has a limit in bytes.
MAX_REMEMBERED = 200


class AcceptedEncodingMiddleware:
    """Reduce Accept-Encoding of requests for static files to the one encoding that the answer will have.

    WhiteNoise searches the header for the names of encodings as they are written: for it, ``gzip;q=0`` accepts gzip,
    and ``GZIP`` does not.
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
