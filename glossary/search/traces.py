"""How texts that mention a name are found through the index of search, though links compare words in their own way.

Note [No mention is missed]
Links and search each fold the spellings and the inflections of a word, and not alike: links know that "fornices" may be
the plural of "fornix", which search looks for by another stem. So a text leaves *traces* in the index. For each word of
the text, and for each form by which links may find it, the index has either the stem of that form or, where no word
of the text has left that stem, the form itself behind a sign. A name is looked for by both. Whatever rules either side
has or will get, a text that mentions a name is among what is found; where their rules agree, nothing is added.

Both sides are taken apart into the letters between whatever signs a key has ("CD4+" is compared by "cd4"): what links
find equal has equal letters.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from glossary.document.documents import TEXTS
from glossary.linking.fragments import pieces_of
from glossary.linking.names import is_linkable
from glossary.search.questions import Part
from glossary.text.normalising import LETTERS, WORD, key_of, singulars_of, words_of_name
from glossary.text.words import MAX_WORD, stems

# No stem begins with it, and both databases take it for a part of the word.
SIGN = "_"


def traces_of(document: Mapping[str, Any], *, known: Collection[str]) -> list[str]:
    """Return what the index needs to hold of a document (as JSON) beside the stems that are ``known`` of its texts."""
    written = {word for text in TEXTS for piece in pieces_of(document[text]) for word in WORD.split(piece.text)[1::2]}
    return sorted({trace for word in written for stem, trace in _left_by(word) if stem not in known})


def sought(name: str) -> Iterator[tuple[Part, ...]]:
    """Yield what stands in the index for each text that mentions ``name``: all parts of one of what is yielded."""
    words = [key for key, _ in words_of_name(name)]
    if not words or not is_linkable(name):
        return
    for last in dict.fromkeys((words[-1], *singulars_of(words[-1]))):
        letters = dict.fromkeys(itertools.chain.from_iterable(map(LETTERS.findall, (*words[:-1], last))))
        yield tuple(Part(tuple(_ways(part))) for part in letters)


@lru_cache(maxsize=65_536)
def _left_by(word: str) -> tuple[tuple[str, str], ...]:
    """Return stem and trace of all letters by which links may find a word of a text."""
    key = key_of(word)
    forms = (key, *singulars_of(key))
    return tuple(dict.fromkeys((_stem(part), _trace(part)) for form in forms for part in LETTERS.findall(form)))


def _ways(part: str) -> Iterable[tuple[str, ...]]:
    if stem := _stem(part):
        yield (stem,)
    yield (_trace(part),)


def _stem(part: str) -> str:
    """Return the stem of letters that search takes for one word, or nothing."""
    found = stems(part)
    return found[0] if len(found) == 1 else ""


def _trace(part: str) -> str:
    return SIGN + part[:MAX_WORD]
