"""What public documents name: the index of the pages that show another term, or the retraction of a work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from glossary.dependents import keys
from glossary.document.documents import slugs_named
from glossary.document.references import identifiers_of
from glossary.models import EVERYTHING, DocumentReference, PublishedEntry, SlugRedirect

# So many values go into one statement.
_CHUNK = 500
_LONGEST = 500

T = TypeVar("T")


def write_namings(documents: Mapping[int, Mapping[str, Any] | None]) -> None:
    """Note what the public documents of terms (term → document, ``None`` without one) name now. Two queries."""
    DocumentReference.objects.filter(term__in=documents, current=True).update(current=False)
    DocumentReference.objects.bulk_create(
        [
            DocumentReference(term_id=pk, what=what, current=True)
            for pk, document in documents.items()
            if document
            for what in sorted(named_in(document))
        ],
        update_conflicts=True,
        unique_fields=["what", "term"],
        update_fields=["current"],
        batch_size=_CHUNK,
    )


def named_in(document: Mapping[str, Any]) -> set[str]:
    """Return what a document (as JSON) names, as :class:`DocumentReference` has it."""
    return {_term(slug) for slug in slugs_named(document)} | {_work(name) for name in identifiers_of([document])}


def naming(slugs: Collection[str], *, at_most: int) -> set[str]:
    """Return the keys of the terms whose public documents name one of these addresses, or that of all pages where more
    than ``at_most`` do.
    """
    current: dict[int, bool] = {}
    for some in _chunks(sorted(map(_term, slugs))):
        rows = DocumentReference.objects.filter(what__in=some).values_list("term_id", "current")
        for pk, now in rows[: at_most + 1]:
            current[pk] = now or current.get(pk, False)
        if len(current) > at_most:
            return {EVERYTHING}
    found = addresses(current)
    revisions = {keys.revision(slug) for slugs_of in found.values() for slug in slugs_of}
    return revisions | {keys.term(slug) for pk, now in current.items() if now for slug in found.get(pk, ())}


def citing(identifiers: Collection[str]) -> set[int]:
    """Return the terms whose public documents cite one of these works."""
    found: set[int] = set()
    for some in _chunks(sorted(map(_work, identifiers))):
        found.update(DocumentReference.objects.filter(what__in=some).values_list("term_id", flat=True))
    return found


def addresses(terms: Collection[int]) -> dict[int, set[str]]:
    """Return term → every address that it has or had in public."""
    found: dict[int, set[str]] = {}
    for some in _chunks(sorted(terms)):
        present = PublishedEntry.objects.filter(pk__in=some).order_by().values_list("pk", "slug")
        for pk, slug in (*present, *SlugRedirect.objects.filter(term__in=some).values_list("term_id", "slug")):
            found.setdefault(pk, set()).add(slug)
    return found


def _chunks(items: list[T]) -> Iterable[list[T]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


def _term(slug: str) -> str:
    return f"term:{slug}"[:_LONGEST]


def _work(identifier: str) -> str:
    return f"work:{identifier}"[:_LONGEST]
