"""Checks that operators start in the admin: of the ledger and of the site."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

#: A check says that it is alive every few seconds. One that has been silent for this long has ended.
SILENT = timedelta(minutes=1)


class CheckRunQuerySet(models.QuerySet["CheckRun"]):
    def going_on(self, *, at: datetime) -> CheckRunQuerySet:
        """Return the checks that have not ended, as far as anybody can tell."""
        return self.filter(finished_at__isnull=True, alive_at__gt=at - SILENT)


class CheckRun(models.Model):
    """A verification or an audit that somebody asked for, how far it has come, and its result.

    A process of its own does the work. If it is killed nobody says so: ``alive_at`` stays behind instead.
    """

    class Kind(models.TextChoices):
        VERIFY = "verify", "Verification of the ledger"
        AUDIT = "audit", "Audit of a copy of the site"

    kind = models.CharField(max_length=6, choices=Kind.choices)
    asked_at = models.DateTimeField("asked for")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField()
    progress = models.CharField(max_length=500, blank=True)
    finished_at = models.DateTimeField("finished", null=True)
    passed = models.BooleanField(null=True)
    outcome = models.TextField("result", blank=True)
    mail = models.CharField(
        max_length=500, blank=True, help_text="Who received the result by email, or why it was not sent."
    )

    objects = CheckRunQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "check", "checks"
        ordering = ["-asked_at", "-pk"]
        default_permissions = ("view",)
        permissions = [("start_checkrun", "Can verify the ledger and audit the site")]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, passed__isnull=True, outcome="")
                | (Q(finished_at__gte=F("started_at"), passed__isnull=False) & ~Q(outcome="")),
                name="check_run_has_a_result_when_finished",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def is_going_on(self) -> bool:
        return self.finished_at is None and timezone.now() - self.alive_at < SILENT

    @property
    def state(self) -> str:
        """How it stands, in words."""
        if self.finished_at is not None:
            return "Passed" if self.passed else "Failed"
        if self.is_going_on:
            return "Running" if self.started_at else "Starting"
        return "Did not finish" if self.started_at else "Did not start"
