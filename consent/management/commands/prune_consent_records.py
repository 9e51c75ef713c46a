"""``manage.py prune_consent_records``: the scheduled job of every day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date

from consent.actions import LedgerDamaged, prune_records, prune_violations


class Command(BaseCommand):
    help = (
        "Remove consent records CONSENT_RETENTION_DAYS after they expired. They are removed in whole blocks of 256 "
        "sealed records. The hash of each block is kept, so that the ledger can still be verified. Also removes "
        "reports of what browsers refused that have not been repeated for 90 days. Run it once a day "
        "(docs/howto/consent-ledger.md)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many records would be removed")
        parser.add_argument(
            "--expired-before",
            metavar="DATE",
            default="",
            help="remove records that expired before this day (YYYY-MM-DD, UTC), whatever the setting says",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        before = at - timedelta(days=settings.CONSENT_RETENTION_DAYS)
        if given := options["expired_before"]:
            try:
                day = parse_date(given)
            except ValueError:
                day = None
            if day is None:
                raise CommandError(f"{given!r} is not a day. Write it like 2026-03-02.")
            before = datetime.combine(day, time.min, UTC)
            if before > at:
                raise CommandError(f"{given} is in the future, and records in force cannot be removed.")
        try:
            pruning = prune_records(before=before, by=None, at=at, dry_run=options["dry_run"])
        except LedgerDamaged as error:
            raise CommandError(str(error)) from error
        forgotten = 0 if options["dry_run"] else prune_violations(at=at)
        if options["verbosity"]:
            done = "would be removed" if options["dry_run"] else "removed"
            self.stdout.write(
                f"Expired before {before:%Y-%m-%d}: {pruning.pruned} {done}, {pruning.waiting} kept until the rest of "
                "their block has expired or is sealed."
            )
            if forgotten:
                self.stdout.write(f"Refused by browsers, and not for 90 days: {forgotten} removed.")
