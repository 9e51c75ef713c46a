"""Checks an export of consent records (format consent-export/1). Needs Python 3.9 or newer, and nothing else.

    python3 verify.py FOLDER [--key KEY] [--head FILE] [--consistency FILE]

It checks that every file is as SHA256SUMS says; that every record has the leaf that its content makes, and is written
exactly as an export writes it, cell by cell; that records follow one another by index, each listed once, and in time;
that each leaf is in the tree whose root the signed head names (RFC 9162, section 2.1.3.2); that the head was signed by
one of the keys in public-keys.txt, or by the one given with --key (Ed25519, RFC 8032); that every notice is what its
name says; and that no record is older than its notice, whose publication stands in the journal that the head names.
With --head, a checkpoint that was published earlier or later is checked against the same keys. One over
another number of records needs the proof that one ledger continues the other (RFC 9162, section 2.1.4.2), given with
--consistency: the answer of /consent/heads/OLD/NEW/ for the two numbers of records. Exits with 1 and names the first
thing that is wrong; else says what it did not check.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
BASE_Y = 4 * pow(5, P - 2, P) % P

COLUMNS = (
    *("index", "created_at", "expires_at", "notice", "action", "accepted", "refused", "language", "surface", "gpc"),
    *("receipt_sha256", "salt", "personal_sha256", "leaf"),
)
FIELDS = {"index", "core", "personal", "salt", "personal_sha256", "leaf"}
CORE = {"created_at", "expires_at", "notice"}
PERSONAL = {"action", "answers", "gpc", "language", "receipt_sha256", "surface"}
LISTED = {"records.csv", "records.jsonl", "proofs.jsonl", "checkpoint.txt", "journal.jsonl", "publications.jsonl"}
# What stands in front of a cell that a spreadsheet could take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
HASH = re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
# Records are sealed within minutes. One that is older by more than this than what was sealed before it is backdated.
LATE = timedelta(days=1)
CLOCKS = timedelta(minutes=1)  # those of two servers differ a little
# The site asks anew after this, so no choice holds for longer.
LONGEST = timedelta(days=182)

Point = tuple[int, int, int, int]
Key = tuple[str, bytes, bytes]
Head = tuple[int, bytes, "datetime | None", "tuple[int, str] | None"]


class Wrong(Exception):
    """Something isn't as it should be. The message says what."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Checks an export of consent records.")
    parser.add_argument("folder", type=Path, help="where the ZIP file was unpacked")
    parser.add_argument("--key", action="append", default=[], help="trust this public key instead of public-keys.txt")
    parser.add_argument("--head", action="append", default=[], type=Path, help="a head that was published earlier")
    parser.add_argument(
        "--consistency",
        action="append",
        default=[],
        type=Path,
        help="the proof between that checkpoint and the one of this export",
    )
    options = parser.parse_args()
    try:
        number, unchecked = check(options.folder, options.key, options.head, options.consistency)
    except (Wrong, OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        sys.stderr.write(f"WRONG: {in_words(error)}\n")
        sys.exit(1)
    sys.stdout.write(f"All {number} records are unchanged since they were sealed, and are covered by the checkpoint.\n")
    sys.stdout.write("Not checked:\n" + "".join(f"- {line}\n" for line in unchecked))


def in_words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"a line of the export, or a proof, lacks {error}: it was changed, or is not from this site"
    if isinstance(error, (TypeError, AttributeError)):
        return f"a line of the export, or a proof, does not have the form of one ({error})"
    return str(error)


def read_json(text: str, name: object, number: int = 0) -> Any:
    """Return what a file or its line ``number`` says. Raise :class:`Wrong` with the place for what is no JSON."""
    place = f"line {number} of {name}" if number else str(name)
    if not text.strip():
        raise Wrong(f"{place} is blank: an export and a proof have no blank lines. Download the file again")
    try:
        return json.loads(text)
    except ValueError as error:
        shown = text.strip()[:80]
        raise Wrong(f"{place} is not JSON, but begins with {shown!r}. Download the file again ({error})") from error


def check(folder: Path, keys: list[str], heads: list[Path], proofs: list[Path]) -> tuple[int, list[str]]:
    """Return how many records are in order, and what was not checked."""
    unlisted = check_sums(folder)
    trusted = [read_key(line) for line in keys or (folder / "public-keys.txt").read_text("utf-8").split("\n") if line]
    newest = signed_head((folder / "checkpoint.txt").read_text("utf-8"), trusted, "checkpoint.txt")
    others = [signed_head(head.read_text("utf-8"), trusted, head) for head in heads]
    for path, head in zip(heads, others):  # noqa: B905  (Python 3.9)
        check_head(path, head, newest, proofs)
    published = check_journal(folder, newest, others)
    number = check_records(folder, newest, others, published)
    for path in (folder / "notices").glob("*.json"):
        if sha256(path.read_bytes()).hex() != path.stem:
            raise Wrong(f"the notice {path.name} does not match its name")
    return number, not_checked(keys, heads, newest, unlisted)


def not_checked(keys: list[str], heads: list[Path], newest: Head, unlisted: list[str]) -> list[str]:
    lines = [
        (
            "whether these are all records of the period: gaps in the indexes are records of other times or "
            "removed records"
        ),
        "who made the choices",
        "what README.md contains",
    ]
    if not keys:
        lines.append("who owns the keys: public-keys.txt came with the export. Give a key that you trust with --key")
    if not heads:
        lines.append("whether the ledger was rewritten: give a checkpoint that was kept elsewhere with --head")
    if newest[3] is None:
        lines.append("when each notice was published: the checkpoint is older than the journal of the site")
    if newest[2] is None:
        lines.append("when the checkpoint was signed: it has no time")
    return lines + [f"{name}: it is not in SHA256SUMS" for name in unlisted]


def check_head(path: Path, head: Head, newest: Head, proofs: list[Path]) -> None:
    """Return if this export's head and another are heads of one ledger."""
    old, new = sorted((head, newest), key=lambda either: either[0])
    if old[2] and new[2] and old[0] < new[0] and old[2] > new[2]:
        raise Wrong(f"{path}: the checkpoint of fewer records was signed after the one of more")
    if old[0] == new[0]:
        if old[1] != new[1]:
            raise Wrong(f"{path} is a checkpoint of as many records with a different root")
        return
    if not old[0]:
        return  # every ledger continues the empty one
    for proof in proofs:
        found = read_json(proof.read_text("utf-8"), proof)
        if (found["old"]["size"], found["new"]["size"]) == (old[0], new[0]):
            check_consistency(old, new, [bytes.fromhex(sibling) for sibling in found["path"]], path)
            return
    raise Wrong(
        f"{path} is a checkpoint of {head[0]} records, and the one of this export is of {newest[0]}. They can only be "
        f"compared with a proof that one continues the other: save /consent/heads/{old[0]}/{new[0]}/ of the site, and "
        "give that file with --consistency"
    )


def check_consistency(old: Head, new: Head, path: list[bytes], name: Path) -> None:
    """RFC 9162, section 2.1.4.2, for trees of different sizes."""
    wrong = Wrong(
        f"{name} is not a checkpoint of this ledger: the history was rewritten, or the proof belongs to other "
        "checkpoints"
    )
    hashes = [old[1], *path] if old[0] & (old[0] - 1) == 0 else path
    fn, sn = old[0] - 1, new[0] - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not hashes:
        raise wrong
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if sn == 0:
            raise wrong
        if fn & 1 or fn == sn:
            first, second = sha256(b"\x01" + sibling + first), sha256(b"\x01" + sibling + second)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = sha256(b"\x01" + second + sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn or first != old[1] or second != new[1]:
        raise wrong


def check_journal(folder: Path, newest: Head, others: list[Head]) -> dict[str, datetime]:
    """Return when each notice was published, by its hash, as the signed heads have it. Nothing without a journal."""
    if newest[3] is None:
        return {}
    named = [head[3] for head in (*others, newest) if head[3]]
    chain, entries, number = bytes(32), set(), 0
    with (folder / "journal.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            entry = read_json(line, "journal.jsonl", number)
            if entry["number"] != number or not HASH.fullmatch(entry["sha256"]):
                raise Wrong(f"entry {number} of the journal is missing, or not valid")
            digest = bytes.fromhex(entry["sha256"])
            chain = sha256(b"consent/journal/v1" + chain + number.to_bytes(8, "big") + digest)
            if entry["kind"] == "notice":
                entries.add(entry["sha256"])
            if any(of == number and expected != chain.hex() for of, expected in named):
                raise Wrong(f"the journal is not the one that a checkpoint names with its entry {number}")
    if number != newest[3][0]:
        raise Wrong(f"the journal has {number} entries, but the checkpoint names {newest[3][0]}")
    published = {}
    for place, line in enumerate((folder / "publications.jsonl").read_text("utf-8").splitlines(), 1):
        notice = read_json(line, "publications.jsonl", place)
        if sha256(canonical(notice)).hex() not in entries:
            raise Wrong(f"what publications.jsonl says of notice {notice['number']} is not in the journal")
        published[notice["sha256"]] = time_of(notice["published_at"])
    return published


def check_records(folder: Path, newest: Head, others: list[Head], published: dict[str, datetime]) -> int:
    seen, last, latest = 0, -1, None
    with (folder / "proofs.jsonl").open(encoding="utf-8") as proofs:
        for record in read_records(folder):
            if record["index"] <= last:
                raise Wrong(
                    f"record {record['index']} is listed after record {last}: each must be listed once, in order"
                )
            line = proofs.readline()
            if not line:
                raise Wrong(f"record {record['index']} has no proof")
            check_record(record, read_json(line, "proofs.jsonl", seen + 1), newest, folder)
            for head in (newest, *others):
                check_time(record, head)
            made, notice = time_of(record["core"]["created_at"]), record["core"]["notice"]
            if newest[3] and notice not in published:
                raise Wrong(
                    f"publications.jsonl does not say when the notice of record {record['index']} was published"
                )
            if newest[3] and made + CLOCKS < published[notice]:
                raise Wrong(f"record {record['index']} was made before its notice was published")
            if latest and made < latest - LATE:
                raise Wrong(f"record {record['index']} is backdated: records sealed before it were made after {latest}")
            seen, last, latest = seen + 1, record["index"], max(made, latest or made)
        if proofs.readline():
            raise Wrong("there are more proofs than records")
    return seen


def check_time(record: dict[str, Any], head: Head) -> None:
    size, _, signed_at, _ = head
    made = time_of(record["core"]["created_at"])
    if time_of(record["core"]["expires_at"]) <= made:
        raise Wrong(f"record {record['index']} expires before it was made")
    if (holds := time_of(record["core"]["expires_at"]) - made) > LONGEST:
        raise Wrong(f"record {record['index']} is valid for {holds.days} days, longer than the limit of {LONGEST.days}")
    if signed_at is None:
        return
    if record["index"] < size and made > signed_at + CLOCKS:
        raise Wrong(f"record {record['index']} was made after {signed_at}, when a checkpoint that covers it was signed")
    if record["index"] >= size and made < signed_at - LATE:
        raise Wrong(
            f"record {record['index']} is backdated, or waited for more than a day to be sealed: a checkpoint of "
            f"{signed_at} does not cover it yet"
        )


def time_of(text: str) -> datetime:
    if not TIME.fullmatch(text):
        raise Wrong(f"{text!r} is not a valid time")
    return datetime.fromisoformat(text[:-1] + "+00:00")  # noqa: FURB162  (Python 3.9)


def check_sums(folder: Path) -> list[str]:
    """Compare every file that is listed. Return those that aren't."""
    listed: dict[str, str] = {}
    for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if name in listed:
            raise Wrong(f"SHA256SUMS lists {name} twice")
        listed[name] = digest
    for name, digest in listed.items():
        if hash_of_file(folder / name) != digest:
            raise Wrong(f"{name} does not match SHA256SUMS")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    unlisted = sorted(names - listed.keys() - {"SHA256SUMS"})
    for name in unlisted:
        if name in LISTED or name.startswith("notices/"):
            raise Wrong(f"{name} is not listed in SHA256SUMS")
    return unlisted


def hash_of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def read_records(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the records. Raise :class:`Wrong` for one that is written in another way than an export writes it."""
    if (folder / "records.jsonl").exists():
        if (folder / "records.csv").exists():
            raise Wrong("there are two files of records, but an export has only one")
        with (folder / "records.jsonl").open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                yield read_line(line, number)
        return
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, strict=True)
        if next(rows, None) != list(COLUMNS):
            raise Wrong("the columns of records.csv are not those of an export")
        for cells in rows:
            yield read_cells(cells)


def read_line(line: str, number: int) -> dict[str, Any]:
    record: dict[str, Any] = read_json(line, "records.jsonl", number)
    # A name that is there twice would be lost in reading.
    if json.dumps(record, ensure_ascii=False) + "\n" != line:
        raise Wrong(f"a line of records.jsonl does not have the form of an export: {line[:80]}")
    index, personal = record["index"], record["personal"]
    if type(index) is not int or record.keys() != FIELDS or record["core"].keys() != CORE:
        raise Wrong(f"record {index!r} does not have the fields of a record")
    if (personal is None) != (record["salt"] is None) or (personal is None) == (record["personal_sha256"] is None):
        raise Wrong(f"record {index} is neither whole nor erased")
    if personal is not None and (personal.keys() != PERSONAL or type(personal["gpc"]) is not bool):
        raise Wrong(f"record {index} has other fields than a record")
    return record


def read_cells(cells: list[str]) -> dict[str, Any]:
    """Return the record of a row, and compare every cell with what an export writes for it."""
    if len(cells) != len(COLUMNS):
        raise Wrong(f"a row of records.csv has {len(cells)} cells instead of {len(COLUMNS)}: {cells[:1]}")
    row = {name: cell.removeprefix("'") for name, cell in zip(COLUMNS, cells)}  # noqa: B905  (Python 3.9)
    answers = dict.fromkeys(row["accepted"].split(), True)
    answers.update(dict.fromkeys(row["refused"].split(), False))
    personal: dict[str, Any] = {name: row[name] for name in ("action", "language", "receipt_sha256", "surface")}
    personal.update(answers=answers, gpc=row["gpc"] == "true")
    record = {
        "index": int(row["index"]),
        "core": {name: row[name] for name in ("created_at", "expires_at", "notice")},
        "personal": None if row["personal_sha256"] else personal,
        "salt": None if row["personal_sha256"] else row["salt"],
        "personal_sha256": row["personal_sha256"] or None,
        "leaf": row["leaf"],
    }
    for name, cell, expected in zip(COLUMNS, cells, cells_of(record)):  # noqa: B905  (Python 3.9)
        if cell != expected:
            raise Wrong(f"record {row['index']}, {name}: {cell!r} is not what was sealed. It should be {expected!r}")
    return record


def cells_of(record: dict[str, Any]) -> list[str]:
    """Return the row that an export writes for a record. What was erased is empty."""
    personal = record["personal"] or {}
    answers = personal.get("answers", {})
    cells = {
        **record["core"],
        **personal,
        "index": str(record["index"]),
        "accepted": " ".join(sorted(name for name, answer in answers.items() if answer)),
        "refused": " ".join(sorted(name for name, answer in answers.items() if not answer)),
        "gpc": str(personal["gpc"]).lower() if personal else "",
        "salt": record["salt"] or "",
        "personal_sha256": record["personal_sha256"] or "",
        "leaf": record["leaf"],
    }
    row = [str(cells.get(name, "")) for name in COLUMNS]
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row]


def check_record(record: dict[str, Any], proof: dict[str, Any], head: Head, folder: Path) -> None:
    index, (size, root, *_) = record["index"], head
    notice, salt = record["core"]["notice"], record["salt"]
    for text in (notice, record["leaf"], *([record["personal_sha256"]] if salt is None else [])):
        if not HASH.fullmatch(text):
            raise Wrong(f"record {index}: {text!r} is not a valid hash")
    if salt is None:
        personal = bytes.fromhex(record["personal_sha256"])
    else:
        if bytes.fromhex(salt).hex() != salt:
            raise Wrong(f"record {index}: {salt!r} is not a valid salt")
        personal = sha256(bytes.fromhex(salt) + canonical(record["personal"]))
    leaf = sha256(b"\x00" + b"consent/v1" + sha256(canonical(record["core"])) + personal)
    if leaf.hex() != record["leaf"]:
        raise Wrong(f"record {index} was changed after it was sealed")
    if type(proof["index"]) is not int or proof["index"] != index or proof["leaf"] != record["leaf"]:
        raise Wrong(f"the proof of record {index} belongs to another record")
    if root_by(leaf, index, size, [bytes.fromhex(sibling) for sibling in proof["path"]]) != root:
        raise Wrong(f"record {index} is not covered by the checkpoint")
    if not (folder / "notices" / f"{notice}.json").exists():
        raise Wrong(f"the notice of record {index} is missing")


def canonical(value: Any) -> bytes:
    """RFC 8785, for the texts, truth values and short names that records are made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def root_by(digest: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        raise Wrong(f"the checkpoint does not cover record {index}")
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
        raise Wrong(f"{line!r} is not a public key")
    return name, bytes.fromhex(identifier), data[1:]


def signed_head(note: str, keys: list[Key], name: object) -> Head:
    """Return size, root, time and journal of a signed head. One of the keys must have signed it."""
    text, blank, below = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if not blank or len(lines) < 4:
        raise Wrong(no_checkpoint(name, note))
    for line in below.splitlines():
        signer, _, encoded = line[2:].rpartition(" ")
        try:
            data = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise Wrong(no_checkpoint(name, note)) from error
        for known, identifier, public in keys:
            if known == signer == lines[0] and data[:4] == identifier and verifies(public, text.encode(), data[4:]):
                times = [line[5:] for line in lines[3:] if line.startswith("time ")]
                signed_at = datetime.fromisoformat(times[0].replace("Z", "+00:00")) if times else None  # noqa: FURB162
                entries = [line.split(" ") for line in lines[3:] if line.startswith("journal ")]
                journal = (int(entries[0][1]), entries[0][2]) if entries else None
                return int(lines[1]), base64.b64decode(lines[2], validate=True), signed_at, journal
    raise Wrong(f"none of the keys signed the checkpoint in {name}")


def no_checkpoint(name: object, note: str) -> str:
    page = " but a web page" if note.lstrip().startswith("<") else ""
    return (
        f"{name} is not a checkpoint{page}: save /consent/heads/?format=text of the site, and of it a single checkpoint"
    )


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
