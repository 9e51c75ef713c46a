"""What other sites may show of a term, and the script with which they do it.

Note [Scripts that others pinned]
    A site that embeds the script may pin its hash (Subresource Integrity), and a page of a hospital isn't changed in a
    day. So a release under ``embed/`` is never changed or removed: what is wrong in it is put right in the next one.
    ``/embed/v1/glossary.js`` is the newest; ``/embed/v1/glossary-1.0.0.js`` stays what it is.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from glossary.addresses import fixed_address_of
from glossary.models import PublishedEntry
from glossary.public.citing import NAME, in_words
from glossary.public.pages import Standing
from glossary.public.rendering import absolute, term_page

FOLDER = Path(__file__).parent / "embed"
_RELEASE = re.compile(r"glossary-(\d+)\.(\d+)\.(\d+)\.js")


@dataclass(frozen=True, slots=True)
class Release:
    """A released script. ``integrity`` is its hash as pages name it."""

    version: str
    script: bytes

    @property
    def url(self) -> str:
        """The permanent address."""
        return absolute(fixed_address_of("glossary:embed_release", self.version))

    @property
    def integrity(self) -> str:
        return _integrity_of(self.script)


@cache
def _integrity_of(script: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()


@cache
def releases() -> dict[str, Release]:
    """Return every released script by its version, the newest last."""
    found = {}
    for file in FOLDER.iterdir():
        if named := _RELEASE.fullmatch(file.name):
            found[tuple(map(int, named.groups()))] = file
    return {
        version: Release(version, file.read_bytes())
        for version, file in ((".".join(map(str, key)), file) for key, file in sorted(found.items()))
    }


def newest() -> Release:
    """Return the newest release."""
    return list(releases().values())[-1]


def term_document(entry: PublishedEntry, *, on: date) -> dict[str, Any]:
    """Return what other sites get of an entry (fetched with its revision, approval and term) as it reads on a day.

    ``credit`` says in a line whose words these are and who stands behind them: whoever shows ``summary`` shows it too.
    """
    page = term_page(entry, on=on)
    review = page.standing.review
    return {
        "title": entry.title,
        "summary": entry.summary,
        "url": absolute(entry.get_absolute_url()),
        "credit": f"{NAME}. {_standing_in_words(page.standing)}",
        "lang": "en",
        "dir": "ltr",
        "publisher": NAME,
        "licence": settings.GLOSSARY_LICENCE or None,
        "revision": {
            "number": page.revision_number,
            "url": absolute(page.revision_url),
            "sha256": page.sha256,
            "published": entry.published_at.date().isoformat(),
        },
        "review": review
        and {
            "date": review.approved_at.date().isoformat(),
            "by": review.approved_by_name,
            "credentials": review.credentials,
            "due": page.standing.due and page.standing.due.isoformat(),
            "overdue": page.standing.overdue,
        },
        "relies_on_retracted_work": bool(page.standing.retracted),
    }


def _standing_in_words(standing: Standing) -> str:
    if standing.retracted:
        return "Relies on a work that was retracted."
    if standing.review and standing.due and standing.overdue:
        reviewed, due = in_words(standing.review.approved_at.date()), in_words(standing.due)
        return f"Reviewed on {reviewed}; the next review was due on {due}."
    if standing.review:
        return f"Reviewed on {in_words(standing.review.approved_at.date())}."
    return "Published without review."
