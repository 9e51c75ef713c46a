"""Who has a term open: said by the form every few seconds, and forgotten soon after it stops."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from glossary.models import Presence, Term
from glossary.models.presence import PRESENT_FOR

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def mark_present(*, term: Term, by: User, at: datetime) -> list[Presence]:
    """Note that a person has the term open, and return the others who have, the longest first."""
    Presence.objects.filter(seen_at__lte=at - PRESENT_FOR).delete()
    # One statement, since a person may have the term open in two windows whose beats fall together.
    Presence.objects.bulk_create(
        [Presence(term=term, user=by, opened_at=at, seen_at=at)],
        update_conflicts=True,
        unique_fields=["term", "user"],
        update_fields=["seen_at"],
    )
    return list(Presence.objects.now(at=at).filter(term=term).exclude(user=by).select_related("user"))


def mark_absent(*, term: Term, by: User) -> None:
    """Note that a person has left the term's form."""
    Presence.objects.filter(term=term, user=by).delete()
