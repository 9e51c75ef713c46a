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

from glossary.models import EntryName
from glossary.search.candidates import Candidate
from glossary.search.questions import Part, Question

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


def rank_of_name(name: EntryName, question: Question, *, begins: bool) -> Rank:
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
    return (tier, literally, 0, name.entry.sort_key, name.entry.slug)


def rank_of_words(candidate: Candidate, question: Question, *, beginnings: int = 0) -> tuple[Rank, int]:
    """Return an entry's rank by the words in it, and which name has them all: 0 the title, -1 none."""
    parts = question.parts
    first_beginning = len(parts) - beginnings
    for number, name in enumerate(candidate.names):
        if all(_is_in(name, part, begins=place >= first_beginning) for place, part in enumerate(parts)):
            tier = Tier.IN_TITLE if number == 0 else Tier.IN_NAME
            # The fewer words there are besides, the more the name is about these.
            return (tier, name.count(" "), 0, candidate.sort_key, candidate.slug), number
    return (Tier.IN_TEXT, 0, -_score(candidate, parts, first_beginning), candidate.sort_key, candidate.slug), -1


def _is_in(stream: str, part: Part, *, begins: bool) -> bool:
    end = "" if begins else " "
    return any(all(f" {stem}{end}" in stream for stem in way) for way in part.ways)


def _score(candidate: Candidate, parts: tuple[Part, ...], first_beginning: int) -> int:
    text, score = candidate.text, 0
    title = candidate.names[0] if candidate.names else ""
    for place, part in enumerate(parts):
        end = "" if place >= first_beginning else " "
        best = 0
        for number, way in enumerate(part.ways):
            points = 0
            for stem in way:
                standing = f" {stem}{end}"
                first = text.find(standing)
                points += 8 * (standing in title) + min(text.count(standing), 6)
                points += 0 if first < 0 else 6 if first < EARLY else 3 if first < SOON else 1
            # What was typed counts for more than what it may stand for.
            best = max(best, points * (4 if number == 0 else 3))
        score += best
    together = " ".join(stem for part in parts for stem in part.ways[0])
    if len(parts) > 1 and f" {together} " in text:
        score += 60
    return score
