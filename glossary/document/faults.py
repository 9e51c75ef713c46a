"""What is wrong with one row of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Source = Sequence[str] | Mapping[str, Any] | str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row, or without ``row`` the file as a whole, cannot be imported.

    Rows of a CSV file count as a spreadsheet shows them, the header being row 1; those of JSON count the terms.
    ``source`` is what the file has there: the cells of a CSV row, the object of a JSON term, or the text of what could
    not be read. Without it, other rows may be concerned too, and the fault cannot be skipped.
    """

    message: str
    row: int | None = None
    line: int | None = None
    title: str = ""
    source: Source | None = None

    @property
    def is_readable(self) -> bool:
        """Whether the row could be read, and only what it says is at fault."""
        return self.source is not None and not isinstance(self.source, str)

    def __str__(self) -> str:
        title = f" (“{self.title}”)" if self.title else ""
        places = (f"row {self.row}{title}" if self.row else "", f"line {self.line}" if self.line else "")
        place = ", ".join(filter(None, places))
        return f"{place}: {self.message}" if place else self.message
