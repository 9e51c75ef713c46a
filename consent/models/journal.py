"""The order in which notices, events and closed days entered the journal, and the hash that each had then."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from consent.models.bases import AppendOnly


class JournalEntry(AppendOnly):
    """A notice, event or closed day as it was when its turn came. Signed heads name the newest entry's ``chain``.

    Its hash is that of a document with the row's content, in the form that ``schema`` says: see
    :mod:`consent.ledger.journal`.
    """

    class Kind(models.TextChoices):
        NOTICE = "notice", "notice"
        EVENT = "event", "event"
        DAY = "day", "day of statistics"

    number = models.PositiveBigIntegerField(unique=True, help_text="Begins at 1, without gaps.")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    row = models.BigIntegerField(
        help_text="Its primary key; for a day of statistics, the number of the day in the calendar."
    )
    schema = models.PositiveSmallIntegerField(help_text="The version of the form of the hashed document.")
    sha256 = models.CharField("SHA-256", max_length=64)
    chain = models.CharField(max_length=64, help_text="Hash over this entry and the chain of the entry before.")

    class Meta:
        ordering = ["-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["kind", "row"], name="journal_entry_of_a_row_once"),
            models.CheckConstraint(
                condition=Q(number__gte=1, kind__in=["notice", "event", "day"]) & ~Q(sha256="") & ~Q(chain=""),
                name="journal_entry_says_what",
            ),
        ]

    def __str__(self) -> str:
        return f"Entry {self.number} of the journal"
