"""``manage.py import_terms``: bring terms in from a file."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from glossary.actions import DocumentsRefused, NotPublishable
from glossary.document.faults import Fault
from glossary.interchange.existing import Existing, Verb
from glossary.interchange.files import ImportRefused, printable
from glossary.interchange.refused import refused_rows
from glossary.interchange.terms import Report, Row, import_terms
from glossary.linking.changes import LinkChange
from glossary.models import Program
from glossary.text.characters import is_blank

SHOWN_FAULTS = 50
SHOWN_NAMES = 20
SECONDS_BETWEEN_LINES = 5.0


class Command(BaseCommand):
    help = (
        "Import terms from a JSON or CSV file: either all of them, or none and a reason for every bad row "
        "(docs/howto/import-terms.md). Existing terms are not changed unless --existing says so. Running the command "
        "twice changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="The file, whose name ends in .json or .csv, encoded in UTF-8.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Check everything and report the same numbers, but write nothing."
        )
        parser.add_argument(
            "--existing",
            choices=[choice.value for choice in Existing],
            default=Existing.SKIP.value,
            help="What to do with existing terms: “skip” (the default) does not change them, “fill-empty” fills "
            "their empty fields, “replace” takes every field that is in the file, and lists each field that it "
            "empties or replaces.",
        )
        parser.add_argument(
            "--approved",
            nargs="+",
            action="extend",
            default=[],
            metavar="SLUG",
            help="Addresses of terms that may be changed although a clinician approved them. Other approved terms "
            "are not changed.",
        )
        parser.add_argument(
            "--skip-bad",
            action="store_true",
            help="Import the good rows even if others are refused. Without this option, one bad row refuses the "
            "whole file.",
        )
        parser.add_argument(
            "--report",
            type=Path,
            metavar="FILE",
            help="Write the refused rows, and those that you should look at, to a file of the same kind, each with its "
            "reason, so that you can correct and import them.",
        )
        parser.add_argument(
            "--publish",
            action="store_true",
            help="Also publish what was imported, without review. Needs --as and --reason. A term with unpublished "
            "changes by a person is not published.",
        )
        parser.add_argument(
            "--as",
            dest="username",
            metavar="USER",
            help="User name of the author and publisher in the history; without this option the author is “Import”.",
        )
        parser.add_argument(
            "--reason", default="", help="Why the terms are published without review. Kept with them permanently."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if options["publish"] and not options["username"]:
            raise CommandError("--publish needs --as USER, because a person is responsible for what the public reads.")
        if options["publish"] and is_blank(options["reason"]):
            raise CommandError(
                "--publish needs --reason TEXT, because it publishes without review and the pages say why."
            )
        if options["reason"] and not options["publish"]:
            raise CommandError("--reason is only used when publishing. Add --publish, or leave --reason out.")
        if options["approved"] and options["existing"] == Existing.SKIP:
            raise CommandError("--approved names terms to be changed. Add --existing fill-empty or --existing replace.")
        refused_file: Path | None = options["report"]
        if refused_file and refused_file.suffix.lower() != path.suffix.lower():
            raise CommandError(f"--report needs a file of the same kind, with a name that ends in {path.suffix}")
        if refused_file and refused_file.exists() and path.exists() and refused_file.samefile(path):
            raise CommandError("--report would overwrite the imported file. Choose another name.")
        by = _person(options["username"], publishes=options["publish"]) if options["username"] else Program("Import")
        progress = _Progress(self, every=options["verbosity"] > 1) if options["verbosity"] else None
        try:
            report = import_terms(
                path=path,
                by=by,
                at=timezone.now(),
                existing=Existing(options["existing"]),
                approved=options["approved"],
                skip_bad=options["skip_bad"],
                publish=options["publish"],
                reason=options["reason"],
                dry_run=options["dry_run"],
                **({"progress": progress} if progress else {}),
                tell_links=lambda links: self._links(links, options, progress),
            )
        except ImportRefused as refused:
            message = [*_refused_lines(path, refused.faults), "Nothing was imported."]
            if any(fault.source is not None for fault in refused.faults):
                message += self._write_rows(refused_file, path, refused=refused.faults, header=refused.header)
            if options["skip_bad"]:
                message.append(
                    "--skip-bad has no effect here: no row is good, or a fault may affect more than its own row. "
                    "Correct it first."
                )
            raise CommandError("\n".join(message)) from refused
        except (DocumentsRefused, IntegrityError) as error:
            raise CommandError(
                f"{path}: somebody saved one of these terms in the meantime, so nothing was imported. Run the command "
                "again."
            ) from error
        except OperationalError as error:
            raise CommandError(
                f"{path}: the database is busy or cannot be reached ({error}), so nothing was imported. "
                "Try again later."
            ) from error
        except NotPublishable as error:
            raise CommandError(f"{path}: {error} Nothing was imported.") from error
        finally:
            if progress:
                progress.end()
        self._report(path, report, options)
        written = self._write_rows(
            refused_file, path, refused=report.refused, remarks=report.remarks, header=report.header
        )
        if report.refused:
            were = "would be" if options["dry_run"] else "were"
            lines = [
                *_refused_lines(path, report.refused),
                f"Skipped as bad: {len(report.refused):,}. All other rows {were} imported.",
                *written,
            ]
            if not all(fault.is_readable for fault in report.refused):
                raise CommandError("\n".join(lines))
            written = lines
        if written and options["verbosity"]:
            self.stdout.write("\n".join(written))

    def _write_rows(
        self,
        file: Path | None,
        path: Path,
        *,
        refused: Sequence[Fault],
        remarks: Sequence[Fault] = (),
        header: Sequence[str],
    ) -> list[str]:
        """Write the refused rows, and those with a remark, to ``file``, if there is one; return what to say of it."""
        if file is None or not (refused or remarks):
            return []
        rows = sorted((*refused, *remarks), key=lambda fault: fault.row or 0)
        text = refused_rows(rows, header=header, kind=path.suffix.lower())
        name = printable(str(file))
        try:
            if file.exists() and file.read_bytes() != text.encode():
                return [f"{name} already exists with other content, so it was not changed. Name another file."]
            file.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            return [f"{name} cannot be written: {error.strerror}."]
        if not refused:
            return [f"In {name}: {_counted(len(remarks), 'row')} that can be imported, with what to look at first."]
        too = f", and {_counted(len(remarks), 'row')} that can be imported, with what to look at" if remarks else ""
        return [f"The refused rows are in {name}{too}: correct them, then import that file."]

    def _links(self, links: Sequence[LinkChange], options: dict[str, Any], progress: _Progress | None) -> None:
        """Say which automatic links change on public pages, before anything is saved."""
        if options["verbosity"] == 0:
            return
        if progress:
            progress.end()
        new = sum(1 for change in links if not change.before)
        gone = sum(1 for change in links if not change.after)
        kinds = [f"new: {new:,}", f"to another term: {len(links) - new - gone:,}", f"gone: {gone:,}"]
        pages = len({change.slug for change in links})
        when = "" if options["publish"] else ", once these terms are published"
        self.stdout.write(f"Automatic links that change on {_counted(pages, 'public page')}{when}: {len(links):,}")
        self.stdout.write(f"  {', '.join(kinds)}")
        shown = links if options["verbosity"] > 1 else links[:SHOWN_NAMES]
        for change in shown:
            self.stdout.write(f"  {printable(str(change))}")
        if len(links) > len(shown):
            self.stdout.write(
                f"  and {len(links) - len(shown):,} more; “-v 2” names them all, and so does --report FILE"
            )
        self.stdout.write(
            "  To switch one off, press “Don’t link” on the admin page “Links to …” of the term that it leads to."
        )
        self.stdout.flush()

    def _report(self, path: Path, report: Report, options: dict[str, Any]) -> None:
        if options["verbosity"] == 0:
            return
        self.stdout.write(f"{path}: {_counted(len(report.rows), 'term')}.")
        if report.left_out:
            names = ", ".join(map(printable, report.left_out[:SHOWN_NAMES]))
            more = f" and {len(report.left_out) - SHOWN_NAMES:,} more" if len(report.left_out) > SHOWN_NAMES else ""
            self.stdout.write(f"Left out (not part of a term): {names}{more}")
        every = options["verbosity"] > 1
        self._names("Created", report.created, every=every)
        self._changes(report)
        self._names("Unchanged", report.unchanged, every=every)
        if report.skipped:
            self._reasons("Skipped", [(row, row.skipped) for row in report.skipped])
            if options["existing"] == Existing.SKIP:
                self.stdout.write("  To change them, add --existing fill-empty or --existing replace.")
        if report.closed_reviews:
            closed = [(row, f"submitted by {row.closed_review}") for row in report.closed_reviews]
            self._reasons("Withdrawn from review, because the text changed", closed)
        if report.not_kept:
            self._not_kept(report, every=every)
        if options["publish"]:
            self._publications(report, every=every)
        if options["dry_run"]:
            self.stdout.write("This was a dry run: nothing was written.")

    def _changes(self, report: Report) -> None:
        """List every field that was changed, whatever their number: it is the only word about it."""
        self.stdout.write(f"Changed: {len(report.changed):,}")
        verbs = Counter(change.verb for row in report.changed for change in row.changes)
        if verbs:
            self.stdout.write(f"  Fields {', '.join(f'{verb}: {verbs[verb]:,}' for verb in Verb)}")
        for row in report.changed:
            self.stdout.write(f"  {_named(row)}")
            for change in row.changes:
                self.stdout.write(f"    {printable(str(change))}")

    def _not_kept(self, report: Report, *, every: bool) -> None:
        lossy = [row for row in report.rows if row.row in report.not_kept]
        shown = lossy if every else lossy[:SHOWN_FAULTS]
        self._reasons("Not kept as the file has it", [(row, report.not_kept[row.row]) for row in shown], of=len(lossy))
        if len(lossy) > len(shown):
            self.stdout.write(
                f"  and {len(lossy) - len(shown):,} more; “-v 2” names them all, and so does --report FILE"
            )

    def _publications(self, report: Report, *, every: bool) -> None:
        published = {term.pk for term in report.published}
        self._names("Published", [row for row in report.rows if row.term.pk in published], every=every)
        if report.left_retired:
            self._names("Retired, so not published", report.left_retired, every=True)
        if report.withheld:
            self._reasons("Not published", [(row, row.withheld) for row in report.withheld])
            self.stdout.write(
                "  To publish one, submit it for review in the admin, or restore its public revision there and import "
                "again."
            )

    def _names(self, kind: str, rows: Sequence[Row], *, every: bool) -> None:
        self.stdout.write(f"{kind}: {len(rows):,}")
        shown = rows if every else rows[:SHOWN_NAMES]
        for row in shown:
            self.stdout.write(f"  {_named(row)}")
        if len(rows) > len(shown):
            self.stdout.write(f"  and {len(rows) - len(shown):,} more; “-v 2” lists all of them")

    def _reasons(self, kind: str, reasons: Sequence[tuple[Row, str]], *, of: int | None = None) -> None:
        self.stdout.write(f"{kind}: {of or len(reasons):,}")
        for row, reason in reasons:
            self.stdout.write(f"  {_named(row)}: {printable(reason)}")


class _Progress:
    """A counter on a terminal; elsewhere a line now and then, so that a log stays readable.

    With ``every``, also the end of each stage is said.
    """

    def __init__(self, command: BaseCommand, *, every: bool) -> None:
        self.out = command.stderr
        self.terminal = self.out.isatty()
        self.every = every
        self.said = time.monotonic()
        self.width = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        text = f"{stage} {done:,} of {total:,}" if total else f"{stage} {done:,}"
        if self.terminal:
            self.out.write(f"\r{text.ljust(self.width)}", self._plain, ending="")
            self.out.flush()
            self.width = max(self.width, len(text))
        elif (self.every and done == total) or time.monotonic() - self.said >= SECONDS_BETWEEN_LINES:
            self.out.write(text, self._plain)
            self.said = time.monotonic()

    def end(self) -> None:
        """Clear the counter's line."""
        if self.width:
            self.out.write(f"\r{' ' * self.width}\r", self._plain, ending="")
            self.out.flush()

    @staticmethod
    def _plain(text: str) -> str:
        # Progress isn't an error, so it isn't coloured as one.
        return text


def _person(username: str, *, publishes: bool) -> User:
    try:
        user = get_user_model().objects.get_by_natural_key(username)
    except User.DoesNotExist as error:
        raise CommandError(f"There is no user {printable(username)!r}.") from error
    if not user.is_active:
        raise CommandError(f"The account of {username!r} is not active.")
    if publishes and not user.is_superuser:
        raise CommandError(
            f"{username!r} cannot publish without review: only a superuser can. Import without --publish, then submit "
            "the terms for review."
        )
    return user


def _named(row: Row) -> str:
    return f"{printable(row.term.title)} ({row.term.slug}), row {row.row}"


def _refused_lines(path: Path, faults: Sequence[Fault]) -> list[str]:
    shown = [f"{printable(str(path))}, {printable(str(fault))}" for fault in faults[:SHOWN_FAULTS]]
    if len(faults) > SHOWN_FAULTS:
        shown.append(f"… and {len(faults) - SHOWN_FAULTS:,} more.")
    return shown


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
