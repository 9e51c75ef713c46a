"""A real Chromium, and sites for it to visit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.banner import SCRIPTS, Tracker, publish_services
from tests.browser.third_parties import remembering, serve
from tests.browser.visiting import CHROMIUM, CHROMIUM_OPTIONS, HEADLESS, TIMEOUT
from tests.sites import Site

expect.set_options(timeout=TIMEOUT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as a browser test, and leave it out, saying so, where there is no Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="needs Chromium: install the package chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests. Each begins with profiles of its own, and those are closed behind it."""
    with sync_playwright() as playwright:
        # Playwright's event loop runs for as long as the browser does. Django takes it for a sign that tests without a
        # browser, which come next in the same process, were asynchronous, and would refuse them the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        visible = os.environ.get("TEST_BROWSER") == "visible"
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM if visible else HEADLESS, args=CHROMIUM_OPTIONS, headless=not visible
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _own_profiles(browser: Browser) -> Iterator[None]:
    """Close the profiles that a test has opened, also where it failed. Those of its module stay."""
    before = browser.contexts
    yield
    for context in browser.contexts:
        if context not in before:
            context.close()


@pytest.fixture
def context(browser: Browser) -> BrowserContext:
    """A visitor's fresh browser profile, desktop size."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(TIMEOUT)
    return context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails the test when a script of ours throws or the browser refuses something of ours."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert not errors, errors


@pytest.fixture(scope="module")
def tracker() -> Iterator[Tracker]:
    asked: list[str] = []

    def script(path: str) -> tuple[str, str]:
        return "text/javascript", SCRIPTS.get(path.strip("/").removesuffix(".js"), "")

    with serve(remembering(asked, script)) as port:
        yield Tracker(port, asked)


@pytest.fixture(scope="module")
def tracked(new_site: Callable[..., Site], tracker: Tracker) -> Site:
    """A site whose live notice names a service of the tracker in *analytics* and one in *marketing*."""
    site = new_site()
    publish_services(
        site,
        *(
            {
                "name": f"{name.title()} service",
                "category": name,
                "url": tracker.url(name),
                "integrity": tracker.integrity(name),
            }
            for name in SCRIPTS
        ),
    )
    return site
