"""Saving, publishing and retiring a term, through the actions."""

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from glossary.actions import (
    DocumentsRefused,
    NotPublishable,
    NotPublished,
    StaleRevision,
    document_of,
    publish_terms,
    retire_term,
    save_term,
    save_terms,
)
from glossary.document.documents import DocumentError, slug_for
from glossary.models import ContentVersion, Event, Program, PublishedEntry, Revision, SlugRedirect, Term
from tests.glossary.builders import approve, document, publish_unreviewed

pytestmark = pytest.mark.django_db


def test_a_save_freezes_the_whole_document(editor: User, at: datetime) -> None:
    other = save_term(document=document("Progesterone"), by=editor, at=at).term
    written = document(
        insights=[
            {"text": "It lasts two weeks.", "term": other.slug},
            {"text": "Read more.", "url": "https://example.org/"},
        ],
        synonyms=[{"text": "LP", "kind": "abbreviation"}],
        references=[{"citation": "Someone. Something. 2020.", "doi": "https://doi.org/10.1001/jama.288.3.321"}],
        related=["progesterone"],
        tags=["menstrual cycle", "Fertility"],
    )

    saved = save_term(document=written, by=editor, at=at, note="First version")

    assert saved.revision is not None
    assert saved.revision.number == 1
    assert saved.revision.document == written.as_json()
    assert document_of(Term.objects.get(slug="luteal-phase")) == written
    assert saved.revision.sha256 == written.sha256()
    assert saved.revision.created_by_name == "Edith Okafor"
    assert written.references[0].doi == "10.1001/jama.288.3.321"


def test_a_save_that_changes_nothing_freezes_nothing(editor: User, at: datetime) -> None:
    term = save_term(document=document(tags=["a"]), by=editor, at=at).term
    assert save_term(document=document(tags=["a"]), by=editor, at=at, term=term).revision is None
    assert term.revisions.count() == 1


