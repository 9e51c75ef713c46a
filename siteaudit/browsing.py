"""Drives Chromium through every state and page, and writes down what it does. The one module that needs Playwright."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, Request, WebSocket, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from consent.receipts.evidence import SCHEMES, SETTLE
from siteaudit import CouldNotAudit
from siteaudit.buttons import Button, ButtonPair
from siteaudit.declared import origin_of
from siteaudit.observed import SampledPage, SeenCookie, SeenKey, SeenRequest, SiteSeen, StateSeen, parse_set_cookie
from siteaudit.states import State

SPY = (Path(__file__).parent / "spy.js").read_text(encoding="utf-8")
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true, configurable: true });"
BANNER = "[data-consent-banner]"
WITHDRAWAL = "[data-consent-withdrawal] button"
PREFERENCES = "/cookies/"
CHOICE = "/consent/"
#: Longest that a page may go on asking for things before it is left.
MOST_SECONDS = 6
TIMEOUT_MS = 20_000
VIEWPORT = {"width": 1280, "height": 900}
WIDTHS = (1280, 390)

# One process for all frames, so that what an embedded page does is seen like everything else; nothing of Chromium's own
# reaches the network.
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

# Colours through a canvas: whatever way they are written, out come the bytes that are drawn.
MEASURE = """(element) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const paint = (colour) => { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); };
  const drawn = () => [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  const ancestors = [];
  for (let node = element; node; node = node.parentElement) ancestors.unshift(node);
  paint("Canvas");
  let opacity = 1;
  for (const node of ancestors) {
    paint(getComputedStyle(node).backgroundColor);
    opacity *= Number(getComputedStyle(node).opacity);
  }
  const background = drawn();
  const style = getComputedStyle(element);
  paint(style.color);
  const colour = drawn();
  element.scrollIntoView({ block: "nearest" });
  const box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return {
    tag: element.tagName.toLowerCase(),
    visible: element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && box.width * box.height > 0,
    width: box.width, height: box.height,
    font_size: parseFloat(style.fontSize), font_weight: style.fontWeight,
    colour, background, border: style.border, opacity,
    covered: !!top && top !== element && !element.contains(top),
  };
}"""


class Interrupted(CouldNotAudit):
    """Somebody stopped the audit."""


@dataclass
class Recorder:
    """Listens to one visitor's browser. ``page`` is the sampled path that is open, ``watched`` whether it counts."""

    seen: StateSeen
    site: str
    page: str = ""
    watched: bool = False
    set_by: dict[tuple[str, str], tuple[str, float | None]] = field(default_factory=dict)
    keys_by: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, SeenCookie]] = field(default_factory=list)
    _requests: dict[str, SeenRequest] = field(default_factory=dict)
    _started: dict[str, float] = field(default_factory=dict)
    _bodies: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _told_elsewhere: list[SeenRequest] = field(default_factory=list)
    _early: dict[str, dict[str, str]] = field(default_factory=dict)
    _early_answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _unanswered: dict[str, list[SeenRequest]] = field(default_factory=dict)
    last_activity: float = 0
    _open: dict[str, str] = field(default_factory=dict)  # number of a request → the document that it is for

    def attach(self, context: BrowserContext, page: Page) -> None:
        network = context.new_cdp_session(page)
        network.on("Network.requestWillBeSent", self._will_be_sent)
        network.on("Network.requestWillBeSentExtraInfo", self._sent_headers)
        network.on("Network.responseReceived", self._received)
        network.on("Network.responseReceivedExtraInfo", self._received_headers)
        network.on("Network.loadingFinished", self._finished)
        network.on("Network.loadingFailed", self._failed)
        network.on("Page.frameNavigated", self._navigated)
        network.send("Page.enable")
        network.send("Network.enable", {"maxPostDataSize": 1_000_000})
        context.on("request", self._requested)
        page.on("websocket", self._socket)

    def complete(self) -> None:
        """Give every request its body, and add those of workers and other windows, which the protocol tells apart."""
        known = {(request.method, request.url.partition("#")[0]) for request in self.seen.requests}
        for request in self._told_elsewhere:
            if (request.method, request.url.partition("#")[0]) not in known:
                self.seen.requests.append(request)
        self._told_elsewhere.clear()
        for request in self.seen.requests:
            request.body = request.body or self._bodies.get((request.method, request.url), b"")
        self.seen.records = sum(200 <= choice.status < 400 for choice in self.choices())

    def choices(self) -> list[SeenRequest]:
        """Return every choice that was sent to the site."""
        return [
            request
            for request in self.seen.requests
            if request.method == "POST" and urlsplit(request.url).path == CHOICE and origin_of(request.url) == self.site
        ]

    def turn_to(self, path: str) -> None:
        """Another page is opened: do not wait for requests of the page before it."""
        self.page = path
        self._open.clear()

    def through_with(self, request: SeenRequest) -> None:
        """Do not wait for the end of an answer that has begun: one that the page's script does not read never ends."""
        self._open = {number: loader for number, loader in self._open.items() if self._requests[number] is not request}

    def is_busy(self, seconds: float) -> bool:
        """Whether something is still being asked for, or was a moment ago."""
        return bool(self._open) or time.monotonic() - self.last_activity < seconds

    # What the protocol tells. A redirect keeps its number, and is a request of its own here. What the page's process
    # tells of an answer (responseReceived, loadingFinished) is lost when the answer makes the page reload, since that
    # gives it another process; what the browser itself tells (…ExtraInfo) never is, but may come early or late.

    def _will_be_sent(self, event: dict[str, Any]) -> None:
        number, sent = event["requestId"], event["request"]
        before = self._requests.get(number)
        if before is not None and "redirectResponse" in event:
            self._answered(before, event["redirectResponse"])
            if not event.get("redirectHasExtraInfo"):
                self._unanswered[number] = [each for each in self._unanswered[number] if each is not before]
            before.milliseconds = (event["timestamp"] - self._started[number]) * 1000
        entries = sent.get("postDataEntries") or []
        request = SeenRequest(
            url=sent["url"] + sent.get("urlFragment", ""),
            page=self.page,
            method=sent["method"],
            kind=event.get("type", "Other").lower(),
            initiator=_initiator(event.get("initiator", {})) or event.get("documentURL", ""),
            watched=self.watched,
            started_at=datetime.fromtimestamp(event["wallTime"], UTC),
            headers={name.lower(): value for name, value in sent.get("headers", {}).items()},
            body=b"".join(base64.b64decode(entry.get("bytes", "")) for entry in entries),
        )
        self._requests[number], self._started[number] = request, event["timestamp"]
        self._open[number] = event["loaderId"]
        request.headers |= self._early.pop(number, {})
        self.seen.requests.append(request)
        self._unanswered.setdefault(number, []).append(request)
        for answer in self._early_answers.pop(number, []):
            self._received_headers(answer)
        self.last_activity = time.monotonic()

    def _sent_headers(self, event: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        if request := self._requests.get(event["requestId"]):
            request.headers |= headers
        else:
            self._early[event["requestId"]] = headers

    def _received(self, event: dict[str, Any]) -> None:
        if request := self._requests.get(event["requestId"]):
            self._answered(request, event["response"])

    def _answered(self, request: SeenRequest, response: dict[str, Any]) -> None:
        request.status, request.status_text = response["status"], response["statusText"]
        request.protocol, request.mime_type = response.get("protocol", ""), response.get("mimeType", "")
        request.response_headers = request.response_headers or dict(response.get("headers", {}))

    def _received_headers(self, event: dict[str, Any]) -> None:
        number = event["requestId"]
        if not self._unanswered.get(number):
            self._early_answers.setdefault(number, []).append(event)
            return
        request = self._unanswered[number].pop(0)
        request.status = request.status or event["statusCode"]
        request.response_headers = dict(event["headers"])
        for name, lines in event["headers"].items():
            if name.lower() == "set-cookie":
                for line in lines.split("\n"):
                    self.cookie_asked(line, by=request.url.partition("?")[0], at=request.url, http=True)

    def _navigated(self, event: dict[str, Any]) -> None:
        """Do not wait for requests of the document before a reload: the browser does not report how they end."""
        frame = event["frame"]
        if "parentId" not in frame:
            self._open = {number: loader for number, loader in self._open.items() if loader == frame["loaderId"]}

    def _finished(self, event: dict[str, Any]) -> None:
        self._open.pop(event["requestId"], None)
        if request := self._requests.get(event["requestId"]):
            request.size = int(event.get("encodedDataLength", 0))
            request.milliseconds = (event["timestamp"] - self._started[event["requestId"]]) * 1000
            self.last_activity = time.monotonic()

    def _failed(self, event: dict[str, Any]) -> None:
        self._open.pop(event["requestId"], None)
        self.last_activity = time.monotonic()
        if request := self._requests.get(event["requestId"]):
            request.failure = event.get("blockedReason") or event.get("errorText") or "failed"

    def _requested(self, request: Request) -> None:
        """What other targets ask (a worker, a window of its own), and bodies that the protocol leaves out."""
        if body := request.post_data_buffer:
            self._bodies[request.method, request.url] = body
        self._told_elsewhere.append(
            SeenRequest(
                url=request.url,
                page=self.page,
                method=request.method,
                kind=request.resource_type,
                watched=self.watched,
                started_at=datetime.now(UTC),
                headers=request.headers,
            )
        )

    def _socket(self, socket: WebSocket) -> None:
        request = SeenRequest(url=socket.url, page=self.page, kind="websocket", watched=self.watched)
        request.started_at = datetime.now(UTC)
        self.seen.requests.append(request)

        def sent(payload: str | bytes) -> None:
            request.body += payload.encode() if isinstance(payload, str) else payload

        socket.on("framesent", sent)

    # What the page's spy tells.

    def tell(self, source: dict[str, Any], message: str) -> None:
        told = json.loads(message)
        text, by = told["text"], told["by"].partition("?")[0]
        if told["kind"] == "cookie":
            self.cookie_asked(text, by=by, at=told["at"], http=False)
        elif told["kind"] == "key":
            self.keys_by[text] = by
        elif told["kind"] == "violation":
            blocked, directive = json.loads(text)
            if blocked in ("inline", "eval"):
                if directive.startswith("script-src") and self.watched:
                    self.seen.inline.append((self.page, f"{blocked} code"))
            elif not any(request.url.startswith(blocked) for request in self.seen.requests if request.failure):
                self.seen.requests.append(
                    SeenRequest(
                        url=blocked,
                        page=self.page,
                        kind=directive.removesuffix("-elem").removesuffix("-src"),
                        initiator=told["by"],
                        watched=self.watched,
                        started_at=datetime.now(UTC),
                        failure="csp",
                    )
                )

    def cookie_asked(self, line: str, *, by: str, at: str, http: bool) -> None:
        """Write down that a header or script asked for a cookie, whether or not the browser keeps it."""
        asked = parse_set_cookie(line, host=urlsplit(at).hostname or "", at=datetime.now(UTC))
        if asked.is_removal:
            return
        self.set_by[asked.name, asked.domain] = by, asked.seconds
        if self.watched:
            self.seen.cookies.append(
                SeenCookie(
                    asked.name,
                    asked.domain,
                    self.page,
                    asked.seconds,
                    by,
                    http_only=http and "httponly" in line.lower().replace(" ", ""),
                )
            )


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

    A page is left once nothing was asked for during ``quiet_seconds``. ``has_banner`` is whether the notice asks about
    anything, so that there are buttons to compare. ``say`` is told what is being done. Raises
    :class:`CouldNotAudit` when the browser can't be started or the site doesn't answer, :class:`Interrupted` when
    somebody stops it; the browser is gone in every case.
    """
    seen = SiteSeen(pages)
    with _interruptible() as check, _playwright() as playwright:
        browser = _launch(playwright, chromium)
        try:
            seen.browser = f"Chromium {browser.version}"
            for state in states:
                say(f"{state.title} …")
                seen.states.append(_in_state(browser, site, state, pages, quiet_seconds, check))
                if state.name == "untouched" and has_banner:
                    say("Comparing the buttons …")
                    seen.buttons = _buttons(browser, site, pages[0], check)
        except PlaywrightError as error:
            check()
            raise CouldNotAudit(f"The browser stopped working: {error.message.splitlines()[0]}") from error
        finally:
            _close(browser)
    return seen


@contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Give a function that raises :class:`Interrupted` once the process was asked to stop.

    The request is noted and obeyed between two pages: an exception in the middle of a call to the browser would leave
    it running.
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
    """Start Playwright's driver so that Ctrl-C, which a terminal sends to all, leaves it to us to stop it."""
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
    """Return what Chromium died of, out of the log that Playwright tells: first the whole command, then much else."""
    lines = [line.strip(" -") for line in problem.splitlines()]
    fatal = [line for line in lines if ":FATAL:" in line]
    return "\n".join(fatal or [lines[0], *(line for line in lines if "[err]" in line)])[:2_000]


def _close(browser: Browser) -> None:
    try:
        browser.close()
    except PlaywrightError:
        return  # it is gone already


def _in_state(
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
            context.expose_binding("auditSaw", recorder.tell)
            context.add_init_script(SPY)
        if state.gpc:
            context.add_init_script(GPC)
        page = context.new_page()
        recorder.attach(context, page)
        visitor = _Visitor(page, site, recorder, quiet_seconds)
        # A page about something, so that what services plant under acceptance is there to be withdrawn.
        start = next((sampled for sampled in pages if sampled.kind == "glossary:term"), pages[0])
        for step in state.steps:
            check()
            visitor.take(step, start.path, state)
        kept = _cookies(context), _keys(page)
        recorder.watched = True
        for sampled in pages:
            check()
            visitor.open(sampled.path)
            _write_down(seen, recorder, sampled, _cookies(context), _keys(page), kept)
        recorder.complete()
    finally:
        context.close()
    return seen


@dataclass
class _Visitor:
    """A visitor at the browser. Counts how often they have to press."""

    page: Page
    site: str
    recorder: Recorder
    quiet_seconds: float

    def open(self, path: str) -> None:
        self.recorder.turn_to(path)
        self.page.goto(self.site + path, wait_until="load")
        # What a page loads only when it is looked at.
        self.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        self.wait()

    def wait(self) -> None:
        """Wait until the page has asked for nothing for a while."""
        began = self.recorder.last_activity = time.monotonic()
        while self.recorder.is_busy(self.quiet_seconds):
            if time.monotonic() - began > MOST_SECONDS:
                return
            self.page.wait_for_timeout(50)

    def take(self, step: str, path: str, state: State) -> None:
        if step == "use":
            self.open("/")
            self.open(path)
        elif step == "expire":
            self._expire()
        elif step == "open":
            self.open(PREFERENCES)
            self._choose_alone(state.service)
        else:
            self.open(path)
            self._choose(step, state)

    def _choose(self, step: str, state: State) -> None:
        presses = 0
        if step == "withdraw":
            control = self.page.locator(WITHDRAWAL).first
            if not (control.count() and control.is_visible()):
                self._to_preferences()
                presses = 1
                control = self.page.locator("[data-consent-withdraw], main [data-consent-reject]").first
        else:
            banner = self.page.locator(BANNER)
            if not (banner.count() and banner.is_visible()):
                raise CouldNotAudit(
                    f"The banner did not appear on {self.recorder.page}, so the audit could not make a choice."
                )
            control = banner.locator(f"[data-consent-{step}]")
            if not (control.count() and control.is_visible()):
                presses = self._look_for(step)
                control = self.page.locator(f"{BANNER} [data-consent-{step}]:visible, main [data-consent-{step}]").first
            if step == "save":
                for box in self.page.locator("[data-consent-category] input:not(:disabled):visible").all():
                    box.set_checked((box.get_attribute("value") or "") in state.accepts)
        self._press(control, step)
        self.recorder.seen.clicks[step] = presses + 1

    def _choose_alone(self, service: str) -> None:
        """Open one service, ``category.slug``, and leave its category closed. See Note [A service alone]."""
        control = self.page.locator(f'main [data-consent-choice="{service}"]')
        if not control.count():
            raise CouldNotAudit(f"{PREFERENCES} has no control for the service {service}, which the notice names.")
        control.select_option(f"{service}=yes")
        self._press(self.page.locator("main [data-consent-save]"), "open")

    def _press(self, control: Locator, step: str) -> None:
        """Press what sends a choice, and wait until the site has answered it."""
        sent = len(self.recorder.choices())
        control.click()
        deadline = time.monotonic() + TIMEOUT_MS / 1000
        while not (choices := self.recorder.choices()[sent:]) or not (choices[0].status or choices[0].failure):
            if time.monotonic() > deadline:
                raise CouldNotAudit(
                    f"The site did not answer the choice “{step}” within {TIMEOUT_MS / 1000:.0f} seconds."
                )
            self.page.wait_for_timeout(20)
        if not 200 <= choices[0].status < 400:
            raise CouldNotAudit(
                f"The site did not save the choice “{step}”: it answered {choices[0].status or choices[0].failure}. "
                "Many audits within an hour reach the limit of records for one network. Wait an hour, or raise "
                "CONSENT_CHOICES_PER_HOUR."
            )
        self.recorder.through_with(choices[0])
        self.wait()  # a reload, where a service is concerned

    def _look_for(self, step: str) -> int:
        """Open what hides a control of the banner, or else the page of preferences; return how many presses it took."""
        details = self.page.locator(f"{BANNER} details:not([open]):has([data-consent-{step}]) > summary")
        if details.count() and details.first.is_visible():
            details.first.click()
            return 1
        self._to_preferences()
        return 1

    def _to_preferences(self) -> None:
        self.page.locator(f"a[href$='{PREFERENCES}']:visible").first.click()
        self.page.wait_for_load_state("load")
        self.wait()

    def _expire(self) -> None:
        """Let the browser itself forget the choice, as it does when its time is over."""
        context = self.page.context
        soon = time.time() + 1.5
        name = self.page.locator("[data-consent-cookie]").get_attribute("data-consent-cookie")
        choice = [cookie for cookie in context.cookies() if cookie["name"] in (name, "consent_receipt")]
        context.add_cookies(
            [
                {
                    "name": cookie["name"],
                    "value": cookie["value"],
                    "domain": cookie["domain"],
                    "path": cookie["path"],
                    "expires": soon,
                    "httpOnly": cookie["httpOnly"],
                    "secure": cookie["secure"],
                    "sameSite": cookie["sameSite"],
                }
                for cookie in choice
            ]
        )
        self.page.goto("about:blank")
        while {cookie["name"] for cookie in context.cookies()} & {cookie["name"] for cookie in choice}:
            if time.time() > soon + MOST_SECONDS:
                raise CouldNotAudit("The browser did not delete the expired choice.")
            self.page.wait_for_timeout(100)


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
    """Return (store, key, origin) of whatever the page and its frames keep in the browser."""
    found = set()
    for frame in page.frames:
        if not (origin := origin_of(frame.url)):
            continue
        try:
            found |= {(store, str(key), origin) for store, key in frame.evaluate(STORES)}
        except PlaywrightError:
            continue  # a frame that went away meanwhile, or one without an origin, which keeps nothing
    return found


def _write_down(
    seen: StateSeen,
    recorder: Recorder,
    sampled: SampledPage,
    cookies: dict[tuple[str, str, str], tuple[float, bool, str]],
    keys: set[tuple[str, str, str]],
    kept: tuple[dict[tuple[str, str, str], tuple[float, bool, str]], set[tuple[str, str, str]]],
) -> None:
    now = time.time()
    known = {(cookie.name, cookie.domain) for cookie in seen.cookies if not cookie.kept}
    for (name, domain, path), content in cookies.items():
        is_kept = kept[0].get((name, domain, path)) == content
        if (name, domain) in known and not is_kept:
            continue
        expires, http_only, _ = content
        by, wanted = recorder.set_by.get((name, domain), ("", None))
        # The longer of what was asked for and what the browser granted.
        seconds = None if expires < 0 else max(expires - now, wanted or 0)
        cookie = SeenCookie(name, domain, sampled.path, seconds, by, http_only, is_kept)
        if not any((other.name, other.domain, other.kept) == (name, domain, is_kept) for other in seen.cookies):
            seen.cookies.append(cookie)
    noted = {(key.store, key.key, key.origin) for key in seen.keys}
    seen.keys += [
        SeenKey(store, key, origin, sampled.path, recorder.keys_by.get(key, ""), (store, key, origin) in kept[1])
        for store, key, origin in sorted(keys - noted)
    ]


def _buttons(browser: Browser, site: str, start: SampledPage, check: Callable[[], None]) -> list[ButtonPair]:
    pairs = []
    for width in WIDTHS:
        check()
        context = browser.new_context(viewport={"width": width, "height": 844}, locale="en-GB")
        context.set_default_timeout(TIMEOUT_MS)
        try:
            page = context.new_page()
            for where, path, scope in (("banner", start.path, BANNER), ("preferences", PREFERENCES, "main")):
                page.goto(site + path, wait_until="load")
                for scheme in SCHEMES:
                    page.emulate_media(color_scheme=scheme)
                    page.evaluate(SETTLE)
                    reject, accept = (_button(page, f"{scope} [data-consent-{name}]") for name in ("reject", "accept"))
                    pairs.append(ButtonPair(where, path, width, scheme, reject, accept))
        finally:
            context.close()
    return pairs


def _button(page: Page, selector: str) -> Button | None:
    found = page.locator(selector)
    if not found.count():
        return None
    measured: dict[str, Any] = found.first.evaluate(MEASURE)
    measured["colour"], measured["background"] = tuple(measured["colour"]), tuple(measured["background"])
    return Button(**measured)


def _initiator(initiator: dict[str, Any]) -> str:
    """Return the address of the script or document that started a request, from the protocol's account of it."""
    stack = initiator.get("stack")
    while stack:
        for frame in stack.get("callFrames", []):
            if frame.get("url"):
                return str(frame["url"])
        stack = stack.get("parent")
    return str(initiator.get("url", ""))
