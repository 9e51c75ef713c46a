"""What the public pages show, read from published entries and their frozen documents, never from the working copy.

Each function takes a number of queries that does not depend on how much there is to show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db.models import F, Manager, Q, QuerySet
from django.utils.safestring import mark_safe
from django.utils.translation import ngettext

from glossary.addresses import address_of
from glossary.document.citation_markers import with_marks
from glossary.document.differences import Difference, compare_documents
from glossary.document.documents import LINES, TEXTS, changed_parts, clinical_sha256, slugs_named, topic_slug_for
from glossary.document.markup import clean_html
from glossary.languages import for_good
from glossary.linking import fragments_in, linked_texts, newest_change
from glossary.models import Approval, Event, PublishedEntry, RetractedWork, Revision, SlugRedirect, Term, TermSnapshot
from glossary.public.pages import (
    Body,
    History,
    InsightLine,
    Link,
    Names,
    Publication,
    ReferenceLine,
    Retraction,
    RevisionPage,
    Seal,
    Standing,
    TermPage,
)

#: The kinds of other names, in the order in which a page has them.
KINDS = ("synonym", "abbreviation", "variant", "former")


def permalink(slug: str, number: int) -> str:
    """Return the address that citations name: of the revision's page in the language of its text."""
    with for_good():
        return absolute(address_of("glossary:revision", slug, number))


def absolute(path: str) -> str:
    """Return the public address of a path of this site."""
    return f"{settings.SITE_URL}{path}"


def term_page(entry: PublishedEntry, *, on: date) -> TermPage:
    """Return the page of an entry, fetched :func:`with_standing`, as it reads on a day. At most eight queries."""
    document = entry.revision.document
    # A preview shows a revision that was never saved: nothing is remembered of its texts.
    newest = newest_change() if entry.revision.pk else None
    fragments = fragments_in({part: document[part] for part in TEXTS}, own=entry.term_id, token=newest)
    targets = {target for fragment in fragments.values() for target in fragment.targets}
    others = _others(entry, slugs_named(document), targets)
    texts, cards = linked_texts(fragments, others.targets)
    body = _body(document, texts, others.named)
    standing = _standing(entry, body, on=on)
    return TermPage(
        entry=entry,
        revision_number=entry.revision.number,
        revision_url=address_of("glossary:revision", entry.slug, entry.revision.number),
        sha256=entry.revision.sha256,
        body=body,
        standing=standing,
        previous=others.previous,
        next=others.following,
        cards=cards,
    )


def successor_of(term_id: int) -> PublishedEntry | None:
    """Return the entry that took the place of a retired term, or of its successor if that was retired too.

    At most two queries for each of them.
    """
    seen: set[int] = set()
    while term_id not in seen:
        seen.add(term_id)
        following = Term.objects.filter(pk=term_id).values_list("successor", flat=True).first()
        if following is None:
            return None
        entry = PublishedEntry.objects.filter(term=following).first()
        if entry is not None:
            return entry
        term_id = following
    return None


