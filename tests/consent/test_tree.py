"""The Merkle tree against the RFC's definition, the reference's published vectors, and another implementation."""

from __future__ import annotations

import hashlib
import itertools

import pymerkle
import pytest

from consent.ledger.tree import (
    EMPTY,
    BadProof,
    Frontier,
    block_root,
    check_consistency,
    consistency,
    fold,
    inclusion,
    leaf_hash,
    root_by_inclusion,
    subtrees,
)

# The test tree of the Certificate Transparency reference implementation: its leaves, and the roots over the first n.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = {
    (0, 1): [],
    (0, 8): [A, B, C],
    (5, 8): [D, E, ROOTS[3]],
    (2, 3): [ROOTS[1]],
    (1, 5): [ROOTS[0], B, D],
}
CONSISTENCY = {(1, 1): [], (1, 8): [A, B, C], (6, 8): [F, E, ROOTS[3]], (2, 5): [B, D]}
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
MANY = [leaf_hash(number.to_bytes(2, "big")) for number in range(70)]


# -- The definition of RFC 9162, section 2.1, word for word and nothing else -------------------------------------------


def mth(d: list[bytes]) -> bytes:
    if not d:
        return hashlib.sha256().digest()
    if len(d) == 1:
        return d[0]
    k = split(len(d))
    return hashlib.sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], b: bool) -> list[bytes]:
    if m == len(d):
        return [] if b else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], b), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


def split(n: int) -> int:
    return max(1 << power for power in range(20) if 1 << power < n)


# -- Ours --------------------------------------------------------------------------------------------------------------


def over(leaves: list[bytes], *ranges: tuple[int, int]) -> list[bytes]:
    """Return the hash of each range, made from aligned nodes as the database keeps them."""
    return [
        fold(block_root(leaves[position << level : (position + 1) << level]) for level, position in subtrees(part))
        for part in ranges
    ]


def test_roots_are_those_of_the_reference() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY == hashlib.sha256().digest()
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        frontier.append(leaf)
        assert frontier.root().hex() == root


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_reference(index: int, size: int) -> None:
    proof = over(LEAVES, *inclusion(index, size))
    assert [digest.hex() for digest in proof] == INCLUSION[index, size]
    assert root_by_inclusion(LEAVES[index], index, size, proof).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_reference(old: int, new: int) -> None:
    proof = over(LEAVES, *consistency(old, new))
    assert [digest.hex() for digest in proof] == CONSISTENCY[old, new]
    check_consistency(old, new, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]), proof)


def test_every_root_and_proof_up_to_thirty_four_leaves_follows_the_definition() -> None:
    frontier = Frontier()
    for size in range(1, 35):  # just beyond a power of two, where the shape of the tree changes
        frontier.append(MANY[size - 1])
        root = mth(MANY[:size])
        assert frontier.root() == root
        for index in range(size):
            proof = over(MANY, *inclusion(index, size))
            assert proof == path(index, MANY[:size])
            assert root_by_inclusion(MANY[index], index, size, proof) == root
        for old in range(1, size + 1):
            proof = over(MANY, *consistency(old, size))
            assert proof == subproof(old, MANY[:size], True)
            check_consistency(old, size, mth(MANY[:old]), root, proof)


def test_another_implementation_makes_the_same_tree_and_proofs() -> None:
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(len(MANY)):
        other.append_entry(number.to_bytes(2, "big"))
    for size in (1, 2, 3, 7, 8, 33, 64, 69, 70):
        root = mth(MANY[:size])
        assert other.get_root(size) == root
        for index in (0, size // 2, size - 1):
            # Its paths begin with the leaf itself.
            theirs = [bytes.fromhex(digest) for digest in other.prove_inclusion(index + 1, size).serialize()["path"]]
            assert theirs == [MANY[index], *over(MANY, *inclusion(index, size))]
            assert root_by_inclusion(MANY[index], index, size, theirs[1:]) == root


@pytest.mark.parametrize(("index", "size"), list(itertools.product((0, 4, 6), (7, 8))))
def test_a_changed_shortened_or_lengthened_inclusion_proof_fails(index: int, size: int) -> None:
    proof, root = over(LEAVES, *inclusion(index, size)), bytes.fromhex(ROOTS[size - 1])
    for wrong in (proof[:-1], [*proof, proof[0]], [bytes(32), *proof[1:]], proof[::-1]):
        try:
            found = root_by_inclusion(LEAVES[index], index, size, wrong)
        except BadProof:
            continue
        assert found != root
    with pytest.raises(BadProof):
        root_by_inclusion(LEAVES[0], size, size, proof)
    assert root_by_inclusion(LEAVES[index - 1], index, size, proof) != root


@pytest.mark.parametrize(("old", "new"), [(1, 8), (2, 5), (3, 7), (4, 8), (6, 8)])
def test_a_rewritten_tree_has_no_consistency_proof(old: int, new: int) -> None:
    proof = over(LEAVES, *consistency(old, new))
    before, after = bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1])
    rewritten = [leaf_hash(b"another"), *LEAVES[1:new]]
    for wrong in (
        (before, mth(rewritten), over(rewritten, *consistency(old, new))),
        (bytes(32), after, proof),
        (before, bytes(32), proof),
        (before, after, proof[:-1]),
        (before, after, [*proof, proof[0]]),
    ):
        with pytest.raises(BadProof):
            check_consistency(old, new, *wrong)


def test_appending_whole_subtrees_makes_the_same_tree() -> None:
    one, other = Frontier(), Frontier()
    for leaf in MANY[:64]:
        one.append(leaf)
    other.append(block_root(MANY[:32]), 5)
    other.append(block_root(MANY[32:48]), 4)
    completed = other.append(block_root(MANY[48:64]), 4)
    assert one.root() == other.root()
    assert [node for node, _ in completed] == [(4, 3), (5, 1), (6, 0)]
    with pytest.raises(ValueError, match="does not begin"):
        Frontier.at(1, lambda node: MANY[0]).append(MANY[0], 3)
