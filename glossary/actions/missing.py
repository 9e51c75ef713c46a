"""Terms that readers look for and that the glossary lacks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F

from glossary.models import MissingTerm, account_of, name_of
from glossary.search.missing import countable

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# A program that asks for random words fills no table.
MAX_NEW_A_DAY = 200


@transaction.atomic
def count_missing(*, query: str, on: date) -> None:
    """Count a query that found nothing, unless it isn't to be kept (Note [What is kept of a search])."""
    text = countable(query)
    if not text or MissingTerm.objects.filter(text=text).update(times=F("times") + 1, last_date=on):
        return
    if MissingTerm.objects.filter(first_date=on).count() < MAX_NEW_A_DAY:
        MissingTerm.objects.bulk_create([MissingTerm(text=text, first_date=on, last_date=on)], ignore_conflicts=True)


@transaction.atomic
def dismiss_missing(*, missing: Iterable[MissingTerm], by: User, at: datetime) -> int:
    """Take texts off the queue, for as long as they are kept. Returns how many stood in it."""
    return (
        MissingTerm.objects.waiting()
        .filter(pk__in=[term.pk for term in missing])
        .update(dismissed_at=at, dismissed_by=account_of(by), dismissed_by_name=name_of(by))
    )


@transaction.atomic
def forget_missing(*, on: date) -> int:
    """Forget what nobody has looked for in ``GLOSSARY_MISSING_DAYS``. Returns how many texts."""
    until = on - timedelta(days=settings.GLOSSARY_MISSING_DAYS)
    return MissingTerm.objects.filter(last_date__lt=until).delete()[0]
