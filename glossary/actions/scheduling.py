"""Publishing and retiring at a time: what is due is carried out once, late rather than never."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from django.db import DatabaseError, transaction

from glossary.actions.emails import path_to, write_email
from glossary.actions.events import event_of
from glossary.actions.publishable import NotPublishable, approval_of, check_citations
from glossary.actions.publishing import NotPublished, check_successor, publish_term, retire_term
from glossary.models import Event, Program, Revision, ScheduledChange, Term, name_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


logger = logging.getLogger(__name__)

Seen = int | None | Literal["any"]
#: Replace whatever is scheduled.
ANY: Literal["any"] = "any"


class NotSchedulable(Exception):
    """It cannot be scheduled like this. The message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a scheduled change that was due. One that is ``postponed`` is still to be done."""

    change: ScheduledChange
    succeeded: bool
    postponed: bool = False

    def __str__(self) -> str:
        words = "could not be done now; the next run tries again" if self.postponed else self.change.outcome
        return f"{self.change.verb} “{self.change.term}”, due {self.change.due_at:%Y-%m-%d %H:%M} UTC: {words}"


@transaction.atomic
def schedule_publication(
    *, term: Term, revision: Revision, due_at: datetime, by: User, at: datetime, reason: str = "", seen: Seen = ANY
) -> ScheduledChange:
    """Publish an approved revision at ``due_at``, instead of what was scheduled before.

    ``seen`` is the key of the schedule that the person saw and replaces, ``None`` if there was none, and :data:`ANY`
    replaces whatever there is. Raises :class:`NotSchedulable` for a time that is past or a schedule that nobody saw,
    and ``NotPublishable`` for a revision without an approval or with a citation of a reference that it doesn't have.
    """
    check_citations(revision)
    if approval_of(term, revision) is None:
        raise NotPublishable(f"Revision {revision.number} of “{term}” is not approved. Submit it for review.")
    return _schedule(
        ScheduledChange.Verb.PUBLISH, term, revision, due_at=due_at, by=by, at=at, reason=reason, seen=seen
    )


@transaction.atomic
def schedule_retirement(
    *,
    term: Term,
    due_at: datetime,
    by: User,
    at: datetime,
    reason: str = "",
    successor: Term | None = None,
    seen: Seen = ANY,
) -> ScheduledChange:
    """Retire a term at ``due_at``, and name its successor if that is still public then.

    ``seen`` is as for :func:`schedule_publication`. Raises :class:`NotSchedulable` as it does, and ``NotASuccessor`` as
    :func:`retire_term` does.
    """
    if successor is not None:
        check_successor(successor, of=term)
    return _schedule(
        ScheduledChange.Verb.RETIRE,
        term,
        None,
        due_at=due_at,
        by=by,
        at=at,
        reason=reason,
        successor=successor,
        seen=seen,
    )


@transaction.atomic
def unschedule(*, change: ScheduledChange, by: User, at: datetime) -> None:
    """Take a change from the schedule. One that was carried out meanwhile stays as it is."""
    Term.objects.for_change().get(pk=change.term_id)
    change = ScheduledChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
    if change.done_at is None:
        _finish(change, at, f"Cancelled by {name_of(by)}")
        _record(Event.Verb.UNSCHEDULED, change, by=by, at=at, reason="")


def carry_out_due(*, by: Program, at: datetime) -> list[Outcome]:
    """Carry out everything that is due at ``at``, each change in a transaction of its own.

    Two runs at once, or a run and a person: the second waits for the term and then checks again whether there
    is still something to do. What cannot be carried out is closed with the reason, and stands in the history.
    """
    outcomes = []
    due = ScheduledChange.objects.filter(done_at__isnull=True, due_at__lte=at).order_by("due_at", "pk")
    for found in list(due.select_related("term")):
        try:
            with transaction.atomic():
                # The term first, as everybody does: in another order two would wait for one another.
                Term.objects.for_change().get(pk=found.term_id)
                change = (
                    ScheduledChange.objects.select_for_update(of=("self",))
                    .select_related("term", "revision", "created_by")
                    .filter(pk=found.pk, done_at__isnull=True)
                    .first()
                )
                if change is not None:
                    outcomes.append(_carry_out(change, by=by, at=at))
        except DatabaseError:
            # A lock that wasn't given, for instance. What comes after it is not to wait for it.
            logger.exception("%s was due and could not be carried out now.", found)
            outcomes.append(Outcome(found, succeeded=False, postponed=True))
    return outcomes


# How the subject of an email says what did not happen.
_DONE = {ScheduledChange.Verb.PUBLISH: "published", ScheduledChange.Verb.RETIRE: "retired"}


def _carry_out(change: ScheduledChange, *, by: Program, at: datetime) -> Outcome:
    try:
        with transaction.atomic():
            # Readers see the reason in the public history, so it is only what was given; who scheduled it, and when,
            # is in the history of the admin.
            if change.verb == ScheduledChange.Verb.PUBLISH:
                publish_term(term=change.term, revision=change.revision, by=by, at=at, reason=change.reason)
            else:
                retire_term(term=change.term, by=by, at=at, reason=change.reason, successor=_public_successor(change))
    except (NotPublishable, NotPublished) as refusal:
        _finish(change, at, f"Not carried out. {refusal}")
        _record(Event.Verb.FAILED, change, by=by, at=at, reason=str(refusal))
        write_email(
            key=f"failed:{change.pk}",
            to=change.created_by,
            subject=f"{change.term} was not {_DONE[ScheduledChange.Verb(change.verb)]} as scheduled",
            text=f"You scheduled this for {change.due_at:%Y-%m-%d %H:%M} UTC. {refusal}",
            path=path_to(change.term),
            at=at,
        )
        return Outcome(change, succeeded=False)
    _finish(change, at, "Carried out")
    return Outcome(change, succeeded=True)


def _public_successor(change: ScheduledChange) -> Term | None:
    """Return the successor if readers can be sent to it: what shall go doesn't stay for want of one."""
    if change.successor_id is None:
        return None
    return Term.objects.published().filter(pk=change.successor_id).first()