def test_a_save_over_a_newer_revision_is_refused(editor: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    save_term(document=document(origin="<p>From Greek.</p>"), by=editor, at=at, term=term, opened_on=1)
    with pytest.raises(StaleRevision, match="Edith Okafor saved revision 2"):
        save_term(document=document(origin="<p>From Norse.</p>"), by=editor, at=at, term=term, opened_on=1)
    term.refresh_from_db()
    assert term.origin == "<p>From Greek.</p>"


def test_terms_of_one_batch_may_name_one_another(editor: User, at: datetime) -> None:
    batch = [document("Alpha", related=["beta"]), document("Beta", related=["alpha"])]
    outcomes = save_terms(documents=batch, by=editor, at=at)
    assert [outcome.created for outcome in outcomes] == [True, True]
    again = save_terms(documents=batch, by=editor, at=at)
    assert [outcome.revision for outcome in again] == [None, None]


def test_unknown_and_taken_slugs_are_named(editor: User, at: datetime) -> None:
    save_term(document=document("Alpha"), by=editor, at=at)
    with pytest.raises(DocumentError) as caught:
        save_term(document=document("Alpha", related=["nowhere"]), by=editor, at=at)
    assert [problem.field for problem in caught.value.problems] == ["slug", "related"]
    assert Term.objects.count() == 1


def test_revisions_cannot_be_changed_or_deleted_in_the_database(editor: User, at: datetime) -> None:
    save_term(document=document(), by=editor, at=at)
    for statement in ("UPDATE glossary_revision SET note = 'x'", "DELETE FROM glossary_revision"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert Revision.objects.get().note == ""


def test_publishing_shows_the_newest_revision_and_later_saves_do_not(editor: User, at: datetime) -> None:
    term = save_term(document=document(tags=["Cycle"]), by=editor, at=at).term
    entry = publish_unreviewed(term=term, by=editor, at=at)
    save_term(document=document(title="Luteal phase", mechanism="<p>New.</p>"), by=editor, at=at, term=term)
    entry.refresh_from_db()
    assert entry.revision.number == 1
    assert Term.objects.with_state().get().state == Term.State.CHANGED
    publish_unreviewed(term=term, by=editor, at=at)
    assert Term.objects.with_state().get().state == Term.State.PUBLISHED
    assert PublishedEntry.objects.get().revision.document["mechanism"] == "<p>New.</p>"


def test_an_old_address_redirects_for_ever_and_stays_taken(editor: User, at: datetime) -> None:
    term = save_term(document=document("Old name"), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    save_term(document=document("New name"), by=editor, at=at, term=term)
    publish_unreviewed(term=term, by=editor, at=at)
    assert SlugRedirect.objects.get().slug == "old-name"
    with pytest.raises(DocumentError, match="is or was the address of another term"):
        save_term(document=document("Old name"), by=editor, at=at)
    save_term(document=document("Old name"), by=editor, at=at, term=term)
    publish_unreviewed(term=term, by=editor, at=at)
    assert list(SlugRedirect.objects.values_list("slug", flat=True)) == ["new-name"]


def test_retiring_takes_the_entry_away_and_keeps_the_history(editor: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    with pytest.raises(NotPublished):
        retire_term(term=term, by=editor, at=at)
    publish_unreviewed(term=term, by=editor, at=at)
    retire_term(term=term, by=editor, at=at, reason="Superseded")
    term = Term.objects.with_state().get()
    assert term.state == Term.State.RETIRED
    assert [event.verb for event in term.events.all()] == ["retired", "published", "emergency"]


def test_a_term_without_a_revision_is_not_publishable(editor: User, at: datetime) -> None:
    term = Term.objects.create(title="Bare", slug="bare", definition="<p>x</p>")
    with pytest.raises(NotPublishable, match="no revision"):
        publish_unreviewed(term=term, by=editor, at=at)


def test_a_batch_is_published_as_one_change_of_the_public_pages(editor: User, at: datetime) -> None:
    outcomes = save_terms(documents=[document("Alpha", tags=["Cycle"]), document("Beta")], by=editor, at=at)
    terms = [outcome.term for outcome in outcomes]
    load = Program("First load")
    assert publish_terms(terms=terms, by=load, at=at, reason="Before the clinic opens", emergency=True) == terms
    assert publish_terms(terms=terms, by=editor, at=at) == []
    assert ContentVersion.objects.get().number == 1
    assert [event.verb for event in Event.objects.all()] == ["published"] * 2 + ["emergency"] * 2
    assert {event.reason for event in Event.objects.all()} == {"Before the clinic opens"}


def test_a_batch_with_one_unapproved_term_publishes_none(editor: User, reviewer: User, at: datetime) -> None:
    terms = [outcome.term for outcome in save_terms(documents=[document("Alpha"), document("Beta")], by=editor, at=at)]
    approve(term=terms[0], by=reviewer, at=at)
    with pytest.raises(NotPublishable, match="“Beta” is not approved"):
        publish_terms(terms=terms, by=reviewer, at=at)
    assert not PublishedEntry.objects.exists()


def test_a_working_copy_reads_back_as_the_document_that_was_frozen(editor: User, at: datetime) -> None:
    save_term(document=document("Alpha", tags=["Fertility"]), by=editor, at=at)
    written = document("Beta", tags=["fertility", "cycle"], related=["alpha"], synonyms=[{"text": "B"}, {"text": "A"}])
    saved = save_term(document=written, by=editor, at=at)
    assert saved.revision is not None
    assert document_of(Term.objects.get(slug="beta")).as_json() == saved.revision.document
    assert saved.revision.document["tags"] == ["cycle", "Fertility"]


def test_refused_documents_of_a_batch_are_named_by_their_position(editor: User, at: datetime) -> None:
    batch = [document("Alpha"), document("Beta", related=["nowhere"]), document("Gamma", slug="alpha")]
    with pytest.raises(DocumentsRefused) as caught:
        save_terms(documents=batch, by=editor, at=at)
    assert sorted(caught.value.by_document) == [1, 2]
    assert not Term.objects.exists()


def test_a_program_stands_in_the_history_by_its_name(at: datetime) -> None:
    saved = save_term(document=document(), by=Program("Import"), at=at)
    assert saved.revision is not None
    assert (saved.revision.created_by, saved.revision.created_by_name) == (None, "Import")


def test_saving_and_publishing_many_terms_takes_few_queries(
    editor: User, at: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    batch = [document(f"Term {number}", synonyms=[{"text": f"T{number}"}], tags=["a"]) for number in range(100)]
    with django_assert_max_num_queries(90):
        outcomes = save_terms(documents=batch, by=editor, at=at)
        terms = [outcome.term for outcome in outcomes]
        publish_terms(terms=terms, by=Program("First load"), at=at, reason="First load", emergency=True)
    assert PublishedEntry.objects.count() == 100


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("AR", "ar"),
        ("AR+", "ar-plus"),
        ("β-carotene", "beta-carotene"),
        ("and/or – not", "and-or-not"),
        ("Ménière’s disease", "menieres-disease"),
        ("22q11.2 deletion", "22q11-2-deletion"),
        ("2,4-Dinitrophenol", "2-4-dinitrophenol"),
        ("Vitamin B12 vs. B6", "vitamin-b12-vs-b6"),
    ],
)
def test_the_slug_of_a_title_keeps_the_signs_that_tell_names_apart(title: str, slug: str) -> None:
    assert slug_for(title) == slug
