"""Export records for an operator."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from consent.models import ConsentEvent, name_of
from consent.receipts.exporting import Export, prepare_export

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: Who exports where no user is named.
COMMAND_LINE = "command line"


def export_records(
    *,
    first: date,
    last: date,
    format: str,  # noqa: A002  (as people call it)
    by: User | None,
    at: datetime,
) -> Export:
    """Return the export of a period, both days (UTC) included, ready to be written; ``format`` is csv or json.

    The event is there before the first byte leaves. ``by`` is ``None`` for a person at the command line. Raises
    ``ValueError`` for a period that ends before it begins, and :class:`consent.receipts.exporting.NothingSealed`.
    """
    if last < first:
        raise ValueError("The period ends before it begins.")
    if not 1970 <= first.year <= last.year < 3000:
        raise ValueError("Enter days from 1970 to 2999.")
    export = prepare_export(first=first, last=last, format=format, at=at)
    ConsentEvent.objects.create(
        verb=ConsentEvent.Verb.EXPORTED,
        at=at,
        by=by,
        by_name=name_of(by) if by else COMMAND_LINE,
        details={"from": first.isoformat(), "to": last.isoformat(), "records": export.number, "format": format},
    )
    return export
