"""What a topic is about: written by editors, read by everybody, never changed in place."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import Error, transaction
from django.test import Client
from django.urls import reverse
from taggit.models import Tag

from glossary.actions import NotDescribable, describe_tag, rename_tag, retire_term
from glossary.models import ContentVersion, Listing, TagDescription, Term
from tests.glossary.builders import document, publish, publish_unreviewed, text_of
from tests.glossary.term_form import signed_in

pytestmark = pytest.mark.django_db

SLEEP = "/glossary/tags/sleep/"


@pytest.fixture
def sleep(editor: User, at: datetime) -> Tag:
    publish(document("Melatonin", tags=["Sleep"]), by=editor, at=at)
    tag: Tag = Tag.objects.get(name="Sleep")
    return tag


def test_readers_see_a_description_as_soon_as_it_is_written(
    client: Client, sleep: Tag, editor: User, at: datetime
) -> None:
    version = ContentVersion.objects.get().number
    describe_tag(tag=sleep, text="How hormones\r\nset the <b>clock</b>.\r\n\r\nAnd  why.", by=editor, at=at)
    assert ContentVersion.objects.get().number == version + 1
    page = text_of(client, SLEEP)
    assert "<p>How hormones set the &lt;b&gt;clock&lt;/b&gt;.</p>\n\n<p>And why.</p>" in page
    assert '<meta name="description" content="How hormones set the &lt;b&gt;clock&lt;/b&gt;. And why.">' in page
    assert "How hormones set the" in text_of(client, "/glossary/tags/")
    later = at + timedelta(days=1)
    describe_tag(tag=sleep, text="", by=editor, at=later)
    assert "How hormones" not in text_of(client, SLEEP) + text_of(client, "/glossary/tags/")
    assert f"{SLEEP}</loc><lastmod>2026-03-03" in text_of(client, "/sitemap.xml")


def test_the_same_words_change_nothing(sleep: Tag, editor: User, at: datetime) -> None:
    assert describe_tag(tag=sleep, text="", by=editor, at=at) is None
    assert describe_tag(tag=sleep, text="One.", by=editor, at=at) is not None
    version = ContentVersion.objects.get().number
    assert describe_tag(tag=sleep, text=" One. ", by=editor, at=at) is None
    assert ContentVersion.objects.get().number == version


@pytest.mark.parametrize(
    ("text", "words"), [("x" * 2_001, "the limit is 2,000"), ("a\x00b", r"control character U\+0000")]
)
def test_what_cannot_be_shown_is_refused(sleep: Tag, editor: User, at: datetime, text: str, words: str) -> None:
    with pytest.raises(NotDescribable, match=words):
        describe_tag(tag=sleep, text=text, by=editor, at=at)
    assert not TagDescription.objects.exists()


def test_a_description_waits_for_the_first_term_and_stays_through_a_new_name(
    client: Client, editor: User, at: datetime
) -> None:
    tag = Tag.objects.create(name="Sleep", slug="sleep")
    describe_tag(tag=tag, text="All about sleep.", by=editor, at=at)
    assert not Listing.objects.exists()
    [term] = publish(document("Melatonin", tags=["Sleep"]), by=editor, at=at)
    assert "All about sleep." in text_of(client, SLEEP)
    rename_tag(tag=tag, name="Rest", by=editor, at=at)
    assert "All about sleep." in text_of(client, SLEEP)
    publish_unreviewed(term=term, by=editor, at=at)
    assert "All about sleep." in text_of(client, "/glossary/tags/rest/")
    text_of(client, SLEEP, 404)
    retire_term(term=Term.objects.get(), by=editor, at=at)
    text_of(client, "/glossary/tags/rest/", 404)


def test_what_was_written_stays_written(sleep: Tag, editor: User, at: datetime) -> None:
    describe_tag(tag=sleep, text="One.", by=editor, at=at)
    describe_tag(tag=sleep, text="Two.", by=editor, at=at)
    assert [description.text for description in TagDescription.objects.all()] == ["Two.", "One."]
    with pytest.raises(Error), transaction.atomic():
        TagDescription.objects.update(text="Three.")


def test_editors_describe_tags_and_cannot_rename_them(sleep: Tag, editor: User) -> None:
    client = signed_in(editor)
    url = reverse("admin:taggit_tag_change", args=[sleep.pk])
    form = client.get(url).context["adminform"].form
    assert list(form.fields) == ["description"]
    response = client.post(url, {"name": "Renamed", "description": "About sleep."})
    assert response.status_code == 302
    sleep.refresh_from_db()
    assert sleep.name == "Sleep"
    assert TagDescription.objects.get().created_by_name == "Edith Okafor"
    assert client.get(url).context["adminform"].form.initial["description"] == "About sleep."
