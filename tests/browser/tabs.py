"""One tab for all tests of a module that is marked ``one_tab``, in which each begins as a visitor who was never here.

A profile of its own costs a test more than the page that it opens there: a process, and every file of the site anew.
Here the site's files stay cached. A test that changes the browser for good (a script before every page, another clock),
or that is about when a file comes, takes a profile of its own from ``context``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page

from tests.browser.visiting import TIMEOUT

WIDTH, HEIGHT = 1280, 900
# What scripts can store, but for a tab's session storage, which only a page can clear.
STORED = "cookies,local_storage,indexeddb,cache_storage"


def one_tab(browser: Browser) -> Iterator[Page]:
    """Give the tab of a profile, which is closed at the end."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
    context.set_default_timeout(TIMEOUT)
    yield context.new_page()
    context.close()


def as_on_a_first_visit(tab: Page) -> Iterator[Page]:
    """Give the tab, and clear what the test leaves in the browser."""
    try:
        with no_errors(tab):
            yield tab
    finally:
        _clear(tab)


@contextmanager
def no_errors(page: Page) -> Iterator[None]:
    """Fail at the end if a script of the page threw an error."""
    errors: list[str] = []

    def note(error: object) -> None:
        errors.append(str(error))

    page.on("pageerror", note)
    yield
    page.remove_listener("pageerror", note)
    assert errors == []


def _clear(tab: Page) -> None:
    context = tab.context
    for other in context.pages:
        if other is not tab:
            other.close()
    tab.unroute_all()
    tab.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    tab.emulate_media(media="null", color_scheme="null", forced_colors="null", reduced_motion="null")
    where = urlsplit(tab.url)
    if where.scheme == "http":
        origin = f"{where.scheme}://{where.netloc}"
        try:
            tab.goto(f"{origin}/robots.txt")  # nothing there follows a cookie, or writes one
            tab.evaluate("sessionStorage.clear()")
        except Error:  # a proxy of the test that is gone
            tab.goto("about:blank")
        session = context.new_cdp_session(tab)
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORED})
        session.detach()
    context.clear_cookies()
