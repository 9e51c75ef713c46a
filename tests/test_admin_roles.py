"""Who gets which answer from every address of the editing desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse
from taggit.models import Tag

from glossary.actions import save_term
from glossary.models import Event, PublishedEntry, Revision, Term
from tests.conftest import document, person, publish_unreviewed
from tests.desk import change_url, fields_of, messages_of, signed_in, with_row

pytestmark = pytest.mark.django_db

ROLES = ["anonymous", "staff", "editor", "reviewer", "superuser"]
# What a GET answers, in the order of ROLES. Anonymous visitors are sent to the login everywhere (302).
READ: dict[str, list[int]] = {
    "glossary_term_changelist": [302, 403, 200, 200, 200],
    "glossary_term_add": [302, 403, 200, 403, 200],
    "glossary_term_change": [302, 403, 200, 200, 200],
    "glossary_term_history": [302, 403, 200, 200, 200],
    "glossary_term_delete": [302, 403, 403, 403, 403],
    "glossary_term_tags": [302, 403, 200, 200, 200],
    "glossary_term_publish": [302, 405, 405, 405, 405],
    "glossary_term_retire": [302, 403, 403, 200, 200],
    "glossary_term_revision": [302, 403, 200, 200, 200],
    "glossary_event_changelist": [302, 403, 200, 200, 200],
    "glossary_event_add": [302, 403, 403, 403, 403],
    "glossary_event_change": [302, 403, 200, 200, 200],
    "glossary_event_history": [302, 403, 200, 200, 200],
    "glossary_event_delete": [302, 403, 403, 403, 403],
    "taggit_tag_changelist": [302, 403, 200, 200, 200],
    "taggit_tag_add": [302, 403, 200, 403, 200],
    "taggit_tag_change": [302, 403, 200, 200, 200],
    "taggit_tag_history": [302, 403, 200, 200, 200],
    "taggit_tag_delete": [302, 403, 403, 403, 403],
}
# What a forged POST without any field answers.
WRITE: dict[str, list[int]] = {
    "glossary_term_changelist": [302, 403, 200, 200, 200],
    "glossary_term_add": [302, 403, 200, 403, 200],
    "glossary_term_change": [302, 403, 200, 403, 200],
    "glossary_term_history": [302, 403, 200, 200, 200],
    "glossary_term_delete": [302, 403, 403, 403, 403],
    "glossary_term_tags": [302, 403, 200, 200, 200],
    "glossary_term_publish": [302, 403, 302, 302, 302],
    "glossary_term_retire": [302, 403, 403, 200, 200],
    "glossary_term_revision": [302, 405, 405, 405, 405],
    "glossary_event_changelist": [302, 403, 200, 200, 200],
    "glossary_event_add": [302, 403, 403, 403, 403],
    "glossary_event_change": [302, 403, 403, 403, 403],
    "glossary_event_history": [302, 403, 200, 200, 200],
    "glossary_event_delete": [302, 403, 403, 403, 403],
    "taggit_tag_changelist": [302, 403, 200, 200, 200],
    "taggit_tag_add": [302, 403, 200, 403, 200],
    "taggit_tag_change": [302, 403, 403, 403, 200],
    "taggit_tag_history": [302, 403, 200, 200, 200],
    "taggit_tag_delete": [302, 403, 403, 403, 403],
}


@pytest.fixture
def term(editor: User, at: datetime) -> Term:
    term = save_term(document=document(tags=["cycle"]), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    return save_term(document=document(tags=["cycle"], origin="<p>New.</p>"), by=editor, at=at, term=term).term


@pytest.fixture
def client_of(editor: User, reviewer: User) -> dict[str, Client]:
    people = {
        "anonymous": None,
        "staff": person("stan", "Stan Doe"),
        "editor": editor,
        "reviewer": reviewer,
        "superuser": person("root", "Ruth Oyelaran", superuser=True),
    }
    return {role: signed_in(user) for role, user in people.items()}


def address(name: str, term: Term) -> str:
    arguments: dict[str, list[Any]] = {
        "glossary_term_revision": [term.pk, 1],
        "glossary_event_change": [term.events.get().pk],
        "glossary_event_history": [term.events.get().pk],
        "glossary_event_delete": [term.events.get().pk],
    }
    if name in arguments:
        given = arguments[name]
    elif name.startswith("taggit_tag_") and name.split("_")[-1] in ("change", "history", "delete"):
        given = [Tag.objects.get().pk]
    elif name.split("_")[-1] in ("change", "history", "delete", "publish", "retire"):
        given = [term.pk]
    else:
        given = []
    return reverse(f"admin:{name}", args=given)


def test_the_matrix_names_every_address_of_the_desk() -> None:
    mine = [model_admin for model, model_admin in admin.site._registry.items() if model in (Term, Event, Tag)]
    everything = {
        pattern.name for model_admin in mine for pattern in model_admin.urls if isinstance(pattern, URLPattern)
    }
    assert everything - {None} == READ.keys() == WRITE.keys()
    glossary = {model for model in admin.site._registry if model._meta.app_label == "glossary"}
    # Revisions, published entries, old addresses and the edition have no address at all in the admin.
    assert glossary == {Term, Event}


@pytest.mark.parametrize("name", READ)
def test_everybody_gets_exactly_their_answer(name: str, term: Term, client_of: dict[str, Client]) -> None:
    url = address(name, term)
    assert [client_of[role].get(url).status_code for role in ROLES] == READ[name]


@pytest.mark.parametrize("name", WRITE)
def test_a_forged_post_changes_nothing(name: str, term: Term, client_of: dict[str, Client]) -> None:
    url = address(name, term)
    assert [client_of[role].post(url).status_code for role in ROLES] == WRITE[name]
    assert (Term.objects.count(), Revision.objects.count(), Event.objects.count(), Tag.objects.count()) == (1, 2, 1, 1)
    assert PublishedEntry.objects.get().revision.number == 1


@pytest.mark.parametrize("name", ["term_change", "term_history", "term_delete", "term_publish", "term_retire"])
def test_an_unknown_term_is_not_found(name: str, term: Term, client_of: dict[str, Client]) -> None:
    url = reverse(f"admin:glossary_{name}", args=[term.pk + 1])
    response = client_of["reviewer"].post(url) if name == "term_publish" else client_of["reviewer"].get(url)
    assert response.status_code == 404


def test_only_those_who_may_publish_can_save_and_publish(
    term: Term, editor: User, client_of: dict[str, Client]
) -> None:
    data = fields_of(client_of["editor"].get(change_url(term))) | {"mechanism": "<p>New.</p>", "_publish": "1"}
    group = editor.groups.get()
    group.permissions.remove(group.permissions.get(codename="publish_term"))
    page = client_of["editor"].get(change_url(term)).content.decode()
    assert "Publish revision" not in page
    assert "_publish" not in page
    assert client_of["editor"].post(change_url(term), data).status_code == 403
    assert term.revisions.count() == 2
    url = reverse("admin:glossary_term_publish", args=[term.pk])
    assert client_of["editor"].post(url, {"revision": 2}).status_code == 403
    assert PublishedEntry.objects.get().revision.number == 1


@pytest.mark.parametrize("role", ["editor", "reviewer", "superuser"])
def test_publishing_takes_the_revision_that_was_seen(role: str, term: Term, client_of: dict[str, Client]) -> None:
    url = reverse("admin:glossary_term_publish", args=[term.pk])
    response = client_of[role].post(url, {"revision": "1"}, follow=True)
    assert "A newer revision was saved meanwhile" in messages_of(response)[0]
    assert PublishedEntry.objects.get().revision.number == 1
    response = client_of[role].post(url, {"revision": "2"}, follow=True)
    assert "is published" in messages_of(response)[0]
    assert PublishedEntry.objects.get().revision.number == 2


def test_a_reviewer_retires_with_a_reason_and_brings_back(term: Term, client_of: dict[str, Client]) -> None:
    url = reverse("admin:glossary_term_retire", args=[term.pk])
    assert "This field is required" in client_of["reviewer"].post(url).content.decode()
    assert client_of["editor"].post(url, {"reason": "Forged"}).status_code == 403
    assert PublishedEntry.objects.exists()
    response = client_of["reviewer"].post(url, {"reason": "Superseded"}, follow=True)
    assert messages_of(response) == ["“Luteal phase” is retired."]
    assert term.events.first().reason == "Superseded"  # type: ignore[union-attr]  # there is one
    again = client_of["reviewer"].post(url, {"reason": "Again"}, follow=True)
    assert "nothing to retire" in messages_of(again)[0]
    history = client_of["reviewer"].get(reverse("admin:glossary_term_history", args=[term.pk])).content.decode()
    assert "Superseded" in history
    publish = reverse("admin:glossary_term_publish", args=[term.pk])
    client_of["reviewer"].post(publish, {"revision": "2"})
    assert PublishedEntry.objects.get().term_id == term.pk


def test_many_are_published_at_once_and_each_is_reported(
    term: Term, client_of: dict[str, Client], editor: User, at: datetime
) -> None:
    new = save_term(document=document("New"), by=editor, at=at).term
    bare = Term.objects.create(title="Bare", slug="bare", definition="<p>x</p>")
    url = reverse("admin:glossary_term_changelist")
    selection = {"action": "publish_selected", "_selected_action": [term.pk, new.pk, bare.pk]}
    response = client_of["editor"].post(url, selection, follow=True)
    assert messages_of(response) == [
        "“Bare” has no revision that could be published: save it first.",
        "Published: “Luteal phase” and “New”.",
    ]
    response = client_of["editor"].post(url, selection | {"_selected_action": [new.pk]}, follow=True)
    assert messages_of(response) == ["Published already, as they stand: “New”."]


def test_many_are_retired_after_a_question_and_by_reviewers_only(
    term: Term, client_of: dict[str, Client], editor: User, at: datetime
) -> None:
    draft = save_term(document=document("Draft"), by=editor, at=at).term
    url = reverse("admin:glossary_term_changelist")
    selection = {"action": "retire_selected", "_selected_action": [term.pk, draft.pk]}
    forged = client_of["editor"].post(url, selection | {"confirmed": "1", "reason": "x"}, follow=True)
    assert messages_of(forged) == ["No action selected."]
    question = client_of["reviewer"].post(url, selection).content.decode()
    assert "Retire terms?" in question
    assert PublishedEntry.objects.exists()
    response = client_of["reviewer"].post(url, selection | {"confirmed": "1", "reason": "Old"}, follow=True)
    assert messages_of(response) == [
        "“Draft” is not published, so there is nothing to retire.",
        "Retired: “Luteal phase”.",
    ]
    assert not PublishedEntry.objects.exists()


def test_reviewers_read_the_newest_revision_rendered(term: Term, client_of: dict[str, Client]) -> None:
    page = client_of["reviewer"].get(change_url(term)).content.decode()
    assert '<div class="document__text"><p>New.</p></div>' in page
    assert "Publish revision 2" in page
    assert "Retire…" in page
    assert "<textarea" not in page


def test_a_revision_that_was_frozen_past_the_actions_is_cleaned_when_shown(
    term: Term, client_of: dict[str, Client], at: datetime
) -> None:
    evil = term.revisions.latest("number").document | {"origin": "<script>alert(1)</script><p>Text</p>"}
    head = term.revisions.latest("number")
    Revision.objects.create(
        term=term, number=3, parent=head, document=evil, sha256="0" * 64, created_at=at, created_by_name="Shell"
    )
    page = client_of["editor"].get(reverse("admin:glossary_term_revision", args=[term.pk, 3])).content.decode()
    assert '<div class="document__text"><p>Text</p></div>' in page
    assert "alert(1)" not in page


def test_a_term_cannot_be_deleted_through_its_list_and_says_why(term: Term, client_of: dict[str, Client]) -> None:
    url = reverse("admin:glossary_term_changelist")
    forged = {"action": "delete_selected", "_selected_action": [term.pk], "post": "yes"}
    assert messages_of(client_of["superuser"].post(url, forged, follow=True)) == ["No action selected."]
    page = client_of["superuser"].get(reverse("admin:glossary_term_delete", args=[term.pk]))
    assert "Nobody can delete a term" in page.content.decode()
    assert Term.objects.exists()


def test_nobody_merges_tags(term: Term, client_of: dict[str, Client]) -> None:
    for role in ("editor", "reviewer", "superuser"):
        response = client_of[role].post("/admin/taggit/tag/merge-tags/", {"new_tag_name": "x"})
        assert response.status_code in (302, 404)  # the admin's own answer to an unknown object
        forged = {"action": "render_tag_form", "_selected_action": [Tag.objects.get().pk]}
        client_of[role].post(reverse("admin:taggit_tag_changelist"), forged)
    assert Tag.objects.get().name == "cycle"


def test_renaming_a_tag_saves_every_term_that_carries_it(term: Term, client_of: dict[str, Client]) -> None:
    tag = Tag.objects.get()
    url = reverse("admin:taggit_tag_change", args=[tag.pk])
    client_of["superuser"].post(url, {"name": "menstrual cycle"})
    tag.refresh_from_db()
    assert (tag.name, tag.slug) == ("menstrual cycle", "menstrual-cycle")
    revision = term.revisions.latest("number")
    assert revision.document["tags"] == ["menstrual cycle"]
    assert revision.note == "Tag “cycle” renamed to “menstrual cycle”"
    assert revision.created_by_name == "Ruth Oyelaran"
    client_of["superuser"].post(url, {"name": "menstrual cycle"})
    assert term.revisions.count() == 3


def test_two_tags_cannot_be_told_apart_only_by_case(term: Term, client_of: dict[str, Client]) -> None:
    response = client_of["editor"].post(reverse("admin:taggit_tag_add"), {"name": "CYCLE"})
    assert "too much like another tag" in response.content.decode()
    client_of["editor"].post(reverse("admin:taggit_tag_add"), {"name": "Ovary"})
    assert set(Tag.objects.values_list("name", flat=True)) == {"cycle", "Ovary"}


def test_rows_of_a_term_have_no_address_and_take_no_permission_of_their_own(
    term: Term, client_of: dict[str, Client]
) -> None:
    data = with_row(fields_of(client_of["editor"].get(change_url(term))), "synonyms", text="LP", kind="abbreviation")
    assert client_of["reviewer"].post(change_url(term), data).status_code == 403
    assert client_of["editor"].post(change_url(term), data).status_code == 302
    assert term.synonyms.get().text == "LP"


def test_the_front_page_shows_what_people_work_with(client_of: dict[str, Client]) -> None:
    page = client_of["editor"].get(reverse("admin:index"))
    sections = {app["name"]: [model["name"] for model in app["models"]] for app in page.context["app_list"]}
    assert sections == {"Glossary": ["Terms", "Tags", "Events"]}
