"""A running site for browser tests: the production server on a database of its own, and a real Chromium.

The site is a separate process in production mode, so what a test sees is what a visitor gets. A test reaches its data
the way people do, through pages and management commands, never through this process's own database connection.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PASSWORD = "a long demonstration password"
# WCAG 2.2 AA and everything below it, plus axe's best practices.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# To be run before a page: `moved` has each shift of its layout, how far it went, and the HTML of what moved.
MOVED = """window.moved = [];
const note = (entry) => moved.push([entry.value, ...entry.sources.map((source) => source.node?.outerHTML)]);
new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({type: "layout-shift", buffered: true});"""
# A machine that runs several browsers and servers beside one another is slow at times; what never comes still fails.
expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as a browser test, and leave it out, saying so, where there is no Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="needs Chromium: install the package chromium"))


@dataclass
class Site:
    """A site that answers at ``url``. ``manage()`` runs its management commands, ``python()`` a script in its shell."""

    url: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a management command against this site's database and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def python(self, code: str) -> str:
        """Run Python in this site's shell; for what no page or command can set up (an old date, a broken row)."""
        return self.manage("shell", "-v", "0", "-c", code).strip()

    def add_person(self, username: str, *groups: str, superuser: bool = False) -> None:
        """Create a member of staff whose password is :data:`PASSWORD`."""
        self.python(
            "from django.contrib.auth.models import Group, User\n"
            f"user = User.objects.create_user({username!r}, password={PASSWORD!r}, first_name={username.title()!r}, "
            f"last_name='Example', is_staff=True, is_superuser={superuser!r})\n"
            f"user.groups.set(Group.objects.filter(name__in={list(groups)!r}))"
        )

    def start(self) -> None:
        host, port = urlsplit(self.url).hostname, urlsplit(self.url).port
        assert host
        assert port
        log = Path(self.environment["DATA_DIR"]) / "server.log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                # As `make serve` starts it.
                [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
                + ["--workers", "2", "--blocking-threads", "4", "--workers-kill-timeout", "10"]
                + ["--host", host, "--port", str(port), "config.wsgi:application"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,  # for kill()
            )
        for _ in range(150):
            connection = http.client.HTTPConnection(host, port, timeout=10)
            with contextlib.suppress(OSError), contextlib.closing(connection):
                connection.request("GET", "/robots.txt")
                connection.getresponse()
                return
            assert self.process.poll() is None, log.read_text()
            time.sleep(0.1)
        raise AssertionError(f"the site did not answer: {log.read_text()}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def kill(self) -> None:
        """End the server and its workers as a power cut would, without a warning."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=20)
        self.process = None


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Databases:
    """Makes copies of one migrated database, on SQLite or, when DATABASE_URL names it, on PostgreSQL."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.made: list[str] = []
        self.server = os.environ.get("DATABASE_URL", "")
        self.template = self._create()
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v", "0"],
            cwd=ROOT,
            env=environment | {"DATABASE_URL": self.template},
            check=True,
        )

    def copy(self) -> str:
        """Return the URL of a fresh copy."""
        return self._create(self.template)

    def drop(self) -> None:
        for name in reversed(self.made):
            with psycopg.connect(self.server, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _create(self, template: str = "") -> str:
        name = f"site_{secrets.token_hex(6)}"
        if not self.server.startswith(("postgres:", "postgresql:")):
            path = self.folder / f"{name}.sqlite3"
            if template:
                # The backup API, and not a file copy: it also takes what still stands in the write-ahead log.
                with (
                    contextlib.closing(sqlite3.connect(template.removeprefix("sqlite:///"))) as source,
                    contextlib.closing(sqlite3.connect(path)) as target,
                ):
                    source.backup(target)
            return f"sqlite:///{path}"
        like = f' TEMPLATE "{urlsplit(template).path.lstrip("/")}"' if template else ""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"{like}')  # a name made here
        self.made.append(name)
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str], Databases]]:
    """What sites begin with: a folder with the static files, an environment, and copies of a migrated database."""
    folder = tmp_path_factory.mktemp("site")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DEBUG", "DATABASE_URL", "DATA_DIR", "SECRET_KEY", "CONSENT_SIGNING_KEY", "ALLOWED_HOSTS")
    } | {
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "CONSENT_SIGNING_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATA_DIR": str(folder),
        "PYTHONWARNINGS": "ignore",
    }
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "-v0", "--noinput"], cwd=ROOT, env=environment, check=True
    )
    databases = Databases(folder, environment)
    yield folder, environment, databases
    databases.drop()


# For each module anew: a site that nobody asks any more keeps two processes, and on PostgreSQL up to ten connections,
# of which a server has a hundred.
@pytest.fixture(scope="module")
def new_site(ready: tuple[Path, dict[str, str], Databases]) -> Iterator[Callable[[], Site]]:
    """A function that starts another site on a fresh database; all are stopped at the end of the module."""
    folder, environment, databases = ready
    started: list[Site] = []

    def start() -> Site:
        url = f"http://127.0.0.1:{free_port()}"
        data_dir = Path(tempfile.mkdtemp(prefix="data-", dir=folder))
        (data_dir / "static").symlink_to(folder / "static")
        site = Site(url, environment | {"DATA_DIR": str(data_dir), "SITE_URL": url, "DATABASE_URL": databases.copy()})
        started.append(site)
        site.start()
        return site

    yield start
    for site in started:
        site.stop()


@pytest.fixture(scope="module")
def site(new_site: Callable[[], Site]) -> Site:
    """The module's own site, on a fresh database."""
    return new_site()


# For each module anew: while Playwright runs, its event loop does too, and Django refuses the database to whatever test
# comes next in the same process.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor's fresh browser profile, desktop size."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails the test when a script of ours throws or the browser refuses something of ours."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert not errors, errors


def sign_in(page: Page, site: Site, username: str) -> None:
    """Sign in to the admin as somebody made by :meth:`Site.add_person`."""
    page.goto(f"{site.url}/admin/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site.url}/admin/")


def wait_until(page: Page, expression: str) -> None:
    """Wait until JavaScript is true in the page, also through navigations.

    Playwright's ``wait_for_function`` asks again by ``eval``, which the site's policy refuses.
    """
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with contextlib.suppress(Error):  # a page that is being left has nothing to evaluate it in
            if page.evaluate(expression):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"not true within 15 s: {expression}")


def axe_violations(page: Page, *, options: dict[str, Any] | None = None) -> list[str]:
    """Return what axe-core finds on the page as it stands, a line per violation and element. By default it looks for
    everything of :data:`AXE_TAGS`.
    """
    if not page.evaluate("'axe' in window"):  # 550 KB that a page needs once
        page.evaluate(AXE_SCRIPT)
    options = options or {"runOnly": {"type": "tag", "values": AXE_TAGS}}
    response = page.evaluate("options => axe.run(document, options)", {**options, "resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in response["violations"]
        for node in violation["nodes"]
    ]
