"""Every change of the glossary's data, one function per verb that an editor would say.

All are keyword-only, atomic, and raise the exceptions named here, whose messages are fit to be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.module_loading import import_string

from glossary import documents
from glossary.documents import DocumentError, Problem, TermDocument
from glossary.markup import plain_text
from glossary.models import (
    Edition,
    EntryName,
    EntryTag,
    Event,
    Insight,
    PublishedEntry,
    Reference,
    Revision,
    SlugRedirect,
    Synonym,
    Term,
    initial_of,
    name_of,
    normalise,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class StaleRevision(Exception):
    """Somebody saved a newer revision meanwhile. Show both, and let the person decide; nothing was saved."""

    def __init__(self, head: Revision) -> None:
        self.head = head
        super().__init__(
            f"{head.created_by_name} saved revision {head.number} of this term while you were editing. "
            "Nothing of yours was saved yet."
        )


class NotPublishable(Exception):
    """The term cannot be published as it is. The message says why."""


class NotPublished(Exception):
    """The term is not public, so it cannot be retired."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The outcome of a save: the term, and the revision it froze, or ``None`` when nothing had changed."""

    term: Term
    revision: Revision | None
    created: bool


@transaction.atomic
def save_term(
    *,
    document: TermDocument,
    by: User,
    at: datetime,
    term: Term | None = None,
    note: str = "",
    opened_on: int | None = None,
) -> Saved:
    """Write the document to the working copy and freeze it as a revision if anything changed.

    ``term`` is ``None`` for a new one. ``opened_on`` is the number of the revision that the editor started from (0 for
    none); a newer one raises :class:`StaleRevision`. Raises :class:`DocumentError` for slugs that are taken or unknown.
    """
    if term is not None:
        term = Term.objects.select_for_update(of=("self",)).select_related("head").get(pk=term.pk)
        head_number = term.head.number if term.head else 0
        if opened_on is not None and term.head is not None and opened_on != head_number:
            raise StaleRevision(term.head)
    return _save([(term, document)], by=by, at=at, note=note)[0]


@transaction.atomic
def save_terms(*, documents: Sequence[TermDocument], by: User, at: datetime, note: str = "") -> list[Saved]:
    """Write many documents at once, matched to existing terms by slug; they may refer to one another.

    Returns one outcome per document, in order. Raises :class:`DocumentError`, and then nothing is saved.
    """
    slugs = [document.slug for document in documents]
    existing: dict[str, Term] = {}
    for chunk in _chunks(slugs, 500):
        for term in Term.objects.select_for_update(of=("self",)).select_related("head").filter(slug__in=chunk):
            existing[term.slug] = term
    return _save([(existing.get(document.slug), document) for document in documents], by=by, at=at, note=note)


@transaction.atomic
def publish_term(
    *, term: Term, by: User, at: datetime, revision: Revision | None = None, reason: str = ""
) -> PublishedEntry:
    """Make a revision (the newest unless given) what the public reads.

    Publishing what is public already changes nothing. Raises :class:`NotPublishable` when there is no revision, or when
    its address belongs to another published term.
    """
    term = Term.objects.select_for_update(of=("self",)).select_related("head").get(pk=term.pk)
    revision = revision or term.head
    if revision is None or revision.term_id != term.pk:
        raise NotPublishable(f"“{term}” has no revision that could be published: save it first.")
    current = PublishedEntry.objects.filter(term=term).first()
    if current is not None and current.revision_id == revision.pk:
        return current
    document = revision.document
    slug = document["slug"]
    if other := PublishedEntry.objects.filter(slug=slug).exclude(term=term).first():
        raise NotPublishable(f"“{other.title}” is published at /glossary/{slug}/ already: choose another slug.")

    if current is not None and current.slug != slug:
        SlugRedirect.objects.update_or_create(slug=current.slug, defaults={"term": term, "created_at": at})
    SlugRedirect.objects.filter(slug=slug, term=term).delete()
    first = current.first_published_at if current else _first_published_at(term) or at
    entry, _ = PublishedEntry.objects.update_or_create(
        term=term,
        defaults={
            "revision": revision,
            "slug": slug,
            "title": document["title"],
            "sort_key": normalise(document["title"]),
            "initial": initial_of(document["title"]),
            "summary": _summary(document["definition"]),
            "search_document": _search_document(document),
            "first_published_at": first,
            "published_at": at,
            "published_by": by,
            "published_by_name": name_of(by),
        },
    )
    entry.names.all().delete()
    EntryName.objects.bulk_create(
        EntryName(entry=entry, name=name, normalised=normalise(name), kind=kind)
        for name, kind in [(document["title"], "title"), *((s["text"], s["kind"]) for s in document["synonyms"])]
    )
    entry.entry_tags.all().delete()
    tags = {documents.slug_for(name): name for name in document["tags"]}
    EntryTag.objects.bulk_create(EntryTag(entry=entry, slug=slug, name=name) for slug, name in tags.items() if slug)
    Term.objects.filter(pk=term.pk).update(retired_at=None, retired_by=None)
    _record(
        Event.Verb.PUBLISHED,
        term,
        by=by,
        at=at,
        reason=reason,
        revision=revision,
        previous=current.revision if current else None,
    )
    _public_content_changed()
    return entry


