"""Exports of a ledger that is large, or has nothing sealed."""

from __future__ import annotations

import tracemalloc
from datetime import date, datetime, timedelta

import pytest

from consent.actions import export_records, seal_ledger
from consent.models import ConsentEvent
from consent.receipts import exporting
from consent.receipts.exporting import NothingSealed
from tests.consent.ledger import add_records

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)


@pytest.mark.slow
@pytest.mark.database
def test_an_export_of_any_size_takes_the_same_memory(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few records in memory at a time, so that not many are needed to see more of them."""
    monkeypatch.setattr(exporting, "CHUNK", 20)

    def peak(last: date) -> int:
        export = export_records(first=DAY, last=last, format="json", by=None, at=at)
        tracemalloc.start()
        size = sum(len(chunk) for chunk in export.chunks())
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert size
        return used

    add_records(60, at=at)
    add_records(340, at=at + timedelta(days=1))
    seal_ledger(at=at + timedelta(days=2))
    peak(DAY)  # what is loaded and cached the first time
    assert peak(DAY + timedelta(days=1)) < 2 * peak(DAY)


def test_before_anything_is_sealed_there_is_nothing_to_prove(at: datetime) -> None:
    add_records(1, at=at)
    with pytest.raises(NothingSealed):
        export_records(first=DAY, last=DAY, format="csv", by=None, at=at)
    assert not ConsentEvent.objects.exists()
