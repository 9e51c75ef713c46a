"""Every change of the glossary's data, one function per verb that an editor would say.

All are keyword-only, atomic, and raise the exceptions named here, whose messages are fit to be shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery
from django.utils.module_loading import import_string
from taggit.models import Tag, TaggedItem

from glossary import documents
from glossary.documents import DocumentError, Problem, TermDocument
from glossary.markup import plain_text
from glossary.models import (
    Edition,
    EntryName,
    EntryTag,
    Event,
    Insight,
    Program,
    PublishedEntry,
    Reference,
    Revision,
    SlugRedirect,
    Synonym,
    Term,
    account_of,
    initial_of,
    name_of,
    normalise,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# So many rows go into one statement: few round trips, and no statement that either database finds too long.
BATCH = 500

T = TypeVar("T")


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


class DocumentsRefused(DocumentError):
    """Some of many documents cannot be saved; none was. ``by_document`` maps their positions to what is wrong."""

    def __init__(self, by_document: Mapping[int, Sequence[Problem]]) -> None:
        self.by_document = by_document
        super().__init__(problem for problems in by_document.values() for problem in problems)


def _silent(done: int) -> None:
    """The progress callback of whoever doesn't want to know."""


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
    by: User | Program,
    at: datetime,
    term: Term | None = None,
    note: str = "",
    opened_on: int | None = None,
) -> Saved:
    """Write the document to the working copy and freeze it as a revision if anything changed.

    ``term`` is ``None`` for a new one. ``opened_on`` is the number of the revision that the editor started from (0 for
    none); a newer one raises :class:`StaleRevision`, unless it says just what this document says (a save that was sent
    twice). Raises :class:`DocumentError` for slugs that are taken or unknown.
    """
    if term is not None:
        term = Term.objects.select_for_update(of=("self",)).select_related("head").get(pk=term.pk)
        head = term.head
        if head is not None and opened_on not in (None, head.number) and head.sha256 != document.sha256():
            raise StaleRevision(head)
    try:
        with transaction.atomic():
            return _save([(term, document)], by=by, at=at, note=note)[0]
    except IntegrityError as error:
        # Two people gave the same slug at the same moment, and the other was first.
        others = Term.objects.exclude(pk=term.pk) if term else Term.objects.all()
        if not others.filter(slug=document.slug).exists():
            raise
        raise DocumentError([_taken(document.slug)]) from error


@transaction.atomic
def save_terms(
    *,
    documents: Sequence[TermDocument],
    by: User | Program,
    at: datetime,
    note: str = "",
    progress: Callable[[int], None] = _silent,
) -> list[Saved]:
    """Write many documents at once, matched to existing terms by slug; they may refer to one another.

    Returns one outcome per document, in order; ``progress`` is told how many are done. Raises
    :class:`DocumentsRefused`, and then nothing is saved.
    """
    # What the revisions say isn't needed, only which ones they are.
    terms = Term.objects.select_for_update(of=("self",)).select_related("head").defer("head__document")
    return _save(_matched_by_slug(documents, terms), by=by, at=at, note=note, progress=progress)


def check_documents(
    documents: Sequence[TermDocument], *, promised: Collection[str] = frozenset()
) -> Mapping[int, Sequence[Problem]]:
    """Return what :func:`save_terms` would refuse, by position: slugs that are taken or unknown.

    Slugs that are ``promised`` count as known: their documents are still being mended.
    """
    _, problems = _look_up_slugs(_matched_by_slug(documents, Term.objects.only("slug")), promised=promised)
    return problems


@transaction.atomic
def rename_tag(*, tag: Tag, name: str, by: User | Program, at: datetime) -> list[Saved]:
    """Give a tag another name, and freeze every working copy that carries it as a new revision.

    The tag's slug follows the name. Returns the outcomes, one per term. Raises :class:`DocumentError` when another tag
    has this name or slug.
    """
    tag = Tag.objects.select_for_update().get(pk=tag.pk)
    before, slug = tag.name, documents.slug_for(name)
    if Tag.objects.filter(Q(name__iexact=name) | Q(slug=slug)).exclude(pk=tag.pk).exists() or not slug:
        raise DocumentError(
            [Problem("name", f"{name!r} is too much like another tag, or has no letters: choose another")]
        )
    tag.name, tag.slug = name, slug
    tag.save()
    return save_terms(
        documents=documents_of(list(Term.objects.filter(tags=tag).order_by("pk"))),
        by=by,
        at=at,
        note=f"Tag “{before}” renamed to “{name}”",
    )


