"""What the site wants to reach, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.figures import Figure


@dataclass(frozen=True, slots=True)
class Aim:
    """A bound on the figure ``name``: on its ratio to what stands beside it, or else on its ``value``.

    It is looked at where there are the most terms. ``kind`` is the database for which it holds; empty, for both.
    """

    work: str
    words: str
    name: str
    least: float = 0.0
    most: float = float("inf")
    value: bool = False
    kind: str = ""

    def measured(self, figures: Sequence[Figure]) -> Figure | None:
        """Return the figure that the aim speaks of, or ``None`` if it wasn't measured."""
        found = [figure for figure in figures if figure.name == self.name and (self.value or figure.beside)]
        return max(found, key=lambda figure: figure.size, default=None)

    def number(self, figure: Figure) -> float:
        """Return what is compared with the bound."""
        return figure.median if self.value or figure.ratio is None else figure.ratio

    def is_met(self, figure: Figure) -> bool:
        return self.least <= self.number(figure) <= self.most


PAGE = "Term page from the store"
AIMS = (
    Aim(PAGE, "≥ 0.7 of nginx’s static file, plain", "plain / nginx", least=0.7),
    Aim(PAGE, "≥ 0.7 of nginx’s static file, Brotli", "br / nginx", least=0.7),
    Aim(PAGE, "≥ 4 × Django’s empty view", "plain / empty", least=4),
    Aim(PAGE, "≥ 200 × Wagtail’s page", "plain / wagtail", least=200),
    Aim(PAGE, "≥ 5 × Wagtail behind a cache in local memory", "plain / wagtail cached", least=5),
    Aim(PAGE, "the largest within 5 % of the smallest", "br / smallest", least=0.95),
    Aim("A thousand pages in turn", "the largest within 5 % of the smallest", "walk / smallest", least=0.95),
    Aim("Unchanged page (304)", "≥ 0.9 of nginx’s", "304 / nginx", least=0.9),
    Aim("Term page without the store", "≤ 6 queries", "queries, Term page", most=6, value=True),
    Aim("Term page without the store", "≥ 4 × Wagtail’s page", "rendered / wagtail", least=4),
    Aim("Search for a title", "≤ 20 × a look-up by primary key", "search, title", most=20, kind="PostgreSQL"),
    Aim("Search for a title", "≤ 30 × a look-up by primary key", "search, title", most=30, kind="SQLite"),
    Aim("Search for a rare word", "≤ 20 × a look-up by primary key", "search, rare", most=20, kind="PostgreSQL"),
    Aim("Search for a rare word", "≤ 30 × a look-up by primary key", "search, rare", most=30, kind="SQLite"),
    Aim("Search for a word of every term", "≤ 150 × a look-up by primary key", "search, everywhere", most=150),
    Aim("Search with a typing error", "≤ 120 × a look-up by primary key", "search, mistyped", most=120),
    Aim("Search without any hit", "≤ 120 × a look-up by primary key", "search, none", most=120),
    Aim("Automatic links, text of 1,000 words", "≤ 5 % of the page’s render", "links, text", most=0.05),
    Aim("Automatic links, all names", "built in ≤ 3 s", "links, build", most=3, value=True),
    Aim("Publication of one term", "visible in every process in ≤ 2 s", "publish, visible", most=2_000, value=True),
    Aim("Consent write, 8 writers", "≥ 0.9 of a bare INSERT", "choices", least=0.9, kind="PostgreSQL"),
    Aim("Memory of a worker", "≤ 250 MB", "memory", most=250, value=True),
)


def table(measured: Mapping[str, Sequence[Figure]]) -> str:
    """Return the aims as a table of Markdown. ``measured`` has the figures of each database."""
    kinds = sorted(measured, reverse=True)  # SQLite first, which is the default
    lines = [
        f"| Work | Aim | {' | '.join(kinds)} | Met |",
        f"| --- | --- | {' | '.join('---:' for _ in kinds)} | --- |",
    ]
    for aim in AIMS:
        cells, met = [], []
        for kind in kinds:
            figure = aim.measured(measured[kind]) if aim.kind in ("", kind) else None
            cells.append("" if aim.kind not in ("", kind) else "–" if figure is None else shown(aim, figure))
            if figure is not None:
                met.append(aim.is_met(figure))
        verdict = "not measured" if not met else "yes" if all(met) else "**no**" if not any(met) else "**in part**"
        lines.append(f"| {aim.work} | {aim.words} | {' | '.join(cells)} | {verdict} |")
    return "".join(f"{line}\n" for line in lines)


def shown(aim: Aim, figure: Figure) -> str:
    number = aim.number(figure)
    return f"{short(number)} {figure.unit}" if aim.value else short(number)


def short(number: float) -> str:
    """Return a number with three digits that say something."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}" if number >= 0.1 else f"{number:.3f}"
