"""``manage.py load_retractions``: which cited works were retracted."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from glossary.actions import RetractionReport, load_retractions
from glossary.interchange.files import printable
from glossary.interchange.retractions import RetractionsRefused, read_notices
from glossary.models import Program


class Command(BaseCommand):
    help = (
        "Load a list of retracted works in Retraction Watch's CSV format (docs/howto/retractions.md). A term that "
        "cites one of them loses its approval until it is approved again, and its page says so. Loading the same "
        "list again changes nothing. Rows that cannot be read are listed, and the command ends with status 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="The list, as Crossref publishes it.")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            report = load_retractions(
                notices=lambda: read_notices(path), by=Program("Retraction list"), at=timezone.now()
            )
        except RetractionsRefused as refused:
            raise CommandError(f"{printable(str(path))} {refused}") from refused
        if options["verbosity"]:
            self._report(report)
        if report.unreadable:
            raise CommandError(_unreadable(path, report))

    def _report(self, report: RetractionReport) -> None:
        counts = {
            "Rows read": report.rows,
            "New retractions": report.new,
            "Changed": report.changed,
            "Unchanged": report.unchanged,
            "Reinstated": report.reinstated,
            "Left out, not a retraction": report.other_notices,
            "Left out, without DOI and PMID": report.unidentified,
            "Left out, not readable": report.unreadable,
            "Newly flagged terms that cite one": len(report.terms),
        }
        for words, count in counts.items():
            self.stdout.write(f"{words}: {count:,}")
        for term in report.terms:
            self.stdout.write(f"  {printable(term.title)} ({term.slug})")


def _unreadable(path: Path, report: RetractionReport) -> str:
    shown = [f"{printable(str(path))}, {printable(str(fault))}" for fault in report.faults]
    if report.unreadable > len(shown):
        shown.append(f"… and {report.unreadable - len(shown):,} more.")
    return "\n".join(
        [
            *shown,
            (
                "All other rows were loaded. The works in these rows are missing: correct the rows and load "
                "the list again."
            ),
        ]
    )
