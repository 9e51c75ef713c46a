"""“Did you mean …?” for a question that nothing was found for.

Note [Typing errors without trigrams]
Trigrams compare a misspelled word with all names: with an index of PostgreSQL's pg_trgm that took 32 ms for 100,000 of
them, with SQLite's 71 ms, and each ranked its own way. Here, what is left of a word's sound without one of its letters
is looked up in a plain index (``SpellingPiece``): a word that is an error away shares such a piece. That is a dozen
look-ups however many names there are, the same on both databases, and needs no extension.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from glossary.models import SpellingPiece
from glossary.search.questions import MAX_QUERY, Question
from glossary.text.sounds import distance, pieces
from glossary.text.words import fold

MAX_NEIGHBOURS = 1_000
MAX_WORDS_EACH = 3
MAX_TRIED = 6


def corrections(question: Question) -> Iterator[str]:
    """Yield questions that are a typing error or a few away, the likeliest first, and at most :data:`MAX_TRIED`.

    Takes one query. Whether there is an answer to them is to be seen.
    """
    wanted = list(dict.fromkeys(word for word in question.folded if len(word) >= 3))
    if not wanted:
        return
    by_piece = {word: set(pieces(word)) for word in wanted}
    rows = (
        SpellingPiece.objects.filter(piece__in=set().union(*by_piece.values()))
        .order_by("pk")
        .values_list("piece", "word")[:MAX_NEIGHBOURS]
    )
    neighbours: dict[str, dict[str, int]] = {word: {} for word in wanted}
    for piece, other in rows:
        for word, own in by_piece.items():
            if piece in own and other not in neighbours[word]:
                neighbours[word][other] = _distance(word, other)
    choices = [_choices(word, neighbours.get(word, {})) for word in question.folded]
    combinations = sorted(
        itertools.islice(itertools.product(*choices), 500),
        key=lambda combination: (sum(cost for cost, _ in combination), [word for _, word in combination]),
    )
    tried = 0
    for combination in combinations:
        corrected = " ".join(word for _, word in combination)[:MAX_QUERY]
        if any(cost for cost, _ in combination):
            yield corrected
            tried += 1
            if tried == MAX_TRIED:
                return


def _choices(word: str, neighbours: dict[str, int]) -> list[tuple[int, str]]:
    """Return what may have been meant by a word with its distance: itself, if a name has it."""
    most = 1 if len(word) <= 4 else 2 if len(word) <= 8 else 3
    near = sorted((cost, other) for other, cost in neighbours.items() if cost <= most)
    if not near or near[0][0] == 0:
        # A name has it, or nothing is like it.
        return [(0, word)]
    # Or it is in no name and in some text, and another word of the question is the wrong one.
    return [*near[:MAX_WORDS_EACH], (near[-1][0] + 1, word)]


def _distance(word: str, other: str) -> int:
    folded = "".join(fold(other))
    cost = distance(word, folded, 3)
    # Few get the first letter wrong.
    return cost + (cost > 0 and word[0] != folded[0])
