"""What browser tests do with a page: sign in, wait, and let it be judged."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Error, Page

from tests.sites import PASSWORD, Site
from tests.waiting import PATIENCE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# The same engine without a user interface: a profile and a page take a third of the time. Tests of what the interface
# does (pages kept for the way back, tabs, prerendering) start the whole browser themselves.
HEADLESS = shutil.which("chromium-headless-shell") or CHROMIUM
# Pages scroll at once: drawing each step on the way costs as much as the rest of a visit.
AT_ONCE = "--disable-smooth-scrolling"
# Without a network of its own: nothing of the browser's maker is asked for.
CHROMIUM_OPTIONS = [
    *("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", AT_ONCE),
]
# WCAG 2.2 AA and everything below it, plus axe's best practices.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What a dark page differs in from a light one, which is looked at for everything.
COLOUR_RULES = ["color-contrast-enhanced", "color-contrast", "link-in-text-block"]
# What another width differs in: everything but colours, over which axe spends half of its time.
SHAPES = {
    "runOnly": {"type": "tag", "values": AXE_TAGS},
    "rules": {rule: {"enabled": False} for rule in COLOUR_RULES},
}
VIOLATIONS = """async ([part, options]) =>
    (await axe.run(part || document, options)).violations.flatMap(({id, help, nodes}) =>
        nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)}`))"""
# To be run before a page: `moved` has each shift of its layout, how far it went, and the HTML of what moved.
MOVED = """window.moved = [];
const note = (entry) => moved.push([entry.value, ...entry.sources.map((source) => source.node?.outerHTML)]);
new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({type: "layout-shift", buffered: true});"""
# Two frames later, the page has been laid out and painted with what came before.
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
TIMEOUT = PATIENCE * 1_000


def chromium_in(folder: Path) -> Path:
    """Put a program ``chromium`` into the folder, and return it: the browser of these tests, for commands that start
    one themselves.
    """
    program = folder / "chromium"
    program.write_text(f'#!/bin/sh\nexec "{HEADLESS}" {AT_ONCE} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def sign_in(page: Page, site: Site, username: str) -> None:
    """Sign the page's profile in to the admin, as somebody made by :meth:`Site.add_person`. The page stays where it is.

    The form is sent without being shown, which takes a tenth of the time; ``test_site.py`` shows it.
    """
    address = f"{site.url}/admin/login/"
    shown = page.request.get(address)
    token = next(cookie["value"] for cookie in page.context.cookies(site.url) if cookie["name"].endswith("csrftoken"))
    fields: dict[str, str | float | bool] = {
        "csrfmiddlewaretoken": token,
        "username": username,
        "password": PASSWORD,
        "next": "/admin/",
    }
    answer = page.request.post(address, form=fields, headers={"Referer": address}, max_redirects=0)
    assert (shown.status, answer.status) == (200, 302), answer.text()


def wait_until(page: Page, expression: str) -> None:
    """Wait until JavaScript is true in the page, also through navigations.

    Playwright's ``wait_for_function`` asks again by ``eval``, which the site's policy refuses.
    """
    script = f"""async () => {{
        const deadline = performance.now() + {TIMEOUT};
        while (!({expression}) && performance.now() < deadline) {{
            await new Promise((done) => setTimeout(done, 20));
        }}
        return Boolean({expression});
    }}"""
    while True:
        with suppress(Error):  # a page that is being left has nothing to evaluate it in
            assert page.evaluate(script), f"not true within {PATIENCE:.0f} s: {expression}"
            return


def until(page: Page, happens: Callable[[], object], otherwise: str) -> None:
    """Wait until something outside of the page has happened, while what the page tells this process is heard."""
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {otherwise}"
        page.wait_for_timeout(20)


def rest(page: Page) -> None:
    """Wait until the page is painted as it is now, and whatever moves or fades in it has arrived."""
    page.evaluate(PAINTED)
    page.evaluate("() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished))")


def axe_violations(page: Page, *, options: dict[str, Any] | None = None, part: str = "") -> list[str]:
    """Return what axe-core finds on the page as it stands, a line per violation and element. By default it looks for
    everything of :data:`AXE_TAGS`; with the selector of a ``part``, at nothing else.
    """
    assert not part or page.locator(part).count(), f"there is no {part} to look at"
    if not page.evaluate("'axe' in window"):  # 550 KB that a page needs once
        page.evaluate(AXE_SCRIPT)
    options = options or {"runOnly": {"type": "tag", "values": AXE_TAGS}}
    options = {**options, "resultTypes": ["violations"], "selectors": False}
    lines: list[str] = page.evaluate(VIOLATIONS, [part, options])
    return lines


def faults_of_any_look(
    page: Page, *, widths: Sequence[int] = (1280, 320), dark: bool = True, strict: bool = False, part: str = ""
) -> list[str]:
    """Return what is wrong with the page as it stands, in every look that it has for people.

    Axe looks at everything at the first width, at everything but colours at the others, and at the colours in the dark,
    since a dark page differs in nothing else. What doesn't fit the width is a fault too. The page is left at its last
    width, in light colours. ``strict`` asks for WCAG's AAA contrast, 7:1. With the selector of a ``part``, axe looks at
    nothing else: for what a state adds to a page that is judged as a whole elsewhere.
    """
    found = []
    enhanced = {"color-contrast-enhanced": {"enabled": strict}}
    everything = {"runOnly": {"type": "tag", "values": AXE_TAGS}, "rules": enhanced}
    for number, width in enumerate(widths):
        page.set_viewport_size({"width": width, "height": 900})
        rest(page)
        options = SHAPES if number else everything
        found += [f"{width}: {line}" for line in axe_violations(page, options=options, part=part)]
        if (needed := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{width}: needs {needed} px")
    if dark:
        page.emulate_media(color_scheme="dark")
        rest(page)  # colours may fade from one to the other
        rules = COLOUR_RULES if strict else COLOUR_RULES[1:]
        colours = {"runOnly": {"type": "rule", "values": rules}}
        found += [f"dark: {line}" for line in axe_violations(page, options=colours, part=part)]
        page.emulate_media(color_scheme="light")
        rest(page)
    return found
