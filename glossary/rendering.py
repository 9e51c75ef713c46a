"""What the public pages show, read from published entries and their frozen documents, never from the working copy.

Each function takes a number of queries that does not depend on how much there is to show.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db.models import Count, Manager, Min, Q, QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from glossary.differences import Difference, compare_documents, slugs_named
from glossary.documents import changed_parts, clinical_sha256, slug_for
from glossary.markup import clean_html
from glossary.models import (
    Approval,
    EntryTag,
    Event,
    PublishedEntry,
    PublishedEntryQuerySet,
    RetractedWork,
    Revision,
    SlugRedirect,
)

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
    """A cited work, with its addresses written out so that they survive printing, and its retraction if it has one."""

    citation: str
    links: tuple[Link, ...]
    retraction: RetractedWork | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """What a document says, as its page shows it."""

    definition: SafeString
    origin: SafeString
    mechanism: SafeString
    names: tuple[Names, ...]
    insights: tuple[InsightLine, ...]
    related: tuple[PublishedEntry, ...]
    references: tuple[ReferenceLine, ...]
    tags: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands behind a text, and never more than that.

    ``review`` is the approval by a second person, with the day on which the next is (or was) due; ``emergency`` the
    publication without one; ``retracted`` the cited works of whose retraction the reviewer could not know, which break
    the seal. All are empty for a text that was published before there were reviews.
    """

    review: Approval | None = None
    due: date | None = None
    overdue: bool = False
    emergency: Approval | None = None
    retracted: tuple[ReferenceLine, ...] = ()


@dataclass(frozen=True, slots=True)
class TermPage:
    """Everything that a term's page shows."""

    entry: PublishedEntry
    revision_number: int
    revision_url: str
    sha256: str
    body: Body
    standing: Standing
    previous: PublishedEntry | None
    next: PublishedEntry | None
    structured_data: SafeString


@dataclass(frozen=True, slots=True)
class Publication:
    """One revision that became public: when, why, under which seal, and in which parts it differs from the one before.

    ``before`` is that earlier public revision, if there was one. ``again`` says that it had been public already.
    """

    revision: Revision
    published_at: datetime
    reason: str
    url: str
    parts: tuple[str, ...]
    before: Revision | None
    current: bool
    again: bool
    standing: Standing


@dataclass(frozen=True, slots=True)
class History:
    """The public history of a term: where it stands, whether it still is public, and its publications, newest first."""

    term_id: int
    slug: str
    entry: PublishedEntry | None
    publications: tuple[Publication, ...]

    @property
    def title(self) -> str:
        title: str = self.publications[0].revision.document["title"]
        return title

    @property
    def url(self) -> str:
        return reverse("glossary:revisions", args=[self.slug])


@dataclass(frozen=True, slots=True)
class RevisionPage:
    """Everything that the permanent page of a revision shows."""

    history: History
    publication: Publication
    title: str
    body: Body
    differences: tuple[Difference, ...]


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


def term_page(entry: PublishedEntry, *, on: date) -> TermPage:
    """Return the page of an entry, whose revision, approval and term are fetched with it, as it reads on a day. At most
    six queries.
    """
    body = _body(entry.revision.document)
    standing = _standing(entry, body, on=on)
    return TermPage(
        entry=entry,
        revision_number=entry.revision.number,
        revision_url=reverse("glossary:revision", args=[entry.slug, entry.revision.number]),
        sha256=entry.revision.sha256,
        body=body,
        standing=standing,
        previous=_neighbour(entry, before=True),
        next=_neighbour(entry, before=False),
        structured_data=_structured_data(entry, body.names, standing),
    )


def history(slug: str) -> History | None:
    """Return the public history of the term that has this address or had it, or ``None``. At most six queries.

    Its ``slug`` is the address under which the history stands: the present one, or of a retired term the last.
    """
    entry = with_standing(PublishedEntry.objects).filter(slug=slug).first()
    if entry is None:
        old = SlugRedirect.objects.filter(slug=slug).first()
        if old is None:
            return None
        entry = with_standing(PublishedEntry.objects).filter(term_id=old.term_id).first()
        term_id = old.term_id
    else:
        term_id = entry.term_id
    events = list(
        Event.objects.filter(term=term_id, verb=Event.Verb.PUBLISHED, revision__isnull=False)
        .select_related("revision")
        # In the order of what happened, which a clock that was set back doesn't change.
        .order_by("pk")
    )
    if not events:
        return None
    home = entry.slug if entry else _last(events).document["slug"]
    approvals: dict[str, list[Approval]] = defaultdict(list)
    for approval in Approval.objects.filter(term=term_id).order_by("approved_at", "pk"):
        approvals[approval.clinical_sha256].append(approval)
    publications: list[Publication] = []
    seen: set[int] = set()
    before: Revision | None = None
    for event in events:
        revision = event.revision
        assert revision is not None  # noqa: S101  # asked for above
        current = entry is not None and entry.revision_id == revision.pk and event is events[-1]
        given = approvals[clinical_sha256(revision.document)]
        publications.append(
            Publication(
                revision=revision,
                published_at=event.created_at,
                reason=event.reason,
                url=reverse("glossary:revision", args=[home, revision.number]),
                parts=tuple(changed_parts(before.document, revision.document)) if before else (),
                before=before,
                current=current,
                again=revision.pk in seen,
                standing=Standing(
                    review=next((approval for approval in reversed(given) if not approval.emergency), None),
                    emergency=next((approval for approval in given if approval.emergency), None),
                ),
            )
        )
        seen.add(revision.pk)
        before = revision
    return History(term_id, home, entry, tuple(reversed(publications)))


