"""The review cycle: what is due is done once, what is overdue is told once, and emails go out or are tried again."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from glossary.actions import (
    NotDismissible,
    approve_review,
    dismiss_concern,
    plan_review,
    publish_term,
    remind_of_overdue,
    restore_revision,
    retire_term,
    save_term,
    schedule_retirement,
    send_back,
    send_emails,
    submit_term,
)
from glossary.models import Concern, ContentVersion, Event, OutboundEmail, Program, PublishedEntry, Term
from tests.glossary.builders import approve, document, publish_unreviewed
from tests.people import person

pytestmark = pytest.mark.django_db

CLOCK = Program("Schedule")
OVERDUE = timedelta(days=800)


@pytest.fixture(autouse=True)
def _addresses(editor: User, reviewer: User) -> None:
    for user in (editor, reviewer):
        user.email = f"{user.username}@example.org"
        user.save()


def published(title: str, *, by: User, reviewer: User, at: datetime, **fields: object) -> Term:
    """Return a term that ``by`` wrote and looks after, reviewed and published."""
    term = save_term(document=document(title, **fields), by=by, at=at).term
    approve(term=term, by=reviewer, at=at, publish=True)
    return Term.objects.get(pk=term.pk)


def emails() -> list[tuple[str, str]]:
    return list(OutboundEmail.objects.order_by("pk").values_list("to", "subject"))


# -- Letters ----------------------------------------------------------------------------------------------------------


def test_each_step_of_a_review_tells_whom_it_concerns(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    send_back(review=submit_term(term=term, by=editor, at=at, reviewer=reviewer), by=reviewer, at=at, reason="Dose?")
    approve_review(review=submit_term(term=term, by=editor, at=at, reviewer=reviewer), by=reviewer, at=at)
    assert emails() == [
        ("rafael@example.org", "For your review: Luteal phase"),
        ("edith@example.org", "Changes requested: Luteal phase"),
        ("rafael@example.org", "For your review: Luteal phase"),
        ("edith@example.org", "Approved: Luteal phase"),
    ]
    body = OutboundEmail.objects.all()[1].body
    assert f"{settings.SITE_URL}/admin/glossary/term/{term.pk}/change/" in body
    assert "Dose?" not in body, "what is said about a term stays at the desk"


def test_a_letter_that_was_not_saved_with_its_cause_is_not_sent(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    review = submit_term(term=term, by=editor, at=at)
    save_term(document=document(origin="<p>Greek.</p>"), by=editor, at=at, term=term)
    with pytest.raises(Exception, match="over"):
        approve_review(review=review, by=reviewer, at=at)
    assert emails() == []


def test_people_without_an_address_and_closed_accounts_get_no_letter(
    editor: User, reviewer: User, at: datetime
) -> None:
    User.objects.filter(pk=reviewer.pk).update(email="")
    User.objects.filter(pk=editor.pk).update(is_active=False)
    term = save_term(document=document(), by=editor, at=at).term
    reviewer.refresh_from_db()
    submit_term(term=term, by=editor, at=at, reviewer=reviewer)
    term.refresh_from_db()
    assert term.review
    send_back(review=term.review, by=reviewer, at=at, reason="x")
    assert emails() == []


def test_letters_are_sent_once(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    submit_term(term=term, by=editor, at=at, reviewer=reviewer)
    assert send_emails(at=at).sent == 1
    assert send_emails(at=at + timedelta(days=1)).sent == 0
    [message] = mail.outbox
    assert message.to == ["rafael@example.org"]
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


class Unreachable(EmailBackend):
    """A mail server that isn't there."""

    def open(self) -> bool:
        raise ConnectionRefusedError("Connection refused")


class Refusing(EmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, messages: object) -> int:
        raise OSError("Mailbox unavailable")


def test_what_the_mail_server_refuses_is_tried_again_later_each_time(
    editor: User, reviewer: User, at: datetime, settings: Settings
) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    submit_term(term=term, by=editor, at=at, reviewer=reviewer)
    settings.EMAIL_BACKEND = f"{__name__}.Unreachable"
    assert send_emails(at=at).failed == 1
    assert OutboundEmail.objects.get().attempts == 0, "it was nobody's fault but the server's"
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    assert send_emails(at=at).failed == 1
    assert send_emails(at=at + timedelta(minutes=4)).failed == 0
    assert send_emails(at=at + timedelta(minutes=5)).failed == 1
    assert OutboundEmail.objects.get().error == "Mailbox unavailable"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_emails(at=at + timedelta(minutes=14)).sent == 0
    assert send_emails(at=at + timedelta(minutes=15)).sent == 1
    email = OutboundEmail.objects.get()
    assert (email.error, email.sent_at) == ("", at + timedelta(minutes=15))


