"""Check documents before they are saved: their addresses, the terms they name and their tags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from taggit.models import Tag

from glossary.actions.batches import BATCH, chunks, silent
from glossary.document import documents
from glossary.document.documents import DocumentError, Problem, TermDocument
from glossary.models import PublishedEntry, SlugRedirect, Term


class DocumentsRefused(DocumentError):
    """Some of many documents cannot be saved; none was. ``by_document`` maps their positions to what is wrong."""

    def __init__(self, by_document: Mapping[int, Sequence[Problem]]) -> None:
        self.by_document = by_document
        super().__init__(problem for problems in by_document.values() for problem in problems)


def _conflicting_tags(names: set[str]) -> dict[str, str]:
    """Return name → the other tag whose topic would have its address, for names that are no tag yet."""
    if not names:
        return {}
    by_slug: dict[str, str] = {}
    by_key: set[str] = set()
    for name in Tag.objects.order_by("-pk").values_list("name", flat=True):
        by_slug[documents.topic_slug_for(name)] = name
        by_key.add(documents.tag_key_of(name))
    found: dict[str, str] = {}
    for name in sorted(names):
        if documents.tag_key_of(name) in by_key:
            continue
        other = by_slug.setdefault(documents.topic_slug_for(name), name)
        if documents.tag_key_of(other) != documents.tag_key_of(name):
            found[name] = other
    return found


def resolve_slugs(pairs: Sequence[tuple[Term | None, TermDocument]]) -> dict[str, int]:
    """Return slug → primary key for everything that the documents name; raise for what is taken or unknown."""
    known, problems = look_up_slugs(pairs, promised=frozenset())
    if problems:
        raise DocumentsRefused(problems)
    return known


def look_up_slugs(
    pairs: Sequence[tuple[Term | None, TermDocument]],
    *,
    promised: Collection[str],
    progress: Callable[[int, int], None] = silent,
) -> tuple[dict[str, int], dict[int, list[Problem]]]:
    """Return slug → primary key for what the documents name, and position of a document → its problems.

    See :func:`glossary.actions.saving.check_documents` for ``promised`` and ``progress``.
    """
    problems: dict[int, list[Problem]] = defaultdict(list)
    own = {document.slug for _, document in pairs}
    wanted = own | {
        slug for _, document in pairs for slug in (*document.related, *(i.term for i in document.insights)) if slug
    }
    known: dict[str, int] = {}
    held: dict[str, int] = {}
    for done, chunk in enumerate(chunks(sorted(wanted)), start=1):
        known.update(Term.objects.filter(slug__in=chunk).values_list("slug", "pk"))
        held.update(SlugRedirect.objects.filter(slug__in=chunk).values_list("slug", "term_id"))
        held.update(PublishedEntry.objects.filter(slug__in=chunk).values_list("slug", "term_id"))
        progress(min(done * BATCH, len(wanted)), len(wanted))
    available = known.keys() | own | set(promised)
    conflicting = _conflicting_tags({name for _, document in pairs for name in document.tags})
    seen: set[str] = set()
    for position, (term, document) in enumerate(pairs):
        found: list[Problem] = []
        holders = {held_by[document.slug] for held_by in (known, held) if document.slug in held_by}
        if holders - {term.pk if term else None}:
            found.append(address_taken(document.slug))
        elif document.slug in seen:
            found.append(Problem("slug", f"{document.slug!r} is used for two terms: choose a different one"))
        seen.add(document.slug)
        found.extend(
            Problem(f"insights[{number}].term", f"there is no term with the slug {insight.term!r}")
            for number, insight in enumerate(document.insights, start=1)
            if insight.term and insight.term not in available
        )
        found.extend(
            Problem("related", f"there is no term with the slug {slug!r}")
            for slug in document.related
            if slug not in available
        )
        found.extend(
            Problem(
                "tags",
                f"“{name}” would have the same address as the tag “{conflicting[name]}”: use that tag, or choose "
                "another name",
            )
            for name in document.tags
            if name in conflicting
        )
        if found:
            problems[position] = found
    return known, problems


def address_taken(slug: str) -> Problem:
    """Return what is wrong with a document whose slug belongs to another term."""
    return Problem("slug", f"{slug!r} is or was the address of another term: choose a different one")
