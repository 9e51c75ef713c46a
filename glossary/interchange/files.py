"""A file of terms as text, and as the records that a reader finds in it."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glossary.document.faults import Fault, Source

MAX_BYTES = 64 * 1024 * 1024
#: How many rows are read before progress is reported again.
READ_AT_ONCE = 500

# Longest first: the mark of UTF-32 begins with that of UTF-16.
OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


#: The column or key in which a report of refused rows says why they were refused.
REASON = "reason"


class ImportRefused(Exception):
    """A file cannot be imported as it is, and nothing of it was. Show all ``faults``, each with its row and reason."""

    def __init__(self, faults: Iterable[Fault], *, header: Sequence[str] = ()) -> None:
        self.header = header
        # A fault of the whole file comes last: it says where reading had to stop.
        self.faults = sorted(faults, key=lambda fault: (fault.row is None, fault.row or 0))
        super().__init__("; ".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Record:
    """One term as a file has it: its fields, not yet checked, and where they stand."""

    row: int
    line: int
    fields: Mapping[str, Any]
    source: Source


@dataclass(slots=True)
class Records:
    """What a reader found: records, faults of others, and the names of what is no part of a term and was left out.

    ``columns`` are the fields that the file speaks of. A CSV file may lack some, and what it doesn't speak of stays as
    it is in terms that exist; ``None`` means that each record is a whole document. ``header`` are the
    columns of a CSV file as it names them.
    """

    found: list[Record] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    columns: frozenset[str] | None = None
    header: Sequence[str] = ()


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, without its byte order mark.

    Raises :class:`ImportRefused` for a file that cannot be read, is empty, too large, or in another encoding. The
    encoding is never guessed: a wrong guess turns names into other names that nobody notices.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImportRefused([Fault(f"cannot be read: {error.strerror}")]) from error
    if len(content) > MAX_BYTES:
        raise ImportRefused([Fault(f"is larger than {MAX_BYTES // 1024**2} MB: split it into several files")])
    for mark, name in OTHER_MARKS.items():
        if content.startswith(mark):
            raise ImportRefused([Fault(f"is encoded in {name}: save it as UTF-8")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + (len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0)
        line = content.count(b"\n", 0, start) + 1
        if error.reason == "unexpected end of data":
            message = f"ends in the middle of a character at byte {start + 1:,}: the file is cut off"
        else:
            message = f"is not UTF-8: byte 0x{content[start]:02X} at position {start + 1:,}; save it as UTF-8"
        raise ImportRefused([Fault(message, line=line)]) from error
    if not text.strip():
        raise ImportRefused([Fault("is empty")])
    return text


def printable(text: str) -> str:
    """Return text fit for a terminal and for the history: what isn't printable is shown as an escape."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
