"""What becomes of texts on their way in: plain text stays plain, lists become lists, and no word is lost."""

from __future__ import annotations

import io
import json
import random
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from glossary.document.markup import clean_html, lost_words, plain_text
from glossary.models import Term
from tests.glossary.term_form import errors_of, fields_of, signed_in
from tests.steps import assert_linear

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(editor: User) -> Client:
    return signed_in(editor)


def imported(folder: Path, text: str) -> str:
    """Import a term of this definition, and return what it became."""
    path = folder / "terms.json"
    path.write_text(json.dumps([{"title": "Alpha", "definition": text}]), encoding="utf-8")
    call_command("import_terms", str(path), stdout=io.StringIO(), stderr=io.StringIO())
    return Term.objects.get().definition


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Low if AMH<TSH and T4>10 nmol/L.", "<p>Low if AMH&lt;TSH and T4&gt;10 nmol/L.</p>"),
        ("T < 5", "<p>T &lt; 5</p>"),
        ("p<0.05 or p <.01", "<p>p&lt;0.05 or p &lt;.01</p>"),
        ("a<b and c>d", "<p>a&lt;b and c&gt;d</p>"),
        ("if a<b>c", "<p>if a&lt;b&gt;c</p>"),
        ("β<beta-hCG>3", "<p>β&lt;beta-hCG&gt;3</p>"),
        ("An <unknown>sign</unknown>", "<p>An &lt;unknown&gt;sign&lt;/unknown&gt;</p>"),
        ("Never closed <!-- as here", "<p>Never closed &lt;!-- as here</p>"),
        ("The <script> tag", "<p>The &lt;script&gt; tag</p>"),
    ],
)
def test_signs_of_comparison_are_no_tags(tmp_path: Path, text: str, cleaned: str) -> None:
    assert imported(tmp_path, text) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (
            "<p>Low if AMH<TSH and T4>10, T < 5 or <em>p</em><0.05</p>",
            "<p>Low if AMH&lt;TSH and T4&gt;10, T &lt; 5 or <em>p</em>&lt;0.05</p>",
        ),
        ('<p>Cut off <a href="https://example.org/', '<p>Cut off &lt;a href="https://example.org/</p>'),
        ("<h2>A heading</h2><div>One</div><div>Two</div>", "<p>A heading</p><p>One</p><p>Two</p>"),
        ("<p>a</p>\n\nb<ul><li>x<ul><li>y</li></ul></li></ul>c", None),
        ('<p class=MsoNormal>Word<o:p></o:p><!--[if x]><v:y z="1"/><![endif]--></p>', "<p>Word</p>"),
        ('<script>if (a<b) alert("words")</script><p onclick="x()">Safe</p><style>p{}</style>', "<p>Safe</p>"),
    ],
)
def test_html_keeps_its_words_too(tmp_path: Path, text: str, cleaned: str | None) -> None:
    found = imported(tmp_path, text)
    if cleaned is None:
        assert found == "<p>a</p><p>b</p><ul><li>x<ul><li>y</li></ul></li></ul><p>c</p>"
    else:
        assert found == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("First.\n\nLH &lt; FSH.\n\nLast &amp; least.", "<p>First.</p><p>LH &lt; FSH.</p><p>Last &amp; least.</p>"),
        ("E<sub>2</sub> rises.\n\nIt <b>falls</b>.", "<p>E<sub>2</sub> rises.</p><p>It <strong>falls</strong>.</p>"),
        (
            "It is:\n- one, or\n- two\n  or more\nSo far.",
            "<p>It is:</p><ul><li>one, or</li><li>two or more</li></ul><p>So far.</p>",
        ),
        ("- one\n\n- two\n\nEnd", "<ul><li>one</li><li>two</li></ul><p>End</p>"),
        ("• one\n• H<sub>2</sub>O", "<ul><li>one</li><li>H<sub>2</sub>O</li></ul>"),
        ("Steps:\n1. one\n2. two", "<p>Steps:</p><ol><li>one</li><li>two</li></ol>"),
        # They would get other numbers, or are no lists.
        ("see chapter\n2. It says", "<p>see chapter 2. It says</p>"),
        ("* p<0.05", "<p>* p&lt;0.05</p>"),
        ("from 1\n-5 to 5", "<p>from 1 -5 to 5</p>"),
    ],
)
def test_paragraphs_and_lists_of_plain_text_are_kept(tmp_path: Path, text: str, cleaned: str) -> None:
    assert imported(tmp_path, text) == cleaned


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>See <svg><text>ovary</text></svg></p>", "“ovary”"),
        ("<p>E = <math><mi>m</mi><mi>c</mi></math></p>", "“m”, “c”"),
    ],
)
def test_a_row_that_would_lose_words_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CommandError, match=f"definition: would lose {words} when its HTML is cleaned"):
        imported(tmp_path, text)
    assert not Term.objects.exists()


