"""Review by a second person, seals, schedule, merge and restore, through the actions."""

import itertools
from datetime import date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from glossary.actions import (
    NotAllowed,
    NotPublishable,
    NotReviewable,
    NotSchedulable,
    StaleRevision,
    approve_review,
    carry_out_due,
    comment_on_review,
    document_of,
    publish_term,
    restore_revision,
    retire_term,
    save_term,
    schedule_publication,
    schedule_retirement,
    send_back,
    submit_term,
    unschedule,
    withdraw_review,
)
from glossary.actions.review_dates import months_after
from glossary.document.documents import clinical_sha256
from glossary.models import (
    Approval,
    Concern,
    Credentials,
    Event,
    Program,
    PublishedEntry,
    Review,
    Revision,
    ScheduledChange,
    Term,
)
from tests.glossary.builders import approve, document, publish_unreviewed
from tests.people import person

pytestmark = pytest.mark.django_db

CLOCK = Program("Schedule")


@pytest.fixture
def second_editor(db: None) -> User:
    return person("emil", "Emil Sørensen", "Clinical editors")


def test_nobody_approves_what_she_saved_since_the_last_approval(
    editor: User, second_editor: User, reviewer: User, at: datetime
) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    save_term(document=document(origin="<p>Greek.</p>"), by=second_editor, at=at, term=term)
    review = submit_term(term=term, by=editor, at=at)
    for author in (editor, second_editor):
        with pytest.raises(NotAllowed, match="another reviewer has to decide"):
            approve_review(review=review, by=author, at=at)
    approve_review(review=review, by=reviewer, at=at)
    # The last approval starts the count anew: who wrote before it may approve what comes after it.
    save_term(document=document(origin="<p>Norse.</p>"), by=reviewer, at=at, term=term)
    review = submit_term(term=term, by=reviewer, at=at)
    with pytest.raises(NotAllowed):
        approve_review(review=review, by=reviewer, at=at)
    approve_review(review=review, by=second_editor, at=at)


def test_the_database_refuses_an_approval_by_an_author_too(
    editor: User, second_editor: User, reviewer: User, at: datetime
) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    save_term(document=document(origin="<p>Greek.</p>"), by=second_editor, at=at, term=term)
    review = submit_term(term=term, by=editor, at=at)

    def insert(by: User) -> None:
        Approval.objects.create(
            term=term,
            revision=review.revision,
            clinical_sha256=clinical_sha256(review.revision.document),
            review=review,
            approved_at=at,
            approved_by=by,
            approved_by_name="x",
        )

    for author in (editor, second_editor):
        with pytest.raises(DatabaseError, match="cannot approve"), transaction.atomic():
            insert(author)
    insert(reviewer)


