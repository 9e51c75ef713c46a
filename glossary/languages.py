"""The language in which terms are written: one, whatever language the pages around them are in."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.conf import settings
from django.utils import translation

#: As HTML and schema.org name it (BCP 47).
CONTENT_LANGUAGE = "en-GB"
CONTENT_DIRECTION = "ltr"


def is_content_apart() -> bool:
    """Return whether the page that is being rendered is in another language than the terms on it."""
    return translation.get_language() != settings.LANGUAGE_CODE


def for_good() -> AbstractContextManager[None]:
    """Have ``reverse`` name pages as citations and machines do: in the one language that every page is in."""
    return translation.override(settings.LANGUAGE_CODE)