def test_a_letter_that_never_arrives_is_given_up_and_named(
    editor: User, reviewer: User, at: datetime, settings: Settings
) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    submit_term(term=term, by=editor, at=at, reviewer=reviewer)
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    posts = [send_emails(at=at + timedelta(days=day)) for day in range(30)]
    assert sum(post.failed for post in posts) == 20
    assert (posts[-1].failed, posts[-1].given_up) == (0, 1)


# -- Overdue ----------------------------------------------------------------------------------------------------------


def test_owner_and_reviewers_are_told_once_of_each_due_date(editor: User, reviewer: User, at: datetime) -> None:
    person("nadia", "Nadia Berg", "Clinical editors")
    term = published("Luteal phase", by=editor, reviewer=reviewer, at=at)
    published("Menopause", by=editor, reviewer=reviewer, at=at)
    OutboundEmail.objects.all().delete()
    before = ContentVersion.objects.get().number
    assert remind_of_overdue(at=at + timedelta(days=730)) == []
    overdue = remind_of_overdue(at=at + OVERDUE)
    assert {found.title for found in overdue} == {"Luteal phase", "Menopause"}
    assert remind_of_overdue(at=at + OVERDUE) == []
    assert sorted(emails()) == [
        ("edith@example.org", "Review overdue: 2 terms"),
        ("rafael@example.org", "Review overdue: 2 terms"),
    ]
    assert ContentVersion.objects.get().number == before + 1, "their pages say now that the review was due"

    # Reviewed again: the next due date is told in its turn.
    approve(term=term, by=reviewer, at=at + OVERDUE)
    OutboundEmail.objects.all().delete()
    assert remind_of_overdue(at=at + OVERDUE * 2) == [term]
    assert [subject for _, subject in emails()] == ["Review overdue: Luteal phase"] * 2


def test_the_interval_of_a_term_counts_from_its_last_approval(editor: User, reviewer: User, at: datetime) -> None:
    term = published("Luteal phase", by=editor, reviewer=reviewer, at=at)
    assert plan_review(term=term, owner=reviewer, review_months=6, by=editor, at=at)
    term.refresh_from_db()
    assert (term.owner, term.next_review_date) == (reviewer, date(2026, 9, 2))
    assert not plan_review(term=term, owner=reviewer, review_months=6, by=editor, at=at)
    event = Event.objects.filter(verb="planned").get()
    assert event.reason == "Owner: Rafael Lindqvist; every 6 months"


def test_a_term_that_comes_back_under_its_seal_has_a_review_date_again(
    editor: User, reviewer: User, at: datetime
) -> None:
    term = published("Luteal phase", by=editor, reviewer=reviewer, at=at)
    retire_term(term=term, by=reviewer, at=at)
    assert Term.objects.get().next_review_date is None
    publish_term(term=term, by=reviewer, at=at + timedelta(days=100))
    assert Term.objects.get().next_review_date == date(2028, 3, 2)


