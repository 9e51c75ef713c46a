"""HTML of word processors that arrives without the editor's script: in a form, or in a file that is imported."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from django.core.management import call_command

from glossary.document.markup import clean_html, lost_words
from glossary.models import Term
from tests.steps import DOUBLE, NOW_AND_THEN, steps_of


def item(marker: str, text: str, *, level: int = 1) -> str:
    """An item of a list as Word writes it."""
    return (
        f"<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level{level} lfo1'><![if !supportLists]>"
        f"<span style='font-family:Symbol'><span style='mso-list:Ignore'>{marker}<span style='font:7.0pt \"Times\"'>"
        f"&nbsp;&nbsp; </span></span></span><![endif]>{text}<o:p></o:p></p>"
    )


def cell(text: str) -> str:
    return f"<td width=64><p class=MsoNormal>{text}</p></td>"


FOOTNOTE = (
    "<p>It rises<a href='#_ftn1' name='_ftnref1'><span>[1]</span></a>.</p>"
    "<div id=ftn1><p><a href='#_ftnref1' name='_ftn1'>[1]</a> In most people.</p></div>"
)
CASES = {
    "bullets": (
        "<p>Signs:</p>" + item("·", "First") + item("·", "<b>Second</b> one") + "<p>After.</p>",
        "<p>Signs:</p><ul><li>First</li><li><strong>Second</strong> one</li></ul><p>After.</p>",
    ),
    "nested": (
        item("·", "First") + item("o", "Inside", level=2) + item("·", "Second"),
        "<ul><li>First<ul><li>Inside</li></ul></li><li>Second</li></ul>",
    ),
    "numbers": (item("1.", "One") + item("2.", "Two"), "<ol><li>One</li><li>Two</li></ol>"),
    "another-number": ("<p>Go on:</p>" + item("3.", "Three"), "<p>Go on:</p><p>3. Three</p>"),
    "table": (
        f"<table><tr>{cell('Progesterone')}{cell('&lt; 3')}</tr><tr>{cell('')}{cell('7')}</tr></table>",
        "<p>Progesterone — &lt; 3</p><p>— 7</p>",
    ),
    "footnote": (
        FOOTNOTE,
        "<p>It rises (footnote 1).</p><p>(footnote 1) In most people.</p>",
    ),
    "footnote-of-libreoffice": (
        '<p>It rises<a class="sdfootnoteanc" href="#sdfootnote1sym"><sup>1</sup></a></p>',
        "<p>It rises<sup> (footnote 1)</sup></p>",
    ),
    "file": ('<p>See <a href="file:///C:/a.docx">the file</a>.</p>', "<p>See the file.</p>"),
    "bookmark": ('<p><a name="_Toc1">Levels</a> and <a href="#_Toc1">more</a></p>', "<p>Levels and more</p>"),
    "google": ('<b style="font-weight:normal" id="docs-internal-guid"><p>One</p></b>', "<p>One</p>"),
}


@pytest.mark.parametrize(("written", "kept"), CASES.values(), ids=list(CASES))
def test_what_word_processors_write_is_converted(written: str, kept: str) -> None:
    cleaned = clean_html(written)
    assert cleaned == kept
    assert lost_words(written, cleaned) == []
    assert clean_html(cleaned) == cleaned


def test_links_that_lead_somewhere_are_kept() -> None:
    links = [f'<a href="{href}" rel="noopener nofollow">x</a>' for href in ("https://a.example/", "/glossary/", "#top")]
    assert clean_html(f"<p>{''.join(links)}</p>") == f"<p>{''.join(links)}</p>"


@pytest.mark.parametrize("piece", [item("·", "One"), f"<table><tr>{cell('a')}{cell('b')}</tr></table>"])
def test_twice_the_items_take_twice_the_steps(piece: str) -> None:
    clean_html(piece)
    small, large = (steps_of(partial(clean_html, piece * size)).lines for size in (60, 120))
    assert large <= DOUBLE * small + NOW_AND_THEN


@pytest.mark.django_db
def test_an_import_publishes_no_link_into_a_document_of_word(tmp_path: Path) -> None:
    file = tmp_path / "terms.json"
    file.write_text(json.dumps([{"title": "Luteal phase", "definition": CASES["footnote"][0]}]))
    call_command("import_terms", str(file))
    assert Term.objects.get().definition == CASES["footnote"][1]
