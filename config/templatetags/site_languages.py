"""The languages of the site in its pages: what this page is in, and the way to the same page in others."""

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

#: A search that is longer isn't carried into another language.
MAX_QUERY = 300


def tag_of(code: str) -> str:
    """Return a language as HTML names it (BCP 47): ``en-GB`` for ``en-gb``."""
    language, dash, region = code.partition("-")
    return f"{language}{dash}{region.upper()}"


@register.simple_tag
def html_language() -> str:
    """The language of the interface, as HTML names it."""
    return tag_of(translation.get_language() or settings.LANGUAGE_CODE)


@register.simple_tag
def html_direction() -> str:
    """In which direction the interface is read."""
    return "rtl" if translation.get_language_bidi() else "ltr"


@register.inclusion_tag("_language_alternates.html", takes_context=True)
def language_alternates(context: template.Context) -> dict[str, Any]:
    """What tells search engines where the same page is in each language."""
    paths = paths_of(context.get("request"))
    if not paths:
        return {}
    addresses = {tag_of(code): settings.SITE_URL + path for code, path in paths.items()}
    return {"alternates": tuple(addresses.items()), "default": settings.SITE_URL + paths[settings.LANGUAGE_CODE]}


@register.inclusion_tag("_language_switcher.html", takes_context=True)
def language_switcher(context: template.Context) -> dict[str, Any]:
    """The way to this page in each language; to the home page where there is only one of this."""
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
    """Return language → path of the page that is asked for; nothing for what is there in one language only."""
    match = request.resolver_match if request is not None else None
    if match is None or not page_of(match.func).translated:
        return {}
    # Asked for twice in each page.
    paths: dict[str, str] = getattr(match, "paths", {})
    if not paths:
        for code, _ in settings.LANGUAGES:
            with translation.override(code):
                paths[code] = reverse(match.view_name, args=match.args, kwargs=match.captured_kwargs)  # type: ignore[attr-defined]  # not in the stubs
        match.paths = paths  # type: ignore[attr-defined]  # ours, for the second who asks
    return paths


def home_in(code: str) -> str:
    """Return where a language begins."""
    with translation.override(code):
        return reverse("glossary:home")


def query_of(request: HttpRequest) -> str:
    """Return what is asked of this page, a search above all, ready to stand behind another path."""
    match = request.resolver_match
    if match is None or not page_of(match.func).reads_query:
        return ""
    try:
        query = request.GET.urlencode()
    except SuspiciousOperation:  # more than may be read: this is the page that says so
        return ""
    return f"?{query}" if 0 < len(query) <= MAX_QUERY else ""
