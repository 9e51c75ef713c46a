"""Files that ``import_terms`` refuses: each names file, row and reason, and imports nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from glossary.actions import save_term
from glossary.interchange import files
from glossary.models import Term
from tests.glossary.builders import document, publish_unreviewed

pytestmark = pytest.mark.django_db

GOOD = '{"title": "Good", "definition": "Fine."}'


def refusal(path: Path) -> str:
    """Import the file, expecting a refusal that leaves no trace, and return what was said."""
    with pytest.raises(CommandError) as caught:
        call_command("import_terms", str(path), stdout=io.StringIO(), stderr=io.StringIO())
    assert not Term.objects.exists()
    assert caught.value.returncode == 1
    message = str(caught.value)
    assert message.endswith("Nothing was imported.")
    assert str(path) in message
    assert message.replace("\n", "").isprintable()
    return message


def refused(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return refusal(path)


def without_titles(said: str) -> str:
    """Return what was said without the titles behind the numbers of rows."""
    return re.sub(r" \(“[^”]*”\)(?=, line)", "", said)


@pytest.mark.parametrize(
    ("term", "place", "reason"),
    [
        ('{"definition": "x"}', "row 2, line 3", "no title"),
        ('{"title": "  ", "definition": "x"}', "row 2, line 3", "no title"),
        ('{"title": "No text"}', "row 2, line 3", "no definition"),
        (
            '{"title": "good", "definition": "x"}',
            "row 2, line 3",
            "'good' is that of row 1 (“Good”) too, and they differ in",
        ),
        (
            '{"title": "Other", "slug": "good", "definition": "x"}',
            "row 2, line 3",
            "'good' is that of row 1 (“Good”) too, and they differ in",
        ),
        ('{"title": "測", "definition": "x"}', "row 2, line 3", "slug: cannot be made from"),
        ('{"title": "X", "definition": "x", "related": ["no"]}', "row 2, line 3", "no term with the slug 'no'"),
        (
            '{"title": "X", "definition": "x", "insights": [{"text": "y", "term": "no"}]}',
            "row 2, line 3",
            "insights[1].term: there is no term with the slug 'no'",
        ),
        (r'{"title": "X", "definition": "a\u0000b"}', "row 2, line 3", "control character U+0000 at position 2"),
        (r'{"title": "X\u001b[2J", "definition": "x"}', "row 2, line 3", "control character U+001B at position 2"),
        (r'{"title": "X\ud800", "definition": "x"}', "row 2, line 3", "half a character"),
        (r'{"title": "X", "definition": "x", "a\ud800": 1}', "row 2, line 3", "is not a field of a term document"),
        ('{"title": "X", "definition": "x", "definition": "y"}', "row 2, line 3", "the key 'definition' appears twice"),
        ('{"title": "X", "definition": NaN}', "row 2, line 3", "NaN is not a JSON value"),
        ('{"title": "X", "definition": -Infinity}', "row 2, line 3", "-Infinity is not a JSON value"),
        ('{"title": "X", "definition": ' + "9" * 5000 + "}", "row 2, line 3", "a number of 5,000 digits"),
        ('{"title": 5, "definition": "x"}', "row 2, line 3", "title: must be text, not int"),
        ('{"title": "X", "definition": "x", "tags": "a, b"}', "row 2, line 3", "tags: must be a list"),
        ('{"title": "X", "definition": "x", "pronunciation": "y"}', "row 2, line 3", "pronunciation: is not a field"),
        ('["a", "b"]', "row 2, line 3", "must be an object"),
        ("[" * 100_000, "row 2, line 3", "nested too deeply"),
        ('{"title": "X" "definition": "x"}', "row 2, line 3", "is not JSON"),
        ('{"title": "X", "definition": "' + "x" * 1_048_576 + '"}', "row 2, line 3", "has 1,048,576 characters"),
    ],
)
def test_a_bad_term_of_a_json_file_is_named_by_row_line_and_reason(
    tmp_path: Path, term: str, place: str, reason: str
) -> None:
    said = refused(tmp_path, "terms.json", f'{{"terms": [\n{GOOD},\n{term}]}}')
    assert f"terms.json, {place}: " in without_titles(said)
    assert reason in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("\ufeff \n", "is empty"),
        ("[]", "contains no terms"),
        ('{"terms": []}', "contains no terms"),
        (GOOD, "has no list “terms”"),
        ('{"terms": {}}', "“terms” must appear once, and be a list"),
        (f'{{"terms": [{GOOD}], "terms": []}}', "“terms” must appear once, and be a list"),
        ('"terms"', "or a list of terms"),
        (f"[{GOOD}] and more", "Text after the end"),
        (f"[{GOOD}, ]", "is not JSON"),
        (f"[{GOOD}", "it is cut off"),
        (f'[{GOOD}, {{"title": "Al', "row 2, line 1: the file ends in the middle of it"),
        (f"[{GOOD},\n", "row 2, line 2: the file ends in the middle of it"),
    ],
)
def test_a_json_file_that_is_empty_cut_off_or_something_else_is_refused(
    tmp_path: Path, content: str, reason: str
) -> None:
    assert reason in refused(tmp_path, "terms.json", content)


@pytest.mark.parametrize(
    ("rows", "place", "reason"),
    [
        (",x,", "row 3, line 4", "no title"),
        ("Good,x,", "row 3, line 4", "'good' is that of row 2 (“Good”) too, and they differ in"),
        ("GOOD!,x,", "row 3, line 4", "'good' is that of row 2 (“Good”) too, and they differ in"),
        ("X,x,nowhere", "row 3, line 4", "no term with the slug 'nowhere'"),
        ("X,a\0b,", "row 3, line 4", "control character U+0000 at position 2"),
        ("X,\x1b[2J,", "row 3, line 4", "control character U+001B at position 1"),
        ("X," + "x" * 1_048_576 + ",", "row 3, line 4", "has 1,048,576 characters"),
        ("X,x," + "y" * 1_048_576, "row 3, line 4", "related: has 1,048,576 characters"),
        ("X,x", "row 3, line 4", "has 2 cells where the header has 3; the file may be cut off"),
        ("X,x,,", "row 3, line 4", "has 4 cells where the header has 3"),
        ('X,"never closed\nAnd more,x,', "row 3, line 4", "the file ends inside quotes"),
        ('X,"a"b,', "row 3, line 4", "is not CSV"),
        ("\nX,x", "row 4, line 5", "has 2 cells"),
    ],
)
def test_a_bad_row_of_a_csv_file_is_named_as_a_spreadsheet_counts_it(
    tmp_path: Path, rows: str, place: str, reason: str
) -> None:
    said = refused(tmp_path, "terms.csv", f'title,definition,related\nGood,"on two\nlines",\n{rows}')
    assert f"terms.csv, {place}: " in without_titles(said)
    assert reason in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (" \r\n", "is empty"),
        ("title,definition\n", "contains no terms"),
        ("name,definition\nx,y\n", "has no column “title”"),
        ("name;definition\nx;y\n", "has no column “title”, since semicolons separate its columns: save it with commas"),
        ('"title";"definition"\n"x";"y"\n', "semicolons separate its columns: save it with commas"),
        ("title\tdefinition\nx\ty\n", "tabs separate its columns: save it with commas"),
        ("term;definition, in short\nx;y\n", "semicolons separate its columns"),
        ("sep=;\ntitle;definition\nx;y\n", "begins with the line “sep=;”, which only spreadsheets read: delete this"),
        ('"SEP=,"\ntitle,definition\nx,y\n', "begins with the line"),
        ("title,TERM,definition\nx,y,z\n", "has two columns for 'title'"),
        ("title,synonyms\nX,Y\n", "row 2 (“X”), line 2: no definition"),
        ("title,definition,references\nX,x,A. [doi: 10.1000/1] [doi: 10.1000/2]\n", "an entry has two [doi: …]"),
        ("title,definition,insights\nX,x,A. [pmid: 5]\n", "insights: an entry has a [pmid: …]"),
        ("title,definition,references\nX,x,A. [doi: nonsense]\n", "'nonsense' is not a DOI"),
    ],
)
def test_a_csv_file_without_terms_or_columns_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    assert reason in refused(tmp_path, "terms.csv", content)


@pytest.mark.parametrize("name", ["terms.json", "terms.csv"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("title,definition\nM\xe9ni\xe8re,x\n".encode("latin-1"), "line 2: is not UTF-8: byte 0xE9 at position 19"),
        ("title,definition\nX,x\n".encode("utf-16"), "is encoded in UTF-16: save it as UTF-8"),
        ("title,definition\nX,x\n".encode("utf-32"), "is encoded in UTF-32: save it as UTF-8"),
        ("title,definition\nX,é".encode()[:-1], "line 2: ends in the middle of a character"),
    ],
)
def test_another_encoding_is_named_and_never_guessed(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    assert reason in refused(tmp_path, name, content)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        # A typographic quote closes nothing, and the next row was taken in.
        ('Alpha,"It begins”\nBeta,It ends\n', "row 2, line 2"),
        ('Alpha,"It begins”\nBeta,“It ends"\nGamma,x\n', "row 2, line 2"),
        ('Alpha,"It begins\nBeta,It ends"\nGamma,x\n', "row 2, line 2"),
        ('Alpha,x\nBeta,"It begins\nGamma,y\nDelta,It ends"\n', "row 3, line 3"),
        ('Alpha,"on two\nlines”\nBeta,and" on\n', "row 2, line 2"),
        ('Alpha,"It begins”\n\nBeta,“It ends, or not"\n', "row 2, line 2"),
    ],
)
def test_a_quote_that_is_not_closed_takes_in_no_other_row(tmp_path: Path, rows: str, place: str) -> None:
    said = refused(tmp_path, "terms.csv", f"title,definition\n{rows}")
    assert f"terms.csv, {place}: " in said
    assert "a quote is opened here and not closed" in said
    # Rows behind it are read, and have nothing against them.
    assert "Gamma" not in said


def test_rows_behind_an_open_quote_are_read_and_counted_as_rows(tmp_path: Path) -> None:
    said = refused(tmp_path, "terms.csv", 'title,definition\nAlpha,"open\nBeta,x\nGamma,\nDelta,x\nEpsilon,\n')
    places = [line.partition(":")[0].partition(", ")[2] for line in without_titles(said).splitlines()[:-1]]
    assert places == ["row 2, line 2", "row 4, line 4", "row 6, line 6"]


@pytest.mark.parametrize(
    "cell",
    [
        "One paragraph.\n\nAnother, with a comma.",
        "It is, in short:\n- one, or\n- two, or",
        "He said “yes”\nand, no",
        "Two lines\nwithout a comma.",
        'A ""quoted"" word,\nand more',
    ],
)
def test_texts_of_several_lines_are_no_faults(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "terms.csv"
    path.write_text(f'title,definition,tags\nAlpha,"{cell}",x\nBeta,y,z\n', encoding="utf-8")
    call_command("import_terms", str(path), stdout=io.StringIO(), stderr=io.StringIO())
    assert Term.objects.count() == 2


def test_every_bad_row_is_named_and_the_good_ones_are_not(tmp_path: Path) -> None:
    terms = [
        '{"title": "Alpha", "definition": "x", "related": ["beta"]}',
        '{"title": "Beta", "definition": ""}',
        '{"title": "Gamma", "definition": "x", "related": ["delta"]}',
        '{"title": "Epsilon", "title": "Zeta"}',
    ]
    said = refused(tmp_path, "terms.json", f"[{', '.join(terms)}]")
    # Alpha leads to Beta, which is at fault itself and would be there.
    assert [line.partition(":")[0].partition(", ")[2] for line in said.splitlines()[:-1]] == [
        "row 2 (“Beta”), line 1",
        "row 3 (“Gamma”), line 1",
        "row 4, line 1",
    ]


def test_of_many_bad_rows_the_first_fifty_are_shown(tmp_path: Path) -> None:
    said = refused(tmp_path, "terms.csv", "title,definition\n" + "X,\n" * 70)
    assert len(said.splitlines()) == 52
    assert "and 20 more" in said


def test_a_row_of_nonsense_is_refused_in_a_line_that_can_be_read(tmp_path: Path) -> None:
    term = {"title": "X", "definition": "x"} | {f"{'long ' * 100}{number}": 1 for number in range(100)}
    said = refused(tmp_path, "terms.json", json.dumps([term]))
    assert len(said) < 4_000
    assert "and 92 more" in said
    assert "has 1,001 columns" in refused(tmp_path, "terms.csv", "title" + ",x" * 1_000 + "\nX\n")


def test_every_fault_of_the_file_itself_is_named(tmp_path: Path) -> None:
    said = refused(tmp_path, "terms.csv", "slug,slug,definition\nx,x,x\n")
    assert "has two columns for 'slug'" in said
    assert "has no column “title”" in said


def test_files_that_cannot_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be read: No such file" in refusal(tmp_path / "missing.csv")
    (tmp_path / "folder.json").mkdir()
    assert "cannot be read: Is a directory" in refusal(tmp_path / "folder.json")
    assert "ends in .json or .csv" in refused(tmp_path, "terms.xlsx", b"PK")
    monkeypatch.setattr(files, "MAX_BYTES", 1024**2)
    assert "is larger than 1 MB" in refused(tmp_path, "terms.csv", "x" * (1024**2 + 1))


def test_what_a_file_says_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "terms.json"
    path.write_text(json.dumps([{"title": "X", "definition": "x", "\x1b[2J": 1}]), encoding="utf-8")
    assert "\\x1b[2J: is not a field" in refusal(path)


def test_reading_leaves_the_limits_of_the_csv_module_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    refused(tmp_path, "terms.csv", "title,definition\nX,\n")
    assert csv.field_size_limit() == before


def test_an_address_that_another_term_has_or_had_stays_taken(tmp_path: Path, editor: User, at: datetime) -> None:
    term = save_term(document=document("Old name"), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    save_term(document=document("New name"), by=editor, at=at, term=term)
    path = tmp_path / "terms.json"
    path.write_text(json.dumps([{"title": "Old name", "definition": "x"}]), encoding="utf-8")
    # Not published under its new name yet, then published.
    for _ in range(2):
        with pytest.raises(CommandError, match="'old-name' is or was the address of another term"):
            call_command("import_terms", str(path), stdout=io.StringIO(), stderr=io.StringIO())
        publish_unreviewed(term=term, by=editor, at=at)
    assert Term.objects.count() == 1
