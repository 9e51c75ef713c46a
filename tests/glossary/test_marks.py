"""Marks of references in the midst of a text, as journals write them, lead to the list and back."""

import pytest

from glossary.marks import with_marks, without_marks
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
