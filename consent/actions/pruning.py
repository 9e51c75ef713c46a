"""Remove records whose retention period is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, F

from consent.actions.sealing import LedgerDamaged, one_at_a_time
from consent.ledger.keys import current_key, known_keys
from consent.ledger.rows import Leaves, read
from consent.ledger.tree import BLOCK, BLOCK_LEVEL, block_root, uncut
from consent.models import (
    SCHEDULE,
    Checkpoint,
    ConsentEvent,
    ConsentRecord,
    LedgerBlock,
    PrunedBlock,
    name_of,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: How many blocks go in one transaction: on SQLite visitors wait for it, for some hundredths of a second.
BLOCKS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Pruning:
    """The outcome: how many records went, and how many that had expired stay until the rest of their block has."""

    pruned: int
    waiting: int


def prune_records(*, before: datetime, by: User | None, at: datetime, dry_run: bool = False) -> Pruning:
    """Remove the records that expired before ``before``, in whole blocks of 256 that are sealed.

    Of each block its hash stays, or what the heads need that were signed inside of it, and everything verifies as
    before. ``by`` is ``None`` for the clock. Some blocks go at a time, with an event, so that nobody waits long and a
    run that is killed goes on with the next. With ``dry_run`` nothing goes, and the outcome says what would.

    Raises :class:`LedgerDamaged` for a block that isn't what was sealed: nobody removes evidence by pruning it.
    """
    expired = ConsentRecord.objects.filter(expires_at__lt=before)
    blocks = list(
        expired.filter(index__isnull=False)
        .order_by()
        .annotate(block=F("index").bitrightshift(BLOCK_LEVEL))
        .values("block")
        .annotate(records=Count("pk"))
        .filter(records=BLOCK)
        .order_by("block")
        .values_list("block", flat=True)
    )
    waiting = expired.count() - len(blocks) * BLOCK
    pruned = len(blocks) * BLOCK
    if not dry_run:
        pruned = sum(
            _prune_blocks(blocks[first : first + BLOCKS_AT_ONCE], before=before, by=by, at=at)
            for first in range(0, len(blocks), BLOCKS_AT_ONCE)
        )
    return Pruning(pruned, waiting)


@transaction.atomic
def _prune_blocks(numbers: list[int], *, before: datetime, by: User | None, at: datetime) -> int:
    one_at_a_time()
    gone = set(PrunedBlock.objects.filter(number__in=numbers).values_list("number", flat=True))
    numbers = [number for number in numbers if number not in gone]
    if not numbers:
        return 0
    PrunedBlock.objects.bulk_create(_what_stays(number, at=at) for number in numbers)
    pruned = 0
    for number in numbers:
        first = number * BLOCK
        _, gone_with_it = ConsentRecord.objects.filter(index__gte=first, index__lt=first + BLOCK).delete()
        pruned += gone_with_it.get(ConsentRecord._meta.label, 0)
    ConsentEvent.objects.create(
        verb=ConsentEvent.Verb.PRUNED,
        at=at,
        by=by,
        by_name=name_of(by) if by else SCHEDULE,
        details={
            "records": pruned,
            "first": numbers[0] * BLOCK,
            "last": numbers[-1] * BLOCK + BLOCK - 1,
            "expired_before": before.isoformat(),
        },
    )
    return pruned


def _what_stays(number: int, *, at: datetime) -> PrunedBlock:
    first, leaves, keys = number * BLOCK, Leaves(), known_keys()
    rows = list(read(ConsentRecord.objects.filter(index__gte=first, index__lt=first + BLOCK).order_by("index")))
    digests = [leaves.leaf(row) for row in rows]
    for row, digest in zip(rows, digests, strict=True):
        if digest.hex() != row[12] or all(key.mac(digest) != row[13] for key in keys):
            raise LedgerDamaged(f"Record {row[1]} isn't what was sealed, so its block stays.")
    sealed = LedgerBlock.objects.filter(level=BLOCK_LEVEL, position=number).values_list("sha256", flat=True).first()
    if len(digests) != BLOCK or block_root(digests).hex() != sealed:
        raise LedgerDamaged(f"The records {first} to {first + BLOCK - 1} aren't those that were sealed, so they stay.")
    cuts = Checkpoint.objects.filter(size__gt=first, size__lt=first + BLOCK).values_list("size", flat=True).distinct()
    nodes = [
        (level, block_root(digests[(position << level) - first : ((position + 1) << level) - first]).hex())
        for level, position in uncut((BLOCK_LEVEL, number), cuts)
    ]
    mac = current_key().pruned(number, bytes.fromhex(sealed))
    return PrunedBlock(number=number, nodes=nodes, mac=mac, at=at)
