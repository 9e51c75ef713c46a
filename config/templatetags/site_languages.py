"""The language of a page, and links to the same page in other languages."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from publicpages import page_of

register = template.Library()

#: A longer search is not repeated in another language.
MAX_QUERY = 300


def tag_of(code: str) -> str:
    """Return a language as HTML names it (BCP 47): ``en-GB`` for ``en-gb``."""
    language, dash, region = code.partition("-")
    return f"{language}{dash}{region.upper()}"


@register.simple_tag
def html_language() -> str:
    """Return the language of the interface, as HTML names it."""
    return tag_of(translation.get_language() or settings.LANGUAGE_CODE)


@register.simple_tag
def html_direction() -> str:
    """Return the direction in which the interface is read: ``rtl`` or ``ltr``."""
    return "rtl" if translation.get_language_bidi() else "ltr"


@register.inclusion_tag("_language_alternates.html", takes_context=True)
def language_alternates(context: template.Context) -> dict[str, Any]:
    """Tell search engines the address of this page in each language."""
    paths = paths_of(context.get("request"))
    if not paths:
        return {}
    addresses = {tag_of(code): settings.SITE_URL + path for code, path in paths.items()}
    return {"alternates": tuple(addresses.items()), "default": settings.SITE_URL + paths[settings.LANGUAGE_CODE]}


@register.inclusion_tag("_language_switcher.html", takes_context=True)
def language_switcher(context: template.Context) -> dict[str, Any]:
    """Link to this page in each language, or to the home page if this page exists in one language only."""
    request = context.get("request")
    current = translation.get_language()
    paths = paths_of(request)
    query = query_of(request) if request is not None and paths else ""
    return {
        "languages": tuple(
            (tag_of(code), name, (paths.get(code) or home_in(code)) + query, code == current)
            for code, name in settings.LANGUAGES
        )
    }


def paths_of(request: HttpRequest | None) -> dict[str, str]:
    """Return language → path of the requested page; nothing for a page that exists in one language only."""
    match = request.resolver_match if request is not None else None
    if match is None or not page_of(match.func).translated:
        return {}
    paths: dict[str, str] = getattr(match, "paths", {})
    if not paths:
        for code, _ in settings.LANGUAGES:
            with translation.override(code):
                paths[code] = reverse(match.view_name, args=match.args, kwargs=match.captured_kwargs)  # type: ignore[attr-defined]  # not in the stubs
        match.paths = paths  # type: ignore[attr-defined]  # ours: each page needs them twice
    return paths


def home_in(code: str) -> str:
    """Return the path of the home page in a language."""
    with translation.override(code):
        return reverse("glossary:home")


def query_of(request: HttpRequest) -> str:
    """Return the query of this page, a search for instance, with its ``?``, to be added to another path."""
    match = request.resolver_match
    if match is None or not page_of(match.func).reads_query:
        return ""
    try:
        query = request.GET.urlencode()
    except SuspiciousOperation:  # too many fields: this is the page that says so
        return ""
    return f"?{query}" if 0 < len(query) <= MAX_QUERY else ""
