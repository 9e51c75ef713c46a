"""What an import says about automatic links on public pages, before it changes any."""

from __future__ import annotations

import csv as csv_files
import io
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from glossary.actions import switch_links
from glossary.models import Term
from tests.glossary.builders import document, publish

pytestmark = pytest.mark.django_db

PUBLISH = ("--publish", "--as", "root", "--reason", "First load")


@pytest.fixture(autouse=True)
def root(db: None) -> User:
    return User.objects.create_superuser("root")


def run(path: Path, *arguments: str) -> str:
    out = io.StringIO()
    call_command("import_terms", str(path), *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def file(folder: Path, *rows: str) -> Path:
    path = folder / "terms.csv"
    path.write_text("\n".join(["title,definition,synonyms", *rows]), encoding="utf-8")
    return path


def test_new_links_are_said_before_they_are_made(tmp_path: Path, editor: User, at: datetime) -> None:
    publish(
        document(definition="<p>Ends with the fall of <em>progesterone</em>.</p>", mechanism="<p>A fall.</p>"),
        document("Two descents", definition="<p>FALL means falls.</p>"),
        by=editor,
        at=at,
    )
    path = file(tmp_path, "Falls,Accidents.,fall", "Ovulation,An egg. Then a fall.,")
    for arguments in (("--dry-run", *PUBLISH), PUBLISH):
        said = run(path, *arguments)
        assert "Automatic links that change on 2 public pages: 2\n  new: 2, to another term: 0, gone: 0\n" in said
        assert "“fall” on “Luteal phase” would lead to “Falls” (It is an everyday word" in said
        assert "“falls” on “Two descents” would lead to “Falls” (It is an everyday word" in said
        assert said.index("Automatic links") < said.index("Created: ")
    # Now they are made.
    assert "Automatic links" not in run(path, *PUBLISH)


def test_how_far_looking_at_links_and_mentions_is_gets_said(tmp_path: Path, editor: User, at: datetime) -> None:
    publish(document(definition="<p>Ends with the fall of progesterone.</p>"), by=editor, at=at)
    said = io.StringIO()
    path = file(tmp_path, "Falls,Accidents.,fall", "Egg,It is round.,")
    call_command("import_terms", str(path), *PUBLISH, verbosity=2, stdout=io.StringIO(), stderr=said)
    stages = [line for line in said.getvalue().splitlines() if line.endswith(" of 1") or "name" in line]
    # The names are read once to compare them, and once to look for them.
    assert stages == [
        "Reading name 6 of 6",
        "Reading public page 1 of 1",
        "Looking for mentions of name 3 of 3",
    ]


def test_drafts_change_no_link_and_a_dry_run_says_what_publishing_them_would(
    tmp_path: Path, editor: User, at: datetime
) -> None:
    publish(document(definition="<p>Ends with the fall of progesterone.</p>"), by=editor, at=at)
    path = file(tmp_path, "Falls,Accidents.,fall")
    assert "Automatic links that change on 1 public page, once these terms are published: 1" in run(path, "--dry-run")
    assert "Automatic links" not in run(path)


def test_links_that_go_or_lead_elsewhere_are_said(tmp_path: Path, editor: User, at: datetime) -> None:
    publish(
        document("Luteinising hormone", synonyms=[{"text": "lutropin"}]),
        document("Peak", synonyms=[{"text": "surge"}]),
        document(definition="<p>After the surge of lutropin.</p>"),
        by=editor,
        at=at,
    )
    path = file(tmp_path, "Lutropin test,A test.,lutropin", "Surge,A rise.,")
    said = run(path, "--dry-run", *PUBLISH)
    assert "  new: 0, to another term: 1, gone: 1\n" in said
    assert "“surge” on “Luteal phase” would lead to “Surge” instead of “Peak”" in said
    assert (
        "“lutropin” on “Luteal phase” leads to “Luteinising hormone”, and would lead nowhere, since “Lutropin test” "
        "bears the name too" in said
    )


def test_nothing_is_said_where_no_link_changes(tmp_path: Path, editor: User, at: datetime) -> None:
    terms = publish(
        document("Falls", definition="<p>Accidents.</p>", origin="", mechanism=""),
        document(definition="<p>Ends with the fall of progesterone (a descent).</p>", origin="", mechanism=""),
        by=editor,
        at=at,
    )
    switch_links(term=terms[0], by=editor, at=at, off=["descent"])
    path = file(tmp_path, "Falls,Accidents.,descent", "Ovulation,An egg and the luteal phase.,")
    assert "Automatic links" not in run(path, "--dry-run", "--existing", "replace", *PUBLISH)
    # Nor of a text that comes with the file: whose links it has, its own author says.
    path = file(tmp_path, "Luteal phase,Another text with a step.,", "Step,A stair.,")
    assert "Automatic links" not in run(path, "--dry-run", "--existing", "replace", *PUBLISH)


@pytest.mark.slow
@pytest.mark.database
def test_of_many_links_the_first_are_shown_and_the_report_has_all(tmp_path: Path, editor: User, at: datetime) -> None:
    publish(
        *(document(f"Page {number:02}", definition=f"<p>A fall, {number}.</p>") for number in range(30)),
        by=editor,
        at=at,
    )
    path, report = file(tmp_path, "Falls,Accidents.,fall", "Other,Text.,"), tmp_path / "report.csv"
    said = run(path, "--dry-run", "--report", str(report))
    assert "Automatic links that change on 30 public pages, once these terms are published: 30\n" in said
    assert "on “Page 19” would" in said
    assert "on “Page 20” would" not in said
    assert "and 10 more; “-v 2” names them all, and so does --report FILE" in said
    assert f"In {report}: 1 row that can be imported, with what to look at first." in said
    [row] = csv_files.DictReader(io.StringIO(report.read_text(encoding="utf-8")))
    assert row["title"] == "Falls"
    assert row["reason"].startswith("links: “fall” on “Page 00” would lead to “Falls”")
    assert row["reason"].count(" would lead to ") == 30
    # It can be imported as it is.
    run(report)
    assert Term.objects.filter(slug="falls").exists()


def test_links_that_a_longer_name_holds_back_are_said(tmp_path: Path, editor: User, at: datetime) -> None:
    publish(document("Blood"), document(definition="<p>As blood pressure falls.</p>"), by=editor, at=at)
    path = file(tmp_path, "High blood pressure,Too much of it.,", "Low tide,No sea.,")
    said = run(path, "--dry-run", *PUBLISH)
    assert "Automatic links that change on 1 public page: 1\n  new: 0, to another term: 0, gone: 1\n" in said
    assert said.count("“blood” on “Luteal phase” leads to “Blood”, and would lead nowhere") == 1
    assert "would lead nowhere, since it is part of a longer expression" in said
