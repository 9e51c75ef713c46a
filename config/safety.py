"""Find settings with which the site must not start."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

DEVELOPMENT_SECRET_KEY = "development-only-secret-key-that-production-refuses"  # noqa: S105  (production refuses it)
DEVELOPMENT_SIGNING_KEY = "development-only-signing-key-that-production-refuses"


def unsafe_settings(
    *,
    debug: bool,
    secret_key: str,
    signing_key: str,
    old_signing_keys: Sequence[str],
    allowed_hosts: Sequence[str],
    site_url: str,
    admin_host: str,
) -> list[str]:
    """Return what is missing, unsafe or contradictory, one message for each problem."""
    problems = []
    if not debug:
        if secret_key in ("", DEVELOPMENT_SECRET_KEY) or len(secret_key) < 50 or len(set(secret_key)) < 5:
            problems.append("SECRET_KEY is missing, a default, or shorter than 50 characters.")
        if signing_key in ("", DEVELOPMENT_SIGNING_KEY) or len(signing_key) < 32:
            problems.append("CONSENT_SIGNING_KEY is missing, a default, or shorter than 32 characters.")
        if not allowed_hosts:
            problems.append("ALLOWED_HOSTS is empty: name the hosts that the site answers to.")
    if "*" in allowed_hosts:
        problems.append(
            "ALLOWED_HOSTS contains '*', which would let anybody choose the host in links and emails. Name the hosts "
            "instead."
        )
    site = urlsplit(site_url)
    if site.scheme not in ("http", "https") or not site.netloc or site.path:
        problems.append(
            f"SITE_URL={site_url!r} must look like https://glossary.example.org, with nothing after the host."
        )
    if any(len(key) < 32 for key in old_signing_keys) or signing_key in old_signing_keys:
        problems.append("CONSENT_SIGNING_KEYS_OLD holds a key shorter than 32 characters, or the current one.")
    if admin_host and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?", admin_host):
        problems.append(f"ADMIN_HOST={admin_host!r} must be a host name such as admin.glossary.example.org.")
    if admin_host and admin_host.partition(":")[0] == site.hostname:
        problems.append(
            "ADMIN_HOST is the host of SITE_URL. It needs a name of its own: cookies do not distinguish ports."
        )
    return problems
