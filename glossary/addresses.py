"""Addresses that pages name by the dozen: ``reverse`` takes its time for each, and a rendering has little."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language

# No slug is more than letters, digits, underscores and hyphens: it stands in an address as it is.
_SLUG = "-slug-"


def address_of(view: str, slug: str, *more: int) -> str:
    """Return the path of the page of ``view`` that has this slug, in the active language, as ``reverse`` does.

    ``more`` are numbers behind the slug, of which there are few: those of revisions and of pages of lists.
    """
    before, after = _around(view, more, get_language(), get_script_prefix(), settings.ROOT_URLCONF)
    return f"{before}{slug}{after}"


def fixed_address_of(view: str, *arguments: str | int) -> str:
    """Return the path of one of the few pages that a glossary has whatever stands in it, as ``reverse`` does."""
    return _reversed(view, arguments, get_language(), get_script_prefix(), settings.ROOT_URLCONF)


@lru_cache(maxsize=1_024)
def _around(view: str, more: tuple[int, ...], language: str | None, prefix: str, urlconf: str) -> tuple[str, str]:
    before, _, after = reverse(view, args=[_SLUG, *more]).rpartition(_SLUG)
    return before, after


@lru_cache(maxsize=1_024)
def _reversed(view: str, arguments: tuple[str | int, ...], language: str | None, prefix: str, urlconf: str) -> str:
    return reverse(view, args=arguments)
