"""Raising, settling and dismissing what makes a term worth looking at again although nobody edited it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from glossary.actions.batches import chunks
from glossary.actions.emails import listed, path_to, write_email
from glossary.actions.events import event_of
from glossary.document.documents import TEXTS, slugs_named, slugs_written
from glossary.models import Concern, Event, Insight, PublishedEntry, Revision, SlugRedirect, Term, WrittenLink, name_of
from glossary.text.characters import is_blank

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ABOUT_TARGETS = (Concern.Kind.TARGET_GONE, Concern.Kind.TARGET_CHANGED, Concern.Kind.TARGET_HIDDEN)


class NotDismissible(Exception):
    """The concern cannot be dismissed like this. The message says what to do instead."""


def slugs_linked(document: Mapping[str, Any]) -> set[str]:
    """Return the slugs of the terms to which a document (as JSON) leads, in its texts, insights and related terms."""
    return slugs_named(document) | slugs_written(document[part] for part in TEXTS)


def raise_concerns(
    kind: Concern.Kind, targets: Mapping[int, tuple[str, int | None, int | None]], *, at: datetime
) -> None:
    """Note at every term that links to a target that the target changed, and tell the terms' owners.

    ``targets`` maps a term's primary key to its slug and the primary keys of its revision before and after. A concern
    that is open already is kept, with the state before that it began with.
    """
    if not targets:
        return
    linking = set(Insight.objects.filter(target__in=targets).values_list("term_id", "target_id"))
    by_slug = dict(SlugRedirect.objects.filter(term__in=targets).values_list("slug", "term_id"))
    by_slug |= {slug: pk for pk, (slug, _, _) in targets.items()}
    for chunk in chunks(sorted(by_slug)):
        written = WrittenLink.objects.filter(slug__in=chunk).values_list("term_id", "slug")
        linking |= {(pk, by_slug[slug]) for pk, slug in written}
    raise_each(
        [
            Concern(
                term_id=term,
                kind=kind,
                target_id=target,
                before_id=targets[target][1],
                after_id=targets[target][2],
                created_at=at,
            )
            for term, target in sorted(linking)
            if term != target
        ]
    )


def raise_each(concerns: Iterable[Concern]) -> list[Concern]:
    """Save those concerns that are not open already, tell the owners of their terms, and return them."""
    wanted = {(concern.term_id, concern.kind, concern.target_id, concern.detail): concern for concern in concerns}
    if not wanted:
        return []
    terms = {term for term, _, _, _ in wanted}
    held = Concern.objects.filter(term__in=terms, resolved_at__isnull=True)
    for key in held.values_list("term_id", "kind", "target_id", "detail"):
        wanted.pop(key, None)
    new = list(wanted.values())
    Concern.objects.bulk_create(new, ignore_conflicts=True)
    _tell_owners(new)
    return new


def settle_links(pairs: Iterable[tuple[Term, Revision]], *, at: datetime) -> None:
    """Bring concerns in line with what was just published: flag what leads to a term that was never public, resolve
    what leads there no longer, and what leads to a term that is public again.
    """
    pairs = list(pairs)
    ids = [term.pk for term, _ in pairs]
    Concern.objects.filter(
        kind__in=(Concern.Kind.TARGET_GONE, Concern.Kind.TARGET_HIDDEN), target__in=ids, resolved_at__isnull=True
    ).update(resolved_at=at, resolved_by_name="Publication", resolution="The term that it leads to is public again")
    linked = {term.pk: slugs_linked(revision.document) for term, revision in pairs}
    slugs = set().union(*linked.values()) if linked else set()
    places = _places(slugs)
    goals = {pk: {places[slug] for slug in named if slug in places} for pk, named in linked.items()}
    gone = [
        concern.pk
        for concern in Concern.objects.filter(term__in=ids, kind__in=ABOUT_TARGETS, resolved_at__isnull=True)
        if concern.target_id not in goals[concern.term_id]
    ]
    Concern.objects.filter(pk__in=gone).update(
        resolved_at=at, resolved_by_name="Publication", resolution="The term no longer leads there"
    )
    wanted = set().union(*goals.values()) - set(ids) if goals else set()
    hidden = set(
        Term.objects.filter(pk__in=wanted, entry__isnull=True, retired_at__isnull=True).values_list("pk", flat=True)
    )
    raise_each(
        Concern(term_id=pk, kind=Concern.Kind.TARGET_HIDDEN, target_id=target, created_at=at)
        for pk, targets in goals.items()
        for target in sorted(targets & hidden)
        if target != pk
    )


@transaction.atomic
def dismiss_concern(*, concern: Concern, by: User, at: datetime, reason: str) -> None:
    """Say that a term is good as it is, and why. One that is settled already stays as it is.

    Raises :class:`NotDismissible` without a reason, and for a retracted work, which only a new approval answers.
    """
    concern = Concern.objects.select_for_update(of=("self",)).select_related("term").get(pk=concern.pk)
    if concern.resolved_at is not None:
        return
    if concern.kind == Concern.Kind.RETRACTED:
        raise NotDismissible(
            "A cited work was retracted, which ended the approval. Remove the reference, or say in the text that the "
            "work is retracted, then submit the term for review."
        )
    if is_blank(reason):
        raise NotDismissible("Say why the term needs no change. The reason is kept in its history.")
    concern.resolved_at, concern.resolved_by_name, concern.resolution = at, name_of(by), reason.strip()[:500]
    concern.save(update_fields=["resolved_at", "resolved_by_name", "resolution"])
    event_of(
        Event.Verb.DISMISSED,
        concern.term,
        by=by,
        at=at,
        reason=f"{concern.in_words}: {reason.strip()}",
        revision=concern.after,
        previous_id=concern.before_id,
    ).save(force_insert=True)


def _places(slugs: Collection[str]) -> dict[str, int]:
    """Return slug → term for slugs that terms have or had."""
    places = dict(SlugRedirect.objects.filter(slug__in=slugs).values_list("slug", "term_id"))
    places.update(PublishedEntry.objects.filter(slug__in=slugs).values_list("slug", "term_id"))
    places.update(Term.objects.filter(slug__in=slugs).values_list("slug", "pk"))
    return places


def _tell_owners(concerns: list[Concern]) -> None:
    """Write each owner one email about all of their terms that a change concerns."""
    terms = Term.objects.select_related("owner").in_bulk({concern.term_id for concern in concerns})
    by_owner: dict[tuple[int, str], list[Concern]] = defaultdict(list)
    for concern in concerns:
        if owner_id := terms[concern.term_id].owner_id:
            by_owner[owner_id, concern.kind].append(concern)
    for (owner_id, kind), found in by_owner.items():
        first = found[0]
        term, about = terms[first.term_id], first.target_id or first.detail[:80]
        words = Concern.Kind(kind).label
        titles = {terms[concern.term_id].title for concern in found}
        write_email(
            key=f"concern:{owner_id}:{kind}:{first.term_id}:{about}:{first.created_at:%Y%m%dT%H%M%S%f}",
            to=term.owner,
            subject=f"Check again: {term.title}" if len(titles) == 1 else f"Check {len(titles)} terms again",
            text=f"A term that you own {words}:\n\n{listed(titles)}",
            path=path_to(term),
            at=first.created_at,
        )
