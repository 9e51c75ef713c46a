"""Reading a list of retracted works in Retraction Watch's CSV format, as Crossref publishes it.

The file is some 60 MB long and is read row by row, whatever its length. Known of it (Crossref, “Retraction Watch”): a
missing DOI is empty or ``unavailable``, a missing PubMed number ``0``; reasons are separated by semicolons and begin
with a plus sign; dates read month/day/year; some bytes are no UTF-8. Besides retractions it has corrections,
expressions of concern and reinstatements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from glossary.document.documents import CONTROL
from glossary.document.faults import Fault
from glossary.document.references import doi_of, pmid_of
from glossary.document.retraction_notices import Notice
from glossary.interchange.rows import CsvRow, read_rows, separator_fault

COLUMNS = ("OriginalPaperDOI", "OriginalPaperPubMedID", "RetractionNature")
MAX_IDENTIFIER = 300
MAX_TEXT = 1_000


class RetractionsRefused(Exception):
    """The file is not a list of retracted works. The message says what is missing."""


def read_notices(path: Path) -> Iterator[Notice | Fault]:
    """Yield the rows of the file, and a fault for each that cannot be read. Raises :class:`RetractionsRefused`."""
    try:
        # Titles may hold bytes that are no UTF-8; identifiers are ASCII.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            yield from _notices(file)
    except OSError as error:
        raise RetractionsRefused(f"cannot be read: {error.strerror}") from error


def _notices(lines: Iterable[str]) -> Iterator[Notice | Fault]:
    rows = read_rows(lines)
    header = _header(next(rows, None))
    for found in rows:
        if found.fault:
            yield Fault(found.fault, found.row, found.line)
        elif len(found.cells) != len(header):
            yield Fault(f"has {len(found.cells)} cells where the header has {len(header)}", found.row, found.line)
        else:
            yield _notice(dict(zip(header, found.cells, strict=True)))


def _header(row: CsvRow | None) -> list[str]:
    header = [name.strip() for name in row.cells] if row else []
    missing = [name for name in COLUMNS if name not in header]
    if row and missing:
        if fault := separator_fault(row.first_line, COLUMNS):
            raise RetractionsRefused(fault)
        if row.fault:
            raise RetractionsRefused(
                f"has a first row that cannot be read: {row.fault}. It names columns such as {', '.join(COLUMNS)}"
            )
    if missing:
        raise RetractionsRefused(f"has no column {', '.join(missing)}: it is not a list in Retraction Watch's format")
    return header


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
