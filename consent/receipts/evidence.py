"""Evidence of how the live notice asks: what a real browser shows and measures, in a folder that anybody can open.

A regulator asks for this besides the records: whether refusing was as easy as accepting, on a phone as on a desk. The
browser is driven by Playwright, and axe-core judges accessibility; both are development requirements, since a server in
production needs neither.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib.util
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import django
import rfc8785
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from consent.models import Checkpoint, Notice
from consent.notice import languages
from consent.notice.notices import asks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FORMAT = "consent-evidence/1"
WIDTHS = (390, 768, 1280)
HEIGHT = 900
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BUTTONS = {"Reject all": "[data-consent-reject]", "Accept all": "[data-consent-accept]"}
# The script and the style sheet that ask, as pages name them (with a hash in the name, in production).
CLIENT = """[
  ...document.querySelectorAll("script[src*='consent/consent.']"),
  ...document.querySelectorAll("link[href*='consent/consent.']"),
].map((element) => element.src ?? element.href)"""
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What passed is not asked for, and where a violation is would be left out below: telling both takes most of the time.
AXE_RUN = """async (tags) => {
  const options = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"], selectors: false };
  const { testEngine, violations } = await axe.run(document, options);
  return { version: testEngine.version, violations: violations.map(({ id, help }) => ({ id, help })) };
}"""
# To be run before a page is measured: it is painted, and what moves or fades in it has arrived.
SETTLE = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  for (const animation of document.getAnimations()) {
    try { animation.finish(); } catch {} // one without an end
  }
}"""
START_SECONDS = 30

_one_at_a_time = Lock()

# Size, weight and colours as the browser computed them. A canvas turns any notation of a colour into sRGB.
MEASURE = """
(element) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const style = getComputedStyle(element);
  let behind = element;
  while (behind.parentElement && rgba(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const box = element.getBoundingClientRect();
  return {
    label: element.textContent.trim(),
    width: box.width,
    height: box.height,
    font_size: style.fontSize,
    font_weight: style.fontWeight,
    text: rgba(style.color).slice(0, 3),
    background: rgba(getComputedStyle(behind).backgroundColor).slice(0, 3),
  };
}
"""


class CannotTake(Exception):
    """The evidence can't be taken. The message says what to install or to do."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A button as the browser drew it: size in CSS pixels, and the contrast ratio of its text (WCAG 2.2)."""

    label: str
    width: float
    height: float
    font_size: str
    font_weight: str
    text: list[int]
    background: list[int]
    contrast: float


@dataclass(frozen=True, slots=True)
class View:
    """One look at a surface: its picture, its buttons, and what axe-core found."""

    language: str
    surface: str
    width: int
    scheme: str
    picture: str
    buttons: list[Measured]
    violations: list[str]

    @property
    def is_even(self) -> bool:
        """Whether both buttons are alike in all that was measured. A notice that asks about nothing has none."""
        if not self.buttons:
            return True
        first, second = self.buttons
        return all(
            getattr(first, name) == getattr(second, name) for name in ("height", "font_size", "font_weight")
        ) and (
            abs(first.width - second.width) <= 1 and (first.text, first.background) == (second.text, second.background)
        )


@dataclass(slots=True)
class Pack:
    """Everything that was taken, as the manifest lists it."""

    at: datetime
    base_url: str
    notices: list[Notice]
    head: Checkpoint | None
    versions: dict[str, str] = field(default_factory=dict)
    views: list[View] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


def take_evidence(*, folder: Path, base_url: str = "", browser: str = "", at: datetime) -> Pack:
    """Write the evidence of the live notices into ``folder``, which must be new or empty, and return what was taken.

    ``base_url`` is a running site; without it one is started for the purpose, on this machine and this database.
    Raises :class:`CannotTake`.
    """
    executable = browser_at(browser)
    from playwright.sync_api import Error, sync_playwright

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotTake(f"{folder} is not empty. Name an empty folder for the evidence.")
    # All of the database at once: while the browser is driven, an event loop runs, and Django refuses queries.
    notices = [notice for language in languages.offered() if (notice := Notice.objects.live(language))]
    pack = Pack(at=at, base_url=base_url, notices=notices, head=Checkpoint.objects.first())
    if not notices:
        raise CannotTake("There is no live notice. Publish one before you collect evidence.")
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        url = base_url.rstrip("/") or stack.enter_context(_site())
        try:
            playwright = stack.enter_context(sync_playwright())
            # As root, Chromium doesn't start with its sandbox.
            sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
            chromium = playwright.chromium.launch(executable_path=executable, args=sandbox)
            pack.versions = {
                "browser": f"Chromium {chromium.version}",
                "python": platform.python_version(),
                "django": django.get_version(),
            }
            for notice in notices:
                for surface, path in surfaces_of(notice):
                    _look(pack, chromium, url + path, notice, surface, folder=folder)
        except Error as error:
            raise CannotTake(f"The browser failed: {error.message.splitlines()[0]}") from error
    _write_rest(pack, folder)
    return pack


def browser_at(path: str = "") -> str:
    """Return the browser to use, once everything that is needed is there. Raises :class:`CannotTake`."""
    executable = path or next(filter(None, map(shutil.which, BROWSERS)), "")
    if not executable:
        raise CannotTake("No Chromium was found. Install it (Debian: apt install chromium), or name it with --browser.")
    for package in ("playwright", "axe_playwright_python"):
        if importlib.util.find_spec(package) is None:
            raise CannotTake(
                f"The package {package} is missing. Install what development needs: "
                "pip install --require-hashes -r requirements.txt -r requirements-dev.txt"
            )
    return executable


