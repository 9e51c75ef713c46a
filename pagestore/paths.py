"""The addresses of all pages that can be finished ahead of time."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation

from consent.notice import views as notice_views
from glossary.public import views as glossary_views


def public_paths() -> list[str]:
    """Return the path of every public page, in every language, but those that few read: the histories of terms."""
    found: dict[str, None] = {}
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            found.update(dict.fromkeys([*glossary_views.public_paths(), *notice_views.public_paths()]))
    return list(found)
