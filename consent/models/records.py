"""Choices as they were made."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from consent.ledger import receipt_hash
from consent.models.bases import AppendOnly
from consent.models.notices import Notice


class ConsentRecordQuerySet(models.QuerySet["ConsentRecord"]):
    def held_by(self, receipt: str) -> ConsentRecordQuerySet:
        """The record that this receipt opens; none for an empty or unknown one."""
        return self.filter(receipt_sha256=receipt_hash(receipt)) if receipt else self.none()


class ConsentRecord(AppendOnly):
    """One choice of one visitor. Never holds an address, a user agent or a page."""

    class Action(models.TextChoices):
        ACCEPT_ALL = "accept_all", "Accepted all"
        REJECT_ALL = "reject_all", "Rejected all"
        SAVE = "save", "Chose"
        WITHDRAW = "withdraw", "Withdrew"

    class Surface(models.TextChoices):
        BANNER = "banner", "Banner"
        PREFERENCES = "preferences", "Preferences page"

    # Never the receipt itself: whoever holds that can act for the visitor, and a database has many readers.
    receipt_sha256 = models.CharField(
        "receipt (SHA-256)",
        max_length=64,
        unique=True,
        help_text="Hash of the visitor's key to this record. Only she has the key.",
    )
    created_at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField()
    action = models.CharField(max_length=10, choices=Action.choices)
    answers = models.JSONField(help_text="Every category of the notice, and whether it was accepted.")
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="records")
    language = models.CharField(max_length=10)
    surface = models.CharField(max_length=11, choices=Surface.choices)
    gpc = models.BooleanField("GPC seen", help_text="Whether the browser sent Global Privacy Control.")
    # What proves that the row is as it was written: see consent.ledger.
    salt = models.CharField(max_length=32)
    leaf = models.CharField(max_length=64)
    mac = models.CharField("MAC", max_length=64)

    objects = ConsentRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=["accept_all", "reject_all", "save", "withdraw"]),
                name="consent_record_action_known",
            ),
            models.CheckConstraint(
                condition=Q(surface__in=["banner", "preferences"]), name="consent_record_surface_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="consent_record_expires_after_creation"
            ),
            models.CheckConstraint(
                condition=~Q(receipt_sha256="") & ~Q(salt="") & ~Q(leaf="") & ~Q(mac=""),
                name="consent_record_has_receipt_and_proof",
            ),
        ]

    def __str__(self) -> str:
        return f"Record {self.receipt_sha256[:8]}…"

    @property
    def accepted(self) -> list[str]:
        """The varnames that were accepted, required ones included, in alphabetical order."""
        return sorted(varname for varname, answer in self.answers.items() if answer)
