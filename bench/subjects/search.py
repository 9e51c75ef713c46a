"""Searching, beside one look-up of a row by its primary key through the ORM."""

from __future__ import annotations

from functools import partial

from bench.figures import Figure, by_turns, microseconds
from bench.terms import NO_WORD, RARE_WORD, mistyped, titles
from bench.words import EVERYWHERE
from glossary.models import PublishedEntry
from glossary.search import search

TITLE_AT = 5


def measure(*, size: int, rounds: int, seconds: float) -> list[Figure]:
    title = titles(1_000)[TITLE_AT]
    queries = {
        "title": (title, "a title"),
        "rare": (RARE_WORD, "a word that one term has"),
        "everywhere": (EVERYWHERE, "a word that every term has"),
        "mistyped": (mistyped(title), "a title with two letters exchanged"),
        "none": (NO_WORD, "a word that no term has"),
        "beginning": (title[:3].lower(), "the first three letters of a title"),
    }
    key = PublishedEntry.objects.order_by("pk").values_list("pk", flat=True)[size // 2]
    works = {name: microseconds(partial(search, query), seconds=seconds) for name, (query, _) in queries.items()}
    works["look-up"] = microseconds(lambda: PublishedEntry.objects.get(pk=key), seconds=seconds)
    for query, words in queries.values():
        if bool(search(query).hits) != (query != NO_WORD and query != mistyped(title)):
            raise RuntimeError(f"searching for {words} finds what it shouldn't, or doesn't what it should: {query}")
    found = by_turns(works, rounds=rounds)
    return [
        Figure(
            f"search, {name}",
            f"Search for {words}",
            "µs",
            size,
            found[name],
            "one look-up by primary key",
            found["look-up"],
        )
        for name, (_, words) in queries.items()
    ]
