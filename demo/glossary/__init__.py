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
# Every page of the demonstration shows this, so that no page claims a review that didn't happen.
UNREVIEWED = "Demonstration content, not reviewed by a clinician"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: the terms that it created, and how many of the demonstration's terms already existed."""

    created: Sequence[Term]
    existing: int


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

    A term whose address exists or existed is not changed: editors may have changed, renamed or retired it.
    """
    documents = demonstration_documents()
    current_slugs = _current_slugs([document.slug for document in documents])
    new = [_with_current_links(document, current_slugs) for document in documents if document.slug not in current_slugs]
    if not new:
        return Loaded(created=[], existing=len(documents))
    author = Program("Demonstration")
    saved = save_terms(documents=new, by=author, at=at, note="Demonstration glossary")
    created = [outcome.term for outcome in saved]
    for tag in Tag.objects.filter(name__in=demonstration_topics(), descriptions__isnull=True):
        describe_tag(tag=tag, text=demonstration_topics()[tag.name], by=author, at=at)
    publish_terms(terms=created, by=author, at=at, reason=UNREVIEWED, emergency=True)
    return Loaded(created=created, existing=len(documents) - len(new))


def _current_slugs(slugs: list[str]) -> dict[str, str]:
    """Return address → current slug of the term that has or had that address."""
    current_slugs: dict[str, str] = {}
    for model in (SlugRedirect, PublishedEntry):
        current_slugs.update(model.objects.filter(slug__in=slugs).values_list("slug", "term__slug"))
    current_slugs.update(Term.objects.filter(slug__in=slugs).values_list("slug", "slug"))
    return current_slugs


def _with_current_links(document: TermDocument, current_slugs: dict[str, str]) -> TermDocument:
    """Return the document with its links changed to the current slugs of renamed terms."""
    return replace(
        document,
        insights=tuple(
            replace(insight, term=current_slugs.get(insight.term, insight.term)) for insight in document.insights
        ),
        related=tuple(sorted({current_slugs.get(slug, slug) for slug in document.related})),
    )
