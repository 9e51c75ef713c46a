"""Rows that ``import_terms`` refuses: named by title and field, skipped if asked, and written to be mended."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from glossary.models import Term

pytestmark = pytest.mark.django_db

CSV = """\
title,Notes,definition,related
Good,n,Fine.,
Bad term,"a, b",,
Leads nowhere,n,Fine.,missing
Leads to bad,n,Fine.,bad-term
Also good,n,Fine.,good
"""


def run(path: Path, *arguments: str) -> str:
    out = io.StringIO()
    call_command("import_terms", str(path), *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    path = tmp_path / "terms.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def titles() -> list[str]:
    return list(Term.objects.values_list("title", flat=True))


def test_refused_rows_are_named_by_row_title_and_field(terms: Path) -> None:
    with pytest.raises(CommandError) as refused:
        run(terms)
    said = str(refused.value)
    assert "terms.csv, row 3 (“Bad term”), line 3: no definition" in said
    assert "terms.csv, row 4 (“Leads nowhere”), line 4: related: there is no term with the slug 'missing'" in said
    assert "Leads to bad" not in said
    assert not titles()


def test_good_rows_are_imported_without_the_bad_ones_if_asked(terms: Path) -> None:
    output = run(terms, "--skip-bad")
    assert "Created: 2\n" in output
    assert "row 3 (“Bad term”)" in output
    # It is good by itself, but leads to a row that was skipped.
    assert "row 5 (“Leads to bad”), line 5: related: there is no term with the slug 'bad-term'" in output
    assert "Skipped as bad: 3. All other rows were imported." in output
    assert titles() == ["Also good", "Good"]


def test_refused_rows_are_written_to_be_mended_and_imported_again(terms: Path, tmp_path: Path) -> None:
    report = tmp_path / "refused.csv"
    output = run(terms, "--skip-bad", "--report", str(report))
    assert f"The refused rows are in {report}: correct them, then import that file." in output
    lines = report.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "title,Notes,definition,related,reason"
    assert lines[1] == 'Bad term,"a, b",,,no definition: every term needs one'
    assert len(lines) == 4
    mended = (
        report.read_text(encoding="utf-8").replace('"a, b",,', '"a, b",Mended.,').replace("Fine.,missing", "Fine.,")
    )
    report.write_text(mended, encoding="utf-8")
    assert "Left out (not part of a term): Notes, reason" in run(report)
    assert len(titles()) == 5
    # What somebody has mended is not overwritten.
    terms.write_text(CSV + "Bad again,n,,\n", encoding="utf-8")
    with pytest.raises(CommandError, match="already exists with other content, so it was not changed"):
        run(terms, "--report", str(report))
    assert report.read_text(encoding="utf-8") == mended


def test_a_refused_file_has_its_report_too_and_json_is_reported_as_json(tmp_path: Path) -> None:
    path, report = tmp_path / "terms.json", tmp_path / "refused.json"
    path.write_text(
        json.dumps([{"title": "Ménière", "tags": ["ear"]}, {"title": "Good", "definition": "x"}, 5]), "utf-8"
    )
    with pytest.raises(CommandError, match="correct them, then import that file"):
        run(path, "--report", str(report))
    assert not titles()
    found = json.loads(report.read_text(encoding="utf-8"))["terms"]
    assert found[0] == {
        "title": "Ménière",
        "tags": ["ear"],
        "reason": "no definition: every term needs one",
    }
    assert found[1] == {"text": "5", "reason": "must be an object, a term document"}
    found[0]["definition"] = "A disease."
    report.write_text(json.dumps(found[:1]), encoding="utf-8")
    run(report)
    assert titles() == ["Ménière"]


def test_what_cannot_be_read_ends_with_status_1_and_an_open_quote_is_never_skipped(tmp_path: Path) -> None:
    path, report = tmp_path / "terms.csv", tmp_path / "refused.csv"
    path.write_text("title,definition\nAlpha,x\nBeta,y,z\n", encoding="utf-8")
    with pytest.raises(CommandError, match="has 3 cells where the header has 2"):
        run(path, "--skip-bad", "--report", str(report))
    assert titles() == ["Alpha"]
    assert report.read_text(encoding="utf-8").splitlines()[1] == '"Beta,y,z",,has 3 cells where the header has 2'
    path.write_text('title,definition\nGamma,x\nDelta,"y\n', encoding="utf-8")
    with pytest.raises(CommandError, match="--skip-bad has no effect here"):
        run(path, "--skip-bad")
    assert titles() == ["Alpha"]


def test_where_the_report_goes_is_checked_first(terms: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"ends in \.csv"):
        run(terms, "--report", str(tmp_path / "refused.json"))
    with pytest.raises(CommandError, match="would overwrite the imported file"):
        run(terms, "--report", str(terms))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            "Same,x\nsame!,x\n",
            "'same' is that of row 2 (“Same”) too, and they differ in title: merge them into one row",
        ),
        (
            "Same,x\nSame,y\n",
            "'same' is that of row 2 (“Same”) too, and they differ in definition: merge them into one row",
        ),
        ("Same,x\nSame,x\n", "'same' is that of row 2 (“Same”) too, and both are the same: delete one of them"),
    ],
)
def test_rows_of_one_slug_say_which_and_whether_they_differ(tmp_path: Path, rows: str, words: str) -> None:
    path = tmp_path / "terms.csv"
    path.write_text(f"title,definition\n{rows}", encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        run(path)
    assert words in str(refused.value)