def revision_page(found: History, number: int, *, on: date) -> RevisionPage | None:
    """Return the permanent page of a revision, or ``None`` when it never was public. At most six queries more."""
    publication = next((each for each in found.publications if each.revision.number == number), None)
    if publication is None:
        return None
    document = publication.revision.document
    before = publication.before.document if publication.before else None
    body = _body(document)
    if publication.current and found.entry:
        publication = replace(
            publication,
            standing=replace(_standing(found.entry, body, on=on), emergency=publication.standing.emergency),
        )
    else:
        retracted = _unknown_retractions(body, publication.standing.review)
        review = None if retracted else publication.standing.review
        publication = replace(publication, standing=replace(publication.standing, review=review, retracted=retracted))
    differences: tuple[Difference, ...] = ()
    if before is not None:
        titles = {slug: entry.title for slug, entry in _published(slugs_named(before, document)).items()}
        differences = tuple(each for each in compare_documents(before, document, titles=titles) if each.changed)
    return RevisionPage(found, publication, document["title"], body, differences)


def with_standing(entries: Manager[PublishedEntry]) -> QuerySet[PublishedEntry]:
    """Return entries with what :func:`term_page` and :func:`history` read of them, and of their terms no more."""
    found = entries.select_related("revision", "approval", "term")
    return found.defer("search_document", *(f"term__{name}" for name in ("title", "definition", "origin", "mechanism")))


def _body(document: dict[str, Any]) -> Body:
    wanted = {insight["term"] for insight in document["insights"] if insight["term"]} | set(document["related"])
    public = _published(wanted)
    related = {public[slug].pk: public[slug] for slug in document["related"] if slug in public}
    return Body(
        definition=_trusted(document["definition"]),
        origin=_trusted(document["origin"]),
        mechanism=_trusted(document["mechanism"]),
        names=tuple(_names(document["synonyms"])),
        insights=tuple(InsightLine(item["text"], _destination(item, public)) for item in document["insights"]),
        related=tuple(sorted(related.values(), key=lambda other: (other.sort_key, other.slug))),
        references=tuple(_reference_lines(document)),
        tags=tuple(
            Link(name, reverse("glossary:tag", args=[slug]))
            for name, slug in ((name, slug_for(name)) for name in document["tags"])
            if slug
        ),
    )


def _reference_lines(document: dict[str, Any]) -> Iterable[ReferenceLine]:
    for item, retraction in zip(document["references"], RetractedWork.objects.cited_in(document), strict=True):
        yield ReferenceLine(item["citation"], _works(item), retraction)


def _standing(entry: PublishedEntry, body: Body, *, on: date) -> Standing:
    approval = entry.approval
    if approval is not None and approval.emergency:
        return Standing(emergency=approval, retracted=_unknown_retractions(body, approval))
    retracted = _unknown_retractions(body, approval)
    if approval is None or retracted:
        return Standing(retracted=retracted)
    due = entry.term.next_review_date
    return Standing(review=approval, due=due, overdue=due is not None and due < on)


def _unknown_retractions(body: Body, approval: Approval | None) -> tuple[ReferenceLine, ...]:
    """Return the cited works of whose retraction nobody could know who approved the text."""
    return tuple(
        line
        for line in body.references
        if line.retraction and (approval is None or approval.approved_at < line.retraction.listed_at)
    )


def _last(events: list[Event]) -> Revision:
    revision = events[-1].revision
    assert revision is not None  # noqa: S101  # the caller asked for events that have one
    return revision


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


def _structured_data(entry: PublishedEntry, names: tuple[Names, ...], standing: Standing) -> SafeString:
    """Return the term as schema.org's DefinedTerm, safe inside a ``script`` element."""
    address = absolute(entry.get_absolute_url())
    data: dict[str, Any] = {
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
    if review := standing.review:
        person = {"@type": "Person", "name": review.approved_by_name}
        data["mainEntityOfPage"] = {
            "@type": "WebPage",
            "url": address,
            "lastReviewed": review.approved_at.date().isoformat(),
            "reviewedBy": person | ({"description": review.credentials} if review.credentials else {}),
        }
    # Escaped as Django's json_script does it, so that no value can close the element.
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(_JSON_IN_HTML))  # noqa: S308  (see above)
