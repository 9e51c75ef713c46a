"""Where the admin and the public pages are, for links from the one to the other: they may be on two hosts."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings


def admin_address() -> str:
    """Return what stands before a path of the admin in an email, such as ``https://admin.glossary.example.org``."""
    scheme = urlsplit(settings.SITE_URL).scheme
    return f"{scheme}://{settings.ADMIN_HOST}" if settings.ADMIN_HOST else str(settings.SITE_URL)


def public_address() -> str:
    """Return what stands before the path of a public page in the admin: nothing where both are on one host."""
    return str(settings.SITE_URL) if settings.ADMIN_HOST else ""
