"""What tests of the ledger share: many records at once, made as the action makes one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings

from consent.actions import verify_ledger
from consent.ledger import Choice, checkpoint, receipt_hash, sign
from consent.ledger.checkpoint import Note
from consent.ledger.faults import Fault
from consent.ledger.keys import current_key
from consent.models import Checkpoint, ConsentRecord, Notice

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


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


def add_record(*, at: datetime, lasts: timedelta = 182 * DAY, notice: Notice | None = None) -> None:
    """Write a choice with any times, as somebody would who has the key."""
    notice = notice or Notice.objects.get(number=1)
    choice = Choice(
        receipt_sha256=secrets.token_hex(32),
        created_at=at,
        expires_at=at + lasts,
        action="accept_all",
        answers={"necessary": True},
        notice=notice.sha256,
        language="en",
        surface="banner",
        gpc=False,
    )
    salt = secrets.token_bytes(16)
    leaf = choice.leaf(salt)
    fields = {name: getattr(choice, name) for name in choice.__slots__ if name != "notice"}
    ConsentRecord.objects.create(**fields, notice=notice, salt=salt.hex(), leaf=leaf.hex(), mac=current_key().mac(leaf))


def heads() -> list[Note]:
    """Return the heads of the database, as somebody would who kept them elsewhere."""
    return [checkpoint.read(head.note) for head in Checkpoint.objects.order_by("pk")]


def fault(at: datetime, *against: Note) -> tuple[Fault, int | None] | None:
    """Verify the ledger, and return what is wrong with it and where, or ``None``."""
    found = verify_ledger(against=against, at=at).fault
    return (found.fault, found.index) if found else None
