"""Seal waiting records into the ledger, and sign a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from consent.ledger import checkpoint, journal
from consent.ledger.checkpoint import Head, Signer
from consent.ledger.faults import Faulty
from consent.ledger.keys import SigningKey, current_key, known_keys, origin, public_keys
from consent.ledger.proofs import MissingNode, frontier_at
from consent.ledger.rows import Leaves, read
from consent.ledger.tree import BLOCK_LEVEL, Frontier
from consent.models import SCHEDULE, Checkpoint, ConsentEvent, ConsentRecord, LedgerBlock

#: How many records are sealed in one transaction: on SQLite visitors wait for it, for a few hundredths of a second.
BATCH = 2_048
# Any number that no other lock of this database has.
LOCK = 0x636F6E73656E74
#: How long after a key was replaced records under the old one are still sealed: for workers that weren't restarted yet.
#: After that, a stolen old key can no longer add anything to the ledger.
OLD_KEY_COUNTS_FOR = timedelta(days=1)


class LedgerDamaged(Exception):
    """What is sealed isn't what was signed. Nothing was sealed on top; ``verify_consent_ledger`` says more."""


class UnknownSigningKey(Exception):
    """The newest checkpoint was signed with an unknown key. Name it in CONSENT_SIGNING_KEYS_OLD; nothing was sealed."""


@dataclass(slots=True)
class Sealing:
    """The outcome of a run: how many records were sealed, which (by primary key) were not and why, the newest head."""

    sealed: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    checkpoint: Checkpoint | None = None
    rotated: bool = False


def seal_ledger(*, at: datetime) -> Sealing:
    """Give every waiting record its place in the ledger, and sign a head over them and over what the journal has new.

    In batches, each whole: its records, the nodes of the tree and its signed head are committed together or not at
    all, so that a run that is killed loses nothing and the next one goes on. Two runs at once take turns. A record that
    isn't what its writer signed is named in the outcome and left out, this time and every time.

    If CONSENT_SIGNING_KEY or the site's name has changed, the key of before first signs a head that names the new one.

    Raises :class:`LedgerDamaged` and :class:`UnknownSigningKey`.
    """
    outcome = Sealing()
    after: int | None = 0
    while after is not None:
        after = _seal_batch(outcome, after=after, at=at)
    return outcome


@transaction.atomic
def _seal_batch(outcome: Sealing, *, after: int, at: datetime) -> int | None:
    """Seal the next records behind the primary key ``after``; return the last one looked at, ``None`` at the end."""
    one_at_a_time()
    newest = Checkpoint.objects.first()
    signer = current_key().signer(origin())
    if newest is not None and (handed_over := _hand_over(newest, signer, at=at)):
        newest, outcome.rotated = handed_over, True
    outcome.checkpoint = newest
    rows = list(read(ConsentRecord.objects.unsealed().filter(pk__gt=after))[:BATCH])
    # Behind the records, so that it has the notice of each.
    written = journal.write_entries(limit=BATCH)
    frontier = _edge(newest)
    good = _genuine(rows, outcome, at=at)
    if good:
        _write_places(good, frontier.size)
        nodes = [node for _, leaf in good for node in frontier.append(leaf) if node[0][0] >= BLOCK_LEVEL]
        LedgerBlock.objects.bulk_create(
            LedgerBlock(level=level, position=position, sha256=digest.hex()) for (level, position), digest in nodes
        )
        outcome.sealed += len(good)
    # A head is over records: before the first of them, the journal waits.
    if good or (written and newest is not None):
        outcome.checkpoint = _sign(frontier, [signer], at=at)
    if BATCH not in (len(rows), written):
        return None
    return rows[-1][0] if rows else after


