"""The signed heads cover what stands around the records too: dates of notices, events, and counts of statistics."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from consent.actions import LedgerDamaged, aggregate_choices, erase_record, seal_ledger, verify_ledger
from consent.ledger import checkpoint
from consent.ledger.faults import Fault
from consent.ledger.keys import current_key, origin
from consent.models import Checkpoint, ConsentEvent, JournalEntry
from tests.consent.ledger import DAY, HOUR, add_records, fault, heads
from tests.consent.tampering import tamper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def _sealed(at: datetime) -> None:
    """Nine records of a day whose choices are counted, one of them erased; everything is under a head."""
    receipts = add_records(9, at=at)
    seal_ledger(at=at + HOUR)
    erase_record(receipt=receipts[4], at=at + HOUR)
    aggregate_choices(through=at.date(), at=at + 2 * DAY)
    verify_ledger(at=at + 2 * DAY)
    seal_ledger(at=at + 2 * DAY)


@pytest.mark.usefixtures("_sealed")
def test_what_was_sealed_is_in_order(at: datetime) -> None:
    assert [entry.kind for entry in JournalEntry.objects.order_by("number")] == ["notice", "day", "event", "event"]
    assert checkpoint.read(Checkpoint.objects.first().note).head.journal == (4, JournalEntry.objects.first().chain)  # type: ignore[union-attr]  # both are there
    assert fault(at, *heads()) is None
    # Nothing new: no new head.
    seal_ledger(at=at + 3 * DAY)
    number = Checkpoint.objects.count()
    seal_ledger(at=at + 4 * DAY)
    assert Checkpoint.objects.count() == number


@pytest.mark.usefixtures("_sealed")
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE consent_notice SET published_at = '2024-06-01 00:00:00'", "The notice 1 was changed"),
        ("UPDATE consent_notice SET reason = 'Another'", "The notice 1 was changed"),
        ("UPDATE consent_notice SET material = NOT material", "The notice 1 was changed"),
        ("UPDATE consent_notice SET published_by_name = 'Nobody'", "The notice 1 was changed"),
        ("UPDATE consent_consentevent SET at = '2026-01-01 00:00:00' WHERE verb = 'erased'", "was changed"),
        ("UPDATE consent_consentevent SET by_name = 'visitor' WHERE verb = 'verified'", "was changed"),
        ("UPDATE consent_consentevent SET details = '{\"is_whole\": true}' WHERE verb = 'verified'", "was changed"),
        ("DELETE FROM consent_consentevent WHERE verb = 'verified'", "is gone"),
        (
            "UPDATE consent_dailychoices SET accepted = accepted + 1 WHERE category = 'analytics'",
            "2026-03-02 was changed",
        ),
        ("DELETE FROM consent_dailychoices WHERE category = 'marketing'", "day of statistics 2026-03-02 was changed"),
        ("UPDATE consent_closedday SET records = 900", "day of statistics 2026-03-02 was changed"),
        ("UPDATE consent_dailychoices SET date = '2026-03-05' WHERE category = 'analytics'", "2026-03-0"),
        ("DELETE FROM consent_closedday", "day of statistics 2026-03-02 is gone"),
        ("DELETE FROM consent_journalentry WHERE number = 2", "Entry 2 of the journal is missing"),
        ("DELETE FROM consent_journalentry WHERE number = 4", "names entry 4 of the journal, which is gone"),
        ("UPDATE consent_journalentry SET chain = sha256 WHERE number = 3", "it does not follow from the entry before"),
        ("UPDATE consent_journalentry SET schema = 7 WHERE number = 3", "has the form 7"),
    ],
)
def test_what_was_changed_or_deleted_is_named(at: datetime, statement: str, words: str) -> None:
    tamper(statement)
    found = verify_ledger(at=at).fault
    assert found is not None
    assert (found.fault, words in found.words) == (Fault.JOURNAL, True), found.words


@pytest.mark.usefixtures("_sealed")
def test_a_deleted_event_is_missed_though_its_entry_and_the_heads_are_deleted_too(at: datetime) -> None:
    kept = heads()
    last = JournalEntry.objects.filter(kind="event").latest("number")
    tamper("DELETE FROM consent_consentevent WHERE id = %s", last.row)
    tamper("DELETE FROM consent_journalentry WHERE number = %s", last.number)
    with pytest.raises(LedgerDamaged, match="names entry 4 of the journal, which is gone"):
        seal_ledger(at=at + 3 * DAY)
    tamper("DELETE FROM consent_checkpoint WHERE id = %s", Checkpoint.objects.latest("pk").pk)
    assert fault(at) is None
    assert fault(at, *kept) == (Fault.JOURNAL, None)


def test_what_came_before_the_journal_is_taken_in(at: datetime, operator: User) -> None:
    for number in range(3):
        ConsentEvent.objects.create(verb="exported", at=at, by=operator, by_name="Olga", details={"records": number})
    seal_ledger(at=at)
    assert not Checkpoint.objects.exists()  # a head is over records
    assert JournalEntry.objects.count() == 4
    add_records(1, at=at)
    seal_ledger(at=at + HOUR)
    found = verify_ledger(at=at)
    assert found.fault is None
    assert not [line for line in found.unchecked if "seal_consent_ledger" in line]


def test_heads_from_before_the_journal_still_verify(at: datetime) -> None:
    add_records(3, at=at)
    seal_ledger(at=at + HOUR)
    head = checkpoint.read(Checkpoint.objects.get().note).head
    old = checkpoint.write(
        checkpoint.Head(head.origin, head.size, head.root, head.at), [current_key().signer(origin())]
    )
    tamper("UPDATE consent_checkpoint SET note = %s", old)
    tamper("DELETE FROM consent_journalentry")
    assert fault(at) is None
    add_records(1, at=at)
    seal_ledger(at=at + HOUR)
    assert fault(at, checkpoint.read(old)) is None


def test_verification_says_what_no_head_covers_yet(at: datetime) -> None:
    receipts = add_records(3, at=at)
    seal_ledger(at=at + HOUR)
    erase_record(receipt=receipts[0], at=at + timedelta(hours=2))
    unchecked = verify_ledger(at=at).unchecked
    assert "1 notices, events and days of statistics that wait for seal_consent_ledger" in unchecked
