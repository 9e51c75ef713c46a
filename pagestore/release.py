"""Name the release: everything besides the database on which pages depend."""

from __future__ import annotations

import contextlib
import hashlib

import django
from django.conf import settings


def release() -> str:
    """Return a name for this code, templates, static files and settings. Each release stores pages of its own."""
    digest = hashlib.sha256()
    database = settings.DATABASES["default"]
    parts = [
        django.get_version(),
        settings.SITE_URL,
        settings.CONSENT_LANGUAGES,
        settings.CONSENT_SHARED_CACHE,
        settings.SERVED_OVER_HTTPS,
        *(database[key] for key in ("ENGINE", "NAME", "HOST", "PORT")),
    ]
    digest.update(repr([str(part) for part in parts]).encode())
    sources = (
        path
        for name in ("config", "server", "pagestore", "glossary", "consent", "templates", "locale")
        for path in (settings.BASE_DIR / name).rglob("*")
        if path.suffix in (".py", ".html", ".xml", ".txt", ".mo")
    )
    for path in [*sorted(sources), settings.STATIC_ROOT / "staticfiles.json"]:
        with contextlib.suppress(FileNotFoundError):
            digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
