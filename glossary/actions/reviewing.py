"""Review by a second person: submit, comment, send back, approve, withdraw; and restore what once was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from glossary import dependents
from glossary.actions.emails import path_to, write_email
from glossary.actions.events import event_of
from glossary.actions.publishing import NotAllowed, public_content_changed, publish_term
from glossary.actions.review_dates import next_review
from glossary.actions.saving import Saved, save_term
from glossary.actions.scheduling import ANY, Seen, schedule_publication
from glossary.document.documents import TermDocument, clinical_sha256
from glossary.models import (
    Approval,
    Concern,
    Credentials,
    Event,
    PublishedEntry,
    Review,
    ReviewComment,
    Revision,
    Term,
    account_of,
    name_of,
)
from glossary.text.characters import is_blank

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NotReviewable(Exception):
    """The term is not in the state that this step needs. The message says which, and what to do."""


@transaction.atomic
def submit_term(
    *,
    term: Term,
    by: User,
    at: datetime,
    revision: int | None = None,
    note: str = "",
    reviewer: User | None = None,
) -> Review:
    """Put the latest revision into review, for ``reviewer`` or for any reviewer.

    ``revision`` is the number that the person saw. Raises :class:`NotReviewable` when a newer one was saved, when the
    term is in review already, or when there is nothing to review; and :class:`NotAllowed` when the reviewer who is
    asked may not approve this revision.
    """
    term = _locked(term)
    head = _seen(term, revision)
    if term.review is not None and term.review.status == Review.Status.OPEN:
        raise NotReviewable(f"“{term}” is already in review.")
    entry = PublishedEntry.objects.select_related("approval").filter(term=term).first()
    reviewed = entry is not None and entry.approval is not None and not entry.approval.emergency
    if entry is not None and entry.revision_id == head.pk and reviewed:
        due = term.next_review_date and term.next_review_date <= at.date()
        if not due and not term.concerns.filter(resolved_at__isnull=True).exists():
            raise NotReviewable(f"“{term}” is published without changes since, and its next review is not due yet.")
    if reviewer is not None:
        _bar_contributors(head, reviewer)
    review = Review.objects.create(
        term=term,
        revision=head,
        note=note.strip()[:500],
        reviewer=reviewer,
        submitted_at=at,
        submitted_by=by,
        submitted_by_name=name_of(by),
    )
    Term.objects.filter(pk=term.pk).update(review=review)
    _record(Event.Verb.SUBMITTED, review, by=by, at=at, reason=note)
    write_email(
        key=f"submitted:{review.pk}",
        to=reviewer,
        subject=f"For your review: {term.title}",
        text=f"{name_of(by)} asks you to review revision {head.number} of “{term}”.",
        path=path_to(term),
        at=at,
    )
    return review


@transaction.atomic
def comment_on_review(*, review: Review, section: str, text: str, by: User, at: datetime) -> ReviewComment:
    """Add a remark on a section, or an answer to what was sent back, until the term is submitted anew.

    Raises :class:`NotReviewable` when the review is over or the remark is empty.
    """
    term = Term.objects.for_change().get(pk=review.term_id)
    review = Review.objects.select_related("term", "decided_by").get(pk=review.pk)
    if not is_discussed(term, review):
        raise _over(review)
    if is_blank(text):
        raise NotReviewable("Write the comment first.")
    comment = ReviewComment.objects.create(
        review=review,
        section=section,
        text=text.strip()[:2000],
        created_at=at,
        created_by=by,
        created_by_name=name_of(by),
    )
    if review.status == Review.Status.SENT_BACK and review.decided_by_id != by.pk:
        write_email(
            key=f"answered:{comment.pk}",
            to=review.decided_by,
            subject=f"Answered: {review.term.title}",
            text=f"{name_of(by)} replied to your comments on “{review.term}”.",
            path=path_to(review.term),
            at=at,
        )
    return comment


def is_discussed(term: Term, review: Review) -> bool:
    """Whether a review takes comments: it waits for a decision, or it was sent back and nothing was submitted since."""
    if review.status == Review.Status.OPEN:
        return True
    return review.status == Review.Status.SENT_BACK and term.review_id == review.pk


@transaction.atomic
def send_back(*, review: Review, by: User, at: datetime, reason: str) -> Review:
    """Ask for changes. Raises :class:`NotReviewable` when the review is over or no reason is given."""
    review = _open(review)
    if is_blank(reason):
        raise NotReviewable("Say what should change. The author receives your reason.")
    review = _close(review, Review.Status.SENT_BACK, Event.Verb.SENT_BACK, by=by, at=at, reason=reason)
    words = f"{name_of(by)} asks for changes to revision {review.revision.number} of “{review.term}”."
    _tell_author(review, "Changes requested", words, at=at)
    return review


@transaction.atomic
def withdraw_review(*, review: Review, by: User, at: datetime, reason: str = "") -> Review:
    """Take a term out of review again. Raises :class:`NotReviewable` when the review is over."""
    return _close(_open(review), Review.Status.WITHDRAWN, Event.Verb.WITHDRAWN, by=by, at=at, reason=reason)


@transaction.atomic
def approve_review(
    *,
    review: Review,
    by: User,
    at: datetime,
    reason: str = "",
    publish: bool = False,
    publish_at: datetime | None = None,
    seen: Seen = ANY,
) -> Approval:
    """Seal the revision in review, and publish it now, at a time, or leave that to the editors.

    ``seen`` is the schedule that a new one replaces, as for ``schedule_publication``.

    Raises :class:`NotAllowed` if ``by`` saved anything since the last approval (the database refuses it too), and
    :class:`NotReviewable` when the review is over or a newer revision was saved. ``NotSchedulable`` as there.
    """
    review = _open(review)
    term, revision = _locked(review.term), review.revision
    if term.head_id != revision.pk:
        raise NotReviewable(f"A newer revision of “{term}” was saved after it was submitted. Submit the term again.")
    _bar_contributors(revision, by)
    credentials = Credentials.objects.filter(user=by).values_list("text", flat=True).first() or ""
    approval = Approval.objects.create(
        term=term,
        revision=revision,
        clinical_sha256=clinical_sha256(revision.document),
        review=review,
        reason=reason.strip()[:500],
        approved_at=at,
        approved_by=by,
        approved_by_name=name_of(by),
        credentials=credentials,
    )
    _close(review, Review.Status.APPROVED, Event.Verb.APPROVED, by=by, at=at, reason=reason)
    Term.objects.filter(pk=term.pk).update(next_review_date=next_review(approval, term.review_months))
    Concern.objects.open().filter(term=term).update(
        resolved_at=at, resolved_by_name=name_of(by), resolution=f"Revision {revision.number} was approved"
    )
    # The same content, approved again, is public under its newest approval: its page names the review and the next one.
    entry = PublishedEntry.objects.select_related("revision").filter(term=term).first()
    if entry is not None and clinical_sha256(entry.revision.document) == approval.clinical_sha256:
        PublishedEntry.objects.filter(term=term).update(approval=approval)
    if entry is not None:
        public_content_changed(lambda: dependents.of_own_pages([term.pk]))
    _tell_author(review, "Approved", f"{name_of(by)} approved your revision {revision.number} of “{term}”.", at=at)
    if publish_at is not None and publish_at > at:
        schedule_publication(term=term, revision=revision, due_at=publish_at, by=by, at=at, reason=reason, seen=seen)
    elif publish:
        publish_term(term=term, revision=revision, by=by, at=at, reason=reason)
    return approval


@transaction.atomic
def restore_revision(*, term: Term, revision: Revision, by: User, at: datetime) -> Saved:
    """Make the working copy say again what a revision said, children and tags included, as a new revision.

    Where it leads to terms that have another address now, it leads there. Raises
    ``glossary.document.documents.DocumentError`` when its own address belongs to another term meanwhile.
    """
    if revision.term_id != term.pk:
        raise NotReviewable("This revision belongs to another term.")
    saved = save_term(
        document=_following(TermDocument.from_frozen(revision.document)),
        by=by,
        at=at,
        term=term,
        note=f"Revision {revision.number} restored",
    )
    if saved.revision is not None:
        event_of(
            Event.Verb.RESTORED, saved.term, by=by, at=at, reason="", revision=revision, previous_id=revision.pk
        ).save(force_insert=True)
    return saved


def _following(document: TermDocument) -> TermDocument:
    """Return the document with its links leading to where terms are now that had another address when it was frozen."""
    named = {*document.related, *(insight.term for insight in document.insights if insight.term)}
    moved = named - set(Term.objects.filter(slug__in=named).values_list("slug", flat=True))
    homes: dict[str, str] = {}
    for slug in moved:
        # Revisions know every address that a term ever had, published or not.
        held = Revision.objects.filter(document__slug=slug).order_by("-pk").values_list("term__slug", flat=True).first()
        homes[slug] = held or slug
    if not homes:
        return document
    return replace(
        document,
        insights=tuple(replace(insight, term=homes.get(insight.term, insight.term)) for insight in document.insights),
        related=tuple(sorted({homes.get(slug, slug) for slug in document.related})),
    )


def contributors(revision: Revision) -> dict[int, str]:
    """Return everybody who saved a revision since the last approved one, up to this: account → name.

    Emergency approvals are none. The trigger of migration ``0004_append_only`` states the same rule in SQL.
    """
    approved = Approval.objects.filter(
        term=revision.term_id, emergency=False, revision__number__lt=revision.number
    ).aggregate(last=Max("revision__number"))["last"]
    rows = Revision.objects.filter(
        term=revision.term_id, number__gt=approved or 0, number__lte=revision.number, created_by__isnull=False
    )
    return {pk: name for pk, name in rows.values_list("created_by_id", "created_by_name") if pk is not None}


def _locked(term: Term) -> Term:
    return Term.objects.for_change().select_related("head", "review").get(pk=term.pk)


def _open(review: Review) -> Review:
    # The term first, as saving does: in another order two people would wait for one another.
    Term.objects.for_change().get(pk=review.term_id)
    review = (
        Review.objects.select_for_update(of=("self",))
        .select_related("term", "revision", "submitted_by")
        .get(pk=review.pk)
    )
    if review.status != Review.Status.OPEN:
        raise _over(review)
    return review


def _over(review: Review) -> NotReviewable:
    return NotReviewable(f"This review is over: {review.get_status_display().lower()}, by {review.decided_by_name}.")


def _seen(term: Term, number: int | None) -> Revision:
    if term.head is None:
        raise NotReviewable(f"“{term}” has no revision yet. Save it first.")
    if number is not None and term.head.number != number:
        raise NotReviewable(f"Somebody saved a newer revision of “{term}” in the meantime. Read it first.")
    return term.head


def _bar_contributors(revision: Revision, user: User) -> None:
    if user.pk in contributors(revision):
        raise NotAllowed(
            f"{name_of(user)} changed this term after its last approval, so another reviewer has to decide."
        )


def _close(review: Review, status: str, verb: Event.Verb, *, by: User, at: datetime, reason: str) -> Review:
    review.status, review.reason = status, reason.strip()[:1000]
    review.decided_at, review.decided_by, review.decided_by_name = at, account_of(by), name_of(by)
    review.save(update_fields=["status", "reason", "decided_at", "decided_by", "decided_by_name"])
    _record(verb, review, by=by, at=at, reason=reason)
    return review


def _tell_author(review: Review, outcome: str, words: str, *, at: datetime) -> None:
    write_email(
        key=f"decided:{review.pk}",
        to=review.submitted_by,
        subject=f"{outcome}: {review.term.title}",
        text=words,
        path=path_to(review.term),
        at=at,
    )


def _record(verb: Event.Verb, review: Review, *, by: User, at: datetime, reason: str) -> None:
    event_of(verb, review.term, by=by, at=at, reason=reason, revision=review.revision, previous_id=None).save(
        force_insert=True
    )
