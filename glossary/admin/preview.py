"""What a reader would see of a term as it stands in the form, and how hard it is to read. Nothing is saved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string

from glossary.document.documents import TEXTS, DocumentError, Problem, TermDocument
from glossary.document.parsing import parse_document
from glossary.document.readability import Readability, readability
from glossary.models import PublishedEntry, Revision, Term, name_of
from glossary.public import lists, rendering
from glossary.text.names import initial_of, sort_key_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

UNWRITTEN = {"title": "Untitled term", "slug": "untitled-term", "definition": "<p>No definition yet.</p>"}
_PLACE = re.compile(r"(?P<part>\w+)(?:\[(?P<row>\d+)\])?")


def readable_part(typed: Mapping[str, Any]) -> tuple[TermDocument, tuple[Problem, ...]]:
    """Return a document of what can be read of ``typed``, and what is wrong with it.

    A row with something wrong in it is left out; a title or definition that is missing is named so.
    """
    data = deepcopy(dict(typed))
    problems: tuple[Problem, ...] = ()
    # Each round takes out what was wrong in the one before; what is left out can only uncover so much.
    for _ in range(4):
        try:
            return parse_document(data), problems
        except DocumentError as refusal:
            problems = problems or refusal.problems
            _take_out(data, refusal.problems)
    return parse_document(UNWRITTEN), problems


def preview_html(document: TermDocument, *, term: Term | None, by: User, at: datetime) -> str:
    """Return the public page of a term with this document, without the site around it."""
    live = PublishedEntry.objects.filter(term=term).first() if term else None
    revision = Revision(
        term=term,
        number=term.head.number + 1 if term and term.head else 1,
        document=document.as_json(),
        sha256=document.sha256(),
        created_at=at,
        created_by=by,
        created_by_name=name_of(by),
    )
    entry = PublishedEntry(
        term=term or Term(title=document.title, slug=document.slug),
        revision=revision,
        slug=document.slug,
        title=document.title,
        sort_key=sort_key_of(document.title),
        initial=initial_of(document.title),
        first_published_at=live.first_published_at if live else at,
        published_at=at,
        published_by_name=name_of(by),
    )
    page = rendering.term_page(entry, on=at.date())
    context = {
        "layout": "admin/glossary/term/preview.html",
        "entry": entry,
        "letter": lists.Letter(entry.initial),
        "page": page,
        "canonical": rendering.absolute(entry.get_absolute_url()),
        "cite_as": rendering.absolute(page.revision_url),
    }
    return render_to_string("glossary/term.html", context)


def measured(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the readability of each text of a document (as JSON) and of all together, ready for JSON."""
    counts = {part: readability(document[part]) for part in TEXTS}
    whole = sum(counts.values(), start=Readability(0, 0, 0))
    return [
        {"part": part, "words": count.words, "lix": count.lix, "band": count.band}
        for part, count in (counts | {"page": whole}).items()
    ]


def _take_out(data: dict[str, Any], problems: Iterable[Problem]) -> None:
    rows: dict[str, set[int]] = {}
    for problem in problems:
        place = _PLACE.match(problem.field)
        if place is None:
            continue
        part, row = place["part"], place["row"]
        if part in data and row and isinstance(data[part], list):
            rows.setdefault(part, set()).add(int(row))
        elif part in UNWRITTEN:
            data[part] = UNWRITTEN[part]
        else:
            data.pop(part, None)
    for part, numbers in rows.items():
        data[part] = [item for number, item in enumerate(data[part], start=1) if number not in numbers]
