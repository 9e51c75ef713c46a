"""A term's page, its public history, and the permanent page of each revision."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from glossary.models import PublishedEntry, SlugRedirect
from glossary.public import embedding, lists, rendering, share_images, structured_data
from glossary.public.views.answers import page_of, shown_until


@require_safe
def term(request: HttpRequest, slug: str) -> HttpResponse:
    """A term's page; 301 from an address that it once had, 410 when it is retired."""
    entry = rendering.entry_at(slug)
    if entry is not None:
        today = timezone.now().date()
        page = rendering.term_page(entry, on=today)
        shown_until(request, page.standing.due, on=today)
        return page_of(
            request,
            "glossary/term.html",
            entry.get_absolute_url(),
            entry=entry,
            letter=lists.Letter(entry.initial),
            page=page,
            card=share_images.card_of(entry.snapshot),
            structured_data=structured_data.of_term(page),
            cite_as=rendering.permalink(entry.slug, page.revision_number),
            embed=embedding.newest(),
        )
    old = SlugRedirect.objects.filter(slug=slug).first()
    if old is None:
        raise Http404(f"There is no term at {slug!r}.")
    current = PublishedEntry.objects.only("slug").filter(term_id=old.term_id).first()
    if current is not None:
        return HttpResponsePermanentRedirect(current.get_absolute_url())
    successor = rendering.successor_of(old.term_id)
    gone = page_of(request, "410.html", request.path, status=410, successor=successor)
    if successor is not None:
        gone["Link"] = f'<{rendering.absolute(successor.get_absolute_url())}>; rel="successor-version"'
    return gone


@require_safe
def revisions(request: HttpRequest, slug: str) -> HttpResponse:
    """The revisions of a term that were public; 301 from an address that it once had."""
    history = rendering.history(slug)
    if history is None:
        raise Http404(f"There is no term at {slug!r}.")
    if history.slug != slug:
        return HttpResponsePermanentRedirect(history.url)
    return page_of(request, "glossary/revisions.html", history.url, history=history)


@require_safe
def revision(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The permanent page of a revision that was public; 301 from an address that the term once had."""
    history = rendering.history(slug)
    today = timezone.now().date()
    page = rendering.revision_page(history, number, on=today) if history else None
    if history is None or page is None:
        raise Http404(f"Revision {number} of {slug!r} was never public.")
    if request.path != page.publication.url:
        return HttpResponsePermanentRedirect(page.publication.url)
    shown_until(request, page.publication.standing.due, on=today)
    return page_of(
        request,
        "glossary/revision.html",
        page.publication.url,
        history=history,
        page=page,
        publication=page.publication,
        cite_as=rendering.permalink(history.slug, number),
    )
