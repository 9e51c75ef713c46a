"""What the database lets happen to a consent record: sealing, erasure, removal with its block. Nothing else."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import DatabaseError, connection, transaction

from consent.actions import record_choice
from consent.models import PERSONAL, Checkpoint, ConsentEvent, ConsentRecord, LedgerBlock, Notice, PrunedBlock

pytestmark = pytest.mark.django_db

TABLE = "consent_consentrecord"
SEAL = f"UPDATE {TABLE} SET \"index\" = %s, seal = '{'5' * 64}' WHERE id = %s"
ERASE = f"UPDATE {TABLE} SET " + ", ".join(f"{name} = NULL" for name in PERSONAL) + f", personal_sha256 = '{'6' * 64}' "
# A value of another row's kind for every column. A column that is added without being protected has none here.
OTHER = {
    "id": "id + 1000",
    "receipt_sha256": "'another'",
    "created_at": "expires_at",
    "expires_at": "'2099-01-01 00:00:00+00:00'",
    "action": "'reject_all'",
    "answers": "'{}'",
    "notice_id": "notice_id + 1",
    "language": "'de'",
    "surface": "'preferences'",
    "gpc": "true",
    "salt": "'0'",
    "leaf": "'0'",
    "mac": "'0'",
    "personal_sha256": f"'{'1' * 64}'",
    "index": "7",
    "seal": f"'{'2' * 64}'",
}


def record(at: datetime) -> ConsentRecord:
    notice = Notice.objects.get().sha256
    return record_choice(
        choice="accept_all", categories=(), notice=notice, surface="banner", gpc=False, receipt="", at=at
    ).record


def execute(statement: str, *parameters: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def refused(statement: str, *parameters: int) -> bool:
    """Whether the database refuses the statement by its trigger, and leaves every row as it was."""
    before = list(ConsentRecord.objects.order_by("pk").values())
    with pytest.raises(DatabaseError, match="append-only"):
        execute(statement, *parameters)
    return list(ConsentRecord.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("state", ["unsealed", "sealed", "erased", "sealed and erased"])
@pytest.mark.parametrize("column", [field.column for field in ConsentRecord._meta.concrete_fields])
def test_no_column_of_a_record_can_be_changed_by_itself(at: datetime, state: str, column: str) -> None:
    pk = record(at).pk
    if "sealed" in state.split():
        execute(SEAL, 0, pk)
    if "erased" in state:
        execute(ERASE)
    if (state, column) in {("unsealed", "index"), ("erased", "index")}:
        # Past the trigger, as sealing is let through; an index without a seal meets the check constraint.
        with pytest.raises(DatabaseError):
            execute(f'UPDATE {TABLE} SET "index" = 7')
        return
    if column == "personal_sha256" and "erased" not in state:
        with pytest.raises(DatabaseError, match="whole_or_erased"):
            execute(f"UPDATE {TABLE} SET personal_sha256 = '{'1' * 64}'")
        return
    assert refused(f'UPDATE {TABLE} SET "{column}" = {OTHER[column]}')


def test_a_record_is_sealed_once_and_at_a_place_of_its_own(at: datetime) -> None:
    first, second = record(at).pk, record(at).pk
    execute(SEAL, 0, first)
    assert ConsentRecord.objects.get(pk=first).index == 0
    assert refused(SEAL, 1, first)
    assert refused(f"UPDATE {TABLE} SET \"index\" = NULL, seal = '' WHERE id = %s", first)
    with pytest.raises(DatabaseError):
        execute(SEAL, 0, second)
    assert refused(
        f"UPDATE {TABLE} SET \"index\" = 1, seal = '{'5' * 64}', action = 'reject_all' WHERE id = %s", second
    )
    execute(SEAL, 1, second)


@pytest.mark.parametrize("is_sealed", [True, False])
def test_an_erasure_drops_everything_personal_at_once_and_nothing_comes_back(at: datetime, is_sealed: bool) -> None:
    one = record(at)
    if is_sealed:
        execute(SEAL, 0, one.pk)
    for name in PERSONAL:
        with pytest.raises(DatabaseError, match="whole_or_erased"):
            execute(ERASE.replace(f"{name} = NULL", f"{name} = {name}"))
    assert refused(ERASE + ", leaf = 'x'")
    assert refused(f"UPDATE {TABLE} SET " + ", ".join(f"{name} = NULL" for name in PERSONAL))
    execute(ERASE)
    assert ConsentRecord.objects.get().is_erased
    assert refused(ERASE.replace("66", "77"))
    assert refused(f"UPDATE {TABLE} SET receipt_sha256 = 'x', personal_sha256 = ''")


def test_a_new_record_is_neither_sealed_nor_erased(at: datetime) -> None:
    one = ConsentRecord.objects.filter(pk=record(at).pk).values().get()
    for changed in (
        {"index": 0, "seal": "5" * 64},
        dict.fromkeys(PERSONAL) | {"personal_sha256": "6" * 64},
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            ConsentRecord.objects.create(**one | {"id": None, "receipt_sha256": "another"} | changed)


def test_only_records_of_a_pruned_block_can_be_deleted(at: datetime) -> None:
    inside, after, unsealed = record(at).pk, record(at).pk, record(at).pk
    execute(SEAL, 255, inside)
    execute(SEAL, 256, after)
    assert refused(f"DELETE FROM {TABLE}")
    PrunedBlock.objects.create(number=0, nodes=[[8, "7" * 64]], mac="8" * 64, at=at)
    assert refused(f"DELETE FROM {TABLE}")
    assert refused(f"DELETE FROM {TABLE} WHERE id = %s", after)
    assert refused(f"DELETE FROM {TABLE} WHERE id = %s", unsealed)
    execute(f"DELETE FROM {TABLE} WHERE id = %s", inside)
    assert ConsentRecord.objects.count() == 2


def test_the_ledgers_own_rows_stay_as_they_were_written(at: datetime) -> None:
    LedgerBlock.objects.create(level=8, position=0, sha256="1" * 64)
    PrunedBlock.objects.create(number=9, nodes=[], mac="1" * 64, at=at)
    Checkpoint.objects.create(size=1, root="1" * 64, at=at, note="note")
    ConsentEvent.objects.create(verb="pruned", at=at, by_name="schedule")
    for table, change in {
        "consent_ledgerblock": "position = 1",
        "consent_prunedblock": "number = 1",
        "consent_checkpoint": "size = 2",
        "consent_consentevent": "details = '{}'",
        "consent_notice": "reason = 'x'",
    }.items():
        assert refused(f"UPDATE {table} SET {change}")
        assert refused(f"DELETE FROM {table}")


@pytest.mark.parametrize("model", [ConsentRecord, Notice, LedgerBlock, PrunedBlock, Checkpoint, ConsentEvent])
def test_no_table_can_be_emptied_or_overwritten(model: type[ConsentRecord], at: datetime) -> None:
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        assert refused(f"TRUNCATE {table} CASCADE")
        return
    record(at)
    LedgerBlock.objects.create(level=8, position=0, sha256="1" * 64)
    PrunedBlock.objects.create(number=9, nodes=[], mac="1" * 64, at=at)
    Checkpoint.objects.create(size=1, root="1" * 64, at=at, note="note")
    ConsentEvent.objects.create(verb="pruned", at=at, by_name="schedule")
    # SQLite's own way around a DELETE trigger.
    assert refused(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    assert refused(f"UPDATE OR REPLACE {table} SET id = id + 1")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statement")
def test_sealing_cannot_be_used_to_replace_a_sealed_record(at: datetime) -> None:
    first, second = record(at).pk, record(at).pk
    execute(SEAL, 0, first)
    assert refused(SEAL.replace("UPDATE", "UPDATE OR REPLACE"), 0, second)
