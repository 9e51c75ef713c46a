"""Saving: the working copy is written and frozen as a revision, in one step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from taggit.models import Tag, TaggedItem

from glossary.actions.batches import BATCH, chunks, silent
from glossary.actions.checking import address_taken, look_up_slugs, resolve_slugs
from glossary.actions.events import event_of
from glossary.document import documents
from glossary.document.documents import TEXTS, DocumentError, Problem, TermDocument, slugs_written
from glossary.document.merging import Merge, merge_documents
from glossary.models import (
    Event,
    Insight,
    Program,
    Reference,
    Review,
    Revision,
    Synonym,
    Term,
    WrittenLink,
    account_of,
    name_of,
)
from glossary.text.names import sort_key_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class StaleRevision(Exception):
    """Somebody saved a newer revision meanwhile, and both changed the same.

    Show ``merge`` and let the person decide, on the basis of ``head``; nothing was saved.
    """

    def __init__(self, head: Revision, merge: Merge) -> None:
        self.head = head
        self.merge = merge
        super().__init__(
            f"{head.created_by_name} saved revision {head.number} of this term while you were editing. Your changes "
            "are not saved yet."
        )


@dataclass(frozen=True, slots=True)
class Saved:
    """The outcome of a save: the term, and the revision it froze, or ``None`` when nothing had changed.

    ``merged`` names the fields that were taken from a revision that somebody else saved meanwhile.
    """

    term: Term
    revision: Revision | None
    created: bool
    merged: tuple[str, ...] = ()


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
    none). If somebody saved a newer one meanwhile, what only one of the two changed is merged; what both changed
    differently raises :class:`StaleRevision` with the merge. Raises :class:`DocumentError` for slugs that are taken or
    unknown.
    """
    merged: tuple[str, ...] = ()
    if term is not None:
        term = Term.objects.for_change().select_related("head").get(pk=term.pk)
        head = term.head
        if head and opened_on is not None and opened_on != head.number and head.sha256 != document.sha256():
            document, merged = _merged(term, head, document, opened_on=opened_on)
    try:
        with transaction.atomic():
            return replace(_save([(term, document)], by=by, at=at, note=note)[0], merged=merged)
    except IntegrityError as error:
        # Two people gave the same slug at the same moment, and the other was first.
        others = Term.objects.exclude(pk=term.pk) if term else Term.objects.all()
        if not others.filter(slug=document.slug).exists():
            raise
        raise DocumentError([address_taken(document.slug)]) from error


@transaction.atomic
def save_terms(
    *,
    documents: Sequence[TermDocument],
    by: User | Program,
    at: datetime,
    note: str = "",
    progress: Callable[[int], None] = silent,
) -> list[Saved]:
    """Write many documents at once, matched to existing terms by slug; they may refer to one another.

    Returns one outcome per document, in order; ``progress`` is told how many are done. The documents of the revisions
    aren't kept, since they may be many: each is read again where it is asked for. Raises :class:`DocumentsRefused`, and
    then nothing is saved.
    """
    # What the revisions say isn't needed, only which ones they are.
    terms = Term.objects.for_change().select_related("head").defer("head__document")
    return _save(_matched_by_slug(documents, terms), by=by, at=at, note=note, progress=progress, forgets=True)


def check_documents(
    documents: Sequence[TermDocument],
    *,
    promised: Collection[str] = frozenset(),
    progress: Callable[[int, int], None] = silent,
) -> Mapping[int, Sequence[Problem]]:
    """Return what :func:`save_terms` would refuse, by position: slugs that are taken or unknown.

    Slugs that are ``promised`` count as known: their documents are still being mended. ``progress`` is told how many of
    how many slugs were looked up.
    """
    _, problems = look_up_slugs(
        _matched_by_slug(documents, Term.objects.only("slug")), promised=promised, progress=progress
    )
    return problems


def document_of(term: Term) -> TermDocument:
    """Return the working copy as a document. Reads the term's children, related terms and tags."""
    return documents_of([term])[0]


