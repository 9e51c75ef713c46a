"""The Merkle tree of RFC 9162, section 2.1, with SHA-256. Pure: hashes go in, hashes come out.

A *node* is a complete subtree over ``2**level`` leaves, the ``position``-th of that size; its hash never changes. Every
root and every proof is made of nodes, so that a tree of a million leaves needs some twenty of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

#: Records are kept, pruned and looked up by blocks of 256: nodes of this level.
BLOCK_LEVEL = 8
BLOCK = 1 << BLOCK_LEVEL

EMPTY = hashlib.sha256(b"").digest()

Node = tuple[int, int]
Range = tuple[int, int]


class BadProof(ValueError):
    """The proof doesn't lead to the root that it should lead to. The message says why."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf's content."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two halves."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the complete subtrees that its root is made of, largest first."""

    def __init__(self) -> None:
        self.size = 0
        self.nodes: list[tuple[int, bytes]] = []

    @classmethod
    def at(cls, size: int, hash_of: Callable[[Node], bytes]) -> Frontier:
        """Return the edge of the tree of ``size`` leaves, whose nodes ``hash_of`` knows."""
        frontier = cls()
        for level, position in subtrees((0, size)):
            frontier.nodes.append((level, hash_of((level, position))))
        frontier.size = size
        return frontier

    def append(self, digest: bytes, level: int = 0) -> list[tuple[Node, bytes]]:
        """Add a leaf, or a complete subtree where its level fits, and return every node that this completed."""
        if self.size % (1 << level):
            raise ValueError(f"A subtree of level {level} does not begin at leaf {self.size}.")
        self.size += 1 << level
        completed = [((level, (self.size >> level) - 1), digest)]
        while self.nodes and self.nodes[-1][0] == level:
            digest = node_hash(self.nodes.pop()[1], digest)
            level += 1
            completed.append(((level, (self.size >> level) - 1), digest))
        self.nodes.append((level, digest))
        return completed

    def root(self) -> bytes:
        """Return the root hash of the tree as it stands."""
        return fold(digest for _, digest in self.nodes) if self.nodes else EMPTY


def fold(hashes: Iterable[bytes]) -> bytes:
    """Return the hash over neighbouring subtrees, largest first, as RFC 9162 joins them: from the right."""
    *rest, digest = hashes
    for left in reversed(rest):
        digest = node_hash(left, digest)
    return digest


def block_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of hashes, quicker than one by one."""
    sha256 = hashlib.sha256
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


def subtrees(leaves: Range) -> list[Node]:
    """Return the largest nodes that make up the leaves from ``start`` to before ``end``, in order."""
    start, end = leaves
    nodes = []
    while start < end:
        fits = (end - start).bit_length() - 1
        aligned = (start & -start).bit_length() - 1 if start else fits
        level = min(fits, aligned)
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def inclusion(index: int, size: int) -> list[Range]:
    """Return which ranges of leaves an inclusion proof hashes, in its order (RFC 9162, section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"A tree of {size} leaves has no leaf {index}.")
    start, end, ranges = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """Return which ranges of leaves a consistency proof hashes, in its order (RFC 9162, section 2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"There is no consistency proof from {old} leaves to {new}.")
    start, end, is_whole, ranges = 0, new, True, []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, is_whole = middle, False
    # The old tree itself is known to whoever asks; a part of it is not.
    return ([] if is_whole else [(start, end)]) + ranges[::-1]


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162, section 2.1.3.2). Raises :class:`BadProof`."""
    if not 0 <= index < size:
        raise BadProof(f"A tree of {size} leaves has no leaf {index}.")
    fn, sn, digest = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            raise BadProof("The inclusion proof is too long.")
        if fn & 1 or fn == sn:
            digest = node_hash(sibling, digest)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            digest = node_hash(digest, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise BadProof("The inclusion proof is too short.")
    return digest


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """Return if the tree of ``old`` leaves is a beginning of that of ``new`` (RFC 9162, section 2.1.4.2).

    Raises :class:`BadProof` if not.
    """
    if not 0 < old <= new:
        raise BadProof(f"There is no consistency proof from {old} leaves to {new}.")
    if old == new:
        if path or old_root != new_root:
            raise BadProof(f"Two trees of {old} leaves have different roots.")
        return
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise BadProof("The consistency proof is empty.")
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if sn == 0:
            raise BadProof("The consistency proof is too long.")
        if fn & 1 or fn == sn:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise BadProof("The consistency proof is too short.")
    if first != old_root:
        raise BadProof(f"The consistency proof does not lead to the root of {old} leaves.")
    if second != new_root:
        raise BadProof(f"The consistency proof does not lead to the root of {new} leaves.")


def _split(size: int) -> int:
    """The largest power of two smaller than ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def uncut(node: Node, cuts: Iterable[int]) -> list[Node]:
    """Return the largest parts of a node that no cut goes through; a cut at ``n`` is between the leaves n - 1 and n."""
    level, position = node
    start, end = position << level, (position + 1) << level
    inside = [cut for cut in cuts if start < cut < end]
    if not inside:
        return [node]
    return uncut((level - 1, 2 * position), inside) + uncut((level - 1, 2 * position + 1), inside)