def test_approving_public_content_again_renews_the_seal_on_its_page(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    # The newest revision differs in a tag only, so what is public is what was approved.
    save_term(document=document(tags=["cycle"]), by=editor, at=at, term=term)
    before = ContentVersion.objects.get().number
    approval = approve(term=term, by=reviewer, at=at)
    entry = PublishedEntry.objects.get()
    assert (entry.revision.number, entry.approval) == (1, approval)
    assert ContentVersion.objects.get().number == before + 1


# -- Concerns ---------------------------------------------------------------------------------------------------------


def test_a_change_next_door_is_told_to_the_owner_and_can_be_dismissed_with_a_reason(
    editor: User, reviewer: User, at: datetime
) -> None:
    target = published("Progesterone", by=reviewer, reviewer=editor, at=at)
    term = published("Luteal phase", by=editor, reviewer=reviewer, at=at, insights=[{"text": "x", "term": target.slug}])
    OutboundEmail.objects.all().delete()
    save_term(document=document("Progesterone", mechanism="<p>New.</p>"), by=reviewer, at=at, term=target)
    approve(term=target, by=editor, at=at, publish=True)
    assert ("edith@example.org", "Check again: Luteal phase") in emails()
    concern = term.concerns.get()
    with pytest.raises(NotDismissible, match="why"):
        dismiss_concern(concern=concern, by=editor, at=at, reason=" ")
    dismiss_concern(concern=concern, by=editor, at=at, reason="Only the wording changed")
    concern.refresh_from_db()
    assert (concern.resolved_by_name, concern.resolution) == ("Edith Okafor", "Only the wording changed")
    event = term.events.get(verb="dismissed")
    assert event.reason.endswith("Progesterone: Only the wording changed")
    assert (event.previous_revision, event.revision) == (concern.before, concern.after)


def test_a_link_to_a_term_that_was_never_public_is_flagged_until_it_is(
    editor: User, reviewer: User, at: datetime
) -> None:
    draft = save_term(document=document("Progesterone"), by=editor, at=at).term
    term = published("Luteal phase", by=editor, reviewer=reviewer, at=at, related=[draft.slug])
    assert [(concern.kind, concern.target) for concern in term.concerns.all()] == [("target_hidden", draft)]
    assert list(Term.objects.with_broken_links()) == [term]
    approve(term=draft, by=reviewer, at=at, publish=True)
    assert not Concern.objects.open().exists()
    assert not Term.objects.with_broken_links().exists()


def test_a_link_that_was_removed_leaves_no_concern_behind(editor: User, reviewer: User, at: datetime) -> None:
    target = published("Progesterone", by=editor, reviewer=reviewer, at=at)
    link = '<p>See <a href="/glossary/progesterone/">it</a>.</p>'
    term = published("Luteal phase", by=editor, reviewer=reviewer, at=at, related=[target.slug], origin=link)
    retire_term(term=target, by=reviewer, at=at)
    assert term.concerns.open().count() == 1
    save_term(document=document(origin=link), by=editor, at=at, term=term)
    publish_term(term=term, by=editor, at=at)
    assert term.concerns.open().count() == 1, "its text still leads there"
    save_term(document=document(), by=editor, at=at, term=term)
    publish_unreviewed(term=term, by=editor, at=at)
    assert not term.concerns.open().exists()


def test_a_link_by_an_old_address_is_a_link(editor: User, reviewer: User, at: datetime) -> None:
    target = published("Old name", by=editor, reviewer=reviewer, at=at)
    link = '<p>See <a href="/glossary/old-name/">it</a>.</p>'
    term = published("Luteal phase", by=editor, reviewer=reviewer, at=at, origin=link)
    save_term(document=document("New name"), by=editor, at=at, term=target)
    approve(term=target, by=reviewer, at=at, publish=True)
    assert [concern.kind for concern in term.concerns.open()] == ["target_changed"]


# -- The command ------------------------------------------------------------------------------------------------------


def run() -> str:
    out = io.StringIO()
    call_command("publish_due", "-v", "2", stdout=out)
    return out.getvalue()


def test_the_command_does_what_is_due_late_and_once(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    review = submit_term(term=term, by=editor, at=at, reviewer=reviewer)
    approve_review(review=review, by=reviewer, at=at, publish_at=at + timedelta(hours=1))
    said = run()
    assert "publish “Luteal phase”, due 2026-03-02 13:00 UTC: Carried out" in said
    assert "Emails sent: 2" in said
    assert PublishedEntry.objects.get().term == term
    assert run() == "Nothing was due.\n"


def test_the_command_fails_visibly_when_something_could_not_be_carried_out(
    editor: User, reviewer: User, at: datetime
) -> None:
    term = published("Luteal phase", by=editor, reviewer=reviewer, at=at)
    schedule_retirement(term=term, due_at=at + timedelta(hours=1), by=editor, at=at)
    retire_term(term=term, by=reviewer, at=at)
    with pytest.raises(CommandError, match="1 of 1 scheduled changes could not be carried out"):
        run()
    assert [message.subject for message in mail.outbox][-1] == "Luteal phase was not retired as scheduled"
    assert run() == "Nothing was due.\n"


REFUSE_ONE = {
    "postgresql": """
        CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.slug = 'one' THEN RAISE 'out of order'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse_one BEFORE INSERT ON glossary_publishedentry FOR EACH ROW EXECUTE FUNCTION refuse_one()
    """,
    "sqlite": """
        CREATE TRIGGER refuse_one BEFORE INSERT ON glossary_publishedentry WHEN NEW.slug = 'one'
        BEGIN SELECT RAISE(ABORT, 'out of order'); END
    """,
}


def test_what_the_database_refuses_for_now_is_tried_again_and_holds_nothing_up(
    editor: User, reviewer: User, at: datetime
) -> None:
    for title in ("One", "Two"):
        term = save_term(document=document(title), by=editor, at=at).term
        review = submit_term(term=term, by=editor, at=at, reviewer=reviewer)
        approve_review(review=review, by=reviewer, at=at, publish_at=at + timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute(REFUSE_ONE[connection.vendor])
    with pytest.raises(CommandError, match="1 of 2 scheduled changes could not be carried out"):
        run()
    assert [entry.slug for entry in PublishedEntry.objects.all()] == ["two"]
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TRIGGER refuse_one" + ("" if connection.vendor == "sqlite" else " ON glossary_publishedentry")
        )
    assert "publish “One”, due 2026-03-02 13:00 UTC: Carried out" in run()
    assert PublishedEntry.objects.count() == 2


def test_restoring_says_which_revision_in_the_history(editor: User, reviewer: User, at: datetime) -> None:
    term = published("Luteal phase", by=editor, reviewer=reviewer, at=at)
    save_term(document=document(origin="<p>Greek.</p>"), by=editor, at=at, term=term)
    restore_revision(term=term, revision=term.revisions.get(number=1), by=editor, at=at)
    newest = term.events.first()
    assert newest
    assert newest.verb == "restored"
