"""Erasure and pruning: what goes, what stays, what is still provable, and that no field was forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from consent.actions import (
    LedgerDamaged,
    UnknownReceipt,
    erase_record,
    prune_records,
    seal_ledger,
)
from consent.ledger.proofs import consistency_proof, inclusion_proof
from consent.ledger.tree import BLOCK, check_consistency, root_by_inclusion
from consent.models import PERSONAL, Checkpoint, ConsentEvent, ConsentRecord, PrunedBlock
from tests.consent.ledger import DAY, add_records
from tests.consent.tampering import tamper
from tests.people import person

pytestmark = pytest.mark.django_db

LATER = timedelta(days=3_000)


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


# Every field of consent's tables that says, or could say, something about a visitor. Each is dropped by an erasure and
# goes when its row is pruned.
ABOUT_A_VISITOR = {f"ConsentRecord.{name}" for name in PERSONAL}
# Every other field, with the reason why it stays. A new one makes the test below fail until it is thought about.
ABOUT_NOBODY = {
    "ConsentRecord": {
        "id": "a number in the order of writing",
        "created_at": "a time, without anything that says whose",
        "expires_at": "a time, the same number of days later for everybody",
        "notice": "the notice that everybody saw at that time",
        "leaf": "a hash over 128 random bits that are erased with the rest",
        "mac": "made from the leaf",
        "personal_sha256": "a hash over the same random bits",
        "index": "a number in the order of sealing",
        "seal": "made from index and leaf",
    },
    "ConsentEvent": {
        "id": "a number",
        "verb": "from a fixed list",
        "at": "a time",
        "by": "an operator, never a visitor",
        "by_name": "an operator, “visitor” or “schedule”",
        "details": "counts, indexes and leaves; the test below looks for receipts in it",
    },
    "JournalEntry": dict.fromkeys(
        ("id", "number", "kind", "row", "schema", "sha256", "chain"), "hashes over notices, events and counts"
    ),
    "CheckRun": dict.fromkeys(
        (
            *("id", "kind", "asked_at", "asked_by", "started_at", "alive_at", "progress", "finished_at", "passed"),
            *("outcome", "mail"),
        ),
        "what an operator asked for, and what it came to",
    ),
    "LedgerBlock": dict.fromkeys(("id", "level", "position", "sha256"), "hashes over hashes, and their place"),
    "PrunedBlock": dict.fromkeys(("id", "number", "nodes", "mac", "at"), "hashes over hashes, and their place"),
    "Checkpoint": dict.fromkeys(("id", "size", "root", "at", "note"), "public by design"),
    "Violation": dict.fromkeys(
        ("id", "directive", "blocked", "count", "first_date", "last_date", "seen_date", "seen_by"),
        "a sum over all visitors of what browsers refused, and the operator who looked at it",
    ),
    "HeadDelivery": dict.fromkeys(
        ("id", "channel", "checkpoint", "delivered_at", "failed_at", "failures", "error"),
        "about a machine that heads are sent to",
    ),
    "Notice": dict.fromkeys(
        ("id", "number", "language", "document", "sha256", "material", "reason", "published_at"),
        "what everybody was shown, by an operator",
    )
    | dict.fromkeys(("published_by", "published_by_name"), "an operator"),
    "NoticeText": dict.fromkeys(
        ("id", "language", "words", "names", "changed_at", "changed_by"), "the words of the next notice, by an operator"
    ),
    "ContentVersion": dict.fromkeys(("id", "number"), "one count for everybody"),
    "Service": dict.fromkeys(
        (
            *("id", "name", "vendor", "purpose", "privacy_policy", "category", "url", "integrity", "connect_origins"),
            *("image_origins", "script_origins", "frame_origins", "style_origins", "font_origins", "media_origins"),
            *("slug", "opt_out", "kind", "attributes", "start_code", "pages", "uses_sinks", "consent_mode", "status"),
            *("changed_at", "changed_by", "start_code_by", "start_code_approved_sha256", "start_code_approved_by"),
            "start_code_approved_at",
        ),
        "a script, written by an operator",
    ),
    "CookieDetails": dict.fromkeys(
        ("id", "cookie", "days", "kind", "service"), "a declared cookie, written by an operator"
    ),
    "Ending": dict.fromkeys(
        ("id", "record", "ended_by", "ended_at"),
        "leads from one record of a visitor to another; goes with either that is erased, and the time with the first",
    ),
    "AuditRun": dict.fromkeys(
        (
            *("id", "at", "seconds", "host", "is_copy", "notice_sha256", "browser", "pages", "states", "choices"),
            *("found", "findings", "left_out"),
        ),
        "what a browser met that nobody sat at",
    ),
    "ClosedDay": dict.fromkeys(("date", "records", "closed_at"), "counts of a whole day"),
    "DailyChoices": dict.fromkeys(
        ("id", "date", "notice", "language", "surface", "action", "category", "accepted", "refused"),
        "counts of a whole day",
    ),
}


def test_every_field_is_either_dropped_or_about_nobody() -> None:
    fields = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("consent").get_models()
        for field in model._meta.concrete_fields
    }
    explained = {f"{model}.{name}" for model, names in ABOUT_NOBODY.items() for name in names}
    assert fields == ABOUT_A_VISITOR | explained
    assert not ABOUT_A_VISITOR & explained


def test_an_erasure_drops_every_field_that_is_about_a_visitor(at: datetime) -> None:
    receipt, other = add_records(2, at=at)
    before: dict[str, Any] = dict(ConsentRecord.objects.held_by(receipt).values().get())
    record = erase_record(receipt=receipt, at=at)
    after: dict[str, Any] = dict(ConsentRecord.objects.values().get(pk=record.pk))
    assert {name for name in after if after[name] is None} == {*PERSONAL, "index"}
    assert {name for name in after if after[name] != before[name]} == {*PERSONAL, "personal_sha256"}
    assert not any(str(before[name]) in str(after) for name in ("receipt_sha256", "salt", "answers"))
    assert ConsentRecord.objects.held_by(other).get().receipt_sha256
    assert record.is_erased
    event = ConsentEvent.objects.get()
    assert (event.verb, event.by_name, event.by, event.details) == (
        *("erased", "visitor", None),
        {"index": None, "leaf": record.leaf},
    )
    assert receipt not in str(ConsentEvent.objects.values().get())


def test_an_erased_record_stays_proved_sealed_before_or_after(at: datetime) -> None:
    first, second, _ = add_records(3, at=at)
    erase_record(receipt=first, at=at)
    assert seal_ledger(at=at).refused == []
    erase_record(receipt=second, at=at)
    assert ConsentEvent.objects.filter(details__index=1).exists()
    for record in ConsentRecord.objects.sealed():
        proof = inclusion_proof(record)
        assert proof
        path = [bytes.fromhex(digest) for digest in proof["path"]]
        assert root_by_inclusion(bytes.fromhex(record.leaf), proof["index"], 3, path).hex() == proof["root"]


@pytest.mark.parametrize("receipt", ["", "unknown", "erased"])
def test_an_unknown_receipt_and_an_erased_one_are_answered_alike(at: datetime, receipt: str) -> None:
    held = add_records(1, at=at)[0]
    if receipt == "erased":
        erase_record(receipt=held, at=at)
        receipt = held
    with pytest.raises(UnknownReceipt, match="No record is held under this receipt"):
        erase_record(receipt=receipt, at=at)


def prepared(at: datetime) -> None:
    """Seal 1,100 records, with heads at 100, 300, 512, 513, 700 and 1100; those from 700 on expire a year later."""
    for count, later in ((100, 0), (200, 0), (212, 0), (1, 0), (187, 0), (400, 365)):
        add_records(count, at=at + later * DAY)
        seal_ledger(at=at)


def test_pruning_takes_whole_expired_blocks_and_leaves_events(at: datetime) -> None:
    prepared(at)
    add_records(30, at=at)  # expired, and never sealed
    before = at + 200 * DAY
    dry = prune_records(before=before, by=None, at=before, dry_run=True)
    assert (dry.pruned, dry.waiting) == (512, 700 - 512 + 30)
    assert ConsentRecord.objects.count() == 1_130
    assert not ConsentEvent.objects.exists()
    operator = person("olga", "Olga Nwosu")
    assert prune_records(before=before, by=operator, at=before) == dry
    assert ConsentRecord.objects.count() == 618
    assert list(PrunedBlock.objects.values_list("number", flat=True)) == [0, 1]
    event = ConsentEvent.objects.get()
    assert (event.verb, event.by_name, event.by) == ("pruned", "Olga Nwosu", operator)
    assert (event.details["records"], event.details["first"], event.details["last"]) == (512, 0, 511)
    assert prune_records(before=before, by=None, at=before).pruned == 0
    assert ConsentEvent.objects.count() == 1


def test_what_is_pruned_keeps_one_hash_or_as_many_as_heads_were_signed_inside(at: datetime) -> None:
    for size in (256, 256, 100, 156):
        add_records(size, at=at)
        seal_ledger(at=at)
    prune_records(before=at + 200 * DAY, by=None, at=at)
    levels = {block.number: [level for level, _ in block.nodes] for block in PrunedBlock.objects.all()}
    # The head at 612 cuts its block at 100 = 64 + 32 + 4.
    assert levels == {0: [8], 1: [8], 2: [6, 5, 2, 2, 3, 4, 7]}


@pytest.mark.slow
@pytest.mark.database
def test_every_head_and_record_is_still_proved_after_pruning(at: datetime) -> None:
    prepared(at)
    prune_records(before=at + 200 * DAY, by=None, at=at)
    heads = list(Checkpoint.objects.order_by("pk"))
    assert [head.size for head in heads] == [100, 300, 512, 513, 700, 1_100]
    for old in heads:
        for new in heads[heads.index(old) :]:
            path = consistency_proof(old.size, new.size)
            check_consistency(old.size, new.size, bytes.fromhex(old.root), bytes.fromhex(new.root), path)
    for index in (512, 700, 1_099):
        record = ConsentRecord.objects.get(index=index)
        proof = inclusion_proof(record)
        assert proof
        path = [bytes.fromhex(digest) for digest in proof["path"]]
        assert root_by_inclusion(bytes.fromhex(record.leaf), index, 1_100, path).hex() == heads[-1].root
    add_records(1, at=at)
    assert seal_ledger(at=at).sealed == 1


def test_sealing_goes_on_after_everything_was_pruned(at: datetime) -> None:
    add_records(2 * BLOCK, at=at)
    seal_ledger(at=at)
    prune_records(before=at + LATER, by=None, at=at)
    assert not ConsentRecord.objects.exists()
    add_records(3, at=at)
    assert seal_ledger(at=at).sealed == 3
    assert ConsentRecord.objects.sealed()[0].index == 512


def test_nobody_removes_evidence_by_pruning_it(at: datetime) -> None:
    add_records(BLOCK, at=at)
    seal_ledger(at=at)
    tamper("UPDATE consent_consentrecord SET action = 'accept_all' WHERE \"index\" = 5")
    with pytest.raises(LedgerDamaged, match="Record 5"):
        prune_records(before=at + LATER, by=None, at=at)
    assert ConsentRecord.objects.count() == BLOCK
    assert not PrunedBlock.objects.exists()


def test_the_command_asks_the_setting_and_counts_from_expiry(settings: Settings) -> None:
    settings.CONSENT_RETENTION_DAYS = 10
    now = timezone.now()
    add_records(BLOCK, at=now - (182 + 11) * DAY)
    add_records(BLOCK, at=now - (182 + 9) * DAY)
    seal_ledger(at=now)
    call_command("prune_consent_records", dry_run=True)
    assert ConsentRecord.objects.count() == 2 * BLOCK
    call_command("prune_consent_records")
    assert ConsentRecord.objects.sealed()[0].index == BLOCK
    with pytest.raises(CommandError, match="in the future"):
        call_command("prune_consent_records", expired_before="2999-01-01")
    for day in ("2999-13-01", "yesterday"):
        with pytest.raises(CommandError, match="is not a day"):
            call_command("prune_consent_records", expired_before=day)
    call_command("prune_consent_records", expired_before=f"{now:%Y-%m-%d}", verbosity=0)
    assert not ConsentRecord.objects.exists()
