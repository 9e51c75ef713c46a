"""What scripts that were let in can still do once consent is withdrawn: nothing, in any tab."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.banner import STORED, choose_on_banner, publish_services, withdraw
from tests.browser.third_parties import remembering, serve
from tests.browser.visiting import until
from tests.sites import Site

# Reports home when the page is left, when it comes back from the cache, and each time that it is asked to.
SCRIPT = """
const home = new URL("/beacon/", document.currentScript.src);
const report = (what) => {
    navigator.sendBeacon(home + what);
    new Image().src = home + what;
    fetch(home + what, { keepalive: true, mode: "no-cors" }).catch(() => {});
};
addEventListener("pagehide", () => report("pagehide"));
addEventListener("pageshow", (event) => event.persisted && report("pageshow"));
addEventListener("poke", () => report("poke"));
document.documentElement.dataset.beacon = "ran";
"""
# As when a page comes back from the back/forward cache, which Playwright switches off.
COME_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def beaconed(new_site: Callable[..., Site], asked: list[str]) -> Iterator[Site]:
    with serve(remembering(asked, lambda path: ("text/javascript", SCRIPT if path.endswith(".js") else ""))) as port:
        site = new_site()
        publish_services(site, {"name": "Counter", "url": f"http://localhost:{port}/count.js"})
        yield site


@pytest.fixture
def tabs(beaconed: Site, context: BrowserContext, asked: list[str]) -> tuple[Page, Page]:
    """Two tabs of a visitor who accepted, in both of which the service runs and can report."""
    first, second = context.new_page(), context.new_page()
    first.goto(beaconed.url + STORED)
    choose_on_banner(first, "accept")
    second.goto(beaconed.url + STORED)
    for tab in (first, second):
        expect(tab.locator("html")).to_have_attribute("data-beacon", "ran")
        asked.clear()
        tab.evaluate("dispatchEvent(new Event('poke'))")
        until(tab, lambda: len(asked) == 3, "all three ways to report work")
    asked.clear()
    return first, second


@pytest.fixture
def without_cookie_store(context: BrowserContext) -> None:
    context.add_init_script("delete window.cookieStore;")


def ends(tab: Page) -> None:
    """See that the service has come to an end in this tab."""
    expect(tab.locator("html")).to_have_attribute("data-consent", re.compile(r"^((?!analytics).)*$"))
    expect(tab.locator("html")).not_to_have_attribute("data-beacon", "ran")


def test_withdrawing_ends_all_reports_in_this_tab_and_in_others(tabs: tuple[Page, Page], asked: list[str]) -> None:
    first, second = tabs
    withdraw(first)
    ends(first)
    ends(second)
    assert asked == []


@pytest.mark.usefixtures("without_cookie_store")
def test_other_tabs_and_a_page_that_comes_back_follow_where_the_browser_does_not_tell_of_cookies(
    tabs: tuple[Page, Page], asked: list[str]
) -> None:
    first, second = tabs
    withdraw(first)
    ends(second)
    assert asked == []
    # And the other way round.
    second.get_by_role("link", name="Cookie preferences").first.click()
    second.locator("main [data-consent-accept]").click()
    second.wait_for_url("**/cookies/?saved")
    expect(first.locator("html")).to_have_attribute("data-consent", re.compile("analytics"))
    # A page that comes back from the cache goes by the answer of now.
    expect(first.locator("html")).to_have_attribute("data-beacon", "ran")
    asked.clear()
    first.context.clear_cookies(name="consent_choice")
    first.evaluate(COME_BACK)
    ends(first)
    assert asked == []


def test_a_service_reports_as_its_page_is_left_until_its_category_is_taken_back(
    tabs: tuple[Page, Page], beaconed: Site, asked: list[str]
) -> None:
    first, second = tabs
    first.goto(f"{beaconed.url}/cookies/")
    until(first, lambda: "/beacon/pagehide" in asked, "the page that was left has reported")
    expect(first.locator("html")).to_have_attribute("data-beacon", "ran")
    asked.clear()
    first.locator("main [data-consent-category=analytics] input").uncheck()
    first.locator("main [data-consent-save]").click()
    first.wait_for_url("**/cookies/?saved")
    ends(first)
    ends(second)
    assert asked == []
