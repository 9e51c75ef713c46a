"""Rows of a CSV text, read strictly: what cannot be read is named, and takes no other row with it.

A quote that is opened and not closed would make the rest of the text one cell, or two rows one. Here the row in which
it is opened is a fault, and reading goes on with the next line.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

#: A cell of more lines is no text that somebody wrote: a quote was left open.
MAX_LINES = 5_000

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_SEPARATOR_LINE = re.compile(r'"?\s*sep=(.?)', re.IGNORECASE)
_LIST_ITEM = re.compile(r"\s*(?:[-*•·–]|\d{1,3}[.)])\s")  # as people write lists
_CLOSE_IT = 'close it with ", which ” and “ don\'t, and write a quote inside a cell as ""'


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row as a spreadsheet counts it, with the number and the text of its first line.

    ``fault`` says why it cannot be read, and then it has no cells.
    """

    row: int
    line: int
    first_line: str
    cells: Sequence[str]
    fault: str = ""


def read_rows(lines: Iterable[str]) -> Iterator[CsvRow]:
    """Yield the rows of CSV ``lines``, each with its line ending, without blank rows. The first one is the header."""
    source = _Lines(lines)
    reader = csv.reader(source, strict=True)
    row, width = 0, 0
    while True:
        row += 1
        line = source.next_row()
        fault, cells = "", list[str]()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooManyLines:
            fault = f"a quote is opened and not closed within {MAX_LINES:,} lines: {_CLOSE_IT}"
        except csv.Error as error:
            fault = _reason(error, len(source.taken))
        else:
            if width and len(source.taken) > 1:
                fault = _swallowed(source.taken, line, width)
        if fault:
            source.take_back()
            reader = csv.reader(source, strict=True)
            yield CsvRow(row, line, source.taken[0], [], fault)
        elif any(cell.strip() for cell in cells):
            width = width or len(cells)
            yield CsvRow(row, line, source.taken[0], cells)


def separator_fault(line: str, columns: Sequence[str]) -> str:
    """Return what is wrong with the separator in the first line of a file that should have ``columns``, or ``""``."""
    if found := _SEPARATOR_LINE.match(line):
        remedy = (
            "delete this line"
            if found[1] == ","
            else "delete this line, then save the file with commas between its columns"
        )
        return f"begins with the line “{line.strip()[:20]}”, which only spreadsheets read: {remedy}"
    wanted = {column.casefold() for column in columns}
    for sign, name in _SEPARATORS.items():
        names = {cell.strip().strip('"').strip().casefold() for cell in line.split(sign)}
        if sign in line and ("," not in line or not names.isdisjoint(wanted)):
            return (
                f"has no column “{columns[0]}”, since {name} separate its columns: save it with commas (in a "
                "spreadsheet, export it as CSV and choose the comma as separator)"
            )
    return ""


class _TooManyLines(Exception):
    """One row takes more lines than a row may have."""


class _Lines:
    """The lines of a text, of which those that were read as one row can be read again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = iter(lines)
        self.again: deque[str] = deque()
        self.taken: list[str] = []
        self.line = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) == MAX_LINES:
            raise _TooManyLines
        self.taken.append(self.again.popleft() if self.again else next(self.lines))
        return self.taken[-1]

    def next_row(self) -> int:
        """Begin a row, and return the number of its first line."""
        self.line += len(self.taken)
        self.taken = []
        return self.line

    def take_back(self) -> None:
        """Read what was taken again, apart from the first line."""
        self.again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def _reason(error: csv.Error, lines: int) -> str:
    if "unexpected end of data" in str(error):
        return f"the file ends inside quotes: it is cut off, or a quote is opened here and not closed ({_CLOSE_IT})"
    if lines > 1:
        return f"is not CSV: a quote is opened here and not closed ({_CLOSE_IT})"
    return f'is not CSV: {error} (write a quote inside a cell as "", and quotes around the cell)'


def _swallowed(taken: Sequence[str], line: int, width: int) -> str:
    """Return the fault of a row over several lines, if its lines look like rows of which a quote made one."""
    first = [line.rstrip("\r\n") for line in taken]
    opened = next(csv.reader([first[0]]))
    # The row's first line ends inside a cell. A typographic quote that nothing opened was meant to close it.
    ends_oddly = opened[-1].count("”") > opened[-1].count("“") and opened[-1].count("”") % 2 == 1
    widths = {len(opened) + opened[-1].count(","), *(_width(each) for each in first[1:])}
    is_list = any(_LIST_ITEM.match(each) for each in first[1:])
    if ends_oddly or (widths == {width} and not is_list):
        return (
            f"a quoted cell runs from line {line} to line {line + len(first) - 1}, and these look like rows of their "
            f"own: a quote is opened here and not closed ({_CLOSE_IT}). If it is one text, write it on one line"
        )
    return ""


def _width(line: str) -> int:
    return len(next(csv.reader([line]), []))
