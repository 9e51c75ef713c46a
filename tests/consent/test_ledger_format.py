"""The ledger's format: the example of its page comes out of the words of that page, and out of our code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent.ledger import Choice, checkpoint
from consent.ledger.keys import SigningKey
from consent.ledger.tree import root_by_inclusion
from tests.folders import ROOT

PAGE = ROOT / "docs" / "reference" / "consent-ledger.md"


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(PAGE.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0])
    return read


def test_the_example_follows_from_the_words_of_the_page(example: dict[str, Any]) -> None:
    record, proof, key = example["record"], example["proof"], example["signing_key"].encode()
    core, personal = rfc8785.dumps(record["core"]), rfc8785.dumps(record["personal"])
    assert (core.decode(), personal.decode()) == (example["core_bytes"], example["personal_bytes"])
    hidden = sha256(bytes.fromhex(record["salt"]), personal)
    leaf = sha256(b"\x00", b"consent/v1", sha256(core), hidden)
    assert (hidden.hex(), leaf.hex()) == (example["personal_sha256"], example["leaf"])
    assert hmac.digest(key, leaf, "sha256").hex() == example["mac"]
    place = record["index"].to_bytes(8, "big")
    assert hmac.digest(key, b"consent/seal/v1" + place + leaf, "sha256").hex() == example["seal"]
    first, last = (bytes.fromhex(digest) for digest in proof["path"])
    root = sha256(b"\x01", sha256(b"\x01", first, leaf), last)
    assert root.hex() == proof["root"]

    text, _, signed = proof["checkpoint"].rpartition("\n\n")
    text += "\n"
    name, size, root_line, *_ = text.split("\n")
    assert (size, base64.b64decode(root_line)) == (str(proof["size"]), root)
    signer, _, encoded = signed.strip().removeprefix("— ").rpartition(" ")
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"consent/checkpoint/ed25519/v1").derive(key)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    key_id = sha256(name.encode(), b"\n", b"\x01", public)[:4]
    assert signer == name
    encoded_key = base64.b64encode(b"\x01" + public).decode()
    assert example["public_key"] == f"{name}+{key_id.hex()}+{encoded_key}"
    assert base64.b64decode(encoded)[:4] == key_id
    Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(encoded)[4:], text.encode())


def test_the_example_is_what_our_code_makes(example: dict[str, Any]) -> None:
    record, proof = example["record"], example["proof"]
    content: dict[str, Any] = {**record["core"], **record["personal"]}
    for name in ("created_at", "expires_at"):
        content[name] = datetime.fromisoformat(content[name])
    choice = Choice(**content)
    leaf = choice.leaf(bytes.fromhex(record["salt"]))
    assert leaf.hex() == example["leaf"] == proof["leaf"]
    key = SigningKey(example["signing_key"])
    assert (key.mac(leaf), key.seal(record["index"], leaf)) == (example["mac"], example["seal"])
    note = checkpoint.read(proof["checkpoint"])
    public = key.signer(note.head.origin).public
    assert note.signed_by([public]) == public
    assert str(public) == example["public_key"]
    path = [bytes.fromhex(digest) for digest in proof["path"]]
    assert root_by_inclusion(leaf, proof["index"], proof["size"], path) == note.head.root
