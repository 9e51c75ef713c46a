"""Marks of references in the midst of a text, as journals write them, lead to the list and back."""

from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from glossary.actions import NotPublishable, approve_review, publish_term, save_term, schedule_publication, submit_term
from glossary.document.citation_markers import marks_without_reference, with_marks, without_marks
from glossary.document.parsing import parse_document
from glossary.models import PublishedEntry, Revision, Term
from tests.glossary.builders import document
from tests.glossary.term_form import add_url, errors_of, fields_of, signed_in
from tests.steps import assert_linear


def marked(text: str, references: int = 3) -> str:
    return with_marks({"text": text}, references=references)[0]["text"]


def test_a_mark_leads_to_the_reference_and_stands_close_to_its_word() -> None:
    assert marked("<p>Benefit is shown [2].</p>") == (
        '<p>Benefit is shown<sup class="mark"><a id="cite-2-1" href="#ref-2" role="doc-noteref">2</a></sup>.</p>'
    )


@pytest.mark.parametrize(
    ("mark", "numbers"),
    [("[1,3]", [1, 3]), ("[1, 3]", [1, 3]), ("[1–3]", [1, 2, 3]), ("[1-2]", [1, 2]), ("[3, 1–2]", [1, 2, 3])],
)
def test_lists_and_ranges_name_each_reference(mark: str, numbers: list[int]) -> None:
    assert list(with_marks({"text": mark}, references=3)[1]) == numbers


def test_a_reference_knows_every_place_that_names_it_across_the_texts() -> None:
    texts = {"origin": "<p>One [1], again [1].</p>", "mechanism": "<p>Last [1,2].</p>"}
    assert with_marks(texts, references=2)[1] == {1: ["cite-1-1", "cite-1-2", "cite-1-3"], 2: ["cite-2-1"]}


@pytest.mark.parametrize(
    "text",
    [
        "<p>A number that no reference has [4].</p>",
        "<p>One that has none [1, 4], nor zero [0].</p>",
        "<p>An isotope: [14C]glucose, [1,2-3H]cortisol.</p>",
        '<p><a href="https://example.org/?a[1]">in a link [1]</a></p>',
        "<p>Backwards [3–1], open [1, empty [].</p>",
    ],
)
def test_what_is_no_mark_stays_as_it_was_written(text: str) -> None:
    assert marked(text) == text
    assert without_marks(text, references=3) == text


def test_summaries_do_without_marks() -> None:
    assert without_marks("<p>Benefit is shown [1, 2].</p>", references=2) == "<p>Benefit is shown.</p>"


@pytest.mark.parametrize("before", [" ", "&nbsp;", "\n &nbsp;", "[1", "[1,", "[1 ", "[<em>", "[9] ", "1, "])
def test_many_blanks_and_brackets_cost_no_more_than_their_number(before: str) -> None:
    assert_linear(lambda size: with_marks({"text": f"<p>{before * size}</p>"}, references=3), 500)
    assert_linear(lambda size: without_marks(f"<p>[{before * size}x [1]</p>", references=3), 500)


def test_all_blanks_before_a_mark_go_with_it() -> None:
    blanks = " \n&nbsp;" * 20_000
    assert without_marks(f"<p>Shown{blanks}[1] and{blanks}[4].</p>", references=3) == f"<p>Shown and{blanks}[4].</p>"


# -- Marks without a reference -----------------------------------------------------------------------------------------

WORKS = [{"citation": f"Work {number}."} for number in (1, 2)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<p>Shown [7].</p>", ["[7]"]),
        ("<p>Shown [1, 3], shown[2–4], shown [2], and again [1, 3].</p>", ["[1, 3]", "[2–4]"]),
        ("<p>Between [0–10] and [14C]glucose; benzo[1,4]oxazine, bicyclo[3]-octane.</p>", []),
        ('<p><a href="https://example.org/">in a link [7]</a></p>', []),
    ],
)
def test_marks_without_a_reference_are_found(text: str, found: list[str]) -> None:
    assert marks_without_reference(text, references=2) == found


@pytest.mark.django_db
def test_the_form_names_the_marks_that_no_reference_has(editor: User) -> None:
    desk = signed_in(editor)
    data = fields_of(desk.get(add_url())) | {"title": "Mark", "definition": "<p>Shown [7], shown [8].</p>"}
    page = desk.post(add_url(), data)
    assert "Cites [7], [8], but the term has no references" in errors_of(page)
    assert not Term.objects.exists()


@pytest.mark.django_db
def test_an_import_names_the_marks_that_no_reference_has(tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    file.write_text("title,definition,references\nMark,Shown [7].,Rossouw JE. Risks. JAMA. 2002.\n")
    output = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("import_terms", file, stdout=output, stderr=output)
    assert "definition: cites [7], but the term has only 1 reference" in f"{output.getvalue()} {refusal.value}"
    assert not Term.objects.exists()


@pytest.mark.django_db
def test_what_was_saved_with_such_a_mark_earlier_is_not_published(editor: User, reviewer: User, at: datetime) -> None:
    term = save_term(document=document(references=WORKS), by=editor, at=at).term
    old = parse_document(document(references=WORKS).as_json()).as_json() | {"definition": "<p>Shown [7].</p>"}
    head = Revision.objects.create(
        term=term, number=2, parent=term.head, document=old, sha256="0" * 64, created_at=at, created_by=editor
    )
    Term.objects.update(head=head)
    term.refresh_from_db()
    approve_review(review=submit_term(term=term, by=editor, at=at), by=reviewer, at=at)
    words = r"its definition cites \[7\], but the term has only 2 references"
    with pytest.raises(NotPublishable, match=words):
        publish_term(term=term, by=editor, at=at)
    with pytest.raises(NotPublishable, match=words):
        schedule_publication(term=term, revision=head, due_at=timezone.now(), by=editor, at=at)
    assert not PublishedEntry.objects.exists()
