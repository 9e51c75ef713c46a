"""What changed between two short texts, word by word. Templates decide how it looks and is announced."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from consent.notice.notices import Change

_WORDS = re.compile(r"\s+|[^\s]+")
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
    """Return the text that both make together: what stayed, went and came, in the order in which it is read."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < ALIKE:
        return [part for part in (Part("removed", before), Part("added", after)) if part.text]
    parts: list[Part] = []
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            parts.append(Part("same", "".join(old[old_from:old_to])))
            continue
        removed, added = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        parts += [part for part in (Part("removed", removed), Part("added", added)) if part.text]
    return parts
