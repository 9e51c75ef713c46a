"""The demonstration glossary: its content, and loading it at every start."""

from __future__ import annotations

import io
from collections import Counter
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries
from taggit.models import Tag

from demo.glossary import demonstration_documents, demonstration_topics, load_demonstration
from glossary.actions import describe_tag, document_of, retire_term, save_term
from glossary.document.documents import slug_for
from glossary.document.markup import plain_text
from glossary.models import Approval, ContentVersion, Listing, PublishedEntry, Revision, Term
from tests.glossary.builders import document, publish_unreviewed

DOCUMENTS = {document.slug: document for document in demonstration_documents()}


def test_the_demonstration_has_at_least_thirty_terms_with_progesterone_support_among_them() -> None:
    assert len(DOCUMENTS) >= 30
    assert DOCUMENTS["progesterone-support"].title == "Progesterone support"


@pytest.mark.parametrize("slug", sorted(DOCUMENTS))
def test_a_demonstration_term_is_complete(slug: str) -> None:
    found = DOCUMENTS[slug]
    assert found.slug == slug_for(found.title)
    for text in (found.definition, found.origin, found.mechanism):
        assert len(plain_text(text)) > 200
        assert "'" not in text, "typographic apostrophes, as everywhere"
    assert 3 <= len(found.insights) <= 4
    assert all(insight.term in DOCUMENTS for insight in found.insights)
    assert slug not in {insight.term for insight in found.insights}
    assert set(found.related) <= DOCUMENTS.keys()
    assert found.tags
    assert any(reference.doi or reference.pmid for reference in found.references)


def test_every_topic_of_the_demonstration_says_what_it_is_about() -> None:
    assert demonstration_topics().keys() == {tag for found in DOCUMENTS.values() for tag in found.tags}
    assert all(60 < len(text) <= 300 and "'" not in text for text in demonstration_topics().values())


@pytest.mark.django_db
def test_loading_describes_topics_and_leaves_what_editors_wrote(editor: User, at: datetime) -> None:
    tag = Tag.objects.create(name="thyroid", slug="thyroid")
    describe_tag(tag=tag, text="In our own words.", by=editor, at=at)
    load_demonstration(at=at)
    described = dict(Listing.objects.filter(kind=Listing.Kind.TOPIC).values_list("name", "description"))
    assert described == demonstration_topics() | {"thyroid": "In our own words."}


def test_names_in_the_demonstration_mean_one_term_each() -> None:
    names = Counter(
        name.casefold()
        for found in DOCUMENTS.values()
        for name in (found.title, *(synonym.text for synonym in found.synonyms))
    )
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.django_db
def test_loading_creates_and_publishes_every_term(at: datetime) -> None:
    loaded = load_demonstration(at=at)
    assert (len(loaded.created), loaded.existing) == (len(DOCUMENTS), 0)
    assert PublishedEntry.objects.count() == len(DOCUMENTS)
    assert {revision.created_by_name for revision in Revision.objects.all()} == {"Demonstration"}
    assert {(approval.emergency, approval.reason) for approval in Approval.objects.all()} == {
        (True, "Demonstration content, not reviewed by a clinician")
    }
    assert document_of(Term.objects.get(slug="menopause")) == DOCUMENTS["menopause"]


@pytest.mark.django_db
def test_loading_again_does_nothing_and_asks_little(
    at: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    load_demonstration(at=at)
    with django_assert_max_num_queries(6):
        again = load_demonstration(at=at)
    assert (list(again.created), again.existing) == ([], len(DOCUMENTS))
    assert Revision.objects.count() == len(DOCUMENTS)
    assert ContentVersion.objects.get().number == 1


@pytest.mark.django_db
def test_what_an_editor_wrote_renamed_or_retired_is_left_alone(editor: User, at: datetime) -> None:
    save_term(document=document("Menopause"), by=editor, at=at)
    renamed = save_term(document=document("Progesterone"), by=editor, at=at).term
    publish_unreviewed(term=renamed, by=editor, at=at)
    save_term(document=document("Progesterone, natural"), by=editor, at=at, term=renamed)
    retired = save_term(document=document("Insulin"), by=editor, at=at).term
    publish_unreviewed(term=retired, by=editor, at=at)
    retire_term(term=retired, by=editor, at=at)

    loaded = load_demonstration(at=at)

    assert (len(loaded.created), loaded.existing) == (len(DOCUMENTS) - 3, 3)
    assert document_of(Term.objects.get(slug="menopause")) == document("Menopause")
    assert not PublishedEntry.objects.filter(slug__in=["menopause", "insulin"]).exists()
    # Terms that lead to the renamed one lead to where it is now.
    assert "progesterone-natural" in document_of(Term.objects.get(slug="progesterone-support")).related


@pytest.mark.django_db
def test_the_command_says_what_it_did_and_that_it_is_no_medical_advice() -> None:
    first, second = io.StringIO(), io.StringIO()
    call_command("load_demo", "--no-accounts", stdout=first)
    call_command("load_demo", "--no-accounts", stdout=second)
    assert f"{len(DOCUMENTS)} terms created and published" in first.getvalue()
    assert "not medical advice" in first.getvalue()
    assert "nothing to do" in second.getvalue()
    assert not User.objects.exists()
