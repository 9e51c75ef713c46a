"""“Did you mean …?” for a question that nothing was found for.

Note [Typing errors without trigrams]
What is left of a word without one of its letters is looked up in a plain index (``SpellingPiece``): words that are an
error apart share such a piece. The words that are found so lead to the names that have them, through the index of
search, and those are compared with what was typed as a whole. That is two queries however many names there are, the
same on both databases, and needs no extension. What trigrams would find and cost is in docs/adr/0320.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from glossary.models import EntryName, SearchText, SpellingPiece
from glossary.search.candidates import MAX_CANDIDATES, matching
from glossary.search.questions import MAX_QUERY, MAX_WORDS, STOP_WORDS, Part, Question
from glossary.text.names import normalise
from glossary.text.sounds import distance, pieces
from glossary.text.words import fold, plain_parts, stem_of, written

# Of a shorter word, one letter more or less makes any other.
MIN_LETTERS = 3
MAX_NEIGHBOURS = 1_000
MAX_WORDS_EACH = 3
MAX_WAYS = 12
MAX_TRIED = 6


@dataclass(frozen=True, slots=True)
class Typed:
    """A word of a question, in its own spelling, and the words of names that are like it, with their distance."""

    word: str
    neighbours: dict[str, int]

    @property
    def is_known(self) -> bool:
        return 0 in self.neighbours.values()

    @property
    def near(self) -> list[tuple[int, str]]:
        """Return its neighbours that may have been meant, the likeliest first: few get the first letter wrong."""
        most = _most(len(self.word))
        near = ((cost, other) for other, cost in self.neighbours.items() if cost <= most)
        return sorted((cost + (cost > 0 and self.word[0] != other[0].lower()), other) for cost, other in near)


def typed_words(question: Question) -> list[Typed]:
    """Return the words of a question with their neighbours. Takes one query."""
    parts = [part for match in written(question.shown) for part in plain_parts(match.group())][: MAX_WORDS * 2]
    by_piece = {word: set(pieces(word)) for word in parts if len(word) >= MIN_LETTERS and word not in STOP_WORDS}
    neighbours: dict[str, dict[str, int]] = {word: {} for word in parts}
    rows = (
        SpellingPiece.objects.filter(piece__in=set().union(*by_piece.values()))
        .order_by("pk")
        .values_list("piece", "word")[:MAX_NEIGHBOURS]
    )
    for piece, other in rows if by_piece else ():
        for word, own in by_piece.items():
            if piece in own and other not in neighbours[word]:
                neighbours[word][other] = _distance_of_words(word, other)
    return [Typed(word, neighbours[word]) for word in parts]


def names_like(question: Question, typed: list[Typed]) -> list[str]:
    """Return the published names that are nearest to what was typed as a whole, if any is near. Takes one query."""
    parts = [part for word in typed if (part := _part(word))][:MAX_WORDS]
    if not parts:
        return []
    having = SearchText.objects.filter(matching(tuple(parts), in_names=True, at_most=MAX_CANDIDATES))
    names = EntryName.objects.filter(entry__in=having.values("pk")).values_list("normalised", "key", "kind", "name")
    literal, folded = question.literal, question.keys[0].decode(errors="replace")
    nearest, found = _most(len(literal)), {}
    for normalised, key, kind, name in names:
        # As it is written, and in one spelling.
        other = bytes(key).decode(errors="replace")
        cost = min(distance(literal, normalised, nearest), distance(folded, other, nearest))
        if cost <= nearest:
            nearest = cost
            found[name] = (cost, folded[:1] != other[:1], kind != "title", normalised, name)
    return sorted((name for name in found if found[name][0] == nearest), key=found.__getitem__)


def _part(typed: Typed) -> Part | None:
    """Return by what names are found that may have the word; nothing, if it says little or is like no other."""
    near = typed.near[:MAX_WAYS]
    folded = [parts for _, other in near if len(parts := fold(other)) == 1]
    if not folded or any(parts[0] in STOP_WORDS for parts in folded):
        return None
    return Part(tuple(dict.fromkeys((stem_of(part),) for (part,) in folded)))


def corrections(typed: list[Typed]) -> Iterator[str]:
    """Yield questions that are a typing error or a few away, the likeliest first, and at most :data:`MAX_TRIED`.

    Whether there is an answer to them is to be seen.
    """
    combinations = sorted(
        itertools.islice(itertools.product(*map(_choices, typed)), 500),
        key=lambda combination: (sum(cost for cost, _ in combination), [word for _, word in combination]),
    )
    changed = (combination for combination in combinations if any(cost for cost, _ in combination))
    for combination in itertools.islice(changed, MAX_TRIED):
        yield " ".join(word for _, word in combination)[:MAX_QUERY]


def _choices(typed: Typed) -> list[tuple[int, str]]:
    """Return what may have been meant by a word with its distance: itself, if a name has it."""
    near = typed.near
    if not near or typed.is_known:
        # A name has it, or nothing is like it.
        return [(0, typed.word)]
    # Or it is in no name and in some text, and another word of the question is the wrong one.
    return [*near[:MAX_WORDS_EACH], (near[-1][0] + 1, typed.word)]


def _most(letters: int) -> int:
    return 1 if letters <= 4 else 2 if letters <= 8 else 3


def _distance_of_words(word: str, other: str) -> int:
    plain, folded = normalise(other), "".join(fold(other))
    return min(distance(word, plain, 3), distance(word, folded, 3))
