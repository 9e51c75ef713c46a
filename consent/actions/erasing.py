"""Erase the record of a visitor who asks for it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from consent.actions.choosing import UnknownReceipt
from consent.models import PERSONAL, VISITOR, ConsentEvent, ConsentRecord, Ending


def erase_record(*, receipt: str, at: datetime) -> ConsentRecord:
    """Remove what a record says of its visitor, including the salt, so that nothing leads back to person or choice.

    A hash over both takes its place: it tells nothing without the salt, and the ledger verifies as before. Times and
    notice stay. Works for records that aren't sealed yet, too. Committed when this returns.

    Raises :class:`UnknownReceipt`, for a record that is erased already as for one that never was.
    """
    with transaction.atomic(durable=True):
        held = ConsentRecord.objects.held_by(receipt).select_related("notice").first()
        if held is None or held.salt is None:
            raise UnknownReceipt("No record is held under this receipt.")
        personal_sha256 = hashlib.sha256(bytes.fromhex(held.salt) + held.choice().personal()).hexdigest()
        # One of two who erase at once finds nothing left.
        if not ConsentRecord.objects.filter(pk=held.pk, personal_sha256="").update(
            **dict.fromkeys(PERSONAL), personal_sha256=personal_sha256
        ):
            raise UnknownReceipt("No record is held under this receipt.")
        # No record of a visitor leads to another one. That the other one was withdrawn stays true.
        Ending.objects.filter(record=held).delete()
        Ending.objects.filter(ended_by=held).update(ended_by=None)
        record = ConsentRecord.objects.select_related("notice").get(pk=held.pk)
        ConsentEvent.objects.create(
            verb=ConsentEvent.Verb.ERASED,
            at=at,
            by_name=VISITOR,
            # The leaf names it also where it has no place yet, and says nothing without the salt.
            details={"index": record.index, "leaf": record.leaf},
        )
    return record
