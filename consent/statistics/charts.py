"""Charts as numbers: what a template needs to draw statistics as SVG, without style attributes or scripts.

A chart is a square of 100 by 100 that its style sheet stretches. Lines keep their width and dots stay round by
``vector-effect``; words stand beside it as HTML, so that they keep their size on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from consent.statistics.counts import Bucket, Rate


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table behind a chart."""

    label: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class LineChart:
    """Rates over time. ``lines`` and ``dots`` are path data; a bucket with too few choices leaves a gap."""

    lines: list[str]
    dots: list[str]
    rows: list[Row]
    lowest: int | None
    highest: int | None


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


def line_chart(buckets: Sequence[Bucket], rates: Sequence[Rate]) -> LineChart:
    """Return the chart of one category's rates, one for each bucket."""
    points = [
        (_center(number, len(rates)), 100 - rate.percent) if rate.is_told else None for number, rate in enumerate(rates)
    ]
    lines: list[list[str]] = [[]]
    for point in points:
        if point is None:
            lines.append([])
        else:
            lines[-1].append(f"{point[0]:.2f},{point[1]}")
    told = [rate.percent for rate in rates if rate.is_told]
    return LineChart(
        lines=[f"M{' L'.join(line)}" for line in lines if len(line) > 1],
        dots=[f"M{point[0]:.2f},{point[1]}h0" for point in points if point],
        rows=[Row(label(bucket), rate) for bucket, rate in zip(buckets, rates, strict=True)],
        lowest=min(told, default=None),
        highest=max(told, default=None),
    )


def bar_chart(numbers: Sequence[int]) -> list[Bar]:
    """Return a bar for each number; the highest reaches the top."""
    highest = max(numbers, default=0) or 1
    width = 100 / max(len(numbers), 1)
    bars = []
    for number, value in enumerate(numbers):
        height = 100 * value / highest
        bars.append(
            Bar(
                round(number * width + width * 0.15, 2), round(100 - height, 2), round(width * 0.7, 2), round(height, 2)
            )
        )
    return bars


def label(bucket: Bucket) -> str:
    """Return a bucket's days in words."""
    first, last = bucket.first, bucket.last
    if first == last:
        return f"{first.day} {first:%b %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%b %Y}"
    year = f" {first.year}" if first.year != last.year else ""
    return f"{first.day} {first:%b}{year} – {last.day} {last:%b %Y}"


def _center(number: int, count: int) -> float:
    return (number + 0.5) / count * 100