def test_an_unapproved_revision_is_not_published(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    with pytest.raises(NotPublishable, match="not approved"):
        publish_term(term=term, by=reviewer, at=at)
    approve(term=term, by=reviewer, at=at)
    entry = publish_term(term=term, by=editor, at=at)
    assert entry.approval
    assert entry.approval.approved_by_name == "Rafael Lindqvist"


def test_a_clinical_change_leaves_the_sealed_text_public(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    approve(term=term, by=reviewer, at=at, publish=True)
    save_term(document=document(mechanism="<p>Another.</p>"), by=editor, at=at, term=term)
    with pytest.raises(NotPublishable):
        publish_term(term=term, by=editor, at=at)
    assert PublishedEntry.objects.get().revision.document["mechanism"] == "<p>By hormones.</p>"


def test_a_change_of_a_tag_is_published_under_the_same_seal(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    approval = approve(term=term, by=reviewer, at=at, publish=True)
    save_term(document=document(tags=["cycle"]), by=editor, at=at, term=term)
    entry = publish_term(term=term, by=editor, at=at)
    assert entry.revision.number == 2
    assert entry.approval == approval


def test_an_emergency_takes_a_superuser_and_a_reason_and_is_marked_for_ever(
    editor: User, reviewer: User, at: datetime
) -> None:
    head = person("ada", "Ada Root", superuser=True)
    term = save_term(document=document(), by=head, at=at).term
    with pytest.raises(NotAllowed, match="superuser"):
        publish_term(term=term, by=reviewer, at=at, emergency=True, reason="Wrong dose")
    with pytest.raises(NotAllowed, match="reason"):
        publish_term(term=term, by=head, at=at, emergency=True, reason=" ")
    entry = publish_term(term=term, by=head, at=at, emergency=True, reason="Wrong dose")
    assert entry.approval
    assert (entry.approval.emergency, entry.approval.reason) == (True, "Wrong dose")
    # It is no review: it neither starts the count of authors anew nor seals a later change.
    save_term(document=document(tags=["x"]), by=editor, at=at, term=term)
    review = submit_term(term=term, by=editor, at=at)
    with pytest.raises(NotAllowed):
        approve_review(review=review, by=head, at=at)


def test_a_save_overtakes_the_review_of_what_was_before(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    review = submit_term(term=term, by=editor, at=at)
    save_term(document=document(origin="<p>Greek.</p>"), by=editor, at=at, term=term)
    with pytest.raises(NotReviewable, match="replaced by a newer revision, by Edith Okafor"):
        approve_review(review=review, by=reviewer, at=at)
    assert Term.objects.with_state().get().state == Term.State.DRAFT


def test_a_review_is_commented_sent_back_and_withdrawn(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    review = submit_term(term=term, by=editor, at=at, note="Please read the mechanism", reviewer=reviewer)
    with pytest.raises(NotReviewable, match="already in review"):
        submit_term(term=term, by=editor, at=at)
    comment_on_review(review=review, section="mechanism", text="Which receptor?", by=reviewer, at=at)
    with pytest.raises(NotReviewable, match="what should change"):
        send_back(review=review, by=reviewer, at=at, reason=" ")
    send_back(review=review, by=reviewer, at=at, reason="Name the receptor")
    assert Term.objects.with_state().get().state == Term.State.CHANGES_ASKED
    comment_on_review(review=review, section="mechanism", text="The nuclear one.", by=editor, at=at)
    withdraw_review(review=submit_term(term=term, by=editor, at=at), by=editor, at=at)
    with pytest.raises(NotReviewable, match="over"):
        comment_on_review(review=review, section="general", text="Late", by=reviewer, at=at)
    assert [event.verb for event in Event.objects.order_by("pk")] == [
        "submitted",
        "sent_back",
        "submitted",
        "withdrawn",
    ]


def test_an_author_cannot_be_asked_to_review(editor: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    with pytest.raises(NotAllowed):
        submit_term(term=term, by=editor, at=at, reviewer=editor)


def test_an_approval_carries_name_and_credentials_and_sets_the_next_review(
    editor: User, reviewer: User, at: datetime
) -> None:
    Credentials.objects.create(user=reviewer, text="MD, endocrinologist")
    term = save_term(document=document(), by=editor, at=at).term
    approval = approve(term=term, by=reviewer, at=at, publish=True)
    assert approval.credentials == "MD, endocrinologist"
    term.refresh_from_db()
    assert term.next_review_date == date(2028, 3, 2)
    assert list(Term.objects.overdue(on=date(2028, 3, 2))) == []
    assert list(Term.objects.overdue(on=date(2028, 3, 3))) == [term]


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 2), 24, date(2028, 3, 2)),
    ],
)
def test_months_end_on_the_same_day_or_the_last(day: date, months: int, then: date) -> None:
    assert months_after(day, months) == then


def test_removed_accounts_leave_their_names_in_the_history(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    approve(term=term, by=reviewer, at=at, publish=True)
    editor.delete()
    reviewer.delete()
    revision = Revision.objects.get()
    assert (revision.created_by, revision.created_by_name) == (None, "Edith Okafor")
    assert Approval.objects.get().approved_by_name == "Rafael Lindqvist"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Revision.objects.update(created_by_name="Somebody else")


# -- Schedule ---------------------------------------------------------------------------------------------------------


def test_what_is_due_is_carried_out_once_and_late_rather_than_never(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    review = submit_term(term=term, by=editor, at=at)
    approve_review(review=review, by=reviewer, at=at, publish_at=at + timedelta(hours=2))
    assert Term.objects.with_state().get().state == Term.State.APPROVED
    assert carry_out_due(by=CLOCK, at=at + timedelta(hours=1)) == []
    assert [outcome.succeeded for outcome in carry_out_due(by=CLOCK, at=at + timedelta(days=3))] == [True]
    assert carry_out_due(by=CLOCK, at=at + timedelta(days=4)) == []
    entry = PublishedEntry.objects.get()
    assert entry.published_by_name == "Schedule"
    assert entry.published_at == at + timedelta(days=3)


def test_a_term_is_retired_at_its_time(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    schedule_retirement(term=term, due_at=at + timedelta(hours=1), by=reviewer, at=at, reason="Superseded")
    carry_out_due(by=CLOCK, at=at + timedelta(hours=1))
    assert Term.objects.with_state().get().state == Term.State.RETIRED


def test_a_newer_schedule_replaces_the_older_and_one_can_be_taken_away(
    editor: User, reviewer: User, at: datetime
) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    revision = approve(term=term, by=reviewer, at=at).revision
    for hours in (1, 2):
        schedule_publication(term=term, revision=revision, due_at=at + timedelta(hours=hours), by=reviewer, at=at)
    change = ScheduledChange.objects.get(done_at__isnull=True)
    assert change.due_at == at + timedelta(hours=2)
    unschedule(change=change, by=reviewer, at=at)
    assert carry_out_due(by=CLOCK, at=at + timedelta(days=1)) == []
    with pytest.raises(NotSchedulable, match="passed"):
        schedule_publication(term=term, revision=revision, due_at=at, by=reviewer, at=at)


def test_what_cannot_be_carried_out_is_closed_with_the_reason(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    schedule_retirement(term=term, due_at=at + timedelta(hours=1), by=reviewer, at=at)
    retire_term(term=term, by=reviewer, at=at)
    assert [outcome.succeeded for outcome in carry_out_due(by=CLOCK, at=at + timedelta(hours=2))] == [False]
    assert "nothing to retire" in ScheduledChange.objects.get().outcome
    assert Event.objects.filter(verb="failed").count() == 1


# -- Two people at once -----------------------------------------------------------------------------------------------


def test_what_only_one_of_two_people_changed_is_merged(editor: User, second_editor: User, at: datetime) -> None:
    term = save_term(document=document(tags=["a", "b"]), by=editor, at=at).term
    save_term(document=document(origin="<p>Greek.</p>", tags=["a", "c"]), by=editor, at=at, term=term)
    saved = save_term(
        document=document(mechanism="<p>Mine.</p>", tags=["a", "b", "d"]),
        by=second_editor,
        at=at,
        term=term,
        opened_on=1,
    )
    assert saved.merged == ("origin", "tags")
    assert saved.revision
    frozen = saved.revision.document
    assert (frozen["origin"], frozen["mechanism"], frozen["tags"]) == ("<p>Greek.</p>", "<p>Mine.</p>", ["a", "c", "d"])


def test_what_both_changed_differently_is_shown_and_not_saved(editor: User, second_editor: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    save_term(document=document(origin="<p>Greek.</p>"), by=editor, at=at, term=term)
    with pytest.raises(StaleRevision) as caught:
        save_term(document=document(origin="<p>Norse.</p>"), by=second_editor, at=at, term=term, opened_on=1)
    assert caught.value.merge
    (conflict,) = caught.value.merge.conflicts
    assert (conflict.field, conflict.base, conflict.theirs, conflict.mine) == (
        "origin",
        "<p>From Latin.</p>",
        "<p>Greek.</p>",
        "<p>Norse.</p>",
    )
    assert term.revisions.count() == 2


def test_restoring_brings_back_children_and_tags_exactly(editor: User, at: datetime) -> None:
    other = save_term(document=document("Progesterone"), by=editor, at=at).term
    rich = document(
        insights=[{"text": "One.", "term": other.slug}, {"text": "Two."}],
        synonyms=[{"text": "LP", "kind": "abbreviation"}],
        references=[{"citation": "Someone. Something. 2020.", "doi": "10.1000/x"}],
        related=["progesterone"],
        tags=["cycle"],
    )
    term = save_term(document=rich, by=editor, at=at).term
    save_term(document=document(), by=editor, at=at, term=term)
    saved = restore_revision(term=term, revision=term.revisions.get(number=1), by=editor, at=at)
    assert saved.revision
    assert saved.revision.number == 3
    assert saved.revision.sha256 == rich.sha256()
    assert document_of(Term.objects.get(pk=term.pk)) == rich


# -- What is next door ------------------------------------------------------------------------------------------------


def test_terms_that_link_to_a_changed_or_retired_term_are_flagged_until_approved(
    editor: User, reviewer: User, at: datetime
) -> None:
    target = save_term(document=document("Progesterone"), by=editor, at=at).term
    approve(term=target, by=reviewer, at=at, publish=True)
    by_insight = save_term(
        document=document("Luteal phase", insights=[{"text": "x", "term": target.slug}]), by=editor, at=at
    )
    by_text = save_term(
        document=document("Menopause", origin='<p>See <a href="/glossary/progesterone/">it</a>.</p>'), by=editor, at=at
    )
    save_term(document=document("Cortisol"), by=editor, at=at)
    save_term(document=document("Progesterone", tags=["x"]), by=editor, at=at, term=target)
    publish_term(term=target, by=editor, at=at)
    assert not Concern.objects.exists(), "a tag is no clinical change"

    save_term(document=document("Progesterone", mechanism="<p>New.</p>"), by=editor, at=at, term=target)
    approve(term=target, by=reviewer, at=at, publish=True)
    flagged = {concern.term for concern in Concern.objects.filter(kind="target_changed")}
    assert flagged == {by_insight.term, by_text.term}
    concern = Concern.objects.filter(term=by_text.term).get()
    assert concern.before
    assert concern.after
    assert (concern.before.number, concern.after.number) == (2, 3)

    retire_term(term=target, by=reviewer, at=at)
    assert Concern.objects.filter(kind="target_gone", resolved_at__isnull=True).count() == 2
    approve(term=by_text.term, by=reviewer, at=at)
    assert not by_text.term.concerns.filter(resolved_at__isnull=True).exists()


def test_a_retracted_reference_breaks_the_seal(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    approve(term=term, by=reviewer, at=at)
    later = at + timedelta(days=1)
    Concern.objects.create(term=term, kind="retracted", detail="10.1000/x", created_at=later)
    with pytest.raises(NotPublishable):
        publish_term(term=term, by=editor, at=later)


# -- States -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.database
def test_the_state_in_sql_is_the_state_in_python(editor: User, reviewer: User, at: datetime) -> None:
    cases = itertools.product([None, *Review.Status], [False, True], [False, True], [False, True])
    for number, (status, reviewed_head, public, newer) in enumerate(cases):
        term = save_term(document=document(f"Term {number}"), by=editor, at=at).term
        if public:
            publish_unreviewed(term=term, by=editor, at=at)
        old = term.revisions.get()
        if newer:
            save_term(document=document(f"Term {number}", tags=["x"]), by=editor, at=at, term=term)
        if status is not None:
            term.refresh_from_db()
            assert term.head
            review = Review.objects.create(
                term=term,
                revision=term.head if reviewed_head else old,
                status=status,
                submitted_at=at,
                submitted_by_name="x",
                reason="x",
                **({} if status == "open" else {"decided_at": at, "decided_by_name": "x"}),
            )
            Term.objects.filter(pk=term.pk).update(review=review)
    retired = save_term(document=document("Gone"), by=editor, at=at).term
    publish_unreviewed(term=retired, by=editor, at=at)
    retire_term(term=retired, by=reviewer, at=at)

    found = {term: state for state in Term.State for term in Term.objects.in_state(state)}
    assert len(found) == Term.objects.count()
    assert found == {term: term.state for term in Term.objects.with_state()}
    assert set(found.values()) == set(Term.State)
