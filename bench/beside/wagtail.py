"""Wagtail with a page of the same shape, from PyPI, in a virtual environment of its own beside the kept data.

It serves what :mod:`bench.beside.wagtail_site` makes of a term document, by the same server with as many workers, on
the same kind of database.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.beside.missing import Missing
from bench.data import KEPT
from bench.servers import ROOT, Server, free_port, granian, running

VERSION = "8.0.1"
PAGES = 200


@dataclass(frozen=True, slots=True)
class Wagtail:
    """A Wagtail site with pages in it."""

    python: Path
    environment: dict[str, str]
    folder: Path

    @contextlib.contextmanager
    def serving(self, *, cached: bool) -> Iterator[Server]:
        """Serve it, behind Django's per-site cache in local memory or without."""
        port = free_port()
        with running(
            granian("bench.beside.wagtail_site.wsgi:application", port, python=str(self.python)),
            port=port,
            environment=self.environment | {"BENCH_CACHED": str(int(cached))},
            log=self.folder / "wagtail.log",
        ) as server:
            yield server


def prepare(url: str, folder: Path) -> Wagtail:
    """Fill the empty database at ``url`` with :data:`PAGES` terms. Raises :class:`Missing` if pip can't install it."""
    python = _python()
    environment = {
        "PATH": os.environ["PATH"],
        "BENCH_DATABASE_URL": url,
        "BENCH_PAGES": str(PAGES),
        "DJANGO_SETTINGS_MODULE": "bench.beside.wagtail_site.settings",
        "PYTHONWARNINGS": "ignore",
    }
    subprocess.run([python, "-m", "bench.beside.wagtail_site.fill"], cwd=ROOT, env=environment, check=True)
    return Wagtail(python, environment, folder)


def _python() -> Path:
    folder = KEPT / f"wagtail-{VERSION}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    # The same server, driver and way to read a URL as ours.
    ours = [f"{name}=={importlib.metadata.version(name)}" for name in ("granian", "dj-database-url")]
    packages = [f"wagtail=={VERSION}", f"psycopg[binary]=={importlib.metadata.version('psycopg')}", *ours]
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], capture_output=True, check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
            capture_output=True,
            timeout=300,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Missing(f"Wagtail {VERSION} (pip can't install it from the package registry)") from error
    (folder / "complete").touch()
    return python
