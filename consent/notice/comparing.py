"""What changed between two short texts, word by word. Templates decide how it looks and is announced."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from consent.notice.notices import Change

_WORDS = re.compile(r"\s+|[^\s]+")
_SENTENCES = re.compile(r"[^.!?\n]+[.!?\n]*\s*|[.!?\n]+\s*")
# Texts with more pairs of equal words, or that take more comparisons, are compared in larger parts: see _is_cheap().
MAX_PAIRS = 50_000
MAX_LOOKS = 200_000
# Below this likeness a text is another one, and single words that happen to stay would only confuse.
ALIKE = 0.4


@dataclass(frozen=True, slots=True)
class Part:
    """A run of words. ``kind`` is ``same``, ``removed`` or ``added``."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A change with its words told apart."""

    where: str
    parts: tuple[Part, ...]


def compared(changes: Iterable[Change]) -> list[Compared]:
    """Return each change with what its words became."""
    return [Compared(change.where, tuple(words(change.before, change.after))) for change in changes]


def words(before: str, after: str) -> list[Part]:
    """Return the text that both make together: what stayed, went and came, in the order in which it is read.

    In a number of steps that is bounded: where two texts are long and differ in much, sentence by sentence, and where
    that would be too much as well, all that is between their equal beginnings and ends.
    """
    parts = list(_parts(before, after))
    same = sum(len(_WORDS.findall(part.text)) for part in parts if part.kind == "same")
    in_all = len(_WORDS.findall(before)) + len(_WORDS.findall(after))
    if in_all and 2 * same / in_all < ALIKE:
        parts = [Part("removed", before), Part("added", after)]
    return [part for part in parts if part.text]


def _parts(before: str, after: str) -> Iterator[Part]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    start = _equal(old, new)
    end = _equal(old[start:][::-1], new[start:][::-1])
    yield Part("same", "".join(old[:start]))
    rest = old[start : len(old) - end], new[start : len(new) - end]
    if not _is_cheap(*rest):
        rest = _SENTENCES.findall("".join(rest[0])), _SENTENCES.findall("".join(rest[1]))
    if _is_cheap(*rest):
        for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, *rest, autojunk=False).get_opcodes():
            removed, added = "".join(rest[0][old_from:old_to]), "".join(rest[1][new_from:new_to])
            if kind == "equal":
                yield Part("same", removed)
            else:
                yield Part("removed", removed)
                yield Part("added", added)
    else:
        yield Part("removed", "".join(rest[0]))
        yield Part("added", "".join(rest[1]))
    yield Part("same", "".join(old[len(old) - end :]))


def _equal(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many items both begin with."""
    return next(
        (at for at, (one, two) in enumerate(zip(old, new, strict=False)) if one != two), min(len(old), len(new))
    )


def _is_cheap(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether difflib compares these soon: it looks at all pairs of equal items, and at all items for each run."""
    counts = Counter(new)
    pairs = sum(count * counts[item] for item, count in Counter(old).items())
    return pairs <= MAX_PAIRS and len(old) * min(len(old), len(new), pairs) <= MAX_LOOKS
