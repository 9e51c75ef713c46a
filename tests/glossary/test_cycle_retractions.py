"""Retracted works: loading the list, the terms that cite one, and how they become whole again."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse

from glossary.actions import (
    NotPublishable,
    RetractionReport,
    load_retractions,
    publish_term,
    save_term,
    schedule_publication,
    submit_term,
)
from glossary.interchange.retractions import read_notices
from glossary.models import Concern, ContentVersion, Event, OutboundEmail, Program, RetractedWork, Term
from tests.glossary.builders import approve, document, publish_unreviewed
from tests.glossary.term_form import signed_in

pytestmark = pytest.mark.django_db

HEADER = [
    *("Record ID", "Title", "Subject", "Institution", "Journal", "Publisher", "Country", "Author", "URLS"),
    *("ArticleType", "RetractionDate", "RetractionDOI", "RetractionPubMedID", "OriginalPaperDate", "OriginalPaperDOI"),
    *("OriginalPaperPubMedID", "RetractionNature", "Reason", "Paywalled", "Notes"),
]
LOADED = datetime(2026, 5, 1, 6, tzinfo=UTC)
EGGS = {"OriginalPaperDOI": "10.1000/EGGS", "OriginalPaperPubMedID": "12"}


def row(**fields: str) -> dict[str, str]:
    usual = {
        "Title": "On eggs",
        "RetractionDate": "4/15/2026 0:00",
        "RetractionDOI": "10.1000/notice",
        "OriginalPaperDOI": "unavailable",
        "OriginalPaperPubMedID": "0",
        "RetractionNature": "Retraction",
        "Reason": "+Concerns/Issues About Data;+Unreliable Results;",
    }
    return dict.fromkeys(HEADER, "") | usual | fields


def write(path: Path, *rows: dict[str, str], header: Iterable[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(header), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def load(path: Path, at: datetime = LOADED) -> RetractionReport:
    return load_retractions(notices=lambda: read_notices(path), by=Program("Retraction list"), at=at)


@pytest.fixture
def term(editor: User, reviewer: User, at: datetime) -> Term:
    User.objects.filter(pk=editor.pk).update(email="edith@example.org")
    return citing("Luteal phase", editor, reviewer, at, doi="10.1000/eggs")


def citing(title: str, editor: User, reviewer: User, at: datetime, **identifiers: str) -> Term:
    references = [{"citation": "Doe J. On eggs."} | identifiers]
    term = save_term(document=document(title, references=references), by=editor, at=at).term
    approve(term=term, by=reviewer, at=at, publish=True)
    return term


# -- The list ---------------------------------------------------------------------------------------------------------


def test_a_list_is_read_as_it_is_published(tmp_path: Path) -> None:
    path = write(
        tmp_path / "list.csv",
        row(**EGGS),
        row(OriginalPaperDOI="https://doi.org/10.1000/Second", Reason="+Error", RetractionDate="2026-01-31"),
        row(OriginalPaperPubMedID="34", RetractionDate="13/13/2026 0:00", Title="Line\none\x00"),
        row(),
        row(OriginalPaperDOI="10.1000/corrected", RetractionNature="Correction"),
        row(OriginalPaperDOI="10.1000/doubtful", RetractionNature="Expression of concern"),
    )
    report = load(path)
    counted = (report.rows, report.new, report.changed, report.unchanged, report.other_notices, report.unidentified)
    assert counted == (6, 3, 0, 0, 2, 1)
    found = RetractedWork.objects.order_by("pk").values_list("doi", "pmid", "title", "reason", "retracted_date")
    assert list(found) == [
        ("10.1000/eggs", "12", "On eggs", "Concerns/Issues About Data; Unreliable Results", date(2026, 4, 15)),
        ("10.1000/second", "", "On eggs", "Error", date(2026, 1, 31)),
        ("", "34", "Line one", "Concerns/Issues About Data; Unreliable Results", None),
    ]


def test_loading_the_same_list_again_changes_nothing(tmp_path: Path, term: Term) -> None:
    # Two rows about one work: the first counts, each time.
    path = write(tmp_path / "list.csv", row(**EGGS), row(**EGGS, Reason="+Another"), row(OriginalPaperPubMedID="34"))
    assert load(path).new == 2
    before = (
        list(RetractedWork.objects.values_list("doi", "reason", "listed_at")),
        ContentVersion.objects.get().number,
        Event.objects.count(),
        Concern.objects.count(),
        OutboundEmail.objects.count(),
    )
    again = load(path, LOADED + timedelta(days=1))
    assert (again.new, again.changed, again.unchanged, list(again.terms)) == (0, 0, 2, [])
    assert before == (
        list(RetractedWork.objects.values_list("doi", "reason", "listed_at")),
        ContentVersion.objects.get().number,
        Event.objects.count(),
        Concern.objects.count(),
        OutboundEmail.objects.count(),
    )


def test_what_the_list_says_anew_is_taken_over(tmp_path: Path) -> None:
    load(write(tmp_path / "list.csv", row(**EGGS)))
    report = load(write(tmp_path / "list.csv", row(**EGGS, Reason="+Fabricated")), LOADED + timedelta(days=1))
    assert (report.new, report.changed) == (0, 1)
    work = RetractedWork.objects.get()
    assert (work.reason, work.listed_at) == ("Fabricated", LOADED)


def test_rows_that_cannot_be_read_are_counted_and_the_others_count(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", row(**EGGS))
    with path.open("ab") as file:
        file.write(b'1,too,few\r\n"' + b"x" * 200_000 + b'"\r\n\r\n')
    with path.open("a", encoding="latin-1", newline="") as file:
        csv.DictWriter(file, HEADER).writerow(row(OriginalPaperPubMedID="34", Title="Ménière"))
    report = load(path)
    assert (report.new, report.unreadable >= 2) == (2, True)


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ('1,"Open,+Error;,1/2/2024 0:00,10.5555/aaa,0,Retraction', 2),
        ('1,"Open”,+Error;,1/2/2024 0:00,10.5555/aaa,0,Retraction', 2),
        ('1,"Open" error,+Error;,1/2/2024 0:00,10.5555/aaa,0,Retraction', 2),
        ("1,Two cells", 2),
    ],
)
def test_a_row_that_cannot_be_read_takes_no_other_with_it_and_ends_with_status_1(
    tmp_path: Path, term: Term, bad: str, line: int
) -> None:
    good = (
        "2,Second,+Error;,1/2/2024 0:00,10.5555/bbb,0,Retraction",
        "3,On eggs,+Error;,1/2/2024 0:00,10.1000/eggs,12,Retraction",
    )
    header = "Record ID,Title,Reason,RetractionDate,OriginalPaperDOI,OriginalPaperPubMedID,RetractionNature"
    path = tmp_path / "list.csv"
    path.write_text("\n".join([header, bad, *good, ""]), encoding="utf-8")
    out = io.StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("load_retractions", str(path), stdout=out)
    assert refused.value.returncode == 1
    assert f"list.csv, row {line}, line {line}: " in str(refused.value)
    assert "correct the rows and load the list again" in str(refused.value)
    assert "Rows read: 3\n" in out.getvalue()
    assert "Left out, not readable: 1\n" in out.getvalue()
    assert set(RetractedWork.objects.values_list("doi", flat=True)) == {"10.5555/bbb", "10.1000/eggs"}
    assert term in Term.objects.with_concerns()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("OriginalPaperDOI;OriginalPaperPubMedID;RetractionNature\n", "semicolons separate its columns"),
        ('"OriginalPaperDOI";"OriginalPaperPubMedID"\n', "semicolons separate its columns"),
        ("sep=,\nOriginalPaperDOI,OriginalPaperPubMedID,RetractionNature\n", "begins with the line “sep=,”"),
        ('OriginalPaperDOI,"Original', "first row that cannot be read"),
    ],
)
def test_the_separator_that_was_found_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError, match=message):
        call_command("load_retractions", str(path))


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    for name, content in {
        "terms.csv": b"title,definition\nx,y\n",
        "empty.csv": b"",
        "binary.csv": b"\x89PNG\r\n\x00\x00" * 10,
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CommandError, match="OriginalPaperDOI"):
            call_command("load_retractions", str(tmp_path / name))
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("load_retractions", str(tmp_path / "missing.csv"))
    assert not RetractedWork.objects.exists()


@pytest.mark.slow
@pytest.mark.database
def test_a_long_list_is_never_held_whole(tmp_path: Path) -> None:
    rows = (row(OriginalPaperDOI=f"10.1000/{number}", Notes="x" * 20_000) for number in range(600))
    path = write(tmp_path / "list.csv", *rows)
    assert path.stat().st_size > 12_000_000
    load(write(tmp_path / "short.csv", row(**EGGS)))
    tracemalloc.start()
    try:
        assert load(path).new == 600
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6_000_000


# -- Terms that cite a work -------------------------------------------------------------------------------------------


def test_a_term_that_cites_a_retracted_work_loses_its_seal_and_says_so(
    tmp_path: Path, term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    by_pmid = citing("By PMID", editor, reviewer, at, pmid="12")
    citing("Another work", editor, reviewer, at, doi="10.1000/other")
    OutboundEmail.objects.all().delete()
    report = load(write(tmp_path / "list.csv", row(**EGGS)))
    assert list(report.terms) == [by_pmid, term]
    assert [(found.term, found.detail) for found in Concern.objects.order_by("pk")] == [
        (term, "10.1000/eggs"),
        (by_pmid, "PMID 12"),
    ]
    assert set(Term.objects.with_concerns()) == {term, by_pmid}
    event = term.events.get(verb="seal_broken")
    assert (event.created_by_name, event.reason) == (
        "Retraction list",
        "The term cites a work that was retracted: 10.1000/eggs",
    )
    [email] = OutboundEmail.objects.all()
    assert (email.to, email.subject) == ("edith@example.org", "Check 2 terms again")
    save_term(
        document=document(references=[{"citation": "Doe J. On eggs.", "doi": "10.1000/eggs"}], tags=["x"]),
        by=editor,
        at=LOADED,
        term=term,
    )
    with pytest.raises(NotPublishable):
        publish_term(term=term, by=editor, at=LOADED)


def test_a_work_that_is_cited_by_both_names_raises_one_concern(
    tmp_path: Path, editor: User, reviewer: User, at: datetime
) -> None:
    citing("Luteal phase", editor, reviewer, at, doi="10.1000/eggs", pmid="12")
    load(write(tmp_path / "list.csv", row(**EGGS)))
    assert Concern.objects.get().detail == "10.1000/eggs"


def test_a_term_without_the_work_that_was_approved_again_is_whole(
    tmp_path: Path, term: Term, editor: User, reviewer: User, client: Any
) -> None:
    path = write(tmp_path / "list.csv", row(**EGGS))
    load(path)
    assert "relies on a work that was retracted" in client.get("/glossary/luteal-phase/").content.decode()
    later = LOADED + timedelta(days=1)
    save_term(document=document(), by=editor, at=later, term=term)
    approve(term=term, by=reviewer, at=later, publish=True)
    assert not Concern.objects.open().exists()
    page = client.get("/glossary/luteal-phase/").content.decode()
    assert "retracted" not in page
    assert "Reviewed on" in page
    assert list(load(path, later).terms) == []


def test_an_approval_with_the_retraction_in_sight_answers_it(
    tmp_path: Path, term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    path = write(tmp_path / "list.csv", row(**EGGS))
    load(path)
    approve(term=term, by=reviewer, at=LOADED + timedelta(days=1))
    new = citing("Written later", editor, reviewer, LOADED + timedelta(days=2), doi="10.1000/eggs")
    assert list(load(path, LOADED + timedelta(days=3)).terms) == []
    assert not Concern.objects.open().exists()
    publish_unreviewed(term=new, by=editor, at=LOADED + timedelta(days=3))


def test_the_reviewer_sees_which_work_is_retracted(
    tmp_path: Path, term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    load(write(tmp_path / "list.csv", row(**EGGS)))
    review = submit_term(term=term, by=editor, at=LOADED)
    page = signed_in(reviewer).get(reverse("admin:glossary_term_review", args=[term.pk, review.pk]))
    assert '<strong class="flag">Retracted' in page.content.decode()


def test_what_only_readers_or_the_schedule_have_is_looked_at_too(
    tmp_path: Path, term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    scheduled = save_term(
        document=document("Scheduled", references=[{"citation": "x", "pmid": "12"}]), by=editor, at=at
    ).term
    approve(term=scheduled, by=reviewer, at=at)
    revision = scheduled.revisions.get()
    schedule_publication(term=scheduled, revision=revision, due_at=LOADED + timedelta(days=9), by=reviewer, at=at)
    # The newest revisions of both don't cite it any more.
    save_term(document=document("Scheduled"), by=editor, at=at, term=scheduled)
    save_term(document=document(), by=editor, at=at, term=term)
    assert list(load(write(tmp_path / "list.csv", row(**EGGS))).terms) == [term, scheduled]


def test_a_reinstated_work_is_taken_from_the_list_and_its_concern_settled(
    tmp_path: Path, term: Term, editor: User
) -> None:
    load(write(tmp_path / "list.csv", row(**EGGS)))
    back = row(**EGGS, RetractionNature="Reinstatement", RetractionDate="6/1/2026 0:00")
    report = load(write(tmp_path / "list.csv", back, row(**EGGS)), LOADED + timedelta(days=60))
    assert (report.new, report.reinstated) == (0, 1)
    assert not RetractedWork.objects.exists()
    assert Concern.objects.get().resolution == "The work was reinstated"
    # And retracted once more, later.
    again = row(**EGGS, RetractionDate="7/1/2026 0:00")
    report = load(write(tmp_path / "list.csv", back, row(**EGGS), again), LOADED + timedelta(days=90))
    assert (report.new, list(report.terms)) == (1, [term])


def test_the_command_reports_what_it_found(tmp_path: Path, term: Term) -> None:
    out = io.StringIO()
    call_command("load_retractions", str(write(tmp_path / "list.csv", row(**EGGS), row())), stdout=out)
    lines = out.getvalue().splitlines()
    assert "Rows read: 2" in lines
    assert "New retractions: 1" in lines
    assert "Left out, without DOI and PMID: 1" in lines
    assert lines[-2:] == ["Newly flagged terms that cite one: 1", "  Luteal phase (luteal-phase)"]
