"""The ledger's own rows: nodes of its tree, signed heads, what was pruned, and where heads were sent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from consent.models.bases import AppendOnly


class LedgerBlock(AppendOnly):
    """A complete subtree of the Merkle tree: the hash over ``2**level`` records, the ``position``-th of that size.

    Level 8 is a block of 256 records, the smallest that is kept. With the levels above it, the root and any proof need
    about as many rows as the number of records has digits in base two.
    """

    level = models.PositiveSmallIntegerField()
    position = models.BigIntegerField()
    sha256 = models.CharField("SHA-256", max_length=64)

    class Meta:
        ordering = ["level", "position"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["level", "position"], name="ledger_block_once"),
            models.CheckConstraint(
                condition=Q(level__gte=8, level__lte=62, position__gte=0), name="ledger_block_is_aligned"
            ),
        ]

    def __str__(self) -> str:
        return f"Records {self.position << self.level} to {((self.position + 1) << self.level) - 1}"


class PrunedBlock(AppendOnly):
    """A block of 256 records that is gone, and what stands in its place.

    ``nodes`` are the largest subtrees that no signed head cuts through, in order, as ``[level, hash]``: one, the block
    itself, when no head was signed inside of it. With them every head that was ever signed still verifies.
    """

    number = models.BigIntegerField(unique=True)
    nodes = models.JSONField()
    mac = models.CharField(
        "MAC", max_length=64, help_text="A MAC by the signing key, so that only a holder of the key can remove records."
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=0) & ~Q(mac=""), name="pruned_block_has_number_and_mac"),
        ]

    def __str__(self) -> str:
        return f"Records {self.number << 8} to {(self.number << 8) + 255}, pruned"


class Checkpoint(AppendOnly):
    """A signed head of the ledger: its size, its root, and the note (C2SP ``tlog-checkpoint``) that was published."""

    size = models.BigIntegerField(db_index=True)  # heads are fetched, and verified against, by their size
    root = models.CharField(max_length=64, help_text="Root hash of the tree of that size (RFC 9162), in hex.")
    at = models.DateTimeField()
    note = models.TextField()

    class Meta:
        verbose_name, verbose_name_plural = "head", "ledger"
        ordering = ["-pk"]
        default_permissions = ()  # heads are public
        constraints = [
            models.CheckConstraint(
                condition=Q(size__gte=1) & ~Q(root="") & ~Q(note=""), name="checkpoint_has_size_root_and_note"
            ),
        ]

    def __str__(self) -> str:
        return f"Checkpoint of {self.size} records"


class HeadDelivery(models.Model):
    """How far the heads have come on one way out: the newest that arrived, and the last failure since."""

    channel = models.CharField(max_length=20, unique=True)
    checkpoint = models.ForeignKey(Checkpoint, null=True, on_delete=models.PROTECT, related_name="+")
    delivered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    error = models.CharField(max_length=500, default="")

    class Meta:
        ordering = ["channel"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.channel
