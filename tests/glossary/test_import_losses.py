"""What HTML of a file has and the glossary's texts cannot hold: said row by row, and refused where words go with it."""

from __future__ import annotations

import csv as csv_files
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from glossary.models import Term

pytestmark = pytest.mark.django_db


def run(path: Path, *arguments: str) -> str:
    out = io.StringIO()
    call_command("import_terms", str(path), *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def file(folder: Path, **texts: str) -> Path:
    path = folder / "terms.json"
    path.write_text(json.dumps([{"title": "Ovulation", **texts}]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<p>An egg.</p><img src="egg.png">', "1 image is left out"),
        ('<p>An egg.<img src="a.png" alt=""/><img src="b.png" alt=" "></p>', "2 images are left out"),
        (f'<p>An egg.<img src="data:image/png;base64,{"A/b+" * 3_000}=="></p>', "1 image is left out"),
        ("<p>An egg.</p><svg><path/></svg>", "1 image is left out"),
        ('<p>An egg.</p><iframe src="https://example.org/film"></iframe>', "1 embedded object is left out"),
        (
            '<p>An egg.</p><object data="a.swf"></object><embed src="b"><video src="c"></video>',
            "3 embedded objects are",
        ),
        ("<p>An egg.</p><script>draw()</script>", "1 script is left out"),
        ("<table><tr><td>FSH</td><td>&lt; 3</td></tr></table>", "1 table becomes lines, one for each row"),
        ("<h2>Course</h2><p>An egg.</p>", "1 heading becomes a paragraph"),
        ('<p>An egg.<a href="#_ftn1">[1]</a></p><p><a href="#_ftnref1">[1]</a> Much later.</p>', "1 footnote becomes"),
        ('<p>An <a href="ftp://example.org/egg">egg</a>.</p>', "1 link becomes plain text: “ftp://example.org/egg”"),
        ('<p>An <a href="javascript:alert(1)">e</a><a href="file:///c:/b">gg</a></p>', "2 links become plain text"),
        ("<p>An egg, <del>twice</del> <s>often</s>.</p>", "2 struck-out texts become plain text"),
        ("<p>The <q>egg</q>.</p>", "1 quotation loses its quotation marks"),
        ('<ol start="3"><li>An egg.</li></ol>', "1 list is numbered from 1"),
        ("<p>An egg.</p><input value='x'><select><option>One</option></select>", "2 form fields are left out"),
    ],
)
def test_what_a_text_cannot_hold_is_named_by_row_and_field(tmp_path: Path, html: str, words: str) -> None:
    said = run(file(tmp_path, definition="<p>First.</p>", origin=html))
    assert f"Not kept as the file has it: 1\n  Ovulation (ovulation), row 1: origin: {words}" in said
    assert "img" not in Term.objects.get().origin


def test_texts_that_are_kept_are_not_mentioned(tmp_path: Path) -> None:
    html = (
        "<!-- A note --><style>p {}</style><div>LH&lt;FSH and <b>E2</b> <i>in</i> <span style='color: red'>all</span>"
        " <a href='https://example.org/'>a</a> <a href='/glossary/egg/'>b</a> <a name='c'>c</a>"
        " <a data-href='x:y' href='https://example.org/'>d</a></div><ol data-start='2' start='1'>"
        "<li>One</li></ol><hr><p>x<sup>2</sup><br>y</p>"
    )
    assert "Not kept" not in run(file(tmp_path, definition=html, origin="1 < 2, <img in words"))


@pytest.mark.parametrize(
    ("html", "word"),
    [
        ('<p>The <img src="egg.png" alt="ripe egg">.</p>', "“ripe”, “egg”"),
        ("<p>By <abbr title='follicle stimulating'>FSH</abbr>.</p>", "“follicle”, “stimulating”"),
        ('<p>The</p><map><area alt="left ovary" href="#"></map>', "“left”, “ovary”"),
        ("<p>The</p><iframe>film of it</iframe>", "“film”, “of”, “it”"),
    ],
)
def test_words_that_only_an_attribute_or_a_dropped_element_has_refuse_the_row(
    tmp_path: Path, html: str, word: str
) -> None:
    with pytest.raises(CommandError) as refused:
        run(file(tmp_path, definition="<p>First.</p>", mechanism=html))
    assert f"row 1 (“Ovulation”), line 1: mechanism: would lose {word} when its HTML is cleaned" in str(refused.value)
    assert not Term.objects.exists()


def test_the_report_has_the_rows_with_what_was_not_kept(tmp_path: Path) -> None:
    path, report = tmp_path / "terms.csv", tmp_path / "report.csv"
    path.write_text("title,definition\nFine,Text.\nBad,\nDrawn,<p>Text.<img src=a></p>\n", encoding="utf-8")
    said = run(path, "--skip-bad", "--report", str(report))
    assert f"The refused rows are in {report}, and 1 row that can be imported, with what to look at: correct" in said
    bad, drawn = csv_files.DictReader(io.StringIO(report.read_text(encoding="utf-8")))
    assert (bad["title"], bad["reason"]) == ("Bad", "no definition: every term needs one")
    assert (drawn["title"], drawn["reason"]) == ("Drawn", "not kept: definition: 1 image is left out")
    # What leaves a term alone changes no text of it.
    assert "Not kept" not in run(path, "--skip-bad")
