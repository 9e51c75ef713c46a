"""The results of the last audits of the site, summarised for operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timesince import timesince

from consent.models import AuditRun

AUDITED_WITHIN = timedelta(days=2)
COMMAND = "manage.py audit_site"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One sentence about the last audit, and the audit itself if there was one."""

    text: str
    run: AuditRun | None = None
    is_warning: bool = True


def audit_lines(*, at: datetime) -> list[AuditLine]:
    """Return what to say of the last audit of the public address and of the last one of a copy. Two queries.

    Neither replaces the other: a copy has no proxy, and the public site lacks changes that are not deployed.
    """
    runs = [run for is_copy in (False, True) if (run := AuditRun.objects.filter(is_copy=is_copy).first())]
    if not runs:
        return [AuditLine("No audit has yet checked whether the site does what its notice says.")]
    newest = max(runs, key=lambda run: run.at)
    return [_line(run, is_late=run == newest and at - run.at > AUDITED_WITHIN, at=at) for run in runs]


def _line(run: AuditRun, *, is_late: bool, at: datetime) -> AuditLine:
    # Only the larger unit: "2 hours ago" and not "2 hours, 13 minutes ago".
    ago = timesince(run.at, at, depth=1).replace("\xa0", " ")
    what = f"Last audit{' of a copy' if run.is_copy else f' of {run.host}'}: {run.verdict}, {ago} ago."
    if is_late:
        what += f" That is more than {AUDITED_WITHIN.days} days. Check that the schedule is running."
    return AuditLine(what, run, is_warning=is_late or not run.passed)
