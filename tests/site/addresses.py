"""An address of each public page of the glossary, in a glossary that :mod:`bench.terms` made."""

from __future__ import annotations

from django.urls import reverse

from bench.terms import RARE_WORD, titles
from bench.words import EVERYWHERE
from consent.models import Notice
from glossary.models import EntryTag, PublishedEntry
from glossary.public.share_images import card_of, site_card
from server.caching import KEPT_VIEWS
from tests.pagestore.asking import TERM

# Name of the view → the most queries that it may take, whatever the size of the glossary, and what for. Two more
# ask for the notice and the services, in each page that people read.
BUDGETS = {
    "home": 6,  # letters, total, recent terms, topics
    "index": 5,  # letters, total, titles
    "letter": 5,  # letters, where the page begins, entries
    "tags": 4,
    "tag_letter": 4,
    "tag": 7,  # the topic, its entries twice, related topics twice
    "term": 8,  # the entry, the newest names, the terms that it mentions and names, its two neighbours, retractions
    "revisions": 6,  # the entry, publications, approvals
    "revision": 8,  # these, and what its two documents name
    "cite": 5,
    "card": 1,
    "site_card": 0,
    "feed": 4,
    "embed_script": 0,
    "embed_release": 0,
    "embedded_term": 6,  # as the page of the term
    "saved": 3,
    # Where no word is found, each of at most four likely corrections is tried: bounded, whatever the glossary holds.
    "search": 12,
    "suggest": 11,
    "robots": 0,
    "sitemap": 5,
    "sitemap_part": 3,
}


def addresses() -> dict[str, list[str]]:
    """Return name of the view → addresses that its queries may depend on. Every name of :data:`BUDGETS` is there."""
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
        "card": [card_of(entry).path],
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
    assert found.keys() >= KEPT_VIEWS, "a view whose answers are kept has no address here"
    return found
