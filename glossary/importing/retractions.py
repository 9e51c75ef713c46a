"""Reading a list of retracted works in Retraction Watch's CSV format, as Crossref publishes it.

The file is some 60 MB long and is read row by row, whatever its length. Known of it (Crossref, “Retraction Watch”): a
missing DOI is empty or ``unavailable``, a missing PubMed number ``0``; reasons are separated by semicolons and begin
with a plus sign; dates read month/day/year; some bytes are no UTF-8. Besides retractions it has corrections,
expressions of concern and reinstatements.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from glossary.documents import CONTROL
from glossary.references import doi_of, pmid_of

COLUMNS = ("OriginalPaperDOI", "OriginalPaperPubMedID", "RetractionNature")
MAX_IDENTIFIER = 300
MAX_TEXT = 1_000


class RetractionsRefused(Exception):
    """The file is not a list of retracted works. The message says what is missing."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One row: what happened to a work. ``nature`` is in lower case; a work without identifiers cannot be found."""

    nature: str
    doi: str
    pmid: str
    title: str
    reason: str
    noticed_date: date | None


def read_notices(path: Path) -> Iterator[Notice | None]:
    """Yield the rows of the file, ``None`` for one that cannot be read. Raises :class:`RetractionsRefused`."""
    try:
        # Titles may hold bytes that are no UTF-8; identifiers are ASCII.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            yield from _rows(csv.reader(file))
    except OSError as error:
        raise RetractionsRefused(f"cannot be read: {error.strerror}") from error


def _rows(rows: Iterator[list[str]]) -> Iterator[Notice | None]:
    try:
        header = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        raise RetractionsRefused(f"is not CSV: {error}") from error
    if missing := [name for name in COLUMNS if name not in header]:
        raise RetractionsRefused(f"has no column {', '.join(missing)}: it is no list in Retraction Watch's format")
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield None
            continue
        if len(row) == len(header):
            yield _notice(dict(zip(header, row, strict=True)))
        elif row:
            yield None


def _notice(row: dict[str, str]) -> Notice:
    doi, pmid = doi_of(row["OriginalPaperDOI"]), pmid_of(row["OriginalPaperPubMedID"])
    reasons = (reason.strip(" +") for reason in row.get("Reason", "").split(";"))
    return Notice(
        nature=" ".join(row["RetractionNature"].casefold().split()),
        doi=doi if len(doi) <= MAX_IDENTIFIER else "",
        pmid=pmid,
        title=_line(row.get("Title", "")),
        reason=_line("; ".join(filter(None, reasons))),
        noticed_date=_day(row.get("RetractionDate", "")),
    )


def _line(text: str) -> str:
    return " ".join(CONTROL.sub(" ", text).split())[:MAX_TEXT]


def _day(text: str) -> date | None:
    found = re.match(r"\s*(\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d{2}-\d{2})", text)
    if not found:
        return None
    form = "%m/%d/%Y" if "/" in found[1] else "%Y-%m-%d"
    try:
        return datetime.strptime(found[1], form).date()  # noqa: DTZ007  # a day has no time zone
    except ValueError:
        return None
