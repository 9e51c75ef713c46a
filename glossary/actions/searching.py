"""Keeping the search index as the published entries are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from django.db import transaction

from glossary.actions.batches import chunks, silent
from glossary.models import EntryName, MissingTerm, PublishedEntry, SearchText, SpellingPiece
from glossary.search.indexing import indexed, vocabulary
from glossary.text.names import normalise
from glossary.text.sounds import pieces
from glossary.text.words import key_of, plain_parts, stem_key_of

FIELDS = ["names", "text", "facets", "plain"]


def index_entries(entries: Sequence[PublishedEntry]) -> set[int]:
    """Write what search reads of entries from their revisions, instead of what it read of them before.

    Returns the entries (their primary keys) that bear other names than they did. What is retired needs no call: its
    names and texts go with its entry.
    """
    borne: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for pk, name, kind in EntryName.objects.filter(entry__in=entries).values_list("entry_id", "name", "kind"):
        borne[pk].add((name, kind))
    EntryName.objects.filter(entry__in=entries).delete()
    names: list[EntryName] = []
    renamed: set[int] = set()
    for entry in entries:
        document = entry.revision.document
        bears = [(document["title"], "title"), *((s["text"], s["kind"]) for s in document["synonyms"])]
        names += (named(entry, name, kind) for name, kind in bears)
        if borne[entry.pk] != set(bears):
            renamed.add(entry.pk)
    EntryName.objects.bulk_create(names)
    SearchText.objects.bulk_create(
        [SearchText(entry=entry, **indexed(entry.revision.document)) for entry in entries],
        update_conflicts=True,
        unique_fields=["entry"],
        update_fields=FIELDS,
    )
    _learn_to_spell(name.name for name in names)
    # Nobody misses what is there.
    for chunk in chunks([name.normalised for name in names]):
        MissingTerm.objects.filter(text__in=chunk).delete()
    return renamed


@transaction.atomic
def reindex_search(*, progress: Callable[[int], None] = silent) -> int:
    """Write the whole search index anew and return the number of entries. ``progress`` is told how many are done."""
    SpellingPiece.objects.all().delete()
    done = 0
    for chunk in chunks(list(PublishedEntry.objects.order_by("pk").values_list("pk", flat=True))):
        index_entries(list(PublishedEntry.objects.filter(pk__in=chunk).select_related("revision").order_by("pk")))
        done += len(chunk)
        progress(done)
    return done


def named(entry: PublishedEntry, name: str, kind: str) -> EntryName:
    """Return a published name, unsaved, with the keys under which it is found."""
    return EntryName(
        entry=entry,
        name=name,
        normalised=normalise(name),
        kind=kind,
        key=key_of(name),
        stem_key=stem_key_of(name),
    )


def _learn_to_spell(names: Iterable[str]) -> None:
    words = vocabulary(names)
    known: set[str] = set()
    for chunk in chunks(words):
        known.update(SpellingPiece.objects.filter(word__in=chunk).values_list("word", flat=True).distinct())
    SpellingPiece.objects.bulk_create(
        (
            SpellingPiece(word=word, piece=piece)
            for word in words
            if word not in known
            for piece in pieces(plain_parts(word)[0])
        ),
        # Somebody may be publishing the same word at this moment.
        ignore_conflicts=True,
    )
