"""Write the result of an audit: for people (HTML), for programs (JSON), and every request (HAR 1.2)."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.template.loader import render_to_string

from consent.models import AuditFinding
from siteaudit.declared import Declaration, origin_of
from siteaudit.judging import Finding
from siteaudit.observed import SeenRequest, SiteSeen, StateSeen

SCHEMA = "consent-audit/1"
FILES = ("report.html", "report.json", "requests.har")

KINDS = {
    "glossary:home": "Front page",
    "glossary:index": "A–Z",
    "glossary:letter": "A letter",
    "glossary:term": "Term",
    "glossary:revisions": "History of a term",
    "glossary:revision": "A revision",
    "glossary:tags": "Topics",
    "glossary:tag": "A topic",
    "glossary:search": "Search",
    "consent:preferences": "Cookie preferences",
    "consent:receipt": "Receipt",
    "consent:notice_list": "All notices",
    "consent:notice": "A notice",
    "consent:heads": "Checkpoints of the ledger",
}


@dataclass(frozen=True, slots=True)
class Audit:
    """A finished audit. ``is_whole`` means of all states, on a sample of all pages.

    ``left_out`` says in words what it did not check.
    """

    site: str
    is_copy: bool
    is_whole: bool
    started_at: datetime
    finished_at: datetime
    declaration: Declaration
    seen: SiteSeen
    findings: list[Finding]
    left_out: list[str]

    @property
    def is_clean(self) -> bool:
        return not self.findings


def write_report(audit: Audit, folder: Path) -> list[Path]:
    """Write the three files into ``folder``, which is created, and return their paths. ``OSError`` passes through."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = (
        as_html(audit),
        json.dumps(as_json(audit), indent=2, ensure_ascii=False) + "\n",
        json.dumps(as_har(audit), indent=1, ensure_ascii=False) + "\n",
    )
    paths = [folder / name for name in FILES]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content, encoding="utf-8")
    return paths


def as_json(audit: Audit) -> dict[str, Any]:
    """Return the audit as ``docs/reference/audit-report.md`` describes it."""
    site = origin_of(audit.site)
    return {
        "schema": SCHEMA,
        "verdict": "clean" if audit.is_clean else "findings",
        "site": audit.site,
        "throwaway_copy": audit.is_copy,
        "whole": audit.is_whole,
        "started_at": audit.started_at.isoformat(timespec="seconds"),
        "finished_at": audit.finished_at.isoformat(timespec="seconds"),
        "browser": audit.seen.browser,
        "notice": {
            "number": audit.declaration.number,
            "sha256": audit.declaration.sha256,
            "language": audit.declaration.language,
        },
        "consent_records_caused": audit.seen.records,
        "left_out": audit.left_out,
        "findings": [finding_as_json(finding) for finding in audit.findings],
        "pages": [{"path": page.path, "kind": page.kind} for page in audit.seen.pages],
        "states": [
            {
                "name": seen.state.name,
                "title": seen.state.title,
                "accepts": sorted(seen.state.accepts | ({seen.state.service} - {""})),
                "presses": seen.clicks,
                "requests": len(seen.requests),
                "third_parties": _third_parties(seen, site),
                "cookies": [asdict(cookie) for cookie in seen.cookies],
                "storage": [asdict(key) for key in seen.keys],
            }
            for seen in audit.seen.states
        ],
        "buttons": [
            asdict(pair)
            | {
                name: asdict(b) | {"contrast": round(b.contrast, 2)}
                for name in ("reject", "accept")
                if (b := getattr(pair, name))
            }
            for pair in audit.seen.buttons
        ],
        "declared": {
            "cookies": [asdict(cookie) for cookie in audit.declaration.cookies],
            "recipients": [asdict(recipient) for recipient in audit.declaration.recipients],
        },
    }


