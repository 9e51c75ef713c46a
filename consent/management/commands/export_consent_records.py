"""``manage.py export_consent_records``: the records of a period with the proofs to check them, for a regulator."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from consent.actions import export_records
from consent.receipts.exporting import FORMATS, NothingSealed


class Command(BaseCommand):
    help = (
        "Write the consent records of a period (both days included, UTC) into a ZIP file, with their notices, a "
        "checkpoint, a proof for each record, an explanation of every field, and a program that checks everything "
        "and needs only Python. The export is recorded as an event. Memory use does not depend on the number of "
        "records."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=_date, required=True, metavar="DATE", help="like 2026-01-01")
        parser.add_argument("--to", dest="last", type=_date, required=True, metavar="DATE", help="included")
        parser.add_argument(
            "--format",
            choices=FORMATS,
            default="csv",
            help="format of the records: csv or json (one record on each line)",
        )
        parser.add_argument(
            "--output", default="", metavar="FILE", help="the ZIP file; “-” writes it to standard output"
        )
        parser.add_argument(
            "--as",
            dest="username",
            default="",
            metavar="USER",
            help="user name of the person who exports, for the event",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = None
        if username := options["username"]:
            user = get_user_model().objects.filter(username=username, is_active=True).first()
            if user is None or not user.has_perm("consent.export_consentrecord"):
                raise CommandError(f"There is no active user {username!r} who can export records.")
        output = options["output"]
        path = Path(output or f"consent-records-{options['first']}-{options['last']}.zip")
        if output != "-" and path.exists():
            raise CommandError(f"{path} already exists. Name another file with --output.")
        try:
            export = export_records(
                first=options["first"], last=options["last"], format=options["format"], by=user, at=timezone.now()
            )
        except (NothingSealed, ValueError) as error:
            raise CommandError(str(error)) from error
        if output == "-":
            for chunk in export.chunks():
                sys.stdout.buffer.write(chunk)
            return
        try:
            # Only for its owner's eyes: records are personal data.
            path.touch(mode=0o600, exist_ok=False)
            with path.open("wb") as file:
                file.writelines(export.chunks())
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}.") from error
        self.stdout.write(self.style.SUCCESS(f"{export.number:,} records are in {path}."))
        if export.waiting:
            self.stdout.write(f"{export.waiting:,} records of that period are not sealed yet and were left out.")


def _date(text: str) -> date:
    return date.fromisoformat(text)
