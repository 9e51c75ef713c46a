"""What the public pages show, read from published entries and their frozen documents, never from the working copy.

Each function takes a number of queries that does not depend on how much there is to show.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from glossary.documents import slug_for
from glossary.markup import clean_html
from glossary.models import EntryTag, PublishedEntry, PublishedEntryQuerySet, SlugRedirect

# One page of a list. A page of 200 titles with their summaries is about as long as a reader scrolls.
PAGE_SIZE = 200
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ#"
OTHER = "0-9"

SYNONYM_LABELS = {
    "synonym": ("Also called", "Also called"),
    "abbreviation": ("Abbreviation", "Abbreviations"),
    "variant": ("Also spelled", "Also spelled"),
    "former": ("Formerly", "Formerly"),
}
_JSON_IN_HTML = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go: what stands there to be read, and its address."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of the alphabet as lists are divided by it; ``#`` is everything that begins otherwise."""

    initial: str
    count: int = 0

    @property
    def label(self) -> str:
        return "Numbers and symbols" if self.initial == "#" else self.initial

    @property
    def url(self) -> str:
        return letter_url(self.initial)


@dataclass(frozen=True, slots=True)
class Tag:
    """A topic with the number of published terms that carry it."""

    name: str
    slug: str
    count: int

    @property
    def url(self) -> str:
        return reverse("glossary:tag", args=[self.slug])


@dataclass(frozen=True, slots=True)
class Names:
    """The other names of one kind."""

    label: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InsightLine:
    """A related insight, and where it leads, if that is a public place."""

    text: str
    link: Link | None


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """A cited work, with its addresses written out so that they survive printing."""

    citation: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class TermPage:
    """Everything that a term's page shows."""

    entry: PublishedEntry
    revision_number: int
    sha256: str
    definition: SafeString
    origin: SafeString
    mechanism: SafeString
    names: tuple[Names, ...]
    insights: tuple[InsightLine, ...]
    related: tuple[PublishedEntry, ...]
    references: tuple[ReferenceLine, ...]
    tags: tuple[Link, ...]
    previous: PublishedEntry | None
    next: PublishedEntry | None
    structured_data: SafeString


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list of entries, with its neighbours' addresses."""

    entries: tuple[PublishedEntry, ...]
    number: int
    pages: int
    previous_url: str
    next_url: str


def absolute(path: str) -> str:
    """Return the public address of a path of this site."""
    return f"{settings.SITE_URL}{path}"


def letter_url(initial: str, page: int = 1) -> str:
    """Return the path of a letter's list, from ``A`` to ``Z`` or ``#``."""
    segment = OTHER if initial == "#" else initial.lower()
    return reverse("glossary:letter", args=[segment] if page == 1 else [segment, page])


def letters() -> tuple[Letter, ...]:
    """Return all letters in order, each with the number of its terms. One query."""
    counts = dict(PublishedEntry.objects.order_by().values_list("initial").annotate(Count("pk")))
    return tuple(Letter(initial, counts.get(initial, 0)) for initial in LETTERS)


def tags() -> tuple[Tag, ...]:
    """Return all published tags by name. One query."""
    rows = EntryTag.objects.order_by().values("slug").annotate(name=Min("name"), count=Count("pk"))
    found = (Tag(row["name"], row["slug"], row["count"]) for row in rows)
    return tuple(sorted(found, key=lambda tag: (tag.name.casefold(), tag.slug)))


def list_page(entries: PublishedEntryQuerySet, *, number: int, total: int, urls: Iterable[str]) -> ListPage | None:
    """Return page ``number`` (from 1) of a query set of ``total`` entries, or ``None`` when there is no such page.

    ``urls`` are the addresses of all pages, in order.
    """
    pages = page_count(total)
    if not 1 <= number <= pages:
        return None
    addresses = list(urls)
    start = (number - 1) * PAGE_SIZE
    return ListPage(
        entries=tuple(entries[start : start + PAGE_SIZE]),
        number=number,
        pages=pages,
        previous_url=addresses[number - 2] if number > 1 else "",
        next_url=addresses[number] if number < pages else "",
    )


