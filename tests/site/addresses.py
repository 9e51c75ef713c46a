"""An address of each public page of the glossary, in a glossary that :mod:`bench.terms` made."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from bench.terms import RARE_WORD, titles
from bench.words import EVERYWHERE
from consent.models import Notice
from glossary.models import EntryTag, PublishedEntry
from glossary.public.share_images import card_of, site_card
from publicpages import PublicPage, page_of
from tests.pagestore.asking import TERM


def registered() -> dict[str, PublicPage]:
    """Return what is said of each public page, by the name of its view."""
    return dict(_registered(get_resolver().url_patterns, ""))


def addresses() -> dict[str, list[str]]:
    """Return name of the view → addresses that its queries may depend on. Every view of the glossary is there."""
    entry = PublishedEntry.objects.select_related("revision").order_by("pk")[3]
    tag = EntryTag.objects.order_by("pk").values_list("slug", flat=True)[0]
    number = entry.revision.number
    letter = entry.initial.lower()
    return {
        "home": [reverse("glossary:home")],
        "index": [reverse("glossary:index")],
        "letter": [reverse("glossary:letter", args=[letter])],
        "tags": [reverse("glossary:tags")],
        "tag_letter": [reverse("glossary:tag_letter", args=[tag[0]])],
        "tag": [reverse("glossary:tag", args=[tag])],
        "term": [reverse("glossary:term", args=[entry.slug])],
        "revisions": [reverse("glossary:revisions", args=[entry.slug])],
        "revision": [reverse("glossary:revision", args=[entry.slug, number])],
        "cite": [reverse("glossary:cite", args=[entry.slug, number, "bib"])],
        "card": [card_of(entry.snapshot).path],
        "site_card": [site_card().path],
        "feed": [reverse("glossary:feed")],
        "embed_script": [reverse("glossary:embed_script")],
        "embedded_term": [reverse("glossary:embedded_term", args=[entry.slug])],
        "search": [f"{reverse('glossary:search')}?q={word}" for word in searched()],
        "saved": [reverse("glossary:saved")],
        "suggest": [f"{reverse('glossary:suggest')}?q={word}" for word in searched()],
        "robots": [reverse("glossary:robots")],
        "sitemap": [reverse("glossary:sitemap")],
        "sitemap_part": [reverse("glossary:sitemap_part", args=[0]), reverse("glossary:sitemap_part", args=[1])],
    }


def searched() -> list[str]:
    """Return what readers look for: a title, the beginning of one, a rare word, a common one, and one with an error."""
    title = titles(50)[5]
    return [title.replace(" ", "+"), title[:3], RARE_WORD, EVERYWHERE, title[:-2] + title[-1] + title[-2]]


def pages() -> dict[str, str]:
    """Return an address for each view whose answers are the same for everybody."""
    live = Notice.objects.live("en")
    assert live
    found = {
        "glossary:home": "/",
        "glossary:index": "/glossary/",
        "glossary:letter": "/glossary/letter/l/",
        "glossary:tags": "/glossary/tags/",
        "glossary:tag_letter": "/glossary/tags/letter/h/",
        "glossary:tag": "/glossary/tags/none/",
        "glossary:term": TERM,
        "glossary:revisions": f"{TERM}revisions/",
        "glossary:revision": f"{TERM}revisions/1/",
        "glossary:cite": f"{TERM}revisions/1/cite.bib",
        "glossary:saved": "/saved/",
        "glossary:feed": "/glossary/feed/",
        "glossary:robots": "/robots.txt",
        "glossary:sitemap": "/sitemap.xml",
        "glossary:sitemap_part": "/sitemap-1.xml",
        "glossary:search": "/search/",
        "consent:notice_list": "/consent/notices/",
        "consent:notice": f"/consent/notices/{live.sha256}/",
        "consent:notice_document": f"/consent/notices/{live.sha256}.json",
        "consent:heads": "/consent/heads/",
    }
    stored = {name for name, page in registered().items() if page.is_same_for_everybody}
    assert found.keys() >= stored, "a view whose pages are stored has no address here"
    return found


def _registered(patterns: list[URLPattern | URLResolver], namespace: str) -> Iterator[tuple[str, PublicPage]]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", page_of(pattern.callback)
        elif pattern.namespace != "admin":
            yield from _registered(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else namespace)
