"""The keys that aren't in the database: the one in use, and those of before, which still verify.

From each secret come an HMAC key, which is the secret itself, and an Ed25519 key (RFC 8032) by HKDF (RFC 5869).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from consent.ledger.checkpoint import PublicKey, Signer
from consent.ledger.leaf import sign

SEAL = b"consent/seal/v1"
PRUNED = b"consent/pruned/v1"
ED25519 = b"consent/checkpoint/ed25519/v1"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One secret and what follows from it."""

    secret: str = field(repr=False)

    def mac(self, leaf: bytes) -> str:
        """Return what a record's writer adds to its leaf, in hex."""
        return sign(leaf, self.secret).hex()

    def seal(self, index: int, leaf: bytes) -> str:
        """Return what binds a leaf to its place in the ledger, in hex."""
        return hmac.digest(self.secret.encode(), SEAL + index.to_bytes(8, "big") + leaf, "sha256").hex()

    def pruned(self, number: int, block: bytes) -> str:
        """Return what says that a block was pruned by who may, in hex."""
        return hmac.digest(self.secret.encode(), PRUNED + number.to_bytes(8, "big") + block, "sha256").hex()

    def signer(self, name: str) -> Signer:
        """Return the key that signs heads of the log ``name``."""
        seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=ED25519).derive(self.secret.encode())
        return Signer(name, seed)


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
