"""Render all pages ahead of time, on several cores. After a run that was killed, the next run continues from there."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from django.core.handlers.wsgi import WSGIHandler
from django.db import connections

from pagestore import rendering_process
from pagestore.serving import PageStore

#: Fewer pages are rendered by one process in the second or two that starting others takes.
WORTH_PROCESSES = 200
# Number of pages that are checked after one reading of what has changed.
_BATCH_SIZE = 50


@dataclass
class Rebuilt:
    """How many pages a run checked (``seen``) and rendered, and the paths that could not be rendered."""

    seen: int = 0
    rendered: int = 0
    failed: list[str] = field(default_factory=list)

    def add(self, other: Rebuilt) -> None:
        self.seen += other.seen
        self.rendered += other.rendered
        self.failed += other.failed


def rebuild(
    paths: Sequence[str], *, folder: Path, processes: int, everything: bool, progress: Callable[[int], None]
) -> Rebuilt:
    """Finish the pages at ``paths`` that are missing or stale, or ``everything``.

    Raises ``OSError`` at the first page that cannot be written. Those before it are finished.
    """
    total = Rebuilt()
    store = rebuilding_store(folder)
    batches = [paths[start : start + _BATCH_SIZE] for start in range(0, len(paths), _BATCH_SIZE)]
    if processes == 1 or len(paths) < WORTH_PROCESSES:
        for batch in batches:
            total.add(finish(store, batch, everything=everything))
            progress(total.seen)
        return total
    # Processes must not share a connection. Spawned ones have none of this process's threads.
    connections.close_all()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=rendering_process.begin, initargs=(folder,)
    ) as pool:
        for done in as_completed([pool.submit(rendering_process.finish, batch, everything) for batch in batches]):
            total.add(done.result())
            progress(total.seen)
    return total


def rebuilding_store(folder: Path) -> PageStore:
    """Return a store that compresses quickly, keeps no page in memory, and raises ``OSError`` if it can't write one."""
    return PageStore(WSGIHandler(), folder=folder, memory=0, must_store=True, quickly=True)


def finish(store: PageStore, paths: Sequence[str], *, everything: bool) -> Rebuilt:
    """Finish the pages at ``paths`` that are missing or stale, or ``everything``, after one reading of the changes."""
    store.refresh(due=True)
    rebuilt = Rebuilt(seen=len(paths))
    for path in paths:
        if everything or not store.is_finished(path):
            page = store.render(path)
            rebuilt.rendered += 1
            if page is None or not page.status.startswith("200 "):
                rebuilt.failed.append(path)
    return rebuilt
