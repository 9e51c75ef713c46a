"""What readers looked for and did not find."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class MissingTermQuerySet(models.QuerySet["MissingTerm"]):
    def waiting(self) -> MissingTermQuerySet:
        """Texts that nobody dismissed."""
        return self.filter(dismissed_at__isnull=True)


class MissingTerm(models.Model):
    """A text that was searched for and found nothing, and on which days first and last. Nothing of whoever did."""

    text = models.CharField("looked for", max_length=60, unique=True)
    times = models.PositiveIntegerField(default=1)
    # How many are new today is counted with each of them, and what is long ago is removed each day.
    first_date = models.DateField("first", db_index=True)
    last_date = models.DateField("last", db_index=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    dismissed_by_name = models.CharField(max_length=200, blank=True)

    objects = MissingTermQuerySet.as_manager()

    class Meta:
        ordering = ["-times", "-last_date", "text"]
        default_permissions = ("view",)
        permissions = [("dismiss_missingterm", "Can dismiss a missing term")]
        constraints = [
            models.CheckConstraint(
                condition=Q(dismissed_at__isnull=True) | ~Q(dismissed_by_name=""), name="missing_term_dismissed_by"
            )
        ]

    def __str__(self) -> str:
        return self.text
