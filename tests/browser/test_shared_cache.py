"""Visitors behind one shared cache: a stand-in for a CDN that obeys what the site says, and a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.banner import BANNER, STORED, Tracker, choose_on_banner, ran, withdraw
from tests.browser.proxy import Answered, Asked, ask_site, proxy
from tests.sites import Site


@pytest.fixture(scope="module")
def new_site(new_site: Callable[..., Site]) -> Callable[..., Site]:
    """Each site here allows a shared cache, from its first start."""
    return partial(new_site, CONSENT_SHARED_CACHE="60")


@dataclass
class SharedCache:
    """Keeps what ``s-maxage`` allows, by address and what ``Vary`` names, and hands it to whoever asks."""

    site: Site
    url: str = ""
    kept: dict[tuple[str, str], Answered] = field(default_factory=dict)
    hits: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> Answered:
        key = (asked.path, asked.headers.get("Accept-Encoding", ""))
        if asked.method == "GET" and (kept := self.kept.get(key)):
            self.hits.append(asked.path)
            if asked.headers.get("If-None-Match") == kept.headers["etag"]:
                same = {name: value for name, value in kept.headers.items() if name != "content-length"}
                return Answered(304, same, b"")
            return kept
        answered = ask_site(self.site, asked)
        if asked.method == "GET" and answered.status == 200 and "s-maxage" in answered.headers.get("cache-control", ""):
            assert answered.headers["vary"] == "Accept-Encoding"
            assert "set-cookie" not in answered.headers
            self.kept[key] = answered
        return answered


@pytest.fixture(scope="module")
def cache(tracked: Site) -> Iterator[SharedCache]:
    cache = SharedCache(tracked)
    with proxy(cache.answer) as cache.url:
        yield cache


def test_one_cached_page_serves_everybody_and_each_visitors_own_choice_holds(
    cache: SharedCache, tracker: Tracker, page: Page, browser: Browser
) -> None:
    page.goto(f"{cache.url}{STORED}")
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    expect(page.locator("html")).to_have_attribute("data-analytics", "ran")
    # The next visitor gets the very bytes and headers that this one got, and nothing of her consent.
    cache.hits.clear()
    tracker.forget()
    context = browser.new_context()
    other = context.new_page()
    other.goto(f"{cache.url}{STORED}")
    assert cache.hits == [STORED]
    expect(other.locator(BANNER)).to_be_visible()
    assert (ran(other), tracker.asked, context.cookies()) == (set(), [], [])
    choose_on_banner(other, "reject")
    other.goto(f"{cache.url}{STORED}")
    assert (ran(other), tracker.asked) == (set(), [])
    context.close()
    # And the first one takes hers back, under a policy that goes on allowing it.
    withdraw(page)
    tracker.forget()
    page.goto(f"{cache.url}{STORED}")
    assert STORED in cache.hits
    assert (ran(page), tracker.asked) == (set(), [])


def test_an_undeclared_tracker_is_refused_all_the_same(cache: SharedCache, tracker: Tracker, page: Page) -> None:
    page.goto(f"{cache.url}{STORED}")
    refused = page.evaluate(
        """(address) => new Promise((resolve) => {
            document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
            const pixel = new Image();
            pixel.addEventListener("error", () => resolve("asked"));
            pixel.src = address;
        })""",
        f"http://127.0.0.1:{tracker.port + 1}/undeclared.gif",
    )
    assert refused == "img-src"
