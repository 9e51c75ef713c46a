"""The next notice as visitors will see it: the public templates with the draft in place. Nothing is saved.

Each preview is a whole document for an `iframe` without scripts or forms, as in docs/adr/0042.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string

from consent.actions.publishing import Draft, next_number
from consent.models import Notice
from consent.notice.languages import preferences_url
from consent.notice.notices import asks

LAYOUT = "admin/consent/notice/preview_document.html"


@dataclass(frozen=True, slots=True)
class Preview:
    """A document, what it shows, and the width (``desktop`` or ``phone``) at which it is looked at."""

    label: str
    surface: str
    width: str
    document: str


def previews(draft: Draft, *, at: datetime) -> list[Preview]:
    """Return banner (of a draft that asks about anything) and preferences page of a draft, at both widths."""
    number = next_number()
    notice = Notice(
        number=number,
        language=draft.document["language"],
        document=draft.frozen(number=number, material=True),
        sha256=draft.sha256,
        published_at=at,
    )
    context = {
        "layout": LAYOUT,
        "is_preview": True,
        "notice": notice,
        "next": "/",
        "keep_for": 0,
        "frozen_as": "",
        "preferences": preferences_url(notice.language),
    }
    documents = {"preferences": render_to_string("consent/preferences.html", context)}
    if asks(draft.document):
        documents = {"banner": render_to_string("admin/consent/notice/preview_banner.html", context)} | documents
    labels = {"banner": "Banner", "preferences": "Preferences page"}
    return [
        Preview(f"{labels[surface]}, {width}", surface, width, document)
        for surface, document in documents.items()
        for width in ("desktop", "phone")
    ]
