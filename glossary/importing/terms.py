"""Bring a file of terms into the glossary: all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction

from glossary.actions import check_documents, documents_of, publish_terms, save_terms
from glossary.documents import DocumentError, TermDocument, parse_document, slug_for
from glossary.importing.csv_file import read_csv
from glossary.importing.files import Fault, ImportRefused, Record, Records, printable, read_text
from glossary.importing.json_file import read_json
from glossary.models import Program, Term

if TYPE_CHECKING:
    from django.contrib.auth.models import User

READERS = {".json": read_json, ".csv": read_csv}

MAX_PROBLEMS = 8
MAX_MESSAGE = 300

Progress = Callable[[str, int, int], None]


def _silent(stage: str, done: int, total: int) -> None:
    """The progress callback of whoever doesn't want to know."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or with a dry run would do: the terms of each kind, in the order of the file.

    ``published`` and ``left_retired`` are empty unless publishing was asked for.
    """

    created: Sequence[Term]
    changed: Sequence[Term]
    unchanged: Sequence[Term]
    published: Sequence[Term]
    left_retired: Sequence[Term]
    left_out: Sequence[str]


def read_terms(path: Path) -> Records:
    """Return the records of a ``.json`` or ``.csv`` file, with the faults of those that could not be read.

    Raises :class:`ImportRefused` for a file that cannot be read at all.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ImportRefused([Fault("must be a file whose name ends in .json or .csv")])
    return reader(read_text(path))


def import_terms(
    *,
    path: Path,
    by: User | Program,
    at: datetime,
    publish: bool = False,
    reason: str = "",
    dry_run: bool = False,
    progress: Progress = _silent,
) -> Report:
    """Write every term of the file to the glossary in one transaction, and publish them if asked.

    Terms are matched by slug. Retired terms are not published again. A dry run does everything and takes it back.
    Raises :class:`ImportRefused` with the faults of every row, and then nothing is written.
    """
    records = read_terms(path)
    with transaction.atomic():
        documents = _documents(records, progress)
        total = len(documents)
        outcomes = save_terms(
            documents=documents,
            by=by,
            at=at,
            note=f"Imported from {printable(path.name)}",
            progress=lambda done: progress("Saving", done, total),
        )
        terms = [outcome.term for outcome in outcomes]
        published: list[Term] = []
        if publish:
            published = publish_terms(
                terms=[term for term in terms if term.retired_at is None],
                by=by,
                at=at,
                reason=reason,
                emergency=True,
                progress=lambda done: progress("Publishing", done, total),
            )
        transaction.set_rollback(dry_run)
    return Report(
        created=[outcome.term for outcome in outcomes if outcome.created],
        changed=[outcome.term for outcome in outcomes if outcome.revision and not outcome.created],
        unchanged=[outcome.term for outcome in outcomes if outcome.revision is None],
        published=published,
        left_retired=[term for term in terms if term.retired_at is not None] if publish else [],
        left_out=records.left_out,
    )


def _documents(records: Records, progress: Progress) -> list[TermDocument]:
    """Return the checked documents of all records, or raise with everything that is wrong with any of them."""
    faults = list(records.faults)
    if not records.found and not faults:
        raise ImportRefused([Fault("has no terms in it")])
    existing = _existing(records)
    rows: dict[str, Record] = {}
    documents: list[TermDocument] = []
    promised: set[str] = set()
    for number, record in enumerate(records.found, start=1):
        slug = _slug(record)
        try:
            document = parse_document({**existing.get(slug, {}), **record.fields})
        except DocumentError as error:
            faults.append(_fault(record, error.problems))
            promised.add(slug)
            continue
        if (first := rows.setdefault(document.slug, record)) is not record:
            message = f"slug: {document.slug!r} is that of row {first.row} too: give one of them a slug of its own"
            faults.append(Fault(message, record.row, record.line))
            continue
        documents.append(document)
        if number % 500 == 0 or number == len(records.found):
            progress("Checking", number, len(records.found))
    for position, problems in check_documents(documents, promised=promised).items():
        faults.append(_fault(rows[documents[position].slug], problems))
    if faults:
        raise ImportRefused(faults)
    return documents


def _existing(records: Records) -> dict[str, dict[str, Any]]:
    """Return slug → document of existing terms, for files that may speak of some fields only."""
    if records.columns is None:
        return {}
    slugs = [_slug(record) for record in records.found]
    terms: list[Term] = []
    for start in range(0, len(slugs), 500):
        terms.extend(Term.objects.filter(slug__in=slugs[start : start + 500]))
    return {document.slug: document.as_json() for document in documents_of(terms)}


def _slug(record: Record) -> str:
    """Return the slug that the record's document will have, if it is a good one."""
    slug, title = (record.fields.get(name) for name in ("slug", "title"))
    given = slug.strip() if isinstance(slug, str) else ""
    return given or (slug_for(" ".join(title.split())) if isinstance(title, str) else "")


def _fault(record: Record, problems: Sequence[object]) -> Fault:
    # Somebody has to read it: a row of nonsense can be wrong in a million ways, and each of them a megabyte long.
    shown = [str(problem)[:MAX_MESSAGE] for problem in problems[:MAX_PROBLEMS]]
    if len(problems) > MAX_PROBLEMS:
        shown.append(f"and {len(problems) - MAX_PROBLEMS:,} more")
    return Fault("; ".join(shown), record.row, record.line)
