"""Checks an export of consent records (format consent-export/1). Needs Python 3.9 or newer, and nothing else.

    python3 verify.py FOLDER [--key KEY] [--head FILE]

It checks that every file is as SHA256SUMS says; that every record has the leaf that its content makes; that each leaf
is in the tree whose root the signed head names (RFC 9162, section 2.1.3.2); that the head was signed by one of the keys
in public-keys.txt, or by the one given with --key (Ed25519, RFC 8032); and that every notice is what its name says.
With --head, a head that was published earlier is checked against the same keys. Exits with 1 and names the first thing
that is wrong.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
BASE_Y = 4 * pow(5, P - 2, P) % P

Point = tuple[int, int, int, int]
Key = tuple[str, bytes, bytes]


class Wrong(Exception):
    """Something isn't as it should be. The message says what."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks an export of consent records.")
    parser.add_argument("folder", type=Path, help="where the ZIP file was unpacked")
    parser.add_argument("--key", action="append", default=[], help="trust this public key instead of public-keys.txt")
    parser.add_argument("--head", action="append", default=[], type=Path, help="a head that was published earlier")
    options = parser.parse_args()
    try:
        number = check(options.folder, options.key, options.head)
    except (Wrong, OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"WRONG: {error}\n")
        sys.exit(1)
    sys.stdout.write(f"All {number} records are what was sealed, and in the signed head.\n")


def check(folder: Path, keys: list[str], heads: list[Path]) -> int:
    check_sums(folder)
    trusted = [read_key(line) for line in keys or (folder / "public-keys.txt").read_text("utf-8").split("\n") if line]
    size, root = signed_head((folder / "checkpoint.txt").read_text("utf-8"), trusted)
    for head in heads:
        earlier = signed_head(head.read_text("utf-8"), trusted)
        if earlier[0] == size and earlier[1] != root:
            raise Wrong(f"{head} is a head of as many records with another root")
    seen = 0
    with (folder / "proofs.jsonl").open(encoding="utf-8") as proofs:
        for record in read_records(folder):
            line = proofs.readline()
            if not line:
                raise Wrong(f"record {record['index']} has no proof")
            check_record(record, json.loads(line), size, root, folder)
            seen += 1
        if proofs.readline():
            raise Wrong("there are more proofs than records")
    for path in (folder / "notices").glob("*.json"):
        if sha256(path.read_bytes()).hex() != path.stem:
            raise Wrong(f"the notice {path.name} isn't what its name says")
    return seen


def check_sums(folder: Path) -> None:
    listed = {}
    for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    for name, digest in listed.items():
        if hash_of_file(folder / name) != digest:
            raise Wrong(f"{name} isn't what SHA256SUMS says")


def hash_of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def read_records(folder: Path) -> Iterator[dict[str, Any]]:
    if (folder / "records.jsonl").exists():
        with (folder / "records.jsonl").open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
        return
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        for cells in csv.DictReader(file):
            row = {name: cell.removeprefix("'") for name, cell in cells.items()}
            answers = dict.fromkeys(row["accepted"].split(), True)
            answers.update(dict.fromkeys(row["refused"].split(), False))
            personal = {name: row[name] for name in ("action", "language", "receipt_sha256", "surface")}
            personal.update(answers=answers, gpc=row["gpc"] == "true")
            yield {
                "index": int(row["index"]),
                "core": {name: row[name] for name in ("created_at", "expires_at", "notice")},
                "personal": None if row["personal_sha256"] else personal,
                "salt": row["salt"],
                "personal_sha256": row["personal_sha256"],
                "leaf": row["leaf"],
            }


def check_record(record: dict[str, Any], proof: dict[str, Any], size: int, root: bytes, folder: Path) -> None:
    index = record["index"]
    if record["personal"] is None:
        personal = bytes.fromhex(record["personal_sha256"])
    else:
        personal = sha256(bytes.fromhex(record["salt"]) + canonical(record["personal"]))
    leaf = sha256(b"\x00" + b"consent/v1" + sha256(canonical(record["core"])) + personal)
    if leaf.hex() != record["leaf"]:
        raise Wrong(f"record {index} says something else than what was sealed")
    if proof["index"] != index or proof["leaf"] != record["leaf"]:
        raise Wrong(f"the proof of record {index} is another record's")
    if root_by(leaf, index, size, [bytes.fromhex(sibling) for sibling in proof["path"]]) != root:
        raise Wrong(f"record {index} isn't in the signed head")
    if not (folder / "notices" / f"{record['core']['notice']}.json").exists():
        raise Wrong(f"the notice of record {index} is missing")


def canonical(value: Any) -> bytes:
    """RFC 8785, for the texts, truth values and short names that records are made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def root_by(digest: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        raise Wrong(f"the head has no record {index}")
    fn, sn = index, size - 1
    for sibling in path:
        if sn == 0:
            raise Wrong(f"the proof of record {index} is too long")
        if fn & 1 or fn == sn:
            digest = sha256(b"\x01" + sibling + digest)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            digest = sha256(b"\x01" + digest + sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise Wrong(f"the proof of record {index} is too short")
    return digest


def read_key(line: str) -> Key:
    """A key as c2sp.org/signed-note writes it: name+identifier+base64. Returns name, identifier, 32 bytes."""
    name, _, rest = line.strip().partition("+")
    identifier, _, encoded = rest.partition("+")
    data = base64.b64decode(encoded, validate=True)
    if data[:1] != b"\x01" or len(data) != 33 or sha256(name.encode() + b"\n" + data)[:4].hex() != identifier:
        raise Wrong(f"{line!r} is no public key")
    return name, bytes.fromhex(identifier), data[1:]


def signed_head(note: str, keys: list[Key]) -> tuple[int, bytes]:
    """Return size and root of a signed head. One of the keys must have signed it."""
    text, blank, below = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if not blank or len(lines) < 4:
        raise Wrong("this is no signed head")
    for line in below.splitlines():
        name, _, encoded = line[2:].rpartition(" ")
        data = base64.b64decode(encoded, validate=True)
        for known, identifier, public in keys:
            if known == name == lines[0] and data[:4] == identifier and verifies(public, text.encode(), data[4:]):
                return int(lines[1]), base64.b64decode(lines[2], validate=True)
    raise Wrong("none of the keys has signed the head")


# Ed25519, as RFC 8032 writes it down (section 6, in other words). Slow, but it checks one signature.


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    if len(signature) != 64:
        return False
    a, r, s = point_of(public), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    base = point_of(BASE_Y.to_bytes(32, "little"))
    assert base  # noqa: S101  (it is a constant)
    left, right = times(s, base), plus(r, times(h, a))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def plus(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = plus(total, point)
        point = plus(point, point)
        number >>= 1
    return total


def x_of(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def point_of(data: bytes) -> Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


if __name__ == "__main__":
    main()
