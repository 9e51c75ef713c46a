"""Cited works: DOI and PMID read from whatever was pasted, one house style, and check digits."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from glossary.actions import publish_term, save_term
from glossary.document.documents import DocumentError, TermDocument, clinical_sha256
from glossary.document.parsing import parse_document
from glossary.document.references import Work, doi_of, identifiers_of, in_house_style, pmid_of, wrong_check_digits
from glossary.models import Reference, Revision
from tests.glossary.builders import approve, document

SICI = "10.1002/(sici)1097-0258(19980815/30)17:15/16<1661::aid-sim968>3.0.co;2-2"


@pytest.mark.parametrize(
    ("pasted", "doi"),
    [
        ("10.1000/182", "10.1000/182"),
        ("10.1056/NEJMOA1813730", "10.1056/nejmoa1813730"),
        ("DOI:10.1000/182", "10.1000/182"),
        ("doi: 10.1000/182.", "10.1000/182"),
        ("DOI 10.1000/182", "10.1000/182"),
        ("doi.org/10.1000/182", "10.1000/182"),
        ("https://doi.org/10.1000/182", "10.1000/182"),
        ("HTTP://DX.DOI.ORG/10.1000/182", "10.1000/182"),
        ("https://doi.org/10.1000%2F182", "10.1000/182"),
        ("10.1000%2f182", "10.1000/182"),
        ("https://doi.org/10.1000/182?utm_source=x#top", "10.1000/182"),
        ("doi:https://doi.org/10.1000/182,", "10.1000/182"),
        ("info:doi/10.1000/182", "10.1000/182"),
        ("https://www.example.org/doi/full/10.1056/NEJMoa1813730", "10.1056/nejmoa1813730"),
        ("https://www.example.org/doi/10.1000/182/full", "10.1000/182"),
        ("(10.1000/182)", "10.1000/182"),
        ("<https://doi.org/10.1000/182>", "10.1000/182"),
        ("“10.1000/182”", "10.1000/182"),
        ("10.1000/ab\u200bc", "10.1000/abc"),
        ("10.1016/S0140‐6736(20)30183–5", "10.1016/s0140-6736(20)30183-5"),
        (SICI.upper(), SICI),
        ("10.1000.10/182", "10.1000.10/182"),
        ("", ""),
        ("nonsense", ""),
        ("10.1/x", ""),
        ("10.1000/", ""),
        ("10.1000/a b", ""),
        ("https://example.org/10.1000/182", ""),
    ],
)
def test_a_doi_is_read_from_whatever_was_pasted(pasted: str, doi: str) -> None:
    assert doi_of(pasted) == doi
    assert doi_of(doi) == doi


@pytest.mark.parametrize(
    ("pasted", "pmid"),
    [
        ("31650168", "31650168"),
        ("PMID: 31650168", "31650168"),
        ("pmid31650168.", "31650168"),
        ("PubMed PMID: 31650168;", "31650168"),
        ("PubMed ID 31650168", "31650168"),
        ("https://pubmed.ncbi.nlm.nih.gov/31650168/", "31650168"),
        ("pubmed.ncbi.nlm.nih.gov/31650168?from_term=luteal&from_pos=2", "31650168"),
        ("http://www.ncbi.nlm.nih.gov/pubmed/31650168?dopt=Abstract", "31650168"),
        ("https%3A%2F%2Fpubmed.ncbi.nlm.nih.gov%2F31650168%2F", "31650168"),
        (" 31650168\u00a0", "31650168"),
        ("", ""),
        ("0", ""),
        ("PMC7111126", ""),
        ("1234567890", ""),
        ("https://example.org/31650168", ""),
    ],
)
def test_a_pubmed_number_is_read_from_whatever_was_pasted(pasted: str, pmid: str) -> None:
    assert pmid_of(pasted) == pmid
    assert pmid_of(pmid) == pmid


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (Work("Doe  J. On eggs .\n2020;105(3):12-15"), Work("Doe J. On eggs. 2020;105(3):12–15.")),
        (Work("A. B. 2020;1: S12--S20;"), Work("A. B. 2020;1:S12–S20.")),
        (Work("A. COVID-19 in 2019-2020. Tel. 12-34."), Work("A. COVID-19 in 2019-2020. Tel. 12-34.")),
        (Work("Is it true?"), Work("Is it true?")),
        (Work("He said “no.”"), Work("He said “no.”")),
        (Work("At https://example.org/x"), Work("At https://example.org/x")),
        (
            Work("Doe J. Eggs. 2020;105(3):12-15. doi: 10.1210/CLINEM/dgz123. Epub 2020. PMID: 31650168; PMCID: PMC71"),
            Work("Doe J. Eggs. 2020;105(3):12–15. Epub 2020. PMCID: PMC71.", "10.1210/clinem/dgz123", "31650168"),
        ),
        (Work("Doe J. Eggs. (doi:10.1000/1)"), Work("Doe J. Eggs.", "10.1000/1")),
        (Work("Doe J.", url="https://doi.org/10.1000/1"), Work("Doe J.", "10.1000/1")),
        (Work("Doe J.", url="https://pubmed.ncbi.nlm.nih.gov/123/"), Work("Doe J.", pmid="123")),
        (
            Work("Doe J.", "10.1000/1", url="https://doi.org/10.1000/2"),
            Work("Doe J.", "10.1000/1", url="https://doi.org/10.1000/2"),
        ),
        (Work("Eggs. https://doi.org/10.1000/2", "10.1000/1"), Work("Eggs. https://doi.org/10.1000/2", "10.1000/1")),
        (Work("doi:10.1000/1"), Work("doi:10.1000/1.", "10.1000/1")),
        (Work("A. doi:10.1000/1 and doi:10.1000/2."), Work("A. doi:10.1000/1 and doi:10.1000/2.")),
    ],
)
def test_a_work_is_written_in_one_house_style_and_stays_in_it(given: Work, wanted: Work) -> None:
    assert in_house_style(given) == wanted
    assert in_house_style(wanted) == wanted


@pytest.mark.parametrize(
    ("citation", "fields"),
    [
        (
            r"url:https\://example.org/a\.html",
            {"citation": "https://example.org/a.html", "url": "https://example.org/a.html"},
        ),
        ("https://example.org/a?b=c.", {"citation": "https://example.org/a?b=c", "url": "https://example.org/a?b=c"}),
        ("URL: <http://example.org/>", {"citation": "http://example.org/", "url": "http://example.org/"}),
        ("www.example.org/a", {"citation": "https://www.example.org/a", "url": "https://www.example.org/a"}),
        ("url:https://doi.org/10.1000/182", {"citation": "https://doi.org/10.1000/182", "doi": "10.1000/182"}),
        ("Doe J. On eggs. https://example.org/a", {"citation": "Doe J. On eggs. https://example.org/a"}),
    ],
)
def test_a_citation_that_is_nothing_but_an_address_is_the_address_of_the_work(
    citation: str, fields: dict[str, str]
) -> None:
    found = document(references=[{"citation": citation}])
    assert found.as_json()["references"] == [{"doi": "", "pmid": "", "url": ""} | fields]
    assert parse_document(found.as_json()) == found


def test_a_citation_that_is_only_called_an_address_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"references\[1\].citation: 'url:example.*' is only a label"):
        document(references=[{"citation": "url:example"}])
    # What is written in both places is kept in both.
    both = document(references=[{"citation": "https://example.org/a", "url": "https://example.org/b"}])
    assert both.as_json()["references"][0]["url"] == "https://example.org/b"


def test_isbn_and_issn_are_checked_by_their_check_digit() -> None:
    good = "ISBN 978-0-306-40615-7, ISBN-10: 0-306-40615-2, ISBN 080442957X, ISSN 0378-5955, eISSN: 2434-561X"
    assert wrong_check_digits(good) == []
    assert wrong_check_digits("ISBN 978-0-306-40615-8. ISSN 0378-5956.") == ["ISBN 978-0-306-40615-8", "ISSN 0378-5956"]


def cited(*references: dict[str, Any]) -> TermDocument:
    return document(references=list(references))


def test_a_document_says_what_is_wrong_with_its_references() -> None:
    with pytest.raises(DocumentError) as refused:
        cited(
            {"citation": "A.", "doi": "https://doi.org/10.1000/X"},
            {"citation": "B.", "doi": "nonsense", "pmid": "PMC12"},
            {"citation": "C. ISBN 978-0-306-40615-8"},
            {"citation": "D. doi:10.1000/x"},
        )
    assert [str(problem) for problem in refused.value.problems] == [
        "references[2].doi: 'nonsense' is not a DOI: a DOI looks like 10.1001/jama.288.3.321",
        "references[2].pmid: 'PMC12' is not a PubMed number: enter digits only",
        "references[3].citation: ISBN 978-0-306-40615-8 is mistyped: its check digit does not match",
        "references[4]: is the same work as reference 1 (10.1000/x): keep one of them",
    ]


def test_parsing_a_document_again_changes_nothing() -> None:
    parsed = cited({"citation": "Doe J. 2020;1:2-3 doi:10.1000/X PMID 12"}, {"citation": "B"})
    assert parse_document(parsed.as_json()) == parsed
    assert identifiers_of([parsed.as_json()]) == {"10.1000/x", "PMID 12"}


@pytest.mark.django_db
def test_the_house_style_of_an_older_revision_is_no_clinical_change(editor: User, reviewer: User, at: datetime) -> None:
    # As revisions were frozen before there was a house style.
    older = document(references=[{"citation": "x"}]).as_json()
    older["references"] = [{"citation": "Doe J. 2020;1:2-3", "doi": "10.1000/X", "pmid": "", "url": ""}]
    term = save_term(document=TermDocument.from_frozen(older), by=editor, at=at).term
    approval = approve(term=term, by=reviewer, at=at, publish=True)
    frozen = Revision.objects.get()
    save_term(document=parse_document(older | {"tags": ["cycle"]}), by=editor, at=at, term=term)
    assert Reference.objects.get().doi == "10.1000/x"
    assert publish_term(term=term, by=editor, at=at).approval == approval
    frozen.refresh_from_db()
    assert frozen.document["references"] == older["references"]
    assert clinical_sha256(older) != clinical_sha256(older | {"references": []})
