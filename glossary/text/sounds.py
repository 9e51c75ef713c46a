"""How a word sounds, roughly: what misspellings of it have in common.

Not Soundex or Metaphone, which are made for the names of people: here the vowels stay, since they are most of what
tells medical words apart, and so do most consonants. What goes are the doubts of a writer: is it one r or two, ph or f,
y or i?
"""

from __future__ import annotations

import re

from glossary.text.spelling import one_spelling

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
# Longer words are sequences or noise.
MAX_LETTERS = 60


def sound(word: str) -> str:
    """Return how a word sounds (lower case, without accents, in one spelling).

    >>> sound("hemorrhage") == sound("hemorage"), sound("fibromyalgia") == sound("fybromialgia")
    (True, True)
    """
    for pattern, other in _SAME:
        word = pattern.sub(other, word)
    return word


def pieces(word: str) -> list[str]:
    """Return the sound of a word (lower case, without accents), and that of the word without each of its letters.

    Two words share a piece when they differ by a letter too much, too few, wrong, or changed with its neighbour, in
    what is written or in how it sounds; and some pairs that differ by two. Letters go before the sound is taken: an
    error can make a pair of letters that sounds like one ("hypplasia"), or looks like a diphthong ("hepatoemgaly").

    >>> sorted(set(pieces("hypoplasia")) & set(pieces("hypplasia")))
    ['hiplasia']
    """
    word = word[:MAX_LETTERS]
    left = {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}
    return sorted({sound(one_spelling(letters)) for letters in left} - {""})


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
