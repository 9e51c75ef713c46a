"""``manage.py verify_consent_ledger``: is everything as it was sealed?"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from consent.actions import verify_ledger
from consent.ledger import checkpoint
from consent.ledger.checkpoint import BadNote, Note

SAY_EVERY = 2.0
LARGEST_ANSWER = 64 * 1024 * 1024


class Command(BaseCommand):
    help = (
        "Check every consent record, block and checkpoint of the ledger, in constant memory, while the site keeps "
        "running. Names the first fault and ends with status 1. With --against, it also finds a history that was "
        "rewritten as a whole."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--against",
            action="append",
            default=[],
            metavar="HEADS",
            help="checkpoints that were kept elsewhere: a file, a folder of files, or an https:// address; repeatable",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        notes = [note for place in options["against"] for note in self.notes(place)]
        started = said = time.monotonic()

        def progress(done: int, size: int) -> None:
            nonlocal said
            now = time.monotonic()
            if options["verbosity"] and (now - said >= SAY_EVERY):
                said = now
                rate = done / (now - started)
                self.stderr.write(f"{done:,} of {size:,} records ({done / size:.0%}), {rate:,.0f} a second")

        verification = verify_ledger(against=notes, at=timezone.now(), progress=progress)
        if verification.fault:
            raise CommandError(f"[{verification.fault.fault}] {verification.fault}")
        if options["verbosity"]:
            seconds = time.monotonic() - started
            outside = f", and {len(notes)} checkpoints that were kept elsewhere" if options["against"] else ""
            self.stdout.write(
                self.style.SUCCESS(
                    f"All {verification.records:,} records are unchanged since they were sealed, and match every "
                    f"checkpoint{outside} ({seconds:.1f} s)."
                )
            )
            self.stdout.write("Not checked:\n" + "\n".join(f"- {line}" for line in verification.unchecked))

    def notes(self, place: str) -> Iterator[Note]:
        """Return the heads of a file, folder or address, or say what is wrong with it."""
        for name, text in self.texts(place):
            try:
                notes = [checkpoint.read(note) for note in checkpoint.split(text)]
            except BadNote as error:
                raise CommandError(f"{name}: {error}") from error
            if not notes:
                raise CommandError(f"{name} contains no checkpoint.")
            yield from notes

    def texts(self, place: str) -> Iterator[tuple[str, str]]:
        try:
            if "://" in place:
                yield place, self.download(place)
                return
            path = Path(place)
            files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
            if not files:
                raise CommandError(f"{place} is an empty folder.")
            for file in files:
                yield str(file), file.read_text(encoding="utf-8")
        except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
            raise CommandError(f"{place} cannot be read: {error}") from error

    def download(self, address: str) -> str:
        url = urlsplit(address)
        if url.scheme != "https" or not url.hostname:
            raise CommandError(f"{address} must be an https:// address.")
        connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=30)
        try:
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            connection.request("GET", target, headers={"Accept": "text/plain"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise CommandError(f"{address} answered {answer.status} {answer.reason}.")
            return answer.read(LARGEST_ANSWER).decode()
        finally:
            connection.close()
