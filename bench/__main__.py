"""Runs benchmarks on databases of their own, keeps what they measured, and writes it into docs/benchmarks.md.

``python -m bench`` measures everything and writes it. ``python -m bench search pages`` measures these and keeps the
figures; ``python -m bench write`` writes what was kept, of whichever runs. ``fill`` fills the glossaries ahead of the
first run, and ``forget`` removes them. It takes SQLite, or the PostgreSQL server that DATABASE_URL names.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench import machine, report, results
from bench.data import Databases, settle
from bench.figures import Figure
from bench.servers import WORKERS
from bench.sites import Run, Site, environment, fill, sites
from bench.subjects import memory, pages, publishing, rendering
from tests.databases import end_run

SIZES = (1_000, 10_000, 100_000)
SMOKE = (50,)
RECORDS, MANY_RECORDS, FEW_RECORDS = 100_000, 1_000_000, 1_000


def _inside(subject: str) -> Callable[[Run], list[Figure]]:
    return lambda run: run.inside(subject)


# Measured in a process of the site.
INSIDE = ("search", "links", "admin", "queries", "importing", "profile")
# In this order: what publishes comes when the others are done.
SUBJECTS: dict[str, Callable[[Run], list[Figure]]] = {
    "pages": pages.measure,
    "rendering": rendering.measure,
    **{name: _inside(name) for name in INSIDE},
    "memory": memory.measure,
    "publishing": publishing.measure,
}
CONSENT = "consent"
EVERYTHING = (*SUBJECTS, CONSENT)
OTHERS = ("fill", "write", "forget")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*EVERYTHING, *OTHERS, []], help="nothing: everything, and write it")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="numbers of terms")
    parser.add_argument(
        "--large", action="store_true", help=f"with {MANY_RECORDS:,} consent records: some minutes more"
    )
    parser.add_argument("--smoke", action="store_true", help="tiny and quick, only to see that everything runs")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured, by turns")
    parser.add_argument("--seconds", type=float, default=2, help="how long each round lasts")
    parser.add_argument("--terms", type=Path, help="a JSON file of real terms, which come before made-up ones")
    options = parser.parse_args()
    wanted = list(options.what) or [*EVERYTHING, "write"]
    if options.smoke:
        options.sizes, options.rounds, options.seconds = list(SMOKE), 1, 0.05
        wanted = [name for name in wanted if name not in OTHERS]
    with contextlib.ExitStack() as stack:
        stack.callback(end_run)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        databases = Databases.named_by(os.environ.get("DATABASE_URL", ""), folder=Path(folder))
        if "forget" in wanted:
            databases.forget()
        if "fill" in wanted:
            for size in options.sizes:
                databases.keep(size, partial(fill, folder=Path(folder) / "site", size=size, real=options.terms))
        subjects = [name for name in EVERYTHING if name in wanted]
        if subjects:
            measure(subjects, databases, Path(folder), options)
    if "write" in wanted:
        report.write_results(EVERYTHING)


def measure(subjects: Sequence[str], databases: Databases, folder: Path, options: argparse.Namespace) -> None:
    """Measure the subjects one after the other, print each one's table, and keep it."""
    about = machine.described(databases)
    of_terms = [name for name in subjects if name != CONSENT]
    if of_terms:
        workers = 1 if options.smoke else WORKERS
        with sites(
            databases, sorted(options.sizes), folder, real=options.terms, keep=not options.smoke, workers=workers
        ) as found:
            together = [name for name in of_terms if name in INSIDE and options.smoke]
            settle()
            run = Run(databases, found, folder, options.rounds, options.seconds, options.smoke, together)
            for name in of_terms:
                done(name, databases.kind, about, partial(SUBJECTS[name], run), options)
    if CONSENT in subjects:
        records = FEW_RECORDS if options.smoke else MANY_RECORDS if options.large else RECORDS
        with databases.migrated() as url:
            own = folder / "consent"
            own.mkdir()
            site = Site(records, own, environment(url, own))
            done(
                CONSENT,
                databases.kind,
                about,
                lambda: site.inside(CONSENT, rounds=options.rounds, seconds=options.seconds)[CONSENT],
                options,
            )


def done(name: str, kind: str, about: str, work: Callable[[], list[Figure]], options: argparse.Namespace) -> None:
    start = time.perf_counter()
    figures = work()
    sys.stdout.write(f"{name}, {kind}, in {time.perf_counter() - start:.0f} s\n\n{report.table(figures)}\n")
    sys.stdout.flush()
    if not options.smoke:
        results.keep(kind, name, about, figures)


if __name__ == "__main__":
    main()
