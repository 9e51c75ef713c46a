"""What was done with consent data, except recording choices."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from consent.models.bases import AppendOnly

VISITOR = "visitor"
SCHEDULE = "schedule"


class ConsentEvent(AppendOnly):
    """Who did what with consent's data, and when. Never names a visitor: no receipt, and no name but an operator's.

    ``details`` holds counts and indexes in the ledger, or which service was changed in what. Each sealing leaves a
    :class:`Checkpoint` instead.
    """

    class Verb(models.TextChoices):
        WITHDREW = "withdrew", "withdrew consent"
        ERASED = "erased", "erased a record"
        PRUNED = "pruned", "removed expired records"
        VERIFIED = "verified", "verified the ledger"
        ROTATED = "rotated", "changed the signing key"
        EXPORTED = "exported", "exported records"
        SERVICE = "service", "changed a service"
        APPROVED = "approved", "approved start code"

    verb = models.CharField(max_length=20, choices=Verb.choices)
    at = models.DateTimeField(db_index=True)  # listed from the newest
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200, help_text=f"A person, “{VISITOR}” or “{SCHEDULE}”.")
    details = models.JSONField(default=dict, help_text="Numbers, places in the ledger, or what changed in a service.")

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~Q(verb="") & ~Q(by_name=""), name="consent_event_says_what_and_by"),
        ]

    def __str__(self) -> str:
        return f"{self.by_name} {self.get_verb_display()}"
