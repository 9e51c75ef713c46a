"""Drive Chromium through every state and page, and return what it did."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from siteaudit import CouldNotAudit
from siteaudit.declared import origin_of
from siteaudit.measuring import measure_buttons
from siteaudit.observed import SampledPage, SeenCookie, SeenKey, SiteSeen, StateSeen
from siteaudit.recording import Recorder
from siteaudit.states import State
from siteaudit.visiting import TIMEOUT_MS, Visitor

SPY = (Path(__file__).parent / "spy.js").read_text(encoding="utf-8")
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true, configurable: true });"
VIEWPORT = {"width": 1280, "height": 900}

# All frames share one process, so that requests of embedded pages are recorded too. Chromium itself sends nothing.
ARGUMENTS = [
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

STORES = """async () => {
  const found = [];
  const add = (store, keys) => { for (const key of keys) found.push([store, key]); };
  try { add("localStorage", Object.keys(localStorage)); } catch {}
  try { add("sessionStorage", Object.keys(sessionStorage)); } catch {}
  try { add("IndexedDB", (await indexedDB.databases()).map((database) => database.name)); } catch {}
  try { add("Cache Storage", await caches.keys()); } catch {}
  try {
    const workers = await navigator.serviceWorker.getRegistrations();
    add("service worker", workers.map((worker) => worker.scope));
  } catch {}
  return found;
}"""


class Interrupted(CouldNotAudit):
    """The audit was told to stop."""


def watch(
    site: str,
    pages: list[SampledPage],
    states: list[State],
    *,
    chromium: str,
    quiet_seconds: float,
    has_banner: bool,
    say: Callable[[str], None],
) -> SiteSeen:
    """Visit all pages of the site in each state and return what happened.

    A page is finished after ``quiet_seconds`` without a request. ``has_banner`` is true when the notice asks about
    something, so that there are buttons to compare. ``say`` is called with each line of progress. Raises
    :class:`CouldNotAudit` when the browser can't be started or the site doesn't answer, and :class:`Interrupted` when
    the process is told to stop. The browser is closed in every case.
    """
    seen = SiteSeen(pages)
    with _interruptible() as check, _playwright() as playwright:
        browser = _launch(playwright, chromium)
        try:
            seen.browser = f"Chromium {browser.version}"
            for state in states:
                say(f"{state.title} …")
                seen.states.append(_visit_in_state(browser, site, state, pages, quiet_seconds, check))
                if state.name == "untouched" and has_banner:
                    say("Comparing the buttons …")
                    seen.buttons = measure_buttons(browser, site, pages[0], check)
        except PlaywrightError as error:
            check()
            raise CouldNotAudit(f"The browser stopped working: {error.message.splitlines()[0]}") from error
        finally:
            _close(browser)
    return seen


@contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Yield a function that raises :class:`Interrupted` once the process was told to stop.

    The signal is noted and obeyed between two pages: an exception in the middle of a call to the browser would leave
    the browser running.
    """
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    def check() -> None:
        if asked:
            raise Interrupted("Stopped before the end.")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _playwright() -> Iterator[Playwright]:
    """Start Playwright's driver so that it ignores Ctrl-C, which a terminal sends to all: ``watch`` stops it."""
    manager = sync_playwright()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        playwright = manager.__enter__()
    finally:
        signal.signal(signal.SIGINT, handler)
    try:
        yield playwright
    finally:
        manager.__exit__(None, None, None)


