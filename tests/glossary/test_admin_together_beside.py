"""What the term form asks for while somebody writes: who else is there, the preview, and names that are alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from glossary.actions import mark_absent, mark_present, save_term
from glossary.linking.similar import Likeness, similar_terms
from glossary.models import Presence, Term
from tests.glossary.builders import document, publish_unreviewed
from tests.glossary.term_form import add_url, change_url, fields_of, messages_of, signed_in, with_row, without_pages
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def emil(db: None) -> User:
    return person("emil", "Emil Sørensen", "Clinical editors")


@pytest.fixture
def desk(editor: User) -> Client:
    return without_pages(editor)


@pytest.fixture
def pages(editor: User) -> Client:
    """For tests that read what a page says."""
    return signed_in(editor)


@pytest.fixture
def term(editor: User, at: datetime) -> Term:
    return save_term(
        document=document(synonyms=[{"text": "Secretory phase"}, {"text": "LP", "kind": "abbreviation"}]),
        by=editor,
        at=at,
    ).term


def presence_url(term: Term) -> str:
    return reverse("admin:glossary_term_presence", args=[term.pk])


# -- Presence ----------------------------------------------------------------------------------------------------------


def test_others_who_have_the_term_open_are_named_until_they_are_not_heard_of(
    editor: User, emil: User, term: Term, at: datetime
) -> None:
    assert mark_present(term=term, by=emil, at=at) == []
    mark_present(term=term, by=emil, at=at + timedelta(seconds=50))
    (other,) = mark_present(term=term, by=editor, at=at + timedelta(seconds=100))
    assert (other.user, other.opened_at) == (emil, at)
    assert mark_present(term=term, by=editor, at=at + timedelta(seconds=111)) == []
    # Whoever comes back later has it open since then.
    mark_present(term=term, by=emil, at=at + timedelta(seconds=200))
    assert Presence.objects.get(user=emil).opened_at == at + timedelta(seconds=200)
    assert Presence.objects.count() == 1
    mark_absent(term=term, by=emil)
    assert not Presence.objects.exists()


def test_presence_is_about_one_term(editor: User, emil: User, term: Term, at: datetime) -> None:
    other = save_term(document=document("Progesterone"), by=editor, at=at).term
    mark_present(term=other, by=emil, at=at)
    assert mark_present(term=term, by=editor, at=at) == []


def test_the_form_learns_who_is_there_and_what_was_saved_meanwhile(
    pages: Client, editor: User, emil: User, term: Term, at: datetime
) -> None:
    signed_in(emil).post(presence_url(term), {"opened_on": "1"})
    answer = pages.post(presence_url(term), {"opened_on": "1"}).json()
    assert [other["name"] for other in answer["others"]] == ["Emil Sørensen"]
    assert answer["others"][0]["since"].endswith("Z")
    assert answer["newer"] is None
    save_term(document=document(origin="<p>From Greek.</p>"), by=emil, at=at, term=term)
    newer = pages.post(presence_url(term), {"opened_on": "1"}).json()["newer"]
    assert (newer["number"], newer["by"], newer["at"]) == (2, "Emil Sørensen", "2026-03-02T12:00:00Z")
    assert "Greek" in pages.get(newer["url"]).content.decode()
    for nonsense in ("", "0", "7", "9" * 40, "x"):
        newer = pages.post(presence_url(term), {"opened_on": nonsense}).json()["newer"]
        assert pages.get(newer["url"]).status_code == 200
    assert pages.post(presence_url(term), {"opened_on": "2"}).json()["newer"] is None


def test_saving_and_leaving_ends_the_presence_and_going_on_does_not(desk: Client, term: Term) -> None:
    desk.post(presence_url(term), {"opened_on": "1"})
    desk.post(change_url(term), fields_of(desk.get(change_url(term))) | {"_continue": "1"})
    assert Presence.objects.exists()
    desk.post(change_url(term), fields_of(desk.get(change_url(term))) | {"_save": "1"})
    assert not Presence.objects.exists()


def test_a_beat_takes_few_queries(
    pages: Client, term: Term, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(12):
        pages.post(presence_url(term), {"opened_on": "1"})


def test_only_who_may_write_terms_is_answered(desk: Client, reviewer: User, term: Term) -> None:
    outsider = person("otto", "Otto Other")
    preview = reverse("admin:glossary_term_preview", args=[term.pk])
    asked: list[tuple[str, str]] = [
        ("post", presence_url(term)),
        ("post", preview),
        ("post", reverse("admin:glossary_term_preview")),
        ("get", reverse("admin:glossary_term_similar")),
    ]
    for method, url in asked:
        for user in (reviewer, outsider):
            assert getattr(without_pages(user), method)(url).status_code == 403, url
        assert getattr(without_pages(None), method)(url).status_code == 302, url
        assert getattr(desk, method)(url).status_code == 200, url
        wrong = "get" if method == "post" else "post"
        assert getattr(desk, wrong)(url).status_code == 405, url
    assert desk.post(reverse("admin:glossary_term_presence", args=[99999])).status_code == 404
    assert desk.post(reverse("admin:glossary_term_preview", args=[99999])).status_code == 404


def test_a_beat_without_a_token_is_refused_and_the_session_gives_a_new_one(editor: User, term: Term) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    assert client.post(presence_url(term), {"opened_on": "1"}).status_code == 403
    session = client.get(reverse("admin:glossary_term_session"))
    assert (session.json()["user"], session.json()["name"]) == (editor.pk, "Edith Okafor")
    assert "no-store" in session.headers["Cache-Control"]
    headers = {"X-CSRFToken": session.json()["token"]}
    assert client.post(presence_url(term), {"opened_on": "1"}, headers=headers).status_code == 200
    assert without_pages(None).get(reverse("admin:glossary_term_session")).status_code == 302


# -- Preview and readability -------------------------------------------------------------------------------------------


def preview(desk: Client, data: dict[str, Any], term: Term | None = None) -> dict[str, Any]:
    url = reverse("admin:glossary_term_preview", args=[term.pk] if term else [])
    answer: dict[str, Any] = desk.post(f"{url}?page", data).json()
    return answer


def test_the_preview_is_the_public_page_of_what_is_typed_and_saves_nothing(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(change_url(term))) | {
        "title": "Luteal phase, anew",
        "mechanism": '<p onclick="x()">10<sup>3</sup> cells</p><script>alert(1)</script>',
    }
    data = with_row(data, "references", citation="Someone. 2020.", doi="", pmid="", url="")
    answer = preview(desk, data, term)
    for part in ("Luteal phase, anew", "<p>10<sup>3</sup> cells</p>", "Secretory phase", "Someone. 2020.", "site.css"):
        assert part in answer["html"]
    for absent in ("<script", "onclick", "site-header", "site-footer", "consent"):
        assert absent not in answer["html"]
    assert answer["problems"] == []
    assert term.revisions.count() == 1
    term.refresh_from_db()
    assert term.title == "Luteal phase"


def test_a_form_that_is_not_finished_is_previewed_as_far_as_it_goes(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(add_url()))
    assert "Untitled term" in preview(desk, data)["html"]
    assert "No definition yet." in preview(desk, {})["html"]
    data = with_row(data | {"title": "Menses"}, "references", citation="Kept. 2020.", doi="", pmid="", url="")
    data = with_row(data, "references", citation="Wrong. 2020.", doi="11.5/x", pmid="", url="")
    data = with_row(data, "insights", text="It ends.", target=str(term.pk), url="javascript:alert(1)")
    answer = preview(desk, data)
    assert "Kept. 2020." in answer["html"]
    for absent in ("Wrong. 2020.", "javascript:"):
        assert absent not in answer["html"]
    assert any(words.startswith("References 2: '11.5/x' is not a DOI") for words in answer["problems"])


def test_a_published_term_is_previewed_too(desk: Client, editor: User, term: Term, at: datetime) -> None:
    publish_unreviewed(term=term, by=editor, at=at)
    data = fields_of(desk.get(change_url(term))) | {"definition": "<p>Another.</p>"}
    assert "<p>Another.</p>" in preview(desk, data, term)["html"]


@pytest.mark.parametrize(
    "data",
    [
        {"title": "\x00", "definition": "\x01", "slug": "???"},
        {"title": "?", "tags": '"', "related": ["x", "9" * 40]},
        {"definition": "x" * 200_000, "synonyms-TOTAL_FORMS": "many"},
        {"synonyms-TOTAL_FORMS": "1", "synonyms-INITIAL_FORMS": "7", "synonyms-0-text": "y" * 999},
    ],
)
def test_nonsense_is_previewed_without_an_error(desk: Client, data: dict[str, Any]) -> None:
    assert "<h1" in preview(desk, data)["html"]


def test_each_section_and_the_page_are_measured(desk: Client, term: Term) -> None:
    sentence = "This is one of the plain words that we all use when we talk in our own homes each day of our lives. "
    data = fields_of(desk.get(change_url(term))) | {"mechanism": f"<p>{sentence}</p>", "origin": ""}
    url = reverse("admin:glossary_term_preview", args=[term.pk])
    answer = desk.post(url, data).json()
    assert "html" not in answer
    found = {line["part"]: line for line in answer["readability"]}
    assert list(found) == ["definition", "origin", "mechanism", "page"]
    assert found["origin"] == {"part": "origin", "words": 0, "lix": None, "band": ""}
    assert (found["mechanism"]["words"], found["mechanism"]["lix"], found["mechanism"]["band"]) == (23, 23, "very easy")
    assert found["page"]["words"] == 23 + found["definition"]["words"]


# -- Names that are alike ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("luteal  PHASE", "“Luteal phase” is already a term"),
        ("Secretory Phase", "“Luteal phase” has “Secretory phase” as a synonym"),
        ("LP", "“Luteal phase” has “LP” as a synonym"),
        ("Luteal phases", "This is similar to “Luteal phase”"),
        ("Lutael phase", "This is similar to “Luteal phase”"),
        ("Uteal phase", "This is similar to “Luteal phase”"),
        ("luteal-phase", "This is similar to “Luteal phase”"),
        ("Secretary phase", "This is similar to “Luteal phase”, whose synonym is “Secretory phase”"),
        ("Luteal p", "“Luteal phase” begins in the same way"),
        ("Estradiol", "This is similar to “Oestradiol”"),
        ("Oestradiol", "“Oestradiol” is already a term"),
        ("Menière", "“Meniere” is already a term"),
    ],
)
def test_the_same_a_synonym_and_a_near_name_are_found(
    editor: User, term: Term, at: datetime, name: str, words: str
) -> None:
    for title in ("Oestradiol", "Meniere", "Corpus luteum", "Follicular phase"):
        save_term(document=document(title), by=editor, at=at)
    assert [str(found) for found in similar_terms(name)][:1] == [words]


@pytest.mark.parametrize("name", ["", " ", "L", "Ovary", "LH", "%", "_____", "Corpus albicans"])
def test_another_name_is_like_nothing(term: Term, name: str) -> None:
    assert similar_terms(name) == []


def test_a_term_is_not_like_itself(term: Term) -> None:
    assert similar_terms("Luteal phase", without=term.pk) == []


def test_many_names_take_two_queries(
    editor: User, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        save_term(document=document(f"Luteal phase {number}"), by=editor, at=at)
    save_term(document=document("Luteal phase"), by=editor, at=at)
    with django_assert_num_queries(2):
        found = similar_terms("Luteal phase")
    assert [one.likeness for one in found][:1] == [Likeness.SAME]
    assert len(found) == 5


def test_the_form_asks_while_the_title_is_typed(desk: Client, term: Term) -> None:
    url = reverse("admin:glossary_term_similar")
    (found,) = desk.get(url, {"title": "LUTEAL PHASE"}).json()["similar"]
    assert found == {
        "words": "“Luteal phase” is already a term",
        "url": change_url(term),
        "title": "Luteal phase",
        "address": "/glossary/luteal-phase/",
    }
    assert desk.get(url, {"title": "Luteal phase", "term": str(term.pk)}).json()["similar"] == []
    for nonsense in ("x", "9" * 18, ""):
        assert desk.get(url, {"title": "ab", "term": nonsense}).status_code == 200


def test_a_saved_title_like_another_warns_and_is_saved(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(add_url())) | {"title": "Secretory phase", "definition": "<p>Another.</p>"}
    response = desk.post(add_url(), data)
    warning = next(words for words in messages_of(response) if "synonym" in words)
    assert "“Luteal phase” has “Secretory phase” as a synonym" in warning
    assert change_url(term) in warning
    new = Term.objects.get(slug="secretory-phase")
    # Only when the title is new: not with each save afterwards.
    again = desk.post(change_url(new), fields_of(desk.get(change_url(new))) | {"origin": "<p>New.</p>"})
    assert not any("synonym" in words for words in messages_of(again))
