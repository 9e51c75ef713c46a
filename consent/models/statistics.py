"""How many chose what, day by day: counts that stay when the records behind them are erased or pruned."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from consent.models.bases import AppendOnly
from consent.models.notices import Notice


class ClosedDay(AppendOnly):
    """A day (UTC) whose choices are counted permanently. Days are closed in order, without gaps."""

    date = models.DateField(primary_key=True)
    records = models.PositiveIntegerField(help_text="How many choices were recorded.")
    closed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.date}"


class DailyChoices(AppendOnly):
    """How often a category was accepted and refused on a closed day, by everything that the records tell of a choice.

    Every choice answers every category of its notice, so within a date, notice, language, surface and action all
    categories have the same sum.
    """

    date = models.DateField(db_index=True)  # asked for by periods
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=10)
    surface = models.CharField(max_length=11)
    action = models.CharField(max_length=10)
    category = models.CharField(max_length=32, help_text="Its short name. Required categories are not counted.")
    accepted = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()

    class Meta:
        verbose_name = verbose_name_plural = "statistics"
        ordering = ["date", "notice", "category"]
        default_permissions = ()
        permissions = [("view_statistics", "Can view statistics of choices")]
        constraints = [
            models.UniqueConstraint(
                fields=["date", "notice", "language", "surface", "action", "category"], name="daily_choices_once"
            ),
            models.CheckConstraint(
                condition=Q(accepted__gt=0) | Q(refused__gt=0), name="daily_choices_count_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.category}: {self.accepted} accepted, {self.refused} refused"
