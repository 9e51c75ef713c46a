"""Check that the times of records, notices and checkpoints match.

A seal shows that nothing was changed since. It doesn't show that what was sealed is true: somebody with the key can
seal a record that names any time. These are the times that cannot be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from consent.ledger.faults import Fault, Faulty
from consent.models import Notice

#: How far the clocks of two servers may differ.
CLOCKS = timedelta(minutes=1)
#: Records are sealed within minutes. One that is older by more than this than what was sealed before it is backdated.
LATE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expected:
    """A head that the tree of ``size`` records must have. ``whose`` says where it comes from.

    ``follows`` is when the head before it was signed.
    """

    size: int
    root: bytes
    whose: str
    at: datetime | None = None
    follows: datetime | None = None


class Times:
    """Looks at records and heads in the ledger's order, and keeps the first contradiction in ``fault``.

    It raises nothing, because a clock that was wrong for an hour must not hide what was forged behind it.
    """

    def __init__(self) -> None:
        self.fault: Faulty | None = None
        self.heads_without_time = 0
        self._longest = timedelta(seconds=settings.COOKIE_CONSENT_MAX_AGE)
        self._published = dict(Notice.objects.values_list("pk", "published_at"))
        self._latest: datetime | None = None  # of the records so far
        self._signed: Expected | None = None  # the latest of the heads so far

    def look(self, rows: Sequence[tuple[Any, ...]], heads: Iterable[Expected]) -> None:
        """Look at the rows of a block, of which there are none where it is pruned, and at the heads up to its end."""
        waiting = list(heads)[::-1]
        for row in rows:
            while waiting and waiting[-1].size <= row[1]:
                self._head(waiting.pop())
            self._record(*row[1:5])
        while waiting:
            self._head(waiting.pop())

    def _record(self, index: int, created: str, expires: str, notice: int) -> None:
        try:
            made, ends = datetime.fromisoformat(created), datetime.fromisoformat(expires)
        except ValueError:
            self._note(f"Record {index} has no valid time.", index)
            return
        if made + CLOCKS < self._published[notice]:
            self._note(f"Record {index} was made before its notice was published.", index)
        if ends <= made:
            self._note(f"Record {index} expires before it was made.", index)
        if ends - made > self._longest:
            days = (ends - made).days
            self._note(
                f"Record {index} is valid for {days:,} days, longer than the limit of {self._longest.days}.", index
            )
        if (self._latest and made < self._latest - LATE) or (
            self._signed and self._signed.at and made < self._signed.at - LATE
        ):
            self._note(
                f"Record {index} is backdated: a record that was sealed earlier is more than a day newer.", index
            )
        self._latest = max(made, self._latest or made)

    def _head(self, head: Expected) -> None:
        if head.at is None:
            self.heads_without_time += 1
            return
        if self._latest and self._latest > head.at + CLOCKS:
            self._note(f"A record was made after {head.whose}, which covers it, was signed.", head.size)
        before = [head.follows] if head.follows else []
        if self._signed and self._signed.at and self._signed.size < head.size:
            before.append(self._signed.at)
        if before and head.at + CLOCKS < max(before):
            self._note(f"{head.whose[0].upper()}{head.whose[1:]} is older than the checkpoint before it.", head.size)
        if self._signed is None or self._signed.at is None or head.at > self._signed.at:
            self._signed = head

    def _note(self, words: str, index: int) -> None:
        self.fault = self.fault or Faulty(Fault.TIME, words, index)
