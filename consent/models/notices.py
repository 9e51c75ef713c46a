"""Notices as they were shown, and the count of what changed in public."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from consent.models.bases import AppendOnly


class NoticeQuerySet(models.QuerySet["Notice"]):
    def live(self, language: str) -> Notice | None:
        """Return the notice that visitors are asked with now, or ``None`` before the first."""
        return self.filter(language=language).order_by("-number").first()


class Notice(AppendOnly):
    """The exact text that visitors were asked with, frozen and named by its hash. The newest per language is live."""

    number = models.PositiveIntegerField(unique=True)
    language = models.CharField(max_length=10)
    document = models.JSONField(help_text="The notice, whole.")
    sha256 = models.CharField(
        "SHA-256", max_length=64, unique=True, help_text="Hash of the document's canonical form (RFC 8785)."
    )
    material = models.BooleanField(help_text="Whether visitors who had chosen before are asked again.")
    reason = models.CharField(max_length=500)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    published_by_name = models.CharField(max_length=200)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        default_permissions = ("view",)
        permissions = [("publish_notice", "Can publish a notice")]
        constraints = [
            models.CheckConstraint(
                condition=Q(number__gte=1) & ~Q(language="") & ~Q(reason="") & ~Q(published_by_name=""),
                name="notice_says_number_language_reason_and_by",
            ),
        ]

    def __str__(self) -> str:
        return f"Notice {self.number} ({self.language})"


class Edition(models.Model):
    """A single row that counts changes of what public pages and their headers show of consent."""

    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="consent_edition_is_one_row")]

    def __str__(self) -> str:
        return str(self.number)