def history(slug: str) -> History | None:
    """Return the public history of the term that has this address or had it, or ``None``. At most six queries.

    Its ``slug`` is the address under which the history stands: the present one, or of a retired term the last.
    """
    entry = entry_at(slug)
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
                url=address_of("glossary:revision", home, revision.number),
                parts=tuple(changed_parts(before.document, revision.document)) if before else (),
                before=before,
                current=current,
                again=revision.pk in seen,
                standing=Standing(
                    review=next((_seal(approval) for approval in reversed(given) if not approval.emergency), None),
                    emergency=next((_seal(approval) for approval in given if approval.emergency), None),
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
    # As it was frozen: without links, which are of today.
    body = _body(document, _texts(document), _published(slugs_named(document)))
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


def entry_at(slug: str) -> PublishedEntry | None:
    """Return the entry that has this address, with what its page shows of it. One query."""
    # Not `first`, which would put this one entry in order.
    return next(iter(with_standing(PublishedEntry.objects).filter(slug=slug).order_by()[:1]), None)


def with_standing(entries: Manager[PublishedEntry]) -> QuerySet[PublishedEntry]:
    """Return entries with what :func:`term_page` and :func:`history` read of them.

    Of their terms, which hold texts of their own, that is ``next_review_date`` alone.
    """
    return entries.select_related("revision", "approval").annotate(next_review_date=F("term__next_review_date"))


def due_of(entry: PublishedEntry) -> date | None:
    """Return when an entry, fetched :func:`with_standing`, is to be reviewed next."""
    due: date | None = entry.next_review_date  # type: ignore[attr-defined]  # annotated
    return due


def _body(document: dict[str, Any], texts: dict[str, str], public: dict[str, PublishedEntry]) -> Body:
    related = {public[slug].pk: public[slug] for slug in document["related"] if slug in public}
    texts, places = with_marks(texts, references=len(document["references"]))
    return Body(
        # Cleaned; glossary.linking and glossary.document.citation_markers have put nothing in but links.
        texts={name: mark_safe(text) for name, text in texts.items()},  # noqa: S308
        lines={name: document[name] for name in LINES},
        names=tuple(_names(document["synonyms"])),
        insights=tuple(InsightLine(item["text"], _destination(item, public)) for item in document["insights"]),
        related=tuple(
            Link(other.title, other.get_absolute_url())
            for other in sorted(related.values(), key=lambda other: (other.sort_key, other.slug))
        ),
        references=tuple(_reference_lines(document, places)),
        tags=tuple(
            Link(name, address_of("glossary:tag", slug))
            for name, slug in ((name, topic_slug_for(name)) for name in document["tags"])
            if slug
        ),
    )


def _reference_lines(document: dict[str, Any], places: dict[int, list[str]]) -> Iterable[ReferenceLine]:
    items = zip(document["references"], RetractedWork.objects.cited_in(document), strict=True)
    for number, (item, work) in enumerate(items, start=1):
        retraction = Retraction(work.retracted_date, work.reason, work.listed_at) if work else None
        identifiers = tuple((kind, item[kind]) for kind in ("doi", "pmid") if item[kind])
        yield ReferenceLine(item["citation"], _works(item), retraction, identifiers, tuple(places.get(number, ())))


def _standing(entry: PublishedEntry, body: Body, *, on: date) -> Standing:
    seal = _seal(entry.approval) if entry.approval else None
    retracted = _unknown_retractions(body, seal)
    if entry.approval is not None and entry.approval.emergency:
        return Standing(emergency=seal, retracted=retracted)
    if seal is None or retracted:
        return Standing(retracted=retracted)
    due = due_of(entry)
    return Standing(review=seal, due=due, overdue=due is not None and due < on)


def _seal(approval: Approval) -> Seal:
    return Seal(approval.approved_at, approval.approved_by_name, approval.credentials, approval.reason)


def _unknown_retractions(body: Body, seal: Seal | None) -> tuple[ReferenceLine, ...]:
    """Return the cited works of whose retraction nobody could know who approved the text."""
    return tuple(
        line
        for line in body.references
        if line.retraction and (seal is None or seal.approved_at < line.retraction.listed_at)
    )


def _last(events: list[Event]) -> Revision:
    revision = events[-1].revision
    assert revision is not None  # noqa: S101  # the caller asked for events that have one
    return revision


def _texts(document: dict[str, Any]) -> dict[str, str]:
    # Cleaned once more, as in glossary.linking.reading.
    return {part: clean_html(document[part]) for part in TEXTS}


def _names(synonyms: list[dict[str, str]]) -> Iterable[Names]:
    for kind in KINDS:
        found = tuple(synonym["text"] for synonym in synonyms if synonym["kind"] == kind)
        if found:
            yield Names(_label(kind, len(found)), found)


def _label(kind: str, count: int) -> str:
    match kind:
        case "abbreviation":
            return ngettext("Abbreviation", "Abbreviations", count)
        case "variant":
            return ngettext("Also spelled", "Also spelled", count)
        case "former":
            return ngettext("Formerly", "Formerly", count)
    return ngettext("Also called", "Also called", count)


def _published(slugs: set[str]) -> dict[str, PublishedEntry]:
    """Return slug → entry for those that are public now, under this slug or a later one. At most three queries."""
    entries = PublishedEntry.objects.filter(slug__in=slugs)
    return _moved_too({entry.slug: entry for entry in entries}, slugs)


def _moved_too(found: dict[str, PublishedEntry], slugs: set[str]) -> dict[str, PublishedEntry]:
    """Return ``found`` with those of ``slugs`` that lead to a later address. At most two queries, and mostly none."""
    if slugs <= found.keys():
        return found
    moved = dict(SlugRedirect.objects.filter(slug__in=slugs - found.keys()).values_list("slug", "term_id"))
    current = PublishedEntry.objects.in_bulk(moved.values())
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


class _Others(NamedTuple):
    """What a page names: by addresses, as targets of links, and as the entries before and behind it."""

    named: dict[str, PublishedEntry]
    targets: list[PublishedEntry]
    previous: Link | None
    following: Link | None


def _others(entry: PublishedEntry, slugs: set[str], targets: set[int]) -> _Others:
    """Return what :func:`_published` returns for ``slugs``, the entries of ``targets``, and this one's neighbours.

    At most five queries, and mostly three: simple ones, since Django takes longer to write one of several subqueries.
    """
    rows = list(_named_on_a_page(slugs, targets)) if slugs or targets else []
    found = _moved_too({row.slug: row for row in rows}, slugs)
    # A range of the index and what falls out of it, not two alternatives: for those, a database walks all entries.
    earlier = PublishedEntry.objects.filter(sort_key__lte=entry.sort_key)
    later = PublishedEntry.objects.filter(sort_key__gte=entry.sort_key)
    return _Others(
        found,
        targets=[row for row in rows if row.pk in targets],
        previous=_first_of(
            earlier.exclude(sort_key=entry.sort_key, slug__gte=entry.slug).order_by("-sort_key", "-slug")
        ),
        following=_first_of(later.exclude(sort_key=entry.sort_key, slug__lte=entry.slug).order_by("sort_key", "slug")),
    )


def _named_on_a_page(slugs: set[str], targets: set[int]) -> QuerySet[PublishedEntry]:
    wanted = PublishedEntry.objects.filter(Q(slug__in=slugs) | Q(pk__in=targets))
    return wanted.only("sort_key", *TermSnapshot._fields).order_by()


def _first_of(entries: QuerySet[PublishedEntry]) -> Link | None:
    row = entries.values_list("title", "slug").first()
    return Link(row[0], address_of("glossary:term", row[1])) if row else None
