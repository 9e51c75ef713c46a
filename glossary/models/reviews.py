"""Review by a second clinician: what was submitted, what was said about it, and the approvals of a text."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from glossary.models.history import AppendOnly, Revision
from glossary.models.terms import Term


class Credentials(models.Model):
    """What stands behind a reviewer's name, on the page and in the record of an approval."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="credentials")
    text = models.CharField(max_length=200, help_text="For example “MD, consultant endocrinologist”.")

    class Meta:
        verbose_name_plural = "credentials"

    def __str__(self) -> str:
        return self.text


class ReviewQuerySet(models.QuerySet["Review"]):
    def open(self) -> ReviewQuerySet:
        """Reviews that wait for a decision."""
        return self.filter(status=Review.Status.OPEN)


class Review(models.Model):
    """One submission of one revision, and what became of it. Changed only by ``glossary.actions.reviewing``."""

    class Status(models.TextChoices):
        OPEN = "open", "In review"
        APPROVED = "approved", "Approved"
        SENT_BACK = "sent_back", "Changes requested"
        WITHDRAWN = "withdrawn", "Withdrawn"
        OVERTAKEN = "overtaken", "Replaced by a newer revision"

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="reviews")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="reviews")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    note = models.CharField(max_length=500, blank=True)
    submitted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    submitted_by_name = models.CharField(max_length=200)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="reviews_asked",
        help_text="The reviewer who is asked. Empty for any reviewer.",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=1000, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-submitted_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["term"],
                condition=Q(status="open"),
                name="review_one_open_per_term",
                violation_error_message="This term is already in review.",
            ),
            models.CheckConstraint(
                condition=Q(status="open", decided_at__isnull=True, decided_by_name="")
                | (~Q(status="open") & Q(decided_at__isnull=False) & ~Q(decided_by_name="")),
                name="review_decided_at_with_by",
            ),
            models.CheckConstraint(
                condition=~Q(status="sent_back") | ~Q(reason=""), name="review_sent_back_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"Review of {self.revision}"


class ReviewComment(AppendOnly):
    """A remark on one section of what is in review."""

    class Section(models.TextChoices):
        GENERAL = "general", "The whole term"
        DEFINITION = "definition", "Definition"
        ORIGIN = "origin", "Origin"
        MECHANISM = "mechanism", "Mechanism"
        INSIGHTS = "insights", "Related insights"
        NAMES = "names", "Title and synonyms"
        REFERENCES = "references", "References"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="comments")
    section = models.CharField(max_length=10, choices=Section.choices, default=Section.GENERAL)
    text = models.CharField(max_length=2000)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["created_at", "pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.text[:60]


class Approval(AppendOnly):
    """A clinician's signature on the clinical content of a revision, of which they wrote nothing.

    It binds to the hash of that content (``glossary.document.documents.clinical_sha256``), so a change of a tag leaves
    it valid. A database trigger refuses an approval by anybody who saved a revision since the last approved one. An
    emergency approval is none: it says that a superuser published without review, and why.
    """

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="approvals")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="approvals")
    clinical_sha256 = models.CharField(max_length=64)
    review = models.ForeignKey(Review, null=True, on_delete=models.PROTECT, related_name="+")
    emergency = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True)
    approved_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    approved_by_name = models.CharField(max_length=200)
    credentials = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-approved_at", "-pk"]
        default_permissions = ("view",)
        # Whether somebody stands for a text is asked with each publication.
        indexes = [models.Index(fields=["term", "clinical_sha256"], name="approval_by_content")]
        constraints = [
            models.CheckConstraint(
                condition=Q(emergency=False, review__isnull=False) | (Q(emergency=True) & ~Q(reason="")),
                name="approval_by_review_or_emergency_with_reason",
                violation_error_message="An emergency publication needs a reason.",
            ),
        ]

    def __str__(self) -> str:
        kind = "Published without review" if self.emergency else "Approved"
        return f"{kind} by {self.approved_by_name}"


class ScheduledChange(models.Model):
    """Something that shall happen to a term at a time. Carried out, once, by ``publish_due``."""

    class Verb(models.TextChoices):
        PUBLISH = "publish", "publish"
        RETIRE = "retire", "retire"

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="scheduled")
    verb = models.CharField(max_length=8, choices=Verb.choices)
    revision = models.ForeignKey(Revision, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    successor = models.ForeignKey(
        Term,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The term that replaces a retired term.",
    )
    due_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by_name = models.CharField(max_length=200)
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["term", "verb"],
                condition=Q(done_at__isnull=True),
                name="scheduled_once_per_term_and_verb",
                violation_error_message="This change is already scheduled.",
            ),
            models.CheckConstraint(
                condition=Q(verb="publish", revision__isnull=False) | Q(verb="retire", revision__isnull=True),
                name="scheduled_publication_names_its_revision",
            ),
            models.CheckConstraint(
                condition=Q(successor__isnull=True) | (Q(verb="retire") & ~Q(successor=F("term"))),
                name="scheduled_successor_of_retirement",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, outcome="") | (Q(done_at__isnull=False) & ~Q(outcome="")),
                name="scheduled_done_at_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.term}"
