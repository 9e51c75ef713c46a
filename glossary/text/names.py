"""Names as lookups compare them, lists sort them, and letters file them."""

from __future__ import annotations

import re
import unicodedata

from glossary.text.characters import as_read

DIGITS, SIGNS, OTHER_SCRIPTS = "0-9", "#", "Other"
#: The first word of a letter's Unicode name → the key under which titles in its script are filed.
SCRIPTS = {
    "GREEK": "Greek",
    "CYRILLIC": "Cyrillic",
    "ARMENIAN": "Armenian",
    "GEORGIAN": "Georgian",
    "HEBREW": "Hebrew",
    "ARABIC": "Arabic",
    "DEVANAGARI": "Devanagari",
    "BENGALI": "Bengali",
    "TAMIL": "Tamil",
    "THAI": "Thai",
    "HANGUL": "Hangul",
    "HIRAGANA": "Kana",
    "KATAKANA": "Kana",
    "CJK": "Han",
}
#: All keys, in the order in which readers meet them.
INITIALS = (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", DIGITS, *dict.fromkeys(SCRIPTS.values()), OTHER_SCRIPTS, SIGNS)

#: Letter key → its part of an address. Those of ``a`` to ``z`` and ``0-9`` are older than the others.
SEGMENTS = {initial: "symbols" if initial == "#" else initial.lower() for initial in INITIALS}

# Latin letters that Unicode doesn't take apart into a plain one and its mark.
LATIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"})
_SIGNS = re.compile(r"^[\W_]+")
_NUMBER = re.compile(r"\d+")


def normalise(name: str) -> str:
    """Return the form of a name that lookups compare: as it is read (:func:`glossary.text.characters.as_read`), case
    folded, without compatibility forms and accents.
    """
    decomposed = unicodedata.normalize("NFKD", as_read(name))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


def sort_key_of(title: str) -> str:
    """Return what titles are sorted by: the normalised title in plain Latin letters, without signs in front of it.

    Numbers are sorted as people count: each is preceded by the number of its digits, so that “ataxia 2” (``ataxia 12``)
    comes before “ataxia 10” (``ataxia 210``). A title of nothing but signs is sorted by them. The database compares it
    by code points (:class:`glossary.models.fields.CodePointField`).
    """
    return _NUMBER.sub(lambda found: _counted(str(int(found[0]))), _plain(title))


def _counted(digits: str) -> str:
    # From ten digits on it is a sign behind the digits and before the letters.
    return chr(ord("0") + min(len(digits), 40)) + digits


def _plain(title: str) -> str:
    key = normalise(title).translate(LATIN)
    return _SIGNS.sub("", key) or key


def initial_of(title: str) -> str:
    """Return the key of the letter that a title is filed under: one of :data:`INITIALS`.

    ``A`` to ``Z`` for Latin letters with or without marks, ``0-9`` for digits, the name of the script for any other
    letter, and ``#`` for what begins with no letter at all.
    """
    first = _plain(title)[:1]
    if first.isascii() and first.isalpha():
        return first.upper()
    if first.isnumeric() and not first.isalpha():
        return DIGITS
    if not first.isalpha():
        return SIGNS
    # Python knows no script of a character, but its Unicode name begins with it.
    return SCRIPTS.get(unicodedata.name(first, "").split(" ")[0], OTHER_SCRIPTS)
