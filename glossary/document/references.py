"""Cited works in one house style: DOI and PMID read from whatever was pasted, citations tidied, numbers checked.

A DOI has no checksum and neither has a PubMed number, so both are checked by their form only (DOI Handbook, section
2.2). An ISBN or ISSN that stands in a citation has a check digit, and one that is wrong is named.

Every function here is idempotent: what comes out goes in again unchanged. So bringing an older reference into the house
style happens once, and ``glossary.document.documents.clinical_sha256`` can look through it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

# Characters that a copy from a PDF or a web page carries along unseen.
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–−"), "-")

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S+")
_DOI_LABEL = re.compile(
    r"^(?:(?:https?:)?//)?(?:(?:dx|www)\.)?doi\.org/|^(?:urn:|info:)?doi\s*[:=/]?\s*", re.IGNORECASE
)
# A publisher's page whose address ends in the DOI, such as https://www.example.org/doi/full/10.1000/182.
_DOI_PAGE = re.compile(r"^https?://[^/\s]+/(?:\S*/)?doi/(?:[a-z]+/)?(?=10\.\d{4})", re.IGNORECASE)
_PMID = re.compile(r"[1-9]\d{0,8}")
_PMID_PAGE = re.compile(
    r"^(?:https?://)?(?:(?:www|m)\.)?(?:pubmed\.ncbi\.nlm\.nih\.gov|(?:www\.)?ncbi\.nlm\.nih\.gov/(?:m/)?pubmed)/"
    r"(\d+)/?(?:[?#]\S*)?$",
    re.IGNORECASE,
)
_PMID_LABEL = re.compile(r"^(?:pubmed\s*)?(?:pmid|pubmed(?:\s*id)?)\s*[:=#]?\s*", re.IGNORECASE)

# In a citation only what says that it is one is taken as a DOI or a PubMed number.
_DOI_IN_TEXT = re.compile(
    r"(?:\bdoi(?:\s*:\s*|\s+)(?:https?://(?:dx\.)?doi\.org/)?|https?://(?:dx\.)?doi\.org/)(10\.\d{4,9}(?:\.\d+)*/\S+)",
    re.IGNORECASE,
)
_PMID_IN_TEXT = re.compile(r"\bPMID\s*:?\s*([1-9]\d{0,8})\b", re.IGNORECASE)

# “105(3):370-375” and “2020:S12--S20”, but no year, telephone number or ISBN.
_PAGES = re.compile(r"(?<=[\d)]:)\s*([A-Za-z]?\d+)\s*(?:-{1,3}|[‐‑‒–−—])\s*([A-Za-z]?\d+)(?=[\s.,;)\]]|$)")
_ISBN = re.compile(r"\bISBN(?:-1[03])?\s*:?\s*((?:97[89][-\s]?)?\d(?:[-\s]?[\dX]){8,9})(?![\dX])", re.IGNORECASE)
_ISSN = re.compile(r"\be?ISSN(?:-L)?\s*:?\s*(\d{4}-?\d{3}[\dX])(?![\dX])", re.IGNORECASE)

# A citation that is nothing but an address, as export programs label and escape it: “url:https\\://…”.
_ADDRESS = re.compile(r"(?:(?:url|uri|link)\s*[:=]\s*)?[<(\[]?(https?://[^\s<>]+|www\.[^\s<>]+)[>)\]]?", re.IGNORECASE)
_ADDRESS_LABEL = re.compile(r"ur[il]\s*[:=]", re.IGNORECASE)

_OPENING = {")": "(", "]": "[", ">": "<", "}": "{"}


@dataclass(frozen=True, slots=True)
class Work:
    """What identifies and describes a cited work, each part ``""`` where it isn't known."""

    citation: str
    doi: str = ""
    pmid: str = ""
    url: str = ""

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The names under which the work is known everywhere, as :func:`identifiers_of` returns them."""
        return tuple(filter(None, (self.doi, self.pmid and f"PMID {self.pmid}")))


def doi_of(pasted: str) -> str:
    """Return the bare DOI in what somebody pasted (bare, labelled, or an address), or ``""`` if it is none.

    DOIs are alike without regard to case (DOI Handbook, section 2.4), so they are kept in lower case, as Crossref
    recommends it. Punctuation behind it is dropped, and so are a bracket that nothing opened and an address's query.
    """
    text = pasted.translate(_UNSEEN).translate(_HYPHENS).strip().lstrip("<([\"'“”‘’")
    if _DOI_PAGE.match(text):
        text = re.sub(r"/(?:abstract|full|meta|e?pdf)/?(?=$|[?#])", "", _DOI_PAGE.sub("https://doi.org/", text))
    is_address = bool(re.match(r"https?://", text, re.IGNORECASE))
    text = _DOI_LABEL.sub("", _DOI_LABEL.sub("", text))
    if is_address:
        text = re.split(r"[?#]", text, maxsplit=1)[0]
    # Not of a bare one: there, a percent sign would be its own.
    if is_address or re.match(r"10\.[\d.]+%2f", text, re.IGNORECASE):
        text = unquote(text)
    text = _without_tail(text)
    return text.lower() if _DOI.fullmatch(text) else ""


def pmid_of(pasted: str) -> str:
    """Return the PubMed number in what somebody pasted (bare, labelled, or an address), or ``""`` if it is none."""
    text = " ".join(unquote(pasted.translate(_UNSEEN)).split()).strip("<>\"'“”‘’ ")
    if page := _PMID_PAGE.match(text):
        text = page[1]
    text = _PMID_LABEL.sub("", text).rstrip(" .,;:/)]")
    return text if _PMID.fullmatch(text) else ""


def address_of(citation: str) -> str:
    """Return the web address in a citation that is nothing else, or ``""``."""
    found = _ADDRESS.fullmatch(_unescaped(citation))
    if not found:
        return ""
    address = _without_tail(found[1])
    return address if address.lower().startswith("http") else f"https://{address}"


def is_label_only(citation: str) -> bool:
    """Return whether a citation says that it is an address and has none that can be opened."""
    return bool(_ADDRESS_LABEL.match(_unescaped(citation))) and not address_of(citation)


def _unescaped(citation: str) -> str:
    return " ".join(re.sub(r"\\(?=[:/.])", "", citation.translate(_UNSEEN)).split())


# A term's page asks for each of its references again whenever it is rendered.
@lru_cache(maxsize=4_096)
def in_house_style(work: Work) -> Work:
    """Return the work as the glossary writes it. What cannot be read as a DOI or PMID is left for the caller to refuse.

    Where the citation or the web address holds the DOI or the PubMed number and the field for it is empty (or says the
    same), it moves to the field: a page shows it once. A citation that is nothing but an address is the work's address.
    """
    doi, pmid = doi_of(work.doi) or work.doi.strip(), pmid_of(work.pmid) or work.pmid.strip()
    citation, url = work.citation, work.url.strip()
    if address := address_of(citation):
        citation, url = address, url or address
    if url and (found := doi_of(url)) and "doi.org/" in url.lower() and doi in ("", found):
        doi, url = found, ""
    elif url and _PMID_PAGE.match(url) and pmid in ("", pmid_of(url)):
        pmid, url = pmid_of(url), ""
    citation, doi = _moved(citation, doi, _DOI_IN_TEXT, doi_of)
    citation, pmid = _moved(citation, pmid, _PMID_IN_TEXT, pmid_of)
    return replace(work, citation=_tidy(citation), doi=doi, pmid=pmid, url=url)


def wrong_check_digits(citation: str) -> list[str]:
    """Return each ISBN and ISSN of a citation whose check digit doesn't fit: something in it is mistyped."""
    wrong = [f"ISBN {found[1]}" for found in _ISBN.finditer(citation) if not _isbn_fits(found[1])]
    return wrong + [f"ISSN {found[1]}" for found in _ISSN.finditer(citation) if not _issn_fits(found[1])]


