"""How the production server is started: its options, in one place, and one server on an address at a time.

Note [One server on an address]
    Each worker of the server binds the address for itself, with ``SO_REUSEPORT``. So a second server on it would start
    too, and the two would share the requests: half of the answers would come from another release, or another
    database. ``manage.py serve`` therefore tries whether the address is free without that option, and holds a lock from
    before that until the server ends, so that of two that start at once one finds the other.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
from pathlib import Path

#: MiB of a worker that is then replaced by a new one. One with 100,000 terms and a full page store takes half of it.
WORKER_MEMORY = 1024
#: Django gets fewer requests at a time than a worker has threads: see server.admission.
WORKERS, THREADS = 2, 8
APPLICATION = "config.wsgi:application"
OPTIONS = (
    *("--interface", "wsgi", "--no-ws"),
    # A worker that dies is replaced. Without this, its death would end the server.
    "--respawn-failed-workers",
    # The longest headers that are read: a browser's take a few KiB. The server would take 400 KiB of each connection,
    # and 16 MiB over HTTP/2.
    *("--http1-buffer-size", "65536", "--http2-max-headers-size", "65536"),
    # Ends a worker that was told to stop while it was still starting: it would never hear of it.
    *("--workers-kill-timeout", "10"),
)


class AddressInUse(Exception):
    """Another server listens on the address. Stop that one, or choose another port."""


def command(
    host: str, port: int, *, workers: int = WORKERS, threads: int = THREADS, worker_memory: int = WORKER_MEMORY
) -> list[str]:
    """Return the command line of the production server."""
    return [sys.executable, "-m", "granian", *arguments(host, port, workers, threads, worker_memory)]


def arguments(
    host: str, port: int, workers: int = WORKERS, threads: int = THREADS, worker_memory: int = WORKER_MEMORY
) -> list[str]:
    """Return what stands behind the server's name on its command line."""
    return [
        *OPTIONS,
        *("--workers", str(workers), "--blocking-threads", str(threads), "--workers-max-rss", str(worker_memory)),
        *("--host", host, "--port", str(port), APPLICATION),
    ]


def claim(host: str, port: int, *, folder: Path) -> None:
    """Claim an address for this process and for the program that takes its place, until that ends.

    Raises :class:`AddressInUse`, and ``OSError`` where the address cannot be used at all. ``folder`` keeps the lock.
    """
    lock = os.open(folder / f"server-{port}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(lock, True)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise AddressInUse from error
    try:
        _try_to_bind(host, port)
    except OSError:
        os.close(lock)
        raise


def _try_to_bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # Connections of a server that has ended linger for a while, and are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise AddressInUse from error
            raise
