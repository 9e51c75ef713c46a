"""When a published term is to be reviewed again."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from django.conf import settings

from glossary.models import Approval


def next_review(approval: Approval, review_months: int | None) -> date:
    """Return the day on which what was approved is due for review; ``None`` months are the site's default."""
    return months_after(approval.approved_at.date(), review_months or settings.GLOSSARY_REVIEW_MONTHS)


def months_after(day: date, months: int) -> date:
    """Return the day that many months later, the last of the month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
