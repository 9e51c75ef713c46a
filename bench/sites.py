"""A whole site to measure: a filled database, a folder of its own, and the environment in which its processes run."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.data import Databases
from bench.figures import Figure, read
from bench.servers import ROOT, WORKERS, Server, free_port, granian, running
from tests.sites import collected_static_files

# What a shell of a developer may have set and a measurement mustn't follow.
OWN = ("CACHE_URL", "EMAIL_URL", "CONSENT_", "GLOSSARY_", "PAGE_STORE", "TRUSTED_PROXIES")


@dataclass(frozen=True, slots=True)
class Site:
    """A site with ``size`` terms. ``folder`` is its DATA_DIR, ``workers`` how many its server has."""

    size: int
    folder: Path
    environment: dict[str, str]
    workers: int = WORKERS

    def python(self, *arguments: str) -> str:
        """Run Python in the site's environment and return what it printed."""
        return subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    def inside(self, *subjects: str, rounds: int, seconds: float) -> dict[str, list[Figure]]:
        """Measure subjects in one process of the site, and return the figures of each."""
        printed = self.python("-m", "bench.inside", str(self.size), str(rounds), str(seconds), *subjects)
        return {subject: read(text) for subject, text in json.loads(printed).items()}

    @contextlib.contextmanager
    def serving(self, **environment: str) -> Iterator[Server]:
        """Serve the site as ``make serve`` does, with more environment if given."""
        port = free_port()
        with running(
            granian("config.wsgi:application", port, workers=self.workers),
            port=port,
            environment=self.environment | {"SITE_URL": f"http://127.0.0.1:{port}"} | environment,
            log=self.folder / "server.log",
        ) as server:
            yield server


@dataclass(frozen=True, slots=True)
class Run:
    """What is measured in one go: a site of each size, smallest first, and for how long.

    ``together`` are the subjects that one process of a site may measure one after the other, where it only matters
    that they run. ``measured`` has those of them whose turn is still to come.
    """

    databases: Databases
    sites: Sequence[Site]
    folder: Path
    rounds: int
    seconds: float
    smoke: bool
    together: Sequence[str] = ()
    measured: dict[str, list[Figure]] = field(default_factory=dict)

    @property
    def workers(self) -> int:
        """How many workers a server has."""
        return self.sites[0].workers

    def inside(self, subject: str) -> list[Figure]:
        """Measure a subject inside each site."""
        if subject not in self.measured:
            subjects = self.together if subject in self.together else (subject,)
            for site in self.sites:
                for name, figures in site.inside(*subjects, rounds=self.rounds, seconds=self.seconds).items():
                    self.measured.setdefault(name, []).extend(figures)
        return self.measured.pop(subject)


def environment(url: str, folder: Path) -> dict[str, str]:
    """Return the environment of a production site with this database and folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    return inherited | {
        "DATABASE_URL": url,
        "DATA_DIR": str(folder),
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "CONSENT_SIGNING_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "127.0.0.1",
        "SERVER_THREADS": "0",  # what is measured are answers, and not how many requests are turned away
        "SITE_URL": "http://127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONWARNINGS": "ignore",
    }


def fill(url: str, folder: Path, size: int, real: Path | None) -> None:
    """Fill the empty database at ``url``."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "bench.filling", str(size), *([str(real)] if real else [])],
        cwd=ROOT,
        env=environment(url, folder),
        check=True,
    )


@contextlib.contextmanager
def sites(
    databases: Databases, sizes: Sequence[int], folder: Path, *, real: Path | None, keep: bool, workers: int
) -> Iterator[list[Site]]:
    """Yield a site of each size, with the static files of production."""
    with contextlib.ExitStack() as stack:
        found = []
        for size in sizes:
            own = folder / f"site-{size}"
            own.mkdir()

            filled = partial(fill, folder=folder / "filling", size=size, real=real)
            of = f"{real.stat().st_size} {real.stat().st_mtime_ns}" if real else ""
            url = stack.enter_context(databases.filled(size, filled, of=of, keep=keep))
            site = Site(size, own, environment(url, own), workers)
            (own / "static").symlink_to(collected_static_files())
            found.append(site)
        yield found
