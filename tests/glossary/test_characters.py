"""One rule of what a character is: what is empty, what is one word, and what is one name."""

from __future__ import annotations

import io
import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from taggit.models import Tag

from glossary.actions import (
    NotAllowed,
    NotReviewable,
    document_of,
    publish_term,
    replace_tag,
    save_term,
    save_terms,
    send_back,
    submit_term,
    switch_links,
    tag_terms,
    untag_terms,
)
from glossary.document.markup import clean_html
from glossary.models import Term
from tests.glossary.builders import document, publish_unreviewed
from tests.glossary.term_form import errors_of, fields_of, signed_in
from tests.people import person

pytestmark = pytest.mark.django_db

SOFT, SPACE, JOINER, MARK = "\u00ad", "\u200b", "\u2060", "\ufeff"


def imported(folder: Path, *terms: dict[str, object]) -> str:
    """Import terms, and return what was printed, or why they were refused."""
    path = folder / "terms.json"
    path.write_text(json.dumps(terms), encoding="utf-8")
    out = io.StringIO()
    try:
        call_command("import_terms", str(path), stdout=out, stderr=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def links(client: Client, slug: str) -> list[tuple[str, str]]:
    """Return address and words of the automatic links on a term's page."""
    page = client.get(f"/glossary/{slug}/").content.decode()
    return re.findall(r'<a class="term-link" href="([^"]*)"[^>]*>(.*?)</a>', page)


@pytest.mark.parametrize("unseen", [SPACE, SOFT, JOINER, MARK, "\u202e", "\u3164", "\u2800", "\u00a0"])
def test_what_shows_nothing_is_empty(tmp_path: Path, unseen: str) -> None:
    assert "no title" in imported(tmp_path, {"title": unseen, "slug": "blank", "definition": "x"})
    for definition in (unseen, f"<p>{unseen}</p>", f"<p>&#{ord(unseen)};</p>", f"<ul><li>{unseen}<br></li></ul>"):
        assert "no definition" in imported(tmp_path, {"title": "Y", "definition": definition})
    assert not Term.objects.exists()


def test_the_form_takes_no_invisible_title(editor: User) -> None:
    desk = signed_in(editor)
    address = reverse("admin:glossary_term_add")
    page = desk.get(address)
    answer = desk.post(address, fields_of(page) | {"title": SPACE, "definition": "x", "slug": "blank"})
    assert "title" in errors_of(answer)
    assert not Term.objects.exists()


def test_paragraphs_of_nothing_visible_are_left_out() -> None:
    assert clean_html(f"<p>One</p><p>{SPACE}</p><p>&nbsp;{SOFT}</p><p>Two</p>") == "<p>One</p><p>Two</p>"


def test_a_reason_of_nothing_visible_is_none(editor: User, reviewer: User, at: datetime) -> None:
    term = save_terms(documents=[document("Alpha")], by=editor, at=at)[0].term
    review = submit_term(term=term, by=editor, at=at)
    with pytest.raises(NotReviewable):
        send_back(review=review, by=reviewer, at=at, reason=SPACE)
    with pytest.raises(NotAllowed):
        publish_term(term=term, by=person("root", "Ro Ot", superuser=True), at=at, emergency=True, reason=JOINER)


def test_an_invisible_character_is_inside_a_word(client: Client, editor: User, at: datetime) -> None:
    text = f"hyper{SOFT}prolactin{SOFT}aemia, pro{SOFT}gesterone, oestra{JOINER}diol, corti{MARK}sol"
    made = save_terms(
        documents=[
            document("Soft hyphens", definition=f"<p>{text}</p>"),
            *(document(title) for title in ("Prolactin", "Progesterone", "Oestradiol", "Cortisol")),
        ],
        by=editor,
        at=at,
    )
    for saved in made:
        publish_unreviewed(term=saved.term, by=editor, at=at)
    assert links(client, "soft-hyphens") == [
        ("/glossary/progesterone/", f"pro{SOFT}gesterone"),
        ("/glossary/oestradiol/", f"oestra{JOINER}diol"),
        ("/glossary/cortisol/", f"corti{MARK}sol"),
    ]
    assert text in re.sub("<[^>]*>", "", client.get("/glossary/soft-hyphens/").content.decode())
    for word in ("hyperprolactinaemia", f"cor{SPACE}tisol", "oestradiol"):
        assert "/glossary/soft-hyphens/" in client.get("/glossary/", {"q": word}).content.decode(), word


@pytest.mark.parametrize("apostrophe", "'’ʼ‘´`′")
def test_every_apostrophe_is_one(client: Client, editor: User, at: datetime, apostrophe: str) -> None:
    name = f"Cushing{apostrophe}s disease"
    made = save_terms(
        documents=[
            document("Cushing's disease"),
            document("Reader", definition=f"<p>In {name}.</p>"),
        ],
        by=editor,
        at=at,
    )
    for saved in made:
        publish_unreviewed(term=saved.term, by=editor, at=at)
    found = client.get("/glossary/", {"q": f"cushing{apostrophe}s diseas"}).content.decode()
    assert "/glossary/cushings-disease/" in found
    assert links(client, "reader") == [("/glossary/cushings-disease/", name)]
    assert save_terms(documents=[document(f"Addison{apostrophe}s")], by=editor, at=at)[0].term.slug == "addisons"


def test_a_name_stays_switched_off_however_its_apostrophe_is_written(
    client: Client, editor: User, at: datetime
) -> None:
    made = save_terms(
        documents=[document("Cushing’s"), document("Reader", definition="<p>A Cushing's.</p>")], by=editor, at=at
    )
    for saved in made:
        publish_unreviewed(term=saved.term, by=editor, at=at)
    switch_links(term=made[0].term, off=["Cushing's"], on=[], by=editor, at=at)
    assert links(client, "reader") == []


def test_vowel_signs_and_tatweel_hide_no_arabic_word(client: Client, editor: User, at: datetime) -> None:
    made = save_terms(
        documents=[
            document("هرمون", slug="hurmun"),
            document("Reader", definition="<p>هُرْمُون</p>"),
            document("Second reader", definition="<p>هرمـــون</p>"),
        ],
        by=editor,
        at=at,
    )
    for saved in made:
        publish_unreviewed(term=saved.term, by=editor, at=at)
    found = client.get("/glossary/", {"q": "هُرمـون"}).content.decode()
    for slug in ("hurmun", "reader", "second-reader"):
        assert f"/glossary/{slug}/" in found
    assert links(client, "reader") == [("/glossary/hurmun/", "هُرْمُون")]
    assert links(client, "second-reader") == [("/glossary/hurmun/", "هرمـــون")]


def test_tags_that_differ_in_hyphens_and_apostrophes_are_one(editor: User, at: datetime) -> None:
    save_terms(documents=[document("Alpha", tags=["Vitamin D", "Addison’s disease"])], by=editor, at=at)
    other = document("Beta", tags=["vitamin-d", f"Vita{SOFT}min D", "addison's disease"])
    [saved] = save_terms(documents=[other], by=editor, at=at)
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["Addison’s disease", "Vitamin D"]
    assert saved.revision
    assert saved.revision.document["tags"] == ["Addison’s disease", "Vitamin D"]


def test_a_tag_is_taken_off_and_replaced_however_it_is_spelled(editor: User, at: datetime) -> None:
    term = save_term(document=document("Rickets", tags=["Vitamin D"]), by=editor, at=at).term
    tag_terms(terms=[term], name="vitamin-d", by=editor, at=at)
    assert document_of(term).tags == ("Vitamin D",)
    replace_tag(terms=[term], name="vitamin-d", by_tag="Bones", by=editor, at=at)
    assert document_of(Term.objects.get()).tags == ("Bones",)
    untag_terms(terms=[Term.objects.get()], name="bones", by=editor, at=at)
    assert document_of(Term.objects.get()).tags == ()


@pytest.mark.parametrize("first", ["saved before", "in the same file"])
def test_a_tag_with_the_address_of_another_is_refused(tmp_path: Path, editor: User, at: datetime, first: str) -> None:
    terms: list[dict[str, object]] = [
        {"title": "Alpha", "definition": "x", "tags": ["CD4"]},
        {"title": "Beta", "definition": "x", "tags": ["CD4-"]},
    ]
    if first == "saved before":
        save_terms(documents=[document("Alpha", tags=["CD4"])], by=editor, at=at)
        del terms[0]
    printed = imported(tmp_path, *terms)
    assert "“CD4-” would have the same address as the tag “CD4”" in printed
    assert not Tag.objects.filter(name="CD4-").exists()
