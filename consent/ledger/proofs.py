"""Proofs from the database: that a record is in a signed head, and that a head continues an earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from django.db.models import Q

from consent.ledger.tree import (
    BLOCK,
    BLOCK_LEVEL,
    Frontier,
    Node,
    Range,
    consistency,
    fold,
    inclusion,
    node_hash,
    subtrees,
)
from consent.models import Checkpoint, ConsentRecord, LedgerBlock, PrunedBlock

FORMAT = "consent-proof/1"


class InclusionProof(TypedDict):
    """The JSON that receipts and exports carry: see docs/reference/consent-ledger.md. Hashes are in hex."""

    format: str
    index: int
    leaf: str
    size: int
    root: str
    path: list[str]
    checkpoint: str


class MissingNode(Exception):
    """The ledger lacks a row that the tree is made of. Run ``verify_consent_ledger``, which names it."""


class Nodes:
    """The hashes of the tree's nodes, read from the database in few queries, and kept."""

    def __init__(self) -> None:
        self._upper: dict[Node, bytes] = {}
        self._blocks: dict[int, dict[Node, bytes]] = {}

    def prepare(self, nodes: Iterable[Node]) -> None:
        """Read what these nodes need, in at most three queries. What isn't in their blocks is forgotten."""
        wanted = set(nodes)
        upper = {node for node in wanted if node[0] >= BLOCK_LEVEL and node not in self._upper}
        if upper:
            condition = Q()
            for level in {level for level, _ in upper}:
                condition |= Q(level=level, position__in=[position for at, position in upper if at == level])
            for level, position, sha256 in LedgerBlock.objects.filter(condition).values_list(
                "level", "position", "sha256"
            ):
                self._upper[level, position] = bytes.fromhex(sha256)
        blocks = {position >> (BLOCK_LEVEL - level) for level, position in wanted if level < BLOCK_LEVEL}
        self._blocks = {number: known for number, known in self._blocks.items() if number in blocks}
        if new := blocks - self._blocks.keys():
            self._blocks |= self._read(new)

    def hash_of(self, node: Node) -> bytes:
        """Return the hash of a node that was prepared. Raises :class:`MissingNode`."""
        level, position = node
        if level >= BLOCK_LEVEL:
            if node in self._upper:
                return self._upper[node]
        else:
            known = self._blocks.get(position >> (BLOCK_LEVEL - level), {})
            if node in known:
                return known[node]
            if level:
                left, right = (level - 1, 2 * position), (level - 1, 2 * position + 1)
                # The records of a block share most of their nodes.
                known[node] = node_hash(self.hash_of(left), self.hash_of(right))
                return known[node]
        first = position << level
        raise MissingNode(f"The ledger lacks the hash of the removed records {first} to {first + (1 << level) - 1}.")

    def range_hash(self, leaves: Range) -> bytes:
        """Return the hash over a range of leaves that was prepared."""
        return fold(self.hash_of(node) for node in subtrees(leaves))

    @staticmethod
    def _read(numbers: set[int]) -> dict[int, dict[Node, bytes]]:
        blocks: dict[int, dict[Node, bytes]] = {number: {} for number in numbers}
        within = Q()
        for number in numbers:
            within |= Q(index__gte=number * BLOCK, index__lt=(number + 1) * BLOCK)
        for index, leaf in ConsentRecord.objects.filter(within).values_list("index", "leaf"):
            if index is not None:
                blocks[index // BLOCK][0, index] = bytes.fromhex(leaf)
        for pruned in PrunedBlock.objects.filter(number__in=numbers):
            blocks[pruned.number].update(nodes_of(pruned))
        return blocks


def nodes_of(pruned: PrunedBlock) -> list[tuple[Node, bytes]]:
    """Return what is kept of a pruned block, in order."""
    nodes, start = [], pruned.number * BLOCK
    for level, sha256 in pruned.nodes:
        nodes.append(((level, start >> level), bytes.fromhex(sha256)))
        start += 1 << level
    return nodes


def frontier_at(size: int) -> Frontier:
    """Return the right edge of the tree of the first ``size`` records. Raises :class:`MissingNode`."""
    nodes = Nodes()
    nodes.prepare(subtrees((0, size)))
    return Frontier.at(size, nodes.hash_of)


class Prover:
    """Proves records to be in one signed head. Quickest when it is asked in the ledger's order."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._nodes = Nodes()

    def prove(self, index: int, leaf: str) -> InclusionProof | None:
        """Return the proof for the record at ``index``, or ``None`` if it was sealed after this head."""
        size = self.checkpoint.size
        if index >= size:
            return None
        ranges = inclusion(index, size)
        self._nodes.prepare(node for leaves in ranges for node in subtrees(leaves))
        return {
            "format": FORMAT,
            "index": index,
            "leaf": leaf,
            "size": size,
            "root": self.checkpoint.root,
            "path": [self._nodes.range_hash(leaves).hex() for leaves in ranges],
            "checkpoint": self.checkpoint.note,
        }


def inclusion_proof(record: ConsentRecord) -> InclusionProof | None:
    """Return the proof that a record is in the newest signed head, or ``None`` while it isn't sealed.

    For many records ask one :class:`Prover`. Raises :class:`MissingNode` if the ledger is damaged.
    """
    newest = Checkpoint.objects.first()
    if record.index is None or newest is None:
        return None
    return Prover(newest).prove(record.index, record.leaf)


def consistency_proof(old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of ``old`` records is a beginning of that of ``new`` (sizes of signed heads).

    Raises ``ValueError`` for sizes that don't fit, and :class:`MissingNode` if the ledger is damaged.
    """
    ranges = consistency(old, new)
    nodes = Nodes()
    nodes.prepare(node for leaves in ranges for node in subtrees(leaves))
    return [nodes.range_hash(leaves) for leaves in ranges]
