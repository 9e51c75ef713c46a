"""Decide what may be published: an approved revision whose citations lead to its references.

Note [What may be published]
    A revision is published under an approval of the same clinical content (``documents.clinical_sha256``) of the same
    term, by somebody who wrote none of it. So a change of a tag, a link or the title needs no second approval, and a
    clinical change leaves what was approved before in public until it is approved itself. A retracted reference ends
    the approval: the term has to be approved again.

    In an emergency a superuser, or a program that an operator started, publishes without one. That too is an approval
    row, marked as emergency with its reason, and the page says so while the revision is public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Max

from glossary.actions.events import event_of
from glossary.document import documents
from glossary.models import (
    Approval,
    Concern,
    Event,
    Program,
    Revision,
    Term,
    account_of,
    name_of,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NotPublishable(Exception):
    """The term cannot be published as it is. The message says why."""


def check_citations(revision: Revision) -> None:
    """Raise :class:`NotPublishable` for a revision that cites a reference which it doesn't have.

    It can't be saved like this, but revisions that are older than that rule can be.
    """
    if problems := documents.mark_problems(revision.document):
        words = "; ".join(f"its {documents.PARTS[part]} {problem}" for part, problem in problems.items())
        raise NotPublishable(f"Revision {revision.number} of “{revision.term}” can't be published: {words}.")


def approval_of(term: Term, revision: Revision) -> Approval | None:
    """Return the newest approval of a revision's clinical content that is in force, or ``None``."""
    return _reviewed_approvals([(term, revision)], clinical_hashes([(term, revision)])).get(revision.pk)


def clinical_hashes(pairs: Iterable[tuple[Term, Revision]]) -> dict[int, str]:
    """Return revision → the hash of its clinical content."""
    return {revision.pk: documents.clinical_sha256(revision.document) for _, revision in pairs}


def _reviewed_approvals(pairs: Sequence[tuple[Term, Revision]], contents: Mapping[int, str]) -> dict[int, Approval]:
    """Return revision → its newest approval after a review, unless a reference was retracted since."""
    ids = [term.pk for term, _ in pairs]
    broken = dict(
        Concern.objects.filter(term__in=ids, kind=Concern.Kind.RETRACTED, resolved_at__isnull=True)
        .values_list("term_id")
        .annotate(Max("created_at"))
        .order_by()
    )
    by_content = {
        (approval.term_id, approval.clinical_sha256): approval
        for approval in Approval.objects.filter(term__in=ids, emergency=False).order_by("approved_at", "pk")
        if approval.term_id not in broken or approval.approved_at > broken[approval.term_id]
    }
    approvals = {}
    for term, revision in pairs:
        approval = by_content.get((term.pk, contents[revision.pk]))
        if approval is not None:
            approvals[revision.pk] = approval
    return approvals


def approvals_for(
    pairs: Sequence[tuple[Term, Revision]],
    contents: Mapping[int, str],
    *,
    by: User | Program,
    at: datetime,
    reason: str,
    emergency: bool,
) -> dict[int, Approval]:
    """Return revision → the approval under which it is published; in an emergency, make what is missing."""
    approvals = _reviewed_approvals(pairs, contents)
    missing = [(term, revision) for term, revision in pairs if revision.pk not in approvals]
    if missing and not emergency:
        term, revision = missing[0]
        raise NotPublishable(f"Revision {revision.number} of “{term}” is not approved. Submit it for review.")
    made = Approval.objects.bulk_create(
        Approval(
            term=term,
            revision=revision,
            clinical_sha256=contents[revision.pk],
            emergency=True,
            reason=reason.strip()[:500],
            approved_at=at,
            approved_by=account_of(by),
            approved_by_name=name_of(by),
        )
        for term, revision in missing
    )
    Event.objects.bulk_create(
        event_of(Event.Verb.EMERGENCY, term, by=by, at=at, reason=reason, revision=revision, previous_id=None)
        for term, revision in missing
    )
    return approvals | {approval.revision_id: approval for approval in made}
