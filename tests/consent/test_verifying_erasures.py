"""Erased records and the events of their erasures are compared: neither is there without the other."""

from __future__ import annotations

import hashlib
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from consent.actions import erase_record, prune_records, seal_ledger
from consent.ledger.faults import Fault
from consent.models import PERSONAL, ConsentEvent, ConsentRecord
from tests.consent.ledger import DAY, HOUR, add_records, fault
from tests.consent.tampering import tamper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def receipts(at: datetime) -> list[str]:
    """The receipts of five records, of which the first was erased before it was sealed, and the second behind that."""
    receipts = add_records(5, at=at)
    erase_record(receipt=receipts[0], at=at)
    seal_ledger(at=at + HOUR)
    erase_record(receipt=receipts[1], at=at + 2 * HOUR)
    return receipts


def erase_in_silence(index: int) -> None:
    """Erase a record as somebody can who has the database and knows what it says."""
    record = ConsentRecord.objects.get(index=index)
    digest = hashlib.sha256(bytes.fromhex(record.salt or "") + record.choice().personal()).hexdigest()
    ConsentRecord.objects.filter(pk=record.pk).update(**dict.fromkeys(PERSONAL), personal_sha256=digest)


def event(**details: object) -> None:
    ConsentEvent.objects.create(
        verb="erased", at=ConsentRecord.objects.latest("created_at").created_at, by_name="visitor", details=details
    )


@pytest.mark.usefixtures("receipts")
def test_erasures_with_their_events_are_in_order(at: datetime) -> None:
    assert fault(at) is None
    # Also where both were pruned since.
    add_records(251, at=at)
    seal_ledger(at=at + HOUR)
    prune_records(before=at + 500 * DAY, by=None, at=at + 500 * DAY)
    assert not ConsentRecord.objects.exists()
    assert fault(at) is None


@pytest.mark.usefixtures("receipts")
def test_a_record_that_was_erased_without_an_event_is_a_fault(at: datetime) -> None:
    erase_in_silence(3)
    assert fault(at) == (Fault.ERASURE, 3)


@pytest.mark.usefixtures("receipts")
@pytest.mark.parametrize("number", [0, 1])
def test_an_event_of_an_erasure_that_was_deleted_is_missed(at: datetime, number: int) -> None:
    deleted = ConsentEvent.objects.filter(verb="erased").order_by("pk")[number]
    tamper("DELETE FROM consent_consentevent WHERE id = %s", deleted.pk)
    assert fault(at) == (Fault.ERASURE, number)


@pytest.mark.usefixtures("receipts")
def test_an_event_of_an_erasure_that_never_was_is_a_fault(at: datetime) -> None:
    kept = ConsentRecord.objects.get(index=4)
    event(index=4, leaf=kept.leaf)
    assert fault(at) == (Fault.ERASURE, 4)


@pytest.mark.usefixtures("receipts")
@pytest.mark.parametrize("details", [{"index": 4}, {"index": 77, "leaf": "0" * 64}, {"index": None}])
def test_so_is_one_of_no_record(at: datetime, details: dict[str, object]) -> None:
    event(**details)
    assert fault(at) == (Fault.ERASURE, details["index"])


@pytest.mark.usefixtures("receipts")
def test_two_events_of_one_erasure_are_a_fault(at: datetime) -> None:
    event(**ConsentEvent.objects.filter(verb="erased").latest("pk").details)
    assert fault(at) == (Fault.ERASURE, 1)


def as_before(details: str) -> None:
    newest = ConsentEvent.objects.filter(verb="erased").latest("pk")
    tamper("UPDATE consent_consentevent SET details = %s WHERE id = %s", details, newest.pk)


def test_events_from_before_they_named_the_record_still_count(at: datetime) -> None:
    """They say the index, and none of a record that had no place yet."""
    receipts = add_records(5, at=at)
    erase_record(receipt=receipts[0], at=at)
    as_before('{"index": null}')
    seal_ledger(at=at + HOUR)
    erase_record(receipt=receipts[1], at=at + 2 * HOUR)
    as_before('{"index": 1}')
    assert fault(at) is None
    out = StringIO()
    call_command("verify_consent_ledger", stdout=out)
    assert "1 of the events of erasures" in out.getvalue()
    erase_in_silence(2)
    assert fault(at) is not None
