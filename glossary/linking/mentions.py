"""Which published texts mention a name: asked before a name goes live, and when one has changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from glossary import search
from glossary.linking.fragments import pieces_of
from glossary.linking.names import KnownName, Names, end_of, is_linkable
from glossary.models import PublishedEntry, PublishedEntryQuerySet

# So many names are looked for by one question to the index.
_AT_ONCE = 50
# So many texts are read at once.
_CHUNK = 500


def silent(done: int, total: int) -> None:
    """A progress callback that does nothing."""


class TooMany(Exception):
    """More entries may mention the names than the caller wanted to have read."""


def entries_that_may_mention(names: Iterable[str]) -> PublishedEntryQuerySet:
    """Return the published entries whose names or texts have one of ``names`` as search compares them, as a phrase.

    Nearly all that mention it, and few others: for looking at, where :func:`entries_that_mention` is for relying on.
    """
    found = [search.entries_with_phrase(name).order_by().values("pk") for name in names if is_linkable(name)]
    if not found:
        return PublishedEntry.objects.none()
    # As a union: an OR of conditions would have the database look at every entry.
    return PublishedEntry.objects.filter(pk__in=found[0].union(*found[1:]) if len(found) > 1 else found[0])


def entries_that_mention(
    names: Iterable[tuple[str, str]],
    *,
    at_most: int | None = None,
    progress: Callable[[int, int], None] = silent,
) -> set[int]:
    """Return the primary keys of the published entries in whose texts one of ``names`` stands as links find it.

    ``names`` are pairs of a name and its kind, as ``EntryName`` has them. Whether it is linked there depends on other
    names too: these are the pages that may change with it, all of them. Found through the index, and then each text is
    read that has the words of a name. Raises :class:`TooMany`, before it reads any, for more than ``at_most`` of them.
    ``progress`` is told how many of how many names were looked for.
    """
    wanted = sorted({(name, kind) for name, kind in names if is_linkable(name)})
    candidates: set[int] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        some = search.texts_with_traces_of(name for name, _ in wanted[start : start + _AT_ONCE])
        found = some.order_by().values_list("pk", flat=True)
        candidates.update(found if at_most is None else found[: at_most + 1])
        if at_most is not None and len(candidates) > at_most:
            raise TooMany
        progress(min(start + _AT_ONCE, len(wanted)), len(wanted))
    known = Names(KnownName(1, name, kind) for name, kind in wanted)
    return {pk for pk, texts in _texts_of(candidates) if any(_mentions(known, text) for text in texts)}


def with_ends(names: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return ``names`` (with their kinds) and whatever else looks different on a page when they come or go.

    These are the words in which longer names end, and which keep shorter names from being linked there.
    """
    wanted = set(names)
    return wanted | {(end, "synonym") for name, _ in wanted if (end := end_of(name))}


def _texts_of(entries: Collection[int]) -> Iterator[tuple[int, list[str]]]:
    ordered = sorted(entries)
    rows = PublishedEntry.objects.order_by()
    for start in range(0, len(ordered), _CHUNK):
        for pk, *texts in rows.filter(pk__in=ordered[start : start + _CHUNK]).with_texts("pk"):
            yield pk, texts


def _mentions(known: Names, text: str) -> bool:
    return any(
        known.mentions(piece.text, glued_before=piece.glued_before, glued_after=piece.glued_after)
        for piece in pieces_of(text)
    )
