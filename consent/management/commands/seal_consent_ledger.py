"""``manage.py seal_consent_ledger``: the scheduled job of every minute."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from consent.actions import LedgerDamaged, UnknownSigningKey, aggregate_choices, publish_heads, seal_ledger


class Command(BaseCommand):
    help = (
        "Seal the waiting consent records, sign a checkpoint of the ledger that covers them, and publish it: to a "
        "file under DATA_DIR, and by email and to a webhook if the settings name them. Count the choices of past "
        "days. Run it every minute (docs/howto/consent-ledger.md). Late runs and two runs at once do no harm. Ends "
        "with status 1 if a record was changed before it was sealed, or a checkpoint could not be published."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(at=timezone.now(), verbosity=options["verbosity"])
        except DatabaseError as error:
            # Such as a full disk, a read-only database or one that is away.
            reason = str(error).strip() or type(error).__name__
            raise CommandError(
                f"The database refused: {reason}. No record is lost, and what was sealed before stays sealed. The "
                "next run continues from there."
            ) from error

    def _run(self, *, at: datetime, verbosity: int) -> None:
        try:
            sealing = seal_ledger(at=at)
        except (LedgerDamaged, UnknownSigningKey) as error:
            raise CommandError(str(error)) from error
        if sealing.rotated:
            self.stdout.write("The key has changed. The old key signed a checkpoint that names the new key.")
        if sealing.checkpoint and sealing.sealed and verbosity:
            self.stdout.write(f"Sealed {sealing.sealed}; the ledger has {sealing.checkpoint.size} records.")
        elif verbosity > 1:
            self.stdout.write("Nothing was waiting.")
        troubles = [f"the record with the primary key {pk} was not sealed: {why}" for pk, why in sealing.refused]
        troubles += [
            f"the checkpoint was not published ({delivery.channel}, failed {delivery.failures} times): {delivery.error}"
            for delivery in publish_heads(at=at)
            if delivery.failures
        ]
        aggregate_choices(through=at.date(), at=at)
        if troubles:
            raise CommandError("; ".join(troubles) + ".")
