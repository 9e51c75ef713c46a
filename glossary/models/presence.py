"""Who has a term open in the form just now. Nothing depends on it but what the form shows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from glossary.models.terms import Term

# The form says every 20 seconds that it is still open; after three beats that didn't come it counts as closed.
PRESENT_FOR = timedelta(seconds=60)


class PresenceQuerySet(models.QuerySet["Presence"]):
    def now(self, *, at: datetime) -> PresenceQuerySet:
        """Those that were heard of within the last :data:`PRESENT_FOR`."""
        return self.filter(seen_at__gt=at - PRESENT_FOR)


class Presence(models.Model):
    """One person who has one term open. A row is overwritten by each beat and deleted when it expires."""

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)  # who has gone is removed with each sign of somebody else

    objects = PresenceQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["term", "user"], name="presence_once_per_term_and_user")]

    def __str__(self) -> str:
        return f"{self.user} at {self.term}"
