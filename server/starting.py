"""Start the production server: its options, and one server on an address at a time.

Note [One server on an address]
    Each worker of the server binds the address itself, with ``SO_REUSEPORT``. So a second server on the same address
    would start too, and half of the answers would come from another release, or another database. ``manage.py serve``
    therefore tries without that option whether the address is free. It takes a lock before that and holds it until the
    server ends, so that only one of two servers starts.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
from pathlib import Path

#: A worker that uses more MiB is replaced. One with 100,000 terms and a full page store uses half of this.
WORKER_MEMORY = 1024
#: Django gets fewer requests at a time than a worker has threads: see server.admission.
WORKERS, THREADS = 2, 12
APPLICATION = "config.wsgi:application"
OPTIONS = (
    *("--interface", "wsgi", "--no-ws"),
    # A worker that dies is replaced. Without this, its death would end the server.
    "--respawn-failed-workers",
    # Limit of headers, in bytes. A browser's take a few KiB. By default, the server would accept 400 KiB for each
    # connection, and 16 MiB over HTTP/2.
    *("--http1-buffer-size", "65536", "--http2-max-headers-size", "65536"),
    # Ends a worker that was told to stop while it was still starting, and so does not stop.
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
    """Return the server's arguments."""
    return [
        *OPTIONS,
        *("--workers", str(workers), "--blocking-threads", str(threads), "--workers-max-rss", str(worker_memory)),
        *("--host", host, "--port", str(port), APPLICATION),
    ]


def claim(host: str, port: int, *, folder: Path) -> None:
    """Claim an address for this process, and for the program that replaces it, until that program ends.

    Raises :class:`AddressInUse`, or ``OSError`` if the address cannot be used at all. The lock is a file in ``folder``.
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
        # Connections of a server that has ended linger for a while, and do no harm.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise AddressInUse from error
            raise
