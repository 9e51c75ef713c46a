"""The page that the benchmarks are written into."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import aims, results
from bench.aims import short
from bench.figures import Figure

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
KINDS = ("SQLite", "PostgreSQL")


def write(kind: str, table: str) -> None:
    """Replace the table that stands between the page's comments of this name, and say when it was made."""
    where = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores"
    replace(kind, f"{kind}, {where}:\n\n{table}")


def write_results(subjects: Sequence[str]) -> None:
    """Write everything that was measured last into the page: the aims, and a table for each subject."""
    measured: dict[str, list[Figure]] = {kind: [] for kind in KINDS}
    machines: dict[str, list[str]] = {}
    parts: list[str] = []
    for subject in subjects:
        for kind in KINDS:
            if (result := results.kept(kind, subject)) is not None:
                measured[kind] += result.figures
                machines.setdefault(result.machine, []).append(f"{subject} ({kind})")
                parts.append(f"### {subject.capitalize()}, {kind}\n\n{table(result.figures)}\n")
    replace("aims", aims.table(measured))
    made = [f"- {', '.join(names)}: {machine}\n" for machine, names in machines.items()]
    replace("figures", "".join(parts))
    replace("machines", "".join(made))


def replace(name: str, content: str) -> None:
    """Put ``content`` between the page's comments ``name`` and ``end of name``."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    page = PAGE.read_text(encoding="utf-8")
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{PAGE.name} has no place for {name}: it needs {begin.strip()} and {end.strip()}")
    PAGE.write_text(f"{before}{begin}{content}{end}{after}", encoding="utf-8")


def table(figures: Sequence[Figure]) -> str:
    """Return figures as a table of Markdown: medians, and in brackets the least and most of all rounds."""
    lines = [
        "| What | Terms | Median (spread) | Beside | Median | Ratio (spread) |",
        "| --- | ---: | ---: | --- | ---: | ---: |",
    ]
    for figure in sorted(figures, key=lambda figure: figure.name if figure.name != "profile" else ""):
        beside = ratio = ""
        if figure.ratio is not None:
            beside = short(statistics.median(figure.beside_rounds))
            ratio = spread(figure.ratios, "")
        cells = (figure.what, f"{figure.size:,}", spread(figure.rounds, figure.unit), figure.beside, beside, ratio)
        lines.append(f"| {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def spread(values: Sequence[float], unit: str) -> str:
    words = f"{short(statistics.median(values))} {unit}".strip()
    return f"{words} ({short(min(values))}–{short(max(values))})" if len(values) > 1 else words
