"""Terms in CSV: a header that names the columns, then a row per term."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from glossary.document.documents import MAX_TITLE, TermDocument
from glossary.document.faults import Fault
from glossary.interchange.cells import LISTS, CellError, read_cell
from glossary.interchange.files import MAX_BYTES, READ_AT_ONCE, Record, Records, printable
from glossary.interchange.rows import read_rows, separator_fault

FIELDS = frozenset(TermDocument.__dataclass_fields__)
# What other dictionaries call a field.
ALIASES = {"term": "title"}
# By one of these, a header is recognised whatever separates its columns.
COLUMNS = ("title", *ALIASES)
MAX_COLUMNS = 500
# Not str.splitlines, which knows other ends of lines than CSV does.
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|[\r\n])|[^\r\n]++")


def read_csv(text: str, *, progress: Callable[[int], None]) -> Records:
    """Return the records of a CSV text. Faults name the row as a spreadsheet counts it, and its first line."""
    records = Records()
    with _fields_of_any_length():
        _read(text, records, progress)
    return records


def _read(text: str, records: Records, progress: Callable[[int], None]) -> None:
    header: list[str] = []
    for found in read_rows(_lines(text)):
        if found.row % READ_AT_ONCE == 0:
            progress(found.row)
        if not header and (reason := separator_fault(found.first_line, COLUMNS)):
            records.faults.append(Fault(reason, found.row, found.line))
            return
        if found.fault:
            records.faults.append(Fault(found.fault, found.row, found.line))
        elif not header:
            header = _header(found.cells, records)
            records.header = found.cells
            if records.faults:
                return
        elif len(found.cells) != len(header):
            cut = "; the file may be cut off" if len(found.cells) < len(header) else ""
            reason = f"has {_counted(len(found.cells), 'cell')} where the header has {len(header)}{cut}"
            records.faults.append(Fault(reason, found.row, found.line, source=",".join(found.cells)))
        else:
            try:
                records.found.append(Record(found.row, found.line, _fields(header, found.cells), found.cells))
            except CellError as error:
                title = found.cells[header.index("title")].strip()[:MAX_TITLE]
                records.faults.append(Fault(str(error), found.row, found.line, title, found.cells))


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text with their endings: a file object would hold the text again, four bytes a sign."""
    return (found[0] for found in _LINE.finditer(text))


def _header(cells: Sequence[str], records: Records) -> list[str]:
    if len(cells) > MAX_COLUMNS:
        reason = f"has {len(cells):,} columns; the limit is {MAX_COLUMNS}"
        records.faults.append(Fault(reason, 1, 1))
        return []
    names = [" ".join(cell.casefold().split()) for cell in cells]
    header = [ALIASES.get(name, name) for name in names]
    for name in sorted({name for name in header if name in FIELDS and header.count(name) > 1}):
        records.faults.append(Fault(f"has two columns for {name!r}", 1, 1))
    if "title" not in header:
        shown = ", ".join(repr(cell[:40]) for cell in cells[:12])
        records.faults.append(
            Fault(f"has no column “title”: its first row names the columns, separated by commas, and has {shown}", 1, 1)
        )
    records.columns = frozenset(header) & FIELDS
    records.left_out.extend(
        printable(cells[number].strip())[:40] or f"column {number + 1}, which has no name"
        for number, name in enumerate(header)
        if name not in FIELDS
    )
    return header


def _fields(header: list[str], cells: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        if name in LISTS:
            try:
                found[name] = read_cell(name, cell)
            except CellError as error:
                raise CellError(f"{name}: {error}") from error
        elif name in FIELDS:
            found[name] = cell
    return found


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    # The module's own limit ends the reading; ours (glossary.document.documents) names the row and lets it go on.
    before = csv.field_size_limit(MAX_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)
