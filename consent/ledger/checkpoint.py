"""Signed heads of the ledger: checkpoints (https://c2sp.org/tlog-checkpoint) as signed notes (c2sp.org/signed-note).

A head's text has the origin of the log, the number of records, and the root hash in base64, a line each; then a line
``time`` with the moment of signing, a line ``journal`` with number and chain of the journal's newest entry, and in the
head by which a key hands over to the next, a line ``next-key``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
DASH = "— "
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
NEXT_KEY = "next-key "
TIME = "time "
JOURNAL = "journal "
ENTRY = re.compile(r"([1-9][0-9]{0,18}) ([0-9a-f]{64})")


class BadNote(ValueError):
    """The text is no signed head, or nobody whom we know has signed it. The message says what is wrong."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key under the name of the log that it signs for."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key as c2sp.org/signed-note writes it, for verifiers."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(ED25519 + self.public)}"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under the name of the log that it signs for. ``seed`` is 32 secret bytes."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return the line that signs a note's text."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"{DASH}{self.name} {_base64(self.public.key_id + signature)}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line, read."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What a head says: of which log, how many records, which root, when; and, once per key, which key comes next.

    ``journal`` has number and chain of the journal's newest entry. Heads from before there was one have ``None``.
    """

    origin: str
    size: int
    root: bytes
    at: datetime | None = None
    next_key: str = ""
    journal: tuple[int, str] | None = None

    def text(self) -> str:
        lines = [self.origin, str(self.size), _base64(self.root)]
        if self.at is not None:
            lines.append(TIME + self.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))
        if self.journal is not None:
            lines.append(f"{JOURNAL}{self.journal[0]} {self.journal[1]}")
        if self.next_key:
            lines.append(NEXT_KEY + self.next_key)
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A signed head as it was published: the text that is signed, what it says, and who signed it."""

    text: str
    head: Head
    signatures: tuple[Signature, ...]

    def signed_by(self, keys: Iterable[PublicKey]) -> PublicKey:
        """Return the first of ``keys`` that signed this. Raises :class:`BadNote` for none, or for a false signature."""
        by_id = {(key.name, key.key_id): key for key in keys}
        for signature in self.signatures:
            # A note may carry signatures of others, under their own names: they say nothing to us.
            if key := by_id.get((signature.name, signature.key_id)):
                try:
                    Ed25519PublicKey.from_public_bytes(key.public).verify(signature.signature, self.text.encode())
                except InvalidSignature as error:
                    raise BadNote(
                        f"The signature of {key.name} on the checkpoint of {self.head.size} records is not valid."
                    ) from error
                return key
        raise BadNote(f"None of this site's keys signed the checkpoint of {self.head.size} records.")


def write(head: Head, signers: Sequence[Signer]) -> str:
    """Return the head as a signed note."""
    text = head.text()
    return text + "\n" + "".join(signer.sign(text) for signer in signers)


def read(note: str) -> Note:
    """Return what a signed note says. Raises :class:`BadNote`; signatures are looked at by :meth:`Note.signed_by`."""
    text, blank, below = note.rpartition("\n\n")
    if not blank or not below.endswith("\n"):
        raise BadNote("This is not a signed note: it needs a text, an empty line and signatures.")
    lines = text.split("\n")
    if len(lines) < 3 or not all(lines) or not SIZE.fullmatch(lines[1]):
        raise BadNote(
            "This is not a checkpoint of a ledger: it needs an origin, a size and a root hash, each on its own line."
        )
    at, next_key, journal = None, "", None
    for line in lines[3:]:
        if line.startswith(TIME):
            try:
                at = datetime.fromisoformat(line.removeprefix(TIME)).astimezone(UTC)
            except (ValueError, OverflowError) as error:
                raise BadNote(f"{line!r} is not a time.") from error
        elif line.startswith(NEXT_KEY):
            next_key = line.removeprefix(NEXT_KEY)
        elif line.startswith(JOURNAL):
            if not (entry := ENTRY.fullmatch(line.removeprefix(JOURNAL))):
                raise BadNote(f"{line!r} does not name an entry of the journal.")
            journal = int(entry[1]), entry[2]
    signatures = []
    for line in below.removesuffix("\n").split("\n"):
        name, _, encoded = line.removeprefix(DASH).rpartition(" ")
        signed = _bytes(encoded)
        if not line.startswith(DASH) or not name or len(signed) < 5:
            raise BadNote(f"{line!r} is not a signature.")
        signatures.append(Signature(name, signed[:4], signed[4:]))
    root = _bytes(lines[2])
    if len(root) != 32:
        raise BadNote(f"{lines[2]!r} is not a root hash.")
    return Note(text + "\n", Head(lines[0], int(lines[1]), root, at, next_key, journal), tuple(signatures))


def split(text: str) -> list[str]:
    """Return the notes of a file in which they stand one below the other, with an empty line between."""
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        raise BadNote("This is a web page and no checkpoints. Save /consent/heads/?format=text of the site instead.")
    parts = [part for part in text.replace("\r\n", "\n").strip("\n").split("\n\n") if part]
    if len(parts) % 2:
        raise BadNote("The last signed note in the file is cut off: save the file again, as a whole.")
    return [f"{body}\n\n{signatures}\n" for body, signatures in zip(parts[::2], parts[1::2], strict=True)]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"{text!r} is not base64.") from error
