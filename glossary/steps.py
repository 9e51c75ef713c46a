"""What can be done next with a term, and by whom: the one place that decides it.

List, form and the views that publish and retire all ask :func:`next_steps`. Review by a second person will stand here
between saving and publishing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glossary.models import Term

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


@dataclass(frozen=True, slots=True)
class NextSteps:
    """What a person may do with a term as it stands, and the situation in words."""

    publish: bool
    retire: bool
    situation: str


def may_publish(user: User | AnonymousUser) -> bool:
    return user.has_perm("glossary.publish_term")


def may_retire(user: User | AnonymousUser) -> bool:
    return user.has_perm("glossary.retire_term")


def next_steps(term: Term, *, user: User | AnonymousUser) -> NextSteps:
    """Return the steps that are open to ``user``. ``term`` comes from ``with_state()``, or this queries."""
    state = term.state
    number = term.head.number if term.head else 0
    if state == Term.State.DRAFT:
        situation = "Readers can't see this term yet."
    elif state == Term.State.RETIRED:
        situation = "Taken back: readers who come to its address learn that it is retired. Publishing brings it back."
    elif state == Term.State.CHANGED:
        situation = f"Readers see revision {term.entry.revision.number}. Your newest, {number}, isn't published yet."
    else:
        situation = f"Readers see the newest revision, {number}."
    public = state in (Term.State.PUBLISHED, Term.State.CHANGED)
    return NextSteps(
        publish=bool(number) and state != Term.State.PUBLISHED and may_publish(user),
        retire=public and may_retire(user),
        situation=situation,
    )
