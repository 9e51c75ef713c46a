"""The ledger is verified: in order after all that may happen to it, and each way of tampering caught by its name."""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, override_settings
from pytest_django import Settings

from consent.actions import erase_record, prune_records, publish_heads, seal_ledger, verify_ledger
from consent.actions.heads import heads_file
from consent.ledger import checkpoint
from consent.ledger.faults import Fault
from consent.ledger.keys import current_key
from consent.models import PERSONAL, ConsentEvent, ConsentRecord, LedgerBlock
from tests.consent.ledger import DAY, HOUR, add_records, fault, heads
from tests.consent.tampering import tamper
from tests.people import NOON

pytestmark = pytest.mark.django_db

TABLE = "consent_consentrecord"
COLUMNS = [field.column for field in ConsentRecord._meta.concrete_fields]
CONTENT = [column for column in COLUMNS if column not in ("id", "index", "seal")]


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture(scope="module")
def receipts(shared_database: None, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A ledger of 1,300 records: five whole blocks and some, with a head inside of the second."""
    receipts = []
    with override_settings(DATA_DIR=tmp_path_factory.mktemp("heads")):
        for count in (300, 1_000):
            receipts += add_records(count, at=NOON)
            seal_ledger(at=NOON + HOUR)
    return receipts


def seal_anew(at: datetime) -> None:
    """What somebody with all rights in the database and the key would do: make everything fit again."""
    rows = list(ConsentRecord.objects.order_by("index", "pk"))
    tamper("DELETE FROM consent_ledgerblock")
    tamper("DELETE FROM consent_checkpoint")
    tamper(f"UPDATE {TABLE} SET \"index\" = NULL, seal = ''")
    for record in rows:
        if not record.is_erased and record.salt:
            leaf = record.choice().leaf(bytes.fromhex(record.salt))
            mac = current_key().mac(leaf)
            if record.leaf != leaf.hex():
                tamper(f"UPDATE {TABLE} SET leaf = %s, mac = %s WHERE id = %s", leaf.hex(), mac, record.pk)
    seal_ledger(at=at + HOUR)


@pytest.mark.usefixtures("receipts")
def test_a_ledger_in_order_verifies_and_says_so(at: datetime) -> None:
    out, err = StringIO(), StringIO()
    call_command("verify_consent_ledger", stdout=out, stderr=err)
    assert "All 1,300 records are unchanged since they were sealed" in out.getvalue()
    done: list[tuple[int, int]] = []
    assert verify_ledger(at=at, progress=lambda *step: done.append(step)).records == 1_300
    assert done == [(1_300, 1_300)]
    events = ConsentEvent.objects.filter(verb="verified")
    assert [event.details for event in events] == [{"against": 0, "is_whole": True, "records": 1_300}] * 2


@pytest.mark.slow
@pytest.mark.database
def test_it_verifies_after_erasures_prunings_and_a_new_key(
    at: datetime, receipts: list[str], settings: Settings
) -> None:
    for receipt in receipts[::7]:
        erase_record(receipt=receipt, at=at)
    assert fault(at, *heads()) is None
    settings.CONSENT_SIGNING_KEYS_OLD = [settings.CONSENT_SIGNING_KEY]
    settings.CONSENT_SIGNING_KEY = "the next key, with more than enough letters"
    add_records(300, at=at + 900 * DAY)
    seal_ledger(at=at + 900 * DAY + HOUR)
    assert fault(at, *heads()) is None
    prune_records(before=at + 500 * DAY, by=None, at=at)
    assert ConsentRecord.objects.count() == 1_600 - 1_280
    assert fault(at, *heads()) is None
    add_records(700, at=at + 900 * DAY)
    seal_ledger(at=at + 900 * DAY + HOUR)
    prune_records(before=at + 2_000 * DAY, by=None, at=at)
    assert fault(at, *heads()) is None


@pytest.mark.usefixtures("receipts")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("action = CASE action WHEN 'save' THEN 'accept_all' ELSE 'save' END", Fault.CHANGED),
        ("surface = CASE surface WHEN 'banner' THEN 'preferences' ELSE 'banner' END", Fault.CHANGED),
        ("answers = '{\"necessary\": true}'", Fault.CHANGED),
        ("gpc = NOT gpc", Fault.CHANGED),
        ("language = 'de'", Fault.CHANGED),
        (f"receipt_sha256 = '{'0' * 64}'", Fault.CHANGED),
        ('receipt_sha256 = \'","surface":"x\'', Fault.CHANGED),
        ("expires_at = '2099-01-01 00:00:00+00:00'", Fault.CHANGED),
        ("created_at = expires_at, expires_at = '2099-01-01 00:00:00+00:00'", Fault.CHANGED),
        (f"salt = '{'0' * 32}'", Fault.CHANGED),
        ("salt = 'nothing in hex'", Fault.CHANGED),
        (f"leaf = '{'0' * 64}'", Fault.CHANGED),
        (f"mac = '{'0' * 64}'", Fault.FORGED),
        (f"seal = '{'0' * 64}'", Fault.FORGED),
        (
            ", ".join(f"{name} = NULL" for name in PERSONAL) + f", personal_sha256 = '{'0' * 64}'",
            Fault.CHANGED,
        ),
    ],
)
def test_a_changed_column_is_named_with_its_record(at: datetime, change: str, named: Fault) -> None:
    tamper(f'UPDATE {TABLE} SET {change} WHERE "index" = 777')
    assert fault(at) == (named, 777)
    assert ConsentEvent.objects.get().details["index"] == 777


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite keeps times as text")
@pytest.mark.usefixtures("receipts")
def test_a_time_that_is_written_otherwise_is_a_changed_one(at: datetime) -> None:
    # Read as five hours earlier, and as the same to the letter where only the beginning is looked at.
    tamper(f"UPDATE {TABLE} SET created_at = created_at || '+05:00' WHERE \"index\" = 3")
    assert fault(at) == (Fault.CHANGED, 3)


@pytest.mark.usefixtures("receipts")
def test_the_first_of_several_is_named(at: datetime) -> None:
    for index in (1_299, 256, 900):
        tamper(f'UPDATE {TABLE} SET gpc = NOT gpc WHERE "index" = %s', index)
    assert fault(at) == (Fault.CHANGED, 256)


@pytest.mark.usefixtures("receipts")
@pytest.mark.parametrize("index", [0, 255, 256, 700, 1_298])
def test_a_deleted_row_is_missing(at: datetime, index: int) -> None:
    tamper(f'DELETE FROM {TABLE} WHERE "index" = %s', index)
    assert fault(at) == (Fault.MISSING, index)


@pytest.mark.usefixtures("receipts")
def test_a_deleted_row_is_found_when_the_others_close_the_gap(at: datetime) -> None:
    tamper(f'DELETE FROM {TABLE} WHERE "index" = 700')
    # By way of numbers that no record has: at no moment two have the same.
    tamper(f'UPDATE {TABLE} SET "index" = "index" + 10000 WHERE "index" > 700')
    tamper(f'UPDATE {TABLE} SET "index" = "index" - 10001 WHERE "index" > 10000')
    assert fault(at) == (Fault.MOVED, 700)


@pytest.mark.usefixtures("receipts")
@pytest.mark.parametrize("index", [0, 256, 1_000, 1_299])
def test_a_tail_that_is_gone_is_cut_off(at: datetime, index: int) -> None:
    tamper(f'DELETE FROM {TABLE} WHERE "index" >= %s', index)
    assert fault(at) == (Fault.CUT_OFF, index)


@pytest.mark.usefixtures("receipts")
def test_a_tail_that_is_gone_with_its_head_shows_against_a_head_kept_outside(at: datetime) -> None:
    kept = heads()
    tamper(f'DELETE FROM {TABLE} WHERE "index" >= 300')
    tamper("DELETE FROM consent_checkpoint WHERE size > 300")
    assert fault(at) is None
    assert fault(at, *kept) == (Fault.CUT_OFF, 300)


@pytest.mark.usefixtures("receipts")
@pytest.mark.parametrize("columns", [["index"], ["index", "seal"], CONTENT])
@pytest.mark.parametrize(("one", "other"), [(3, 4), (10, 700), (1_290, 1_299)])
def test_a_swapped_pair_is_named(at: datetime, columns: list[str], one: int, other: int) -> None:
    rows: dict[Any, Any] = {row["index"]: row for row in ConsentRecord.objects.sealed().values()}
    names = [field.attname for field in ConsentRecord._meta.concrete_fields if field.column in columns]
    tamper(f"DELETE FROM {TABLE} WHERE id IN (%s, %s)", rows[one]["id"], rows[other]["id"])
    changed = [
        ConsentRecord(**{**rows[here], **{name: rows[there][name] for name in names}})
        for here, there in ((one, other), (other, one))
    ]
    insert(changed)
    assert fault(at) == (Fault.SWAPPED, one)


def insert(records: list[ConsentRecord]) -> None:
    """Write rows as they are, sealed ones too, past the triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            ConsentRecord.objects.bulk_create(records)
            cursor.execute("SET session_replication_role = origin")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        ConsentRecord.objects.bulk_create(records)
        for _, sql in triggers:
            cursor.execute(sql)


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.usefixtures("receipts")
def test_a_history_that_was_rewritten_with_the_key_shows_against_a_head_kept_outside(at: datetime) -> None:
    kept = heads()
    tamper(f"UPDATE {TABLE} SET action = 'accept_all' WHERE \"index\" = 42")
    seal_anew(at)
    assert fault(at) is None
    assert fault(at, *kept) == (Fault.REWRITTEN, 300)
    assert fault(at, kept[1]) == (Fault.REWRITTEN, 1_300)


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.usefixtures("receipts")
def test_a_rewritten_history_whose_beginning_was_pruned_shows_too(at: datetime) -> None:
    kept = heads()
    tamper(f"UPDATE {TABLE} SET action = 'accept_all' WHERE \"index\" = 42")
    seal_anew(at)
    prune_records(before=at + 500 * DAY, by=None, at=at)
    assert fault(at) is None
    assert fault(at, kept[0]) == (Fault.REWRITTEN, 300)
    assert fault(at, kept[1]) == (Fault.REWRITTEN, 1_300)


@pytest.mark.usefixtures("receipts")
def test_a_row_put_in_behind_the_newest_head_is_named(at: datetime) -> None:
    add_records(1, at=at)
    tamper(f'UPDATE {TABLE} SET "index" = 1300, seal = \'{"0" * 64}\' WHERE "index" IS NULL')
    assert fault(at) == (Fault.ADDED, 1_300)


@pytest.mark.usefixtures("receipts")
def test_removing_rows_as_if_they_were_pruned_takes_the_key(at: datetime) -> None:
    block = LedgerBlock.objects.get(level=8, position=2)
    tamper(
        f"INSERT INTO consent_prunedblock (number, nodes, mac, at) VALUES (2, '[[8, \"{block.sha256}\"]]', %s, %s)",
        "0" * 64,
        at,
    )
    assert fault(at) is None  # as long as the rows are there
    tamper(f'DELETE FROM {TABLE} WHERE "index" >= 512 AND "index" < 700')
    assert fault(at) == (Fault.TREE, 700)
    tamper(f'DELETE FROM {TABLE} WHERE "index" >= 512 AND "index" < 768')
    assert fault(at) == (Fault.FORGED, 512)


@pytest.mark.usefixtures("receipts")
@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (f"UPDATE consent_ledgerblock SET sha256 = '{'0' * 64}' WHERE level = 8 AND position = 3", (Fault.TREE, 768)),
        (f"UPDATE consent_ledgerblock SET sha256 = '{'0' * 64}' WHERE level = 10", (Fault.TREE, 0)),
        ("DELETE FROM consent_ledgerblock WHERE level = 9 AND position = 1", (Fault.TREE, 512)),
        (f"UPDATE consent_checkpoint SET root = '{'0' * 64}' WHERE size = 300", (Fault.HEAD, 300)),
        ("UPDATE consent_checkpoint SET note = replace(note, '300', '301') WHERE size = 300", (Fault.HEAD, 300)),
        ("UPDATE consent_checkpoint SET size = 1299 WHERE size = 1300", (Fault.HEAD, 1_299)),
        ("UPDATE consent_notice SET document = '{}'", (Fault.NOTICE, None)),
    ],
)
def test_what_the_ledger_keeps_besides_records_is_looked_at_too(
    at: datetime, statement: str, named: tuple[Fault, int | None]
) -> None:
    tamper(statement)
    assert fault(at) == named


