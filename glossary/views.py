"""The public pages. Each is the same for every reader: no view here looks at cookies, sessions or headers."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from glossary import rendering
from glossary.models import EntryTag, PublishedEntry, SlugRedirect
from glossary.search import MAX_QUERY
from glossary.search import search as find

RECENT = 6
HOME_TAGS = 14
# The A–Z lists every title up to here, and only the letters beyond.
WHOLE_INDEX = 400
# The sitemap protocol allows 50,000 addresses in a file.
SITEMAP_SIZE = 40_000


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The home page: search, letters, recently published terms and the most used topics."""
    letters = rendering.letters()
    topics = sorted(rendering.tags(), key=lambda tag: (-tag.count, tag.name.casefold()))[:HOME_TAGS]
    return _page(
        request,
        "glossary/home.html",
        reverse("glossary:home"),
        letters=letters,
        total=sum(letter.count for letter in letters),
        recent=PublishedEntry.objects.recent().defer("search_document")[:RECENT],
        topics=topics,
    )


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The A–Z: the number of terms under each letter, and every title while they fit a page."""
    letters = rendering.letters()
    total = sum(letter.count for letter in letters)
    groups: dict[str, list[PublishedEntry]] = {}
    if total <= WHOLE_INDEX:
        for entry in PublishedEntry.objects.defer("search_document"):
            groups.setdefault(entry.initial, []).append(entry)
    return _page(
        request,
        "glossary/index.html",
        reverse("glossary:index"),
        letters=letters,
        total=total,
        groups=[(letter, groups[letter.initial]) for letter in letters if letter.initial in groups],
    )


@require_safe
def letter(request: HttpRequest, segment: str, number: int = 1) -> HttpResponse:
    """The terms under a letter, `a` to `z`, or `0-9` for everything else; 200 a page."""
    initial = "#" if segment == rendering.OTHER else segment.upper()
    if number == 1 and request.path != rendering.letter_url(initial):
        return HttpResponsePermanentRedirect(rendering.letter_url(initial))
    letters = rendering.letters()
    current = next(letter for letter in letters if letter.initial == initial)
    entries = PublishedEntry.objects.under_letter(initial).defer("search_document")
    pages = range(1, rendering.page_count(current.count) + 1)
    urls = [rendering.letter_url(initial, page) for page in pages]
    listed = rendering.list_page(entries, number=number, total=current.count, urls=urls)
    if listed is None:
        raise Http404(f"The letter {initial} has {len(urls)} page(s).")
    return _page(
        request,
        "glossary/letter.html",
        rendering.letter_url(initial, number),
        letters=letters,
        letter=current,
        list=listed,
    )


@require_safe
def tags(request: HttpRequest) -> HttpResponse:
    """All topics with the number of their terms."""
    return _page(request, "glossary/tags.html", reverse("glossary:tags"), tags=rendering.tags())


@require_safe
def tag(request: HttpRequest, slug: str, number: int = 1) -> HttpResponse:
    """The terms of a topic, 200 a page."""
    address = reverse("glossary:tag", args=[slug])
    if number == 1 and request.path != address:
        return HttpResponsePermanentRedirect(address)
    carried = EntryTag.objects.filter(slug=slug)
    name = carried.order_by("name").values_list("name", flat=True).first()
    if name is None:
        raise Http404(f"No published term carries the tag {slug!r}.")
    total = carried.count()
    urls = [
        address if page == 1 else reverse("glossary:tag", args=[slug, page])
        for page in range(1, rendering.page_count(total) + 1)
    ]
    entries = PublishedEntry.objects.tagged(slug).defer("search_document")
    listed = rendering.list_page(entries, number=number, total=total, urls=urls)
    if listed is None:
        raise Http404(f"The tag {slug!r} has {len(urls)} page(s).")
    return _page(request, "glossary/tag.html", urls[number - 1], name=name, total=total, list=listed)


@require_safe
def term(request: HttpRequest, slug: str) -> HttpResponse:
    """A term's page; 301 from an address that it once had, 410 when it is retired."""
    entry = rendering.with_standing(PublishedEntry.objects).filter(slug=slug).first()
    if entry is not None:
        page = rendering.term_page(entry, on=timezone.now().date())
        return _page(
            request,
            "glossary/term.html",
            entry.get_absolute_url(),
            entry=entry,
            letter=rendering.Letter(entry.initial),
            page=page,
            cite_as=rendering.absolute(page.revision_url),
        )
    old = SlugRedirect.objects.filter(slug=slug).first()
    if old is None:
        raise Http404(f"There is no term at {slug!r}.")
    current = PublishedEntry.objects.only("slug").filter(term_id=old.term_id).first()
    if current is not None:
        return HttpResponsePermanentRedirect(current.get_absolute_url())
    return _page(request, "410.html", request.path, status=410)


