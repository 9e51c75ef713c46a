"""Store the result of an audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from consent.models import AuditFinding, AuditRun

#: Of each finding so many pages and details are kept: enough to find it. The report in DATA_DIR has them all.
KEPT = 20


def record_audit(
    *,
    host: str,
    is_copy: bool,
    notice_sha256: str,
    browser: str,
    pages: int,
    states: int,
    choices: int,
    findings: Sequence[AuditFinding],
    left_out: Sequence[str],
    started_at: datetime,
    at: datetime,
) -> AuditRun:
    """Keep what a whole audit of this site came to. ``findings`` is empty when it passed; ``at`` is when it ended."""
    return AuditRun.objects.create(
        at=at,
        seconds=max(0, round((at - started_at).total_seconds())),
        host=host,
        is_copy=is_copy,
        notice_sha256=notice_sha256,
        browser=browser,
        pages=pages,
        states=states,
        choices=choices,
        found=len(findings),
        findings=[
            finding | {"pages": finding["pages"][:KEPT], "details": finding["details"][:KEPT]} for finding in findings
        ],
        left_out=list(left_out),
    )
