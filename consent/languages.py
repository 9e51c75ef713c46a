"""The languages in which visitors are asked."""

from django.conf import settings
from django.conf.locale import LANG_INFO


def offered() -> tuple[str, ...]:
    """Return the codes of the languages that are switched on, the site's own first."""
    return tuple(settings.CONSENT_LANGUAGES)


def name_of(language: str) -> str:
    """Return what a language calls itself, or its code."""
    info = LANG_INFO.get(language) or LANG_INFO.get(language.partition("-")[0]) or {}
    name: str = info.get("name_local", language)
    return name[:1].upper() + name[1:]