@require_safe
def revisions(request: HttpRequest, slug: str) -> HttpResponse:
    """The revisions of a term that were public; 301 from an address that it once had."""
    history = rendering.history(slug)
    if history is None:
        raise Http404(f"There is no term at {slug!r}.")
    if history.slug != slug:
        return HttpResponsePermanentRedirect(history.url)
    return _page(request, "glossary/revisions.html", history.url, history=history)


@require_safe
def revision(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The permanent page of a revision that was public; 301 from an address that the term once had."""
    history = rendering.history(slug)
    page = rendering.revision_page(history, number, on=timezone.now().date()) if history else None
    if history is None or page is None:
        raise Http404(f"Revision {number} of {slug!r} never was public.")
    if request.path != page.publication.url:
        return HttpResponsePermanentRedirect(page.publication.url)
    return _page(
        request,
        "glossary/revision.html",
        page.publication.url,
        history=history,
        page=page,
        publication=page.publication,
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Published terms for the words in `q`, best first."""
    query = request.GET.get("q", "")
    return _page(request, "glossary/search.html", reverse("glossary:search"), results=find(query), max_query=MAX_QUERY)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers should leave alone, and where the sitemap is."""
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /consent/",
        "Disallow: /search/",
        "",
        f"Sitemap: {rendering.absolute(reverse('glossary:sitemap'))}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """All public pages, or, where one file can't hold them, the list of the files that do."""
    total = PublishedEntry.objects.count()
    if total <= SITEMAP_SIZE:
        return _sitemap([*_list_addresses(), *_term_addresses(1)])
    parts = [reverse("glossary:sitemap_part", args=[n]) for n in range(-(-total // SITEMAP_SIZE) + 1)]
    return _xml("glossary/sitemap_index.xml", addresses=[rendering.absolute(part) for part in parts])


@require_safe
def sitemap_part(request: HttpRequest, number: int) -> HttpResponse:
    """Part 0 holds the lists, the others the terms."""
    addresses = _term_addresses(number) if number else _list_addresses()
    if not addresses:
        raise Http404(f"The sitemap has no part {number}.")
    return _sitemap(addresses)


def public_paths() -> list[str]:
    """Return the path of every public page that stays the same until something is published.

    Without the terms' histories: few are read, and each is kept from the first time that somebody asks for it.
    """
    total = PublishedEntry.objects.count()
    parts = range(-(-total // SITEMAP_SIZE) + 1) if total > SITEMAP_SIZE else range(0)
    terms = PublishedEntry.objects.order_by("sort_key", "slug").values_list("slug", flat=True)
    return [
        *(path for path, _ in _list_addresses()),
        reverse("glossary:robots"),
        reverse("glossary:sitemap"),
        *(reverse("glossary:sitemap_part", args=[number]) for number in parts),
        *(reverse("glossary:term", args=[slug]) for slug in terms),
    ]


def _list_addresses() -> list[tuple[str, str]]:
    """Return path and last change of the home page and all lists."""
    newest = PublishedEntry.objects.aggregate(newest=Max("published_at"))["newest"]
    changed = newest.date().isoformat() if newest else ""
    paths = [reverse("glossary:home"), reverse("glossary:index"), reverse("glossary:tags")]
    for letter in rendering.letters():
        pages = range(1, rendering.page_count(letter.count) + 1) if letter.count else range(0)
        paths += (rendering.letter_url(letter.initial, page) for page in pages)
    for tag in rendering.tags():
        pages = range(2, rendering.page_count(tag.count) + 1)
        paths += (tag.url, *(reverse("glossary:tag", args=[tag.slug, page]) for page in pages))
    return [(path, changed) for path in paths]


def _term_addresses(part: int) -> list[tuple[str, str]]:
    start = (part - 1) * SITEMAP_SIZE
    rows = PublishedEntry.objects.order_by("pk").values_list("slug", "published_at")[start : start + SITEMAP_SIZE]
    return [(reverse("glossary:term", args=[slug]), at.date().isoformat()) for slug, at in rows]


def _sitemap(addresses: list[tuple[str, str]]) -> HttpResponse:
    return _xml("glossary/sitemap.xml", addresses=[(rendering.absolute(path), changed) for path, changed in addresses])


def _xml(template: str, **context: Any) -> HttpResponse:
    return HttpResponse(render_to_string(template, context), content_type="application/xml; charset=utf-8")


def _page(request: HttpRequest, template: str, path: str, *, status: int = 200, **context: Any) -> HttpResponse:
    # The request is there for its path. Without context processors on purpose: nothing of the reader gets in by itself.
    context |= {"request": request, "canonical": rendering.absolute(path)}
    response = HttpResponse(render_to_string(template, context), status=status)
    # Kept by browsers and asked for again each time; by nobody in between, since headers depend on the consent cookie.
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Cookie"])
    return response
