"""Count the choices of a day permanently."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.db import IntegrityError, transaction

from consent.models import ClosedDay, ConsentRecord, DailyChoices
from consent.statistics.counts import choices_in, count_choices

#: A choice made just before midnight may be committed after it. No request lasts this long.
STILL_WRITING = timedelta(hours=1)


def aggregate_choices(*, through: date, at: datetime) -> list[date]:
    """Close every day up to and including ``through`` that is over and not closed yet, and return them.

    A closed day's counts are fixed: what is erased or pruned later was counted, and is not counted again. Days that may
    still get records stay open, and so do the days behind them. Running it again, or twice at once, changes nothing.
    """
    day = _first_open_day()
    if day is None:
        return []
    closed = []
    while day <= through and datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) + STILL_WRITING <= at:
        try:
            _close(day, at=at)
        except IntegrityError:
            break  # another run closes it at this moment, and goes on
        closed.append(day)
        day += timedelta(days=1)
    return closed


def _first_open_day() -> date | None:
    if last := ClosedDay.objects.order_by("-date").first():
        return last.date + timedelta(days=1)
    oldest = ConsentRecord.objects.order_by("created_at").values_list("created_at", flat=True).first()
    return oldest.astimezone(UTC).date() if oldest else None


@transaction.atomic
def _close(day: date, *, at: datetime) -> None:
    cells = list(count_choices(first=day, last=day, filters={}))
    ClosedDay.objects.create(date=day, records=sum(choices_in(cells).values()), closed_at=at)
    DailyChoices.objects.bulk_create(
        DailyChoices(
            date=cell.date,
            notice_id=cell.notice_id,
            language=cell.language,
            surface=cell.surface,
            action=cell.action,
            category=cell.category,
            accepted=cell.accepted,
            refused=cell.refused,
        )
        for cell in cells
    )
