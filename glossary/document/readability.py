"""How hard a text is to read, by LIX.

LIX (läsbarhetsindex; Björnsson CH. *Läsbarhet*. Stockholm: Liber; 1968) is the number of words per sentence plus the
percentage of words with more than six letters. It needs no dictionary and no syllables, so it works across languages.
Around 30 reads like fiction, 40 like a newspaper, 50 like a public notice, 60 and more like a scientific paper.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from glossary.document.markup import plain_text
from glossary.text.characters import APOSTROPHES, HYPHENS, as_read

_WORD = re.compile(rf"[^\W\d_]+(?:[{HYPHENS}{APOSTROPHES}][^\W\d_]+)*")
# A sentence ends at . ! ? or : before a blank or the end; a decimal point or an abbreviation inside a word doesn't.
# Of several signs in a row the last one counts: see Note [Linear patterns] in ``glossary.document.markup``.
_SENTENCE_END = re.compile(r"[.!?:](?=\s|$)")
_BLOCK_END = re.compile(r"</(?:p|li)>", re.IGNORECASE)
LONG = 6
# Fewer words than this say nothing about how a text reads.
ENOUGH = 20
BANDS = ((30, "very easy"), (40, "easy"), (50, "medium"), (60, "difficult"))


@dataclass(frozen=True, slots=True)
class Readability:
    """Counts of a text, and its LIX: ``None`` for a text that is too short to judge."""

    words: int
    sentences: int
    long_words: int

    @property
    def lix(self) -> int | None:
        if self.words < ENOUGH:
            return None
        return round(self.words / max(1, self.sentences) + 100 * self.long_words / self.words)

    @property
    def band(self) -> str:
        """The LIX in words, empty when there is none."""
        if self.lix is None:
            return ""
        return next((name for limit, name in BANDS if self.lix < limit), "very difficult")

    def __add__(self, other: Readability) -> Readability:
        return Readability(
            self.words + other.words, self.sentences + other.sentences, self.long_words + other.long_words
        )


def readability(fragment: str) -> Readability:
    """Return the counts of an HTML fragment of the glossary's allow-list."""
    text = as_read(plain_text(_BLOCK_END.sub(r" . \g<0>", fragment)))
    words = _WORD.findall(text)
    # A block without a full stop (a list item, a heading line) ends a sentence too; two ends in a row are one.
    ends = _SENTENCE_END.findall(re.sub(r"[.!?:]\s+\.(?=\s|$)", ".", text))
    return Readability(
        words=len(words),
        sentences=len(ends) if words else 0,
        long_words=sum(len(word.replace("-", "")) > LONG for word in words),
    )
