"""The review cycle: who looks after a term and how often it is reviewed, and reminders of what is overdue."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse

from glossary import dependents
from glossary.actions.emails import listed, path_to, write_email
from glossary.actions.events import event_of
from glossary.actions.publishing import public_content_changed
from glossary.actions.review_dates import next_review
from glossary.models import Approval, Event, Term, name_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Django's own backend: permissions that a person holds directly or by a group, whatever other backends there are.
BACKEND = "django.contrib.auth.backends.ModelBackend"


@transaction.atomic
def plan_review(*, term: Term, owner: User | None, review_months: int | None, by: User, at: datetime) -> bool:
    """Say who looks after a term and every how many months (``None``: as the site does) it is reviewed.

    The next review follows from the last approval. Returns whether anything changed.
    """
    term = Term.objects.for_change().select_related("owner").get(pk=term.pk)
    if (term.owner, term.review_months) == (owner, review_months):
        return False
    due = term.next_review_date
    if due is not None and review_months != term.review_months:
        last = Approval.objects.filter(term=term, emergency=False).first()
        due = next_review(last, review_months) if last else due
    Term.objects.filter(pk=term.pk).update(owner=owner, review_months=review_months, next_review_date=due)
    months = review_months or settings.GLOSSARY_REVIEW_MONTHS
    words = f"Owner: {name_of(owner) if owner else 'nobody'}; every {months} months"
    event_of(Event.Verb.PLANNED, term, by=by, at=at, reason=words, revision=None, previous_id=None).save(
        force_insert=True
    )
    if due != term.next_review_date:
        public_content_changed(lambda: dependents.of_own_pages([term.pk]))
    return True


@transaction.atomic
def remind_of_overdue(*, at: datetime) -> list[Term]:
    """Write owners and reviewers an email about terms whose review is overdue, once for each due date.

    Each person gets one email that lists all of them. A missed run loses nothing: the next run tells what became
    overdue. Returns the terms; their pages say from now on that the review was due.
    """
    today = at.date()
    terms = sorted(Term.objects.for_change().to_remind_of(on=today).select_related("owner"), key=_by_title)
    if not terms:
        return []
    reviewers = get_user_model().objects.with_perm(
        "glossary.review_term", is_active=True, include_superusers=False, backend=BACKEND
    )
    told: dict[User, list[Term]] = dict.fromkeys(reviewers, terms)
    for term in terms:
        if term.owner is not None and term.owner not in reviewers:
            told.setdefault(term.owner, []).append(term)
    for person, overdue in told.items():
        one = len(overdue) == 1
        write_email(
            key=f"overdue:{person.pk}:{_name_of_list(overdue)}",
            to=person,
            subject=f"Review overdue: {overdue[0].title}" if one else f"Review overdue: {len(overdue)} terms",
            text="The next review is overdue for:\n\n" + listed(term.title for term in overdue),
            path=path_to(overdue[0]) if one else reverse("admin:glossary_term_changelist"),
            at=at,
        )
    for term in terms:
        term.reminded_date = term.next_review_date
    Term.objects.bulk_update(terms, ["reminded_date"], batch_size=500)
    public_content_changed(lambda: dependents.of_own_pages([term.pk for term in terms]))
    return terms


def _by_title(term: Term) -> str:
    return term.title.casefold()


def _name_of_list(terms: list[Term]) -> str:
    dates: list[tuple[int, date | None]] = sorted((term.pk, term.next_review_date) for term in terms)
    return hashlib.sha256(repr(dates).encode()).hexdigest()[:32]
