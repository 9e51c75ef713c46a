"""What changed between two documents, part by part."""

from __future__ import annotations

import re

from django.template.loader import render_to_string

from glossary.document.blocks import Change
from glossary.document.comparing import compare_rows
from glossary.document.differences import Difference, compare_documents
from glossary.document.documents import slugs_named
from tests.glossary.builders import document


def by_part(differences: tuple[Difference, ...]) -> dict[str, Difference]:
    return {difference.part: difference for difference in differences}


def changes(difference: Difference) -> list[tuple[str, str]]:
    return [
        (segment.change.value, segment.text)
        for block in difference.comparison.blocks
        for segment in block.segments
        if segment.change is not Change.SAME
    ]


def test_only_what_changed_counts_as_changed() -> None:
    old = document(tags=["cycle"], synonyms=[{"text": "LP", "kind": "abbreviation"}]).as_json()
    new = document(
        tags=["cycle"], synonyms=[{"text": "LP", "kind": "synonym"}], mechanism="<p>By two hormones.</p>"
    ).as_json()
    found = by_part(compare_documents(old, new))
    assert [part for part, difference in found.items() if difference.changed] == ["synonyms", "mechanism"]
    assert changes(found["mechanism"]) == [("added", " two")]
    assert changes(found["synonyms"]) == [("removed", " (abbreviation)")]


def test_markup_that_changes_meaning_is_a_change() -> None:
    old = document(mechanism="<p>10<sup>3</sup> cells</p>").as_json()
    new = document(mechanism="<p>103 cells</p>").as_json()
    assert by_part(compare_documents(old, new))["mechanism"].changed


def test_where_nothing_was_before_everything_is_added() -> None:
    found = by_part(compare_documents(None, document().as_json()))
    assert changes(found["title"]) == [("added", "Luteal phase")]
    assert not found["insights"].changed


def test_other_terms_are_shown_by_their_titles() -> None:
    new = document(related=["progesterone"], insights=[{"text": "It rises.", "term": "progesterone"}]).as_json()
    assert slugs_named(None, new) == {"progesterone"}
    found = by_part(compare_documents(None, new, titles={"progesterone": "Progesterone"}))
    assert changes(found["related"]) == [("added", "Progesterone")]
    assert changes(found["insights"]) == [("added", "It rises. → Progesterone")]


def test_a_row_that_was_added_between_others_leaves_them_alone() -> None:
    comparison = compare_rows(["one", "three"], ["one", "two", "three"])
    assert [(block.change.value, block.segments[0].text) for block in comparison.blocks] == [
        ("same", "one"),
        ("added", "two"),
        ("same", "three"),
    ]
    assert (comparison.added, comparison.removed) == (1, 0)


def test_a_change_is_marked_and_announced_and_adds_no_blanks() -> None:
    old = document(mechanism='<p>10<sup>3</sup> cells of <a href="https://a.example/">it</a></p>').as_json()
    new = document(mechanism='<p>10<sup>4</sup> cells of <a href="https://b.example/">it</a></p>').as_json()
    html = render_to_string(
        "admin/glossary/term/_difference.html", {"difference": by_part(compare_documents(old, new))["mechanism"]}
    )
    seen = re.sub(r'<span class="visually-hidden">.*?</span>', "", html)
    assert "10<del><sup>3</sup></del><ins><sup>4</sup></ins> cells of <del>" in seen
    assert '→ https://a.example/</span></del><ins><span class="difference__link">it</span>' in seen
    assert "→ https://b.example/" in seen
    assert " removed: " in html
    assert " added: " in html


def test_a_row_in_place_of_quite_another_is_no_word_soup() -> None:
    comparison = compare_rows(["Majewska MD. Steroid hormones. Science. 1986."], ["Someone A. New work. 2025."])
    assert [(block.change.value, len(block.segments)) for block in comparison.blocks] == [("removed", 1), ("added", 1)]
