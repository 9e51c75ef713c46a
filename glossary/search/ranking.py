"""The order of what was found: the same on every database, since it is computed here from what was published.

Note [The order of results]
1. the title is what was typed: to the letter, in another spelling, in another inflection
2. another name is
3. the title begins with it, then another name does
4. all words are in the title, then in one other name
5. all words are in names and texts: by how often and how early, and whether they stand together

and within one of these by title. No floating point, no statistics of the corpus: publishing one term moves no other.
"""

from __future__ import annotations

from enum import IntEnum

from glossary.search.candidates import Candidate, FoundName
from glossary.search.questions import Question

Rank = tuple[int, int, int, str, str]

# Where words stand early in a text: within its first so many characters of stems.
EARLY, SOON = 80, 400


class Tier(IntEnum):
    """Where the question was found, the best first."""

    TITLE = 0
    NAME = 1
    TITLE_BEGINS = 2
    NAME_BEGINS = 3
    IN_TITLE = 4
    IN_NAME = 5
    IN_TEXT = 6


def rank_of_name(name: FoundName, question: Question, *, begins: bool) -> Rank:
    """Return the rank of an entry by a name that is what was typed, or ``begins`` with it."""
    is_title = name.kind == "title"
    if begins:
        tier = Tier.TITLE_BEGINS if is_title else Tier.NAME_BEGINS
        # "Cycle disorders" before "Cyclosporin" for "cycl" is chance; before "Cyclist" for "cycle", it is meant.
        literally = 0 if name.normalised.startswith(f"{question.literal} ") else 1
    else:
        tier = Tier.TITLE if is_title else Tier.NAME
        literally = next(
            number
            for number, is_so in enumerate(
                (
                    name.normalised == question.literal,
                    bytes(name.key) == question.keys[0],
                    bytes(name.stem_key) == question.stem_keys[0],
                    bytes(name.key) in question.keys,
                    True,
                )
            )
            if is_so
        )
    return (tier, literally, 0, name.sort_key, name.slug)


class ByWords:
    """Ranks entries by the words of a question that are in them. Of the last ``beginnings``, beginnings will do."""

    def __init__(self, question: Question, *, beginnings: int = 0) -> None:
        first_beginning = len(question.parts) - beginnings
        # Each word as it stands in a stream of stems, between blanks; of a beginning, the blank behind it is missing.
        self._parts = [
            [[f" {stem}{'' if place >= first_beginning else ' '}" for stem in way] for way in part.ways]
            for place, part in enumerate(question.parts)
        ]
        together = " ".join(stem for part in question.parts for stem in part.ways[0])
        self._together = f" {together} " if len(question.parts) > 1 else ""

    def rank(self, candidate: Candidate) -> tuple[Rank, int]:
        """Return an entry's rank, and which name has all words: 0 the title, -1 none."""
        for number, name in enumerate(candidate.names):
            if self._are_in(name):
                tier = Tier.IN_TITLE if number == 0 else Tier.IN_NAME
                # The fewer words there are besides, the more the name is about these.
                return (tier, name.count(" "), 0, candidate.sort_key, candidate.slug), number
        return (Tier.IN_TEXT, 0, -self._score(candidate), candidate.sort_key, candidate.slug), -1

    def _are_in(self, stream: str) -> bool:
        for ways in self._parts:
            for way in ways:
                if all([word in stream for word in way]):  # noqa: C419  (a list is quicker for one or two)
                    break
            else:
                return False
        return True

    def _score(self, candidate: Candidate) -> int:
        text, score = candidate.text, 0
        title = candidate.names[0] if candidate.names else ""
        for ways in self._parts:
            best = 0
            for number, way in enumerate(ways):
                points = 0
                for word in way:
                    if word in title:
                        points += 8
                    first = text.find(word)
                    if first >= 0:
                        points += min(text.count(word, first), 6) + (6 if first < EARLY else 3 if first < SOON else 1)
                # What was typed counts for more than what it may stand for.
                best = max(best, points * (4 if number == 0 else 3))
            score += best
        if self._together and self._together in text:
            score += 60
        return score
