"""The language of a page depends only on its address.

Note [Languages in addresses]
    English pages have no prefix; the others begin with theirs (``/de/glossary/menopause/``). What stands in an address
    is all that counts: no cookie and no ``Accept-Language`` is read, so that one address is one page for everybody.
    Addresses that machines keep (robots, sitemap, data, the target of forms) are the same in every language: only pages
    that are registered as ``translated`` (:mod:`publicpages`) have others. Within a language, ``reverse`` leads to
    pages of that language. See docs/adr/0140.
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

    Unlike Django's, it matches the prefix of every language at any time, so that what an address means follows from the
    address alone. Only the way back (``reverse``) depends on the language that is active.
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
    """Have everything behind it speak the language of the address, pages of errors included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(language_of(request.path_info)):
            return self.get_response(request)


def prefixes() -> list[str]:
    """Return the languages that stand in addresses: all but the site's own."""
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def in_each_language(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Return the patterns of an app, in their order, with a language before the own part of each page's address."""
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