@pytest.mark.usefixtures("receipts")
def test_a_head_of_a_stranger_is_no_head_of_ours(at: datetime, settings: Settings) -> None:
    kept = heads()
    settings.CONSENT_SIGNING_KEY = "a stranger's key, with more than enough letters"
    assert fault(at, *kept) == (Fault.HEAD, 300)


@pytest.mark.usefixtures("receipts")
def test_the_command_reads_heads_from_files_and_folders_and_names_the_fault(at: datetime, tmp_path: Path) -> None:
    publish_heads(at=at)
    folder = tmp_path / "kept"
    folder.mkdir()
    for number, note in enumerate(checkpoint.split(heads_file().read_text())):
        (folder / f"{number}.txt").write_text(note)
    out = StringIO()
    call_command("verify_consent_ledger", against=[str(heads_file()), str(folder)], stdout=out)
    assert "and 4 checkpoints that were kept elsewhere" in out.getvalue()
    tamper(f'UPDATE {TABLE} SET gpc = NOT gpc WHERE "index" = 5')
    with pytest.raises(CommandError, match=r"\[changed\] Record 5 was changed") as error:
        call_command("verify_consent_ledger", against=[str(folder)])
    assert error.value.returncode == 1


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("missing.txt", "cannot be read"),
        ("http://example.org/heads", "must be an https"),
        ("empty", "is an empty folder"),
        ("blank.txt", "contains no checkpoint"),
        ("letter.txt", "cut off|not a checkpoint"),
        ("page.html", "a web page and no checkpoints.*/consent/heads/.format=text"),
    ],
)
def test_heads_that_cannot_be_read_are_said(tmp_path: Path, place: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "blank.txt").write_text("\n")
    (tmp_path / "letter.txt").write_text("Dear operator,\n\nhere is nothing.\n")
    (tmp_path / "page.html").write_bytes(Client().get("/consent/heads/").content)
    with pytest.raises(CommandError, match=words):
        call_command("verify_consent_ledger", against=[place if "://" in place else str(tmp_path / place)])
