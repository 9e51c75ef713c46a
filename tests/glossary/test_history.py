"""The history at the desk: comparing and restoring revisions, and looking again at a term."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from glossary.actions import document_of, publish_term, restore_revision, retire_term, save_term
from glossary.document.documents import DocumentError
from glossary.models import Concern, Event, RetractedWork, Term
from tests.glossary.builders import approve, document
from tests.glossary.term_form import add_url, change_url, fields_of, messages_of, signed_in, without_pages

pytestmark = pytest.mark.django_db

RICH: dict[str, Any] = {
    "insights": [{"text": "One.", "term": "progesterone"}, {"text": "Two."}],
    "synonyms": [{"text": "LP", "kind": "abbreviation"}],
    "references": [{"citation": "Someone. Something. 2020.", "doi": "10.1000/x"}],
    "related": ["progesterone"],
    "tags": ["cycle", "Fertility"],
}


@pytest.fixture
def other(editor: User, at: datetime) -> Term:
    return save_term(document=document("Progesterone"), by=editor, at=at).term


@pytest.fixture
def term(editor: User, other: Term, at: datetime) -> Term:
    """A term of three revisions: rich, plain, and with another mechanism."""
    term = save_term(document=document(**RICH), by=editor, at=at, note="First version").term
    save_term(document=document(), by=editor, at=at + timedelta(hours=1), term=term, note="Emptied")
    mechanism = "<p>10<sup>3</sup> receptors.</p>"
    save_term(document=document(mechanism=mechanism), by=editor, at=at + timedelta(hours=2), term=term)
    return Term.objects.get(pk=term.pk)


def url_of(name: str, *given: object) -> str:
    return reverse(f"admin:glossary_term_{name}", args=given)


def page(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status, url
    return " ".join(response.content.decode().split())


# -- Comparing --------------------------------------------------------------------------------------------------------


def test_the_history_offers_each_revision_to_compare_and_earlier_ones_to_restore(
    term: Term, editor: User, reviewer: User
) -> None:
    seen = page(signed_in(editor), url_of("history", term.pk))
    assert re.findall(r'aria-label="(From|To) revision (\d)"( checked)?', seen) == [
        ("From", "3", ""),
        ("To", "3", " checked"),
        ("From", "2", " checked"),
        ("To", "2", ""),
        ("From", "1", ""),
        ("To", "1", ""),
    ]
    assert url_of("restore", term.pk, 1) in seen
    assert url_of("restore", term.pk, 3) not in seen
    assert url_of("restore", term.pk, 1) not in page(signed_in(reviewer), url_of("history", term.pk))


def test_any_two_revisions_are_compared_word_by_word(term: Term, editor: User) -> None:
    client = signed_in(editor)
    seen = page(client, f"{url_of('compare', term.pk)}?from=1&to=3")
    for heading in ("Synonyms", "Mechanism", "Related insights", "References", "Related terms", "Tags"):
        assert f">{heading}</h2>" in seen
    assert "Unchanged: Title, Address, Definition, Origin." in seen
    assert "<sup>3</sup>" in seen
    backwards = page(client, f"{url_of('compare', term.pk)}?from=3&to=1")
    assert "LP (abbreviation)" in backwards[backwards.index("<ins>") :]
    newest = page(client, url_of("compare", term.pk))
    assert "Revision 2 and revision 3" in newest
    assert "The two revisions are the same." in page(client, f"{url_of('compare', term.pk)}?from=2&to=2")


@pytest.mark.parametrize("query", ["from=9&to=1", "from=x", "to=-1", "from=1&to=999999999999999999", "from=²"])
def test_revisions_that_are_not_there_are_not_found(term: Term, editor: User, query: str) -> None:
    page(signed_in(editor), f"{url_of('compare', term.pk)}?{query}", 404)


# -- Restoring --------------------------------------------------------------------------------------------------------


def test_a_revision_is_restored_with_its_rows_and_tags_exactly(term: Term, editor: User) -> None:
    client = signed_in(editor)
    asked = client.get(url_of("restore", term.pk, 1))
    assert "saved as revision 4" in asked.content.decode()
    done = client.post(url_of("restore", term.pk, 1), {"seen": 3})
    assert messages_of(done) == ["Revision 1 is restored as revision 4."]
    term = Term.objects.get(pk=term.pk)
    assert term.head
    assert term.head.sha256 == term.revisions.get(number=1).sha256
    assert document_of(term) == document(**RICH)
    assert (term.head.note, term.head.created_by) == ("Revision 1 restored", editor)
    assert Event.objects.get(verb="restored").previous_revision == term.revisions.get(number=1)


def test_nothing_is_restored_over_a_revision_that_the_person_has_not_seen(term: Term, editor: User) -> None:
    response = without_pages(editor).post(url_of("restore", term.pk, 1), {"seen": 2})
    assert "Nothing was restored" in messages_of(response)[0]
    assert term.revisions.count() == 3
    assert response.context["form"].initial == {"seen": 3}


def test_restoring_what_the_newest_revision_says_already_saves_nothing(term: Term, editor: User) -> None:
    done = without_pages(editor).post(url_of("restore", term.pk, 3), {"seen": 3})
    assert messages_of(done) == ["Nothing was restored: “Luteal phase” is already the same as revision 3."]
    assert term.revisions.count() == 3


def test_a_restored_link_leads_to_where_its_term_is_now(term: Term, other: Term, editor: User, at: datetime) -> None:
    # Never published under its old name, so that only its revisions know it.
    save_term(document=document("Progestogen"), by=editor, at=at, term=other)
    restored = restore_revision(term=term, revision=term.revisions.get(number=1), by=editor, at=at)
    assert restored.revision
    assert restored.revision.document["related"] == ["progestogen"]
    assert restored.revision.document["insights"][0]["term"] == "progestogen"


def test_an_address_that_is_another_terms_now_is_named_and_nothing_is_restored(
    term: Term, editor: User, at: datetime
) -> None:
    save_term(document=document("Secretory phase"), by=editor, at=at, term=term)
    save_term(document=document("Luteal phase"), by=editor, at=at)
    with pytest.raises(DocumentError):
        restore_revision(term=term, revision=term.revisions.get(number=1), by=editor, at=at)
    done = without_pages(editor).post(url_of("restore", term.pk, 1), {"seen": 4})
    assert messages_of(done) == [
        (
            "Revision 1 can't be restored: slug: 'luteal-phase' is or was the address of another term: "
            "choose a different one."
        )
    ]
    assert term.revisions.count() == 4


# -- Looking again ----------------------------------------------------------------------------------------------------


@pytest.fixture
def flagged(term: Term, other: Term, editor: User, reviewer: User, at: datetime) -> Term:
    """The term, rich and public again, after what it leads to changed clinically."""
    approve(term=other, by=reviewer, at=at, publish=True)
    restore_revision(term=term, revision=term.revisions.get(number=1), by=editor, at=at)
    approve(term=term, by=reviewer, at=at, publish=True)
    save_term(document=document("Progesterone", mechanism="<p>Another.</p>"), by=editor, at=at, term=other)
    approve(term=other, by=reviewer, at=at, publish=True)
    return Term.objects.get(pk=term.pk)


def test_a_term_says_that_what_it_leads_to_changed_and_shows_how(
    flagged: Term, other: Term, editor: User, reviewer: User
) -> None:
    compare = f"{url_of('compare', other.pk)}?from=1&amp;to=2"
    for user, may_keep in ((editor, True), (reviewer, False)):
        seen = page(signed_in(user), change_url(flagged))
        assert "Leads to a term whose clinical content changed:" in seen
        assert compare in seen
        assert ("Keep the term as it is…" in seen) == may_keep
        assert "changed clinically after this was reviewed: check it again" in seen
    assert "Another" in page(signed_in(editor), compare.replace("&amp;", "&"))


def test_a_person_who_looked_keeps_the_term_and_says_why(flagged: Term, editor: User) -> None:
    client, concern = signed_in(editor), flagged.concerns.get()
    url = url_of("dismiss", flagged.pk, concern.pk)
    assert "Leads to a term whose clinical content changed: Progesterone." in page(client, url)
    assert client.post(url, {"reason": " "}).status_code == 200
    done = client.post(url, {"reason": "Only wording"})
    assert messages_of(done) == ["“Luteal phase” is kept as it is."]
    assert "Check again" not in page(client, change_url(flagged))
    assert "Only wording" in page(client, url_of("history", flagged.pk))
    again = client.post(url, {"reason": "Twice"})
    assert messages_of(again) == ["Edith Okafor has already settled this."]
    page(client, url_of("dismiss", Term.objects.exclude(pk=flagged.pk).get().pk, concern.pk), 404)


def test_an_insight_says_that_its_term_is_retired_or_was_never_public(
    flagged: Term, other: Term, editor: User, reviewer: User, at: datetime
) -> None:
    retire_term(term=other, by=reviewer, at=at)
    client = signed_in(editor)
    assert "The term that this leads to is retired, so readers see no link." in page(client, change_url(flagged))
    assert "is retired, so readers see no link" in page(client, url_of("revision", flagged.pk, 4))
    draft = save_term(document=document("Draft"), by=editor, at=at).term
    leading = save_term(
        document=document("Leading", insights=[{"text": "x", "term": draft.slug}]), by=editor, at=at
    ).term
    assert "The term that this leads to is not public" in page(client, change_url(leading))


def test_a_retracted_work_is_named_and_cannot_be_waved_through(
    term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    restore_revision(term=term, revision=term.revisions.get(number=1), by=editor, at=at)
    approve(term=term, by=reviewer, at=at, publish=True)
    RetractedWork.objects.create(
        doi="10.1000/x",
        title="Something",
        reason="Fabricated",
        retracted_date=date(2026, 5, 1),
        listed_at=at,
        checked_at=at,
    )
    concern = Concern.objects.create(term=term, kind="retracted", detail="10.1000/x", created_at=at)
    client = signed_in(editor)
    seen = page(client, change_url(term))
    assert "Something, retracted on 1 May 2026: Fabricated. This ended the approval" in seen
    assert url_of("dismiss", term.pk, concern.pk) not in seen
    done = client.post(url_of("dismiss", term.pk, concern.pk), {"reason": "Fine"})
    assert "which ended the approval" in messages_of(done)[0]
    concern.refresh_from_db()
    assert concern.resolved_at is None


# -- Planning the review ----------------------------------------------------------------------------------------------


def test_the_form_says_who_looks_after_a_term_and_how_often_it_is_reviewed(
    term: Term, editor: User, reviewer: User
) -> None:
    client = without_pages(editor)
    fields = fields_of(client.get(change_url(term)))
    assert (str(fields["owner"]), fields["review_months"]) == (str(editor.pk), "")
    done = client.post(change_url(term), fields | {"owner": reviewer.pk, "review_months": 6})
    assert messages_of(done) == ["The review plan of “Luteal phase” is saved: Rafael Lindqvist owns it."]
    term.refresh_from_db()
    assert (term.owner, term.review_months, term.revisions.count()) == (reviewer, 6, 3)
    fields = fields_of(client.get(change_url(term)))
    done = client.post(change_url(term), fields | {"owner": ""})
    assert messages_of(done) == [
        "The review plan of “Luteal phase” is saved: nobody owns it, so nobody gets an email when its review is due."
    ]
    for months in (0, 121, "x"):
        assert client.post(change_url(term), fields | {"review_months": months}).status_code == 200
    term.refresh_from_db()
    assert term.review_months == 6


def test_an_old_page_does_not_take_back_what_somebody_planned_meanwhile(
    term: Term, editor: User, reviewer: User
) -> None:
    client = without_pages(editor)
    fields: dict[str, Any] = fields_of(client.get(change_url(term)))
    # What the browser posts beside them: the values that the page was opened with.
    fields |= {"initial-owner": fields["owner"], "initial-review_months": fields["review_months"]}
    Term.objects.filter(pk=term.pk).update(owner=reviewer, review_months=6)
    client.post(change_url(term), fields | {"origin": "<p>Greek.</p>"})
    term.refresh_from_db()
    assert (term.owner, term.review_months, term.revisions.count()) == (reviewer, 6, 4)


def test_whoever_adds_a_term_looks_after_it(editor: User) -> None:
    client = without_pages(editor)
    fields = fields_of(client.get(add_url()))
    assert "owner" not in fields
    client.post(add_url(), fields | {"title": "Menopause", "definition": "<p>x</p>"})
    assert Term.objects.get().owner == editor


def test_the_history_takes_few_queries(
    term: Term, editor: User, reviewer: User, at: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        save_term(document=document(tags=[f"tag {number}"]), by=editor, at=at + timedelta(days=number), term=term)
    approve(term=term, by=reviewer, at=at + timedelta(days=20))
    publish_term(term=term, by=editor, at=at + timedelta(days=20))
    client = signed_in(editor)
    for url in (
        change_url(term),
        url_of("history", term.pk),
        url_of("compare", term.pk),
        url_of("restore", term.pk, 1),
        url_of("revision", term.pk, 1),
    ):
        with django_assert_max_num_queries(20):
            client.get(url)
