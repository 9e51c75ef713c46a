"""The feed of new and changed terms."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from glossary.public import feeds


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """New and changed terms with what changed in them, the last 50, as Atom."""
    return HttpResponse(feeds.atom(feeds.newest()), content_type=feeds.MEDIA_TYPE)
