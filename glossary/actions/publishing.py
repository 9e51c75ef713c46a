"""Publishing and retiring: what the public reads is replaced, never edited."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min
from django.utils.module_loading import import_string

from glossary import dependents
from glossary.actions.batches import BATCH, chunks, silent
from glossary.actions.concerns import raise_concerns, settle_links
from glossary.actions.events import event_of
from glossary.actions.listing import Filing, filed, keep_lists
from glossary.actions.publishable import NotPublishable, approvals_for, check_citations, clinical_hashes
from glossary.actions.review_dates import next_review
from glossary.actions.searching import index_entries
from glossary.document import documents
from glossary.document.citation_markers import without_marks
from glossary.document.markup import plain_text
from glossary.models import (
    Concern,
    ContentChange,
    ContentVersion,
    EntryTag,
    Event,
    NameChange,
    Program,
    PublishedEntry,
    Revision,
    SlugRedirect,
    Term,
    account_of,
    name_of,
)
from glossary.text.characters import is_blank
from glossary.text.names import initial_of, sort_key_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


# If more terms change their names at once, all names are read again, which is then quicker.
NAMES_NOTED = 1_000
# A process that has missed so many changes reads all names again.
NAMES_KEPT = 10_000
# A site that was cut off for more content versions than this renders all its pages again.
KEPT_VERSIONS = 1_000


class NotAllowed(Exception):
    """The person may not do this. The message says why, and who may."""


class NotASuccessor(Exception):
    """The term cannot be named as the successor of one that is retired. The message says why."""


class NotPublished(Exception):
    """The term is not public, so it cannot be retired."""


@transaction.atomic
def publish_term(
    *,
    term: Term,
    by: User | Program,
    at: datetime,
    revision: Revision | None = None,
    reason: str = "",
    emergency: bool = False,
) -> PublishedEntry:
    """Make a revision (the newest unless given) what the public reads.

    Its clinical content must be approved; see Note [What may be published]. Publishing what is public already changes
    nothing. Raises :class:`NotPublishable` when there is no revision, when its address belongs to another published
    term, or when it isn't approved; and :class:`NotAllowed` for an emergency that isn't a superuser's.
    """
    term = Term.objects.for_change().select_related("head").get(pk=term.pk)
    changed = _Changed()
    if _publish([(term, revision or term.head)], changed, by=by, at=at, reason=reason, emergency=emergency):
        _announce([term.pk], changed, at=at)
    return PublishedEntry.objects.get(term=term)


@transaction.atomic
def publish_terms(
    *,
    terms: Sequence[Term],
    by: User | Program,
    at: datetime,
    reason: str = "",
    emergency: bool = False,
    progress: Callable[[int], None] = silent,
    names_read: Callable[[int, int], None] = silent,
) -> list[Term]:
    """Make the newest revisions of many terms what the public reads, as one change of the public pages.

    Returns the terms that were not public in this form before; ``progress`` is told how many are done, and then
    ``names_read`` for how many of how many names the pages that mention them were looked up. Raises
    :class:`NotPublishable` as :func:`publish_term` does, and then none is published.
    """
    published: list[Term] = []
    changed = _Changed()
    for start, chunk in zip(range(0, len(terms), BATCH), chunks([term.pk for term in terms]), strict=True):
        locked = Term.objects.for_change().select_related("head").in_bulk(chunk)
        pairs = [(locked[pk], locked[pk].head) for pk in chunk]
        published += _publish(pairs, changed, by=by, at=at, reason=reason, emergency=emergency)
        for revision in {revision for _, revision in pairs if revision}:
            # There may be very many, and each is read again if somebody asks for it.
            del revision.document
        progress(start + len(chunk))
    if published:
        _announce([term.pk for term in published], changed, at=at, names_read=names_read)
    return published


@transaction.atomic
def retire_term(
    *, term: Term, by: User | Program, at: datetime, reason: str = "", successor: Term | None = None
) -> None:
    """Take a term back from the public. Its address then answers 410, with the way to its ``successor`` if it has one,
    and its revisions stay.

    Raises :class:`NotPublished` when the public cannot read it anyway, and :class:`NotASuccessor` for a successor that
    the public cannot read, or that is the term itself.
    """
    term = Term.objects.for_change().get(pk=term.pk)
    entry = PublishedEntry.objects.filter(term=term).first()
    if entry is None:
        raise NotPublished(f"“{term}” is not published, so there is nothing to retire.")
    if successor is not None:
        check_successor(successor, of=term)
        reason = " ".join(filter(None, (reason, f"Successor: “{successor}”.")))
    changed = _Changed(before=dependents.public_states([term.pk]))
    # Its address stays known, so that readers learn that the term is retired instead of meeting a 404.
    SlugRedirect.objects.update_or_create(slug=entry.slug, defaults={"term": term, "created_at": at})
    changed.filing.move(filed(entry, entry.entry_tags.all()), None)
    changed.filing.renamed.add(entry.pk)
    entry.delete()
    Term.objects.filter(pk=term.pk).update(
        retired_at=at,
        retired_by=account_of(by),
        retired_by_name=name_of(by),
        next_review_date=None,
        successor=successor,
    )
    event = event_of(
        Event.Verb.RETIRED, term, by=by, at=at, reason=reason, revision=None, previous_id=entry.revision_id
    )
    event.save(force_insert=True)
    raise_concerns(Concern.Kind.TARGET_GONE, {term.pk: (entry.slug, entry.revision_id, None)}, at=at)
    dependents.write_namings({term.pk: None})
    _announce([term.pk], changed, at=at)


def check_successor(successor: Term, *, of: Term) -> None:
    """Raise :class:`NotASuccessor` unless readers of a term can be sent to ``successor``."""
    if successor.pk == of.pk:
        raise NotASuccessor("A term cannot replace itself. Name another term, or leave the field empty.")
    if not PublishedEntry.objects.filter(term=successor).exists():
        raise NotASuccessor(f"“{successor}” is not published, so readers cannot be sent to it.")


@dataclass(frozen=True, slots=True)
class _Changed:
    """What came and went in lists, and what other pages showed of the terms before they were changed."""

    filing: Filing = field(default_factory=Filing)
    before: dict[int, dependents.PublicState] = field(default_factory=dict)


def _announce(
    terms: Collection[int], changed: _Changed, *, at: datetime, names_read: Callable[[int, int], None] = silent
) -> None:
    """Count the lists in which terms have changed, and write down which pages show that."""
    renamed = keep_lists(changed.filing, at=at)
    public_content_changed(
        lambda: dependents.of_terms(changed.before, terms, renamed_topics=renamed, progress=names_read),
        names_of=changed.filing.renamed,
    )


def _publish(
    pairs: Sequence[tuple[Term, Revision | None]],
    changed: _Changed,
    *,
    by: User | Program,
    at: datetime,
    reason: str,
    emergency: bool,
) -> list[Term]:
    """Publish revisions of locked terms and return those terms whose public form is new. ``changed`` learns of them."""
    if emergency and not isinstance(by, Program) and not by.is_superuser:
        raise NotAllowed("Only a superuser can publish without review. Submit the term for review instead.")
    if emergency and is_blank(reason):
        raise NotAllowed("Publishing without review needs a reason, which is kept with the revision permanently.")
    ids = [term.pk for term, _ in pairs]
    current = PublishedEntry.objects.in_bulk(ids)
    wanted: list[tuple[Term, Revision]] = []
    for term, revision in pairs:
        if revision is None or revision.term_id != term.pk:
            raise NotPublishable(f"“{term}” has no revision yet. Save it first, then publish it.")
        if term.pk not in current or current[term.pk].revision_id != revision.pk:
            check_citations(revision)
            wanted.append((term, revision))
    # More of them change everything, whatever they showed.
    if len(changed.before) + len(wanted) <= dependents.MANY_TERMS:
        changed.before.update(dependents.public_states([term.pk for term, _ in wanted]))
    contents = clinical_hashes(wanted)
    approvals = approvals_for(wanted, contents, by=by, at=at, reason=reason, emergency=emergency)
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
                f"“{holders[slug].title}” is already published at /glossary/{slug}/. Choose another address."
            )
        before = current.get(term.pk)
        if before is not None and before.slug != slug:
            SlugRedirect.objects.update_or_create(slug=before.slug, defaults={"term": term, "created_at": at})
            holders.pop(before.slug, None)
        entry = PublishedEntry(
            term=term,
            revision=revision,
            approval=approvals[revision.pk],
            slug=slug,
            title=revision.document["title"],
            sort_key=sort_key_of(revision.document["title"]),
            initial=initial_of(revision.document["title"]),
            summary=_summary(revision.document),
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
            event_of(
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
    changed.filing.renamed.update(index_entries(entries))
    _write_tags(entries, current, changed.filing)
    dependents.write_namings({entry.pk: entry.revision.document for entry in entries})
    Event.objects.bulk_create(events)
    published = [term for term, _ in wanted]
    SlugRedirect.objects.filter(slug__in=slugs, term__in=published, slug=F("term__entry__slug")).delete()
    Term.objects.filter(pk__in=[term.pk for term in published], retired_at__isnull=False).update(
        retired_at=None, retired_by=None, retired_by_name="", successor=None
    )
    _plan_reviews(entries)
    _raise_concerns_of_neighbours(wanted, contents, current, at=at)
    return published


def _plan_reviews(entries: Sequence[PublishedEntry]) -> None:
    """Give terms that come back under an earlier approval the review date that they lost when they were retired."""
    back = [
        (entry.term, next_review(entry.approval, entry.term.review_months))
        for entry in entries
        if entry.approval and not entry.approval.emergency and entry.term.next_review_date is None
    ]
    for term, due in back:
        Term.objects.filter(pk=term.pk).update(next_review_date=due)


def _raise_concerns_of_neighbours(
    pairs: Sequence[tuple[Term, Revision]],
    contents: Mapping[int, str],
    current: Mapping[int, PublishedEntry],
    *,
    at: datetime,
) -> None:
    """Tell terms that link to what was published that it changed clinically or is back, and look where it leads."""
    previous = Revision.objects.in_bulk([current[term.pk].revision_id for term, _ in pairs if term.pk in current])
    changed: dict[int, tuple[str, int | None, int | None]] = {}
    for term, revision in pairs:
        before = previous.get(current[term.pk].revision_id) if term.pk in current else None
        if before and documents.clinical_sha256(before.document) != contents[revision.pk]:
            changed[term.pk] = (revision.document["slug"], before.pk, revision.pk)
    raise_concerns(Concern.Kind.TARGET_CHANGED, changed, at=at)
    settle_links(pairs, at=at)


def _write_tags(entries: Sequence[PublishedEntry], current: Mapping[int, PublishedEntry], filing: Filing) -> None:
    carried: dict[int, list[EntryTag]] = defaultdict(list)
    for tag in EntryTag.objects.filter(entry__in=entries):
        carried[tag.entry_id].append(tag)
    EntryTag.objects.filter(entry__in=entries).delete()
    tags: list[EntryTag] = []
    for entry in entries:
        by_slug = {documents.topic_slug_for(name): name for name in entry.revision.document["tags"]}
        given = [
            EntryTag(entry=entry, slug=slug, name=name, sort_key=entry.sort_key)
            for slug, name in by_slug.items()
            if slug
        ]
        before = filed(current[entry.pk], carried[entry.pk]) if entry.pk in current else None
        filing.move(before, filed(entry, given))
        tags.extend(given)
    EntryTag.objects.bulk_create(tags)


def _summary(document: dict[str, Any]) -> str:
    text = plain_text(without_marks(document["definition"], references=len(document["references"])))
    if len(text) <= 240:
        return text
    return text[:240].rsplit(" ", 1)[0].rstrip(",;:–—(") + "…"


def public_content_changed(
    pages: Callable[[], Collection[str]] = dependents.everything, *, names_of: Collection[int] = ()
) -> None:
    """Raise the content version, and write down which public pages it changes: the keys that ``pages`` returns, if any.

    Its row stays locked until the transaction ends, and ``pages`` is called after it was locked: see Note [Two changes
    at once] in ``glossary.dependents``. ``names_of`` are the terms whose published names changed, or whether these are
    linked.
    """
    ContentVersion.objects.get_or_create(pk=1)
    version = ContentVersion.objects.select_for_update().get(pk=1)
    _note_names(names_of)
    keys = pages()
    if not keys:
        return
    version.number += 1
    version.save(update_fields=["number"])
    ContentChange.objects.create(version=version.number, name=secrets.randbits(62), keys=sorted(keys))
    ContentChange.objects.filter(version__lte=version.number - KEPT_VERSIONS).delete()
    transaction.on_commit(import_string(settings.GLOSSARY_ON_CHANGE))


def _note_names(terms: Collection[int]) -> None:
    """Note whose names changed, behind the lock of the content version: see Note [When the names are fresh]."""
    if not terms:
        return
    noted = [None] if len(terms) > NAMES_NOTED else sorted(terms)
    made = NameChange.objects.bulk_create(NameChange(term_id=term, token=secrets.randbits(62)) for term in noted)
    NameChange.objects.filter(pk__lte=made[0].pk - NAMES_KEPT).delete()
