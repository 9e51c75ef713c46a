"""Choose the language of a page by its address alone.

Note [Languages in addresses]
    English pages have no prefix; pages of other languages have theirs (``/de/glossary/menopause/``). Only the address
    counts: no cookie and no ``Accept-Language`` is read, so that an address is the same page for everybody. Addresses
    for machines (robots, sitemap, data, the target of forms) are the same in every language: only pages that are
    registered as ``translated`` (:mod:`publicpages`) have one for each language. While a language is active,
    ``reverse`` returns addresses in that language. See docs/adr/0140.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from django.utils import translation

from consent.notice.languages import language_of
from publicpages import page_of


class LanguagePrefix:
    """The part of an address that names a language, for :class:`~django.urls.URLResolver`: ``de/``, or nothing.

    Unlike Django's, it always matches the prefix of every language, so that an address is resolved in the same way at
    any time. Only ``reverse`` depends on the active language.
    """

    converters: dict[str, Any] = {}
    name = None

    @property
    def regex(self) -> re.Pattern[str]:
        return re.compile(re.escape(str(self)))

    def match(self, path: str) -> tuple[str, tuple[()], dict[str, Any]]:
        head, slash, rest = path.partition("/")
        return (rest if slash and head in prefixes() else path), (), {}

    def check(self) -> list[Any]:
        return []

    def describe(self) -> str:
        return f"'{self}'"

    def __str__(self) -> str:
        language = translation.get_language()
        return f"{language}/" if language in prefixes() else ""


class LanguageMiddleware:
    """Activate the language of the address for all that follows, error pages included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(language_of(request.path_info)):
            return self.get_response(request)


def prefixes() -> list[str]:
    """Return the languages that have a prefix: all but the site's own."""
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def in_each_language(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Return the patterns of an app, in their order, with a language prefix before those of translated pages."""
    found: list[URLPattern | URLResolver] = []
    for is_page, group in groupby(patterns, _is_translated):
        if is_page:
            found.append(URLResolver(LanguagePrefix(), list(group)))  # type: ignore[arg-type]  # made as Django's are
            continue
        for pattern in group:
            if isinstance(pattern, URLResolver):
                pattern = URLResolver(pattern.pattern, in_each_language(pattern.url_patterns), pattern.default_kwargs)
            found.append(pattern)
    return found


def _is_translated(pattern: URLPattern | URLResolver) -> bool:
    return isinstance(pattern, URLPattern) and page_of(pattern.callback).translated
