"""What machines read: which pages there are, when each changed, and what to leave alone."""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape

from django.conf import settings
from django.db.models import BigIntegerField
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from glossary.actions.listing import PART_SIZE
from glossary.models import Listing, PublishedEntry, PublishedEntryQuerySet
from glossary.public import lists, rendering

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers should leave alone, and where the sitemap is."""
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /consent/",
        "Disallow: /search/",
        *(f"Disallow: /{code}/search/" for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE),
        "",
        f"Sitemap: {rendering.absolute(reverse('glossary:sitemap'))}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """All public pages, or, where one file can't hold them, the list of the files that do."""
    parts = _parts()
    if sum(part.count for part in parts) <= PART_SIZE:
        return _sitemap([*_lists(), *_terms(PublishedEntry.objects.all())])
    newest = max(changed for _, changed in _lists() if changed)
    files: list[Page] = [(reverse("glossary:sitemap_part", args=[0]), newest)]
    files += ((reverse("glossary:sitemap_part", args=[part.key]), part.changed_at) for part in parts)
    return _xml("sitemapindex", "sitemap", files)


@require_safe
def sitemap_part(request: HttpRequest, number: int) -> HttpResponse:
    """Part 0 holds the lists, the others the terms."""
    first = (number - 1) * PART_SIZE
    if first + PART_SIZE > BigIntegerField.MAX_BIGINT:
        raise Http404(f"No term has a number that belongs to part {number} of the sitemap.")
    pages = _terms(PublishedEntry.objects.filter(pk__gt=first, pk__lte=first + PART_SIZE)) if number else _lists()
    if not pages:
        raise Http404(f"The sitemap has no part {number}.")
    return _sitemap(pages)


def public_paths() -> list[str]:
    """Return the path of every page of a list, a part of the sitemap or a term.

    Without the terms' histories: few are read, and each is kept from the first time that somebody asks for it.
    """
    parts = _parts()
    divided = sum(part.count for part in parts) > PART_SIZE
    terms = PublishedEntry.objects.order_by("sort_key", "slug").values_list("slug", flat=True)
    return [
        *(path for path, _ in _lists()),
        *(reverse("glossary:sitemap_part", args=[key]) for key in (0, *(part.key for part in parts)) if divided),
        *(reverse("glossary:term", args=[slug]) for slug in terms),
    ]


Page = tuple[str, datetime | None]


def _parts() -> list[Listing]:
    parts = Listing.objects.filter(kind=Listing.Kind.PART, count__gt=0)
    return sorted(parts, key=lambda part: int(part.key))


def _lists() -> list[Page]:
    """Return path and last change of the home page and all lists."""
    changed = dict(Listing.objects.filter(key="").values_list("kind", "changed_at"))
    if Listing.Kind.ALL not in changed:
        # Nothing was ever published, and a sitemap has to name something.
        return [(reverse("glossary:home"), None)]
    everything = changed[Listing.Kind.ALL]
    pages: list[Page] = [(reverse("glossary:home"), everything), (reverse("glossary:index"), everything)]
    if Listing.Kind.TOPICS in changed:
        pages.append((reverse("glossary:tags"), changed[Listing.Kind.TOPICS]))
    for letter in lists.letters():
        if letter.count and letter.changed_at:
            numbers = range(1, lists.page_count(letter.count) + 1)
            pages += ((lists.letter_url(letter.initial, number), letter.changed_at) for number in numbers)
    for tag in lists.tags_in_order():
        numbers = range(1, lists.page_count(tag.count) + 1)
        pages += ((lists.tag_url(tag.slug, number), tag.changed_at or everything) for number in numbers)
    return pages


def _terms(entries: PublishedEntryQuerySet) -> list[Page]:
    """Return path and last change of these terms: when the text was published, or approved since."""
    rows = entries.order_by("pk").values_list("slug", "published_at", "approval__approved_at")
    # One address tells them all: to ask for each of forty thousand takes seconds.
    before, _, after = reverse("glossary:term", args=["0"]).rpartition("0")
    return [
        (f"{before}{slug}{after}", max(published_at, approved_at or published_at))
        for slug, published_at, approved_at in rows
    ]


def _sitemap(pages: list[Page]) -> HttpResponse:
    return _xml("urlset", "url", pages)


def _xml(root: str, element: str, pages: list[Page]) -> HttpResponse:
    # Not a template: forty thousand turns of its loop take seconds.
    site = settings.SITE_URL
    rows = (
        f"<{element}><loc>{escape(f'{site}{path}')}</loc>{_lastmod(changed)}</{element}>\n" for path, changed in pages
    )
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">\n{"".join(rows)}</{root}>\n'
    return HttpResponse(content, content_type="application/xml; charset=utf-8")


def _lastmod(changed: datetime | None) -> str:
    return f"<lastmod>{changed.isoformat(timespec='seconds')}</lastmod>" if changed else ""
