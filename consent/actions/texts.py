"""Change the texts of the next notice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from consent.models import NoticeText
from consent.notice import languages, wording

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def save_notice_text(
    *, language: str, words: Mapping[str, str], names: Mapping[str, str], by: User, at: datetime
) -> NoticeText:
    """Write the words of a language. Visitors read them with the next notice in it; until then they may be incomplete.

    ``words`` has keys of ``wording.TEXT`` and ``wording.ABOUT``; ``names`` has keys of ``notices.to_translate()`` and
    is empty in English.
    Raises ``ValidationError`` by key for English words that must stand to the letter and for addresses that are none,
    and for a language not offered.
    """
    if language not in languages.offered():
        raise ValidationError(f"The language {language!r} is not switched on. Add it to CONSENT_LANGUAGES.")
    if refused := wording.refused(language, words):
        raise ValidationError(dict(refused))
    text, _ = NoticeText.objects.update_or_create(
        language=language,
        defaults={
            "words": {key: words.get(key, "").strip() for key in (*wording.TEXT, *wording.ABOUT)},
            "names": {} if language == wording.LANGUAGE else {key: name.strip() for key, name in names.items()},
            "changed_at": at,
            "changed_by": by,
        },
    )
    return text
