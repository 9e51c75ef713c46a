"""What pages of other sites fetch: the script that shows definitions, and the definitions.

These answers, and no others of the glossary, are open to every origin. They are the same for everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from glossary.models import PublishedEntry, SlugRedirect
from glossary.public import embedding, rendering
from glossary.public.views.answers import shown_until

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# How many seconds a browser goes on showing a definition without asking: also those of one that was taken back.
TERM_AGE = 300
SCRIPT_AGE = 3_600
FOR_EVER = 31_536_000


def open_to_other_sites(*, seconds: int, immutable: bool = False) -> Callable[[View[P]], View[P]]:
    """Let pages of every origin read the answers of a view, errors and redirects too, and caches keep them a while."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            response = view(request, *args, **kwargs)
            response["Access-Control-Allow-Origin"] = "*"
            response["Cross-Origin-Resource-Policy"] = "cross-origin"
            lasting = immutable and response.status_code == 200
            age = seconds if response.status_code == 200 else TERM_AGE
            response["Cache-Control"] = f"public, max-age={age}{', immutable' if lasting else ''}"
            response["X-Robots-Tag"] = "noindex"
            return response

        return answer

    return decorate


@require_safe
@open_to_other_sites(seconds=TERM_AGE)
def embedded_term(request: HttpRequest, slug: str) -> HttpResponse:
    """What other sites show of a term, as JSON; 301 from an address that it once had, 410 when it is retired."""
    entry = rendering.entry_at(slug)
    if entry is not None:
        today = timezone.now().date()
        shown_until(request, rendering.due_of(entry), on=today)
        return _json(embedding.term_document(entry, on=today))
    old = SlugRedirect.objects.filter(slug=slug).first()
    if old is None:
        return _json({"error": "There is no such term."}, status=404)
    current = PublishedEntry.objects.only("slug").filter(term_id=old.term_id).first()
    if current is not None:
        return HttpResponsePermanentRedirect(reverse("glossary:embedded_term", args=[current.slug]))
    return _json({"error": "This term was retired: its editors have withdrawn it."}, status=410)


@require_safe
@open_to_other_sites(seconds=SCRIPT_AGE)
def embed_script(request: HttpRequest) -> HttpResponse:
    """The newest release of the script with which pages of other sites show definitions."""
    return _script(embedding.newest())


@require_safe
@open_to_other_sites(seconds=FOR_EVER, immutable=True)
def embed_release(request: HttpRequest, version: str) -> HttpResponse:
    """One release of that script, whose bytes never change: for pages that pin its hash."""
    release = embedding.releases().get(version)
    if release is None:
        return _json({"error": "There is no such release."}, status=404)
    return _script(release)


def _script(release: embedding.Release) -> HttpResponse:
    return HttpResponse(release.script, content_type="text/javascript; charset=utf-8")


def _json(data: dict[str, object], status: int = 200) -> HttpResponse:
    # As readable as it is short, and in UTF-8 as it stands: people look at it too.
    return JsonResponse(data, status=status, json_dumps_params={"ensure_ascii": False})
