"""Running sites for browser tests: the production server on a database of its own.

A site is a separate process in production mode, so what a test sees is what a visitor gets. A test reaches its data
the way people do, through pages and management commands, never through this process's own database connection.

A test process has a few places for sites, each with an address, a folder and a database. A place is made like new for
each site, and used again when that has ended: so its settings stay the same, and with them the process that has loaded
Django (:mod:`tests.launcher`).
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.databases import copy_database, drop_database, kept, reset_database
from tests.folders import ROOT, RUN
from tests.launcher import Launcher
from tests.waiting import PATIENCE, eventually

# More requests than it takes for both workers of a site to have answered.
TIMES = 24
PASSWORD = "a long demonstration password"


@dataclass
class Site:
    """A site that answers at ``url``. ``manage()`` runs its management commands, ``python()`` a script in its shell."""

    url: str
    environment: dict[str, str]
    launcher_for: Callable[[dict[str, str]], Launcher] = field(repr=False)
    _server: tuple[Launcher, int] | None = field(default=None, repr=False)

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a management command against this site's database and return what it printed."""
        done = self.launcher_for(self.environment).run(*arguments, stdin=stdin)
        assert done.status == 0, f"{arguments}: {done.output}{done.errors}"
        return done.output

    def python(self, code: str) -> str:
        """Run Python in this site's shell; for what no page or command can set up (an old date, a broken row)."""
        done = self.launcher_for(self.environment).execute(code)
        assert done.status == 0, f"{code}: {done.output}{done.errors}"
        return done.output.strip()

    def add_person(self, username: str, *groups: str, superuser: bool = False) -> None:
        """Create a member of staff whose password is :data:`PASSWORD`."""
        self.python(
            "from django.contrib.auth.models import Group, User\n"
            f"user = User.objects.create_user({username!r}, password={PASSWORD!r}, first_name={username.title()!r}, "
            f"last_name='Example', is_staff=True, is_superuser={superuser!r})\n"
            f"user.groups.set(Group.objects.filter(name__in={list(groups)!r}))"
        )

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        address = urlsplit(self.url)
        assert address.hostname
        assert address.port
        log = Path(self.environment["DATA_DIR"]) / "server.log"
        launcher = self.launcher_for(self.environment)
        pid = launcher.serve(address.hostname, address.port, log=log)
        self._server = launcher, pid

        def answers() -> bool:
            assert launcher.is_running(pid), f"the site ended: {log.read_text()}"
            connection = http.client.HTTPConnection(address.netloc, timeout=60)
            with contextlib.suppress(OSError), contextlib.closing(connection):
                connection.request("GET", "/robots.txt")
                connection.getresponse()
                return True
            return False

        eventually(answers, lambda: f"the site did not answer: {log.read_text()}")

    def is_running(self) -> bool:
        return self._server is not None and self._server[0].is_running(self._server[1])

    def log(self) -> str:
        """Return what the server has said since the site is there."""
        return (Path(self.environment["DATA_DIR"]) / "server.log").read_text()

    def workers(self) -> list[int]:
        """Return the process ids of the workers that answer now, the first one's first. Empty while one is starting."""
        log = self.log()
        spawned = re.findall(r"Spawning worker-(\d+) with PID: (\d+)", log)
        # Each says when it listens. Where the only other one is killed before that, connections are refused.
        is_ready = len(re.findall(r"Started worker-\d+", log)) == len(spawned)
        return [int(pid) for _, pid in sorted(dict(spawned).items())] if is_ready else []

    def stop(self) -> None:
        self._end(at_once=False)

    def kill(self) -> None:
        """End the server and its workers as a power cut would, without a warning."""
        self._end(at_once=True)

    def _end(self, *, at_once: bool) -> None:
        if self._server is not None:
            launcher, pid = self._server
            self._server = None
            launcher.end(pid, at_once=at_once)


class _Place:
    """An address, a folder and a database, kept for one site after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_taken = False
        # Reserves the port for as long as this process lives, also while no server listens on it: nobody who asks for
        # a free one gets it, and the server, which shares ports between its workers, may.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._reserved.getsockname()[1]}"
        self.database = ""

    def take(self, static: Path) -> None:
        """Make the place as if nobody had been there."""
        self.is_taken = True
        if self.database:
            reset_database(self.database)
        else:
            self.database = copy_database()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "static").symlink_to(static)

    def close(self) -> None:
        self._reserved.close()
        if self.database:
            drop_database(self.database)


class Sites:
    """The sites of one test process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: list[_Place] = []
        self._launchers: dict[tuple[tuple[str, str], ...], Launcher] = {}
        self._usual: set[tuple[tuple[str, str], ...]] = set()
        self._static = folder / "static"
        shutil.copytree(collected_static_files(), self._static)
        own = ("DEBUG", "DATABASE_URL", "DATA_DIR", "SECRET_KEY", "CONSENT_SIGNING_KEY", "ALLOWED_HOSTS")
        self._environment = {name: value for name, value in os.environ.items() if name not in own} | {
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "CONSENT_SIGNING_KEY": secrets.token_urlsafe(48),
            # All names of this machine that tests go by: a site of other settings loads Django for itself.
            "ALLOWED_HOSTS": "127.0.0.1,localhost,www.glossary.localhost",
            "PYTHONWARNINGS": "ignore",
        }

    def take(self, **settings: str) -> Site:
        """Return a new site, which isn't started. ``settings`` are environment variables of its own."""
        place = next((place for place in self._places if not place.is_taken), None)
        if place is None:
            place = _Place(self._folder / f"place-{len(self._places)}")
            self._places.append(place)
        place.take(self._static)
        usual = self._environment | {
            "DATA_DIR": str(place.folder),
            "SITE_URL": place.url,
            "DATABASE_URL": place.database,
        }
        self._usual.add(_key(usual))
        return Site(place.url, usual | settings, self.launcher_for)

    def give_back(self, site: Site) -> None:
        """End a site, and let the next one have its place."""
        site.kill()
        for place in self._places:
            if place.url == site.url:
                place.is_taken = False

    def launcher_for(self, environment: dict[str, str]) -> Launcher:
        key = _key(environment)
        if key not in self._launchers:
            self._launchers[key] = Launcher(environment)
        return self._launchers[key]

    def forget_special_settings(self) -> None:
        """End the launchers of environments that only one test had."""
        for key in self._launchers.keys() - self._usual:
            self._launchers.pop(key).close()

    def close(self) -> None:
        for launcher in self._launchers.values():
            launcher.close()
        for place in self._places:
            place.close()


def _key(environment: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(environment.items()))


def collected_static_files() -> Path:
    """Return a folder with the static files as production serves them. Hashing and compressing takes half a minute."""
    sources = [path for folder in ROOT.glob("*/static") for path in folder.rglob("*") if path.is_file()]
    sources += [path for path in (ROOT / "static").rglob("*") if path.is_file()]
    sources += [ROOT / "requirements.txt", ROOT / "config" / "settings.py", ROOT / "server" / "storage.py"]

    def collect(folder: Path) -> None:
        environment = os.environ | {"DEBUG": "0", "DATA_DIR": str(folder), "ALLOWED_HOSTS": "127.0.0.1"}
        environment |= {name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "CONSENT_SIGNING_KEY")}
        environment |= {"DATABASE_URL": f"sqlite:///{RUN / 'nothing.sqlite3'}"}
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "-v0", "--noinput"], cwd=ROOT, env=environment, check=True
        )

    return kept("static", sources, collect) / "static"


def ask(site: Site, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Send one request on a connection of its own."""
    with contextlib.closing(http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=PATIENCE)) as connection:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()
