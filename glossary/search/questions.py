"""What a reader typed, as search understands it."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

from glossary.text.names import normalise
from glossary.text.stems import root
from glossary.text.words import GREEK_BY_LETTER, LETTERS_BY_GREEK, Word, as_key, compound, stem_of, words

MAX_QUERY = 200
# So many words are looked for. A name is looked for by all that was typed.
MAX_WORDS = 8
MAX_KEYS = 4
# The beginning of a word is looked for from so many letters on: a shorter one begins half of all words.
MIN_BEGINNING = 3

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
# They stand in every text, and nobody looks for them. Single letters aren't among them: a vitamin may be meant.
STOP_WORDS = frozenset(
    [
        "a",
        "about",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "how",
        "i",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "of",
        "on",
        "or",
        "that",
        "the",
        "their",
        "there",
        "these",
        "this",
        "to",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "you",
        "your",
    ]
)


@dataclass(frozen=True, slots=True)
class Part:
    """One word of the question: any of ``ways`` will do, each of them stems that must all be there."""

    ways: tuple[tuple[str, ...], ...]

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(stem for way in self.ways for stem in way)


@dataclass(frozen=True, slots=True)
class Question:
    """What was typed (``shown``: cleaned for showing), the keys that a name may have, and the words to be found.

    Without ``parts``, where only words were typed that stand in every text, names are all there is to look through.
    """

    shown: str
    literal: str = ""
    keys: tuple[bytes, ...] = ()
    stem_keys: tuple[bytes, ...] = ()
    folded: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.keys

    def by_roots(self) -> Question:
        """Return the question for the roots of its words, of which beginnings are to be found."""
        parts = tuple(Part(tuple(dict.fromkeys(tuple(map(root, way)) for way in part.ways))) for part in self.parts)
        return replace(self, parts=parts)


def shown(query: str) -> str:
    """Return a query as it is shown and read: without control characters, at most :data:`MAX_QUERY` long."""
    return " ".join(_UNPRINTABLE.sub(" ", query[: MAX_QUERY * 4]).split())[:MAX_QUERY].strip()


def ask(query: str) -> Question:
    """Return the question in a query: anything that a browser can send."""
    visible = shown(query)
    found = list(words(visible))
    if not found:
        return Question(visible)
    # Hyphens hold together what is one word to its writer.
    chunks: list[list[Word]] = []
    for word in found:
        if word.joined and chunks:
            chunks[-1].append(word)
        else:
            chunks.append([word])
    spelled = [_spellings([part for word in chunk for part in word.folded], len(chunk) > 1) for chunk in chunks]
    keys = [sum(combination, ()) for combination in itertools.islice(itertools.product(*spelled), MAX_KEYS)]
    wanted = [ways for ways in spelled if len(ways[0]) > 1 or ways[0][0] not in STOP_WORDS]
    if wanted and len(wanted) < len(spelled):
        # "What is the menopause?" is about menopause, and "The pill" is a name.
        keys.append(sum((ways[0] for ways in wanted), ()))
    return Question(
        visible,
        literal=normalise(visible),
        keys=tuple(dict.fromkeys(as_key("".join(key)) for key in keys)),
        stem_keys=tuple(dict.fromkeys(as_key("".join(map(stem_of, key))) for key in keys)),
        folded=tuple(part for chunk in chunks for word in chunk for part in word.folded),
        parts=tuple(Part(_ways(ways)) for ways in wanted[:MAX_WORDS]),
    )


def _spellings(folded: list[str], hyphenated: bool) -> list[tuple[str, ...]]:
    """Return the word as typed, and with its Greek letter as the Latin one that stands for it, or the other way."""
    ways = [tuple(folded)]
    for number, part in enumerate(folded):
        others: tuple[str, ...] = ()
        if part in LETTERS_BY_GREEK:
            others = LETTERS_BY_GREEK[part]
        elif hyphenated and part[-1:] in GREEK_BY_LETTER and (len(part) == 1 or part[:-1].isdigit()):
            # b-estradiol, 17b-estradiol
            rest = (part[:-1],) if part[:-1] else ()
            ways.append((*folded[:number], *rest, GREEK_BY_LETTER[part[-1]], *folded[number + 1 :]))
        ways += [(*folded[:number], other, *folded[number + 1 :]) for other in others]
    return ways[:MAX_KEYS]


def _ways(spellings: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    ways: dict[tuple[str, ...], None] = {}
    for number, spelling in enumerate(spellings):
        # A lone "b" stands in too many texts to mean beta there.
        if number and len(spelling) == 1:
            continue
        ways[tuple(map(stem_of, spelling))] = None
        if len(spelling) > 1:
            ways[(compound(spelling),)] = None
    return tuple(ways)
