"""Audits that were carried out, as rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from consent.actions import record_audit
from consent.models import AuditFinding, AuditRun


def audit_finding(**fields: Any) -> AuditFinding:
    """Return a finding of an audit: a cookie that nobody declared."""
    finding: AuditFinding = {
        "code": "undeclared-cookie",
        "title": "A cookie that the notice does not name",
        "what": "The cookie _ga was set, and the notice does not name it.",
        "culprit": "Page counter (https://stats.example.org/counter.js)",
        "advice": "Declare it with its purpose and lifetime and publish the notice, or stop it from being set.",
        "refused_by_browser": False,
        "pages": ["/glossary/oestradiol/"],
        "states": ["Before any choice"],
        "details": ["GET https://stats.example.org/collect"],
    }
    finding.update(fields)  # type: ignore[typeddict-item]  # a test knows the names
    return finding


def audit_run(*findings: AuditFinding, at: datetime, **fields: Any) -> AuditRun:
    """Record an audit that ended at ``at``, passed unless there are ``findings``."""
    told: dict[str, Any] = {
        "host": "glossary.example.org",
        "is_copy": True,
        "notice_sha256": "5" * 64,
        "browser": "Chromium 140",
        "pages": 18,
        "states": 10,
        "choices": 8,
        "findings": findings,
        "left_out": [],
        "started_at": at - timedelta(seconds=95),
        "at": at,
    }
    return record_audit(**told | fields)