@transaction.atomic
def publish_term(
    *, term: Term, by: User | Program, at: datetime, revision: Revision | None = None, reason: str = ""
) -> PublishedEntry:
    """Make a revision (the newest unless given) what the public reads.

    Publishing what is public already changes nothing. Raises :class:`NotPublishable` when there is no revision, or when
    its address belongs to another published term.
    """
    term = Term.objects.select_for_update(of=("self",)).select_related("head").get(pk=term.pk)
    if _publish([(term, revision or term.head)], by=by, at=at, reason=reason):
        _public_content_changed()
    return PublishedEntry.objects.get(term=term)


@transaction.atomic
def publish_terms(
    *,
    terms: Sequence[Term],
    by: User | Program,
    at: datetime,
    reason: str = "",
    progress: Callable[[int], None] = _silent,
) -> list[Term]:
    """Make the newest revisions of many terms what the public reads, as one change of the public pages.

    Returns the terms that were not public in this form before; ``progress`` is told how many are done. Raises
    :class:`NotPublishable` as :func:`publish_term` does, and then none is published.
    """
    published: list[Term] = []
    for start, chunk in zip(range(0, len(terms), BATCH), _chunks([term.pk for term in terms]), strict=True):
        locked = Term.objects.select_for_update(of=("self",)).select_related("head").in_bulk(chunk)
        published += _publish([(locked[pk], locked[pk].head) for pk in chunk], by=by, at=at, reason=reason)
        progress(start + len(chunk))
    if published:
        _public_content_changed()
    return published


@transaction.atomic
def retire_term(*, term: Term, by: User, at: datetime, reason: str = "") -> None:
    """Take a term back from the public. Its address then answers 410 and its revisions stay.

    Raises :class:`NotPublished` when the public cannot read it anyway.
    """
    term = Term.objects.select_for_update(of=("self",)).get(pk=term.pk)
    entry = PublishedEntry.objects.filter(term=term).first()
    if entry is None:
        raise NotPublished(f"“{term}” is not published, so there is nothing to retire.")
    # Its address stays known, so that readers learn that the term is retired instead of meeting a 404.
    SlugRedirect.objects.update_or_create(slug=entry.slug, defaults={"term": term, "created_at": at})
    entry.delete()
    Term.objects.filter(pk=term.pk).update(retired_at=at, retired_by=by)
    _event(Event.Verb.RETIRED, term, by=by, at=at, reason=reason, revision=None, previous_id=entry.revision_id).save(
        force_insert=True
    )
    _public_content_changed()


def document_of(term: Term) -> TermDocument:
    """Return the working copy as a document. Reads the term's children, related terms and tags."""
    return documents_of([term])[0]


def documents_of(terms: Sequence[Term]) -> list[TermDocument]:
    """Return the working copies of many terms as documents, in order, with five queries for each :data:`BATCH`."""
    found: list[TermDocument] = []
    for chunk in _chunks(terms):
        ids = [term.pk for term in chunk]
        insights: dict[int, list[documents.Insight]] = defaultdict(list)
        for pk, text, slug, url in Insight.objects.filter(term__in=ids).values_list(
            "term_id", "text", "target__slug", "url"
        ):
            insights[pk].append(documents.Insight(text=text, term=slug or "", url=url))
        synonyms: dict[int, list[documents.Synonym]] = defaultdict(list)
        for pk, text, kind in Synonym.objects.filter(term__in=ids).values_list("term_id", "text", "kind"):
            synonyms[pk].append(documents.Synonym(text=text, kind=kind))
        references: dict[int, list[documents.Reference]] = defaultdict(list)
        for pk, citation, doi, pmid, url in Reference.objects.filter(term__in=ids).values_list(
            "term_id", "citation", "doi", "pmid", "url"
        ):
            references[pk].append(documents.Reference(citation=citation, doi=doi, pmid=pmid, url=url))
        related: dict[int, list[str]] = defaultdict(list)
        for pk, slug in Term.related.through.objects.filter(from_term__in=ids).values_list(
            "from_term_id", "to_term__slug"
        ):
            related[pk].append(slug)
        tags: dict[int, list[str]] = defaultdict(list)
        for pk, name in _tagged_items(ids).values_list("object_id", "tag__name"):
            tags[pk].append(name)
        found.extend(
            TermDocument(
                title=term.title,
                slug=term.slug,
                definition=term.definition,
                origin=term.origin,
                mechanism=term.mechanism,
                insights=tuple(insights[term.pk]),
                synonyms=tuple(synonyms[term.pk]),
                references=tuple(references[term.pk]),
                related=tuple(sorted(related[term.pk])),
                tags=documents.sorted_names(tags[term.pk]),
            )
            for term in chunk
        )
    return found


