"""Whatever changes the hash of a document is seen when it is compared, and named in words."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
from django.template.loader import render_to_string

from glossary.document.differences import compare_documents
from glossary.document.documents import SYNONYM_KINDS, TEXTS, Insight, Reference, Synonym, TermDocument, document_sha256
from glossary.document.markup import ATTRIBUTES, TAGS
from tests.glossary.builders import document

# Two values for each field of a document, and of each row.
VALUES: dict[str, tuple[Any, Any]] = {
    "title": ("Luteal phase", "Luteal stage"),
    "slug": ("luteal-phase", "luteal-stage"),
    "related": (["progesterone"], ["oestradiol"]),
    "tags": (["cycle"], ["hormones"]),
    **dict.fromkeys(TEXTS, ("<p>One thing.</p>", "<p>Another thing.</p>")),
}
ROWS: dict[str, tuple[type, dict[str, tuple[str, ...]]]] = {
    "insights": (
        Insight,
        {"text": ("It rises.", "It falls."), "term": ("", "progesterone"), "url": ("", "https://example.org/")},
    ),
    "synonyms": (Synonym, {"text": ("LP", "Secretory phase"), "kind": SYNONYM_KINDS}),
    "references": (
        Reference,
        {
            "citation": ("Someone. Something.", "Someone. Another thing."),
            "doi": ("", "10.1001/jama.288.3.321"),
            "pmid": ("", "12117397"),
            "url": ("", "https://example.org/"),
        },
    ),
}
# The same words without and with an element, or with one in another place.
MARKUP: dict[str, tuple[tuple[str, str], ...]] = {
    "p": (("<p>One thing. Another.</p>", "<p>One thing.</p><p>Another.</p>"),),
    "br": (("<p>One thing</p>", "<p>One<br>thing</p>"),),
    "ul": (("<p>One</p><p>Two</p>", "<ul><li><p>One</p></li><li><p>Two</p></li></ul>"),),
    "ol": (
        ("<ul><li>One</li></ul>", "<ol><li>One</li></ol>"),
        ("<ol><li>1</li><li>2</li></ol>", "<ol><li>1</li></ol><ol><li>2</li></ol>"),
    ),
    "li": (
        ("<ul><li>One</li><li>Two</li></ul>", "<ul><li>One<ul><li>Two</li></ul></li></ul>"),
        ("<ul><li>One Two</li></ul>", "<ul><li>One</li><li>Two</li></ul>"),
        ("<ul><li>One</li></ul>", "<ul><li><p>One</p></li></ul>"),
    ),
    "a": (("<p>One thing</p>", '<p>One <a href="https://example.org/">thing</a></p>'),),
    **{tag: (("<p>One thing</p>", f"<p>One <{tag}>thing</{tag}></p>"),) for tag in ("strong", "em", "sub", "sup")},
}
ATTRIBUTE = {
    ("a", "href"): (
        '<p>One <a href="https://example.org/">thing</a></p>',
        '<p>One <a href="https://example.net/">thing</a></p>',
    )
}
CHARACTERS = {
    "blank": ("<p>10 mg</p>", "<p>10\N{NO-BREAK SPACE}mg</p>"),
    "two-blanks": ("<p>10 mg</p>", "<p>10  mg</p>"),
    "soft-hyphen": ("<p>progesterone</p>", "<p>pro\N{SOFT HYPHEN}gesterone</p>"),
    "case": ("<p>FSH</p>", "<p>fsh</p>"),
    "accent": ("<p>é</p>", "<p>e\N{COMBINING ACUTE ACCENT}</p>"),
    "sign": ("<p>&lt; 3</p>", "<p>&gt; 3</p>"),
}


def changes() -> Iterator[Any]:
    base = document().as_json()
    for name, (one, other) in VALUES.items():
        yield pytest.param(base | {name: one}, base | {name: other}, id=name)
    for part, (_, fields) in ROWS.items():
        first = {name: values[0] for name, values in fields.items()}
        yield pytest.param(base | {part: []}, base | {part: [first]}, id=f"{part}-added")
        second = first | {next(iter(fields)): "Quite another one"}
        yield pytest.param(base | {part: [first, second]}, base | {part: [second, first]}, id=f"{part}-order")
        for name, values in fields.items():
            for value in values[1:]:
                yield pytest.param(
                    base | {part: [first]}, base | {part: [first | {name: value}]}, id=f"{part}-{name}-{value[:20]}"
                )
    texts = {f"{tag}-{at}": pair for tag, pairs in MARKUP.items() for at, pair in enumerate(pairs)}
    texts |= {f"{tag}[{name}]": pair for (tag, name), pair in ATTRIBUTE.items()} | CHARACTERS
    for name, (one, other) in texts.items():
        for part in TEXTS:
            yield pytest.param(base | {part: one}, base | {part: other}, id=f"{part}-{name}")


def test_everything_of_a_document_is_walked() -> None:
    hints = get_type_hints(TermDocument)
    assert {*VALUES, *ROWS} == set(hints)
    assert {part: row for part, (row, _) in ROWS.items()} == {
        name: get_args(hint)[0] for name, hint in hints.items() if dataclasses.is_dataclass((*get_args(hint), None)[0])
    }
    for row, fields in ROWS.values():
        assert set(fields) == {field.name for field in dataclasses.fields(row)}
    assert set(MARKUP) == set(TAGS)
    assert set(ATTRIBUTE) == {(tag, name) for tag, names in ATTRIBUTES.items() for name in names}


@pytest.mark.parametrize(("one", "other"), list(changes()))
def test_what_changes_the_hash_is_shown(one: dict[str, Any], other: dict[str, Any]) -> None:
    for old, new in ((one, other), (other, one)):
        assert document_sha256(old) != document_sha256(new)
        [changed] = [difference for difference in compare_documents(old, new) if difference.changed]
        html = render_to_string("admin/glossary/term/_difference.html", {"difference": changed})
        assert re.search("<(ins|del)>|difference__note|Only spaces, or markup", html), html


def shown(old: str, new: str) -> str:
    base = document().as_json()
    [changed] = [
        difference
        for difference in compare_documents(base | {"mechanism": old}, base | {"mechanism": new})
        if difference.changed
    ]
    return render_to_string("admin/glossary/term/_difference.html", {"difference": changed})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (*MARKUP["ul"][0], ["paragraph became list item"]),
        (*MARKUP["ol"][0], ["list item became numbered list item"]),
        (*MARKUP["ol"][1], ["begins a new list"]),
        (*MARKUP["li"][0], ["list item became list item of level 2"]),
        (*MARKUP["li"][2], ["Only spaces, or markup that readers don’t see, changed."]),
        (*MARKUP["br"][0], ["↵<br>"]),
        (*MARKUP["strong"][0], ["(now bold)"]),
        (*reversed(MARKUP["sup"][0]), ["(no longer superscript)"]),
        (*MARKUP["a"][0], ["→ https://example.org/"]),
        (*ATTRIBUTE["a", "href"], ["→ https://example.org/", "→ https://example.net/"]),
        (*CHARACTERS["soft-hyphen"], ["pro[U+00AD]gesterone"]),
        ("<p>One</p><p>Two</p><p>Three</p>", "<p>Three</p><p>One</p><p>Two</p>", ["moved from place 3 to place 1"]),
        (
            "<p>The second half of the cycle, which lasts for two weeks.</p>",
            "<p>A time in which somebody is busy with quite other things.</p>",
            [">Before<", ">Now<"],
        ),
    ],
)
def test_a_change_is_named_in_words(old: str, new: str, words: list[str]) -> None:
    html = shown(old, new)
    assert [each for each in words if each not in html] == [], html
