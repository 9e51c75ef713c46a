"""All pages ahead of time, on several cores. What is finished stays finished: a run that was killed is continued."""

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

#: Starting a process takes a second or two, in which one alone renders as many pages.
WORTH_PROCESSES = 200
# So many pages are looked at under one reading of what has changed.
_AT_ONCE = 50


@dataclass
class Rebuilt:
    """How many pages a run looked at and rendered, and the paths at which there is no page."""

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
    store = store_for(folder)
    batches = [paths[start : start + _AT_ONCE] for start in range(0, len(paths), _AT_ONCE)]
    if processes == 1 or len(paths) < WORTH_PROCESSES:
        for batch in batches:
            total.add(finish(store, batch, everything=everything))
            progress(total.seen)
        return total
    # No connection may be shared between processes, and a fresh start has none of this one's threads.
    connections.close_all()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=rendering_process.begin, initargs=(folder,)
    ) as pool:
        for done in as_completed([pool.submit(rendering_process.finish, batch, everything) for batch in batches]):
            total.add(done.result())
            progress(total.seen)
    return total


def store_for(folder: Path) -> PageStore:
    """Return a store that renders very many pages and keeps none in memory, so that what it cannot write is nowhere."""
    return PageStore(WSGIHandler(), folder=folder, memory=0, must_keep=True, quickly=True)


def finish(store: PageStore, paths: Sequence[str], *, everything: bool) -> Rebuilt:
    """Finish the pages at ``paths`` that are missing or stale, or ``everything``, under one reading of the editions."""
    store.look(due=True)
    rebuilt = Rebuilt(seen=len(paths))
    for path in paths:
        if everything or not store.is_finished(path):
            page = store.render(path)
            rebuilt.rendered += 1
            if page is None or not page.status.startswith("200 "):
                rebuilt.failed.append(path)
    return rebuilt
