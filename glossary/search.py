"""Looking a term up by what a reader types."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from django.db.models import Q

from glossary.models import EntryName, PublishedEntry, normalise

MAX_QUERY = 200
MAX_WORDS = 8
MAX_HITS = 50
# Bodies are looked through, not indexed: this bounds what is fetched before words are compared whole.
MAX_CANDIDATES = 200
MAX_NEIGHBOURS = 500

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A published entry, and the other name under which it was found, if it was."""

    entry: PublishedEntry
    found_as: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """What was looked for (as it is shown), what was found, best first, and names like it when nothing was."""

    query: str
    hits: tuple[Hit, ...] = ()
    more: bool = False
    suggestions: tuple[str, ...] = ()


def search(query: str) -> Results:
    """Return published entries for ``query``: exact title first, then other name, beginning of a name, then text.

    Takes anything a browser can send: control characters are blanks, and what stands behind the first
    :data:`MAX_QUERY` characters is not looked at. At most :data:`MAX_HITS` hits and four queries.
    """
    shown = " ".join(_UNPRINTABLE.sub(" ", query[: MAX_QUERY * 4]).split())[:MAX_QUERY].strip()
    wanted = normalise(shown)
    if not wanted:
        return Results(shown)
    found: dict[int, Hit] = {}
    for name in sorted(_names_that_begin_with(wanted), key=lambda name: _rank(name, wanted)):
        if name.entry_id not in found:
            other = name.name if name.kind != "title" else ""
            found[name.entry_id] = Hit(name.entry, other)
    if len(found) <= MAX_HITS:
        for entry in _entries_that_mention(wanted.split()[:MAX_WORDS]):
            found.setdefault(entry.pk, Hit(entry))
    hits = tuple(found.values())
    return Results(
        shown,
        hits=hits[:MAX_HITS],
        more=len(hits) > MAX_HITS,
        suggestions=() if hits else _names_like(wanted),
    )


def _rank(name: EntryName, wanted: str) -> tuple[bool, bool, str, str]:
    return (name.normalised != wanted, name.kind != "title", name.normalised, name.entry.slug)


def _names_that_begin_with(wanted: str) -> list[EntryName]:
    names = EntryName.objects.select_related("entry").defer("entry__search_document")
    # Two queries, so that exact names are there however many others begin like them.
    exact = names.filter(normalised=wanted).order_by("entry__sort_key")[: MAX_HITS + 1]
    beginning = names.filter(normalised__startswith=wanted).order_by("normalised")[: MAX_HITS + 1]
    return [*exact, *beginning]


def _entries_that_mention(words: list[str]) -> list[PublishedEntry]:
    """Entries in whose names or text each of the words begins a word."""
    condition = Q()
    for word in words:
        condition &= Q(search_document__contains=word) | Q(sort_key__contains=word)
    candidates = PublishedEntry.objects.filter(condition).order_by("sort_key", "slug")[:MAX_CANDIDATES]
    starts = [re.compile(rf"(?<!\w){re.escape(word)}") for word in words]
    matching = []
    for entry in candidates:
        text = f"{entry.sort_key} {entry.search_document}"
        if all(start.search(text) for start in starts):
            matching.append(entry)
    # Words in the title outweigh words in the text.
    return sorted(matching, key=lambda entry: not all(start.search(entry.sort_key) for start in starts))


def _names_like(wanted: str) -> tuple[str, ...]:
    """Return up to five published names that are spelled alike and begin alike."""
    neighbours = EntryName.objects.filter(normalised__startswith=wanted[:2]).order_by("normalised")
    names = dict(neighbours.values_list("normalised", "name")[:MAX_NEIGHBOURS])
    return tuple(names[close] for close in difflib.get_close_matches(wanted, names, n=5, cutoff=0.7))
