"""Texts and names cut into words as search compares them.

Note [Words as search compares them]
A word goes through three forms. *Folded*: case, accents and compatibility forms gone, Greek letters spelled out, one
spelling for British and American (``glossary.text.spelling``). *Stem*: the folded word without its inflection
(``glossary.text.stems``). And a name has a *key*: its folded words run together, so that "X-ray", "x ray" and
"Xray" are one name, as are "CA-125" and "CA125".

All of it happens here, in Python, for what is published and for what is typed. The databases only keep and find the
results: PostgreSQL would stem otherwise than SQLite, and either otherwise in its next release. After a change of how
words are folded or stemmed, ``manage.py reindex_search`` writes them anew; the changelog asks operators to run it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from glossary.text.characters import APOSTROPHES, HYPHENS, INVISIBLE, LETTERS, as_read
from glossary.text.greek import GREEK
from glossary.text.names import LATIN, normalise
from glossary.text.spelling import one_spelling
from glossary.text.stems import stem

# One class, which is read in half the time of two: where it is used, no underscore is left.
_LETTER = rf"[{LETTERS}{INVISIBLE}]"
_WORD = re.compile(rf"{_LETTER}++(?:[{APOSTROPHES}]{_LETTER}++)*+")
_HYPHEN = re.compile(f"[{HYPHENS}]")
_POSSESSIVE = re.compile(r"'s$")
_GREEK_LETTERS = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", GREEK.split(), strict=True)) | {"ς": "sigma"}
# The Latin letters that are typed for Greek ones.
LETTERS_BY_GREEK = {
    "alpha": ("a",),
    "beta": ("b",),
    "gamma": ("g",),
    "delta": ("d",),
    "epsilon": ("e",),
    "kappa": ("k",),
    "lambda": ("l",),
    "mu": ("m", "u"),
    "omega": ("w", "o"),
}
GREEK_BY_LETTER = {letter: name for name, letters in LETTERS_BY_GREEK.items() for letter in letters}
# One or two Greek letters are a symbol (β-blocker, TGFβ); more of them are a Greek word.
_SYMBOL = re.compile(r"(?<![α-ω])[α-ω]{1,2}(?![α-ω])")
_PLAIN = re.compile(rf"{_LETTER}+")
# Longer runs of letters are sequences or noise, and no index needs them whole.
MAX_WORD = 60


class Word(NamedTuple):
    """A word of a text: where it stands there, and its folded parts (two for "TGFβ"). ``joined``: a hyphen precedes."""

    start: int
    end: int
    folded: tuple[str, ...]
    joined: bool


def written(text: str) -> Iterator[re.Match[str]]:
    """Yield the words of ``text`` as they are written there."""
    return _WORD.finditer(text.replace("_", " "))


def different_words(text: str) -> set[str]:
    """Return the words of ``text`` as they are written there, each once."""
    return set(_WORD.findall(text.replace("_", " ")))


def is_word_at(text: str, start: int, word: str) -> bool:
    """Return whether ``word``, which stands at ``start``, is a whole one there, as :func:`written` has it."""
    # An apostrophe and a letter behind it are what is farthest away of what a word may go on with.
    first = max(start - 2, 0)
    around = written(text[first : start + len(word) + 2])
    return any(found.start() == start - first and found.group() == word for found in around)


def words(text: str) -> Iterator[Word]:
    """Yield the words of ``text`` in order."""
    before = -1
    for match in written(text):
        folded = fold(match.group())
        if folded:
            start = match.start()
            yield Word(start, match.end(), folded, start == before + 1 and bool(_HYPHEN.match(text, before)))
        before = match.end()


@lru_cache(maxsize=65_536)
def fold(word: str) -> tuple[str, ...]:
    """Return the folded parts of one word: usually one, two for "TGFβ", none for what has no letter or digit."""
    return tuple([one_spelling(part)[:MAX_WORD] for part in plain_parts(word)])


def plain_parts(word: str) -> tuple[str, ...]:
    """Return the parts of one word as :func:`fold` does, in the spelling in which they are written."""
    if word.isascii() and word.isalnum():
        return (word.lower(),)
    plain = _POSSESSIVE.sub("", normalise(as_read(word)).translate(LATIN)).replace("'", "")
    plain = _SYMBOL.sub(lambda found: "".join(f" {_GREEK_LETTERS[letter]} " for letter in found.group()), plain)
    return tuple(_PLAIN.findall(plain.replace("_", " ")))


@lru_cache(maxsize=65_536)
def stem_of(folded: str) -> str:
    """Return the stem of a folded word."""
    return stem(folded)


def compound(folded: Iterable[str]) -> str:
    """Return the stem of words that a hyphen joins, as one word: "xray" for x and ray."""
    return stem_of("".join(folded)[:MAX_WORD])


def folded_words(text: str) -> list[str]:
    """Return the folded words of ``text`` in order."""
    return [part for word in words(text) for part in word.folded]


def stems(text: str) -> list[str]:
    """Return the stems of the words of ``text`` in order."""
    return [stem_of(part) for part in folded_words(text)]


def key_of(name: str) -> bytes:
    """Return what two spellings of one name share, as bytes: both databases compare and sort those alike."""
    return as_key("".join(folded_words(name)))


def stem_key_of(name: str) -> bytes:
    """Return what the spellings and the inflections of one name share."""
    return as_key("".join(stems(name)))


def as_key(joined: str) -> bytes:
    """Return the key of folded words that were run together. So long that no two names of a glossary meet in it."""
    return joined.encode(errors="replace")[:MAX_KEY]


# PostgreSQL can index no value of more than 2,700 bytes.
MAX_KEY = 400
