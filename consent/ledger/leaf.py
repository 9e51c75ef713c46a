"""What makes a consent record provable: a leaf hash over all its fields, and a MAC with a key outside the database.

The leaf is ``SHA256(0x00 ‖ "consent/v1" ‖ H(core) ‖ H(salt ‖ personal))``, where H is SHA-256 and both parts are
canonical JSON (RFC 8785). ``core`` holds nothing about the visitor's choice, so that a record whose personal part and
salt were erased still verifies by the hash that stood in their place. The zero byte is RFC 9162's mark of a leaf.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

VERSION = b"consent/v1"


@dataclass(frozen=True, slots=True)
class Choice:
    """The content of a record, whole.

    ``notice`` is the SHA-256 of the notice that was shown, ``receipt_sha256`` that of the visitor's receipt.
    """

    receipt_sha256: str
    created_at: datetime
    expires_at: datetime
    action: str
    answers: Mapping[str, bool]
    notice: str
    language: str
    surface: str
    gpc: bool

    def core(self) -> bytes:
        """Return the canonical form of what stays after an erasure."""
        return _canonical(
            {"created_at": _utc(self.created_at), "expires_at": _utc(self.expires_at), "notice": self.notice}
        )

    def personal(self) -> bytes:
        """Return the canonical form of what an erasure drops."""
        personal: dict[str, Any] = {
            "action": self.action,
            "answers": dict(self.answers),
            "gpc": self.gpc,
            "language": self.language,
            "receipt_sha256": self.receipt_sha256,
            "surface": self.surface,
        }
        return _canonical(personal)

    def leaf(self, salt: bytes) -> bytes:
        """Return the leaf hash, 32 bytes."""
        core = hashlib.sha256(self.core()).digest()
        personal = hashlib.sha256(salt + self.personal()).digest()
        return hashlib.sha256(b"\x00" + VERSION + core + personal).digest()


def receipt_hash(receipt: str) -> str:
    """Return the hex SHA-256 under which the database keeps a receipt.

    Plain, as 192 random bits need neither salt nor stretching: nobody guesses them.
    """
    return hashlib.sha256(receipt.encode()).hexdigest()


def sign(leaf: bytes, key: str) -> bytes:
    """Return the HMAC-SHA256 of a leaf."""
    return hmac.digest(key.encode(), leaf, "sha256")


def _canonical(value: dict[str, Any]) -> bytes:
    """Return the canonical JSON of texts and booleans under names that are ASCII, or else leave it to the library.

    For these the standard library writes the same bytes in a twentieth of the time, and a visitor waits for it.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() if text.isascii() else rfc8785.dumps(value)


def _utc(at: datetime) -> str:
    # Microseconds always, as the database keeps them: one instant has one spelling.
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