def works_of(document: Mapping[str, Any]) -> list[Work]:
    """Return the works that a term document (as JSON) cites, in the house style, whenever it was frozen."""
    return [in_house_style(Work(**reference)) for reference in document["references"]]


def identifiers_of(documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return every identifier of the works that documents cite: DOIs in lower case, and ``PMID 123``."""
    return {name for document in documents for work in works_of(document) for name in work.identifiers}


def _moved(citation: str, held: str, pattern: re.Pattern[str], read: Callable[[str], str]) -> tuple[str, str]:
    """Take the one labelled identifier out of a citation, unless the field holds another."""
    found = {read(match[1]) for match in pattern.finditer(citation)}
    if len(found) != 1:
        return citation, held
    (identifier,) = found
    if not identifier or held not in ("", identifier):
        return citation, held
    rest = pattern.sub(lambda match: _tail(match[1]), citation)
    # What the label leaves behind: “2020;105(3):12–15. ; ” or “[]”.
    rest = re.sub(r"\(\s*\)|\[\s*\]", "", rest)
    rest = re.sub(r"\s+(?=[.,;])", "", rest)
    rest = re.sub(r"([.;,])[.;,]+", r"\1", rest).strip(" ;,")
    return (rest, identifier) if rest.strip(" .") else (citation, held or identifier)


def _tail(text: str) -> str:
    """Return the punctuation that stands behind an identifier, which belongs to the sentence."""
    return text[len(_without_tail(text)) :]


def _without_tail(text: str) -> str:
    """Drop what closes a sentence or a bracket around an identifier, and keep brackets of its own."""
    while text:
        last = text[-1]
        if last in ".,;:'\"”’" or (last in _OPENING and text.count(last) > text.count(_OPENING[last])):
            text = text[:-1]
        else:
            break
    return text


def _tidy(citation: str) -> str:
    text = " ".join(citation.translate(_UNSEEN).split())
    text = re.sub(r"\s+([,;.])(?=\s|$)", r"\1", text)
    text = _PAGES.sub(r"\1–\2", text)
    text = re.sub(r"(?<!\.)\.\.$", ".", text)
    if not text or text[-1] in ".?!…" or text[-2:] in (".”", ".’", '."', "?”", "!”"):
        return text
    # A full stop behind an address would be read as a part of it.
    return text if urlsplit(text.rsplit(" ", 1)[-1]).scheme in ("http", "https") else f"{text.rstrip(',;:')}."


def _isbn_fits(text: str) -> bool:
    digits = re.sub(r"[-\s]", "", text).upper()
    if len(digits) == 13 and digits.isdigit():
        return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0
    if len(digits) == 10 and "X" not in digits[:-1]:
        return sum(_digit(digit) * (10 - place) for place, digit in enumerate(digits)) % 11 == 0
    return False


def _issn_fits(text: str) -> bool:
    digits = text.replace("-", "").upper()
    return sum(_digit(digit) * (8 - place) for place, digit in enumerate(digits)) % 11 == 0


def _digit(character: str) -> int:
    return 10 if character == "X" else int(character)
