"""What waits for whom: the queues that the front page of the editing desk shows, and its list of terms filters by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from glossary.models import Event, Term, TermQuerySet
from glossary.models.terms import STATE

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LIMIT = 5
#: So many terms are named to the database one by one, for each queue anew.
FEW = 2_000
MENDED_BY = (Event.Verb.PUBLISHED, Event.Verb.RETIRED, Event.Verb.SCHEDULED, Event.Verb.SUBMITTED)


@dataclass(frozen=True, slots=True)
class Queue:
    """Terms that wait for somebody. ``wanted_by`` is the permission of those on whose front page it stands."""

    name: str
    label: str
    empty: str
    terms: Callable[[TermQuerySet, User, datetime], TermQuerySet]
    wanted_by: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue as the front page shows it: the first few terms, and how many there are."""

    queue: Queue
    terms: tuple[Term, ...]
    count: int

    @property
    def url(self) -> str:
        return f"{reverse('admin:glossary_term_changelist')}?queue={self.queue.name}"


def _sent_back(terms: TermQuerySet, user: User, at: datetime) -> TermQuerySet:
    return terms.in_state(Term.State.CHANGES_ASKED).filter(Q(review__submitted_by=user) | Q(owner=user))


def _drafts(terms: TermQuerySet, user: User, at: datetime) -> TermQuerySet:
    # Who looks after a term, and who saved what nobody has submitted yet: it waits for either of them.
    mine = terms.filter(Q(owner=user) | Q(head__created_by=user))
    return mine.alias(current_state=STATE).filter(current_state__in=[Term.State.DRAFT, Term.State.CHANGED])


def _submitted(terms: TermQuerySet, user: User, at: datetime) -> TermQuerySet:
    return terms.in_state(Term.State.IN_REVIEW).filter(Q(review__submitted_by=user) | Q(owner=user))


def _ready(terms: TermQuerySet, user: User, at: datetime) -> TermQuerySet:
    return terms.in_state(Term.State.APPROVED).filter(Q(review__submitted_by=user) | Q(owner=user))


def _failed(terms: TermQuerySet, user: User, at: datetime) -> TermQuerySet:
    # Until somebody did, or scheduled, anew what could not be carried out.
    since = Event.objects.filter(term=OuterRef("term"), verb__in=MENDED_BY, pk__gt=OuterRef("pk"))
    failures = Event.objects.filter(~Exists(since), verb=Event.Verb.FAILED)
    return terms.filter(pk__in=failures.values("term"))


QUEUES = (
    Queue(
        "sent_back",
        "Sent back to me",
        "Nothing has been sent back to you.",
        _sent_back,
        "glossary.change_term",
    ),
    Queue(
        "drafts",
        "My drafts and changes",
        "You have no drafts and no unsubmitted changes.",
        _drafts,
        "glossary.change_term",
    ),
    Queue(
        "submitted",
        "Mine, in review",
        "None of your terms is in review.",
        _submitted,
        "glossary.change_term",
    ),
    Queue(
        "ready",
        "Mine, approved but not published",
        "Nothing is waiting to be published.",
        _ready,
        "glossary.change_term",
    ),
    Queue(
        "mine_overdue",
        "Mine, overdue for review",
        "None of your terms is overdue.",
        lambda terms, user, at: terms.owned_by(user).overdue(on=at.date()),
        "glossary.change_term",
    ),
    Queue(
        "waiting",
        "Waiting for me",
        "No term is waiting for your review.",
        lambda terms, user, at: terms.waiting_for(user),
        "glossary.review_term",
    ),
    Queue(
        "overdue",
        "Overdue for review",
        "No published term is overdue.",
        lambda terms, user, at: terms.overdue(on=at.date()),
        "glossary.review_term",
    ),
    Queue(
        "unreviewed",
        "Published without review",
        "Every published term was reviewed.",
        lambda terms, user, at: terms.published_without_review(),
        "glossary.emergency_publish_term",
    ),
    Queue(
        "failed",
        "Not carried out as scheduled",
        "Every scheduled change was carried out.",
        _failed,
        "glossary.emergency_publish_term",
    ),
    Queue("mine", "Mine", "", lambda terms, user, at: terms.owned_by(user)),
    Queue("broken_links", "Broken links", "", lambda terms, user, at: terms.with_broken_links()),
    Queue("concerns", "With concerns", "", lambda terms, user, at: terms.with_concerns()),
)
BY_NAME = {queue.name: queue for queue in QUEUES}


def waiting_for(user: User, *, at: datetime) -> list[Waiting]:
    """Return the queues of this person's front page. Two queries a queue, and none for people outside the glossary."""
    found = []
    for queue in QUEUES:
        if queue.wanted_by and user.has_perm(queue.wanted_by) and user.has_perm("glossary.view_term"):
            terms = queue.terms(Term.objects.only("title"), user, at)
            first = tuple(terms[: LIMIT + 1])
            found.append(Waiting(queue, first[:LIMIT], terms.count() if len(first) > LIMIT else len(first)))
    return found


def counts(terms: QuerySet[Term], *, user: User, at: datetime) -> dict[str, int]:
    """Return how many of ``terms`` stand in each queue. Two queries."""
    among = Term.objects.order_by()
    few = list(terms.values_list("pk", flat=True)[: FEW + 1])
    if len(few) <= FEW:
        # A queue is then looked for among these, and not in the whole glossary.
        terms = among = among.filter(pk__in=few)
    each = {queue.name: queue.terms(among, user, at).values("pk") for queue in QUEUES}
    return terms.aggregate(**{name: Count("pk", filter=Q(pk__in=waiting)) for name, waiting in each.items()})
