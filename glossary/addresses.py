"""Addresses of pages of which there are many: a page names a dozen, and ``reverse`` takes its time for each."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language

# No slug is more than letters, digits, underscores and hyphens: it stands in an address as it is.
_SLUG = "-slug-"


def address_of(view: str, slug: str) -> str:
    """Return the path of the page of ``view`` that has this slug, in the active language, as ``reverse`` does."""
    before, after = _around(view, get_language(), get_script_prefix(), settings.ROOT_URLCONF)
    return f"{before}{slug}{after}"


@lru_cache(maxsize=256)
def _around(view: str, language: str | None, prefix: str, urlconf: str) -> tuple[str, str]:
    before, _, after = reverse(view, args=[_SLUG]).rpartition(_SLUG)
    return before, after
