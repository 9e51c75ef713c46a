"""Verify the ledger, and record the result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from consent.ledger.checkpoint import Note
from consent.ledger.faults import Faulty
from consent.ledger.verifying import Checked, Progress, check_ledger
from consent.models import SCHEDULE, ConsentEvent, name_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: how many records the ledger has, or the first fault; and what was not looked at, in words."""

    records: int
    fault: Faulty | None
    unchecked: list[str] = field(default_factory=list)


def verify_ledger(
    *, against: Iterable[Note] = (), at: datetime, progress: Progress | None = None, by: User | None = None
) -> Verification:
    """Check the whole ledger, and ``against`` heads that were kept outside. Leaves an event with what came of it.

    ``by`` is ``None`` for the clock.
    """
    outside = list(against)
    fault, checked = None, Checked(0, [])
    try:
        checked = check_ledger(against=outside, progress=progress)
    except Faulty as error:
        fault = error
    details: dict[str, Any] = {"against": len(outside), "is_whole": fault is None}
    details |= (
        {"fault": fault.fault, "words": fault.words, "index": fault.index} if fault else {"records": checked.records}
    )
    ConsentEvent.objects.create(
        verb=ConsentEvent.Verb.VERIFIED, at=at, by=by, by_name=name_of(by) if by else SCHEDULE, details=details
    )
    return Verification(checked.records, fault, checked.unchecked)
