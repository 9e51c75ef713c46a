"""What tests of the ledger share: many records at once, made as the action makes one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings

from consent.ledger import Choice, receipt_hash, sign
from consent.models import ConsentRecord, Notice

DAY = timedelta(days=1)


def add_records(count: int, *, at: datetime, every: timedelta = timedelta(seconds=1), key: str = "") -> list[str]:
    """Write ``count`` choices, one ``every`` so often from ``at``, and return their receipts."""
    notice = Notice.objects.get(number=1)
    varnames = [category["varname"] for category in notice.document["categories"]]
    receipts, records = [], []
    for number in range(count):
        receipt, salt, made_at = secrets.token_urlsafe(24), secrets.token_bytes(16), at + number * every
        answers = {varname: bool(place == 0 or number >> place & 1) for place, varname in enumerate(varnames)}
        choice = Choice(
            receipt_sha256=receipt_hash(receipt),
            created_at=made_at,
            expires_at=made_at + 182 * DAY,
            action=("accept_all", "reject_all", "save", "withdraw")[number % 4],
            answers=answers,
            notice=notice.sha256,
            language="en",
            surface=("banner", "preferences")[number % 2],
            gpc=number % 3 == 0,
        )
        leaf = choice.leaf(salt)
        receipts.append(receipt)
        records.append(
            ConsentRecord(
                receipt_sha256=choice.receipt_sha256,
                created_at=choice.created_at,
                expires_at=choice.expires_at,
                action=choice.action,
                answers=answers,
                notice=notice,
                language=choice.language,
                surface=choice.surface,
                gpc=choice.gpc,
                salt=salt.hex(),
                leaf=leaf.hex(),
                mac=sign(leaf, key or settings.CONSENT_SIGNING_KEY).hex(),
            )
        )
    ConsentRecord.objects.bulk_create(records, batch_size=500)
    return receipts
