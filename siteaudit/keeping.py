"""Store the result of an audit for the admin."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from consent.actions import record_audit
from consent.models import AuditRun
from siteaudit.reporting import Audit, finding_as_json


def store_audit(audit: Audit) -> AuditRun | None:
    """Store a complete audit of this site in its database, and return what was stored.

    Partial audits and audits of other sites are not stored: then ``None`` is returned.
    """
    if not audit.is_whole or not (audit.is_copy or audit.site == settings.SITE_URL):
        return None
    return record_audit(
        host=urlsplit(settings.SITE_URL).netloc,
        is_copy=audit.is_copy,
        notice_sha256=audit.declaration.sha256,
        browser=audit.seen.browser,
        pages=len(audit.seen.pages),
        states=len(audit.seen.states),
        choices=audit.seen.records,
        findings=[finding_as_json(finding) for finding in audit.findings],
        left_out=audit.left_out,
        started_at=audit.started_at,
        at=audit.finished_at,
    )