def _matched_by_slug(
    documents: Sequence[TermDocument], terms: QuerySet[Term]
) -> list[tuple[Term | None, TermDocument]]:
    existing: dict[str, Term] = {}
    for chunk in _chunks([document.slug for document in documents]):
        existing.update((term.slug, term) for term in terms.filter(slug__in=chunk))
    return [(existing.get(document.slug), document) for document in documents]


def _save(
    pairs: Sequence[tuple[Term | None, TermDocument]],
    *,
    by: User | Program,
    at: datetime,
    note: str,
    progress: Callable[[int], None] = _silent,
) -> list[Saved]:
    known = _resolve_slugs(pairs)
    tags = _tags_named({name for _, document in pairs for name in document.tags})
    outcomes: list[Saved] = []
    changed: list[tuple[int, Term, TermDocument, str]] = []
    for position, (term, document) in enumerate(pairs):
        # A tag exists once, however it is capitalised: the document is frozen with the tag's own spelling.
        document = replace(document, tags=documents.sorted_names(tags[name].name for name in document.tags))
        sha256 = document.sha256()
        outcomes.append(Saved(term or Term(), None, created=term is None))
        if term is None or term.head is None or term.head.sha256 != sha256:
            changed.append((position, outcomes[-1].term, document, sha256))
    # First every row, then what refers to rows: documents of one batch may name one another.
    for batch in _chunks(changed):
        for _, term, document, _ in batch:
            term.title, term.slug = document.title, document.slug
            term.definition, term.origin, term.mechanism = document.definition, document.origin, document.mechanism
        Term.objects.bulk_create(term for _, term, _, _ in batch if term.pk is None)
        before = [term for position, term, _, _ in batch if not outcomes[position].created]
        Term.objects.bulk_update(before, ["title", "slug", "definition", "origin", "mechanism"], batch_size=100)
        known.update((document.slug, term.pk) for _, term, document, _ in batch)
    if len(changed) < len(pairs):
        progress(len(pairs) - len(changed))
    for batch in _chunks(changed):
        new = {term.pk for position, term, _, _ in batch if outcomes[position].created}
        _write_children([(term, document) for _, term, document, _ in batch], known, tags, new)
        for position, revision in zip((item[0] for item in batch), _freeze(batch, by, at, note), strict=True):
            outcomes[position] = replace(outcomes[position], revision=revision)
        progress(len(pairs) - len(changed) + sum(1 for outcome in outcomes if outcome.revision))
    return outcomes


def _freeze(
    batch: Sequence[tuple[int, Term, TermDocument, str]], by: User | Program, at: datetime, note: str
) -> list[Revision]:
    revisions = Revision.objects.bulk_create(
        Revision(
            term=term,
            number=term.head.number + 1 if term.head else 1,
            parent=term.head,
            document=document.as_json(),
            sha256=sha256,
            note=note[:500],
            created_at=at,
            created_by=account_of(by),
            created_by_name=name_of(by),
        )
        for _, term, document, sha256 in batch
    )
    newest = Revision.objects.filter(term=OuterRef("pk")).order_by("-number").values("pk")[:1]
    Term.objects.filter(pk__in=[term.pk for _, term, _, _ in batch]).update(head=Subquery(newest))
    for (_, term, _, _), revision in zip(batch, revisions, strict=True):
        term.head = revision
    return revisions


