"""Asking one server on this machine for pages, as fast as it answers, for a bounded time."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

CONNECTIONS = 16
LONGEST = 60.0  # seconds

# wrk asks for one path after the other.
_IN_TURN = """
local paths = {{}}
for path in io.lines("{file}") do paths[#paths + 1] = path end
local number = 0
request = function()
    number = number % #paths + 1
    return wrk.format("GET", paths[number])
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """How many answers came in how many seconds."""

    answers: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def generator() -> str:
    """Return which load generator this machine has, as the report names it."""
    if not shutil.which("wrk"):
        return "a simple client of this project (wrk, Debian's package, is missing)"
    # wrk says its version, and then that it was used wrongly.
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout  # noqa: S607  (Debian's)
    return " ".join(said.split()[:2]).split("-")[0]


def ask(port: int, paths: Sequence[str], *, headers: Mapping[str, str], seconds: float) -> Load:
    """Ask 127.0.0.1 for the paths in turn over :data:`CONNECTIONS` connections that are kept open.

    Raises ``RuntimeError`` when an answer isn't 200 or 304, or a connection breaks.
    """
    seconds = min(seconds, LONGEST)
    # wrk takes whole seconds only.
    return (_ask_wrk if shutil.which("wrk") and seconds >= 1 else _ask_threads)(port, paths, headers, seconds)


def _ask_wrk(port: int, paths: Sequence[str], headers: Mapping[str, str], seconds: float) -> Load:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{round(seconds)}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if len(paths) > 1:
            script, file = Path(folder) / "in_turn.lua", Path(folder) / "paths"
            file.write_text("\n".join(paths) + "\n", encoding="utf-8")
            script.write_text(_IN_TURN.format(file=file), encoding="utf-8")
            command += ["-s", str(script)]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{paths[0]}"],
            capture_output=True,
            text=True,
            timeout=seconds + 30,
            check=True,
        ).stdout
    for fault in ("Non-2xx or 3xx responses", "Socket errors"):
        if fault in done:
            raise RuntimeError(f"wrk reports: {done[done.index(fault) :].splitlines()[0]}")
    answers = cast("re.Match[str]", re.search(r"(\d+) requests in ", done))
    rate = cast("re.Match[str]", re.search(r"Requests/sec:\s+([\d.]+)", done))
    return Load(int(answers[1]), int(answers[1]) / float(rate[1]))


def _ask_threads(port: int, paths: Sequence[str], headers: Mapping[str, str], seconds: float) -> Load:
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{port}", **headers}.items())
    requests = [f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode() for path in paths]
    counts = [0] * CONNECTIONS
    faults: list[Exception] = []
    begin = time.perf_counter()
    end = begin + seconds

    def work(place: int) -> None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                number = place
                while not counts[place] or time.perf_counter() < end:
                    connection.sendall(requests[number % len(requests)])
                    _receive(connection)
                    counts[place] += 1
                    number += 1
        except (OSError, RuntimeError) as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(f"{len(faults)} connections failed: {faults[0]}")
    return Load(sum(counts), time.perf_counter() - begin)


def _receive(connection: socket.socket) -> None:
    """Read one answer to its end."""
    head, got = b"", connection.recv(65_536)
    while got and b"\r\n\r\n" not in head + got:
        head += got
        got = connection.recv(65_536)
    head, _, body = (head + got).partition(b"\r\n\r\n")
    status = head[9:12]
    if status not in (b"200", b"304"):
        raise RuntimeError(f"the answer was {head.splitlines()[0].decode() if head else 'cut off'}")
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65_536)
        return
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    missing = int(length[1]) - len(body) if length and status == b"200" else 0
    while missing > 0:
        missing -= len(connection.recv(65_536))
