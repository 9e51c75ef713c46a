"""The keys that aren't in the database: the one in use, and those of before, which still verify.

From each secret come an HMAC key, which is the secret itself, and an Ed25519 key (RFC 8032) by HKDF (RFC 5869).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from consent.ledger.checkpoint import PublicKey, Signer

SEAL = b"consent/seal/v1"
PRUNED = b"consent/pruned/v1"
ED25519 = b"consent/checkpoint/ed25519/v1"


class SigningKey:
    """One secret and what follows from it."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        # HMAC-SHA256 (RFC 2104) with the key already taken in, in half the time that `hmac.digest` needs for so short
        # a message: verifying a million records makes two million of them.
        key = secret.encode()
        block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def mac(self, leaf: bytes) -> str:
        """Return what a record's writer adds to its leaf, in hex."""
        return self._hmac(leaf)

    def seal(self, index: int, leaf: bytes) -> str:
        """Return what binds a leaf to its place in the ledger, in hex."""
        return self._hmac(SEAL + index.to_bytes(8, "big") + leaf)

    def pruned(self, number: int, block: bytes) -> str:
        """Return what says that a block was pruned by who may, in hex."""
        return self._hmac(PRUNED + number.to_bytes(8, "big") + block)

    def signer(self, name: str) -> Signer:
        """Return the key that signs heads of the log ``name``."""
        seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=ED25519).derive(self.secret.encode())
        return Signer(name, seed)

    def _hmac(self, message: bytes) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.hexdigest()


def origin() -> str:
    """Return the name of this site's log, as its heads give it."""
    return urlsplit(settings.SITE_URL).netloc + "/consent"


def current_key() -> SigningKey:
    """Return the key that signs now."""
    return SigningKey(settings.CONSENT_SIGNING_KEY)


def known_keys() -> Sequence[SigningKey]:
    """Return the keys that verify, the current one first."""
    return [current_key(), *(SigningKey(secret) for secret in settings.CONSENT_SIGNING_KEYS_OLD)]


def public_keys(*names: str) -> list[PublicKey]:
    """Return every public key under each of ``names``, by default under this site's own, the current one first."""
    return [key.signer(name).public for name in names or (origin(),) for key in known_keys()]
