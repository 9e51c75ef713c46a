"""Figures of earlier runs, a file for each database and subject under ``var/bench/results``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.data import KEPT
from bench.figures import Figure, read

RESULTS = KEPT / "results"


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of a subject, and on which machine."""

    machine: str
    figures: tuple[Figure, ...]


def keep(kind: str, subject: str, machine: str, figures: Sequence[Figure]) -> None:
    """Keep figures of a subject in place of the ones before."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    (RESULTS / f"{kind}-{subject}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def kept(kind: str, subject: str) -> Result | None:
    """Return what was measured last, or ``None``."""
    file = RESULTS / f"{kind}-{subject}.json"
    if not file.exists():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    return Result(content["machine"], tuple(read(json.dumps(content["figures"]))))
