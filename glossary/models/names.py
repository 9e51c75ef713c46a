"""Names as lookups compare them, and the names under which people and programs stand in the history."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def normalise(name: str) -> str:
    """Return the form of a name that lookups compare: case folded, compatibility forms and accents removed."""
    decomposed = unicodedata.normalize("NFKD", name)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


def initial_of(title: str) -> str:
    """Return the letter that a title is filed under, ``A`` to ``Z``, or ``#`` for anything else."""
    first = normalise(title)[:1].upper()
    return first if first.isascii() and first.isalpha() else "#"


@dataclass(frozen=True, slots=True)
class Program:
    """What acts without a person, such as an import or a scheduled job. It stands in the history under its name."""

    name: str


def name_of(by: User | Program) -> str:
    """Return the name under which a person or a program stands in the history, for ever."""
    name = by.name if isinstance(by, Program) else by.get_full_name() or by.get_username()
    return name[:200]


def account_of(by: User | Program) -> User | None:
    """Return the person's account; a program has none."""
    return None if isinstance(by, Program) else by
