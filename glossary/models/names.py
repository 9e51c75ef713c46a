"""The names under which people and programs stand in the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User


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
