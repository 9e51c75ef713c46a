"""The share images of pages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from glossary.models import PublishedEntry, SlugRedirect
from glossary.public import share_images

# A name is of what the picture shows, so it never is another.
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def term_card(request: HttpRequest, slug: str, name: str) -> HttpResponseBase:
    """A term's card as PNG; 302 to the present one for a name that it had before, or never."""
    entries = PublishedEntry.objects.only("slug", "title", "summary")
    entry = entries.filter(slug=slug).first()
    if entry is None:
        old = SlugRedirect.objects.filter(slug=slug).first()
        entry = entries.filter(term_id=old.term_id).first() if old else None
    if entry is None:
        raise Http404(f"There is no term at {slug!r}.")
    return _answer(request, share_images.card_of(entry.snapshot))


@require_safe
def site_card(request: HttpRequest, name: str) -> HttpResponseBase:
    """The card of pages without their own, as PNG; 302 to the present one for another name."""
    return _answer(request, share_images.site_card())


def _answer(request: HttpRequest, found: share_images.Card) -> HttpResponseBase:
    if request.path != found.path:
        # Where a page was shared before its words changed, the picture is fetched again under its old name.
        return HttpResponseRedirect(found.path)
    etag = f'"{found.name}"'
    unchanged = get_conditional_response(request, etag=etag)
    response = unchanged or HttpResponse(share_images.kept(found), content_type="image/png")
    response["ETag"] = etag
    response["Cache-Control"] = FOR_EVER
    # It is made to be shown by others.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