def _launch(playwright: Playwright, chromium: str) -> Browser:
    problem = ""
    # Chromium's sandbox refuses to work for root and in some containers.
    for sandbox in (True, False) if os.geteuid() else (False,):
        try:
            return playwright.chromium.launch(
                executable_path=chromium,
                args=ARGUMENTS,
                chromium_sandbox=sandbox,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except PlaywrightError as error:
            problem = error.message
    raise CouldNotAudit(f"{chromium} could not be started: {_reason(problem)}")


def _reason(problem: str) -> str:
    """Return why Chromium ended, from Playwright's message: the whole command, then Chromium's log."""
    lines = [line.strip(" -") for line in problem.splitlines()]
    fatal = [line for line in lines if ":FATAL:" in line]
    return "\n".join(fatal or [lines[0], *(line for line in lines if "[err]" in line)])[:2_000]


def _close(browser: Browser) -> None:
    try:
        browser.close()
    except PlaywrightError:
        return  # it has already ended


def _visit_in_state(
    browser: Browser,
    site: str,
    state: State,
    pages: list[SampledPage],
    quiet_seconds: float,
    check: Callable[[], None],
) -> StateSeen:
    seen = StateSeen(state)
    context = browser.new_context(
        viewport={"width": VIEWPORT["width"], "height": VIEWPORT["height"]},
        locale="en-GB",
        java_script_enabled=state.javascript,
        extra_http_headers={"Sec-GPC": "1"} if state.gpc else None,
    )
    context.set_default_timeout(TIMEOUT_MS)
    recorder = Recorder(seen, origin_of(site))
    try:
        if state.javascript:
            context.expose_binding("auditSaw", recorder.receive_message)
            context.add_init_script(SPY)
        if state.gpc:
            context.add_init_script(GPC)
        page = context.new_page()
        recorder.attach(context, page)
        visitor = Visitor(page, site, recorder, quiet_seconds)
        # A term's page: there, accepted services store something that a withdrawal must erase.
        start = next((sampled for sampled in pages if sampled.kind == "glossary:term"), pages[0])
        for step in state.steps:
            check()
            visitor.perform(step, start.path, state)
        before = _cookies(context), _keys(page)
        recorder.watched = True
        for sampled in pages:
            check()
            visitor.open(sampled.path)
            _add_stored_data(seen, recorder, sampled, _cookies(context), _keys(page), before)
        recorder.complete()
    finally:
        context.close()
    return seen


def _cookies(context: BrowserContext) -> dict[tuple[str, str, str], tuple[float, bool, str]]:
    """Return every cookie of the browser, HttpOnly ones too: (name, domain, path) → (expires, HttpOnly, value)."""
    return {
        (cookie["name"], cookie["domain"].lstrip("."), cookie["path"]): (
            cookie["expires"],
            cookie["httpOnly"],
            cookie["value"],
        )
        for cookie in context.cookies()
    }


def _keys(page: Page) -> set[tuple[str, str, str]]:
    """Return (store, key, origin) of everything that the page and its frames store in the browser."""
    found = set()
    for frame in page.frames:
        if not (origin := origin_of(frame.url)):
            continue
        try:
            found |= {(store, str(key), origin) for store, key in frame.evaluate(STORES)}
        except PlaywrightError:
            continue  # the frame is gone, or has no origin and so stores nothing
    return found


def _add_stored_data(
    seen: StateSeen,
    recorder: Recorder,
    sampled: SampledPage,
    cookies: dict[tuple[str, str, str], tuple[float, bool, str]],
    keys: set[tuple[str, str, str]],
    before: tuple[dict[tuple[str, str, str], tuple[float, bool, str]], set[tuple[str, str, str]]],
) -> None:
    now = time.time()
    recorded = {(cookie.name, cookie.domain) for cookie in seen.cookies if not cookie.kept}
    for (name, domain, path), content in cookies.items():
        is_kept = before[0].get((name, domain, path)) == content
        if (name, domain) in recorded and not is_kept:
            continue
        expires, http_only, _ = content
        by, asked_seconds = recorder.set_by.get((name, domain), ("", None))
        # The longer of the lifetime that was asked for and the one that the browser granted.
        seconds = None if expires < 0 else max(expires - now, asked_seconds or 0)
        cookie = SeenCookie(name, domain, sampled.path, seconds, by, http_only, is_kept)
        if not any((other.name, other.domain, other.kept) == (name, domain, is_kept) for other in seen.cookies):
            seen.cookies.append(cookie)
    recorded_keys = {(key.store, key.key, key.origin) for key in seen.keys}
    seen.keys += [
        SeenKey(store, key, origin, sampled.path, recorder.keys_by.get(key, ""), (store, key, origin) in before[1])
        for store, key, origin in sorted(keys - recorded_keys)
    ]
