"""Automatic links: how long the names take to be read, a text of a thousand words to be searched for them the first
time and to be linked each time, beside its whole page as it is rendered then.
"""

from __future__ import annotations

import time

from django.test import Client

from bench.figures import Figure, by_turns, microseconds
from bench.subjects.pages import term_path
from bench.terms import MEASURED_AT
from glossary.linking import Names, fragment_of, fragments_in, known_names, linked_texts, newest_change
from glossary.linking.reading import remembered
from glossary.models import PublishedEntry
from glossary.public.rendering import entry_at

TEXTS = ("definition", "origin", "mechanism")


def measure(*, size: int, rounds: int, seconds: float) -> list[Figure]:
    path = term_path(MEASURED_AT)
    entry = entry_at(path.split("/")[2])
    if entry is None:
        raise RuntimeError(f"there is no page at {path}")
    texts = {part: entry.revision.document[part] for part in TEXTS}
    newest = newest_change()
    built = []
    for _ in range(rounds):
        start = time.perf_counter()
        names = Names(known_names())
        built.append(time.perf_counter() - start)
    targets = {target for text in texts.values() for target in fragment_of(text, names).targets}
    if not targets:
        raise RuntimeError("no mention is found in a text that has some")
    others = list(PublishedEntry.objects.filter(pk__in=targets))
    reader = Client(SERVER_NAME="127.0.0.1")

    def link() -> None:
        linked_texts(fragments_in(texts, own=entry.pk, token=newest), others)

    def first() -> None:
        remembered.clear()
        reader.get(path)

    found = by_turns(
        {
            "link": microseconds(link, seconds=seconds),
            "page": microseconds(lambda: reader.get(path), seconds=seconds),
            "search": microseconds(lambda: [fragment_of(text, names) for text in texts.values()], seconds=seconds),
            "first": microseconds(first, seconds=seconds),
        },
        rounds=rounds,
    )
    return [
        Figure("links, build", "All published names read and made ready", "s", size, tuple(built)),
        Figure(
            "links, text",
            "A text of 1,000 words given its links",
            "µs",
            size,
            found["link"],
            "its whole page, rendered",
            found["page"],
        ),
        Figure(
            "links, first",
            "A text of 1,000 words searched for all names, once in a process",
            "µs",
            size,
            found["search"],
            "its whole page, rendered the first time",
            found["first"],
        ),
    ]
