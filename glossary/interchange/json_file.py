"""Terms in JSON: ``{"terms": [document, …]}``, or the list alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from glossary.document.faults import Fault
from glossary.interchange.files import READ_AT_ONCE, REASON, Record, Records

WHITE = " \t\n\r"
# No field of a term document is a number, so this is more than anybody means; longer ones only cost time.
MAX_DIGITS = 30


class BadValue(ValueError):
    """JSON that parses, but doesn't say one thing clearly."""


def read_json(text: str, *, progress: Callable[[int], None]) -> Records:
    """Return the records of a JSON text. Faults name the term, counted from 1, and the line where it begins.

    Terms are decoded one by one, so that one with a doubled key or ``NaN`` doesn't hide the faults behind it.
    """
    return _Reader(text, progress).read()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise BadValue(f"the key {twice[:100]!r} appears twice")
    return found


def _constant(name: str) -> Any:
    raise BadValue(f"{name} is not a JSON value")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise BadValue(f"contains a number of {len(digits):,} digits")
    return int(digits)


class _Reader:
    strict = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
    # Finds the end of what the strict one refused.
    lenient = json.JSONDecoder(parse_constant=str, parse_int=str, parse_float=str)

    def __init__(self, text: str, progress: Callable[[int], None]) -> None:
        self.text = text
        self.progress = progress
        self.at = 0
        self.records = Records()
        self.row = 0
        self.counted = (0, 1)

    def read(self) -> Records:
        try:
            self._top()
        except json.JSONDecodeError as error:
            self._stop(error)
        except RecursionError:
            self._fault("is nested too deeply to be a term; the rest of the file was not read")
        return self.records

    def _top(self) -> None:
        if self._next() == "[":
            self._terms()
        elif self._next() == "{":
            self._members()
        else:
            self.records.faults.append(Fault('must contain {"terms": […]} or a list of terms'))
            return
        if self._next():
            raise json.JSONDecodeError("Text after the end", self.text, self.at)

    def _members(self) -> None:
        seen = False
        self._take("{")
        while self._next() != "}":
            if self._next() != '"':
                raise json.JSONDecodeError("Expecting a name in double quotes", self.text, self.at)
            name, self.at = self.strict.raw_decode(self.text, self.at)
            self._take(":")
            if name == "terms" and self._next() == "[" and not seen:
                seen = True
                self._terms()
            elif name == "terms":
                self.records.faults.append(Fault("“terms” must appear once, and be a list", line=self._line()))
                self._skip()
            else:
                self.records.left_out.append(name[:40])
                self._skip()
            if self._next() != "}":
                self._take(",")
        self._take("}")
        if not seen and not self.records.faults:
            self.records.faults.append(Fault('has no list “terms”: write {"terms": […]} or only the list'))

    def _terms(self) -> None:
        self._take("[")
        while self._next() != "]":
            if self.row:
                self._take(",")
                self._next()
            self.row += 1
            if self.row % READ_AT_ONCE == 0:
                self.progress(self.row)
            line = self._line()
            start = self.at
            try:
                value, self.at = self.strict.raw_decode(self.text, self.at)
            except json.JSONDecodeError:
                raise
            except BadValue as error:
                self.at = start
                self._skip()
                text = self.text[start : self.at].strip()
                self.records.faults.append(Fault(str(error), self.row, line, source=text))
                continue
            if isinstance(value, dict):
                # What a report of refused terms says about them is no part of them.
                fields = {name: item for name, item in value.items() if name != REASON}
                self.records.found.append(Record(self.row, line, fields, fields))
            else:
                text = self.text[start : self.at].strip()
                self.records.faults.append(Fault("must be an object, a term document", self.row, line, source=text))
        self._take("]")

    def _skip(self) -> None:
        self._next()
        _, self.at = self.lenient.raw_decode(self.text, self.at)

    def _next(self) -> str:
        """Return the next sign that isn't white space, or nothing at the end."""
        while self.at < len(self.text) and self.text[self.at] in WHITE:
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _take(self, sign: str) -> None:
        if self._next() != sign:
            raise json.JSONDecodeError(f"Expecting {sign!r}", self.text, self.at)
        self.at += 1

    def _line(self) -> int:
        # Counts on from where it counted last, so that a large file is walked once.
        position, line = self.counted
        self.counted = (self.at, line + self.text.count("\n", position, self.at))
        return self.counted[1]

    def _fault(self, message: str) -> None:
        self.records.faults.append(Fault(message, self.row or None, self._line()))

    def _stop(self, error: json.JSONDecodeError) -> None:
        if error.pos >= len(self.text.rstrip()) or error.msg.startswith("Unterminated string"):
            self._fault("the file ends in the middle of it: it is cut off, or a quote or bracket isn't closed")
        else:
            reason = f"{error.msg} in line {error.lineno}, column {error.colno}"
            self._fault(f"is not JSON: {reason}; the rest of the file was not read")
