"""What is written once: revisions, and what was done with them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from glossary.models.fields import TermDocumentField
from glossary.models.terms import Term


class AppendOnly(models.Model):
    """A row that is written once. Database triggers refuse UPDATE and DELETE (migration ``append_only``)."""

    class Meta:
        abstract = True


class Revision(AppendOnly):
    """A whole term document, frozen at a save and named by its hash."""

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    document = TermDocumentField(help_text="The term document, whole.")
    sha256 = models.CharField("SHA-256", max_length=64, help_text="Hash of the document's canonical form (RFC 8785).")
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["term", "number"], name="revision_number_once_per_term"),
            models.CheckConstraint(
                condition=Q(number=1, parent__isnull=True) | Q(number__gt=1, parent__isnull=False),
                name="revision_after_the_first_has_parent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document['title']}, revision {self.number}"


class Event(AppendOnly):
    """What somebody did to a term beside editing it: who, when, what, from which revision to which, and why."""

    class Verb(models.TextChoices):
        SUBMITTED = "submitted", "submitted for review"
        WITHDRAWN = "withdrawn", "withdrew from review"
        OVERTAKEN = "overtaken", "edited while in review"
        SENT_BACK = "sent_back", "asked for changes"
        APPROVED = "approved", "approved"
        EMERGENCY = "emergency", "published without review"
        SCHEDULED = "scheduled", "scheduled"
        UNSCHEDULED = "unscheduled", "cancelled the schedule of"
        FAILED = "failed", "could not carry out the schedule of"
        RESTORED = "restored", "restored"
        PLANNED = "planned", "planned the review of"
        DISMISSED = "dismissed", "looked again at, and kept"
        SEAL_BROKEN = "seal_broken", "ended the approval of"
        PUBLISHED = "published", "published"
        RETIRED = "retired", "retired"
        UNLINKED = "unlinked", "switched off links to a name of"
        LINKED = "linked", "switched on links to a name of"

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="events")
    verb = models.CharField(max_length=20, choices=Verb.choices)
    revision = models.ForeignKey(Revision, null=True, on_delete=models.PROTECT, related_name="+")
    previous_revision = models.ForeignKey(Revision, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-created_at", "-pk"]
        # The feed's newest publications, without sorting a history of years.
        indexes = [models.Index(fields=["-created_at", "-id"], condition=Q(verb="published"), name="event_published")]

    def __str__(self) -> str:
        return f"{self.term} {self.verb}"
