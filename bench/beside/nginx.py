"""nginx, as Debian has it, with finished pages as files: what a page costs where no program is asked."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.beside.missing import Missing
from bench.servers import WORKERS, Server, free_port, running

CONFIGURATION = """
daemon off;
{user}
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    # wrk keeps its connections open; by default nginx would close each after a thousand answers.
    keepalive_requests 100000000;
    types {{ text/html html; }}
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
        location = /plain.html {{ charset utf-8; }}
        location = /br.html {{ charset utf-8; add_header Content-Encoding br; }}
    }}
}}
"""


def version() -> str:
    """Return nginx's version. Raises :class:`Missing`."""
    program = _program()
    return subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr.rpartition("/")[2].strip()


@contextlib.contextmanager
def serving(folder: Path, *, plain: bytes, brotli: bytes) -> Iterator[Server]:
    """Serve the two forms of a page at ``/plain.html`` and ``/br.html``. Raises :class:`Missing`."""
    program, port = _program(), free_port()
    files = folder / "files"
    files.mkdir(parents=True)
    (files / "plain.html").write_bytes(plain)
    (files / "br.html").write_bytes(brotli)
    configuration = folder / "nginx.conf"
    # Started by root, it would take a user for its workers who can't look into our folder.
    user = "user root root;" if os.getuid() == 0 else ""
    text = CONFIGURATION.format(folder=folder, port=port, workers=WORKERS, user=user)
    configuration.write_text(text, encoding="utf-8")
    command = [program, "-p", str(folder), "-e", str(folder / "nginx.log"), "-c", str(configuration)]
    with running(command, port=port, environment={}, log=folder / "start.log") as server:
        yield server


def _program() -> str:
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise Missing("nginx (Debian's package of that name)")
    return program
