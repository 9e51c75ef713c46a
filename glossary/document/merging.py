"""Two people changed one term: what merges by itself, and what a person must decide.

A three-way merge of term documents: ``base`` is what both started from, ``theirs`` was saved meanwhile, ``mine`` is
being saved now. A field that only one side touched is taken from that side; sets (tags, related terms) merge element
by element; what both sides changed differently is a conflict, and then both versions are kept for the person to see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from glossary.document.documents import TermDocument, sorted_names

SETS = ("related", "tags")


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that both sides changed, with all three versions. ``base`` is ``None`` where it isn't known."""

    field: str
    base: Any
    theirs: Any
    mine: Any


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged document (``mine`` where there is a conflict), what came from theirs, and what is left to decide."""

    document: TermDocument
    taken: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


def merge_documents(*, base: TermDocument | None, theirs: TermDocument, mine: TermDocument) -> Merge:
    """Return ``mine`` with everything that only ``theirs`` changed.

    Without a ``base`` nobody can say who changed what: everything that differs is a conflict.
    """
    changes: dict[str, Any] = {}
    taken: list[str] = []
    conflicts: list[Conflict] = []
    for field in fields(TermDocument):
        before = getattr(base, field.name) if base else None
        their, my = getattr(theirs, field.name), getattr(mine, field.name)
        if their in (before, my):
            continue
        if my == before:
            changes[field.name] = their
        elif before is not None and field.name in SETS:
            changes[field.name] = _merge_sets(before, their, my)
        else:
            conflicts.append(Conflict(field.name, before, their, my))
            continue
        taken.append(field.name)
    return Merge(replace(mine, **changes), tuple(taken), tuple(conflicts))


def _merge_sets(base: Iterable[str], theirs: Iterable[str], mine: Iterable[str]) -> tuple[str, ...]:
    before, their, my = set(base), set(theirs), set(mine)
    return sorted_names((their & my) | (their - before) | (my - before))