def page_count(total: int) -> int:
    """Return on how many pages a list of ``total`` entries stands."""
    return max(1, -(-total // PAGE_SIZE))


def term_page(entry: PublishedEntry) -> TermPage:
    """Return the page of an entry, whose revision is fetched with it. At most five queries."""
    document: dict[str, Any] = entry.revision.document
    names = tuple(_names(document["synonyms"]))
    wanted = {insight["term"] for insight in document["insights"] if insight["term"]} | set(document["related"])
    public = _published(wanted)
    related = {public[slug].pk: public[slug] for slug in document["related"] if slug in public}
    return TermPage(
        entry=entry,
        revision_number=entry.revision.number,
        sha256=entry.revision.sha256,
        definition=_trusted(document["definition"]),
        origin=_trusted(document["origin"]),
        mechanism=_trusted(document["mechanism"]),
        names=names,
        insights=tuple(InsightLine(item["text"], _destination(item, public)) for item in document["insights"]),
        related=tuple(sorted(related.values(), key=lambda other: (other.sort_key, other.slug))),
        references=tuple(ReferenceLine(item["citation"], _works(item)) for item in document["references"]),
        tags=tuple(
            Link(name, reverse("glossary:tag", args=[slug]))
            for name, slug in ((name, slug_for(name)) for name in document["tags"])
            if slug
        ),
        previous=_neighbour(entry, before=True),
        next=_neighbour(entry, before=False),
        structured_data=_structured_data(entry, names),
    )


def _trusted(fragment: str) -> SafeString:
    # Cleaned when it was frozen, and once more here: a page is rendered once for many readers, and so neither a row
    # written around the actions nor a tag that the allow-list has dropped since can reach them.
    return mark_safe(clean_html(fragment))  # noqa: S308  (see above)


def _names(synonyms: list[dict[str, str]]) -> Iterable[Names]:
    for kind, (one, many) in SYNONYM_LABELS.items():
        found = tuple(synonym["text"] for synonym in synonyms if synonym["kind"] == kind)
        if found:
            yield Names(one if len(found) == 1 else many, found)


def _published(slugs: set[str]) -> dict[str, PublishedEntry]:
    """Return slug → entry for those that are public now, under this slug or a later one. At most three queries."""
    entries = PublishedEntry.objects.defer("search_document")
    found = {entry.slug: entry for entry in entries.filter(slug__in=slugs)}
    moved = dict(SlugRedirect.objects.filter(slug__in=slugs - found.keys()).values_list("slug", "term_id"))
    current = entries.in_bulk(moved.values())
    return found | {slug: current[term] for slug, term in moved.items() if term in current}


def _destination(insight: dict[str, str], public: dict[str, PublishedEntry]) -> Link | None:
    if entry := public.get(insight["term"]):
        return Link(entry.title, entry.get_absolute_url())
    if insight["url"]:
        return Link(urlsplit(insight["url"]).hostname or insight["url"], insight["url"])
    return None


def _works(reference: dict[str, str]) -> tuple[Link, ...]:
    found = []
    if doi := reference["doi"]:
        found.append(Link(f"https://doi.org/{doi}", f"https://doi.org/{quote(doi, safe='/:;()')}"))
    if pmid := reference["pmid"]:
        address = f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"
        found.append(Link(address, address))
    if url := reference["url"]:
        found.append(Link(url, url))
    return tuple(found)


def _neighbour(entry: PublishedEntry, *, before: bool) -> PublishedEntry | None:
    entries = PublishedEntry.objects.defer("search_document")
    if before:
        earlier = Q(sort_key__lt=entry.sort_key) | Q(sort_key=entry.sort_key, slug__lt=entry.slug)
        return entries.filter(earlier).order_by("-sort_key", "-slug").first()
    later = Q(sort_key__gt=entry.sort_key) | Q(sort_key=entry.sort_key, slug__gt=entry.slug)
    return entries.filter(later).order_by("sort_key", "slug").first()


def _structured_data(entry: PublishedEntry, names: tuple[Names, ...]) -> SafeString:
    """Return the term as schema.org's DefinedTerm, safe inside a ``script`` element."""
    address = absolute(entry.get_absolute_url())
    data = {
        "@context": "https://schema.org",
        "@type": "DefinedTerm",
        "@id": address,
        "url": address,
        "name": entry.title,
        "termCode": entry.slug,
        "description": entry.summary,
        "alternateName": [name for group in names for name in group.names],
        "inDefinedTermSet": {
            "@type": "DefinedTermSet",
            "name": "Clinical Glossary",
            "url": absolute(reverse("glossary:index")),
        },
    }
    # Escaped as Django's json_script does it, so that no value can close the element.
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(_JSON_IN_HTML))  # noqa: S308  (see above)
