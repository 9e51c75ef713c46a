"""List the addresses of all pages that can be finished ahead of time."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils import translation

import consent.urls
import glossary.urls
from consent.notice import views as notice_views
from glossary.public import views as glossary_views
from publicpages import page_of


def public_paths() -> list[str]:
    """Return the path of every public page in every language, except the histories of terms, which few people read."""
    found: dict[str, None] = {}
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            of_apps = [*glossary_views.public_paths(), *notice_views.public_paths()]
            found.update(dict.fromkeys([*_without_arguments(), *of_apps]))
    return list(found)


def _without_arguments() -> Iterator[str]:
    """Yield the path of each stored page whose address has no arguments."""
    for app in (glossary.urls, consent.urls):
        for pattern in app.urlpatterns:
            if page_of(getattr(pattern, "callback", None)).is_stored:
                try:
                    yield reverse(f"{app.app_name}:{pattern.name}")
                except NoReverseMatch:
                    continue