def documents_of(terms: Sequence[Term]) -> list[TermDocument]:
    """Return the working copies of many terms as documents, in order, with five queries for each :data:`BATCH`."""
    found: list[TermDocument] = []
    for chunk in chunks(terms):
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
                **{name: getattr(term, name) for name in documents.COLUMNS},
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
    for chunk in chunks([document.slug for document in documents]):
        existing.update((term.slug, term) for term in terms.filter(slug__in=chunk))
    return [(existing.get(document.slug), document) for document in documents]


def _merged(term: Term, head: Revision, mine: TermDocument, *, opened_on: int) -> tuple[TermDocument, tuple[str, ...]]:
    base = Revision.objects.filter(term=term, number=opened_on).first()
    merge = merge_documents(
        base=TermDocument.from_frozen(base.document) if base else None,
        theirs=TermDocument.from_frozen(head.document),
        mine=mine,
    )
    if merge.conflicts:
        raise StaleRevision(head, merge)
    return merge.document, merge.taken


def _save(
    pairs: Sequence[tuple[Term | None, TermDocument]],
    *,
    by: User | Program,
    at: datetime,
    note: str,
    progress: Callable[[int], None] = silent,
    forgets: bool = False,
) -> list[Saved]:
    known = resolve_slugs(pairs)
    tags = _tags_named({name for _, document in pairs for name in document.tags})
    outcomes: list[Saved] = []
    changed: list[tuple[int, Term, TermDocument, str]] = []
    # Each document is compared, then its row is written, then what refers to rows, since documents of one batch may
    # name one another. Each of these is a third of the work.
    for position, (term, document) in enumerate(pairs):
        if position % BATCH == BATCH - 1:
            progress((position + 1) // 3)
        # A tag exists once, however it is spelled: the document is frozen with the tag's own spelling.
        document = replace(document, tags=documents.sorted_names({tags[name].name for name in document.tags}))
        sha256 = document.sha256()
        outcomes.append(Saved(term or Term(owner=account_of(by)), None, created=term is None))
        if term is None or term.head is None or term.head.sha256 != sha256:
            changed.append((position, outcomes[-1].term, document, sha256))
    done = 3 * len(pairs) - 2 * len(changed)
    for batch in chunks(changed):
        for _, term, document, _ in batch:
            for name in documents.COLUMNS:
                setattr(term, name, getattr(document, name))
            term.sort_key = sort_key_of(document.title)
        Term.objects.bulk_create(term for _, term, _, _ in batch if term.pk is None)
        before = [term for position, term, _, _ in batch if not outcomes[position].created]
        Term.objects.bulk_update(before, ["sort_key", *documents.COLUMNS], batch_size=100)
        known.update((document.slug, term.pk) for _, term, document, _ in batch)
        done += len(batch)
        progress(max(done // 3, 1))
    for batch in chunks(changed):
        new = {term.pk for position, term, _, _ in batch if outcomes[position].created}
        _write_children([(term, document) for _, term, document, _ in batch], known, tags, new)
        for (position, *_), revision in zip(batch, _freeze(batch, by, at, note), strict=True):
            outcomes[position] = replace(outcomes[position], revision=revision)
            if forgets:
                # It is read again if somebody asks for it.
                del revision.document
        done += len(batch)
        progress(done // 3)
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
    _overtake_reviews([term for _, term, _, _ in batch], by=by, at=at)
    return revisions


def _overtake_reviews(terms: Sequence[Term], *, by: User | Program, at: datetime) -> None:
    """Close what is in review: the reviewer would otherwise read one text and approve another."""
    reviews = list(Review.objects.open().filter(term__in=[term.pk for term in terms]).select_related("term"))
    Review.objects.filter(pk__in=[review.pk for review in reviews]).update(
        status=Review.Status.OVERTAKEN, decided_at=at, decided_by=account_of(by), decided_by_name=name_of(by)
    )
    Event.objects.bulk_create(
        event_of(
            Event.Verb.OVERTAKEN, review.term, by=by, at=at, reason="", revision=None, previous_id=review.revision_id
        )
        for review in reviews
    )


def _write_children(
    batch: Sequence[tuple[Term, TermDocument]], known: Mapping[str, int], tags: Mapping[str, Tag], new: set[int]
) -> None:
    # The children of a working copy have no identity of their own (revisions keep them whole), so they are replaced.
    if before := [term.pk for term, _ in batch if term.pk not in new]:
        for model in (Insight, Synonym, Reference, WrittenLink):
            model.objects.filter(term__in=before).delete()
        Term.related.through.objects.filter(from_term__in=before).delete()
        _tagged_items(before).delete()
    Insight.objects.bulk_create(
        Insight(term_id=term.pk, position=position, text=item.text, target_id=known.get(item.term), url=item.url)
        for term, document in batch
        for position, item in enumerate(document.insights)
    )
    Synonym.objects.bulk_create(
        Synonym(term_id=term.pk, position=position, text=item.text, kind=item.kind)
        for term, document in batch
        for position, item in enumerate(document.synonyms)
    )
    Reference.objects.bulk_create(
        Reference(
            term_id=term.pk, position=position, citation=item.citation, doi=item.doi, pmid=item.pmid, url=item.url
        )
        for term, document in batch
        for position, item in enumerate(document.references)
    )
    WrittenLink.objects.bulk_create(
        WrittenLink(term_id=term.pk, slug=slug)
        for term, document in batch
        for slug in sorted(slugs_written(getattr(document, part) for part in TEXTS))
    )
    Term.related.through.objects.bulk_create(
        Term.related.through(from_term_id=term.pk, to_term_id=known[slug])
        for term, document in batch
        for slug in document.related
    )
    content_type = ContentType.objects.get_for_model(Term)
    TaggedItem.objects.bulk_create(
        TaggedItem(content_type_id=content_type.pk, object_id=term.pk, tag_id=tags[name].pk)
        for term, document in batch
        for name in document.tags
    )


def _tags_named(names: set[str]) -> dict[str, Tag]:
    """Return name → tag, comparing by :func:`glossary.document.documents.tag_key_of`; missing tags are created."""
    if not names:
        return {}
    # All of them, since no database compares so; a glossary has hundreds of tags, not millions.
    tags = {tag.name: tag for tag in Tag.objects.order_by("-pk")}
    by_key = {documents.tag_key_of(name): tag for name, tag in tags.items()}
    missing: dict[str, str] = {}
    for name in sorted(names - tags.keys()):
        missing.setdefault(documents.tag_key_of(name), name)
    by_key.update(_made_tags({key: name for key, name in missing.items() if key not in by_key}, tags.values()))
    return tags | {name: by_key[documents.tag_key_of(name)] for name in names - tags.keys()}


def _made_tags(names: Mapping[str, str], known: Iterable[Tag]) -> dict[str, Tag]:
    """Create tags, all at once, and return them by the same keys. Two whose slugs would be one are told apart by
    taggit, one by one.
    """
    slugs = {tag.slug for tag in known}
    made: list[Tag] = []
    for name in names.values():
        tag = Tag(name=name)
        tag.slug = tag.slugify(name)
        if tag.slug and tag.slug not in slugs:
            slugs.add(tag.slug)
            made.append(tag)
    # Somebody may be creating the same tag at this moment: then theirs is read below, with its primary key.
    Tag.objects.bulk_create(made, ignore_conflicts=True)
    found: dict[str, Tag] = {}
    for some in chunks([tag.name for tag in made]):
        found.update((tag.name, tag) for tag in Tag.objects.filter(name__in=some))
    return {key: found.get(name) or Tag.objects.get_or_create(name=name)[0] for key, name in names.items()}


def _tagged_items(ids: list[int]) -> QuerySet[TaggedItem]:
    items: QuerySet[TaggedItem] = TaggedItem.objects.filter(
        content_type=ContentType.objects.get_for_model(Term), object_id__in=ids
    )
    return items
