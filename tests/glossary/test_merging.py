"""Merging what two people made of one term: every field, and what counts as touched."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from glossary.document.documents import Insight, Reference, Synonym, TermDocument
from glossary.document.merging import SETS, merge_documents
from tests.glossary.builders import document

BASE = document(
    insights=[{"text": "One."}, {"text": "Two."}],
    synonyms=[{"text": "LP"}],
    references=[{"citation": "A. 2020."}],
    related=["follicle", "ovulation"],
    tags=["a", "b"],
)
# Two other values for each field.
OTHERS: dict[str, tuple[Any, Any]] = {
    "title": ("Luteal stage", "Secretory phase"),
    "slug": ("luteal-stage", "secretory-phase"),
    "definition": ("<p>One.</p>", "<p>Two.</p>"),
    "origin": ("", "<p>Two.</p>"),
    "mechanism": ("<p>One.</p>", ""),
    "insights": ((Insight("Three."),), (Insight("Two."), Insight("One."))),
    "synonyms": ((), (Synonym("LP", "abbreviation"),)),
    "references": ((Reference("A. 2021."),), ()),
    "related": (("follicle",), ("follicle", "menses", "ovulation")),
    "tags": (("b",), ("a", "b", "c")),
}


def test_every_field_of_a_document_is_tried_here() -> None:
    assert OTHERS.keys() == {field.name for field in fields(TermDocument)}


@pytest.mark.parametrize("field", OTHERS)
def test_what_only_one_side_touched_comes_from_that_side(field: str) -> None:
    changed = replace(BASE, **{field: OTHERS[field][0]})
    theirs = merge_documents(base=BASE, theirs=changed, mine=BASE)
    assert (theirs.document, theirs.taken, theirs.conflicts) == (changed, (field,), ())
    mine = merge_documents(base=BASE, theirs=BASE, mine=changed)
    assert (mine.document, mine.taken, mine.conflicts) == (changed, (), ())


@pytest.mark.parametrize("field", OTHERS)
def test_what_both_changed_alike_is_no_conflict(field: str) -> None:
    changed = replace(BASE, **{field: OTHERS[field][1]})
    merge = merge_documents(base=BASE, theirs=changed, mine=changed)
    assert (merge.document, merge.taken, merge.conflicts) == (changed, (), ())


@pytest.mark.parametrize("field", sorted(OTHERS.keys() - set(SETS)))
def test_what_both_changed_differently_is_a_conflict_that_keeps_mine(field: str) -> None:
    one, two = OTHERS[field]
    merge = merge_documents(base=BASE, theirs=replace(BASE, **{field: one}), mine=replace(BASE, **{field: two}))
    (conflict,) = merge.conflicts
    assert (conflict.field, conflict.base, conflict.theirs, conflict.mine) == (field, getattr(BASE, field), one, two)
    assert getattr(merge.document, field) == two


def test_tags_and_related_terms_merge_one_by_one() -> None:
    merge = merge_documents(
        base=BASE,
        theirs=replace(BASE, tags=("a", "c"), related=("ovulation",)),
        mine=replace(BASE, tags=("a", "B2", "b"), related=("follicle", "menses", "ovulation")),
    )
    assert merge.conflicts == ()
    assert merge.document.tags == ("a", "B2", "c")
    assert merge.document.related == ("menses", "ovulation")
    assert merge.taken == ("related", "tags")


def test_without_a_base_whatever_differs_is_to_be_decided() -> None:
    theirs = replace(BASE, **{field: values[0] for field, values in OTHERS.items()})
    merge = merge_documents(base=None, theirs=theirs, mine=BASE)
    assert {conflict.field for conflict in merge.conflicts} == OTHERS.keys()
    assert merge.document == BASE