@transaction.atomic
def retire_term(*, term: Term, by: User, at: datetime, reason: str = "") -> None:
    """Take a term back from the public. Its address then answers 410 and its revisions stay.

    Raises :class:`NotPublished` when the public cannot read it anyway.
    """
    term = Term.objects.select_for_update(of=("self",)).get(pk=term.pk)
    entry = PublishedEntry.objects.select_related("revision").filter(term=term).first()
    if entry is None:
        raise NotPublished(f"“{term}” is not published, so there is nothing to retire.")
    # Its address stays known, so that readers learn that the term is retired instead of meeting a 404.
    SlugRedirect.objects.update_or_create(slug=entry.slug, defaults={"term": term, "created_at": at})
    entry.delete()
    Term.objects.filter(pk=term.pk).update(retired_at=at, retired_by=by)
    _record(Event.Verb.RETIRED, term, by=by, at=at, reason=reason, revision=None, previous=entry.revision)
    _public_content_changed()


def document_of(term: Term) -> TermDocument:
    """Return the working copy as a document. Reads the term's children, related terms and tags."""
    return TermDocument(
        title=term.title,
        slug=term.slug,
        definition=term.definition,
        origin=term.origin,
        mechanism=term.mechanism,
        insights=tuple(
            documents.Insight(text=item.text, term=item.target.slug if item.target else "", url=item.url)
            for item in term.insights.select_related("target")
        ),
        synonyms=tuple(documents.Synonym(text=item.text, kind=item.kind) for item in term.synonyms.all()),
        references=tuple(
            documents.Reference(citation=item.citation, doi=item.doi, pmid=item.pmid, url=item.url)
            for item in term.references.all()
        ),
        related=tuple(sorted(term.related.values_list("slug", flat=True))),
        tags=tuple(sorted(term.tags.names(), key=lambda name: (name.casefold(), name))),
    )


def _save(pairs: Iterable[tuple[Term | None, TermDocument]], *, by: User, at: datetime, note: str) -> list[Saved]:
    pairs = list(pairs)
    known = _resolve_slugs(pairs)
    outcomes: list[tuple[Term, TermDocument, bool]] = []
    # First every row, then what refers to rows: documents of one batch may name one another.
    for term, document in pairs:
        created = term is None
        term = term or Term()
        term.title, term.slug = document.title, document.slug
        term.definition, term.origin, term.mechanism = document.definition, document.origin, document.mechanism
        if created or term.head is None or term.head.sha256 != document.sha256():
            term.save()
        known[document.slug] = term.pk
        outcomes.append((term, document, created))
    return [_freeze(term, document, created, known, by=by, at=at, note=note) for term, document, created in outcomes]


