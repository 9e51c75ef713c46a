"""Check every row of the ledger, and name the first that is not as it was sealed.

In constant memory: pages of sixteen blocks come in the ledger's order, and meet the signed heads in the order of their
sizes. Whatever is sealed, erased or pruned meanwhile does no harm.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from consent.ledger import checkpoint
from consent.ledger.checkpoint import BadNote, Note, PublicKey
from consent.ledger.erasures import check_erasures
from consent.ledger.faults import Fault, Faulty
from consent.ledger.journal import check_journal, check_named
from consent.ledger.keys import SigningKey, known_keys, public_keys
from consent.ledger.proofs import nodes_of
from consent.ledger.rows import Leaves, read
from consent.ledger.times import CLOCKS, Expected, Times
from consent.ledger.tree import BLOCK, BLOCK_LEVEL, Frontier, Node, block_root, uncut
from consent.models import Checkpoint, ConsentRecord, LedgerBlock, Notice, PrunedBlock
from consent.notice import notices

PAGE = 16 * BLOCK
HEADS_AT_ONCE = 1_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """How many records are in order, and what was not looked at, in words."""

    records: int
    unchecked: list[str]


def check_ledger(*, against: Iterable[Note] = (), progress: Progress | None = None) -> Checked:
    """Check every record, node, notice and head, and the heads ``against`` that were kept outside.

    ``progress`` is told how many records are done. Raises :class:`Faulty` for the first fault in the ledger's order;
    times that contradict one another count only where everything else is in order.
    """
    newest = Checkpoint.objects.first()
    size = newest.size if newest else 0
    outside = sorted(_outside(against), key=lambda head: head.size)
    _check_notices()
    heads = heapq.merge(_stored(newest), outside, key=lambda head: head.size)
    stream = _Stream(size, heads)
    stream.run(progress)
    beyond = ConsentRecord.objects.filter(index__gte=size).order_by("index").values_list("index", flat=True).first()
    # Sealed while we were looking, unless no head says so.
    if beyond is not None and not Checkpoint.objects.filter(size__gt=beyond).exists():
        raise Faulty(
            Fault.ADDED, f"Record {beyond} counts as sealed, but no checkpoint covers more than {size} records.", beyond
        )
    unnamed = check_erasures()
    uncovered = check_journal()
    if stream.times.fault:
        raise stream.times.fault
    return Checked(size, _unchecked(stream, has_outside=bool(outside)) + uncovered + unnamed)


def _unchecked(stream: _Stream, *, has_outside: bool) -> list[str]:
    found = ["whether every choice of a visitor was recorded: only their receipts can show it"]
    if waiting := ConsentRecord.objects.unsealed().count():
        found.append(f"{waiting:,} records that wait to be sealed")
    if pruned := PrunedBlock.objects.count() * BLOCK:
        found.append(f"what {pruned:,} removed records contained and when they were made: only their hashes are kept")
    if without := stream.times.heads_without_time:
        found.append(f"when {without:,} checkpoints were signed: they have no time")
    if not has_outside:
        found.append(
            "whether somebody with the key rewrote the ledger: compare it with checkpoints that were kept elsewhere "
            "(--against)"
        )
    return found


class _Stream:
    """One walk over the records."""

    def __init__(self, size: int, heads: Iterator[Expected]) -> None:
        self.size = size
        self.times = Times()
        self._heads = heads
        self._next_head = next(heads, None)
        self._frontier = Frontier()
        self._leaves = Leaves()
        self._keys = list(known_keys())
        self._completed: list[tuple[Node, bytes]] = []
        self._waiting: list[Expected] = []

    def run(self, progress: Progress | None) -> None:
        for first in range(0, self.size, PAGE):
            end = min(first + PAGE, self.size)
            rows = list(read(ConsentRecord.objects.filter(index__gte=first, index__lt=end).order_by("index")))
            numbers = range(first >> BLOCK_LEVEL, (end + BLOCK - 1) >> BLOCK_LEVEL)
            # Behind the records: what is pruned in between is looked at as it was.
            pruned = {block.number: block for block in PrunedBlock.objects.filter(number__in=numbers)}
            start = 0
            for number in numbers:
                block_end = min((number + 1) * BLOCK, end)
                stop = start
                while stop < len(rows) and rows[stop][1] < block_end:
                    stop += 1
                self._block(number, rows[start:stop], block_end - number * BLOCK, pruned.get(number))
                start = stop
            self._check_nodes()
            if progress:
                progress(end, self.size)
        if self._next_head is not None:
            self._beyond(self._next_head)

    def _block(self, number: int, rows: list[tuple[Any, ...]], records: int, pruned: PrunedBlock | None) -> None:
        first = number * BLOCK
        if pruned is not None and len(rows) < records:
            if rows:
                raise Faulty(Fault.TREE, f"Record {rows[0][1]} is in a block that counts as removed.", rows[0][1])
            self._pruned(pruned)
            return
        digests = [self._record(row, index) for index, row in enumerate(rows, first)]
        if len(digests) < records:
            raise self._gone(first + len(digests))
        cuts = self._cuts(first, first + records, rows)
        if records == BLOCK:
            for level, position in uncut((BLOCK_LEVEL, number), cuts):
                at = (position << level) - first
                self._append(block_root(digests[at : at + (1 << level)]), level)
        else:
            for digest in digests:
                self._append(digest, 0)

    def _record(self, row: tuple[Any, ...], index: int) -> bytes:
        """Check a row that should stand at ``index``, and return its leaf."""
        if row[1] != index:
            raise self._gone(index)
        leaf = self._leaves.leaf(row)
        key = self._keys[0]
        if leaf.hex() == row[12] and key.mac(leaf) == row[13] and key.seal(index, leaf) == row[15]:
            return leaf
        return self._look_closer(row, index, leaf)

    def _look_closer(self, row: tuple[Any, ...], index: int, leaf: bytes) -> bytes:
        """Return the leaf of a row that is in order under the keys of before, or raise what is wrong with it."""
        written, mac, seal = row[12], row[13], row[15]
        sealers = [key for key in self._keys if key.seal(index, leaf) == seal]
        writers = [key for key in self._keys if key.mac(leaf) == mac]
        if sealers and writers:
            if leaf.hex() != written:
                raise Faulty(Fault.CHANGED, f"Record {index} was changed: its hash does not match its content.", index)
            # Rows of one key stand together: this one is asked first from now on.
            self._keys.sort(key=lambda key: key is not writers[0])
            return leaf
        if leaf.hex() != written and any(self._is_signed(key, written, mac) for key in self._keys):
            raise Faulty(Fault.CHANGED, f"Record {index} was changed after it was sealed.", index)
        if not writers:
            raise Faulty(Fault.FORGED, f"Record {index} was changed or added by somebody without the key.", index)
        if (other := self._place_of(leaf, seal, index)) is not None:
            if self._belongs(other, index, seal):
                raise Faulty(Fault.SWAPPED, f"The records {index} and {other} were swapped.", index)
            words = f"Record {index} was sealed as record {other}: records before it were removed or added."
            raise Faulty(Fault.MOVED, words, index)
        raise Faulty(Fault.FORGED, f"Record {index} was never sealed: its place was not signed with the key.", index)

    @staticmethod
    def _is_signed(key: SigningKey, leaf: str, mac: str) -> bool:
        try:
            return key.mac(bytes.fromhex(leaf)) == mac
        except ValueError:
            return False

    def _place_of(self, leaf: bytes, seal: str, index: int) -> int | None:
        """Return where a leaf was sealed, by its own seal or, where that was left behind, by another row's."""
        for key in self._keys:
            for place in range(self.size):
                if key.seal(place, leaf) == seal:
                    return place
            rows = ConsentRecord.objects.sealed().exclude(index=index).values_list("index", "seal")
            for at, stands in rows.iterator(chunk_size=PAGE):
                if at is not None and key.seal(at, leaf) == stands:
                    return at
        return None

    def _belongs(self, other: int, index: int, seal: str) -> bool:
        """Whether the record at ``other`` was sealed at ``index``: its seal says so, or the one that stands there."""
        row = ConsentRecord.objects.filter(index=other).values_list("leaf", "seal").first()
        return row is not None and any(key.seal(index, bytes.fromhex(row[0])) in (row[1], seal) for key in self._keys)

    def _gone(self, index: int) -> Faulty:
        if ConsentRecord.objects.filter(index__gt=index).exists():
            return Faulty(Fault.MISSING, f"Record {index} is missing.", index)
        return Faulty(
            Fault.CUT_OFF,
            f"The ledger is cut off: a checkpoint covers {self.size} records, but there are only {index}.",
            index,
        )

    def _pruned(self, pruned: PrunedBlock) -> None:
        nodes = nodes_of(pruned)
        first = pruned.number * BLOCK
        if sum(1 << level for (level, _), _ in nodes) != BLOCK:
            raise Faulty(
                Fault.TREE, f"The hash of the removed records {first} to {first + BLOCK - 1} is not complete.", first
            )
        for cut in self._cuts(first, first + BLOCK, []):
            if not any(position << level == cut for (level, position), _ in nodes) and cut < first + BLOCK:
                raise Faulty(
                    Fault.REWRITTEN,
                    f"A checkpoint of {cut} records is unknown to this ledger, and the records that it covers were "
                    "removed.",
                    cut,
                )
        block = Frontier()
        for (level, _), digest in nodes:
            block.append(digest, level)
        if all(key.pruned(pruned.number, block.root()) != pruned.mac for key in self._keys):
            raise Faulty(
                Fault.FORGED,
                f"The records {first} to {first + BLOCK - 1} were removed by somebody without the key.",
                first,
            )
        for (level, _), digest in nodes:
            self._append(digest, level)

    def _cuts(self, first: int, end: int, rows: list[tuple[Any, ...]]) -> list[int]:
        """Return the sizes of heads behind ``first`` up to ``end``. They are looked at as the tree reaches them.

        When they were signed is looked at here, together with when the ``rows`` between them were made.
        """
        waiting = []
        while self._next_head is not None and self._next_head.size <= end:
            waiting.append(self._next_head)
            self._next_head = next(self._heads, None)
        self._waiting = waiting[::-1]
        self.times.look(rows, waiting)
        return sorted({head.size for head in waiting})

    def _append(self, digest: bytes, level: int) -> None:
        self._completed += [node for node in self._frontier.append(digest, level) if node[0][0] >= BLOCK_LEVEL]
        while self._waiting and self._waiting[-1].size <= self._frontier.size:
            head = self._waiting.pop()
            if self._frontier.root() != head.root:
                raise Faulty(
                    Fault.REWRITTEN,
                    f"The first {head.size} records are consistent, but are not those that {head.whose} covers: the "
                    "history was rewritten.",
                    head.size,
                )

    def _check_nodes(self) -> None:
        """Compare the nodes that the page completed with those that are kept."""
        condition = Q()
        for level in {level for (level, _), _ in self._completed}:
            condition |= Q(level=level, position__in=[at for (of, at), _ in self._completed if of == level])
        if not condition:
            return
        rows = LedgerBlock.objects.filter(condition).values_list("level", "position", "sha256")
        kept = {(level, position): sha256 for level, position, sha256 in rows}
        for (level, position), digest in self._completed:
            if kept.get((level, position)) != digest.hex():
                first, last = position << level, ((position + 1) << level) - 1
                raise Faulty(Fault.TREE, f"The hash of the removed records {first} to {last} is wrong.", first)
        self._completed = []

    def _beyond(self, head: Expected) -> None:
        raise Faulty(
            Fault.CUT_OFF,
            f"The ledger is cut off: {head.whose} covers {head.size} records, but there are only {self.size}.",
            self.size,
        )


