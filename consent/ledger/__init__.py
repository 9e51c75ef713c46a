"""The ledger: what makes consent records provable. What changes rows stands in ``consent.actions``.

A record's :mod:`leaf <consent.ledger.leaf>` goes into a Merkle :mod:`tree <consent.ledger.tree>`, whose head is signed
as a :mod:`checkpoint <consent.ledger.checkpoint>`. The format, to the byte, is in docs/reference/consent-ledger.md.
"""

from consent.ledger.leaf import Choice, receipt_hash, sign

__all__ = ["Choice", "receipt_hash", "sign"]
