"""What was done, by whom, when and why: one append-only row each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from glossary.models import Event, Program, Revision, Term, account_of, name_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def event_of(
    verb: Event.Verb,
    term: Term,
    *,
    by: User | Program,
    at: datetime,
    reason: str,
    revision: Revision | None,
    previous_id: int | None,
) -> Event:
    """Return an event that is not saved yet. ``previous_id`` is the revision that it leads away from."""
    return Event(
        term=term,
        verb=verb,
        revision=revision,
        previous_revision_id=previous_id,
        reason=reason[:500],
        created_at=at,
        created_by=account_of(by),
        created_by_name=name_of(by),
    )