def _write_children(
    batch: Sequence[tuple[Term, TermDocument]], known: Mapping[str, int], tags: Mapping[str, Tag], new: set[int]
) -> None:
    # The children of a working copy have no identity of their own (revisions keep them whole), so they are replaced.
    if before := [term.pk for term, _ in batch if term.pk not in new]:
        for model in (Insight, Synonym, Reference):
            model.objects.filter(term__in=before).delete()
        Term.related.through.objects.filter(from_term__in=before).delete()
        _tagged_items(before).delete()
    Insight.objects.bulk_create(
        Insight(term=term, position=position, text=item.text, target_id=known.get(item.term), url=item.url)
        for term, document in batch
        for position, item in enumerate(document.insights)
    )
    Synonym.objects.bulk_create(
        Synonym(term=term, position=position, text=item.text, kind=item.kind)
        for term, document in batch
        for position, item in enumerate(document.synonyms)
    )
    Reference.objects.bulk_create(
        Reference(term=term, position=position, citation=item.citation, doi=item.doi, pmid=item.pmid, url=item.url)
        for term, document in batch
        for position, item in enumerate(document.references)
    )
    Term.related.through.objects.bulk_create(
        Term.related.through(from_term_id=term.pk, to_term_id=known[slug])
        for term, document in batch
        for slug in document.related
    )
    content_type = ContentType.objects.get_for_model(Term)
    TaggedItem.objects.bulk_create(
        TaggedItem(content_type=content_type, object_id=term.pk, tag=tags[name])
        for term, document in batch
        for name in document.tags
    )


def _tags_named(names: set[str]) -> dict[str, Tag]:
    """Return name → tag, comparing without case as TAGGIT_CASE_INSENSITIVE promises; missing tags are created."""
    if not names:
        return {}
    # All of them, since SQLite compares only ASCII without case; a glossary has hundreds of tags, not millions.
    tags = {tag.name: tag for tag in Tag.objects.order_by("-pk")}
    folded = {name.casefold(): tag for name, tag in tags.items()}
    for name in sorted(names - tags.keys()):
        if name.casefold() not in folded:
            folded[name.casefold()], _ = Tag.objects.get_or_create(name=name)
        tags[name] = folded[name.casefold()]
    return tags


def _tagged_items(ids: list[int]) -> QuerySet[TaggedItem]:
    items: QuerySet[TaggedItem] = TaggedItem.objects.filter(
        content_type=ContentType.objects.get_for_model(Term), object_id__in=ids
    )
    return items


def _publish(
    pairs: Sequence[tuple[Term, Revision | None]], *, by: User | Program, at: datetime, reason: str
) -> list[Term]:
    """Publish revisions of locked terms and return those terms whose public form is new."""
    ids = [term.pk for term, _ in pairs]
    current = PublishedEntry.objects.in_bulk(ids)
    wanted: list[tuple[Term, Revision]] = []
    for term, revision in pairs:
        if revision is None or revision.term_id != term.pk:
            raise NotPublishable(f"“{term}” has no revision that could be published: save it first.")
        if term.pk not in current or current[term.pk].revision_id != revision.pk:
            wanted.append((term, revision))
    slugs = [revision.document["slug"] for _, revision in wanted]
    holders = {entry.slug: entry for entry in PublishedEntry.objects.filter(slug__in=slugs)}
    first = dict(
        Event.objects.filter(term__in=ids, verb=Event.Verb.PUBLISHED)
        .values_list("term_id")
        .annotate(Min("created_at"))
        .order_by()
    )
    entries: list[PublishedEntry] = []
    events: list[Event] = []
    for (term, revision), slug in zip(wanted, slugs, strict=True):
        if slug in holders and holders[slug].pk != term.pk:
            raise NotPublishable(
                f"“{holders[slug].title}” is published at /glossary/{slug}/ already: choose another slug."
            )
        before = current.get(term.pk)
        if before is not None and before.slug != slug:
            SlugRedirect.objects.update_or_create(slug=before.slug, defaults={"term": term, "created_at": at})
            holders.pop(before.slug, None)
        entry = PublishedEntry(
            term=term,
            revision=revision,
            slug=slug,
            title=revision.document["title"],
            sort_key=normalise(revision.document["title"]),
            initial=initial_of(revision.document["title"]),
            summary=_summary(revision.document["definition"]),
            search_document=_search_document(revision.document),
            first_published_at=before.first_published_at if before else first.get(term.pk, at),
            published_at=at,
            published_by=account_of(by),
            published_by_name=name_of(by),
        )
        holders[slug] = entry
        entries.append(entry)
        if before is not None:
            entry.save(force_update=True)
        events.append(
            _event(
                Event.Verb.PUBLISHED,
                term,
                by=by,
                at=at,
                reason=reason,
                revision=revision,
                previous_id=before.revision_id if before else None,
            )
        )
    PublishedEntry.objects.bulk_create(entry for entry in entries if entry.pk not in current)
    _write_names_and_tags(entries)
    Event.objects.bulk_create(events)
    published = [term for term, _ in wanted]
    SlugRedirect.objects.filter(slug__in=slugs, term__in=published, slug=F("term__entry__slug")).delete()
    Term.objects.filter(pk__in=[term.pk for term in published], retired_at__isnull=False).update(
        retired_at=None, retired_by=None
    )
    return published