def _freeze(
    term: Term, document: TermDocument, created: bool, known: dict[str, int], *, by: User, at: datetime, note: str
) -> Saved:
    if term.head is not None and term.head.sha256 == document.sha256():
        return Saved(term, None, created=False)
    _write_children(term, document, known, created)
    frozen = document_of(term)
    sha256 = frozen.sha256()
    if term.head is not None and term.head.sha256 == sha256:
        return Saved(term, None, created=False)
    revision = Revision.objects.create(
        term=term,
        number=term.head.number + 1 if term.head else 1,
        parent=term.head,
        document=frozen.as_json(),
        sha256=sha256,
        note=note[:500],
        created_at=at,
        created_by=by,
        created_by_name=name_of(by),
    )
    term.head = revision
    term.save(update_fields=["head"])
    return Saved(term, revision, created)


def _write_children(term: Term, document: TermDocument, known: dict[str, int], created: bool) -> None:
    # The children of a working copy have no identity of their own (revisions keep them whole), so they are replaced.
    if not created:
        for model in (Insight, Synonym, Reference):
            model.objects.filter(term=term).delete()
    Insight.objects.bulk_create(
        Insight(term=term, position=position, text=item.text, target_id=known.get(item.term), url=item.url)
        for position, item in enumerate(document.insights)
    )
    Synonym.objects.bulk_create(
        Synonym(term=term, position=position, text=item.text, kind=item.kind)
        for position, item in enumerate(document.synonyms)
    )
    Reference.objects.bulk_create(
        Reference(term=term, position=position, citation=item.citation, doi=item.doi, pmid=item.pmid, url=item.url)
        for position, item in enumerate(document.references)
    )
    if document.related or not created:
        term.related.set([known[slug] for slug in document.related])
    if document.tags or not created:
        term.tags.set(document.tags)


def _resolve_slugs(pairs: list[tuple[Term | None, TermDocument]]) -> dict[str, int]:
    """Return slug → primary key for everything that the documents name; raise for what is taken or unknown."""
    problems: list[Problem] = []
    own = {document.slug: term.pk if term else None for term, document in pairs}
    wanted = {
        slug for _, document in pairs for slug in (*document.related, *(i.term for i in document.insights)) if slug
    }
    wanted |= set(own)
    known: dict[str, int] = {}
    redirected: dict[str, int] = {}
    for chunk in _chunks(sorted(wanted), 500):
        known.update(Term.objects.filter(slug__in=chunk).values_list("slug", "pk"))
        redirected.update(SlugRedirect.objects.filter(slug__in=chunk).values_list("slug", "term_id"))
    for term, document in pairs:
        holder = known.get(document.slug, redirected.get(document.slug))
        if holder is not None and (term is None or holder != term.pk):
            problems.append(
                Problem("slug", f"{document.slug!r} belongs to another term, or did: choose a different one")
            )
        for number, insight in enumerate(document.insights, start=1):
            if insight.term and insight.term not in known and insight.term not in own:
                problems.append(Problem(f"insights[{number}].term", f"there is no term with the slug {insight.term!r}"))
        problems.extend(
            Problem("related", f"there is no term with the slug {slug!r}")
            for slug in document.related
            if slug not in known and slug not in own
        )
    if problems:
        raise DocumentError(problems)
    return known


def _chunks(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _summary(definition: str) -> str:
    text = plain_text(definition)
    if len(text) <= 240:
        return text
    return text[:240].rsplit(" ", 1)[0].rstrip(",;:–—(") + "…"


def _search_document(document: dict[str, object]) -> str:
    texts = (plain_text(str(document[key])) for key in ("definition", "origin", "mechanism"))
    return normalise(" ".join(texts))


def _first_published_at(term: Term) -> datetime | None:
    return (
        term.events.filter(verb=Event.Verb.PUBLISHED)
        .order_by("created_at")
        .values_list("created_at", flat=True)
        .first()
    )


def _record(
    verb: Event.Verb,
    term: Term,
    *,
    by: User,
    at: datetime,
    reason: str,
    revision: Revision | None,
    previous: Revision | None,
) -> None:
    Event.objects.create(
        term=term,
        verb=verb,
        revision=revision,
        previous_revision=previous,
        reason=reason[:500],
        created_at=at,
        created_by=by,
        created_by_name=name_of(by),
    )


def _public_content_changed() -> None:
    Edition.objects.update_or_create(pk=1, defaults={"number": F("number") + 1}, create_defaults={"number": 1})
    transaction.on_commit(import_string(settings.GLOSSARY_ON_CHANGE))
