"""How words compare: without case and accents, British like American, a plural like its singular.

A *key* is what two spellings of a word have in common. Keys are never shown.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from glossary.text import characters
from glossary.text.characters import as_read
from glossary.text.greek import SPELLED

_MAX_KEPT = 50_000


_LETTER = rf"[{characters.LETTERS}]"
# A word with the apostrophes and the invisible characters inside it. A plus sign belongs to it: “CD4+” is not “CD4”.
WORD = re.compile(rf"({_LETTER}+(?:(?:[{characters.APOSTROPHES}]|[{characters.INVISIBLE}]+){_LETTER}+)*\+*)")
# What is left of it without signs.
LETTERS = re.compile(rf"{_LETTER}+")
# Between the words of a name, a blank and a hyphen are alike: “beta blocker”, “beta-blocker”.
_BLANK = re.compile(r"\s+|[-‐‑]")
# Left out within a name.
ARTICLE = "the"
_POSSESSIVE = re.compile(r"'s?$")

# British spelling (left) as American. Each is bound to stems or to long words, so that no two English words meet in one
# key: “toe” is no “te”, “four” no “for”, “prise” no “prize”.
_BRITISH = tuple(
    (hints, re.compile(pattern), american)
    # What a word must hold for the pattern to be tried: most words hold none of it, and patterns take their time.
    for hints, pattern, american in (
        (("licence",), r"^licence", "license"),
        (("practis",), r"^practis", "practic"),
        (("ae", "oe"), r"[ao]e(?=[a-z])", "e"),
        (("our",), r"\b((?:tum|col|behavi|fav|flav|hum|lab|harb|neighb|od|rum|sav|vap|vig|arm)o)ur", r"\1r"),
        (("re",), r"\b(\w*(?:cent|fib|lit|met|calib|sept|goit|spect|sab|theat))re(?=s?$)", r"\1er"),
        (("is",), r"(?<=\w{3})is(?=(?:e[ds]?|ing|ations?|ers?)$)", "iz"),
        # Not “analyses”, which is the plural of “analysis” too.
        (("ys",), r"(?<=\w{2})ys(?=(?:ed?|ing|ers?)$)", "yz"),
        (("sulph",), r"sulph", "sulf"),
        (("ll",), r"(?<=\w{2}[aeiou])ll(?=(?:ed|ing|ers?)$)", "l"),
        (("ogue",), r"(?<=l)ogue(?=s?$)", "og"),
        (("grey",), r"^grey", "gray"),
        (("programme",), r"programme(?=s?$)", "program"),
        (("aluminium",), r"aluminium", "aluminum"),
    )
)
# Shorter words are too often words of their own.
_LONG_ENOUGH = 5

_PLURALS = {
    "bacteria": "bacterium",
    "bronchi": "bronchus",
    "criteria": "criterion",
    "emboli": "embolus",
    "foci": "focus",
    "fungi": "fungus",
    "genera": "genus",
    "loci": "locus",
    "media": "medium",
    "mitochondria": "mitochondrion",
    "nuclei": "nucleus",
    "ova": "ovum",
    "phenomena": "phenomenon",
    "sera": "serum",
    "stimuli": "stimulus",
    "thrombi": "thrombus",
    "uteri": "uterus",
    "villi": "villus",
}


class _Keys(dict[str, str]):
    """The key of each word that was asked for, so that the usual word costs one look into a dict."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _MAX_KEPT:
            self.clear()
        self[word] = key = _key(word)
        return key


_KEYS = _Keys()
key_of = _KEYS.__getitem__


def _key(word: str) -> str:
    key = as_read(word.casefold())
    if not key.isascii():
        key = SPELLED.get(key, key)
        decomposed = unicodedata.normalize("NFKD", key)
        key = "".join(character for character in decomposed if not unicodedata.combining(character))
    key = (_POSSESSIVE.sub("", key) if "'" in key else key) or word
    if len(key) >= _LONG_ENOUGH:
        for hints, british, american in _BRITISH:
            for hint in hints:
                if hint in key:
                    key = british.sub(american, key)
                    break
    return key


@lru_cache(maxsize=20_000)
def singulars_of(key: str) -> tuple[str, ...]:
    """Return what ``key`` may be the plural of, the likeliest first; nothing for what is no plural."""
    if irregular := _PLURALS.get(key):
        return (irregular,)
    if len(key) < 4:
        return ()
    if key.endswith("ies") and len(key) > 5:
        return (key[:-3] + "y", key[:-1])
    if key.endswith("ses"):
        # doses, diagnoses, viruses
        return (key[:-1], key[:-2] + "is", key[:-2])
    if key.endswith(("xes", "ches", "shes", "zes", "oes")):
        return (key[:-2], key[:-1])
    if key.endswith("ices"):
        return (key[:-1], key[:-4] + "ex", key[:-4] + "ix")
    if key.endswith("s") and not key.endswith(("ss", "us", "is")):
        return (key[:-1],)
    if key.endswith("ae"):
        # vertebrae
        return (key[:-1],)
    if key.endswith("mata"):
        return (key[:-2],)
    return ()


def words_of_name(name: str) -> list[tuple[str, str]]:
    """Return the keys of a name's words, each with what joins it to the next one (nothing behind the last).

    An article within the name is left out: "cancer of the lung" is "cancer of lung".
    """
    parts = WORD.split(name)
    words: list[tuple[str, str]] = []
    for number, written in enumerate(parts[1::2]):
        separator = separator_of(parts[2 * number + 2]) if 2 * number + 3 < len(parts) else ""
        key = key_of(written)
        if not (key == ARTICLE and separator == " " and words and words[-1][1] == " "):
            words.append((key, separator))
    return words


@lru_cache(maxsize=2_000)
def separator_of(between: str) -> str:
    """Return what stands between two words as names compare it: blanks and hyphens alike, others without blanks."""
    return " " if _BLANK.fullmatch(between) else "".join(between.split())