def _write_names_and_tags(entries: Sequence[PublishedEntry]) -> None:
    EntryName.objects.filter(entry__in=entries).delete()
    EntryTag.objects.filter(entry__in=entries).delete()
    names: list[EntryName] = []
    tags: list[EntryTag] = []
    for entry in entries:
        document = entry.revision.document
        for name, kind in [(document["title"], "title"), *((s["text"], s["kind"]) for s in document["synonyms"])]:
            names.append(EntryName(entry=entry, name=name, normalised=normalise(name), kind=kind))
        by_slug = {documents.slug_for(name): name for name in document["tags"]}
        tags.extend(EntryTag(entry=entry, slug=slug, name=name) for slug, name in by_slug.items() if slug)
    EntryName.objects.bulk_create(names)
    EntryTag.objects.bulk_create(tags)


def _resolve_slugs(pairs: Sequence[tuple[Term | None, TermDocument]]) -> dict[str, int]:
    """Return slug → primary key for everything that the documents name; raise for what is taken or unknown."""
    known, problems = _look_up_slugs(pairs, promised=frozenset())
    if problems:
        raise DocumentsRefused(problems)
    return known


def _look_up_slugs(
    pairs: Sequence[tuple[Term | None, TermDocument]], *, promised: Collection[str]
) -> tuple[dict[str, int], dict[int, list[Problem]]]:
    problems: dict[int, list[Problem]] = defaultdict(list)
    own = {document.slug for _, document in pairs}
    wanted = own | {
        slug for _, document in pairs for slug in (*document.related, *(i.term for i in document.insights)) if slug
    }
    known: dict[str, int] = {}
    held: dict[str, int] = {}
    for chunk in _chunks(sorted(wanted)):
        known.update(Term.objects.filter(slug__in=chunk).values_list("slug", "pk"))
        held.update(SlugRedirect.objects.filter(slug__in=chunk).values_list("slug", "term_id"))
        held.update(PublishedEntry.objects.filter(slug__in=chunk).values_list("slug", "term_id"))
    there = known.keys() | own | set(promised)
    seen: set[str] = set()
    for position, (term, document) in enumerate(pairs):
        found: list[Problem] = []
        holders = {held_by[document.slug] for held_by in (known, held) if document.slug in held_by}
        if holders - {term.pk if term else None}:
            found.append(_taken(document.slug))
        elif document.slug in seen:
            found.append(Problem("slug", f"{document.slug!r} is given to two terms at once: choose a different one"))
        seen.add(document.slug)
        found.extend(
            Problem(f"insights[{number}].term", f"there is no term with the slug {insight.term!r}")
            for number, insight in enumerate(document.insights, start=1)
            if insight.term and insight.term not in there
        )
        found.extend(
            Problem("related", f"there is no term with the slug {slug!r}")
            for slug in document.related
            if slug not in there
        )
        if found:
            problems[position] = found
    return known, problems


def _taken(slug: str) -> Problem:
    return Problem("slug", f"{slug!r} belongs to another term, or did: choose a different one")


def _chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _summary(definition: str) -> str:
    text = plain_text(definition)
    if len(text) <= 240:
        return text
    return text[:240].rsplit(" ", 1)[0].rstrip(",;:–—(") + "…"


def _search_document(document: dict[str, object]) -> str:
    texts = (plain_text(str(document[key])) for key in ("definition", "origin", "mechanism"))
    return normalise(" ".join(texts))


def _event(
    verb: Event.Verb,
    term: Term,
    *,
    by: User | Program,
    at: datetime,
    reason: str,
    revision: Revision | None,
    previous_id: int | None,
) -> Event:
    return Event(
        term=term,
        verb=verb,
        revision=revision,
        previous_revision_id=previous_id,
        reason=reason[:500],
        created_at=at,
        created_by=account_of(by),
        created_by_name=name_of(by),
    )


def _public_content_changed() -> None:
    Edition.objects.update_or_create(pk=1, defaults={"number": F("number") + 1}, create_defaults={"number": 1})
    transaction.on_commit(import_string(settings.GLOSSARY_ON_CHANGE))
