"""Bringing terms in with ``import_terms``: what is created, changed, left alone, and published."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks
from taggit.models import Tag

from glossary.actions import retire_term, save_term
from glossary.interchange.cells import write_cell
from glossary.interchange.csv_file import read_csv
from glossary.models import ContentVersion, Event, PublishedEntry, Revision, Term
from tests.glossary.builders import document, publish_unreviewed
from tests.people import person

pytestmark = pytest.mark.django_db

CSV = """\
title,definition,synonyms,insights,references,related,tags
Ovulation,The release of an egg from the ovary.,LH peak effect | OV [abbreviation],\
It happens once in a cycle. [term: corpus-luteum],Doe J. On eggs. 2020. [doi: 10.1000/182] [pmid: 12345],\
corpus-luteum,cycle | Fertility
Corpus luteum,"What the follicle becomes.
It makes progesterone.",,,,ovulation,
"""


REPLACE = ("--existing", "replace")
PUBLISH = ("--publish", "--as", "ada", "--reason", "First load")


@pytest.fixture
def superuser(db: None) -> User:
    return person("ada", "Ada Root", superuser=True)


def run(path: Path, *arguments: str) -> str:
    """Run the command on the file and return what it printed."""
    out = io.StringIO()
    call_command("import_terms", str(path), *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def counts(output: str) -> dict[str, int]:
    """Return the numbers of the report, by the word before them."""
    lines = (line.partition(": ") for line in output.splitlines())
    return {word: int(number.replace(",", "")) for word, _, number in lines if number.replace(",", "").isdigit()}


def write_json(path: Path, *terms: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"terms": terms}), encoding="utf-8")
    return path


def write_csv(path: Path, text: str = CSV) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_json_terms_are_created_and_may_name_one_another(tmp_path: Path) -> None:
    path = write_json(
        tmp_path / "terms.json",
        {"title": "Alpha", "definition": "First.", "related": ["beta"], "tags": ["letters"]},
        {"title": "Beta", "definition": "<p>Second.</p>", "insights": [{"text": "It follows.", "term": "alpha"}]},
    )
    assert counts(run(path)) == {"Created": 2, "Changed": 0, "Unchanged": 0}
    revision = Revision.objects.get(term__slug="alpha")
    assert revision.document["definition"] == "<p>First.</p>"
    assert revision.document["related"] == ["beta"]
    assert revision.note == "Imported from terms.json"
    assert (revision.created_by, revision.created_by_name) == (None, "Import")
    assert Term.objects.get(slug="beta").insights.get().target == revision.term


def test_a_list_alone_is_json_of_terms_too(tmp_path: Path) -> None:
    path = tmp_path / "terms.JSON"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps([{"title": "Alpha", "definition": "First."}]).encode())
    assert counts(run(path))["Created"] == 1


def test_csv_cells_hold_lists_with_what_belongs_to_their_entries(tmp_path: Path) -> None:
    run(write_csv(tmp_path / "terms.csv"))
    found = Term.objects.get(slug="ovulation").head
    assert found is not None
    assert found.document["synonyms"] == [
        {"text": "LH peak effect", "kind": "synonym"},
        {"text": "OV", "kind": "abbreviation"},
    ]
    assert found.document["insights"] == [{"text": "It happens once in a cycle.", "term": "corpus-luteum", "url": ""}]
    assert found.document["references"] == [
        {"citation": "Doe J. On eggs. 2020.", "doi": "10.1000/182", "pmid": "12345", "url": ""}
    ]
    assert (found.document["related"], found.document["tags"]) == (["corpus-luteum"], ["cycle", "Fertility"])


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_kind_of_line_ending_and_a_byte_order_mark_are_read(tmp_path: Path, ending: str, mark: str) -> None:
    run(write_csv(tmp_path / "terms.csv", mark + CSV.replace("\n", ending) + ending))
    assert Term.objects.get(slug="corpus-luteum").definition == (
        "<p>What the follicle becomes. It makes progesterone.</p>"
    )


def test_columns_are_mapped_by_name_and_unknown_ones_are_named_and_left_out(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "terms.csv", "Audience,TERM,Definition,\nall,Alpha,First.,x\n")
    output = run(path)
    assert "Left out (not part of a term): Audience, column 4, which has no name" in output
    assert Term.objects.get().title == "Alpha"


def test_plain_text_stays_plain(tmp_path: Path) -> None:
    text = 'title,definition,synonyms\n"A&B <c> ""d""",Fewer than 5 < 6 & so on.,R&D|µ-sign\n'
    run(write_csv(tmp_path / "terms.csv", text))
    term = Term.objects.get()
    assert (term.title, term.slug) == ('A&B <c> "d"', "a-and-b-c-d")
    assert term.definition == "<p>Fewer than 5 &lt; 6 &amp; so on.</p>"
    assert [synonym.text for synonym in term.synonyms.all()] == ["R&D", "µ-sign"]


