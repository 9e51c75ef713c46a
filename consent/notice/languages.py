"""The languages in which visitors are asked, and those in which pages are there."""

from collections.abc import Collection

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.urls import reverse
from django.utils import translation

from consent.notice import wording


def offered() -> tuple[str, ...]:
    """Return the codes of the languages that are switched on, the site's own first."""
    return tuple(settings.CONSENT_LANGUAGES)


def name_of(language: str) -> str:
    """Return what a language calls itself, or its code."""
    info = LANG_INFO.get(language) or LANG_INFO.get(language.partition("-")[0]) or {}
    name: str = info.get("name_local", language)
    return name[:1].upper() + name[1:]


def is_right_to_left(language: str) -> bool:
    """Return whether a language is written from right to left."""
    info = LANG_INFO.get(language) or LANG_INFO.get(language.partition("-")[0]) or {}
    return bool(info.get("bidi", False))


def asked_in(live: Collection[str]) -> str:
    """Return the language in which the page that is being rendered asks, of those ``live``; else the site's own."""
    language = translation.get_language() or ""
    return next((code for code in (language, language.partition("-")[0]) if code in live), wording.LANGUAGE)


def home_url(language: str) -> str:
    """Return where the pages in a language begin; ``""`` when there are none."""
    if language == wording.LANGUAGE:
        return "/"
    return f"/{language}/" if language in dict(settings.LANGUAGES) else ""


def preferences_url(language: str) -> str:
    """Return where visitors are asked in a language: among its own pages, or else at an address of its own."""
    if not home_url(language):
        return reverse("consent:preferences_in", args=[language])
    with translation.override(settings.LANGUAGE_CODE if language == wording.LANGUAGE else language):
        return reverse("consent:preferences")


def language_of(path: str) -> str:
    """Return the language of the page at ``path``: the one that its address names, or the site's own."""
    place = _place_in(path)
    return path.split("/")[place] if place else settings.LANGUAGE_CODE


def without_language(path: str) -> str:
    """Return the path of the same page in the site's own language."""
    place = _place_in(path)
    parts = path.split("/")
    return "/".join([*parts[:place], *parts[place + 1 :]]) if place else path


def _place_in(path: str) -> int:
    """Return which part of a path names a language: the first, or the second behind /consent/; 0 when none does.

    The receipt is there because its cookie is sent to /consent/ alone (docs/adr/0140).
    """
    parts = path.split("/")[:4]
    others = {code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE}
    if len(parts) > 2 and parts[1] in others:
        return 1
    return 2 if len(parts) > 3 and parts[1] == "consent" and parts[2] in others else 0
