"""Servers that a benchmark starts, looks at and stops again: on 127.0.0.1, each in a process group of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 2
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes of one process: all that it has in memory, and its share of that, pages of several counted once."""

    rss: float
    pss: float


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. ``group`` is its process group."""

    port: int
    group: int

    def cpu(self) -> float:
        """Return how many seconds of CPU all its processes have had."""
        return sum(_cpu(pid) for pid in self._members())

    def memory(self) -> list[Memory]:
        """Return the memory of each worker: every process but the first, or the first where it is alone."""
        members = self._members()
        return [_memory(pid) for pid in members if pid != self.group or len(members) == 1]

    def _members(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if _stat(int(entry.name))[2] == str(self.group):
                        found.append(int(entry.name))
        return sorted(found)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    command: Sequence[str], *, port: int, environment: Mapping[str, str], log: Path, folder: Path = ROOT
) -> Iterator[Server]:
    """Start a server, yield it once it listens, and stop it with all its processes.

    Raises ``RuntimeError`` with the end of its log when it doesn't come up.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait(process, port, log)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        # Its own group and nobody else's: what is left of it then goes the hard way.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=15)


def granian(application: str, port: int, *, python: str = sys.executable, workers: int = WORKERS) -> list[str]:
    """Return the command that serves a WSGI application as ``make serve`` does."""
    return [
        *(python, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"),
        *("--workers", str(workers), "--blocking-threads", "4", "--workers-kill-timeout", "10"),
        *("--host", "127.0.0.1", "--port", str(port), application),
    ]


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"the server did not come up:\n{log.read_text(errors='replace')[-2_000:]}")


def _stat(pid: int) -> list[str]:
    # Behind the name, which may hold anything: state, parent, group, …
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu(pid: int) -> float:
    try:
        stat = _stat(pid)
    except OSError:
        return 0.0
    return (int(stat[11]) + int(stat[12])) / TICKS


def _memory(pid: int) -> Memory:
    sizes: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value, _ = line.split()
        sizes[name] = int(value) / 1024
    return Memory(rss=sizes["Rss:"], pss=sizes["Pss:"])
