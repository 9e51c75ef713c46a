"""Publishing and retiring: what the public reads is replaced, never edited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min
from django.utils.module_loading import import_string

from glossary import documents
from glossary.actions.batches import BATCH, chunks, silent
from glossary.markup import plain_text
from glossary.models import (
    Edition,
    EntryName,
    EntryTag,
    Event,
    Program,
    PublishedEntry,
    Revision,
    SlugRedirect,
    Term,
    account_of,
    initial_of,
    name_of,
    normalise,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NotPublishable(Exception):
    """The term cannot be published as it is. The message says why."""


class NotPublished(Exception):
    """The term is not public, so it cannot be retired."""


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
        public_content_changed()
    return PublishedEntry.objects.get(term=term)


@transaction.atomic
def publish_terms(
    *,
    terms: Sequence[Term],
    by: User | Program,
    at: datetime,
    reason: str = "",
    progress: Callable[[int], None] = silent,
) -> list[Term]:
    """Make the newest revisions of many terms what the public reads, as one change of the public pages.

    Returns the terms that were not public in this form before; ``progress`` is told how many are done. Raises
    :class:`NotPublishable` as :func:`publish_term` does, and then none is published.
    """
    published: list[Term] = []
    for start, chunk in zip(range(0, len(terms), BATCH), chunks([term.pk for term in terms]), strict=True):
        locked = Term.objects.select_for_update(of=("self",)).select_related("head").in_bulk(chunk)
        published += _publish([(locked[pk], locked[pk].head) for pk in chunk], by=by, at=at, reason=reason)
        progress(start + len(chunk))
    if published:
        public_content_changed()
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
    event_of(Event.Verb.RETIRED, term, by=by, at=at, reason=reason, revision=None, previous_id=entry.revision_id).save(
        force_insert=True
    )
    public_content_changed()


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


def _summary(definition: str) -> str:
    text = plain_text(definition)
    if len(text) <= 240:
        return text
    return text[:240].rsplit(" ", 1)[0].rstrip(",;:–—(") + "…"


def _search_document(document: dict[str, object]) -> str:
    texts = (plain_text(str(document[key])) for key in ("definition", "origin", "mechanism"))
    return normalise(" ".join(texts))


def event_of(
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


def public_content_changed() -> None:
    Edition.objects.update_or_create(pk=1, defaults={"number": F("number") + 1}, create_defaults={"number": 1})
    transaction.on_commit(import_string(settings.GLOSSARY_ON_CHANGE))
