"""How a word sounds, roughly: what misspellings of it have in common.

Not Soundex or Metaphone, which are made for the names of people: here the vowels stay, since they are most of what
tells medical words apart, and so do most consonants. What goes are the doubts of a writer: is it one r or two, ph or f,
y or i?
"""

from __future__ import annotations

import re

_SAME = (
    (re.compile(r"^(?:pn|kn|gn|mn)"), "n"),
    (re.compile(r"^ps"), "s"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"rh"), "r"),
    (re.compile(r"th"), "t"),
    (re.compile(r"z"), "s"),
    # Whatever comes behind a c: the letter that would say how it sounds may be the one that is missing.
    (re.compile(r"ck|ch|c|q"), "k"),
    (re.compile(r"y"), "i"),
    (re.compile(r"(.)\1+"), r"\1"),
)
# In a shorter word, any letter may be the one that counts.
MIN_LENGTH = 4
MAX_SOUND = 24


def sound(word: str) -> str:
    """Return how a folded word sounds.

    >>> sound("hemorrhage") == sound("hemorage"), sound("fibromyalgia") == sound("fybromialgia")
    (True, True)
    """
    for pattern, other in _SAME:
        word = pattern.sub(other, word)
    return word


def pieces(word: str) -> list[str]:
    """Return the sound of a folded word, and what is left of it without one letter.

    Two words share a piece when their sounds differ by a letter too much, too few, wrong, or changed with its
    neighbour; and some pairs that differ by two. Of a long word, only the beginning is looked at.
    """
    whole = sound(word)[:MAX_SOUND]
    if len(whole) < MIN_LENGTH:
        return [whole]
    return sorted({whole, *(whole[:place] + whole[place + 1 :] for place in range(len(whole)))})


def distance(one: str, other: str, most: int) -> int:
    """Return how many letters are to be changed, added, dropped or swapped; ``most + 1`` when it is more than that.

    This is the restricted Damerau-Levenshtein ("optimal string alignment") distance.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