def one_at_a_time() -> None:
    """Hold off other runs until the end of the transaction, which on SQLite has the write lock from its start."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _edge(newest: Checkpoint | None) -> Frontier:
    """Return the right edge of what is sealed, as the newest head signed it."""
    last = ConsentRecord.objects.aggregate(last=Max("index"))["last"]
    size = newest.size if newest else 0
    if last is not None and last >= size:
        raise LedgerDamaged(f"Record {last} counts as sealed, but the newest checkpoint covers {size} records.")
    try:
        frontier = frontier_at(size)
        if newest:
            note = checkpoint.read(newest.note)
            note.signed_by(public_keys(note.head.origin))
            if not note.head.size == size or not note.head.root == frontier.root():
                raise LedgerDamaged(f"The {size} sealed records are not those that the newest checkpoint covers.")
            if note.head.journal:
                journal.check_named({note.head.journal}, whose="The newest head")
    except (MissingNode, checkpoint.BadNote, Faulty) as error:
        raise LedgerDamaged(str(error)) from error
    return frontier


def _genuine(rows: list[tuple[Any, ...]], outcome: Sealing, *, at: datetime) -> list[tuple[int, bytes]]:
    """Return primary key and leaf of the rows that are what their writer signed; the others go into the outcome."""
    leaves, good = Leaves(), []
    current, *old = known_keys()
    for row in rows:
        pk, written, mac, leaf = row[0], row[12], row[13], leaves.leaf(row)
        if leaf.hex() != written:
            outcome.refused.append((pk, "its content does not match its hash"))
        elif current.mac(leaf) == mac:
            good.append((pk, leaf))
        elif all(key.mac(leaf) != mac for key in old):
            outcome.refused.append((pk, "its MAC was made with an unknown key"))
        elif _is_long_replaced(at=at):
            outcome.refused.append((pk, "its MAC was made with a key that was replaced more than a day ago"))
        else:
            good.append((pk, leaf))
    return good


def _is_long_replaced(*, at: datetime) -> bool:
    """Whether the last handing over of keys is longer ago than records under the old one are waited for."""
    # Few ledgers ever have a record that asks this, so no column says it: the signed text does.
    handed_over = Checkpoint.objects.filter(note__contains=f"\n{checkpoint.NEXT_KEY}").first()
    signed_at = checkpoint.read(handed_over.note).head.at if handed_over else None
    return signed_at is not None and at - signed_at > OLD_KEY_COUNTS_FOR


def _write_places(records: list[tuple[int, bytes]], first: int) -> None:
    key = current_key()
    places = [(index, key.seal(index, leaf), pk) for index, (pk, leaf) in enumerate(records, first)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            indexes, seals, pks = (list(column) for column in zip(*places, strict=True))
            cursor.execute(
                'UPDATE consent_consentrecord AS record SET "index" = place.at, seal = place.seal '
                "FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS place(at, seal, pk) "
                'WHERE record.id = place.pk AND record."index" IS NULL',
                [indexes, seals, pks],
            )
        else:
            cursor.executemany(
                'UPDATE consent_consentrecord SET "index" = %s, seal = %s WHERE id = %s AND "index" IS NULL', places
            )
        if cursor.rowcount != len(places):
            raise LedgerDamaged(f"Only {cursor.rowcount} of {len(places)} records could be sealed; none was.")


def _hand_over(newest: Checkpoint, signer: Signer, *, at: datetime) -> Checkpoint | None:
    """When the newest head is another key's, or of another name: have that key sign a head that names the new one."""
    note = checkpoint.read(newest.note)
    if any(signature.key_id == signer.public.key_id for signature in note.signatures):
        return None
    signed = {signature.key_id for signature in note.signatures}
    before: SigningKey | None = next(
        (key for key in known_keys() if key.signer(note.head.origin).public.key_id in signed), None
    )
    if before is None:
        raise UnknownSigningKey(
            "The newest head was signed by a key that isn't given. Set CONSENT_SIGNING_KEYS_OLD to the key that was "
            "CONSENT_SIGNING_KEY before, so that it can hand over to the new one."
        )
    old = before.signer(note.head.origin)
    handed_over = _sign(_edge(newest), [old, signer], at=at, origin=note.head.origin, next_key=str(signer.public))
    ConsentEvent.objects.create(
        verb=ConsentEvent.Verb.ROTATED,
        at=at,
        by_name=SCHEDULE,
        details={"size": newest.size, "from": str(old.public), "to": str(signer.public)},
    )
    return handed_over


def _sign(
    frontier: Frontier, signers: list[Signer], *, at: datetime, origin: str = "", next_key: str = ""
) -> Checkpoint:
    head = Head(origin or signers[0].name, frontier.size, frontier.root(), at, next_key, journal.newest())
    return Checkpoint.objects.create(
        size=frontier.size, root=head.root.hex(), at=at, note=checkpoint.write(head, signers)
    )