def finding_as_json(finding: Finding) -> AuditFinding:
    """Return a finding as ``report.json`` and the database contain it."""
    as_json: AuditFinding = {
        "code": finding.code,
        "title": finding.title,
        "what": finding.what,
        "culprit": finding.culprit,
        "advice": finding.advice,
        "refused_by_browser": finding.refused,
        "pages": finding.pages,
        "states": finding.states,
        "details": finding.details,
    }
    if finding.declare:
        as_json["declare"] = finding.declare
    return as_json


def as_html(audit: Audit) -> str:
    """Return the report as one HTML page that needs no other file."""
    site = origin_of(audit.site)
    return render_to_string(
        "siteaudit/audit_report.html",
        {
            "audit": audit,
            "declaration": audit.declaration,
            "seconds": (audit.finished_at - audit.started_at).total_seconds(),
            "states": [
                {
                    "seen": seen,
                    "third_parties": _third_parties(seen, site),
                    "cookies": sorted({cookie.name for cookie in seen.cookies}),
                    "keys": sorted({key.key for key in seen.keys}),
                    "findings": sum(seen.state.title in finding.states for finding in audit.findings),
                }
                for seen in audit.seen.states
            ],
            "pages": [(page.path, KINDS.get(page.kind, "Page")) for page in audit.seen.pages],
            "pairs": [pair for pair in audit.seen.buttons if pair.reject and pair.accept],
        },
    )


def as_har(audit: Audit) -> dict[str, Any]:
    """Return every request of every state as an HTTP Archive 1.2. Names with ``_`` are ours, as the format allows."""
    pages, entries = [], []
    for seen in audit.seen.states:
        numbered: dict[str, str] = {}
        for request in seen.requests:
            if request.page not in numbered:
                numbered[request.page] = f"{seen.state.name}-{len(numbered) + 1}"
                pages.append(
                    {
                        "startedDateTime": _time(request, audit),
                        "id": numbered[request.page],
                        "title": f"{seen.state.title}: {request.page}",
                        "pageTimings": {},
                    }
                )
            entries.append(_entry(request, numbered[request.page], seen.state.name, audit))
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Clinical Glossary audit_site", "version": SCHEMA.rpartition("/")[2]},
            "browser": {
                "name": audit.seen.browser.partition(" ")[0],
                "version": audit.seen.browser.partition(" ")[2],
            },
            "pages": pages,
            "entries": entries,
        }
    }


def _entry(request: SeenRequest, page: str, state: str, audit: Audit) -> dict[str, Any]:
    body = {}
    if request.body:
        try:
            text, encoding = request.body.decode(), {}
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(request.body).decode(), {"_encoding": "base64"}
        kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
        body = {"postData": {"mimeType": kind, "text": text, **encoding}}
    return {
        "pageref": page,
        "startedDateTime": _time(request, audit),
        "time": round(request.milliseconds, 3),
        "request": {
            "method": request.method,
            "url": request.url,
            "httpVersion": request.protocol,
            "cookies": [],
            "headers": _headers(request.headers),
            "queryString": [
                {"name": name, "value": value}
                for name, value in parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
            ],
            "headersSize": -1,
            "bodySize": len(request.body),
            **body,
        },
        "response": {
            "status": request.status,
            "statusText": request.status_text,
            "httpVersion": request.protocol,
            "cookies": [],
            "headers": _headers(request.response_headers),
            "content": {"size": -1, "mimeType": request.mime_type},
            "redirectURL": next(
                (value for name, value in request.response_headers.items() if name.lower() == "location"), ""
            ),
            "headersSize": -1,
            "bodySize": request.size or -1,
            "_error": request.failure,
        },
        "cache": {},
        "timings": {"send": 0, "wait": round(request.milliseconds, 3), "receive": 0},
        "_initiator": request.initiator,
        "_resourceType": request.kind,
        "_state": state,
    }


def _headers(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, lines in headers.items() for value in lines.split("\n")]


def _time(request: SeenRequest, audit: Audit) -> str:
    return (request.started_at or audit.started_at).isoformat(timespec="milliseconds")


def _third_parties(seen: StateSeen, site: str) -> list[str]:
    return sorted({target for request in seen.watched if (target := origin_of(request.url)) and target != site})
