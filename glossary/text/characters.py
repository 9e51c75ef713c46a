"""What a character is: invisible, an apostrophe, a hyphen, a mark, or the part of a word.

One rule for everything that reads texts: whether a field is empty, the words of search and of links, addresses and
tags. A text itself is kept as it was typed; what is said here is only how it is read.

Sources: Unicode 15.0, ``Default_Ignorable_Code_Point`` in DerivedCoreProperties.txt; Unicode Standard Annex 29,
"Text Segmentation", section 4.1 (a format character or a mark belongs to the letter before it).
"""

from __future__ import annotations

import re
import unicodedata

#: Characters that show nothing, as the content of a class of a regular expression: soft hyphens, joiners, what turns
#: the direction, fillers, variation selectors. Text copied from PDF files and word processors is full of them.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff"
)
#: What people type for an apostrophe, as the content of a class: the typewriter's, the typographer's, the letter, the
#: opening one that keyboards put there, the accents, the prime, the full-width one.
APOSTROPHES = "'’ʼ‘´`′＇"
#: What joins two words, as the content of a class: hyphens, dashes and the minus sign.
HYPHENS = "\\-‐‑‒–−"
#: Letters that only stretch a word: the Arabic tatweel.
_STRETCHING = "\u0640"
# Drawn as an empty cell.
_BLANK = "\u2800"


def _marks() -> str:
    """Return the content of a class of all combining marks of the Basic Multilingual Plane, which are no ``\\w``."""
    ranges: list[list[int]] = []
    for code in range(0x300, 0x10000):
        if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me"):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in ranges)


#: A letter, a digit, an underscore or a mark: what words are made of, as the content of a class.
LETTERS = rf"\w{_marks()}"

_TO_REMOVE = re.compile(f"[{INVISIBLE}{_STRETCHING}]+")
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_SEEN = re.compile(rf"[^\s\x00-\x1f\x7f-\x9f{INVISIBLE}{_BLANK}]")


def is_blank(text: str) -> bool:
    """Return whether nothing of ``text`` can be seen: it is empty, or has only white space and invisible characters."""
    return not text.strip() or _SEEN.search(text) is None


def as_read(text: str) -> str:
    """Return ``text`` as it is compared: without invisible characters, and with one kind of apostrophe (``'``)."""
    if text.isascii():
        return text.replace("`", "'")
    return _APOSTROPHE.sub("'", _TO_REMOVE.sub("", text))
