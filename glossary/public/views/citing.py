"""Citations of revisions, as files for reference managers."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from glossary.public import rendering
from glossary.public.citing import FORMS, Citation, reviewed_by
from glossary.public.pages import RevisionPage


@require_safe
def cite(request: HttpRequest, slug: str, number: int, ending: str) -> HttpResponse:
    """The citation of a revision that was public, as BibTeX or RIS; 301 from an address that the term once had."""
    history = rendering.history(slug)
    page = rendering.revision_page(history, number, on=timezone.now().date()) if history else None
    if history is None or page is None:
        raise Http404(f"Revision {number} of {slug!r} was never public.")
    address = reverse("glossary:cite", args=[history.slug, number, ending])
    if request.path != address:
        return HttpResponsePermanentRedirect(address)
    form = FORMS[ending]
    citation = _citation(page)
    return HttpResponse(
        form.write(citation),
        content_type=f"{form.media_type}; charset=utf-8",
        headers={
            # Slugs are ASCII without quotes, so the name needs no second spelling (RFC 6266).
            "Content-Disposition": f'attachment; filename="{citation.name}.{ending}"',
            "X-Robots-Tag": "noindex",
        },
    )


def _citation(page: RevisionPage) -> Citation:
    """Return the citation of a revision. It claims the review that the revision's own page claims, and no other."""
    publication = page.publication
    review = publication.standing.review
    notes = []
    if review:
        notes.append(reviewed_by(review.approved_by_name, review.credentials, review.approved_at.date()))
    elif publication.standing.emergency:
        notes.append("Published without review.")
    if publication.standing.retracted:
        notes.append("Relies on a work that was retracted.")
    if page.history.entry is None:
        notes.append("This term was retired: its editors have withdrawn the text.")
    return Citation(
        title=page.title,
        slug=page.history.slug,
        number=publication.revision.number,
        published_date=publication.published_at.date(),
        url=rendering.absolute(publication.url),
        notes=tuple(notes),
    )
