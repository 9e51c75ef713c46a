"""Review, schedule and emergencies in the admin: what each person is offered, told and refused."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.models import OuterRef, Subquery
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from taggit.models import Tag

from glossary.actions import (
    approve_review,
    comment_on_review,
    save_term,
    save_terms,
    schedule_publication,
    schedule_retirement,
    send_back,
    submit_term,
    withdraw_review,
)
from glossary.admin import bulk
from glossary.document.parsing import parse_document
from glossary.models import (
    Approval,
    Credentials,
    Event,
    OutboundEmail,
    PublishedEntry,
    Review,
    ReviewComment,
    Revision,
    ScheduledChange,
    Term,
)
from tests.glossary.builders import approve, document, publish_unreviewed
from tests.glossary.term_form import change_url, messages_of, signed_in, without_pages
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_editor(db: None) -> User:
    return person("emil", "Emil Sørensen", "Clinical editors")


@pytest.fixture
def term(editor: User, second_editor: User, reviewer: User, at: datetime) -> Term:
    """A public term whose newest revision two people wrote, and nobody approved."""
    term = save_term(document=document(), by=editor, at=at).term
    approve(term=term, by=reviewer, at=at, publish=True)
    save_term(document=document(mechanism="<p>By two hormones.</p>"), by=editor, at=at, term=term)
    both = document(mechanism="<p>By two hormones.</p>", origin="<p>From late Latin.</p>")
    return save_term(document=both, by=second_editor, at=at, term=term).term


@pytest.fixture
def review(term: Term, editor: User, at: datetime) -> Review:
    return submit_term(term=term, by=editor, at=at, note="Please read the mechanism")


def step(name: str, term: Term, *more: Any) -> str:
    return reverse(f"admin:glossary_term_{name}", args=[term.pk, *more])


def page_of(review: Review) -> str:
    return reverse("admin:glossary_term_review", args=[review.term_id, review.pk])


def text_of(response: Any) -> str:
    assert response.status_code == 200, response
    text: str = response.content.decode()
    return text


# -- Submitting --------------------------------------------------------------------------------------------------------


def test_a_term_is_submitted_with_a_note_to_a_reviewer_who_wrote_none_of_it(
    term: Term, editor: User, reviewer: User
) -> None:
    Credentials.objects.create(user=reviewer, text="MD, endocrinologist")
    author = person("wilma", "Wilma Author", "Clinical editors", "Clinical reviewers")
    save_term(document=document(origin="<p>Greek.</p>"), by=author, at=timezone.now(), term=term)
    desk = signed_in(editor)
    assert "Submit for review…" in text_of(desk.get(change_url(term)))
    page = desk.get(step("submit", term))
    choices = [label for _, label in page.context["form"].fields["reviewer"].choices]
    assert choices == ["Any reviewer", "Rafael Lindqvist, MD, endocrinologist"]
    data = {"note": "Look here", "reviewer": reviewer.pk, "revision": page.context["form"]["revision"].value()}
    response = desk.post(step("submit", term), data)
    assert messages_of(response) == ["Revision 4 of “Luteal phase” was submitted for review."]
    review = Review.objects.get(status="open")
    assert (review.note, review.reviewer, review.submitted_by) == ("Look here", reviewer, editor)
    again = desk.post(step("submit", term), data)
    assert "nothing to submit" in messages_of(again)[0]


def test_what_somebody_saved_meanwhile_is_not_submitted_unseen(
    term: Term, editor: User, reviewer: User, second_editor: User, at: datetime
) -> None:
    desk = signed_in(editor)
    typed = shown_by(desk.get(step("submit", term))) | {"note": "Look at the receptor", "reviewer": str(reviewer.pk)}
    save_term(document=document(origin="<p>Greek.</p>"), by=second_editor, at=at, term=term)
    stale = desk.post(step("submit", term), typed)
    assert "Emil Sørensen saved revision 4." in text_of(stale)
    assert not Review.objects.open().exists()
    # The note is still there, and the next press submits what the page shows now.
    again = shown_by(stale)
    assert (again["note"], again["reviewer"], str(again["revision"])) == (typed["note"], typed["reviewer"], "4")
    desk.post(step("submit", term), again)
    review = Review.objects.open().get()
    assert (review.note, review.reviewer, review.revision.number) == ("Look at the receptor", reviewer, 4)


def test_a_switch_on_a_stale_page_submits_nothing_unseen(term: Term, editor: User, second_editor: User) -> None:
    desk = signed_in(editor)
    typed = shown_by(desk.get(step("submit", term))) | {"note": "Look at the receptor"}
    save_term(document=document(origin="<p>Greek.</p>"), by=second_editor, at=timezone.now(), term=term)
    switched = shown_by(desk.post(step("submit", term), typed | {"_off": "Luteal phase"}))
    assert switched["note"] == "Look at the receptor"
    assert "Emil Sørensen saved revision 4." in text_of(desk.post(step("submit", term), switched))


def test_what_was_typed_for_a_step_that_is_over_is_told(
    review: Review, editor: User, second_editor: User, reviewer: User
) -> None:
    desk = without_pages(second_editor)
    typed = {"note": "Look at the receptor", "revision": "3"}
    told = messages_of(desk.post(step("submit", review.term), typed))
    assert "nothing to submit" in told[0]
    assert "You had entered: “Look at the receptor”." in told[0]


def test_a_term_is_withdrawn_from_review(review: Review, second_editor: User) -> None:
    desk = signed_in(second_editor)
    assert "Withdraw from review" in text_of(desk.get(change_url(review.term)))
    response = desk.post(step("withdraw", review.term), {"review": review.pk})
    assert messages_of(response) == ["“Luteal phase” was withdrawn from review."]
    again = desk.post(step("withdraw", review.term), {"review": review.pk})
    assert "This review is over: withdrawn, by Emil Sørensen." in messages_of(again)[0]


# -- Reading a review --------------------------------------------------------------------------------------------------


def test_the_reviewer_reads_the_text_beside_what_changes_for_readers(review: Review, reviewer: User) -> None:
    page = signed_in(reviewer).get(page_of(review))
    sections = {section.name: section.changed for section in page.context["sections"]}
    assert [name for name, changed in sections.items() if changed] == ["origin", "mechanism"]
    text = text_of(page)
    assert "<p>By two hormones.</p>" in text
    assert "Compared with revision 1," in text
    assert "what readers see now" in text


def test_what_was_sent_back_can_be_compared_with(review: Review, editor: User, reviewer: User, at: datetime) -> None:
    send_back(review=review, by=reviewer, at=at, reason="Name the receptor")
    term = save_term(document=document(mechanism="<p>By its receptor.</p>"), by=editor, at=at, term=review.term).term
    second = submit_term(term=term, by=editor, at=at)
    desk = signed_in(reviewer)
    assert "?against=3" in text_of(desk.get(page_of(second)))
    page = desk.get(page_of(second), {"against": "3"})
    assert page.context["base"].number == 3
    assert desk.get(page_of(second), {"against": "99"}).context["base"].number == 1
    assert "Name the receptor" in text_of(desk.get(page_of(review)))


def test_a_new_term_is_all_new(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document("New"), by=editor, at=at).term
    page = signed_in(reviewer).get(page_of(submit_term(term=term, by=editor, at=at)))
    assert "All of this term is new" in text_of(page)
    assert page.context["base"] is None


def test_comments_stand_at_their_section_and_authors_answer(review: Review, reviewer: User, editor: User) -> None:
    for user, words in ((reviewer, "Which receptor?"), (editor, "The nuclear one.")):
        data = {"_comment": "1", "section": "mechanism", "text": words}
        response = signed_in(user).post(page_of(review), data)
        assert response["Location"] == f"{page_of(review)}#mechanism"
    sections = signed_in(editor).get(page_of(review)).context["sections"]
    said = {section.name: [comment.text for comment in section.comments] for section in sections}
    assert said["mechanism"] == ["Which receptor?", "The nuclear one."]
    empty = signed_in(editor).post(page_of(review), {"_comment": "1", "section": "origin", "text": " "})
    assert "This field is required" in text_of(empty)
    assert ReviewComment.objects.count() == 2


def test_a_review_of_another_term_is_not_found(review: Review, reviewer: User, editor: User, at: datetime) -> None:
    other = save_term(document=document("Other"), by=editor, at=at).term
    assert without_pages(reviewer).get(step("review", other, review.pk)).status_code == 404


# -- Deciding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("then", "state"), [("now", Term.State.PUBLISHED), ("leave", Term.State.APPROVED)])
def test_a_reviewer_approves(review: Review, reviewer: User, then: str, state: Term.State) -> None:
    response = without_pages(reviewer).post(page_of(review), {"_approve": "1", "then": then, "reason": ""})
    assert "“Luteal phase” is approved" in messages_of(response)[0]
    assert Term.objects.with_state().get().state == state


def test_a_reviewer_approves_for_a_time_with_the_zone_said(review: Review, reviewer: User) -> None:
    desk = signed_in(reviewer)
    assert "Time (UTC)" in text_of(desk.get(page_of(review)))
    missing = desk.post(page_of(review), {"_approve": "1", "then": "later", "due_at": ""})
    assert "Enter when to publish it" in text_of(missing)
    past = desk.post(page_of(review), {"_approve": "1", "then": "later", "due_at": "2020-01-01T10:00"})
    assert "has passed" in text_of(past)
    assert Review.objects.open().exists()
    response = desk.post(page_of(review), {"_approve": "1", "then": "later", "due_at": "2100-01-02T10:30"})
    assert messages_of(response) == ["“Luteal phase” is approved, and will be published on 2 January 2100, 10:30 UTC."]
    term = Term.objects.with_state().get()
    assert term.state == Term.State.APPROVED
    assert "public from" in text_of(desk.get(reverse("admin:glossary_term_changelist")))
    assert "Cancel schedule" in text_of(desk.get(change_url(term)))


def test_a_reviewer_sends_back_with_a_reason(review: Review, reviewer: User, editor: User) -> None:
    desk = signed_in(reviewer)
    assert "This field is required" in text_of(desk.post(page_of(review), {"_send_back": "1", "reason": " "}))
    response = desk.post(page_of(review), {"_send_back": "1", "reason": "Name the receptor"})
    assert messages_of(response) == ["“Luteal phase” was sent back to its authors."]
    page = text_of(signed_in(editor).get(change_url(review.term)))
    assert "Rafael Lindqvist asked for changes to revision 3: “Name the receptor”" in page
    late = desk.post(page_of(review), {"_approve": "1", "then": "now"})
    assert "This review is over: changes requested" in messages_of(late)[0]
    assert not Approval.objects.filter(review=review).exists()


def test_an_approval_for_a_time_replaces_no_schedule_unseen(
    term: Term, editor: User, second_editor: User, reviewer: User, at: datetime
) -> None:
    # What was approved earlier is to be public at a time, and a newer revision is in review.
    first = Term.objects.get(pk=term.pk).revisions.get(number=1)
    review = submit_term(term=term, by=editor, at=at)
    desk = signed_in(reviewer)
    typed = decision_shown_by(desk.get(page_of(review))) | {"_approve": "1", "then": "later"}
    typed |= {"due_at": "2100-03-28T02:30", "reason": "The new guideline"}
    schedule_publication(term=term, revision=first, due_at=at + timedelta(days=30_000), by=second_editor, at=at)
    stale = desk.post(page_of(review), typed)
    words = "Emil Sørensen scheduled revision 1 for"
    assert words in text_of(stale)
    assert Review.objects.open().get() == review
    assert ScheduledChange.objects.get().created_by == second_editor
    again = decision_shown_by(stale)
    assert (again["due_at"], again["reason"]) == (typed["due_at"], typed["reason"])
    # A page that is opened now says it before anything is pressed.
    assert f"{words} 21 April 2108" in text_of(desk.get(page_of(review)))
    desk.post(page_of(review), again | {"_approve": "1"})
    assert ScheduledChange.objects.get(done_at__isnull=True).created_by == reviewer


def decision_shown_by(response: Any) -> dict[str, str]:
    return {field.html_name: field.value() or "" for field in response.context["approve_form"]}


def test_authors_answer_what_was_sent_back_and_the_next_round_shows_it(
    review: Review, editor: User, reviewer: User, at: datetime
) -> None:
    User.objects.filter(pk=reviewer.pk).update(email="rafael@example.org")
    reviewer.refresh_from_db()
    comment_on_review(review=review, section="mechanism", text="Which receptor?", by=reviewer, at=at)
    send_back(review=review, by=reviewer, at=at, reason="Name the receptor")
    desk = signed_in(editor)
    assert "Add comment" in text_of(desk.get(page_of(review)))
    answer = {"_comment": "mechanism", "section": "mechanism", "text": "The nuclear one."}
    assert desk.post(page_of(review), answer).status_code == 302
    assert OutboundEmail.objects.filter(to=reviewer.email, subject="Answered: Luteal phase").count() == 1
    term = save_term(document=document(mechanism="<p>By its receptor.</p>"), by=editor, at=at, term=review.term).term
    # Still: what is asked is answered until the term is submitted anew.
    desk.post(page_of(review), answer | {"text": "See revision 4."})
    second = submit_term(term=term, by=editor, at=at)
    page = signed_in(reviewer).get(page_of(second))
    said = {section.name: [each.text for each in section.comments] for section in page.context["sections"]}
    assert said["mechanism"] == ["Which receptor?", "The nuclear one.", "See revision 4."]
    assert "Name the receptor" in text_of(page)
    assert "on revision 3" in text_of(page)
    # That round is over now, and so is a review that was approved.
    desk.post(page_of(review), answer | {"text": "Too late."})
    approve_review(review=second, by=reviewer, at=at)
    desk.post(page_of(second), answer | {"text": "Too late."})
    assert not ReviewComment.objects.filter(text="Too late.").exists()
    # What was approved ends the discussion: the next review begins without it.
    term = save_term(document=document(mechanism="<p>By both.</p>"), by=editor, at=at, term=review.term).term
    third = signed_in(reviewer).get(page_of(submit_term(term=term, by=editor, at=at)))
    assert all(not section.comments for section in third.context["sections"])


def test_each_author_reads_why_and_a_forged_approval_is_refused(
    review: Review, editor: User, second_editor: User
) -> None:
    root = person("root", "Ruth Oyelaran", superuser=True)
    for author in (editor, second_editor):
        author.groups.add(Group.objects.get(name="Clinical reviewers"))
        page = text_of(signed_in(author).get(page_of(review)))
        other = "Emil Sørensen" if author == editor else "Edith Okafor"
        assert (
            f"You changed this term after its last approval (and so did {other}), so another reviewer has to decide."
        ) in page
        assert 'name="_approve"' not in page
        before = (Event.objects.count(), Approval.objects.count())
        forged = signed_in(author).post(page_of(review), {"_approve": "1", "then": "now"})
        assert forged.status_code == 403
        assert (Event.objects.count(), Approval.objects.count()) == before
        assert Review.objects.open().get() == review
    assert PublishedEntry.objects.get().revision.number == 1
    assert 'name="_approve"' in text_of(signed_in(root).get(page_of(review)))


def typed(**fields: str) -> dict[str, Any]:
    """Return everything that the one form of a review sends: an empty comment for each section, and ``fields``.

    A comment is given by its section, and the reason for sending back as ``send_back``.
    """
    sections = list(ReviewComment.Section.values)
    texts = [fields.pop(section, "") for section in sections]
    data = {"section": sections, "text": texts, "then": "now", "due_at": "", "reason": ""}
    return data | {"send_back-reason": fields.pop("send_back", "")} | fields


def shown_comments(response: Any) -> dict[str, str]:
    forms = {section.name: section.form["text"].value() for section in response.context["sections"]}
    return {name: text for name, text in forms.items() if text}


def test_a_decision_takes_the_comments_that_are_typed_with_it(review: Review, reviewer: User) -> None:
    desk = without_pages(reviewer)
    desk.post(page_of(review), typed(_approve="1", mechanism="Which receptor?", origin="Fine."))
    assert {comment.section: comment.text for comment in review.comments.all()} == {
        "mechanism": "Which receptor?",
        "origin": "Fine.",
    }
    assert not Review.objects.open().exists()


def test_a_comment_leaves_everything_else_as_it_was_typed(review: Review, reviewer: User) -> None:
    desk = signed_in(reviewer)
    data = typed(
        _comment="mechanism",
        mechanism="Which?",
        origin="Half a thou",
        then="later",
        due_at="2100-01-02T10:30",
        reason="Because",
        send_back="Perhaps",
    )
    page = desk.post(page_of(review), data)
    assert [comment.text for comment in review.comments.all()] == ["Which?"]
    assert shown_comments(page) == {"origin": "Half a thou"}
    assert page.context["approve_form"]["reason"].value() == "Because"
    assert page.context["approve_form"]["then"].value() == "later"
    assert 'value="2100-01-02T10:30"' in text_of(page)
    assert page.context["send_back_form"]["reason"].value() == "Perhaps"
    assert "This field is required" not in text_of(page)
    # Sent again by reloading the page, it isn't added twice.
    desk.post(page_of(review), data)
    assert review.comments.count() == 1


def test_a_switch_leaves_everything_as_it_was_typed(review: Review, reviewer: User, editor: User) -> None:
    page = without_pages(reviewer).post(page_of(review), typed(_off="Luteal phase", origin="Half", send_back="Perhaps"))
    assert messages_of(page) == ["Mentions of “Luteal phase” are no longer linked to this term."]
    assert shown_comments(page) == {"origin": "Half"}
    assert page.context["send_back_form"]["reason"].value() == "Perhaps"
    assert review.term.unlinked_names.count() == 1
    without_pages(reviewer).post(page_of(review), typed(_on="Luteal phase"))
    assert review.term.unlinked_names.count() == 0


def test_a_switch_leaves_the_question_to_the_reviewer(term: Term, editor: User, reviewer: User) -> None:
    data = {"note": "Is this so?", "reviewer": reviewer.pk, "revision": "3", "_off": "Luteal phase"}
    page = signed_in(editor).post(step("submit", term), data)
    assert "no longer linked to this term" in messages_of(page)[0]
    form = page.context["form"]
    shown = (form["note"].value(), str(form["reviewer"].value()), form["revision"].value())
    assert shown == ("Is this so?", str(reviewer.pk), "3")
    assert "This field is required" not in text_of(page)
    assert not Review.objects.open().exists()
    assert term.unlinked_names.count() == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (typed(_approve="1", send_back="Perhaps"), "which is not sent with an approval"),
        (typed(_send_back="1", send_back="No", reason="Because"), "fields that only an approval uses"),
        (typed(_approve="1", due_at="2100-01-02T10:30"), "or clear the time"),
        (typed(_approve="1", origin="x" * 2001), "at most 2000 characters"),
    ],
    ids=["reason", "publication", "time", "long"],
)
def test_a_decision_that_would_drop_something_is_not_taken(
    review: Review, reviewer: User, data: dict[str, Any], said: str
) -> None:
    page = signed_in(reviewer).post(page_of(review), data)
    assert said in text_of(page)
    assert Review.objects.open().get() == review
    assert not review.comments.exists()
    for words in ("Perhaps", "Because", "2100-01-02T10:30", "x" * 2001):
        assert (words in text_of(page)) == (words in str(data))


def test_what_was_typed_is_shown_when_the_review_is_over(review: Review, reviewer: User) -> None:
    root = person("root", "Ruth Oyelaran", superuser=True)
    withdraw_review(review=review, by=root, at=timezone.now())
    page = signed_in(reviewer).post(page_of(review), typed(_approve="1", mechanism="Which?", reason="Because"))
    assert "This review is over" in messages_of(page)[0]
    assert page.context["unsent"] == [("Comment on Mechanism", "Which?"), ("Why this revision?", "Because")]
    assert "What you wrote was not sent" in text_of(page)
    assert not review.comments.exists()


def test_who_may_not_review_reads_and_comments_and_decides_nothing(review: Review, editor: User) -> None:
    desk = signed_in(editor)
    assert 'name="_approve"' not in text_of(desk.get(page_of(review)))
    for data in ({"_approve": "1", "then": "now"}, {"_send_back": "1", "reason": "x"}):
        assert desk.post(page_of(review), data).status_code == 403
    assert Review.objects.open().get() == review


# -- Publishing at a time, retiring at a time, and calling off ------------------------------------------------------


def test_what_is_approved_is_published_at_a_time_and_called_off(
    review: Review, editor: User, reviewer: User, at: datetime
) -> None:
    approve_review(review=review, by=reviewer, at=at)
    desk = signed_in(editor)
    assert "Publish at (UTC)" in text_of(desk.get(step("schedule", review.term)))
    response = desk.post(step("schedule", review.term), {"due_at": "2100-01-02T10:30", "revision": 3}, follow=True)
    assert messages_of(response) == ["Revision 3 of “Luteal phase” will be published on 2 January 2100, 10:30 UTC."]
    assert "Revision 3 will be published on 2 January 2100, 10:30 UTC, scheduled by Edith Okafor." in text_of(response)
    change = ScheduledChange.objects.get()
    response = desk.post(step("unschedule", review.term, change.pk))
    assert messages_of(response) == ["The schedule was cancelled."]
    again = desk.post(step("unschedule", review.term, change.pk))
    assert "The schedule can no longer be cancelled: cancelled by Edith Okafor." in messages_of(again)[0]
    assert desk.post(step("unschedule", review.term, 999)).status_code == 404


def shown_by(response: Any) -> dict[str, str]:
    """Return what the form of a step would send, with what was typed in it."""
    form = response.context["form"]
    return {field.html_name: field.value() or "" for field in form}


def test_a_stale_page_schedules_no_other_revision_and_replaces_nobodys_schedule(
    review: Review, editor: User, second_editor: User, reviewer: User, at: datetime
) -> None:
    term = review.term
    approve_review(review=review, by=reviewer, at=at)
    desk = signed_in(editor)
    typed = shown_by(desk.get(step("schedule", term))) | {"due_at": "2100-03-28T02:30", "reason": "The new guideline"}
    head = term.head
    assert head
    renamed = parse_document(head.document | {"title": "Luteal phase again"})
    save_term(document=renamed, by=second_editor, at=at, term=term)
    stale = desk.post(step("schedule", term), typed)
    assert "Emil Sørensen saved revision 4." in text_of(stale)
    assert not ScheduledChange.objects.exists()
    # What was typed is still there, and the page is about what is true now: the next press does it.
    again = shown_by(stale)
    assert (again["due_at"], again["reason"], str(again["revision"])) == (typed["due_at"], typed["reason"], "4")
    early = signed_in(second_editor)
    early.post(step("schedule", term), shown_by(early.get(step("schedule", term))) | {"due_at": "2100-03-01T08:00"})
    stale = desk.post(step("schedule", term), again)
    words = "Emil Sørensen scheduled revision 4 for 1 March 2100, 08:00 UTC. This would replace it."
    assert words in text_of(stale)
    assert ScheduledChange.objects.get().created_by == second_editor
    assert words in text_of(desk.get(step("schedule", term)))
    done = desk.post(step("schedule", term), shown_by(stale))
    assert messages_of(done) == ["Revision 4 of “Luteal phase again” will be published on 28 March 2100, 02:30 UTC."]
    assert ScheduledChange.objects.get(done_at__isnull=True).created_by == editor


def test_a_stale_page_replaces_no_retirement_and_withdraws_no_other_review(
    review: Review, editor: User, reviewer: User, at: datetime
) -> None:
    term = review.term
    desk = signed_in(reviewer)
    typed = shown_by(desk.get(step("retire", term))) | {"reason": "Merged", "due_at": "2100-03-28T02:30"}
    schedule_retirement(term=term, due_at=at + timedelta(days=3_650), by=reviewer, at=at, reason="Old")
    stale = desk.post(step("retire", term), typed)
    assert "This would replace it" in text_of(stale)
    assert ScheduledChange.objects.get().reason == "Old"
    assert desk.post(step("retire", term), shown_by(stale)).status_code == 302
    assert ScheduledChange.objects.get(done_at__isnull=True).reason == "Merged"
    withdraw_review(review=review, by=editor, at=at)
    newer = submit_term(term=Term.objects.get(pk=term.pk), by=editor, at=at)
    response = signed_in(editor).post(step("withdraw", term), {"review": review.pk})
    assert "was submitted again after you opened this page" in messages_of(response)[0]
    assert Review.objects.open().get() == newer


def test_a_term_is_retired_at_a_time_by_reviewers_only(term: Term, editor: User, reviewer: User) -> None:
    data = {"reason": "Merged", "due_at": "2100-01-02T10:30"}
    assert signed_in(editor).post(step("retire", term), data).status_code == 403
    desk = signed_in(reviewer)
    response = desk.post(step("retire", term), data)
    assert messages_of(response) == ["“Luteal phase” will be retired on 2 January 2100, 10:30 UTC."]
    change = ScheduledChange.objects.get()
    assert (change.verb, change.reason) == ("retire", "Merged")
    assert signed_in(editor).post(step("unschedule", term, change.pk)).status_code == 403
    assert "Cancel schedule" not in text_of(signed_in(editor).get(change_url(term)))
    assert desk.post(step("unschedule", term, change.pk)).status_code == 302


# -- Emergencies -------------------------------------------------------------------------------------------------------


def test_only_a_superuser_publishes_without_review_and_says_why(term: Term, editor: User, reviewer: User) -> None:
    root = signed_in(person("root", "Ruth Oyelaran", superuser=True))
    for user in (editor, reviewer):
        assert "Publish without review" not in text_of(signed_in(user).get(change_url(term)))
        data = {"reason": "Forged", "revision": 3}
        assert signed_in(user).post(step("emergency", term), data).status_code == 403
    assert "Publish without review…" in text_of(root.get(change_url(term)))
    assert "This field is required" in text_of(root.post(step("emergency", term), {"reason": " ", "revision": 3}))
    stale = root.post(step("emergency", term), {"reason": "Wrong dose", "revision": 2})
    assert "Something changed while this page was open." in text_of(stale)
    assert "saved revision 3." in text_of(stale)
    assert PublishedEntry.objects.get().revision.number == 1
    root.post(step("emergency", term), {"reason": "Wrong dose", "revision": 3})
    approval = PublishedEntry.objects.get().approval
    assert approval
    assert (approval.emergency, approval.reason, approval.approved_by_name) == (True, "Wrong dose", "Ruth Oyelaran")
    page = text_of(signed_in(editor).get(change_url(term)))
    assert "Ruth Oyelaran published it without review: “Wrong dose” It needs a review." in page
    assert "Submit for review…" in page
    assert "Not reviewed" in text_of(signed_in(editor).get(reverse("admin:glossary_term_changelist")))


def test_a_permission_alone_makes_no_emergency(term: Term, editor: User) -> None:
    editor.user_permissions.add(Permission.objects.get(codename="emergency_publish_term"))
    response = without_pages(editor).post(step("emergency", term), {"reason": "Forged", "revision": 3})
    assert response.status_code == 403


# -- Credentials -------------------------------------------------------------------------------------------------------


def test_a_superuser_says_what_stands_behind_a_name(reviewer: User, review: Review) -> None:
    root = signed_in(person("root", "Ruth Oyelaran", superuser=True))
    url = reverse("admin:auth_user_change", args=[reviewer.pk])
    root.post(url, {"again-password": "root", "again-nothing-kept": "1"})
    form = root.get(url).context["adminform"].form
    data = {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False)}
    data |= {
        "date_joined_0": "2026-01-01",
        "date_joined_1": "10:00:00",
        "groups": [g.pk for g in reviewer.groups.all()],
    }
    data |= {"credentials-TOTAL_FORMS": 1, "credentials-INITIAL_FORMS": 0, "credentials-0-text": "MD, endocrinologist"}
    assert root.post(url, data | {"credentials-0-user": reviewer.pk}).status_code == 302
    assert Credentials.objects.get().text == "MD, endocrinologist"
    assert "MD, endocrinologist" in text_of(root.get(reverse("admin:auth_user_changelist")))
    signed_in(reviewer).post(page_of(review), {"_approve": "1", "then": "now"})
    assert Approval.objects.get(review=review).credentials == "MD, endocrinologist"


# -- Many at once ------------------------------------------------------------------------------------------------------


def messages_after(client: Client, action: str, *terms: Term, **data: Any) -> list[str]:
    selected = {"action": action, "_selected_action": [term.pk for term in terms]}
    return messages_of(client.post(reverse("admin:glossary_term_changelist"), selected | data))


def test_many_are_submitted_after_a_question_and_each_is_reported(
    review: Review, editor: User, reviewer: User, at: datetime
) -> None:
    new = save_term(document=document("New"), by=editor, at=at).term
    desk = signed_in(editor)
    url = reverse("admin:glossary_term_changelist")
    selection = {"action": "submit_selected", "_selected_action": [review.term_id, new.pk]}
    assert "Submit terms for review" in text_of(desk.post(url, selection))
    assert not new.reviews.exists()
    answer = {"confirmed": "1", "note": "Both", "reviewer": reviewer.pk}
    assert messages_after(desk, "submit_selected", review.term, new, **answer) == [
        "“Luteal phase” is already in review.",
        "Submitted for review: “New”.",
    ]
    assert new.reviews.get().note == "Both"


def test_many_are_tagged_and_what_is_in_review_is_left_alone(
    review: Review, editor: User, reviewer: User, at: datetime
) -> None:
    one = save_term(document=document("One", tags=["Cycle"]), by=editor, at=at).term
    two = save_term(document=document("Two"), by=editor, at=at).term
    desk = without_pages(editor)
    answer = {"confirmed": "1", "name": "cycle", "note": "Topics tidied"}
    assert messages_after(desk, "tag_selected", review.term, one, two, **answer) == [
        "Not changed, because they are in review: “Luteal phase”.",
        "Added the tag “cycle”: “Two”.",
        "Already had the tag: “One”.",
    ]
    head = two.revisions.latest("number")
    assert (head.number, head.document["tags"], head.note) == (2, ["Cycle"], "Topics tidied")
    assert Review.objects.open().get() == review
    assert messages_after(without_pages(reviewer), "tag_selected", two, **answer) == ["No action selected."]


def shown_on(response: Any) -> dict[str, Any]:
    """Return what the form of a page about many terms sends."""
    fields = {field.html_name: field.value() or "" for field in response.context["form"]}
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text_of(response))
    return fields | {name: value for name, value in hidden if name != "csrfmiddlewaretoken"}


def many(editor: User, at: datetime, number: int, **fields: Any) -> list[Term]:
    documents = [document(f"Term {each:03}", **fields) for each in range(1, number + 1)]
    return [saved.term for saved in save_terms(documents=documents, by=editor, at=at)]


LIST = "/admin/glossary/term/"


def test_what_changed_since_its_page_was_shown_is_left_out_and_named(
    editor: User, second_editor: User, at: datetime
) -> None:
    one, two, three = many(editor, at, 3)
    desk = signed_in(editor)
    page = desk.post(LIST, {"action": "submit_selected", "_selected_action": [one.pk], "select_across": "1"})
    answer = shown_on(page) | {"note": "Three"}
    save_term(document=document("Term 002", origin="<p>Greek.</p>"), by=second_editor, at=at, term=two)
    # What came since isn't meant either.
    save_term(document=document("Term 004"), by=editor, at=at)
    assert messages_of(desk.post(LIST, answer)) == [
        "Not changed, because somebody else changed them in the meantime: “Term 002”.",
        "Submitted for review: “Term 001” and “Term 003”.",
    ]
    assert set(Review.objects.open().values_list("term", flat=True)) == {one.pk, three.pk}
    # A page that is sent a second time does nothing twice.
    again = messages_of(desk.post(LIST, answer))
    assert again == [
        "Not changed, because somebody else changed them in the meantime: “Term 001”, “Term 002” and “Term 003”."
    ]


def test_the_page_about_many_terms_is_short_and_the_work_goes_in_pieces(
    editor: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PIECE", 30)
    terms = many(editor, at, 70, tags=["cycle"])
    desk = signed_in(editor)
    selection = {"action": "tag_selected", "_selected_action": [terms[0].pk], "select_across": "1"}
    page = desk.post(f"{LIST}?tag=cycle", selection)
    text = text_of(page)
    assert "70 terms" in text
    assert "and 20 more" in text
    assert text.count('<span class="state state--draft">Draft</span>') == 51
    assert text.index('type="submit" class="default"') < text.index("Term 001")
    first = desk.post(f"{LIST}?tag=cycle", shown_on(page) | {"name": "fertility", "note": "Tidied"})
    assert "30 of 70 terms" in text_of(first)
    assert Term.objects.filter(tags__name="fertility").count() == 30
    second = desk.post(f"{LIST}?tag=cycle", shown_on(first))
    assert "60 of 70 terms" in text_of(second)
    (told,) = messages_of(desk.post(f"{LIST}?tag=cycle", shown_on(second)))
    assert told.startswith("Added the tag “fertility”: “Term 001”, “Term 002”,")
    assert told.endswith("“Term 050” and 20 more.")
    assert Term.objects.filter(tags__name="fertility").count() == 70
    assert Revision.objects.filter(note="Tidied").count() == 70


def test_what_was_done_to_many_is_undone(
    term: Term, review: Review, editor: User, second_editor: User, at: datetime
) -> None:
    one, two = many(editor, at, 2, tags=["Cycle", "fertility"])
    desk = signed_in(editor)

    def act(action: str, *selected: Term, **answer: Any) -> list[str]:
        return messages_after(desk, action, *selected, **answer, confirmed="1")

    assert act("withdraw_selected", term, one, reason="By mistake") == [
        "Withdrawn from review: “Luteal phase”.",
        "Were not in review: “Term 001”.",
    ]
    review.refresh_from_db()
    assert (review.status, review.reason) == ("withdrawn", "By mistake")
    assert act("untag_selected", term, one, name="cycle") == [
        "Removed the tag “cycle”: “Term 001”.",
        "Didn't carry the tag: “Luteal phase”.",
    ]
    assert one.revisions.latest("number").document["tags"] == ["fertility"]
    page = desk.post(LIST, {"action": "untag_selected", "_selected_action": [one.pk], "confirmed": "1", "name": "xyz"})
    assert "There is no such tag." in text_of(page)
    assert act("own_selected", one, two, owner=second_editor.pk) == ["Owner changed: “Term 001” and “Term 002”."]
    assert set(Term.objects.filter(owner=second_editor)) == {one, two}
    assert act("own_selected", one, owner="") == ["Owner changed: “Term 001”."]


def test_a_tag_is_merged_into_another(editor: User, reviewer: User, at: datetime) -> None:
    one, two = many(editor, at, 2, tags=["Cycle", "cycles"])
    three = save_term(document=document("Three", tags=["cycles"]), by=editor, at=at).term
    tag = Tag.objects.get(name="cycles")
    desk = signed_in(editor)
    merge = reverse("admin:glossary_term_merge_tag", args=[tag.pk])
    assert merge in text_of(desk.get(reverse("admin:taggit_tag_change", args=[tag.pk])))
    page = desk.get(merge)
    assert "3 terms" in text_of(page)
    assert "Choose a tag other than" in text_of(desk.post(LIST, shown_on(page) | {"name": "Cycles"}))
    told = messages_of(desk.post(LIST, shown_on(page) | {"name": "Cycle"}))
    assert told == ["Tag replaced: “Term 001”, “Term 002” and “Three”."]
    assert {tuple(each.revisions.latest("number").document["tags"]) for each in (one, two, three)} == {("Cycle",)}
    assert signed_in(reviewer).get(merge).status_code == 403


def test_the_filter_by_tag_is_bounded_and_searched(editor: User, at: datetime) -> None:
    save_terms(
        documents=[document(f"T {each}", tags=["all", f"tag {each:02}"]) for each in range(30)], by=editor, at=at
    )
    desk = signed_in(editor)

    def offered(**query: str) -> list[str]:
        (spec,) = [each for each in desk.get(LIST, query).context["cl"].filter_specs if each.title == "tag"]
        return [str(choice["display"]) for choice in spec.choices(desk.get(LIST, query).context["cl"])]

    assert offered()[:2] == ["All", "all (30)"]
    assert len(offered()) == 21
    assert offered(tag_like="TAG 2") == ["All", *(f"tag {each} (1)" for each in range(20, 30))]
    assert offered(tag_like="xyz") == ["All"]
    # As people count, where they are as frequent, and where they aren't counted.
    save_terms(documents=[document("Types", tags=["type 10", "Type 2", "type 1"])], by=editor, at=at)
    assert offered(tag_like="type") == ["All", "type 1 (1)", "Type 2 (1)", "type 10 (1)"]
    names = desk.get(reverse("admin:glossary_term_tags"), {"term": "type"}).json()["results"]
    assert [name["text"] for name in names] == ["type 1", "Type 2", "type 10"]
    page = desk.get(LIST, {"tag": "tag-29", "tag_like": "tag 0", "state": "draft"})
    assert page.context["cl"].result_count == 1
    text = text_of(page)
    assert '<input type="hidden" name="state" value="draft">' in text
    assert 'name="tag_like" value="tag 0"' in text
    assert re.search(r'class="selected">\s*<a href="[^"]*tag=tag-29[^"]*">tag 29 \(1\)</a>', text)


# -- Queues ------------------------------------------------------------------------------------------------------------


def test_the_front_page_shows_each_role_its_own_queue(
    term: Term, review: Review, editor: User, reviewer: User, at: datetime
) -> None:
    def front(user: User) -> dict[str, list[str]]:
        page = without_pages(user).get(reverse("admin:index"))
        return {item.queue.name: [str(term) for term in item.terms] for item in page.context["waiting"] if item.count}

    save_term(document=document("My draft"), by=editor, at=at)
    old = save_term(document=document("Old"), by=editor, at=at).term
    approve(term=old, by=reviewer, at=timezone.now() - timedelta(days=1000), publish=True)
    emergency = save_term(document=document("Emergency"), by=editor, at=at).term
    publish_unreviewed(term=emergency, by=editor, at=at)
    assert front(editor) == {"drafts": ["My draft"], "submitted": ["Luteal phase"], "mine_overdue": ["Old"]}
    assert front(reviewer) == {"waiting": ["Luteal phase"], "overdue": ["Old"]}
    send_back(review=review, by=reviewer, at=at, reason="Name it")
    assert front(editor)["sent_back"] == ["Luteal phase"]
    assert front(reviewer) == {"overdue": ["Old"]}
    assert front(person("root", "Ruth Oyelaran", superuser=True)) == {"overdue": ["Old"], "unreviewed": ["Emergency"]}
    assert front(person("olga", "Olga Brandt", "Site operators")) == {}
    assert front(person("stan", "Stan Doe")) == {}


def test_the_front_page_shows_changes_of_published_terms_and_what_was_submitted_to_those_who_made_them(
    term: Term, editor: User, second_editor: User, reviewer: User, at: datetime
) -> None:
    """``term`` belongs to ``editor``, and ``second_editor`` saved its newest revision."""
    front = reverse("admin:index")

    def waiting(user: User) -> dict[str, list[str]]:
        page = without_pages(user).get(front)
        return {item.queue.name: [str(term) for term in item.terms] for item in page.context["waiting"] if item.count}

    for user in (editor, second_editor):
        assert waiting(user) == {"drafts": ["Luteal phase"]}
        assert "You have no drafts" not in text_of(signed_in(user).get(front))
    review = submit_term(term=term, by=second_editor, at=at)
    for user in (editor, second_editor):
        assert waiting(user) == {"submitted": ["Luteal phase"]}
    approve_review(review=review, by=reviewer, at=at)
    for user in (editor, second_editor):
        assert waiting(user) == {"ready": ["Luteal phase"]}


def test_a_schedule_that_failed_stays_in_its_queue_until_somebody_mends_it(
    term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    root = person("root", "Ruth Oyelaran", superuser=True)
    url = reverse("admin:glossary_term_changelist")
    Event.objects.create(term=term, verb="failed", created_at=at, created_by_name="Schedule")

    def failed() -> list[Term]:
        return list(without_pages(root).get(url, {"queue": "failed"}).context["cl"].result_list)

    assert failed() == [term]
    approve(term=term, by=reviewer, at=at, publish=True)
    assert failed() == []


def test_the_list_filters_by_queue_and_counts(
    term: Term, review: Review, editor: User, reviewer: User, at: datetime
) -> None:
    save_term(document=document("My draft"), by=editor, at=at)
    url = reverse("admin:glossary_term_changelist")

    def counted(user: User) -> dict[str, str]:
        changelist = without_pages(user).get(url).context["cl"]
        found = {}
        for spec in changelist.filter_specs:
            for choice in list(spec.choices(changelist))[1:]:
                found[choice["query_string"].lstrip("?")] = str(choice["display"])
        return found

    mine, theirs = counted(editor), counted(reviewer)
    assert mine["queue=drafts"] == "My drafts and changes (1)"
    assert mine["queue=mine"] == "Mine (2)"
    assert mine["state=in_review"] == "In review (1)"
    assert "queue=waiting" not in mine
    assert theirs["queue=waiting"] == "Waiting for me (1)"
    found = without_pages(reviewer).get(url, {"queue": "waiting"}).context["cl"].result_list
    assert list(found) == [term]
    assert without_pages(reviewer).get(url, {"queue": "nonsense"}).context["cl"].result_count == 2


def test_the_list_says_who_holds_a_term(review: Review, editor: User, reviewer: User, at: datetime) -> None:
    desk, url = signed_in(editor), reverse("admin:glossary_term_changelist")
    assert "any reviewer" in text_of(desk.get(url))
    comment_on_review(review=review, section="general", text="x", by=reviewer, at=at)
    send_back(review=review, by=reviewer, at=at, reason="x")
    assert '<td class="field-held_by">Edith Okafor</td>' in text_of(desk.get(url))


@pytest.mark.slow
@pytest.mark.database
def test_the_list_of_ten_thousand_terms_opens_within_twelve_queries(
    editor: User, reviewer: User, at: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    whole = document()
    made = Term.objects.bulk_create(
        (
            Term(title=f"Term {number:05}", slug=f"term-{number}", definition="<p>x</p>", owner=editor)
            for number in range(10_000)
        ),
        batch_size=1000,
    )
    Revision.objects.bulk_create(
        (
            Revision(
                term=term,
                number=1,
                document=whole.as_json(),
                sha256="0" * 64,
                created_at=at,
                created_by=editor,
                created_by_name="Edith Okafor",
            )
            for term in made
        ),
        batch_size=1000,
    )
    first = Revision.objects.filter(term=OuterRef("pk")).values("pk")[:1]
    Term.objects.update(head=Subquery(first), next_review_date=at.date())
    for title in ("One", "Two"):
        tagged = save_term(document=document(title, tags=["a", "b"]), by=editor, at=at).term
    submit_term(term=tagged, by=editor, at=at)
    with connection.cursor() as cursor:
        # What the database does by itself a minute later. Statistics of nearly empty tables mislead it for minutes.
        cursor.execute("ANALYZE")
    for desk in (signed_in(editor), signed_in(reviewer)):
        for query in ({}, {"queue": "mine"}, {"state": "draft", "tag": "a"}, {"q": "term 0999"}, {"p": "100"}):
            with django_assert_max_num_queries(12):
                page = desk.get(reverse("admin:glossary_term_changelist"), query)
            assert page.status_code == 200
    # More than it leads to: it says so, and doesn't count what each filter would leave of them.
    assert page.context["cl"].result_count == 10_000
    assert "Only the first 10,000 terms are listed." in text_of(page)
    assert "10000" not in text_of(page)
    assert "Select all 10,000 terms" in text_of(page)
    page = signed_in(editor).get(reverse("admin:glossary_term_changelist"), {"q": "term 0"})
    assert "10,000 results" in text_of(page)
    assert 'title="Draft"' not in text_of(page)
    assert re.search(r">Draft</a>", text_of(page))
    assert re.search(r">Draft \(1\)</a>", text_of(desk.get(reverse("admin:glossary_term_changelist"), {"q": "One"})))


def test_the_form_opens_within_twenty_queries_in_every_state(
    review: Review, editor: User, reviewer: User, at: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    desk = signed_in(editor)
    desk.get(change_url(review.term))  # content types are kept from now on
    with django_assert_max_num_queries(20):
        desk.get(change_url(review.term))
    approve_review(review=review, by=reviewer, at=at, publish_at=at + timedelta(days=1))
    with django_assert_max_num_queries(20):
        desk.get(change_url(review.term))
    desk = signed_in(reviewer)
    with django_assert_max_num_queries(20):
        desk.get(page_of(review))


def test_an_id_stands_once_on_the_page_of_a_review(review: Review, reviewer: User) -> None:
    desk = signed_in(reviewer)
    for page in (desk.get(page_of(review)), desk.post(page_of(review), {"_comment": "1", "section": "origin"})):
        ids = re.findall(r' id="([^"]+)"', text_of(page))
        assert len(ids) == len(set(ids)), sorted(name for name in ids if ids.count(name) > 1)
