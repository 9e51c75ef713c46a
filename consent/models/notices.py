"""Notices as they were shown, and the count of what changed in public."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from consent.models.bases import AppendOnly
from consent.notice import wording
from consent.notice.languages import name_of as name_of_language


class NoticeQuerySet(models.QuerySet["Notice"]):
    def newest(self) -> NoticeQuerySet:
        """The notice of each language that no other has replaced."""
        newer = Notice.objects.filter(language=OuterRef("language"), number__gt=OuterRef("number"))
        return self.filter(~Exists(newer))

    def live_in(self, languages: Sequence[str]) -> NoticeQuerySet:
        """The notice of each of these languages that visitors are asked with now."""
        if len(languages) == 1:  # as on most sites, for which there is nothing to compare
            return self.filter(language=languages[0]).order_by("-number")[:1]
        return self.newest().filter(language__in=languages)

    def live(self, language: str) -> Notice | None:
        """Return the notice that visitors are asked with now, or ``None`` before the first."""
        return self.filter(language=language).order_by("-number").first()


class Notice(AppendOnly):
    """The exact text that visitors were asked with, frozen and named by its hash. The newest per language is live."""

    number = models.PositiveIntegerField(unique=True)
    language = models.CharField(max_length=10)
    document = models.JSONField(help_text="The complete notice.")
    sha256 = models.CharField(
        "SHA-256", max_length=64, unique=True, help_text="Hash of the document's canonical form (RFC 8785)."
    )
    material = models.BooleanField(help_text="Whether visitors who chose before are asked again.")
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


class NoticeText(models.Model):
    """The words of the next notice in one language: the operators' working copy. Visitors are bound by notices only."""

    language = models.CharField(max_length=10, unique=True)
    words = models.JSONField(default=dict, help_text="The keys of consent.notice.wording.TEXT.")
    names = models.JSONField(
        default=dict,
        blank=True,
        help_text="Names and purposes of categories, cookies and services in this language. Empty in English, because "
        "they are stored with each of them.",
    )
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["language"]
        verbose_name = "text of the notice"
        verbose_name_plural = "texts of the notice"
        # Notices of the past keep their words; a language is switched off in the settings.
        default_permissions = ("view", "add", "change")

    def __str__(self) -> str:
        return name_of_language(self.language)

    @property
    def said(self) -> dict[str, str]:
        """The words, in English with those that a newer release brought and nobody has edited yet."""
        words: dict[str, str] = self.words
        return {**wording.TEXT, **words} if self.language == wording.LANGUAGE else words


class ContentVersion(models.Model):
    """A single row that counts changes of what public pages and their headers show of consent."""

    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="consent_content_version_is_one_row")]

    def __str__(self) -> str:
        return str(self.number)
