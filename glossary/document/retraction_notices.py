"""What a list of retracted works says of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Notice:
    """One row: what happened to a work. ``nature`` is in lower case; a work without identifiers cannot be found."""

    nature: str
    doi: str
    pmid: str
    title: str
    reason: str
    noticed_date: date | None