def test_the_form_keeps_what_an_editor_types(desk: Client) -> None:
    data = fields_of(desk.get(reverse("admin:glossary_term_add")))
    data |= {"title": "Alpha", "definition": "T < 5 if LH<FSH and E2>200", "origin": "- one\n- two"}
    desk.post(reverse("admin:glossary_term_add"), data)
    term = Term.objects.get()
    assert term.definition == "<p>T &lt; 5 if LH&lt;FSH and E2&gt;200</p>"
    assert term.origin == "<ul><li>one</li><li>two</li></ul>"


def test_the_form_refuses_what_would_lose_words(desk: Client) -> None:
    data = fields_of(desk.get(reverse("admin:glossary_term_add")))
    data |= {"title": "Alpha", "definition": "<p>E = <math><mi>m</mi></math></p>"}
    page = desk.post(reverse("admin:glossary_term_add"), data).content.decode()
    assert "ould lose “m” when its HTML is cleaned" in page
    assert not Term.objects.exists()


def test_cleaning_twice_changes_nothing_and_loses_nothing() -> None:
    pieces = [
        *(
            "growth",
            "E2",
            "12",
            "é",
            "’s",
            "LH<FSH",
            "a>b",
            "<b and c>",
            "&lt;",
            "&beta;",
            "&",
            "<",
            ">",
            '"',
            "- ",
            "1. ",
        ),
        *(
            " ",
            "\n",
            "\n\n",
            ", ",
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<ul><li>",
            "</li></ul>",
            "<sub>2</sub>",
            "<div>",
            "<br>",
        ),
        *("</div>", "<!--", "-->", "<a href='x'>", "</a>", "<script>", "</", "<foo>", "<td>", "</td>", "<o:p>"),
    ]
    for seed in range(600):
        chance = random.Random(seed)  # noqa: S311  # the same each time
        text = "".join(chance.choices(pieces, k=chance.randint(1, 40)))
        cleaned = clean_html(text)
        assert clean_html(cleaned) == cleaned, text
        assert "<script" not in cleaned
        if "<li>" not in cleaned and not lost_words(text, cleaned):
            assert plain_text(cleaned).count("E2") >= text.count(" E2 ")


@pytest.mark.parametrize("tags", ["<em>", "<p><em><li>", "<p><br>", "<ul><li>", "<sub><i>"])
@pytest.mark.parametrize("are_closed", [True, False])
def test_many_elements_cost_no_more_than_their_number(tags: str, are_closed: bool) -> None:
    ends = tags.replace("<", "</") if are_closed else ""
    assert_linear(lambda size: clean_html(tags * size + "x" + ends * size), 200, may_run=True)
    assert_linear(lambda size: clean_html(tags * size + ends * size), 200, may_run=True)


def test_emphasis_that_is_not_closed_is_not_multiplied() -> None:
    def text(size: int) -> str:
        return "".join(f"<p><strong class=c{number}>word" for number in range(size))

    assert len(clean_html(text(400))) < 2.5 * len(clean_html(text(200)))


DEEP = "<em>" * 10_000 + "{}" + "</em>" * 10_000


@pytest.mark.slow
@pytest.mark.parametrize("inside", ["", "word"])
def test_what_is_nested_too_deeply_is_refused_in_words(desk: Client, tmp_path: Path, inside: str) -> None:
    text = DEEP.format(inside)
    data = fields_of(desk.get(reverse("admin:glossary_term_add")))
    data |= {"title": "Alpha", "definition": "First.", "mechanism": text}
    refused = desk.post(reverse("admin:glossary_term_add"), data)
    assert "Has more than 50 nested elements" in errors_of(refused)
    assert "paste the text without formatting" in errors_of(refused)
    assert text in unescape(refused.content.decode())
    with pytest.raises(CommandError, match="definition: has more than 50 nested elements"):
        imported(tmp_path, text)
    assert not Term.objects.exists()


def test_lists_in_lists_are_not_too_deep(tmp_path: Path) -> None:
    text = "<ul><li>x" * 25 + "</li></ul>" * 25
    assert imported(tmp_path, text) == text


def test_the_words_of_a_text_that_is_nested_too_deeply_are_kept() -> None:
    text = "".join(f"<ul><li><sub>w{number}</sub> " for number in range(300))
    assert plain_text(clean_html(text)).split() == [f"w{number}" for number in range(300)]
