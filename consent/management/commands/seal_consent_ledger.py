"""``manage.py seal_consent_ledger``: what the clock does each minute with consent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from consent.actions import LedgerDamaged, UnknownSigningKey, aggregate_choices, publish_heads, seal_ledger


class Command(BaseCommand):
    help = (
        "Seal the consent records that are waiting, sign a head of the ledger over them, and publish it: to a file "
        "under DATA_DIR, and where the settings say by mail and to a webhook. Count the choices of days that are over. "
        "Run it every minute (docs/howto/consent-ledger.md). Late is fine and twice at once too. Ends with status 1 "
        "when a record was not what its writer signed, or a head could not be published."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(at=timezone.now(), verbosity=options["verbosity"])
        except DatabaseError as error:
            # Such as a full disk, a read-only database or one that is away.
            reason = str(error).strip() or type(error).__name__
            raise CommandError(
                f"The database refused: {reason}. What had been sealed before stays sealed, and no record is lost: the "
                "next run goes on where this one ended."
            ) from error

    def _run(self, *, at: datetime, verbosity: int) -> None:
        try:
            sealing = seal_ledger(at=at)
        except (LedgerDamaged, UnknownSigningKey) as error:
            raise CommandError(str(error)) from error
        if sealing.rotated:
            self.stdout.write("The key has changed: the old one signed a head that names the new one.")
        if sealing.checkpoint and sealing.sealed and verbosity:
            self.stdout.write(f"Sealed {sealing.sealed}; the ledger has {sealing.checkpoint.size} records.")
        elif verbosity > 1:
            self.stdout.write("Nothing was waiting.")
        troubles = [f"the record with the primary key {pk} was not sealed, as {why}" for pk, why in sealing.refused]
        troubles += [
            f"the head was not published ({delivery.channel}, failed {delivery.failures} times): {delivery.error}"
            for delivery in publish_heads(at=at)
            if delivery.failures
        ]
        aggregate_choices(through=at.date(), at=at)
        if troubles:
            raise CommandError("; ".join(troubles) + ".")
