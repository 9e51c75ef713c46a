"""Change the tags of many terms: each change is a new revision of every term that carries them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from taggit.models import Tag

from glossary.actions.saving import Saved, documents_of, save_terms
from glossary.document import documents
from glossary.document.documents import DocumentError, Problem
from glossary.models import Program, Term


@transaction.atomic
def rename_tag(*, tag: Tag, name: str, by: User | Program, at: datetime) -> list[Saved]:
    """Give a tag another name, and freeze every working copy that carries it as a new revision.

    The tag's slug follows the name. Returns the outcomes, one per term. Raises :class:`DocumentError` when another tag
    has this name or slug.
    """
    tag = Tag.objects.select_for_update().get(pk=tag.pk)
    before, slug = tag.name, documents.topic_slug_for(name)
    if Tag.objects.filter(Q(name__iexact=name) | Q(slug=slug)).exclude(pk=tag.pk).exists() or not slug:
        raise DocumentError(
            [Problem("name", f"{name!r} is too similar to another tag, or has no letters: choose another name")]
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
def tag_terms(*, terms: Sequence[Term], name: str, by: User | Program, at: datetime, note: str = "") -> list[Saved]:
    """Put a tag on many working copies, and freeze each as a new revision. Returns the outcomes, one per term.

    The tag is made if there is none of this name. Raises :class:`DocumentsRefused`, and then none is tagged.
    """

    def added(tags: tuple[str, ...]) -> tuple[str, ...]:
        return tags if _carries(tags, name) else (*tags, name)

    return _retag(terms, added, by=by, at=at, note=note or f"Tag “{name}” added")


@transaction.atomic
def untag_terms(*, terms: Sequence[Term], name: str, by: User | Program, at: datetime, note: str = "") -> list[Saved]:
    """Take a tag off many working copies, as :func:`tag_terms` puts one on. The tag itself stays."""

    def removed(tags: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(tag for tag in tags if not _carries((tag,), name))

    return _retag(terms, removed, by=by, at=at, note=note or f"Tag “{name}” removed")


@transaction.atomic
def replace_tag(
    *, terms: Sequence[Term], name: str, by_tag: str, by: User | Program, at: datetime, note: str = ""
) -> list[Saved]:
    """Put the tag ``by_tag`` in the place of ``name`` on those of many working copies that carry that.

    For all terms that carry it, this merges one tag into another.
    """

    def replaced(tags: tuple[str, ...]) -> tuple[str, ...]:
        if not _carries(tags, name):
            return tags
        kept = tuple(tag for tag in tags if not _carries((tag,), name))
        return kept if _carries(kept, by_tag) else (*kept, by_tag)

    return _retag(terms, replaced, by=by, at=at, note=note or f"Tag “{name}” replaced by “{by_tag}”")


if TYPE_CHECKING:
    from django.contrib.auth.models import User


def _retag(
    terms: Sequence[Term],
    change: Callable[[tuple[str, ...]], tuple[str, ...]],
    *,
    by: User | Program,
    at: datetime,
    note: str,
) -> list[Saved]:
    # Locked before they are read, so that nothing that somebody saves meanwhile is lost.
    locked = Term.objects.for_change().in_bulk([term.pk for term in terms])
    found = documents_of([locked[term.pk] for term in terms])
    retagged = [replace(each, tags=documents.sorted_names(change(each.tags))) for each in found]
    return save_terms(documents=retagged, by=by, at=at, note=note)


def _carries(tags: Collection[str], name: str) -> bool:
    return documents.tag_key_of(name) in map(documents.tag_key_of, tags)