def _schedule(
    verb: ScheduledChange.Verb,
    term: Term,
    revision: Revision | None,
    *,
    due_at: datetime,
    by: User,
    at: datetime,
    reason: str,
    successor: Term | None = None,
    seen: Seen,
) -> ScheduledChange:
    if due_at <= at:
        raise NotSchedulable("This time has passed. Choose a later one, or do it now.")
    Term.objects.for_change().get(pk=term.pk)
    # One at most: the database allows no more.
    before = (
        ScheduledChange.objects.select_for_update(of=("self",))
        .filter(term=term, verb=verb, done_at__isnull=True)
        .first()
    )
    if seen != ANY and seen != (before.pk if before else None):
        raise NotSchedulable(
            "The schedule has changed since you opened this page, and nothing was replaced. Look at the new "
            "schedule first."
        )
    if before is not None:
        _finish(before, at, f"Replaced by {name_of(by)}")
    change = ScheduledChange.objects.create(
        term=term,
        verb=verb,
        revision=revision,
        successor=successor,
        due_at=due_at,
        reason=reason.strip()[:500],
        created_at=at,
        created_by=by,
        created_by_name=name_of(by),
    )
    _record(Event.Verb.SCHEDULED, change, by=by, at=at, reason=f"{verb} at {due_at:%Y-%m-%d %H:%M} UTC. {reason}")
    return change


def _finish(change: ScheduledChange, at: datetime, outcome: str) -> None:
    change.done_at, change.outcome = at, outcome[:500]
    change.save(update_fields=["done_at", "outcome"])


def _record(verb: Event.Verb, change: ScheduledChange, *, by: User | Program, at: datetime, reason: str) -> None:
    event_of(verb, change.term, by=by, at=at, reason=reason, revision=change.revision, previous_id=None).save(
        force_insert=True
    )
