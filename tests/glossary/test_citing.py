"""Citing a revision: the files for reference managers, and what they claim."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from glossary.actions import retire_term, save_term
from glossary.models import Credentials, RetractedWork, Term
from glossary.public.citing import Citation, bibtex, ris
from tests.glossary.builders import approve, document, publish_unreviewed

REVISION = "/glossary/luteal-phase/revisions/1/"
WORK = {"citation": "Doe J. On eggs. 2020.", "doi": "10.1000/182"}


def citation(title: str = "Luteal phase", **fields: Any) -> Citation:
    return Citation(
        **{
            "title": title,
            "slug": "luteal-phase",
            "number": 3,
            "published_date": date(2026, 3, 2),
            "url": "https://glossary.example.org/glossary/luteal-phase/revisions/3/",
            **fields,
        }
    )


def fields_of(record: str) -> dict[str, str]:
    """Return the fields of a RIS record, as its readers split them."""
    assert record.endswith("ER  - \r\n")
    return dict(line.split("  - ", 1) for line in record.split("\r\n")[:-1])


@pytest.fixture
def term(editor: User, reviewer: User, at: datetime) -> Term:
    Credentials.objects.create(user=reviewer, text="MD, endocrinologist")
    term = save_term(document=document(references=[WORK]), by=editor, at=at).term
    approve(term=term, by=reviewer, at=at, publish=True)
    return term


# -- The forms --------------------------------------------------------------------------------------------------------


def test_bibtex_is_one_entry_of_the_glossary_as_its_author() -> None:
    assert bibtex(citation(notes=("Reviewed by A. B, MD, on 1 March 2026.",))) == (
        "@misc{luteal-phase-revision-3,\n"
        "  author = {{Clinical Glossary}},\n"
        "  title = {{Luteal phase}},\n"
        "  howpublished = {Clinical Glossary, revision 3},\n"
        "  year = {2026},\n"
        "  month = mar,\n"
        "  note = {Published on 2 March 2026. Reviewed by A. B, MD, on 1 March 2026.},\n"
        "  url = {https://glossary.example.org/glossary/luteal-phase/revisions/3/},\n"
        "  language = {english},\n"
        "}\n"
    )


def test_ris_is_one_entry_of_a_dictionary_in_lines_that_end_as_the_format_has_it() -> None:
    assert ris(citation(notes=("Published without review.",))).split("\r\n") == [
        "TY  - DICT",
        "AU  - Clinical Glossary",
        "TI  - Luteal phase",
        "T2  - Clinical Glossary",
        "ET  - Revision 3",
        "PY  - 2026",
        "DA  - 2026/03/02",
        "PB  - Clinical Glossary",
        "LA  - en",
        "UR  - https://glossary.example.org/glossary/luteal-phase/revisions/3/",
        "N1  - Published without review.",
        "ER  - ",
        "",
    ]


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("5α-reductase & 50 % more", r"5α-reductase \& 50 \% more"),
        ("A_1 #2 $3", r"A\_1 \#2 \$3"),
        (r"\input{secrets}", r"\textbackslash{}input\textbraceleft{}secrets\textbraceright{}"),
        ("x^2 ~ y", r"x\textasciicircum{}2 \textasciitilde{} y"),
        ("}, note = {forged", r"\textbraceright{}, note = \textbraceleft{}forged"),
        ("Müllerian “ducts”", "Müllerian “ducts”"),
    ],
)
def test_a_title_is_text_to_latex_whatever_is_in_it(title: str, written: str) -> None:
    entry = bibtex(citation(title))
    assert f"  title = {{{{{written}}}}},\n" in entry
    # BibTeX counts braces, also those behind a backslash.
    assert entry.count("{") == entry.count("}")


@pytest.mark.parametrize("title", ["One\r\nER  - \r\nTY  - BOOK", "One\u2028ER  - two", "One\x85\x0b\x1ctwo"])
def test_no_title_begins_another_line_of_a_record(title: str) -> None:
    record = ris(citation(title))
    assert len(record.splitlines()) == len(ris(citation()).splitlines())
    assert list(fields_of(record)) == list(fields_of(ris(citation())))
    assert len(bibtex(citation(title)).splitlines()) == len(bibtex(citation()).splitlines())


# -- The files --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ending", "media_type"), [("bib", "application/x-bibtex"), ("ris", "application/x-research-info-systems")]
)
def test_a_revision_is_cited_in_a_file_of_its_own_address(
    client: Client, term: Term, settings: Any, ending: str, media_type: str
) -> None:
    response = client.get(f"{REVISION}cite.{ending}")
    assert response.status_code == 200
    assert response["Content-Type"] == f"{media_type}; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="luteal-phase-revision-1.{ending}"'
    assert response["X-Robots-Tag"] == "noindex"
    text = response.content.decode()
    assert f"{settings.SITE_URL}{REVISION}" in text
    assert "Reviewed by Rafael Lindqvist, MD, endocrinologist, on 2 March 2026." in text
    assert client.post(f"{REVISION}cite.{ending}").status_code == 405


@pytest.mark.django_db
def test_a_citation_claims_no_review_that_the_page_does_not(client: Client, term: Term, at: datetime) -> None:
    RetractedWork.objects.create(doi="10.1000/182", listed_at=at + timedelta(days=1), checked_at=at)
    note = fields_of(client.get(f"{REVISION}cite.ris").content.decode())["N1"]
    assert note == "Relies on a work that was retracted."


@pytest.mark.django_db
def test_a_text_that_nobody_reviewed_is_cited_as_that(client: Client, editor: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    assert fields_of(client.get(f"{REVISION}cite.ris").content.decode())["N1"] == "Published without review."


@pytest.mark.django_db
def test_a_citation_follows_its_term_to_a_new_address_and_outlives_it(
    client: Client, term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    save_term(document=document("Secretory phase", references=[WORK]), by=editor, at=at, term=term)
    approve(term=term, by=reviewer, at=at + timedelta(days=1), publish=True)
    moved = client.get(f"{REVISION}cite.bib")
    assert (moved.status_code, moved["Location"]) == (301, "/glossary/secretory-phase/revisions/1/cite.bib")
    # The title is that of the revision, the key and the address are those of today.
    entry = client.get(moved["Location"]).content.decode()
    assert re.search(r"@misc\{secretory-phase-revision-1,.*title = \{\{Luteal phase\}\}", entry, re.DOTALL)
    retire_term(term=term, by=reviewer, at=at + timedelta(days=2))
    assert "This term was retired: its editors have withdrawn the text." in (
        client.get("/glossary/secretory-phase/revisions/1/cite.bib").content.decode()
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", [f"{REVISION}cite.doc", "/glossary/luteal-phase/revisions/2/cite.bib", "/glossary/x/revisions/1/cite.ris"]
)
def test_what_never_was_public_has_no_citation(
    client: Client, term: Term, editor: User, at: datetime, path: str
) -> None:
    save_term(document=document(origin="<p>A draft.</p>", references=[WORK]), by=editor, at=at, term=term)
    assert client.get(path).status_code == 404
