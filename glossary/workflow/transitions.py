"""What can be done next with a term, and by whom: the one place that decides it.

Form, review page and the views that carry a step out all ask :func:`available_transitions`; what is offered here is
checked again by the action itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.text import get_text_list

from glossary.actions import approval_of, contributors
from glossary.models import Approval, PublishedEntry, Review, ScheduledChange, Term

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Person = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Something that will happen to a term, and whether this person may call it off."""

    change: ScheduledChange
    may_cancel: bool

    @property
    def words(self) -> str:
        what = f"Revision {self.change.revision.number}" if self.change.revision else "The term"
        verb = "published" if self.change.revision else "retired"
        return f"{what} will be {verb} on {in_words(self.change.due_at)}, scheduled by {self.change.created_by_name}."


@dataclass(frozen=True, slots=True)
class AvailableTransitions:
    """What a person may do with a term as it stands, and the situation in words.

    ``review`` is the newest review where it matters now; ``barred`` says why somebody who may review mustn't decide
    this one. ``approved``: the newest revision's clinical content is approved.
    """

    situation: str
    approved: bool = False
    submit: bool = False
    withdraw: bool = False
    review: Review | None = None
    decide: bool = False
    barred: str = ""
    publish: bool = False
    retire: bool = False
    emergency: bool = False
    scheduled: tuple[Scheduled, ...] = field(default=())


def may_submit(user: Person) -> bool:
    return user.has_perm("glossary.submit_term")


def may_review(user: Person) -> bool:
    return user.has_perm("glossary.review_term")


def may_publish(user: Person) -> bool:
    return user.has_perm("glossary.publish_term")


def may_retire(user: Person) -> bool:
    return user.has_perm("glossary.retire_term")


def may_publish_in_an_emergency(user: Person) -> bool:
    return user.is_superuser and user.has_perm("glossary.emergency_publish_term")


def in_words(moment: datetime) -> str:
    """Return a time as it stands in a sentence, with the time zone said."""
    local = timezone.localtime(moment)
    return f"{local:%-d %B %Y, %H:%M %Z}"


def available_transitions(term: Term, *, user: Person, at: datetime) -> AvailableTransitions:
    """Return the steps that are open to ``user``. ``term`` comes from ``with_state()``, or this queries."""
    head, state, review = term.head, term.state, term.review
    if head is None:
        return AvailableTransitions("This term has no revision yet. Save it first.")
    entry: PublishedEntry | None = getattr(term, "entry", None)
    is_public = entry is not None and entry.revision_id == head.pk
    waits = tuple(
        Scheduled(change, may_cancel=may_publish(user) if change.revision_id else may_retire(user))
        for change in ScheduledChange.objects.filter(term=term, done_at__isnull=True)
        .select_related("revision")
        .defer("revision__document")
    )
    if state == Term.State.IN_REVIEW and review is not None:
        barred = ""
        if may_review(user) and user.pk in (names := contributors(review.revision)):
            others = [name for pk, name in names.items() if pk != user.pk]
            barred = (
                f"You changed this term after its last approval{_and_so_did(others)}, so another reviewer has to "
                "decide."
            )
        return AvailableTransitions(
            _in_review(review),
            withdraw=may_submit(user),
            review=review,
            decide=may_review(user) and not barred,
            barred=barred,
            retire=entry is not None and may_retire(user),
            scheduled=waits,
        )
    approval = entry.approval if entry is not None and is_public else None
    approved = approval_of(term, head) is not None
    again = _why_again(term, approval, at) if is_public else ""
    return AvailableTransitions(
        _situation(term, entry, approval, approved=approved, again=again),
        approved=approved,
        submit=(bool(again) if is_public else not approved) and may_submit(user),
        review=review if state in (Term.State.CHANGES_ASKED, Term.State.APPROVED) else None,
        publish=approved and not is_public and may_publish(user),
        retire=entry is not None and may_retire(user),
        emergency=not approved and not is_public and may_publish_in_an_emergency(user),
        scheduled=waits,
    )


def _situation(
    term: Term, entry: PublishedEntry | None, approval: Approval | None, *, approved: bool, again: str
) -> str:
    number = term.head.number if term.head else 0
    review = term.review
    match term.state:
        case Term.State.CHANGES_ASKED if review is not None:
            return f"{review.decided_by_name} asked for changes to revision {review.revision.number}: “{review.reason}”"
        case Term.State.APPROVED if review is not None and review.decided_at is not None:
            return f"{review.decided_by_name} approved revision {number} on {in_words(review.decided_at)}."
        case Term.State.DRAFT:
            words = "Readers cannot see this term yet."
            return f"{words} It is approved and can be published." if approved else words
        case Term.State.RETIRED:
            return "This term is retired, and its page says so. Publish it to make it public again."
        case Term.State.CHANGED if entry is not None:
            words = f"Readers see revision {entry.revision.number}. Revision {number} is"
            return (
                f"{words} approved, but not yet published." if approved else f"{words} neither approved nor published."
            )
    words = f"Readers see the latest revision, {number}."
    if approval is not None and approval.emergency:
        words += f" {approval.approved_by_name} published it without review: “{approval.reason}”"
    return f"{words} {again}".strip()


def _in_review(review: Review) -> str:
    whom = name_shown(review.reviewer) if review.reviewer else "any reviewer"
    note = f" “{review.note}”" if review.note else ""
    return (
        f"{review.submitted_by_name} submitted revision {review.revision.number} on {in_words(review.submitted_at)}, "
        f"for {whom}.{note} If you save a change, the term leaves review."
    )


def name_shown(user: User) -> str:
    """Return a person's name as colleagues read it."""
    return user.get_full_name() or user.get_username()


def _and_so_did(names: list[str]) -> str:
    return f" (and so did {get_text_list(names, 'and')})" if names else ""


def _why_again(term: Term, approval: Approval | None, at: datetime) -> str:
    """Return why a term that is public as it stands should be reviewed, or nothing."""
    if approval is None:
        return "It was published before reviews were recorded, so it needs one."
    if approval.emergency:
        return "It needs a review."
    if term.concerns.filter(resolved_at__isnull=True).exists():
        return "Something that it leads to or cites has changed, so it needs a review."
    if term.next_review_date and term.next_review_date <= at.date():
        return f"Its next review was due on {term.next_review_date:%-d %B %Y}."
    return ""