def zipped_evidence(*, at: datetime) -> bytes:
    """Return the evidence of the live notices as a ZIP file, a few megabytes. Raises :class:`CannotTake`.

    Takes half a minute and a browser, so one at a time.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise CannotTake("Evidence is already being collected. Try again in a minute.")
    try:
        with tempfile.TemporaryDirectory() as folder:
            take_evidence(folder=Path(folder) / "evidence", at=at)
            return Path(shutil.make_archive(f"{folder}/pack", "zip", Path(folder) / "evidence")).read_bytes()
    finally:
        _one_at_a_time.release()


def surfaces_of(notice: Notice) -> list[tuple[str, str]]:
    """Return where this notice is shown: surface and path."""
    preferences = ("preferences", languages.preferences_url(notice.language))
    home = languages.home_url(notice.language)
    # Where there are no pages in a language, or nothing to ask about, there is no banner in it either.
    return [("banner", home), preferences] if home and asks(notice.document) else [preferences]


def contrast(first: list[int], second: list[int]) -> float:
    """Return the contrast ratio of two sRGB colours (WCAG 2.2), from 1 to 21, rounded down to hundredths."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return int((lighter + 0.05) / (darker + 0.05) * 100) / 100


def _luminance(colour: list[int]) -> float:
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _look(pack: Pack, browser: Browser, url: str, notice: Notice, surface: str, *, folder: Path) -> None:
    """Look at a surface at each width, as a page that was opened there, in light colours and then in dark ones."""
    language, selectors = notice.language, BUTTONS.values() if asks(notice.document) else ()
    (folder / language).mkdir(exist_ok=True)
    for width in WIDTHS:
        context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=SCHEMES[0])
        page = context.new_page()
        response = page.goto(url)
        if response is None or not response.ok:
            raise CannotTake(f"{url} answered {response.status if response else 'nothing'}.")
        banner = page.locator("[data-consent-banner]")
        if surface == "banner":
            banner.wait_for(state="visible")
        if width == WIDTHS[-1]:
            html = banner.evaluate("(element) => element.outerHTML") if surface == "banner" else page.content()
            (folder / language / f"{surface}.html").write_text(html, encoding="utf-8")
            _keep_client(page, folder / "client")
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.evaluate(SETTLE)
            name = f"{language}/{surface}-{width}-{scheme}.png"
            page.screenshot(path=folder / name, full_page=surface != "banner", animations="disabled")
            buttons = [_measure(page, surface, selector) for selector in selectors]
            pack.views.append(View(language, surface, width, scheme, name, buttons, _violations(pack, page)))
        context.close()


def _violations(pack: Pack, page: Page) -> list[str]:
    """Return what axe-core finds on the page, a line for each of its rules."""
    from axe_playwright_python.base import AXE_SCRIPT

    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(AXE_RUN, list(AXE_TAGS))
    pack.versions["axe-core"] = found["version"]
    return [f"{rule['id']}: {rule['help']}" for rule in found["violations"]]


def _keep_client(page: Page, folder: Path) -> None:
    """Keep script and style sheet as they were served."""
    folder.mkdir(exist_ok=True)
    for address in page.evaluate(CLIENT):
        (folder / Path(urlsplit(address).path).name).write_bytes(page.context.request.get(address).body())


def _measure(page: Page, surface: str, selector: str) -> Measured:
    within = "[data-consent-banner] " if surface == "banner" else "main "
    facts = page.locator(within + selector).first.evaluate(MEASURE)
    facts["width"], facts["height"] = round(facts["width"], 1), round(facts["height"], 1)
    return Measured(**facts, contrast=contrast(facts["text"], facts["background"]))


def _write_rest(pack: Pack, folder: Path) -> None:
    for notice in pack.notices:
        (folder / notice.language / "notice.json").write_bytes(rfc8785.dumps(notice.document))
    if pack.head:
        (folder / "ledger-head.txt").write_text(pack.head.note, encoding="utf-8")
    style = finders.find("consent/evidence.css")
    if isinstance(style, str):
        shutil.copyfile(style, folder / "evidence.css")
    (folder / "index.html").write_text(
        render_to_string("consent/evidence_index.html", {"pack": pack}), encoding="utf-8"
    )
    pack.files = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    manifest = {
        "format": FORMAT,
        "taken_at": pack.at.isoformat(),
        "site": pack.base_url or settings.SITE_URL,
        "versions": pack.versions,
        "notices": [
            {
                "number": notice.number,
                "language": notice.language,
                "sha256": notice.sha256,
                "published_at": notice.published_at.isoformat(),
            }
            for notice in pack.notices
        ],
        "ledger": {"size": pack.head.size, "root": pack.head.root} if pack.head else None,
        "views": [asdict(view) | {"is_even": view.is_even} for view in pack.views],
        "files": pack.files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _site() -> Iterator[str]:
    """Serve this project from a process of its own until the end, and yield its address."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    module, _, name = settings.WSGI_APPLICATION.rpartition(".")
    # Not into the page store, where pages of this address would meet readers of the real one.
    environment = os.environ | {"SITE_URL": url, "ALLOWED_HOSTS": "127.0.0.1", "PAGE_STORE": "0"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603  (our own server)
            [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--workers", "1"]
            + ["--workers-kill-timeout", "10"]
            + ["--host", "127.0.0.1", "--port", str(port), f"{module}:{name}"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS * 10):
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
            with contextlib.closing(connection):
                connection.request("GET", "/robots.txt")
                connection.getresponse()
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise CannotTake(
        "The site could not be started to collect evidence. Start it yourself and name its address with --base-url."
    )
