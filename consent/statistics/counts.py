"""Acceptance rates over time, from the counts of closed days and, for the days since, from the records themselves.

Nothing is ever counted of visitors who make no choice: they leave no trace. Numbers below :data:`SMALLEST` are not
told (docs/adr/0081).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from django.db.models import Count
from django.db.models.functions import TruncDate

from consent.models import ClosedDay, ConsentRecord, DailyChoices, Notice

#: A rate over fewer choices than this is not told.
SMALLEST = 5
LONGEST = timedelta(days=5 * 366)

Key = TypeVar("Key", int, str)
Answers = Counter[bool]


@dataclass(frozen=True, slots=True)
class Cell:
    """How often a category was accepted and refused under one notice, language, surface and action."""

    date: date
    notice_id: int
    language: str
    surface: str
    action: str
    category: str
    accepted: int
    refused: int


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of ``total`` choices accepted."""

    accepted: int
    total: int

    @property
    def is_told(self) -> bool:
        return self.total >= SMALLEST

    @property
    def percent(self) -> int:
        return round(100 * self.accepted / self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the statistics: a period, both days included, and the choices that count. "" means all."""

    first: date
    last: date
    notice: int | None = None
    language: str = ""
    surface: str = ""

    @property
    def filters(self) -> dict[str, str | int]:
        chosen = {"notice_id": self.notice, "language": self.language, "surface": self.surface}
        return {name: value for name, value in chosen.items() if value}


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day, week (from Monday) or month of the period, cut off at the period's ends."""

    first: date
    last: date


@dataclass(slots=True)
class Statistics:
    """The answer. ``series`` has a rate per bucket for each category; the other rates are of the whole period."""

    question: Question
    buckets: list[Bucket]
    choices: list[int]
    series: dict[str, list[Rate]]
    overall: dict[str, Rate]
    by_notice: dict[int, dict[str, Rate]]
    by_language: dict[str, dict[str, Rate]]
    by_surface: dict[str, dict[str, Rate]]
    actions: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.choices)


def count_choices(*, first: date, last: date, filters: Mapping[str, str | int]) -> Iterator[Cell]:
    """Count the records of a period, both days included, that were not erased. One query, by the index on time."""
    required = _required_categories()
    groups = (
        ConsentRecord.objects.filter(
            created_at__gte=_midnight(first),
            created_at__lt=_midnight(last + timedelta(days=1)),
            answers__isnull=False,
            **filters,
        )
        .annotate(date=TruncDate("created_at", tzinfo=UTC))
        .values_list("date", "notice_id", "language", "surface", "action", "answers")
        .annotate(number=Count("pk"))
        .order_by()
    )
    counts: dict[tuple[date, int, str, str, str, str], Answers] = {}
    for day, notice, language, surface, action, answers, number in groups:
        for category, answer in answers.items():
            # Answers to single services (`category.slug`) are in the records; the statistics are of categories.
            if "." not in category and category not in required.get(notice, ()):
                counts.setdefault((day, notice, language, surface, action, category), Counter())[answer] += number
    for key, answer_counts in counts.items():
        yield Cell(*key, accepted=answer_counts[True], refused=answer_counts[False])


def statistics(question: Question, *, at: datetime) -> Statistics:
    """Answer a question as of ``at``.

    Neither the number of queries nor that of the rows read depends on how many records the closed days had.
    """
    closed = ClosedDay.objects.order_by("-date").values_list("date", flat=True).first()
    cells = [
        Cell(*row)
        for row in DailyChoices.objects.filter(date__range=(question.first, question.last), **question.filters)
        .order_by()
        .values_list(*(column.name for column in fields(Cell)))
    ]
    first_open = max(question.first, closed + timedelta(days=1)) if closed else question.first
    last_open = min(question.last, at.astimezone(UTC).date())
    if first_open <= last_open:
        cells += count_choices(first=first_open, last=last_open, filters=question.filters)
    return _assemble(question, cells)


def buckets(first: date, last: date) -> list[Bucket]:
    """Divide a period into at most some sixty days, weeks or months."""
    found: list[Bucket] = []
    days = (last - first).days + 1
    start = first
    while start <= last:
        if days <= 31:
            end = start
        elif days <= 190:
            end = start + timedelta(days=6 - start.weekday())
        else:
            end = (start.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        found.append(Bucket(start, min(end, last)))
        start = end + timedelta(days=1)
    return found


def choices_in(cells: Iterable[Cell]) -> Counter[tuple[date, int, str, str, str]]:
    """Return the number of choices by date, notice, language, surface and action.

    Every choice answers every category of its notice, so any one category tells it.
    """
    choices: Counter[tuple[date, int, str, str, str]] = Counter()
    for cell in cells:
        key = (cell.date, cell.notice_id, cell.language, cell.surface, cell.action)
        choices[key] = max(choices[key], cell.accepted + cell.refused)
    return choices


def _assemble(question: Question, cells: list[Cell]) -> Statistics:
    parts = buckets(question.first, question.last)
    part_of = {
        part.first + timedelta(days=day): number
        for number, part in enumerate(parts)
        for day in range((part.last - part.first).days + 1)
    }
    choices, actions = [0] * len(parts), Counter[str]()
    for (day, _, _, _, action), number in choices_in(cells).items():
        choices[part_of[day]] += number
        actions[action] += number
    over_time = _rates(cells, lambda cell: part_of[cell.date])
    categories = sorted({cell.category for cell in cells})
    return Statistics(
        question=question,
        buckets=parts,
        choices=choices,
        series={
            category: [over_time.get(number, {}).get(category, Rate(0, 0)) for number in range(len(parts))]
            for category in categories
        },
        overall=_rates(cells, lambda cell: "").get("", {}),
        by_notice=_rates(cells, lambda cell: cell.notice_id),
        by_language=_rates(cells, lambda cell: cell.language),
        by_surface=_rates(cells, lambda cell: cell.surface),
        actions=dict(actions),
    )


def _rates(cells: Iterable[Cell], key: Callable[[Cell], Key]) -> dict[Key, dict[str, Rate]]:
    """Return key → category → rate."""
    rates: dict[Key, dict[str, Rate]] = {}
    for cell in cells:
        row = rates.setdefault(key(cell), {})
        rate = row.get(cell.category, Rate(0, 0))
        row[cell.category] = Rate(rate.accepted + cell.accepted, rate.total + cell.accepted + cell.refused)
    return rates


def _required_categories() -> dict[int, set[str]]:
    return {
        pk: {category["varname"] for category in categories if category["required"]}
        for pk, categories in Notice.objects.values_list("pk", "document__categories")
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
