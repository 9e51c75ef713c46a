"""Reports of browsers that refused something under the Content-Security-Policy, read strictly.

Two forms: the Reporting API's list (``application/reports+json``, which ``report-to`` asks for) and the older single
one (``application/csp-report``, ``report-uri``). Of each, two things come out of here: the directive that refused, and
what was refused as an origin or a keyword. Paths, queries, the page, the referrer, samples and the browser's name go
no further. See docs/adr/0120.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

API, LEGACY = "application/reports+json", "application/csp-report"
#: A hundred reports, which is what browsers keep for one page, with long policies.
MAX_BODY = 256 * 1024
#: More kinds than this in one body are no page's.
MOST_KINDS = 20

#: What of CSP Level 3 refuses something that a page does. Not `frame-ancestors`, which refuses other sites, nor
#: `sandbox` and the reporting directives.
DIRECTIVES = frozenset(
    (
        *("default-src", "script-src", "script-src-elem", "script-src-attr", "worker-src", "child-src"),
        *("style-src", "style-src-elem", "style-src-attr", "img-src", "font-src", "media-src", "object-src"),
        *("connect-src", "frame-src", "fenced-frame-src", "manifest-src", "prefetch-src"),
        *("base-uri", "form-action", "require-trusted-types-for", "trusted-types"),
    )
)
#: What browsers name instead of an address (CSP Level 3, section 5.2), and schemes without a host.
KEYWORDS = frozenset(
    (
        *("inline", "eval", "wasm-eval", "trusted-types-policy", "trusted-types-sink"),
        *("data", "blob", "filesystem", "javascript", "about", "ws", "wss"),
    )
)
#: Some browsers, and older ones, say it in another way.
SYNONYMS = {"self": "inline", "": "inline"}
SCHEMES = ("https", "http", "wss", "ws")
DEFAULT_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
#: A registered name in ASCII, as browsers write it; an IPv4 address is one too.
HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?)*")
IPV6 = re.compile(r"[0-9a-f:.]{2,45}")
MAX_ADDRESS = 8_192


class NotReports(ValueError):
    """The body isn't JSON in one of the two forms."""


@dataclass(frozen=True, slots=True, order=True)
class Refused:
    """What a browser refused: a directive, and an origin (``https://host``) or one of :data:`KEYWORDS`."""

    directive: str
    blocked: str


def read_reports(body: bytes, *, content_type: str, site: str) -> dict[Refused, int]:
    """Return what was refused on pages of ``site`` (its origin), and how often each. Anything else is left out.

    Raises :class:`NotReports` for a body that is neither form.
    """
    if content_type not in (API, LEGACY):
        raise NotReports(f"A report comes as {API} or {LEGACY}.")
    try:
        found = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise NotReports("The report isn't JSON in UTF-8.") from error
    reports = _listed(found) if content_type == API else _single(found)
    counted: Counter[Refused] = Counter()
    for directive, blocked, page, source in reports:
        refused = _read(directive, blocked, page, source, site=site)
        if refused and (refused in counted or len(counted) < MOST_KINDS):
            counted[refused] += 1
    return dict(counted)


def origin(address: str) -> str:
    """Return the origin of an address as browsers write it, without a default port; ``""`` when it has none."""
    if len(address) > MAX_ADDRESS:
        return ""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in SCHEMES:
        return ""
    if ":" in host:
        host = f"[{host}]" if IPV6.fullmatch(host) else ""
    elif not HOST.fullmatch(host):
        host = ""
    suffix = f":{port}" if port and port != DEFAULT_PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{host}{suffix}" if host else ""


def _listed(found: Any) -> Iterator[tuple[Any, Any, Any, Any]]:
    if not isinstance(found, list):
        raise NotReports(f"{API} is a list.")
    for report in found:
        if not isinstance(report, dict) or report.get("type") != "csp-violation":
            continue
        body = report.get("body")
        if isinstance(body, dict) and body.get("disposition", "enforce") == "enforce":
            page = body.get("documentURL", report.get("url"))
            yield body.get("effectiveDirective"), body.get("blockedURL"), page, body.get("sourceFile")


def _single(found: Any) -> Iterator[tuple[Any, Any, Any, Any]]:
    if not isinstance(found, dict):
        raise NotReports(f"{LEGACY} is an object.")
    body = found.get("csp-report")
    if isinstance(body, dict) and body.get("disposition", "enforce") == "enforce":
        # Browsers of Level 2 put the whole directive, values included, where Level 3 has its name.
        directive = body.get("effective-directive") or str(body.get("violated-directive", "")).partition(" ")[0]
        yield directive, body.get("blocked-uri"), body.get("document-uri"), body.get("source-file")


def _read(directive: Any, blocked: Any, page: Any, source: Any, *, site: str) -> Refused | None:
    if not isinstance(directive, str) or not isinstance(blocked, str | None) or not isinstance(page, str):
        return None
    # The page is looked at, so that nobody is told of other sites, and forgotten; the script that did it, because
    # extensions of browsers are not ours.
    if directive not in DIRECTIVES or origin(page) != site or _is_of_an_extension(source):
        return None
    blocked = (blocked or "").strip()
    word = SYNONYMS.get(blocked, blocked).partition(":")[0].lower()
    found = origin(blocked) or (word if word in KEYWORDS else "")
    return Refused(directive, found) if found else None


def _is_of_an_extension(source: Any) -> bool:
    return isinstance(source, str) and source.partition(":")[0].endswith("-extension")
