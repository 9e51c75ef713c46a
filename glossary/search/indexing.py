"""What the index holds of a published term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from glossary.document.documents import TEXTS, topic_slug_for
from glossary.document.markup import plain_text
from glossary.search.traces import traces_of
from glossary.text.names import INITIALS, initial_of
from glossary.text.words import MAX_WORD, compound, stem_of, words

# Behind each name and each text, so that no phrase is found across them.
BREAK = "|"
# The index finds a filter as it finds a word: these signs stand in no word.
LETTER_SIGN, TAG_SIGN = "@", "#"


def indexed(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a ``SearchText`` for a term document.

    ``names`` and ``text`` are stems with a blank before and behind each, ``facets`` the filters that the term passes,
    ``plain`` the text that excerpts are cut from. Behind the stems of the text stand its traces: see Note [No mention
    is missed] in ``glossary.search.traces``.
    """
    names = [document["title"], *(synonym["text"] for synonym in document["synonyms"])]
    plain = [plain_text(str(document[key])) for key in TEXTS]
    insights = [insight["text"] for insight in document["insights"]]
    facets = [
        letter_facet(initial_of(document["title"])),
        *sorted({tag_facet(slug) for slug in map(topic_slug_for, document["tags"]) if slug}),
    ]
    text = _stream([*plain, *insights, *document["tags"]], compounds_apart=True)
    traces = traces_of(document, known=set(text.split()))
    return {
        "names": _stream(names, compounds_apart=False),
        "text": f"{text}{' '.join(traces)} " if traces else text,
        "facets": " ".join(facets),
        "plain": "\n".join(filter(None, plain)),
    }


def letter_facet(initial: str) -> str:
    """Return how the index calls the letter that a title is filed under, one of ``INITIALS``."""
    return LETTER_SIGN + ("symbols" if initial == "#" else initial.lower())


#: How the index calls a letter → the letter.
INITIAL_OF_FACET = {letter_facet(initial): initial for initial in INITIALS}


def tag_facet(slug: str) -> str:
    """Return how the index calls a tag."""
    return TAG_SIGN + slug


def _stream(texts: list[str], *, compounds_apart: bool) -> str:
    """Return the stems of texts. What a hyphen joins stands once more behind its text, as one word.

    ``compounds_apart``: behind a bar of their own, so that they are in no phrase. Else each bar ends one text.
    """
    stream: list[str] = [""]
    for text in texts:
        joined: list[str] = []
        chunk: list[str] = []
        for word in words(text):
            if not word.joined:
                joined += [compound(chunk)] if len(chunk) > 1 else []
                chunk = []
            chunk += word.folded
            stream += map(stem_of, word.folded)
        joined += [compound(chunk)] if len(chunk) > 1 else []
        if joined and compounds_apart:
            stream.append(BREAK)
        stream += [*joined, BREAK]
    return " ".join([*stream, ""])


def vocabulary(names: Iterable[str]) -> list[str]:
    """Return the words of names that readers may misspell, in small letters except where a word is all capitals."""
    found: set[str] = set()
    for name in names:
        for word in words(name):
            written = name[word.start : word.end]
            if len(word.folded) == 1 and len(word.folded[0]) >= 3 and len(written) <= MAX_WORD:
                found.add(written if written.isupper() else written.lower())
    return sorted(found)
