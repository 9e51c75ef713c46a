"""A choice across the life of pages: other tabs, pages kept for the way back, pages fetched ahead, answers of 304."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.banner import STORED, Tracker, choose_on_banner, ran, withdraw
from tests.browser.proxy import Answered, Asked, ask_site, proxy
from tests.browser.visiting import CHROMIUM, TIMEOUT, until, wait_until
from tests.sites import Site
from tests.waiting import eventually

ELSEWHERE = "/glossary/tags/"
# What a service does that goes on: it reports every 50 ms for as long as its page lives.
BEAT = "address => void setInterval(() => fetch(address, {mode: 'no-cors'}), 50)"

# As long as ten of its reports would take.
BEATS_MISSED = "() => new Promise((done) => setTimeout(done, 500))"


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Iterator[Browser]:
    """A Chromium that keeps pages for the way back, as people's do and Playwright's doesn't."""
    chromium = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield chromium
    chromium.close()


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context()
    context.set_default_timeout(TIMEOUT)
    yield context
    context.close()


@dataclass
class Diary:
    """A Chromium that nobody steers: a script of the test, added to the client's, does, and notes what it sees.

    Under Playwright every tab is visible, and a prerendered page is given up before it has run.
    """

    site: Site
    tracker: Tracker
    script: str
    rules: bytes = b""
    notes: list[str] = field(default_factory=list)
    started: list[int] = field(default_factory=list)  # how often a service's script had been fetched, note by note

    def answer(self, asked: Asked) -> Answered:
        if asked.path == "/start":
            return self.accepted()
        if asked.path == "/rules.json":
            return Answered(200, {"content-type": "application/speculationrules+json"}, self.rules)
        if asked.path == "/notes":
            return Answered(200, {"content-type": "text/plain"}, " ".join(self.notes).encode())
        if asked.path.startswith("/note/"):
            self.notes.append(asked.path.removeprefix("/note/"))
            self.started.append(self.tracker.asked.count("/analytics.js"))
            return Answered(204, {}, b"")
        asked.headers.pop("Accept-Encoding", None)
        answered = ask_site(self.site, asked)
        if self.rules and asked.path == STORED:
            answered.headers["speculation-rules"] = '"/rules.json"'
        if re.search(r"/consent/consent[.\w]*\.js$", asked.path):
            body = answered.body + self.script.encode()
            return Answered(answered.status, answered.headers | {"content-length": str(len(body))}, body)
        return answered

    def accepted(self) -> Answered:
        """Return what a visitor is answered who accepted everything: cookies, and the way to the stored page."""
        page = ask_site(self.site, Asked("GET", STORED, {})).body.decode()
        [notice] = set(re.findall(r'name="notice" value="(\w+)"', page))
        form = f"choice=accept_all&notice={notice}&surface=banner&next={STORED}".encode()
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        return ask_site(self.site, Asked("POST", "/consent/", headers, form))

    def write(self, profile: Path, *, until: str) -> None:
        """Run until this note."""
        assert CHROMIUM
        self.tracker.forget()
        command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-popup-blocking"]
        with (
            proxy(self.answer) as url,
            subprocess.Popen(
                [*command, "--no-first-run", f"--user-data-dir={profile}", f"{url}/start"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # to end all of its processes
            ) as chromium,
        ):
            try:
                eventually(lambda: until in self.notes, lambda: f"never noted {until}: {self.notes}")
            finally:
                os.killpg(chromium.pid, signal.SIGTERM)


# `note` writes a line, and `noted` waits until a page has written one: another tab, or one that isn't seen yet.
NOTE = """
const note = (text) => fetch(`/note/${text}`, { keepalive: true });
const until = async (happens) => {
    while (!(await happens())) await new Promise((done) => setTimeout(done, 50));
};
const noted = (text) => until(async () => (await (await fetch("/notes")).text()).split(" ").includes(text));
const ran = () => until(() => document.documentElement.dataset.analytics);
"""


def test_a_prerendered_page_starts_nothing_before_it_is_opened(tracked: Site, tracker: Tracker, tmp_path: Path) -> None:
    script = (
        NOTE
        + """
    if (document.prerendering) {
        note("prerendering");
        document.addEventListener("prerenderingchange", () => note("opened").then(ran).then(() => note("ran")));
    } else if (location.pathname === "/glossary/") {
        const leave = () => location.assign("/glossary/tags/");
        ran().then(() => noted("prerendering")).then(() => note("leaving")).then(leave);
    }"""
    )
    rules = b'{"prerender": [{"source": "list", "urls": ["/glossary/tags/"], "eagerness": "immediate"}]}'
    diary = Diary(tracked, tracker, script, rules)
    diary.write(tmp_path, until="ran")
    assert diary.notes == ["prerendering", "leaving", "opened", "ran"]
    assert diary.started[diary.notes.index("leaving")] == 1
    assert tracker.asked.count("/analytics.js") == 2


def test_a_tab_out_of_sight_obeys_what_was_chosen_in_another(tracked: Site, tracker: Tracker, tmp_path: Path) -> None:
    script = (
        NOTE
        + """
    const withdrawal = document.querySelector("[data-consent-withdrawal]");
    if (location.pathname === "/glossary/") {
        note(withdrawal.hidden ? "refused" : "accepted");
        document.addEventListener("visibilitychange", () => note(document.visibilityState));
        if (!withdrawal.hidden) ran().then(() => open("/glossary/tags/", "_blank", "noopener"));
    } else if (withdrawal) {
        ran().then(() => noted("hidden")).then(() => withdrawal.querySelector("button").click());
    } else {
        note("withdrawn").then(close);
    }"""
    )
    diary = Diary(tracked, tracker, script)
    diary.write(tmp_path, until="refused")
    # Hidden by the other tab, and loaded anew as that withdraws. Where the other one is by then differs.
    assert diary.notes[:2] == ["accepted", "hidden"]
    assert diary.notes[-1] == "refused"
    assert tracker.asked.count("/analytics.js") == 2  # once in either tab


def test_a_page_kept_for_the_way_back_stops_what_was_withdrawn_meanwhile(
    tracked: Site, tracker: Tracker, visitor: BrowserContext
) -> None:
    page = visitor.new_page()
    page.add_init_script(
        "addEventListener('pageshow', (event) => event.persisted && sessionStorage.setItem('kept', location.pathname))"
    )
    page.goto(f"{tracked.url}{STORED}")
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    page.evaluate("window.isOld = true")
    page.evaluate(BEAT, tracker.url("analytics").replace("analytics.js", "beat"))
    until(page, lambda: "/beat" in tracker.asked, "the service reports")
    page.goto(f"{tracked.url}{ELSEWHERE}")
    tracker.forget()
    page.evaluate(BEATS_MISSED)
    assert "/beat" not in tracker.asked
    withdraw(page)
    page.evaluate("history.go(-2)")
    # Kept, or this would show nothing, and loaded anew at once.
    wait_until(page, "sessionStorage.getItem('kept') === '/glossary/' && !window.isOld")
    page.wait_for_load_state()
    tracker.forget()
    page.evaluate(BEATS_MISSED)
    assert (ran(page), tracker.asked) == (set(), [])


def test_a_304_carries_the_policy_that_is_this_visitors_now(tracked: Site, tracker: Tracker, page: Page) -> None:
    answers: list[tuple[int, bool]] = []
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")

    def note(event: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        if "etag" in headers and "content-security-policy" in headers:  # static files carry no policy
            answers.append((event["statusCode"], f"localhost:{tracker.port}" in headers["content-security-policy"]))

    cdp.on("Network.responseReceivedExtraInfo", note)  # as it came over the wire, not out of the browser's cache
    page.goto(f"{tracked.url}{STORED}")
    page.goto(f"{tracked.url}{STORED}")
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    page.goto(f"{tracked.url}{STORED}")
    assert ran(page) == {"analytics", "marketing"}
    # Closed, the same from the browser's cache, anew as it is open, and that from the cache.
    assert answers == [(200, False), (304, False), (200, True), (304, True)]
    answers.clear()
    withdraw(page)
    tracker.forget()
    page.goto(f"{tracked.url}{STORED}")
    assert answers == [(200, False)]
    assert (ran(page), tracker.asked) == (set(), [])


def test_accepting_just_before_following_a_link_holds_nobody_back(tracked: Site, tracker: Tracker, page: Page) -> None:
    followed, chosen = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Answered:
        # The link is followed before the choice is answered, and that is answered before the page it leads to.
        if asked.path == ELSEWHERE:
            followed.set()
            assert chosen.wait(15)
        elif asked.method == "POST" and asked.path == "/consent/":
            assert followed.wait(15)
            answered = ask_site(tracked, asked)
            chosen.set()
            return answered
        return ask_site(tracked, asked)

    with proxy(answer) as url:
        page.goto(f"{url}{STORED}")
        with page.expect_navigation(url=f"{url}{ELSEWHERE}"):
            page.locator("[data-consent-accept]").evaluate(
                "(button, target) => { button.click(); location.assign(target); }", ELSEWHERE
            )
        # That page was asked for before the choice was answered, so its policy is of before: the next one runs both.
        assert ran(page) == set()
        page.goto(f"{url}{STORED}")
        assert ran(page) == {"analytics", "marketing"}
