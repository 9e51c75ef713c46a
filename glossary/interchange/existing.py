"""What a row of a file may do to a term that exists, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from glossary.document.documents import PARTS, TEXTS, TermDocument
from glossary.document.markup import clean_html, plain_text
from glossary.text.characters import is_blank

#: So much of a text is shown, enough to recognise it.
SHOWN_CHARACTERS = 60


class Existing(StrEnum):
    """What becomes of terms that exist when a file has a row for them."""

    SKIP = "skip"
    FILL_EMPTY = "fill-empty"
    REPLACE = "replace"


class Verb(StrEnum):
    """What happened to one field."""

    FILLED = "filled"
    REPLACED = "replaced"
    EMPTIED = "emptied"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a term that exists, and what an import makes of it. The values are short, for people."""

    field: str
    verb: Verb
    before: str
    after: str

    def __str__(self) -> str:
        if self.verb is Verb.FILLED:
            return f"{self.field} filled: “{self.after}”"
        if self.verb is Verb.EMPTIED:
            return f"{self.field} emptied: it was “{self.before}”"
        return f"{self.field} replaced: “{self.before}” by “{self.after}”"


def merge_row(
    held: TermDocument, given: TermDocument, *, named: frozenset[str], existing: Existing
) -> tuple[TermDocument, list[FieldChange]]:
    """Return what a term becomes, and each field that changes.

    ``held`` is its working copy, ``given`` the row as a document, of which only the fields ``named`` count. With
    :attr:`Existing.SKIP` the changes are those that replacing would make.
    """
    before, after = held.as_json(), given.as_json()
    differing = [part for part in PARTS if part in named and not is_same(part, before[part], after[part])]
    if existing is Existing.FILL_EMPTY:
        differing = [part for part in differing if not before[part]]
    changes = [_change(part, before[part], after[part]) for part in differing]
    return replace(held, **{part: getattr(given, part) for part in differing}), changes


def is_same(part: str, one: Any, other: Any) -> bool:
    """Return whether two values of a part, as JSON, say the same. A tag is the same however it is capitalised."""
    if part == "tags":
        return {tag.casefold() for tag in one} == {tag.casefold() for tag in other}
    return bool(one == other)


def is_empty(part: str, value: Any) -> bool:
    """Return whether a part of a record says nothing that anybody could see."""
    if not isinstance(value, str):
        return not value
    return is_blank(value) or (part in TEXTS and not clean_html(value))


def _change(part: str, before: Any, after: Any) -> FieldChange:
    verb = Verb.FILLED if not before else Verb.REPLACED if after else Verb.EMPTIED
    shown = [_shown(part, value) for value in (before, after)]
    if shown[0] == shown[1]:
        # They differ behind what is shown, or in what a text without its markup doesn't say.
        shown = [_cut(str(value), at=_first_difference(str(before), str(after))) for value in (before, after)]
    return FieldChange(part, verb, *shown)


def _shown(part: str, value: Any) -> str:
    if part in TEXTS:
        return _cut(plain_text(value))
    if isinstance(value, str):
        return _cut(value)
    return _cut(" | ".join(_entry(item) for item in value))


def _entry(item: str | Mapping[str, str]) -> str:
    return item if isinstance(item, str) else item.get("text") or item.get("citation", "")


def _cut(text: str, *, at: int = 0) -> str:
    start = max(0, at - SHOWN_CHARACTERS // 2)
    piece = text[start : start + SHOWN_CHARACTERS].strip()
    return f"{'…' if start else ''}{piece}{'…' if start + SHOWN_CHARACTERS < len(text) else ''}"


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
