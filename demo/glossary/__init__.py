"""The demonstration glossary: hormone-health terms in our own words, to try the project on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from django.db import transaction
from taggit.models import Tag

from glossary.actions import describe_tag, publish_terms, save_terms
from glossary.document.documents import TermDocument
from glossary.document.parsing import parse_document
from glossary.interchange.terms import read_terms
from glossary.models import Program, PublishedEntry, SlugRedirect, Term

TERMS = Path(__file__).with_name("terms.json")
TOPICS = Path(__file__).with_name("topics.json")
# Stands on every page of the demonstration: no review is claimed that didn't happen.
UNREVIEWED = "Demonstration content, not reviewed by a clinician"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: the terms that it created, and how many of the demonstration were there already."""

    created: Sequence[Term]
    kept: int


def demonstration_documents() -> list[TermDocument]:
    """Return the demonstration's documents."""
    return [parse_document(record.fields) for record in read_terms(TERMS).found]


@cache
def demonstration_topics() -> dict[str, str]:
    """Return the name of each of the demonstration's tags → what its topic is about."""
    topics: dict[str, str] = json.loads(TOPICS.read_text(encoding="utf-8"))
    return topics


@transaction.atomic
def load_demonstration(*, at: datetime) -> Loaded:
    """Create and publish those demonstration terms that don't exist.

    A term whose address exists, or once did, is left as it is: editors may have changed, renamed or retired it.
    """
    documents = demonstration_documents()
    homes = _homes([document.slug for document in documents])
    new = [_following(document, homes) for document in documents if document.slug not in homes]
    if not new:
        return Loaded(created=[], kept=len(documents))
    author = Program("Demonstration")
    saved = save_terms(documents=new, by=author, at=at, note="Demonstration glossary")
    created = [outcome.term for outcome in saved]
    for tag in Tag.objects.filter(name__in=demonstration_topics(), descriptions__isnull=True):
        describe_tag(tag=tag, text=demonstration_topics()[tag.name], by=author, at=at)
    publish_terms(terms=created, by=author, at=at, reason=UNREVIEWED, emergency=True)
    return Loaded(created=created, kept=len(documents) - len(new))


def _homes(slugs: list[str]) -> dict[str, str]:
    """Return address → present slug of the term that has that address or had it."""
    homes: dict[str, str] = {}
    for model in (SlugRedirect, PublishedEntry):
        homes.update(model.objects.filter(slug__in=slugs).values_list("slug", "term__slug"))
    homes.update(Term.objects.filter(slug__in=slugs).values_list("slug", "slug"))
    return homes


def _following(document: TermDocument, homes: dict[str, str]) -> TermDocument:
    """Return the document with its links leading to where renamed terms are now."""
    return replace(
        document,
        insights=tuple(replace(insight, term=homes.get(insight.term, insight.term)) for insight in document.insights),
        related=tuple(sorted({homes.get(slug, slug) for slug in document.related})),
    )