def _stored(newest: Checkpoint | None) -> Iterator[Expected]:
    """Return the heads that the database keeps, each looked at by itself and as the follower of the one before."""
    if newest is None:
        return
    after, last_size, last_keys = 0, 0, {str(key) for key in public_keys()}
    is_first, last_at, last_entry = True, None, 0
    while page := list(Checkpoint.objects.filter(pk__gt=after, pk__lte=newest.pk).order_by("pk")[:HEADS_AT_ONCE]):
        named: set[tuple[int, str]] = set()
        for head in page:
            try:
                note = checkpoint.read(head.note)
                known = public_keys(note.head.origin)
                note.signed_by(known)
            except BadNote as error:
                raise Faulty(Fault.HEAD, f"Head {head.pk}: {error}", head.size) from error
            signers = {str(key) for key in known if _has_signed(key, note)}
            if note.head.next_key:
                signers.add(note.head.next_key)
            if (note.head.size, note.head.root.hex()) != (head.size, head.root) or head.size < last_size:
                raise Faulty(
                    Fault.HEAD, f"Checkpoint {head.pk} was changed after it was signed, or is out of order.", head.size
                )
            if not is_first and not signers & last_keys:
                raise Faulty(
                    Fault.HEAD,
                    f"Checkpoint {head.pk} was signed with a key that the checkpoint before does not name.",
                    head.size,
                )
            if note.head.at and abs(note.head.at - head.at) > CLOCKS:
                raise Faulty(
                    Fault.HEAD,
                    f"Checkpoint {head.pk} is listed under a different time from the one that was signed.",
                    head.size,
                )
            if note.head.journal:
                if note.head.journal[0] < last_entry:
                    raise Faulty(
                        Fault.HEAD,
                        f"Checkpoint {head.pk} names an older entry of the journal than the one before.",
                        head.size,
                    )
                last_entry = note.head.journal[0]
                named.add(note.head.journal)
            whose = f"the checkpoint of {head.at:%Y-%m-%d %H:%M} UTC"
            yield Expected(head.size, note.head.root, whose, note.head.at, last_at)
            is_first, last_size, last_keys, last_at = False, head.size, signers, note.head.at or last_at
        check_named(named, whose="A checkpoint")
        after = page[-1].pk


def _has_signed(key: PublicKey, note: Note) -> bool:
    try:
        note.signed_by([key])
    except BadNote:
        return False
    return True


def _outside(notes: Iterable[Note]) -> Iterator[Expected]:
    for note in notes:
        try:
            note.signed_by(public_keys(note.head.origin))
        except BadNote as error:
            raise Faulty(Fault.HEAD, f"A checkpoint that was kept elsewhere: {error}", note.head.size) from error
        if note.head.journal:
            check_named({note.head.journal}, whose="A checkpoint that was kept elsewhere")
        signed_at = f" of {note.head.at:%Y-%m-%d %H:%M} UTC" if note.head.at else ""
        yield Expected(
            note.head.size, note.head.root, f"the checkpoint{signed_at} that was kept elsewhere", note.head.at
        )


def _check_notices() -> None:
    for notice in Notice.objects.order_by("number").iterator(chunk_size=50):
        if notices.sha256(notice.document) != notice.sha256:
            raise Faulty(Fault.NOTICE, f"{notice} was changed: it does not match its hash.")
