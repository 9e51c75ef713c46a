"""Abbreviations that a page defines itself: behind “adenoid cystic carcinoma (ACC)”, ACC means nothing else there.

Definitions are found as Schwartz and Hearst do (A simple algorithm for identifying abbreviation definitions in
biomedical text, Pac Symp Biocomput 2003): the letters of the abbreviation are looked for from the right in the words
before the bracket, and the first one begins a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from glossary.document.markup import plain_text
from glossary.linking.names import Names

# Tried where a bracket opens and nowhere else: see Note [Linear patterns] in ``glossary.document.markup``.
_BRACKET = re.compile(r"\(([^()]{2,100})\)")
_END = re.compile(r"[,;:]")
_MOST_SIGNS = 12
# A word of a long form is shorter than that.
_WORD = 40


def defined_otherwise(texts: Iterable[str], names: Names) -> frozenset[str]:
    """Return the abbreviations that the texts (HTML) of one page define as something else than ``names`` say.

    As :func:`bare` has them. One that the page writes out as a name of the very term that bears it is not among them.
    """
    return frozenset(
        bare(abbreviation)
        for text in texts
        if "(" in text
        for abbreviation, long_form in definitions_in(plain_text(text))
        if _targets(abbreviation, names) - _bearers(long_form, names)
    )


def definitions_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield abbreviations with what a plain text says that they stand for: “long form (ABC)” or “ABC (long form)”."""
    for bracket in _BRACKET.finditer(text):
        inside = _END.split(bracket[1], maxsplit=1)[0].strip()
        before = text[max(0, bracket.start() - 2 * _MOST_SIGNS * _WORD) : bracket.start()].rstrip()
        if is_abbreviation(inside):
            words = before.split()[-min(len(inside) + 5, 2 * len(inside)) :]
            if long_form := _long_form(inside, " ".join(words)):
                yield inside, long_form
        elif before and is_abbreviation(word := before.split()[-1]) and _long_form(word, inside) == inside:
            yield word, inside


def is_abbreviation(word: str) -> bool:
    """Whether a word may stand for several: short, without a blank, and with two capitals at least."""
    return 2 <= len(word) <= _MOST_SIGNS and " " not in word and sum(character.isupper() for character in word) >= 2


def bare(written: str) -> str:
    """Return an abbreviation without the ending of its plural or genitive."""
    return re.sub(r"(?<=[A-Z0-9])['’]?s$", "", written)


def _long_form(abbreviation: str, before: str) -> str:
    """Return the shortest end of ``before`` that the abbreviation may stand for, or nothing."""
    letters = [character.casefold() for character in bare(abbreviation) if character.isalnum()]
    place = len(before)
    for number in range(len(letters) - 1, -1, -1):
        place -= 1
        while place >= 0 and (
            before[place].casefold() != letters[number] or (not number and place and before[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return ""
    found = before[place:]
    return found if len(found) > len(abbreviation) and abbreviation not in found else ""


def _targets(abbreviation: str, names: Names) -> set[int]:
    return {mention.target for mention in names.mentions(abbreviation) if mention.target}


def _bearers(long_form: str, names: Names) -> set[int]:
    """Return the terms of which the whole long form is a name."""
    whole = [mention for mention in names.mentions(long_form) if mention.end - mention.start == len(long_form)]
    return {bearer for mention in whole for bearer in mention.bearers}
