"""From an editor's publication, in a process of its own, until every worker of the server shows it."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.figures import Figure
from bench.servers import ROOT, Server
from bench.sites import Run, Site
from bench.subjects.pages import TYPICAL_AT, term_path

# Connections stay with the worker that took them: among so many, each of two workers has some.
CONNECTIONS = 12
LONGEST = 30.0


def measure(run: Run) -> list[Figure]:
    figures = []
    for site in run.sites:
        with site.serving() as server, publisher(site) as editor:
            rounds = [published(server, editor, number) for number in range(run.rounds)]
        seen, took, named = zip(*rounds, strict=True)
        figures += [
            Figure("publish, visible", "From the commit until every worker shows it", "ms", site.size, seen),
            Figure("publish, action", "Saving and publishing itself", "ms", site.size, took),
            Figure("publish, named", "Pages and lists named as changed, the others stay", "", site.size, named),
        ]
    return figures


@contextlib.contextmanager
def publisher(site: Site) -> Iterator[subprocess.Popen[str]]:
    """Start the process that publishes."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.publisher", term_path(TYPICAL_AT).split("/")[2]],
        cwd=ROOT,
        env=site.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            assert process.stdin  # noqa: S101  (a pipe was asked for)
            process.stdin.close()


def published(server: Server, editor: subprocess.Popen[str], number: int) -> tuple[float, float, float]:
    """Publish once; return ms until it was seen by everybody, ms that the publication itself took, and what it named.

    Raises ``RuntimeError`` if it made every page stale, or if the page of before stays.
    """
    with contextlib.ExitStack() as stack:
        readers = [
            stack.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)))
            for _ in range(CONNECTIONS)
        ]
        mark = f"Edition {number} of the benchmark"
        for reader in readers:
            read(reader)
        assert editor.stdin  # noqa: S101  (pipes were asked for)
        assert editor.stdout  # noqa: S101
        editor.stdin.write(f"{mark}\n")
        editor.stdin.flush()
        took, named = map(float, editor.stdout.readline().split())
        committed = time.perf_counter()
        if not named:
            raise RuntimeError("one publication made every page stale")
        waiting = readers
        while waiting:
            waiting = [reader for reader in waiting if mark not in read(reader)]
            if time.perf_counter() - committed > LONGEST:
                raise RuntimeError(f"{len(waiting)} of {len(readers)} connections still show the page of before")
        return (time.perf_counter() - committed) * 1e3, took * 1e3, named


def read(reader: http.client.HTTPConnection) -> str:
    reader.request("GET", term_path(TYPICAL_AT))
    return reader.getresponse().read().decode()
