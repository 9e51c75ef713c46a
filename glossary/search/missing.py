"""Which questions without an answer may be counted, and as what.

Note [What is kept of a search]
A question that found nothing is counted by its normalised text and the day, and nothing else: not who, not when within
the day, not what was asked before. Text that may be about a person is not kept: addresses, numbers, long sentences. It
never leaves the site, is forgotten after ``GLOSSARY_MISSING_DAYS``, and so many new ones a day are kept and no more.
"""

from __future__ import annotations

import re

from glossary.search.questions import shown
from glossary.text.names import normalise

MAX_TEXT = 60
MAX_WORDS = 6
# A vitamin is B12 and an antigen CA 19-9; four digits are a date, and more a telephone or a record.
_NUMBER = re.compile(r"\d{4,}|(?:\d[\s./-]*){5,}")
_ADDRESS = re.compile(r"@|://|\bwww\.|\.(?:com|org|net)\b|[<>{}=;\\]")


def countable(query: str) -> str:
    """Return what is counted for a query that found nothing; empty, when it isn't to be kept."""
    text = normalise(shown(query))
    letters = sum(character.isalpha() for character in text)
    if not 3 <= len(text) <= MAX_TEXT or letters < 2 or len(text.split()) > MAX_WORDS:
        return ""
    return "" if _NUMBER.search(text) or _ADDRESS.search(text) else text
