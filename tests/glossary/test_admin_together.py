"""Two people on one term, in the form: what merges by itself, what they decide, and that nothing typed is lost."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from glossary.actions import save_term, switch_links
from glossary.document.documents import TermDocument
from glossary.models import Revision, Term
from tests.glossary.builders import document
from tests.glossary.term_form import change_url, errors_of, fields_of, messages_of, signed_in, without_pages
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


def rich(**fields: Any) -> TermDocument:
    """Return a document with rows of every kind; ``fields`` replace its parts."""
    parts: dict[str, Any] = {
        "insights": [{"text": "First.", "term": "progesterone"}, {"text": "Second.", "url": "https://example.org/"}],
        "synonyms": [{"text": "LP", "kind": "abbreviation"}, {"text": "Secretory phase"}],
        "references": [{"citation": "Someone. Something. 2020.", "doi": "10.1001/jama.288.3.321"}],
        "related": ["progesterone"],
        "tags": ["menstrual cycle"],
    }
    return document(**(parts | fields))


@pytest.fixture
def term(editor: User, at: datetime) -> Term:
    save_term(document=document("Progesterone"), by=editor, at=at)
    save_term(document=document("Oestradiol"), by=editor, at=at)
    return save_term(document=rich(), by=editor, at=at).term


def newest(term: Term) -> Revision:
    return Revision.objects.filter(term=term).latest("number")


def test_what_only_one_side_touched_is_merged_and_the_page_says_from_whom(
    desk: Client, term: Term, emil: User, at: datetime
) -> None:
    page = fields_of(desk.get(change_url(term)))
    save_term(document=rich(origin="<p>From Greek.</p>", tags=["Ovary"]), by=emil, at=at, term=term)
    response = desk.post(change_url(term), page | {"mechanism": "<p>Mine.</p>"})
    assert (
        "While you were editing, revision 2 by Emil Sørensen was saved. What only one of you changed was merged: "
        "origin and tags came from it."
    ) in messages_of(response)
    saved = newest(term)
    assert saved.number == 3
    assert saved.document == rich(origin="<p>From Greek.</p>", tags=["Ovary"], mechanism="<p>Mine.</p>").as_json()


def test_a_conflict_shows_both_sides_on_the_newer_revision_and_saves_nothing(
    pages: Client, term: Term, emil: User, at: datetime
) -> None:
    page = fields_of(pages.get(change_url(term)))
    theirs = rich(
        definition="<p>Luteal phase: what it really means.</p>",
        references=[{"citation": "Somebody else. 2021."}],
        synonyms=[{"text": "Luteal stage"}],
        related=["oestradiol"],
    )
    save_term(document=theirs, by=emil, at=at, term=term)
    response = pages.post(
        change_url(term),
        page
        | {"definition": "<p>Luteal phase: what it may mean.</p>", "synonyms-0-text": "My name", "note": "Because"},
    )

    words = errors_of(response)
    assert "Emil Sørensen saved revision 2 of this term on 2 March 2026 at 12:00, after you opened this page." in words
    assert "You both changed definition and synonyms. Choose below" in words
    assert "Taken from revision 2, because only one of you changed it: references and related terms." in words
    collision = response.context["collision"]
    assert [decision.part for decision in collision.decisions] == ["definition", "synonyms"]
    html = response.content.decode()
    # The summary at the top is in the order of the page below it.
    assert html.index('href="#id_choice_definition_0"') < html.index('href="#id_choice_synonyms_0"')
    for marked in ("<ins>", "really", " may", "Luteal stage", "My name"):
        assert marked in html
    again = fields_of(response)
    assert again["definition"] == "<p>Luteal phase: what it may mean.</p>"
    assert (again["synonyms-0-text"], again["synonyms-1-text"]) == ("My name", "Secretory phase")
    assert (again["references-0-citation"], again["references-TOTAL_FORMS"]) == ("Somebody else. 2021.", "1")
    assert again["related"] == [str(Term.objects.get(slug="oestradiol").pk)]
    assert (again["note"], again["opened_on"], again["both_from"]) == ("Because", "2", "1")
    assert term.revisions.count() == 2


def test_rows_taken_over_from_the_other_side_keep_the_switches_of_their_names(
    pages: Client, term: Term, editor: User, emil: User, at: datetime
) -> None:
    switch_links(term=term, by=editor, at=at, off=["LP", "Luteal stage"])
    page = fields_of(pages.get(change_url(term)))
    # Mine: “Secretory phase” is switched off, and “LP” left as it is.
    page |= {"initial-synonyms-0-unlinked": "True", "initial-synonyms-1-unlinked": "False"}
    page |= {"synonyms-0-unlinked": "on", "synonyms-1-unlinked": "on"}
    theirs = rich(
        definition="<p>Theirs.</p>",
        synonyms=[{"text": "Luteal stage"}, {"text": "Secretory phase"}, {"text": "LP", "kind": "abbreviation"}],
    )
    save_term(document=theirs, by=emil, at=at, term=term)
    response = pages.post(change_url(term), page | {"definition": "<p>Mine.</p>"})
    assert "Taken from revision 2, because only one of you changed it: synonyms." in errors_of(response)
    again = fields_of(response)
    assert [again[f"synonyms-{row}-text"] for row in range(3)] == ["Luteal stage", "Secretory phase", "LP"]
    assert [again[f"synonyms-{row}-unlinked"] for row in range(3)] == [True, True, True]
    hidden = re.findall(r'name="initial-synonyms-(\d)-unlinked" value="(\w+)"', response.content.decode())
    assert hidden == [("0", "True"), ("1", "False"), ("2", "True")]
    posted = {name: "on" if value is True else value for name, value in again.items() if value is not False}
    posted |= {f"initial-synonyms-{row}-unlinked": value for row, value in hidden}
    pages.post(change_url(term), posted | {"choice_definition": "mine", "_continue": "1"})
    assert term.revisions.count() == 3
    assert set(term.unlinked_names.values_list("name", flat=True)) == {"LP", "Luteal stage", "Secretory phase"}


def test_a_conflict_that_is_not_decided_is_asked_again_and_saves_nothing(
    desk: Client, term: Term, emil: User, at: datetime
) -> None:
    page = fields_of(desk.get(change_url(term)))
    save_term(document=rich(origin="<p>From Greek.</p>"), by=emil, at=at, term=term)
    again = fields_of(desk.post(change_url(term), page | {"origin": "<p>From Norse.</p>"}))
    response = desk.post(change_url(term), again)
    assert "Choose which version to save." in errors_of(response)
    (decision,) = response.context["collision"].decisions
    assert decision.part == "origin"
    assert decision.mine.changed
    assert fields_of(response)["origin"] == "<p>From Norse.</p>"
    assert term.revisions.count() == 2


def test_the_choices_decide_what_the_next_revision_says(desk: Client, term: Term, emil: User, at: datetime) -> None:
    page = fields_of(desk.get(change_url(term)))
    theirs = rich(
        definition="<p>Their definition.</p>",
        origin="<p>Their origin.</p>",
        synonyms=[{"text": "Their name"}],
        insights=[{"text": "Theirs.", "term": "oestradiol"}],
        references=[],
    )
    save_term(document=theirs, by=emil, at=at, term=term)
    mine = {
        "definition": "<p>My definition.</p>",
        "origin": "<p>My origin.</p>",
        "synonyms-0-text": "My name",
        "insights-0-text": "Mine.",
        "references-0-citation": "Mine. 2022.",
    }
    again = fields_of(desk.post(change_url(term), page | mine))
    decided = {
        "choice_definition": "mine",
        "choice_origin": "hand",
        "origin": "<p>Our origin.</p>",
        "choice_synonyms": "theirs",
        "choice_insights": "theirs",
        "choice_references": "mine",
    }
    response = desk.post(change_url(term), again | decided)
    assert "is saved as revision 3" in messages_of(response)[0]
    saved = newest(term).document
    assert saved["definition"] == "<p>My definition.</p>"
    assert saved["origin"] == "<p>Our origin.</p>"
    assert saved["synonyms"] == [{"text": "Their name", "kind": "synonym"}]
    assert saved["insights"] == [{"text": "Theirs.", "term": "oestradiol", "url": ""}]
    assert [row["citation"] for row in saved["references"]] == ["Mine. 2022."]


def test_a_third_revision_meanwhile_asks_only_about_what_is_new(
    desk: Client, term: Term, emil: User, at: datetime
) -> None:
    page = fields_of(desk.get(change_url(term)))
    save_term(document=rich(definition="<p>Theirs.</p>", origin="<p>Theirs.</p>"), by=emil, at=at, term=term)
    again = fields_of(desk.post(change_url(term), page | {"definition": "<p>Mine.</p>", "origin": "<p>Mine.</p>"})) | {
        "choice_definition": "theirs",
        "choice_origin": "mine",
    }
    save_term(document=rich(definition="<p>Theirs.</p>", origin="<p>Newer.</p>"), by=emil, at=at, term=term)
    third = desk.post(change_url(term), again)
    assert [decision.part for decision in third.context["collision"].decisions] == ["origin"]
    fields = fields_of(third)
    assert (fields["definition"], fields["origin"]) == ("<p>Theirs.</p>", "<p>Mine.</p>")
    desk.post(change_url(term), fields | {"choice_origin": "mine"})
    saved = newest(term)
    assert saved.number == 4
    assert (saved.document["definition"], saved.document["origin"]) == ("<p>Theirs.</p>", "<p>Mine.</p>")


def test_the_same_change_by_both_is_no_conflict(desk: Client, term: Term, emil: User, at: datetime) -> None:
    page = fields_of(desk.get(change_url(term)))
    save_term(document=rich(origin="<p>From Greek.</p>"), by=emil, at=at, term=term)
    response = desk.post(change_url(term), page | {"origin": "<p>From Greek.</p>"})
    assert messages_of(response)[0].startswith("You changed nothing")
    assert term.revisions.count() == 2


def test_a_page_that_does_not_say_where_it_began_overwrites_nothing(desk: Client, term: Term) -> None:
    page = fields_of(desk.get(change_url(term))) | {"mechanism": "<p>New.</p>", "opened_on": ""}
    response = desk.post(change_url(term), page)
    assert [decision.part for decision in response.context["collision"].decisions] == ["mechanism"]
    assert term.revisions.count() == 1
    desk.post(change_url(term), fields_of(response) | {"choice_mechanism": "mine"})
    assert newest(term).document["mechanism"] == "<p>New.</p>"


def test_an_old_page_with_rows_that_are_gone_ends_with_words(desk: Client, term: Term) -> None:
    page = fields_of(desk.get(change_url(term)))
    desk.post(change_url(term), page | {"synonyms-0-DELETE": "on", "insights-0-DELETE": "on"})
    response = desk.post(change_url(term), page | {"insights-1-text": "Second, better."})
    assert "Edith Okafor saved revision 2" in errors_of(response)
    assert fields_of(response)["insights-1-text"] == "Second, better."


def test_the_form_opens_within_twenty_queries_and_a_collision_adds_three(
    pages: Client, term: Term, emil: User, at: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(20):
        page = fields_of(pages.get(change_url(term)))
    with CaptureQueriesContext(connection) as refused:
        assert "at most 500" in errors_of(pages.post(change_url(term), page | {"note": "x" * 501}))
    without = len(refused)  # now: the next request empties the log that it counts
    theirs = rich(origin="<p>From Greek.</p>", definition="<p>Theirs.</p>", synonyms=[], references=[])
    save_term(document=theirs, by=emil, at=at, term=term)
    mine = {"origin": "<p>From Norse.</p>", "definition": "<p>Mine.</p>", "synonyms-0-text": "x"}
    again = fields_of(pages.post(change_url(term), page | mine))
    with CaptureQueriesContext(connection) as collided:
        assert len(pages.post(change_url(term), again).context["collision"].decisions) == 3
    # Both revisions, the related terms as typed, and the titles of all terms named: however much is in conflict.
    assert len(collided) - without <= 3


@pytest.mark.parametrize("value", ["one", "9" * 30, "-1", "7"])
def test_nonsense_in_the_hidden_fields_ends_with_words(desk: Client, term: Term, value: str) -> None:
    page = fields_of(desk.get(change_url(term))) | {"mechanism": "<p>New.</p>"}
    for name in ("opened_on", "both_from", "conflicts", "draft"):
        response = desk.post(change_url(term), page | {name: value, "conflicts": ["origin", value]})
        assert response.status_code == 200
    assert term.revisions.count() == 1