def test_running_it_twice_changes_nothing(tmp_path: Path, superuser: User) -> None:
    path = write_csv(tmp_path / "terms.csv")
    first = run(path, *PUBLISH)
    assert counts(first) == {"Created": 2, "Changed": 0, "Unchanged": 0, "Published": 2}
    second = run(path, *PUBLISH)
    assert counts(second) == {"Created": 0, "Changed": 0, "Unchanged": 2, "Published": 0}
    assert Revision.objects.count() == 2
    assert {event.reason for event in Event.objects.all()} == {"First load"}
    assert [event.verb for event in Event.objects.all()] == ["published"] * 2 + ["emergency"] * 2
    assert ContentVersion.objects.get().number == 1


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_dry_run_reports_the_same_and_writes_nothing(
    tmp_path: Path, superuser: User, kind: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    if kind == "csv":
        path = write_csv(tmp_path / "terms.csv")
    else:
        path = write_json(tmp_path / "terms.json", {"title": "Alpha", "definition": "First.", "tags": ["new"]})
    with django_capture_on_commit_callbacks() as callbacks:
        output = run(path, "--dry-run", *PUBLISH)
    assert "nothing was written" in output
    assert not Term.objects.exists()
    assert not Revision.objects.exists()
    assert not PublishedEntry.objects.exists()
    assert not ContentVersion.objects.exists()
    assert callbacks == []
    assert counts(run(path, *PUBLISH)) == counts(output)


def test_a_changed_term_gets_a_new_revision_by_who_imports_it(tmp_path: Path, editor: User, at: datetime) -> None:
    save_term(document=document("Alpha"), by=editor, at=at)
    path = write_json(tmp_path / "new.json", {"title": "Alpha", "definition": "Better."})
    output = run(path, *REPLACE, "--as", "edith", "-v", "2")
    assert counts(output) == {"Created": 0, "Changed": 1, "Unchanged": 0}
    assert "  Alpha (alpha)" in output
    term = Term.objects.get()
    assert [revision.note for revision in term.revisions.all()] == ["Imported from new.json", ""]
    assert term.head is not None
    assert (term.head.created_by, term.head.number) == (editor, 2)
    # A JSON document is whole: what it doesn't name is empty.
    assert (term.origin, term.mechanism) == ("", "")


def test_a_csv_file_changes_only_the_fields_that_it_has_columns_for(tmp_path: Path, editor: User, at: datetime) -> None:
    save_term(document=document("Beta"), by=editor, at=at)
    written = document("Alpha", related=["beta"], tags=["cycle"], synonyms=[{"text": "A", "kind": "abbreviation"}])
    save_term(document=written, by=editor, at=at)
    run(write_csv(tmp_path / "terms.csv", "title,origin,tags\nAlpha,From Greek.,\n"), *REPLACE)
    head = Term.objects.get(slug="alpha").head
    assert head is not None
    assert head.document == written.as_json() | {"origin": "<p>From Greek.</p>", "tags": []}


def test_an_existing_term_is_found_by_the_slug_column(tmp_path: Path, editor: User, at: datetime) -> None:
    save_term(document=document("Alpha"), by=editor, at=at)
    run(write_csv(tmp_path / "terms.csv", "slug,title\nalpha,First letter\n"), *REPLACE)
    assert Term.objects.get().title == "First letter"


def test_a_published_term_keeps_its_public_form_until_it_is_published(
    tmp_path: Path, editor: User, superuser: User, at: datetime
) -> None:
    term = save_term(document=document("Alpha"), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    path = write_json(tmp_path / "terms.json", {"title": "Alpha", "definition": "Better."})
    run(path, *REPLACE)
    assert PublishedEntry.objects.get().revision.number == 1
    assert counts(run(path, *PUBLISH)) == {
        "Created": 0,
        "Changed": 0,
        "Unchanged": 1,
        "Published": 1,
    }
    assert PublishedEntry.objects.get().revision.number == 2


def test_what_is_published_without_review_says_why_and_by_whom(tmp_path: Path, superuser: User) -> None:
    run(write_csv(tmp_path / "terms.csv"), *PUBLISH)
    approval = PublishedEntry.objects.select_related("approval").get(slug="ovulation").approval
    assert approval
    assert (approval.emergency, approval.reason, approval.approved_by_name) == (True, "First load", "Ada Root")


def test_a_retired_term_is_not_published_again(tmp_path: Path, editor: User, superuser: User, at: datetime) -> None:
    term = save_term(document=document("Alpha"), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    retire_term(term=term, by=editor, at=at, reason="Superseded")
    path = write_json(tmp_path / "terms.json", {"title": "Alpha", "definition": "Better."})
    found = counts(run(path, *REPLACE, *PUBLISH))
    assert (found["Changed"], found["Published"], found["Retired, so not published"]) == (1, 0, 1)
    assert Term.objects.with_state().get().state == Term.State.RETIRED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--publish"], "--publish needs --as USER"),
        (["--publish", "--as", "visitor"], "--publish needs --reason TEXT"),
        (["--publish", "--as", "visitor", "--reason", " "], "--publish needs --reason TEXT"),
        (["--as", "nobody"], "There is no user 'nobody'"),
        (
            ["--as", "visitor", "--publish", "--reason", "x"],
            "'visitor' cannot publish without review: only a superuser can",
        ),
        (["--as", "gone"], "'gone' is not active"),
        (["--reason", "Because"], "--reason is only used when publishing"),
    ],
)
def test_who_imports_is_checked_before_anything_is_read(tmp_path: Path, arguments: list[str], message: str) -> None:
    User.objects.create_user("visitor")
    User.objects.create_user("gone", is_active=False)
    with pytest.raises(CommandError, match=message):
        run(write_csv(tmp_path / "terms.csv"), *arguments)
    assert not Term.objects.exists()


def test_capitals_are_imported_as_abbreviations_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    def kinds() -> dict[str, str]:
        return dict(Term.objects.get().synonyms.values_list("text", "kind"))

    names = "LH | CA-125 | HELLPS | GLOSSARY | X | Lutropin | ICSH [synonym] | OLD [former]"
    run(write_csv(tmp_path / "terms.csv", f"title,definition,synonyms\nHormone,It acts.,{names}\n"))
    as_read = {
        "LH": "abbreviation",
        "CA-125": "abbreviation",
        "HELLPS": "abbreviation",
        "GLOSSARY": "synonym",
        "X": "synonym",
        "Lutropin": "synonym",
        "ICSH": "synonym",
        "OLD": "former",
    }
    assert kinds() == as_read
    # What is written into a cell is read back the same.
    cell = write_cell("synonyms", [{"text": text, "kind": kind} for text, kind in as_read.items()])
    again = write_csv(tmp_path / "again.csv", f"title,definition,synonyms\nHormone,It acts.,{cell}\n")
    assert counts(run(again, *REPLACE))["Unchanged"] == 1
    given = [{"text": "LH"}, {"text": "FSH", "kind": "synonym"}, {"text": "PRL", "kind": ""}]
    run(
        write_json(tmp_path / "terms.json", {"title": "Hormone", "definition": "It acts.", "synonyms": given}), *REPLACE
    )
    assert kinds() == {"LH": "abbreviation", "FSH": "synonym", "PRL": "abbreviation"}


def test_terms_and_tags_are_read_and_written_many_at_once(tmp_path: Path) -> None:
    def queries(name: str, count: int) -> int:
        rows = (f"{name} {number},Text.,{name} tag {number}" for number in range(count))
        path = write_csv(tmp_path / f"{name}.csv", "\n".join(["title,definition,tags", *rows]))
        with CaptureQueriesContext(connection) as captured:
            run(path)
        return len(captured)

    queries("Warm up", 1)
    assert queries("Many", 40) == queries("Few", 3)
    assert Tag.objects.count() == 44


def test_each_stage_is_said_where_somebody_wants_to_know(tmp_path: Path, superuser: User) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def said(stderr: io.StringIO, verbosity: int) -> str:
        call_command(
            "import_terms",
            str(write_csv(tmp_path / "terms.csv")),
            *("--dry-run", *PUBLISH),
            verbosity=verbosity,
            stdout=io.StringIO(),
            stderr=stderr,
        )
        return stderr.getvalue()

    stages = ("Reading row", "Looking up row", "Checking row", "Checking address", "Saving term", "Publishing term")
    assert re.findall(r"^([A-Z][a-z ]+) 2 of 2$", said(io.StringIO(), 2), re.MULTILINE) == list(stages)
    on_terminal = said(Terminal(), 1)
    assert all(f"\r{stage} 2 of 2" in on_terminal for stage in stages)
    assert on_terminal.endswith("\r")
    assert said(io.StringIO(), 1) == ""


def test_reading_rows_takes_little_more_memory_than_what_they_say() -> None:
    text = "\n".join(["title,definition", *(f"Term {number},{'word ' * 1_000}" for number in range(200))])
    tracemalloc.start()
    try:
        records = read_csv(text, progress=lambda done: None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(records.found) == 200
    # A file object over the text would alone take four times its size.
    assert peak < 2 * len(text)
