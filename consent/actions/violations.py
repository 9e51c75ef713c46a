"""Store what browsers refused, mark it as seen, and delete old reports."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from consent.models import Violation
from consent.models.violations import MOST_KINDS
from consent.services.reports import Refused

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: How long a kind is kept that doesn't happen any more.
KEPT = timedelta(days=90)
LOCK = 0x636F6E73656E75  # of the advisory lock: "consenu", beside the ledger's


@transaction.atomic
def count_violation(*, refused: Refused, times: int, at: datetime) -> None:
    """Add ``times`` reports of the same kind to its row, or to that of all others when there are too many kinds.

    One UPDATE for a kind that is known, which is every time but the first. Reports that come at once are all counted.
    """
    today = at.astimezone(UTC).date()
    if _add(refused.directive, refused.blocked, times, today):
        return
    # Before any row is locked, so that two of these can't wait for one another.
    _one_new_kind_at_a_time()
    if _add(refused.directive, refused.blocked, times, today):
        return
    directive, blocked = refused.directive, refused.blocked
    if Violation.objects.exclude(directive="").count() >= MOST_KINDS:
        directive = blocked = ""
        if _add(directive, blocked, times, today):
            return
    Violation.objects.create(directive=directive, blocked=blocked, count=times, first_date=today, last_date=today)


@transaction.atomic
def dismiss_violations(*, violations: Collection[Violation], by: User, at: datetime) -> int:
    """Put these away until they happen again on a later day. Returns how many."""
    return Violation.objects.filter(pk__in=[violation.pk for violation in violations]).update(
        seen_date=at.astimezone(UTC).date(), seen_by=by
    )


@transaction.atomic
def forget_violations(*, violations: Collection[Violation]) -> int:
    """Remove these, as if they had never been reported: it makes room for other kinds. Returns how many."""
    return Violation.objects.filter(pk__in=[violation.pk for violation in violations]).delete()[0]


@transaction.atomic
def prune_violations(*, at: datetime) -> int:
    """Remove what hasn't happened for :data:`KEPT`. Returns how many."""
    return Violation.objects.filter(last_date__lt=at.astimezone(UTC).date() - KEPT).delete()[0]


def _add(directive: str, blocked: str, times: int, today: date) -> int:
    return Violation.objects.filter(directive=directive, blocked=blocked).update(
        count=F("count") + times, last_date=Greatest(F("last_date"), today)
    )


def _one_new_kind_at_a_time() -> None:
    """Wait for others that add a kind, until the end of the transaction; SQLite has the write lock from its start."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
