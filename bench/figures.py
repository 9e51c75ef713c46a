"""What a benchmark measured, and what stands beside it from the same run."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a table: a value for each round, and beside it another's from the same rounds.

    ``name`` says what it is to :mod:`bench.aims`; ``size`` is the number of terms. Without ``beside`` there is only the
    value. Rounds are paired, since a machine isn't the same in two seconds: the ratio is taken in each round.
    """

    name: str
    what: str
    unit: str
    size: int
    rounds: tuple[float, ...]
    beside: str = ""
    beside_rounds: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def ratios(self) -> tuple[float, ...]:
        return tuple(one / other for one, other in zip(self.rounds, self.beside_rounds, strict=True) if other)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios, or ``None`` when nothing stands beside."""
        return statistics.median(self.ratios) if self.beside and self.ratios else None


def by_turns(works: Mapping[str, Callable[[], T]], *, rounds: int) -> dict[str, tuple[T, ...]]:
    """Return what each work returned in each round: A B C, A B C, …, and every other time C B A."""
    found: dict[str, list[T]] = {name: [] for name in works}
    for number in range(rounds):
        for name in reversed(list(works)) if number % 2 else works:
            found[name].append(works[name]())
    return {name: tuple(values) for name, values in found.items()}


def microseconds(work: Callable[[], object], *, seconds: float) -> Callable[[], float]:
    """Return a function that repeats the work for some seconds, and returns the median time of one, in µs."""

    def measure() -> float:
        times: list[float] = []
        end = time.perf_counter() + seconds
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1e6

    return measure


def kept(figures: Iterable[Figure]) -> str:
    """Return figures as JSON."""
    return json.dumps([asdict(figure) for figure in figures], indent=1, ensure_ascii=False)


def read(text: str) -> list[Figure]:
    """Return the figures of a JSON text that :func:`kept` wrote."""
    rows: Sequence[dict[str, object]] = json.loads(text)
    return [
        Figure(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})  # type: ignore[arg-type]  # our own file
        for row in rows
    ]


def read_file(path: Path) -> list[Figure]:
    return read(path.read_text(encoding="utf-8"))
